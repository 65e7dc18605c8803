package cloudsim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func TestTheTagsOfAnInstanceDecideWhoStopsIt(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	owner := n.client(account, "any")
	start := func(team string) string {
		out, err := owner.RunInstances(t.Context(), &ec2sdk.RunInstancesInput{
			ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			TagSpecifications: []ec2types.TagSpecification{
				{ResourceType: ec2types.ResourceTypeInstance, Tags: []ec2types.Tag{{Key: aws.String("Team"), Value: &team}}},
			},
		})
		check(t, err)
		return *out.Instances[0].InstanceId
	}
	ours, theirs := start("us"), start("them")
	worker := n.as(t, permit("StopInstances", "instance/*", `"StringEquals":{"aws:ResourceTag/Team":"us"}`))
	_, err := worker.StopInstances(t.Context(), &ec2sdk.StopInstancesInput{InstanceIds: []string{ours}})
	check(t, err)
	_, err = worker.StopInstances(t.Context(), &ec2sdk.StopInstancesInput{InstanceIds: []string{ours, theirs}})
	if status(err) != 403 {
		t.Errorf("stopping another team's instance: %v", err)
	}
	_, err = worker.StartInstances(t.Context(), &ec2sdk.StartInstancesInput{InstanceIds: []string{ours}})
	if status(err) != 403 {
		t.Errorf("starting without a permission: %v", err)
	}
}

func TestTheNameOfAKeyPairDecidesWhoMakesIt(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	const ours = ec2Here + "key-pair/us-*"
	worker := n.as(t, `{"Effect":"Allow","Action":["ec2:CreateKeyPair","ec2:DeleteKeyPair"],"Resource":"`+ours+`"}`)
	made, err := worker.CreateKeyPair(t.Context(), &ec2sdk.CreateKeyPairInput{
		KeyName: aws.String("us-1"), KeyType: "ed25519",
	})
	check(t, err)
	other, err := n.client(account, "any").CreateKeyPair(t.Context(), &ec2sdk.CreateKeyPairInput{
		KeyName: aws.String("them-1"), KeyType: "ed25519",
	})
	check(t, err)
	_, err = worker.CreateKeyPair(t.Context(), &ec2sdk.CreateKeyPairInput{KeyName: aws.String("them-2")})
	if status(err) != 403 {
		t.Errorf("creating a key pair of another team: %v", err)
	}
	_, err = worker.DeleteKeyPair(t.Context(), &ec2sdk.DeleteKeyPairInput{KeyPairId: other.KeyPairId})
	if status(err) != 403 {
		t.Errorf("deleting a key pair of another team: %v", err)
	}
	_, err = worker.DeleteKeyPair(t.Context(), &ec2sdk.DeleteKeyPairInput{KeyPairId: made.KeyPairId})
	check(t, err)
}

package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html and
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func TestAClientTokenMakesARepetitionHarmless(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c, other := in(t, s, marketing, virginia), in(t, s, marketing, ireland)
	subnet := c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/24")
	start := func(c client, subnet, token, size string) (string, error) {
		out, err := c.RunInstances(t.Context(), &ec2.RunInstancesInput{
			ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: &subnet,
			ClientToken: &token, InstanceType: types.InstanceType("t3." + size),
		})
		if err != nil {
			return "", err
		}
		return *out.Instances[0].InstanceId, nil
	}
	first := must[string](t)(start(c, subnet, "one", "micro"))
	if again := must[string](t)(start(c, subnet, "one", "micro")); again != first {
		t.Errorf("the same token starts %s and %s", first, again)
	}
	_, err := start(c, subnet, "one", "small")
	refused(t, err, "IdempotentParameterMismatch")
	if second := must[string](t)(start(c, subnet, "two", "micro")); second == first {
		t.Error("another token starts nothing")
	}
	there := other.subnet(other.vpc("10.0.0.0/16"), "10.0.1.0/24")
	must[string](t)(start(other, there, "one", "micro"))
	if n := len(c.instancesBy(filter("instance-state-name", "running"))); n != 2 {
		t.Errorf("%d instances run, want 2", n)
	}
	_, err = start(c, "subnet-0123456789abcdef0", "three", "micro")
	refused(t, err, "InvalidSubnetID.NotFound")
	must[string](t)(start(c, subnet, "three", "micro")) // a failure keeps no token
}

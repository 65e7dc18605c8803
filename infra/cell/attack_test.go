package cell_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/infra/lab"
	"github.com/autopeer/autopeer/infra/local"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/api"
	simec2 "github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/peering"
)

// target is what an attacker finds in the cloud: VPCs that the policy connects, and in the same accounts
// VPCs that it doesn't name.
type target struct {
	cloud                  *cloudsim.Cloud
	listed, unlisted       peering.ConnectionID // asked for by marketing's VPC, and by another of its account
	manual                 peering.ConnectionID // that somebody has to approve
	own, foreign           lab.VPC              // of finance's account
	ownGroup, foreignGroup peering.SecurityGroupID
}

func newTarget(t *testing.T) *target {
	t.Helper()
	ids := &local.IDs{}
	x := &target{}
	x.cloud = cloudsim.New(cloudsim.Options{EC2: func(trail api.Trail) http.Handler {
		return simec2.New(simec2.Options{Trail: trail, NewID: ids.New})
	}})
	t.Cleanup(x.cloud.Close)
	asker, owner := lab.NewPerson(t.Context(), marketing, local.EC2(x.cloud, marketing)), lab.NewPerson(t.Context(), finance, local.EC2(x.cloud, finance))
	ids.Want("vpc-00000000000000001", "vpc-0000000000000000f", "vpc-00000000000000003", "vpc-00000000000000004", "vpc-0000000000000000e")
	m, other := asker.VPC("marketing", "10.1.0.0/16"), asker.VPC("other", "10.2.0.0/16")
	x.own = owner.VPC("finance", "10.3.0.0/16")
	legal := owner.VPC("legal", "10.4.0.0/16")
	x.foreign = owner.VPC("foreign", "10.5.0.0/16")
	x.ownGroup, x.foreignGroup = owner.Group(x.own, "ledger", nil), owner.Group(x.foreign, "ledger", nil)
	x.listed, x.unlisted = asker.Request(m, finance, x.own, "listed"), asker.Request(other, finance, x.own, "unlisted")
	x.manual = asker.Request(m, finance, legal, "manual")
	for _, p := range []*lab.Person{asker, owner} {
		if p.Err() != nil {
			t.Fatal(p.Err())
		}
	}
	return x
}

// as returns EC2 with the credentials of a function's role in finance's cell, as it is synthesized.
func (x *target) as(t *testing.T, function string) *ec2.Client {
	t.Helper()
	const account = "222222222222"
	name := "autopeer-" + function + "-eu-west-1"
	found := false
	for _, r := range resources(t, stack(t, company, finance, nil), "AWS::IAM::Role") {
		if r.Properties["RoleName"] != name {
			continue
		}
		found = true
		var policies []string
		for _, p := range r.Properties["Policies"].([]any) {
			policies = append(policies, text(t, p.(map[string]any)["PolicyDocument"]))
		}
		if err := x.cloud.IAM.PutRole(account, name, text(t, r.Properties["AssumeRolePolicyDocument"]), policies...); err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatalf("no role %s", name)
	}
	key, _, err := x.cloud.Assume("lambda.amazonaws.com", "arn:aws:iam::"+account+":role/"+name, function)
	if err != nil {
		t.Fatal(err)
	}
	return ec2.NewFromConfig(local.Config(x.cloud, finance, key))
}

func text(t *testing.T, document any) string {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type attack func(ctx context.Context, c *ec2.Client) error

func acceptance(id peering.ConnectionID) attack {
	return func(ctx context.Context, c *ec2.Client) error {
		_, err := c.AcceptVpcPeeringConnection(ctx, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
		return err
	}
}

func routeIn(v lab.VPC, via peering.ConnectionID) attack {
	return func(ctx context.Context, c *ec2.Client) error {
		_, err := c.CreateRoute(ctx, &ec2.CreateRouteInput{
			RouteTableId: aws.String(string(v.Main)), DestinationCidrBlock: aws.String("10.1.0.0/16"), VpcPeeringConnectionId: aws.String(string(via)),
		})
		return err
	}
}

func ruleIn(group peering.SecurityGroupID) attack {
	return func(ctx context.Context, c *ec2.Client) error {
		_, err := c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(string(group)), IpPermissions: []types.IpPermission{
			{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}},
		}})
		return err
	}
}

// TestAStolenRole does with a role's own credentials what the function never would. Beside each attack is what
// the role is for, so that a refusal isn't one for another reason.
func TestAStolenRole(t *testing.T) {
	tests := []struct {
		name     string
		function string
		attack   func(*target) attack
		refused  bool
	}{
		{"accept accepts a pair that the policy lists", "accept", func(x *target) attack { return acceptance(x.listed) }, false},
		{"accept can't accept a pair that the policy doesn't list", "accept", func(x *target) attack { return acceptance(x.unlisted) }, true},
		{"accept can't accept what somebody has to approve", "accept", func(x *target) attack { return acceptance(x.manual) }, true},
		{"accept can't route", "accept", func(x *target) attack { return routeIn(x.own, x.listed) }, true},
		{"accept can't admit", "accept", func(x *target) attack { return ruleIn(x.ownGroup) }, true},
		{"connect routes in a VPC that a peering names", "connect", func(x *target) attack { return routeIn(x.own, x.listed) }, false},
		{"connect can't route in a VPC that none names", "connect", func(x *target) attack { return routeIn(x.foreign, x.listed) }, true},
		{"connect admits to a group of such a VPC", "connect", func(x *target) attack { return ruleIn(x.ownGroup) }, false},
		{"connect can't admit to a group of another VPC", "connect", func(x *target) attack { return ruleIn(x.foreignGroup) }, true},
		{"connect can't accept", "connect", func(x *target) attack { return acceptance(x.listed) }, true},
		{"disconnect can't route", "disconnect", func(x *target) attack { return routeIn(x.own, x.listed) }, true},
		{"disconnect can't admit", "disconnect", func(x *target) attack { return ruleIn(x.ownGroup) }, true},
		{"disconnect can't accept", "disconnect", func(x *target) attack { return acceptance(x.listed) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTarget(t)
			err := tt.attack(x)(t.Context(), x.as(t, tt.function))
			if got := code(err) == "UnauthorizedOperation"; got != tt.refused || !tt.refused && err != nil {
				t.Errorf("got %v, want a refusal by IAM: %v", err, tt.refused)
			}
		})
	}
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

package cell_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	simec2 "github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// target is the cloud that an attacker finds: VPCs that the policy connects, and VPCs in the same accounts that
// it doesn't name.
type target struct {
	cloud                  *cloudsim.Cloud
	listed, unlisted       peering.ConnectionID // asked for by marketing's VPC, and by another of its account
	manual                 peering.ConnectionID // that needs an approval
	own, foreign           lab.VPC              // of finance's account
	ownGroup, foreignGroup peering.SecurityGroupID
}

func newTarget(t *testing.T) *target {
	t.Helper()
	ids := &local.IDs{}
	x := &target{}
	x.cloud = cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
		return simec2.New(simec2.Options{Trail: trail, NewID: ids.New})
	}})
	t.Cleanup(x.cloud.Close)
	asker, owner := lab.NewPerson(t.Context(), marketing, local.EC2(x.cloud, marketing)),
		lab.NewPerson(t.Context(), finance, local.EC2(x.cloud, finance))
	ids.Want("vpc-00000000000000001", "vpc-0000000000000000f", "vpc-00000000000000003",
		"vpc-00000000000000004", "vpc-0000000000000000e")
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
		x.addQueues(t, p.Cell)
	}
	return x
}

// addQueues makes the cell's queues and bus, the receivers of messages and announcements.
func (x *target) addQueues(t *testing.T, c peering.Cell) {
	t.Helper()
	admin := local.Config(x.cloud, c, string(c.Account))
	if _, err := sqs.NewFromConfig(admin).CreateQueue(t.Context(),
		&sqs.CreateQueueInput{QueueName: aws.String("autopeer-accept")}); err != nil {
		t.Fatal(err)
	}
	if _, err := eventbridge.NewFromConfig(admin).CreateEventBus(t.Context(),
		&eventbridge.CreateEventBusInput{Name: aws.String("autopeer")}); err != nil {
		t.Fatal(err)
	}
}

// approve tags the request that needs an approval, by hand in that cell.
func (x *target) approve(t *testing.T, in peering.Cell) {
	t.Helper()
	p := lab.NewPerson(t.Context(), in, local.EC2(x.cloud, in))
	p.Tag(string(x.manual), map[string]string{peering.TagApproved: "true"})
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
}

// as returns the credentials of a function's role in finance's cell, as it is synthesized.
func (x *target) as(t *testing.T, function string) aws.Config {
	return stolen(t, x.cloud, company, function)
}

// stolen returns the credentials of a function's role in finance's cell, as it is synthesized from the policy.
func stolen(t *testing.T, cloud *cloudsim.Cloud, policy, function string) aws.Config {
	t.Helper()
	const account = "222222222222"
	name := "autopeer-" + function + "-eu-west-1"
	found := false
	for _, r := range resources(t, stack(t, policy, finance), "AWS::IAM::Role") {
		if r.Properties["RoleName"] != name {
			continue
		}
		found = true
		var policies []string
		for _, p := range r.Properties["Policies"].([]any) {
			policies = append(policies, text(t, p.(map[string]any)["PolicyDocument"]))
		}
		if err := cloud.IAM.PutRole(account, name, text(t, r.Properties["AssumeRolePolicyDocument"]),
			policies...); err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatalf("no role %s", name)
	}
	key, _, err := cloud.Assume("lambda.amazonaws.com", "arn:aws:iam::"+account+":role/"+name, function)
	if err != nil {
		t.Fatal(err)
	}
	return local.Config(cloud, finance, key)
}

func text(t *testing.T, document any) string {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type attack func(ctx context.Context, thief aws.Config) error

// call is an attack on EC2.
func call[In, Out any](op func(*ec2.Client, context.Context, *In, ...func(*ec2.Options)) (*Out, error), in *In) attack {
	return func(ctx context.Context, thief aws.Config) error {
		_, err := op(ec2.NewFromConfig(thief), ctx, in)
		return err
	}
}

func acceptance(id peering.ConnectionID) attack {
	return call((*ec2.Client).AcceptVpcPeeringConnection,
		&ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
}

func rejection(id peering.ConnectionID) attack {
	return call((*ec2.Client).RejectVpcPeeringConnection,
		&ec2.RejectVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
}

func deletion(id peering.ConnectionID) attack {
	return call((*ec2.Client).DeleteVpcPeeringConnection,
		&ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
}

func approval(id peering.ConnectionID) attack {
	return call((*ec2.Client).CreateTags, &ec2.CreateTagsInput{
		Resources: []string{string(id)}, Tags: []types.Tag{{Key: aws.String(peering.TagApproved), Value: aws.String("true")}},
	})
}

func dnsOf(id peering.ConnectionID) attack {
	return call((*ec2.Client).ModifyVpcPeeringConnectionOptions, &ec2.ModifyVpcPeeringConnectionOptionsInput{
		VpcPeeringConnectionId: aws.String(string(id)),
		AccepterPeeringConnectionOptions: &types.PeeringConnectionOptionsRequest{
			AllowDnsResolutionFromRemoteVpc: aws.Bool(true),
		},
	})
}

func routeIn(v lab.VPC, via peering.ConnectionID) attack {
	return call((*ec2.Client).CreateRoute, &ec2.CreateRouteInput{
		RouteTableId: aws.String(string(v.Main)), DestinationCidrBlock: aws.String("10.1.0.0/16"),
		VpcPeeringConnectionId: aws.String(string(via)),
	})
}

func otherRouteIn(v lab.VPC, via peering.ConnectionID) attack {
	return call((*ec2.Client).ReplaceRoute, &ec2.ReplaceRouteInput{
		RouteTableId: aws.String(string(v.Main)), DestinationCidrBlock: aws.String("10.1.0.0/16"),
		VpcPeeringConnectionId: aws.String(string(via)),
	})
}

func noRouteIn(v lab.VPC) attack {
	return call((*ec2.Client).DeleteRoute, &ec2.DeleteRouteInput{
		RouteTableId: aws.String(string(v.Main)), DestinationCidrBlock: aws.String("10.1.0.0/16"),
	})
}

var everything = []types.IpPermission{{
	IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
}}

func ruleIn(group peering.SecurityGroupID) attack {
	return call((*ec2.Client).AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: aws.String(string(group)), IpPermissions: everything,
	})
}

func noRuleIn(group peering.SecurityGroupID) attack {
	return call((*ec2.Client).RevokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: aws.String(string(group)), IpPermissions: everything,
	})
}

// message is for accept of that cell.
func message(to peering.Cell) attack {
	return func(ctx context.Context, thief aws.Config) error {
		url := "https://sqs." + string(to.Region) + ".amazonaws.com/" + string(to.Account) + "/autopeer-accept"
		thief.Region = string(to.Region)
		_, err := sqs.NewFromConfig(thief).SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: &url, MessageBody: aws.String("{}"),
		})
		return err
	}
}

// announcement is on the bus of that cell.
func announcement(in peering.Cell) attack { return published(in, "autopeer", "Drift Found") }

// sideChecked is a message between cells on the bus of that cell.
func sideChecked(in peering.Cell) attack { return published(in, "autopeer.cells", "Side Checked") }

func published(in peering.Cell, source, detailType string) attack {
	return func(ctx context.Context, thief aws.Config) error {
		bus := "arn:aws:events:" + string(in.Region) + ":" + string(in.Account) + ":event-bus/autopeer"
		thief.Region = string(in.Region)
		_, err := eventbridge.NewFromConfig(thief).PutEvents(ctx,
			&eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
				{EventBusName: &bus, Source: &source, DetailType: &detailType, Detail: aws.String("{}")},
			}})
		return err
	}
}

// TestAStolenRole makes calls with a role's own credentials that the function never makes. Beside each attack is a
// call that the role needs, so that a refusal isn't one for another reason.
func TestAStolenRole(t *testing.T) {
	tests := []struct {
		name     string
		function string
		attack   func(*target) attack
		refused  bool
	}{
		{"accept accepts a pair that the policy lists", "accept", func(x *target) attack {
			return acceptance(x.listed)
		}, false},
		{"accept can't accept a pair that the policy doesn't list", "accept", func(x *target) attack {
			return acceptance(x.unlisted)
		}, true},
		{"accept can't route", "accept", func(x *target) attack { return routeIn(x.own, x.listed) }, true},
		{"accept can't admit", "accept", func(x *target) attack { return ruleIn(x.ownGroup) }, true},
		{"connect routes in a VPC that a peering names", "connect", func(x *target) attack {
			return routeIn(x.own, x.listed)
		}, false},
		{"connect can't route in a VPC that none names", "connect", func(x *target) attack {
			return routeIn(x.foreign, x.listed)
		}, true},
		{"connect admits to a group of such a VPC", "connect", func(x *target) attack { return ruleIn(x.ownGroup) }, false},
		{"connect can't admit to a group of another VPC", "connect", func(x *target) attack {
			return ruleIn(x.foreignGroup)
		}, true},
		{"connect can't revoke in a group of another VPC", "connect", func(x *target) attack {
			return noRuleIn(x.foreignGroup)
		}, true},
		{"connect can't accept", "connect", func(x *target) attack { return acceptance(x.listed) }, true},
		{"disconnect can't route", "disconnect", func(x *target) attack { return routeIn(x.own, x.listed) }, true},
		{"disconnect can't admit", "disconnect", func(x *target) attack { return ruleIn(x.ownGroup) }, true},
		{"disconnect can't accept", "disconnect", func(x *target) attack { return acceptance(x.listed) }, true},
		{"accept can't approve", "accept", func(x *target) attack { return approval(x.manual) }, true},
		{"connect can't approve", "connect", func(x *target) attack { return approval(x.manual) }, true},
		{"sweep can't approve", "sweep", func(x *target) attack { return approval(x.manual) }, true},
		{"sweep can't accept", "sweep", func(x *target) attack { return acceptance(x.listed) }, true},
		{"sweep can't reject", "sweep", func(x *target) attack { return rejection(x.unlisted) }, true},
		{"sweep can't delete a connection", "sweep", func(x *target) attack { return deletion(x.listed) }, true},
		{"sweep can't set an option", "sweep", func(x *target) attack { return dnsOf(x.listed) }, true},
		{"sweep can't route", "sweep", func(x *target) attack { return routeIn(x.own, x.listed) }, true},
		{"sweep can't replace a route", "sweep", func(x *target) attack { return otherRouteIn(x.own, x.listed) }, true},
		{"sweep can't delete a route", "sweep", func(x *target) attack { return noRouteIn(x.own) }, true},
		{"sweep can't admit", "sweep", func(x *target) attack { return ruleIn(x.ownGroup) }, true},
		{"sweep can't expel", "sweep", func(x *target) attack { return noRuleIn(x.ownGroup) }, true},
		{"sweep sends to accept of its cell", "sweep", func(*target) attack { return message(finance) }, false},
		{"sweep can't send to accept of another cell", "sweep", func(*target) attack { return message(marketing) }, true},
		{"accept can't send itself a message", "accept", func(*target) attack { return message(finance) }, true},
		{"sweep announces on its cell's bus", "sweep", func(*target) attack { return announcement(finance) }, false},
		{"accept sends messages to other cells on its cell's bus", "accept", func(*target) attack {
			return sideChecked(finance)
		}, false},
		{"connect does", "connect", func(*target) attack { return sideChecked(finance) }, false},
		{"disconnect can't", "disconnect", func(*target) attack { return sideChecked(finance) }, true},
		{"sweep can't", "sweep", func(*target) attack { return sideChecked(finance) }, true},
		{"accept can't send a message on another cell's bus", "accept", func(*target) attack {
			return sideChecked(marketing)
		}, true},
		{"sweep can't announce on another's", "sweep", func(*target) attack { return announcement(marketing) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTarget(t)
			check(t, tt.attack(x)(t.Context(), x.as(t, tt.function)), tt.refused)
		})
	}
}

// TestWithoutApprovalNothingIsAccepted: the tag counts where the request is accepted. Tags belong to an account and
// a region, so the requester, who may tag the connection too, approves nothing by that.
func TestWithoutApprovalNothingIsAccepted(t *testing.T) {
	tests := []struct {
		name    string
		in      []peering.Cell
		refused bool
	}{
		{"without an approval", nil, true},
		{"the accepter's account has", []peering.Cell{finance}, false},
		{"the requester's account has", []peering.Cell{marketing}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTarget(t)
			for _, c := range tt.in {
				x.approve(t, c)
			}
			check(t, acceptance(x.manual)(t.Context(), x.as(t, "accept")), tt.refused)
		})
	}
}

// check wants a refusal by IAM or no error.
func check(t *testing.T, err error, refused bool) {
	t.Helper()
	got := code(err) == "UnauthorizedOperation" || strings.HasPrefix(code(err), "AccessDenied")
	if got != refused || !refused && err != nil {
		t.Errorf("got %v, want a refusal by IAM: %v", err, refused)
	}
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

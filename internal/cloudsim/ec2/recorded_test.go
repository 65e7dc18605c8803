package ec2_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// The tests of this file compare the embedded EC2 with recorded answers of AWS and with those that issues quote. Each
// names its source.

// shown describes how much of a side a view has.
func shown(info *types.VpcPeeringConnectionVpcInfo) string {
	if aws.ToString(info.OwnerId) == "" || aws.ToString(info.Region) == "" || aws.ToString(info.VpcId) == "" {
		return "no ids"
	}
	parts := []string{"ids"}
	if info.CidrBlock != nil && len(info.CidrBlockSet) > 0 {
		parts = append(parts, "blocks")
	}
	if info.PeeringOptions != nil {
		parts = append(parts, "options")
	}
	return strings.Join(parts, ", ")
}

// view is a connection as one client sees it.
type view struct {
	requester, accepter string
	expires             bool
}

func (c client) view(id string) view {
	c.t.Helper()
	got := c.connection(id)
	return view{shown(got.RequesterVpcInfo), shown(got.AccepterVpcInfo), got.ExpirationTime != nil}
}

const (
	ids     = "ids"
	blocks  = "ids, blocks"
	options = "ids, blocks, options"
)

// TestRecordedViewsOfTwoAccounts: DescribeVpcPeeringConnections in both accounts of batfish's
// test-vpc-peering-multi-account shows nothing but ids of deleted and failed connections, and the blocks of both sides
// and the options of the account's own side of active ones.
func TestRecordedViewsOfTwoAccounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		prepare             func(t *testing.T, p pair)
		requester, accepter view
	}{
		{"pending", func(*testing.T, pair) {}, view{options, ids, true}, view{ids, ids, true}},
		{"active", func(t *testing.T, p pair) { p.accepted(t) }, view{options, blocks, false}, view{blocks, options, false}},
		{"deleted after its acceptance", func(t *testing.T, p pair) {
			refused(t, p.accepted(t).asking.remove(p.id), "no error")
		}, view{ids, ids, false}, view{ids, ids, false}},
		{"deleted before its acceptance", func(t *testing.T, p pair) {
			refused(t, p.asking.remove(p.id), "no error")
		}, view{ids, ids, true}, view{ids, ids, true}},
		{"rejected", func(t *testing.T, p pair) {
			refused(t, p.deciding.reject(p.id), "no error")
		}, view{ids, ids, true}, view{ids, ids, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, sim.Options{}, virginia)
			tt.prepare(t, p)
			if got := p.asking.view(p.id); got != tt.requester {
				t.Errorf("the requester sees %+v, want %+v", got, tt.requester)
			}
			if got := p.deciding.view(p.id); got != tt.accepter {
				t.Errorf("the accepter sees %+v, want %+v", got, tt.accepter)
			}
		})
	}
}

// TestRecordedViewOfAFailedConnection: in the same recording a failed connection has no ExpirationTime either.
func TestRecordedViewOfAFailedConnection(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c := in(t, s, marketing, virginia)
	own, overlapping := c.vpc("10.10.0.0/16"), c.vpc("10.10.0.0/16")
	failed := must[types.VpcPeeringConnection](t)(c.request(own, overlapping, marketing, virginia))
	if got, want := c.view(*failed.VpcPeeringConnectionId), (view{ids, ids, false}); got != want {
		t.Errorf("the view is %+v, want %+v", got, want)
	}
}

// TestRecordedViewOfADeletingConnection: no recording is known. The connection is treated as one that has ended.
func TestRecordedViewOfADeletingConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, sim.Options{Delays: sim.Delays{Deleting: time.Second}}, ireland).accepted(t)
		refused(t, p.asking.remove(p.id), "no error")
		if got, want := p.asking.view(p.id), (view{ids, ids, false}); got != want {
			t.Errorf("the view is %+v, want %+v", got, want)
		}
	})
}

// TestRecordedViewsAcrossRegions: DescribeVpcPeeringConnections in LocalStack's recording of
// test_vcp_peering_difference_regions, one account in two Regions. Both Regions show the requester's blocks and options
// from the beginning, and those of both sides once the connection is active.
func TestRecordedViewsAcrossRegions(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	here, there := in(t, s, marketing, virginia), in(t, s, marketing, ireland)
	c := must[types.VpcPeeringConnection](t)(here.request(here.vpc("192.168.1.0/24"),
		there.vpc("192.168.2.0/24"), marketing, ireland))
	both := func(want view) {
		t.Helper()
		for _, region := range []client{here, there} {
			if got := region.view(*c.VpcPeeringConnectionId); got != want {
				t.Errorf("%s shows %+v, want %+v", region.Options().Region, got, want)
			}
		}
	}
	both(view{options, ids, true})
	refused(t, there.accept(*c.VpcPeeringConnectionId), "no error")
	both(view{options, options, false})
}

// saying checks that the error has the code and that its message contains the words.
func refusedWith(t *testing.T, err error, code, words string) {
	t.Helper()
	refused(t, err, code)
	if api, ok := errors.AsType[smithy.APIError](err); !ok || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("the refusal is %v, want it to contain %q", err, words)
	}
}

// setOptions makes a ModifyVpcPeeringConnectionOptions.
func (c client) setOptions(id string, requester, accepter *types.PeeringConnectionOptionsRequest) error {
	_, err := c.ModifyVpcPeeringConnectionOptions(c.t.Context(), &ec2.ModifyVpcPeeringConnectionOptionsInput{
		VpcPeeringConnectionId: &id, RequesterPeeringConnectionOptions: requester, AccepterPeeringConnectionOptions: accepter,
	})
	return err
}

// TestRecordedRefusalsOfOptions quotes ModifyVpcPeeringConnectionOptions from grem11n/terraform-aws-vpc-peering#21,
// hashicorp/terraform#12448 and terraform-provider-aws#6730.
func TestRecordedRefusalsOfOptions(t *testing.T) {
	t.Parallel()
	off := aws.Bool(false)
	dns := &types.PeeringConnectionOptionsRequest{AllowDnsResolutionFromRemoteVpc: off}
	classic := &types.PeeringConnectionOptionsRequest{
		AllowDnsResolutionFromRemoteVpc:            off,
		AllowEgressFromLocalClassicLinkToRemoteVpc: off, AllowEgressFromLocalVpcToRemoteClassicLink: off,
	}
	p := newPair(t, sim.Options{}, ireland)
	const code = "OperationNotPermitted"
	refusedWith(t, p.asking.setOptions(p.id, dns, nil), code,
		"Peering "+p.id+" is not active. Peering options can be added only to active peerings.")
	p.accepted(t)
	refusedWith(t, p.asking.setOptions(p.id, nil, dns), code,
		"User "+marketing+" does not have permission to modify the accepter side peering options")
	refusedWith(t, p.deciding.setOptions(p.id, dns, nil), code,
		"User "+finance+" does not have permission to modify the requester side peering options")
	refusedWith(t, p.asking.setOptions(p.id, classic, nil), code,
		"Modifying VPC peering connection options allowEgressFromLocalClassicLinkToRemoteVpc, "+
			"allowEgressFromLocalVpcToRemoteClassicLink is not supported for cross-region VPC peering connections")
	refused(t, p.asking.setOptions(p.id, dns, nil), "no error")
	inside := newPair(t, sim.Options{}, virginia).accepted(t)
	refused(t, inside.asking.setOptions(inside.id, classic, nil), "no error")
}

// TestRecordedRefusalsOfRoutes quotes CreateRoute from hashicorp/terraform#26018 and #2185.
func TestRecordedRefusalsOfRoutes(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia).accepted(t)
	refusedWith(t, p.asking.route(p.asking.mainTable(p.requester), "10.10.0.0/24", p.id), "InvalidParameterValue",
		"Route target is not supported. This route only supports interface and instance targets.")
	other := p.asking.mainTable(p.asking.vpc("10.30.0.0/16"))
	refusedWith(t, p.asking.route(other, "172.31.0.0/16", p.id), "InvalidParameterValue",
		"route table "+other+" and network gateway "+p.id+" belong to different networks")
	gateway := must[*ec2.CreateInternetGatewayOutput](t)(p.asking.CreateInternetGateway(t.Context(),
		&ec2.CreateInternetGatewayInput{}))
	id := gateway.InternetGateway.InternetGatewayId
	_, err := p.asking.CreateRoute(t.Context(), &ec2.CreateRouteInput{
		RouteTableId: &other, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: id,
	})
	refusedWith(t, err, "InvalidParameterValue",
		"route table "+other+" and network gateway "+*id+" belong to different networks")
}

// TestRecordedRefusalOfOnePermissionTwice quotes AuthorizeSecurityGroupIngress from terraform-provider-aws#2587 and
// #29492.
func TestRecordedRefusalOfOnePermissionTwice(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	block := types.IpPermission{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{
		{CidrIp: aws.String("10.0.0.0/8"), Description: aws.String("one")},
		{CidrIp: aws.String("10.0.0.0/8"), Description: aws.String("two")},
	}}
	_, err := c.authorize(group, block)
	refusedWith(t, err, "InvalidParameterValue", "The same permission must not appear multiple times")
	if rules := c.rules(group); len(rules) != 0 {
		t.Errorf("the refused call has authorized %d rules", len(rules))
	}
}

// TestRecordedReferencesInsideAVPC: all 137 references to a group of the same VPC in cloud-custodian's recordings of
// DescribeSecurityGroups are the id and the owner.
func TestRecordedReferencesInsideAVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	servers, clients := c.group(vpc, "servers"), c.group(vpc, "clients")
	must[[]types.SecurityGroupRule](t)(c.authorize(servers, fromGroupOf(nil, clients)))
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{}))
	found := 0
	for _, g := range groups.SecurityGroups {
		for _, p := range g.IpPermissions {
			for _, pair := range p.UserIdGroupPairs {
				found++
				if *pair.UserId != marketing || pair.VpcId != nil || pair.VpcPeeringConnectionId != nil ||
					pair.PeeringStatus != nil {
					t.Errorf("%s refers to %+v", *g.GroupName, pair)
				}
			}
		}
	}
	if found != 3 { // the two default groups' own, and the authorized one
		t.Errorf("found %d references, want 3", found)
	}
}

// TestRecordedReferenceToADeletedGroup: cloud-custodian's recording of test_security_group_stale has the VPC, the
// connection and its status, and no owner.
func TestRecordedReferenceToADeletedGroup(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	_, err := r.deciding.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &r.theirs})
	refused(t, err, "no error")
	r.check(t, "without the group", r.reference(r.id, "active", nil), 1)
}

// TestRecordedLateStates: DescribeVpcPeeringConnections shows pending-acceptance again after Accept and active after
// Delete (terraform-provider-aws#28705, #4140), and doesn't know a connection right after Create (aws/eks-hybrid#162).
// Both sides see it so, and mutating calls see the current state.
func TestRecordedLateStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, sim.Options{ShowLate: func(apicall.Call) time.Duration { return time.Minute }}, virginia)
		both := func(when string, want types.VpcPeeringConnectionStateReasonCode) {
			t.Helper()
			for _, c := range []client{p.asking, p.deciding} {
				if got := c.state(p.id); got != want {
					t.Errorf("%s %s sees %s, want %s", when, c.Options().Region, got, want)
				}
			}
		}
		for _, c := range []client{p.asking, p.deciding} {
			_, err := c.lookUp(p.id)
			refused(t, err, "InvalidVpcPeeringConnectionID.NotFound")
		}
		wait(time.Minute)
		both("a minute after the request", "pending-acceptance")
		refused(t, p.deciding.accept(p.id), "no error")
		both("after the acceptance", "pending-acceptance")
		refused(t, p.deciding.accept(p.id), "InvalidStateTransition")
		wait(time.Minute)
		both("a minute after the acceptance", "active")
		refused(t, p.asking.remove(p.id), "no error")
		both("after the deletion", "active")
		wait(time.Minute)
		both("a minute after the deletion", "deleted")
	})
}

// TestModifyStopsMultipath: ModifyVpcPeeringConnectionOptions with false ends the option that the acceptance allowed
// (API reference, botocore 1.44.8), and leaves the DNS option.
func TestModifyStopsMultipath(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	m, f := in(t, s, marketing, virginia), in(t, s, finance, ireland)
	form := url.Values{
		"Action": {"CreateVpcPeeringConnection"}, "VpcId": {m.vpc("10.10.0.0/16")}, "PeerVpcId": {f.vpc("172.31.0.0/16")},
		"PeerOwnerId": {finance}, "PeerRegion": {ireland},
		"RequesterPeeringConnectionOptions.AllowMultipathResilience": {"true"},
	}
	id := regexp.MustCompile(`pcx-[0-9a-f]+`).FindString(raw(t, s, marketing, virginia, form))
	refused(t, f.accept(id), "no error")
	stop := url.Values{
		"Action": {"ModifyVpcPeeringConnectionOptions"}, "VpcPeeringConnectionId": {id},
		"AccepterPeeringConnectionOptions.AllowMultipathResilience": {"false"},
	}
	if body := raw(t, s, finance, ireland, stop); !strings.Contains(body,
		"<allowMultipathResilience>false</allowMultipathResilience>") {
		t.Errorf("Modify answers %s", body)
	}
	for account, region := range map[string]string{marketing: virginia, finance: ireland} {
		body := raw(t, s, account, region, url.Values{"Action": {"DescribeVpcPeeringConnections"}})
		if !strings.Contains(body, "<multipathResilienceStatus>pending</multipathResilienceStatus>") {
			t.Errorf("%s sees %s", account, body)
		}
	}
}

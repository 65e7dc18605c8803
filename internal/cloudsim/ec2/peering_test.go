package ec2_test

import (
	"errors"
	"net/http"
	"slices"
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

var slow = sim.Delays{
	Initiating: time.Second, Propagation: 2 * time.Second, Provisioning: 3 * time.Second, Deleting: 4 * time.Second,
}

func TestLifeCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, sim.Options{Delays: slow}, ireland)
		expect := func(want types.VpcPeeringConnectionStateReasonCode) {
			t.Helper()
			if got := p.asking.state(p.id); got != want {
				t.Errorf("state is %s, want %s", got, want)
			}
		}
		expect("initiating-request")
		_, err := p.deciding.lookUp(p.id)
		refused(t, err, "InvalidVpcPeeringConnectionID.NotFound")
		wait(time.Second)
		expect("pending-acceptance")
		wait(time.Second)
		if err := p.deciding.accept(p.id); err != nil {
			t.Fatal(err)
		}
		expect("provisioning")
		wait(3 * time.Second)
		expect("active")
		if err := p.deciding.remove(p.id); err != nil {
			t.Fatal(err)
		}
		expect("deleting")
		wait(4 * time.Second)
		expect("deleted")
	})
}

// https://docs.aws.amazon.com/vpc/latest/peering/create-vpc-peering-connection.html: the call itself succeeds.
func TestRequestsThatFail(t *testing.T) {
	const message = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
	six := func(t *testing.T, c client, vpc string) {
		t.Helper()
		_, err := c.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{
			VpcId: &vpc, Ipv6CidrBlock: aws.String("2001:db8::/56"), Ipv6Pool: aws.String("pool"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		peer func(t *testing.T, asking, deciding client, own string) (peer, account, region string)
	}{
		{"a VPC that does not exist", func(*testing.T, client, client, string) (string, string, string) {
			return "vpc-0000000000000dead", finance, virginia
		}},
		{"a VPC of another account than the named one", func(_ *testing.T, _, d client, _ string) (string, string, string) {
			return d.vpc("10.20.0.0/16"), "333333333333", virginia
		}},
		{"a VPC of another Region than the named one", func(_ *testing.T, _, d client, _ string) (string, string, string) {
			return d.vpc("10.20.0.0/16"), finance, ireland
		}},
		{"a VPC with an overlapping block", func(_ *testing.T, _, d client, _ string) (string, string, string) {
			return d.vpc("10.10.128.0/17"), finance, virginia
		}},
		{"a VPC with an overlapping secondary block", func(t *testing.T, _, d client, _ string) (string, string, string) {
			v := d.vpc("10.20.0.0/16")
			must[*ec2.AssociateVpcCidrBlockOutput](t)(d.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{
				VpcId: &v, CidrBlock: aws.String("10.10.0.0/24"),
			}))
			return v, finance, virginia
		}},
		{"a VPC with an overlapping IPv6 block", func(t *testing.T, a, d client, own string) (string, string, string) {
			v := d.vpc("10.20.0.0/16")
			six(t, a, own)
			six(t, d, v)
			return v, finance, virginia
		}},
		{"the VPC itself", func(_ *testing.T, _, _ client, own string) (string, string, string) {
			return own, marketing, virginia
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sim.New(sim.Options{})
			asking, deciding := in(t, s, marketing, virginia), in(t, s, finance, virginia)
			own := asking.vpc("10.10.0.0/16")
			peer, account, region := tt.peer(t, asking, deciding, own)
			created := must[types.VpcPeeringConnection](t)(asking.request(own, peer, account, region))
			if created.Status.Code != "initiating-request" {
				t.Errorf("Create answers %s, want initiating-request", created.Status.Code)
			}
			got := asking.connection(*created.VpcPeeringConnectionId)
			if got.Status.Code != "failed" || *got.Status.Message != message {
				t.Errorf("afterwards it is %s, %q", got.Status.Code, *got.Status.Message)
			}
			_, err := deciding.lookUp(*created.VpcPeeringConnectionId)
			refused(t, err, "InvalidVpcPeeringConnectionID.NotFound")
			refused(t, asking.remove(*created.VpcPeeringConnectionId), "InvalidStateTransition")
		})
	}
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
func TestWhoMayDecide(t *testing.T) {
	tests := []struct {
		name   string
		region string // of the accepter
		do     func(p pair) error
		want   string
	}{
		{"the requester cannot accept", virginia, func(p pair) error {
			return p.asking.accept(p.id)
		}, "OperationNotPermitted"},
		{"the requester cannot reject", virginia, func(p pair) error {
			return p.asking.reject(p.id)
		}, "OperationNotPermitted"},
		{"the accepter cannot delete a request", virginia, func(p pair) error {
			return p.deciding.remove(p.id)
		}, "OperationNotPermitted"},
		{"it isn't shown in a Region of neither VPC", virginia, func(p pair) error {
			return in(p.asking.t, p.service, finance, ireland).accept(p.id)
		}, "InvalidVpcPeeringConnectionID.NotFound"},
		{"a third account does not see it", virginia, func(p pair) error {
			return in(p.asking.t, p.service, "333333333333", virginia).accept(p.id)
		}, "InvalidVpcPeeringConnectionID.NotFound"},
		{"a malformed id has another code", virginia, func(p pair) error {
			return p.deciding.accept("pcx-xyz")
		}, "InvalidVpcPeeringConnectionId.Malformed"},
		{"a rejected connection cannot be accepted", virginia, func(p pair) error {
			return first(p.deciding.reject(p.id), p.deciding.accept, p.id)
		}, "InvalidStateTransition"},
		{"a rejected connection cannot be deleted", virginia, func(p pair) error {
			return first(p.deciding.reject(p.id), p.asking.remove, p.id)
		}, "InvalidStateTransition"},
		{"a deleted connection cannot be accepted", virginia, func(p pair) error {
			return first(p.asking.remove(p.id), p.deciding.accept, p.id)
		}, "InvalidStateTransition"},
		{"an active connection cannot be rejected", virginia, func(p pair) error {
			return first(p.deciding.accept(p.id), p.deciding.reject, p.id)
		}, "InvalidStateTransition"},
		{"an active connection cannot be accepted again", virginia, func(p pair) error {
			return first(p.deciding.accept(p.id), p.deciding.accept, p.id)
		}, "InvalidStateTransition"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.do(newPair(t, sim.Options{}, tt.region)), tt.want)
		})
	}
}

// first does the second thing if the first one succeeded.
func first(err error, then func(string) error, id string) error {
	if err != nil {
		return err
	}
	return then(id)
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html
func TestAcceptInTheRegionOfTheRequester(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	here, there := in(t, s, marketing, virginia), in(t, s, marketing, ireland)
	c := must[types.VpcPeeringConnection](t)(here.request(here.vpc("10.10.0.0/16"),
		there.vpc("10.20.0.0/16"), marketing, ireland))
	refused(t, here.accept(*c.VpcPeeringConnectionId), "OperationNotPermitted")
	refused(t, here.reject(*c.VpcPeeringConnectionId), "OperationNotPermitted")
	if err := there.accept(*c.VpcPeeringConnectionId); err != nil {
		t.Error(err)
	}
}

func TestAcceptTwiceCanBeAllowed(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{Switches: sim.Switches{AcceptTwice: true}}, virginia).accepted(t)
	if err := p.deciding.accept(p.id); err != nil {
		t.Error(err)
	}
}

// "CIDR block information is only returned when describing an active VPC peering connection":
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html.
func TestBlocksThatEachSideSees(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	blocks := func(c client) [2]string {
		got := c.connection(p.id)
		return [2]string{aws.ToString(got.RequesterVpcInfo.CidrBlock), aws.ToString(got.AccepterVpcInfo.CidrBlock)}
	}
	if got, want := blocks(p.asking), [2]string{"10.10.0.0/16", ""}; got != want {
		t.Errorf("while pending the requester sees %q, want %q", got, want)
	}
	if got, want := blocks(p.deciding), [2]string{"", ""}; got != want {
		t.Errorf("while pending the accepter sees %q, want %q", got, want)
	}
	p.accepted(t)
	for _, c := range []client{p.asking, p.deciding} {
		if got, want := blocks(c), [2]string{"10.10.0.0/16", "172.31.0.0/16"}; got != want {
			t.Errorf("once active a side sees %q, want %q", got, want)
		}
	}
	got := p.asking.connection(p.id)
	if got.RequesterVpcInfo.PeeringOptions == nil || got.AccepterVpcInfo.PeeringOptions != nil {
		t.Error("the requester must see its own options and not the accepter's")
	}
	if *got.AccepterVpcInfo.Region != virginia || len(got.AccepterVpcInfo.CidrBlockSet) != 1 {
		t.Errorf("accepter is %+v", got.AccepterVpcInfo)
	}
}

func TestRemoteOptionsCanBeShown(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{Switches: sim.Switches{RemoteOptions: true}}, virginia).accepted(t)
	if p.asking.connection(p.id).AccepterVpcInfo.PeeringOptions == nil {
		t.Error("the requester does not see the accepter's options")
	}
}

// How long each side still sees a connection: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html.
func TestVisibilityAfterTheEnd(t *testing.T) {
	const short, long = 2 * time.Hour, 48 * time.Hour
	tests := []struct {
		name                string
		end                 func(p pair) error
		requester, accepter time.Duration
	}{
		{"rejected: the accepter for two hours, the requester for two days", func(p pair) error {
			return p.deciding.reject(p.id)
		}, long, short},
		{"deleted by the requester", func(p pair) error { return p.asking.remove(p.id) }, short, long},
		{"deleted by the accepter", func(p pair) error {
			return first(p.deciding.accept(p.id), p.deciding.remove, p.id)
		}, long, short},
		{"expired: both for two days", func(pair) error { wait(7 * 24 * time.Hour); return nil }, long, long},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, sim.Options{}, virginia)
				if err := tt.end(p); err != nil {
					t.Fatal(err)
				}
				sees := func(c client) bool { _, err := c.lookUp(p.id); return err == nil }
				if !sees(p.asking) || !sees(p.deciding) {
					t.Error("it is not listed right after its end")
				}
				wait(short)
				if got := [2]bool{sees(p.asking), sees(p.deciding)}; got != [2]bool{tt.requester > short, tt.accepter > short} {
					t.Errorf("after two hours requester and accepter see it: %v", got)
				}
				wait(long - short)
				if sees(p.asking) || sees(p.deciding) {
					t.Error("it is still listed after two days")
				}
			})
		})
	}
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, sim.Options{}, virginia)
		end := time.Now().Add(7 * 24 * time.Hour)
		expect := func(state types.VpcPeeringConnectionStateReasonCode) {
			t.Helper()
			for _, c := range []client{p.asking, p.deciding} {
				got := c.connection(p.id)
				if got.Status.Code != state || got.ExpirationTime == nil || !got.ExpirationTime.Equal(end) {
					t.Errorf("it is %s until %v, want %s until %v", got.Status.Code, got.ExpirationTime, state, end)
				}
			}
		}
		expect("pending-acceptance")
		wait(7*24*time.Hour - time.Second)
		expect("pending-acceptance")
		wait(time.Second)
		expect("expired")
		refused(t, p.deciding.accept(p.id), "InvalidStateTransition")
	})
}

func TestAnAcceptedConnectionDoesNotExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, sim.Options{}, virginia).accepted(t)
		wait(8 * 24 * time.Hour)
		if got := p.asking.connection(p.id); got.Status.Code != "active" || got.ExpirationTime != nil {
			t.Errorf("it is %s until %v, want active without an end", got.Status.Code, got.ExpirationTime)
		}
	})
}

// TestTheSameRequestAgain: EC2 answers a repeated request with the existing connection until that has ended
// (terraform-provider-aws#27750, #27751).
func TestTheSameRequestAgain(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(p pair) error
		isNew   bool
		state   types.VpcPeeringConnectionStateReasonCode // of the connection in the answer
	}{
		{"while it is being initiated", func(pair) error { return nil }, false, "initiating-request"},
		{"while it is pending", func(pair) error { wait(2 * time.Second); return nil }, false, "pending-acceptance"},
		{"while it is provisioning", func(p pair) error {
			wait(2 * time.Second)
			return p.deciding.accept(p.id)
		}, false, "provisioning"},
		{"while it is active", pair.activate, false, "active"},
		{"while it is deleting", func(p pair) error {
			return first(p.activate(), p.asking.remove, p.id)
		}, true, "initiating-request"},
		{"after its deletion", func(p pair) error {
			err := first(p.activate(), p.asking.remove, p.id)
			wait(4 * time.Second)
			return err
		}, true, "initiating-request"},
		{"after its rejection", func(p pair) error {
			wait(2 * time.Second)
			return p.deciding.reject(p.id)
		}, true, "initiating-request"},
		{"after its expiry", func(pair) error { wait(8 * 24 * time.Hour); return nil }, true, "initiating-request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, sim.Options{Delays: slow}, ireland)
				if err := tt.prepare(p); err != nil {
					t.Fatal(err)
				}
				c := must[types.VpcPeeringConnection](t)(p.asking.request(p.requester, p.accepter, finance, ireland))
				if isNew := *c.VpcPeeringConnectionId != p.id; isNew != tt.isNew || c.Status.Code != tt.state {
					t.Errorf("Create answers a new connection: %v, %s; want %v, %s", isNew, c.Status.Code, tt.isNew, tt.state)
				}
			})
		})
	}
}

// activate accepts the connection of a slow EC2 and waits until it is active.
func (p pair) activate() error {
	wait(slow.Propagation)
	err := p.deciding.accept(p.id)
	wait(slow.Provisioning)
	return err
}

// TestTheSameRequestAgainAfterAFailure: a failed connection is at its end too.
func TestTheSameRequestAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	p := newPairOf(t, sim.Options{}, virginia, "10.20.0.0/16")
	must[*ec2.AssociateVpcCidrBlockOutput](t)(p.deciding.associate(p.accepter, "10.10.0.0/24"))
	if got := p.asking.state(p.id); got != "failed" {
		t.Fatalf("the first is %s, want failed", got)
	}
	if c := must[types.VpcPeeringConnection](t)(p.asking.request(p.requester, p.accepter, finance,
		virginia)); *c.VpcPeeringConnectionId == p.id {
		t.Error("Create answers the failed connection")
	}
}

// TestARequestInTheOppositeDirection: EC2 makes a new connection and refuses to accept a second one of the two VPCs
// (community.aws#580, terraform-provider-aws#44315).
func TestARequestInTheOppositeDirection(t *testing.T) {
	t.Parallel()
	accept := func(p pair) error { return p.deciding.accept(p.id) }
	none := func(pair) error { return nil }
	tests := []struct {
		name    string
		request func(p pair) error // before the request
		accept  func(p pair) error // after the request, before the acceptance
		refused bool
	}{
		{"while the first is active", accept, none, true},
		{"while the first is pending, and is accepted before", none, accept, true},
		{"while the first is pending, and stays so", none, none, false},
		{"after the deletion of the first", func(p pair) error {
			return first(accept(p), p.asking.remove, p.id)
		}, none, false},
		{"while the first is active, and is deleted before the acceptance", accept, func(p pair) error {
			return p.asking.remove(p.id)
		}, false},
		{"after the rejection of the first", func(p pair) error { return p.deciding.reject(p.id) }, none, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, sim.Options{}, virginia)
			refused(t, tt.request(p), "no error")
			second := p.opposite(t)
			if got := p.asking.state(second); second == p.id || got != "pending-acceptance" {
				t.Errorf("it is %s, and %s beside %s; want a new one that is pending", got, second, p.id)
			}
			refused(t, tt.accept(p), "no error")
			p.checkAcceptance(t, second, tt.refused)
		})
	}
}

// opposite lets the accepter request a connection to the requester and returns its id.
func (p pair) opposite(t *testing.T) string {
	t.Helper()
	return *must[types.VpcPeeringConnection](t)(p.deciding.request(p.accepter, p.requester, marketing,
		virginia)).VpcPeeringConnectionId
}

// checkAcceptance accepts the connection in the opposite direction and checks the answer. A refused one stays pending.
func (p pair) checkAcceptance(t *testing.T, id string, isRefused bool) {
	t.Helper()
	err := p.asking.accept(id)
	if !isRefused {
		refused(t, err, "no error")
		return
	}
	refused(t, err, "VpcPeeringConnectionAlreadyExists")
	words := "The vpc peering connection identified by " + id + " already exists."
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorMessage() != words ||
		status(err) != http.StatusBadRequest {
		t.Errorf("Accept answers %d %v, want 400 %q", status(err), err, words)
	}
	if got := p.asking.state(id); got != "pending-acceptance" {
		t.Errorf("the refused one is %s, want pending-acceptance", got)
	}
}

// TestTheSameRequestAgainInEitherDirection: beside a pending connection in each direction, each request again returns
// its own.
func TestTheSameRequestAgainInEitherDirection(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	second := p.opposite(t)
	if got := p.opposite(t); got != second {
		t.Errorf("the opposite request again is %s, want %s", got, second)
	}
	c := must[types.VpcPeeringConnection](t)(p.asking.request(p.requester, p.accepter, finance, virginia))
	if *c.VpcPeeringConnectionId != p.id {
		t.Errorf("the first request again is %s, want %s", *c.VpcPeeringConnectionId, p.id)
	}
}

// "Any tags that you create … are only applied in the account or Region in which you create them":
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html.
func TestTagsAreEachSidesOwn(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	_, err := p.asking.CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{p.id}, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("Marketing <> Finance")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.asking.connection(p.id).Tags; len(got) != 1 || *got[0].Value != "Marketing <> Finance" {
		t.Errorf("the requester's tags are %v", got)
	}
	if got := p.deciding.connection(p.id).Tags; len(got) != 0 {
		t.Errorf("the accepter sees %v", got)
	}
}

// TestTheTagsOfADeletedConnectionAreSwitchable: kept, or ended once the connection is deleted, on both sides and with
// no tags of other resources.
func TestTheTagsOfADeletedConnectionAreSwitchable(t *testing.T) {
	for name, ended := range map[string]bool{"kept": false, "ended": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t,
					sim.Options{Delays: sim.Delays{Deleting: time.Second}, Switches: sim.Switches{DeletedWithoutTags: ended}},
					ireland).accepted(t)
				sides := map[string]client{p.requester: p.asking, p.accepter: p.deciding}
				for vpc, c := range sides {
					must[*ec2.CreateTagsOutput](t)(c.CreateTags(t.Context(), &ec2.CreateTagsInput{
						Resources: []string{p.id, vpc}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
					}))
				}
				expect := func(want int) {
					t.Helper()
					for vpc, c := range sides {
						if got := c.connection(p.id).Tags; len(got) != want {
							t.Errorf("%s has the tags %v on the side of %s, want %d", p.id, got, vpc, want)
						}
						if got := must[*ec2.DescribeTagsOutput](t)(c.DescribeTags(t.Context(),
							&ec2.DescribeTagsInput{})).Tags; len(got) != 1+want {
							t.Errorf("the tags on the side of %s are %v, want those of the VPC and %d of %s", vpc, got, want, p.id)
						}
					}
				}
				refused(t, p.asking.remove(p.id), "no error")
				expect(1) // while it is deleting
				wait(time.Second)
				if ended {
					expect(0)
				} else {
					expect(1)
				}
			})
		})
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	p.accepted(t)
	other := p.deciding.vpc("10.30.0.0/16")
	must[types.VpcPeeringConnection](t)(p.asking.request(p.requester, other, finance, virginia))
	tests := []struct {
		name    string
		filters []types.Filter
		want    int
	}{
		{"by state", []types.Filter{filter("status-code", "active")}, 1},
		{"values of a filter are alternatives", []types.Filter{filter("status-code", "active", "pending-acceptance")}, 2},
		{"filters must all match", []types.Filter{filter("status-code", "active"), filter("accepter-vpc-info.vpc-id", other)},
			0},
		{"a star is a wildcard", []types.Filter{filter("status-code", "*ing-accept*")}, 1},
		{"values are case sensitive", []types.Filter{filter("status-code", "Active")}, 0},
		{"hidden blocks do not match", []types.Filter{filter("accepter-vpc-info.cidr-block", "10.30.0.0/16")}, 0},
		{"blocks match once they are shown", []types.Filter{filter("accepter-vpc-info.cidr-block", "172.31.0.0/16")}, 1},
		{"a tag that nothing has", []types.Filter{filter("tag:Name", "x")}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := must[*ec2.DescribeVpcPeeringConnectionsOutput](t)(p.asking.DescribeVpcPeeringConnections(t.Context(),
				&ec2.DescribeVpcPeeringConnectionsInput{Filters: tt.filters}))
			if len(got.VpcPeeringConnections) != tt.want {
				t.Errorf("found %d, want %d", len(got.VpcPeeringConnections), tt.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-connection-quotas.html
func TestQuotasOfPeerings(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{Quotas: sim.Quotas{PendingPeeringsPerVPC: 1, ActivePeeringsPerVPC: 1}}, virginia)
	second := p.deciding.vpc("10.30.0.0/16")
	_, err := p.asking.request(p.requester, second, finance, virginia)
	refused(t, err, "OutstandingVpcPeeringConnectionLimitExceeded")
	p.accepted(t)
	c := must[types.VpcPeeringConnection](t)(p.asking.request(p.requester, second, finance, virginia))
	refused(t, p.deciding.accept(*c.VpcPeeringConnectionId), "ActiveVpcPeeringConnectionPerVpcLimitExceeded")
}

func TestActiveLimitCodeCanBeAnother(t *testing.T) {
	t.Parallel()
	o := sim.Options{Quotas: sim.Quotas{ActivePeeringsPerVPC: 1}}
	o.Switches.ActiveLimitCode = "VpcPeeringConnectionsPerVpcLimitExceeded"
	p := newPair(t, o, virginia).accepted(t)
	c := must[types.VpcPeeringConnection](t)(p.asking.request(p.requester,
		p.deciding.vpc("10.30.0.0/16"), finance, virginia))
	refused(t, p.deciding.accept(*c.VpcPeeringConnectionId), "VpcPeeringConnectionsPerVpcLimitExceeded")
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html
func TestDNSOption(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	on := &types.PeeringConnectionOptionsRequest{AllowDnsResolutionFromRemoteVpc: aws.Bool(true)}
	modify := func(c client, requester, accepter *types.PeeringConnectionOptionsRequest) error {
		_, err := c.ModifyVpcPeeringConnectionOptions(t.Context(), &ec2.ModifyVpcPeeringConnectionOptionsInput{
			VpcPeeringConnectionId: &p.id, RequesterPeeringConnectionOptions: requester,
			AccepterPeeringConnectionOptions: accepter,
		})
		return err
	}
	refused(t, modify(p.asking, on, nil), "OperationNotPermitted") // not active
	p.accepted(t)
	refused(t, modify(p.asking, nil, on), "OperationNotPermitted") // not its side
	refused(t, modify(p.asking, on, nil), "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled")
	for c, vpc := range map[client]string{p.asking: p.requester, p.deciding: p.accepter} {
		must[*ec2.ModifyVpcAttributeOutput](t)(c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{
			VpcId: &vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)},
		}))
	}
	if err := modify(p.asking, on, nil); err != nil {
		t.Fatal(err)
	}
	if o := p.asking.connection(p.id).RequesterVpcInfo.PeeringOptions; !*o.AllowDnsResolutionFromRemoteVpc {
		t.Error("the option is not set")
	}
}

func (c client) removeVPC(vpc string) error {
	_, err := c.DeleteVpc(c.t.Context(), &ec2.DeleteVpcInput{VpcId: &vpc})
	return err
}

// https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html
func TestDeletingAVPC(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		region  string
		deleter func(p pair) (c client, vpc string)
	}{
		"by the requester":                 {virginia, func(p pair) (client, string) { return p.asking, p.requester }},
		"by the accepter":                  {virginia, func(p pair) (client, string) { return p.deciding, p.accepter }},
		"by the requester, across Regions": {ireland, func(p pair) (client, string) { return p.asking, p.requester }},
		"by the accepter, across Regions":  {ireland, func(p pair) (client, string) { return p.deciding, p.accepter }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var trail []string
				o := sim.Options{Delays: sim.Delays{Deleting: time.Second}, Trail: func(r apicall.Record) {
					trail = append(trail, r.EventName+r.ErrorCode)
				}}
				p := newPair(t, o, tt.region)
				refused(t, p.deciding.removeVPC(p.accepter), "DependencyViolation") // a request of another account waits
				p.accepted(t)
				deleter, vpc := tt.deleter(p)
				trail = nil
				refused(t, deleter.removeVPC(vpc), "no error")
				wait(time.Second)
				for _, c := range []client{p.asking, p.deciding} {
					if got := c.state(p.id); got != "deleted" {
						t.Errorf("the connection is %s", got)
					}
				}
				if want := []string{"DeleteVpc"}; !slices.Equal(trail, want) {
					t.Errorf("CloudTrail has %v, want %v", trail, want)
				}
			})
		})
	}
}

// TestDeletingAVPCLeavesABlackholeAndAStaleRule: the other side keeps its route, as a blackhole, and its rule, which is
// stale.
func TestDeletingAVPCLeavesABlackholeAndAStaleRule(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia).accepted(t)
	table := p.asking.mainTable(p.requester)
	refused(t, p.asking.route(table, "172.31.0.0/16", p.id), "no error")
	theirs := must[*ec2.DescribeSecurityGroupsOutput](t)(p.deciding.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{
			Filters: []types.Filter{filter("vpc-id", p.accepter)}, // only its default group
		}))
	r := referring{p, p.asking.group(p.requester, "servers"), *theirs.SecurityGroups[0].GroupId}
	must[[]types.SecurityGroupRule](t)(p.asking.authorize(r.mine, fromGroupOf(aws.String(finance), r.theirs)))
	refused(t, p.deciding.removeVPC(p.accepter), "no error")
	if got, want := p.asking.routes(table), "172.31.0.0/16 "+p.id+" blackhole"; !slices.Contains(got, want) {
		t.Errorf("routes = %v, want %s among them", got, want)
	}
	r.check(t, "once the VPC is deleted", r.reference(p.id, "deleted", nil), 1) // the group is gone, too
}

func TestPeeringCanKeepAVPC(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{Switches: sim.Switches{PeeringKeepsVPC: true}}, virginia).accepted(t)
	refused(t, p.asking.removeVPC(p.requester), "DependencyViolation")
	refused(t, p.deciding.removeVPC(p.accepter), "DependencyViolation")
	if got := p.asking.state(p.id); got != "active" {
		t.Errorf("the connection is %s after the refusals, want active", got)
	}
	refused(t, p.asking.remove(p.id), "no error")
	refused(t, p.asking.removeVPC(p.requester), "no error")
	refused(t, p.deciding.removeVPC(p.accepter), "no error")
}

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func TestBlocksOfPeeredVPCs(t *testing.T) {
	t.Parallel()
	add := func(c client, vpc, cidr string) error {
		_, err := c.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{VpcId: &vpc, CidrBlock: &cidr})
		return err
	}
	p := newPairOf(t, sim.Options{}, virginia, "10.20.0.0/16")
	refused(t, add(p.asking, p.requester, "10.99.0.0/16"), "OverlappingCidr") // none while its request is pending
	p.accepted(t)
	refused(t, add(p.asking, p.requester, "10.20.128.0/17"), "OverlappingCidr")
	if err := add(p.asking, p.requester, "10.99.0.0/16"); err != nil {
		t.Error(err)
	}
	if got := p.deciding.connection(p.id).RequesterVpcInfo.CidrBlockSet; len(got) != 2 {
		t.Errorf("the accepter sees the blocks %v", got)
	}
	q := newPairOf(t, sim.Options{}, virginia, "10.20.0.0/16")
	if err := add(q.deciding, q.accepter, "10.10.0.0/24"); err != nil {
		t.Fatal(err)
	}
	if got := q.asking.state(q.id); got != "failed" {
		t.Errorf("a request whose accepter's new block overlaps is %s", got)
	}
}

func TestMessagesAndDeletingAreSwitchable(t *testing.T) {
	tests := []struct {
		name     string
		switches sim.Switches
		rejected string
		deleted  string
		state    types.VpcPeeringConnectionStateReasonCode // right after Delete
	}{
		{"by default", sim.Switches{}, "Inactive", "Deleted by " + marketing, "deleted"},
		{"otherwise", sim.Switches{RejectedMessage: "No", DeletedMessage: "Gone", DeletingEverywhere: true},
			"No", "Gone", "deleting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := sim.Options{Switches: tt.switches, Delays: sim.Delays{Deleting: time.Second}}
				p, q := newPair(t, o, virginia), newPair(t, o, virginia)
				refused(t, p.deciding.reject(p.id), "no error")
				if got := *p.asking.connection(p.id).Status.Message; got != tt.rejected {
					t.Errorf("rejected has the message %q, want %q", got, tt.rejected)
				}
				refused(t, q.asking.remove(q.id), "no error")
				if got := q.asking.state(q.id); got != tt.state {
					t.Errorf("right after Delete it is %s, want %s", got, tt.state)
				}
				wait(time.Second)
				if got := *q.asking.connection(q.id).Status.Message; got != tt.deleted {
					t.Errorf("deleted has the message %q, want %q", got, tt.deleted)
				}
			})
		})
	}
}

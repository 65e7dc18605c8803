package connect_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

var (
	one = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	two = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
)

func TestCallsOfANewSide(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		defer sandboxtest.Slow(t.Cloud)()
		release := t.Hold(function.Connect)
		t.Ask(m, f)
		time.Sleep(10 * time.Second)
		mark := t.Cloud.Mark()
		release()
		t.Settle()
		want := [][]string{
			{"DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroupRules",
				"DescribeSecurityGroups", "DescribeSubnets",
				"DescribeVpcPeeringConnections"},
			{"CreateTags"},
			// Both sides are the cell's: two tables each, and one group.
			{"AuthorizeSecurityGroupIngress", "CreateRoute", "CreateRoute", "CreateRoute", "CreateRoute"},
			{"PutEvents"},
		}
		if diff := cmp.Diff(want, t.Rounds(mark)); diff != "" {
			t.Errorf("round trips (-want +got):\n%s", diff)
		}
	})
}

func TestASideThatIsRightIsOnlyRead(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		for _, cell := range []peering.Cell{one, two} {
			t.Redeliver(cell, function.Connect, sandbox.Event("AcceptVpcPeeringConnection", two, pcx, m, f))
		}
		t.Unchanged(mark)
		if n := len(t.ByAutopeer(mark)); n == 0 {
			t.Error("nothing was read")
		}
		t.AnnouncedOnce(outcome.Connected, pcx)
	})
}

// TestAThirdCellDoesNotWait: the accepter's cell forwards its acceptances to all its counterparts, and one of them has
// no side of the connection.
func TestAThirdCellDoesNotWait(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		third := peering.Cell{Account: "333333333333", Region: "eu-west-1"}
		m, f, d := t.Build(one, lab.Marketing), t.Build(two, lab.Finance), t.Build(third, lab.Developer)
		t.Policy(lab.PingPolicy(m, f, d))
		pcx := t.Ask(m, f)
		time.Sleep(11 * time.Minute)
		t.InState(one, pcx, peering.Active)
		reads := 0
		for _, c := range t.Cloud.Calls() {
			if c.Account == string(third.Account) && c.Action == "DescribeVpcPeeringConnections" &&
				slices.Contains(slices.Collect(maps.Values(c.Params)), string(pcx)) {
				reads++
			}
		}
		if reads != 1 {
			t.Errorf("the third cell read the connection %d times, want once", reads)
		}
	})
}

// TestPagesDoNotMatter: with pages of five, and more of everything than five, the end is the same.
func TestPagesDoNotMatter(t *testing.T) {
	for _, size := range []int{0, 5, 1} {
		t.Run(fmt.Sprintf("pages of %d", size), func(t *testing.T) {
			sandboxtest.Run(t, func(o *ec2.Options) { o.PageSize = size }, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				var more []string
				t.ByHand(two, func(p *lab.Person) {
					for i := range 6 {
						subnet := p.Subnet(f.VPC, "", fmt.Sprintf("172.31.%d.0/24", 10+i))
						more = append(more, string(p.RouteTable(f.VPC, "", subnet)),
							string(p.Group(f.VPC, fmt.Sprintf("server-%d", i), map[string]string{"Role": "finance-server"})))
					}
				})
				pcx := t.Ask(m, f)
				t.Settle()
				want := sandboxtest.Pinging(m, f, pcx)
				for _, id := range more {
					if strings.HasPrefix(id, "rtb-") {
						want = append(want, sandbox.Routes(peering.RouteTableID(id), m, pcx))
					} else {
						want = append(want, sandbox.Admits(peering.SecurityGroupID(id), "icmp", m))
					}
				}
				t.Holds(want...)
				t.ByHand(two, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.Holds()
			})
		})
	}
}

// TestARuleOfAnotherPrincipalIsLeftAlone: it counts as there, and outlives the connection.
func TestARuleOfAnotherPrincipalIsLeftAlone(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		t.ByHand(two, func(p *lab.Person) { p.Admit(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		pcx := t.Ask(m, f)
		t.Settle()
		if calls := t.Mutations(0); slices.Contains(calls, "AuthorizeSecurityGroupIngress") {
			t.Errorf("autopeer made %v; the rule was there", calls)
		}
		if o := t.Announced(outcome.Connected, pcx); len(o) == 0 {
			t.Error("not announced as connected")
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		t.Holds(sandbox.Admits(f.Group, "icmp", m))
	})
}

func TestRulesCarryTagAndDescription(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		pcx := t.Ask(m, f)
		t.Settle()
		rules, err := t.Network(one).IngressRules(t.Ctx, pcx)
		t.Must(err)
		if len(rules) != 1 || rules[0].Tags[peering.TagConnection] != string(pcx) ||
			!strings.Contains(rules[0].Description, string(pcx)) {
			t.Errorf("rules = %+v, want one with the connection's id as tag and in the description", rules)
		}
		c, err := t.Connection(t.Ctx, one, pcx)
		t.Must(err)
		if c.Tags[peering.TagName] != "marketing <> finance" || c.Tags[peering.TagManaged] != "autopeer" {
			t.Errorf("tags of the connection = %v", c.Tags)
		}
	})
}

// TestAConflictKeepsItsSideAsItIs: a person has accepted a request on which the two cells could not agree.
func TestAConflictKeepsItsSideAsItIs(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
		t.Settle()
		t.InState(one, pcx, peering.Active)
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if o.Cell != one || len(o.Conflicts) != 1 || o.Conflicts[0].RouteTable != m.Table ||
			!strings.HasPrefix(string(o.Conflicts[0].Target), "igw-") || o.Conflicts[0].Wanted != peering.Target(pcx) {
			t.Errorf("conflict = %+v, want table and both targets", o)
		}
		// The other side is made right: nothing of it depends on this one.
		t.Holds(sandbox.Routes(f.Table, m, pcx), sandbox.Routes(f.VPC.Main, m, pcx), sandbox.Admits(f.Group, "icmp", m))
		for _, c := range t.ByAutopeer(0) {
			if c.Account == string(one.Account) && c.Mutating && c.Service == "ec2" {
				t.Errorf("%s in %s", c.Action, one)
			}
		}
		t.InDeadLetters(0)
	})
}

func TestBlackholes(t *testing.T) {
	t.Run("the leftover of a dead peering is replaced", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Company(one, one)
			release := t.Hold(function.Disconnect)
			old := t.Ask(m, f)
			t.Settle()
			t.ByHand(one, func(p *lab.Person) { p.Delete(old) })
			time.Sleep(time.Second)
			pcx := t.Ask(m, f)
			t.Settle()
			if calls := t.Mutations(0); !slices.Contains(calls, "ReplaceRoute") {
				t.Errorf("autopeer made %v, want a route replaced", calls)
			}
			t.AnnouncedOnce(outcome.Connected, pcx)
			release()
			t.Settle()
		})
	})
	t.Run("and so are its rules, whenever disconnect comes", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Company(one, two)
			release := t.Hold(function.Disconnect)
			old := t.Ask(m, f)
			time.Sleep(time.Minute)
			t.ByHand(one, func(p *lab.Person) { p.Delete(old) })
			pcx := t.Ask(m, f)
			time.Sleep(time.Minute)
			t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			rules, err := t.Network(two).IngressRules(t.Ctx, pcx)
			t.Must(err)
			if len(rules) != 1 {
				t.Errorf("rules of the new connection = %+v, want one", rules)
			}
			release()
			t.Settle()
			t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			t.InDeadLetters(0)
		})
	})
	for name, shown := range map[string]bool{"": true, ", also while EC2 doesn't show it": false} {
		t.Run("the blackhole of a pending peering is a conflict"+name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				other := t.Build(two, lab.Developer)
				pending := t.Ask(m, other)
				time.Sleep(time.Second)
				if !shown {
					defer t.Cloud.Inject(sandboxtest.Hidden(pending))()
				}
				t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.0.0/16", pending) })
				mark := t.Cloud.Mark()
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				if o := t.AnnouncedOnce(outcome.Conflicting, pcx); o.Conflicts[0].Target != peering.Target(pending) {
					t.Errorf("conflicts = %+v, want the route to %s", o.Conflicts, pending)
				}
				t.Unchanged(mark)
			})
		})
	}
}

func TestAConnectionThatAPersonAccepted(t *testing.T) {
	t.Run("is connected if the policy allows it", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Company(one, two)
			release := t.Hold(function.Accept)
			pcx := t.Ask(m, f)
			time.Sleep(time.Second)
			t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
			time.Sleep(time.Minute)
			t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			release()
			t.Settle()
			t.AnnouncedOnce(outcome.Connected, pcx)
		})
	})
	t.Run("is denied if it doesn't", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Company(one, two)
			d := t.Build(one, lab.Developer)
			pcx := t.Ask(d, f)
			time.Sleep(time.Second)
			t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
			t.Settle()
			for _, cell := range []peering.Cell{one, two} { // the request, and the active connection
				if ids := deniedIn(t, cell, pcx); len(ids) != 2 || ids[0] == ids[1] {
					t.Errorf("in %s the denials have the ids %q, want two", cell, ids)
				}
			}
			t.Unchanged(0)
			t.Holds()
			_ = m
		})
	})
}

// deniedIn returns the ids of the denials that the cell announced, without repetitions.
func deniedIn(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) []string {
	var ids []string
	for _, o := range t.Announced(outcome.Denied, pcx) {
		if o.Cell == cell && !slices.Contains(ids, o.ID) {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

func TestForgedAcceptancesOpenNothing(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		d := t.Build(one, lab.Developer)
		pcx := t.Ask(d, f)
		t.Settle()
		for _, event := range []string{
			sandbox.Event("AcceptVpcPeeringConnection", one, pcx, m, f),
			sandbox.Event("AcceptVpcPeeringConnection", two, pcx, d, f),
			sandbox.Event("AcceptVpcPeeringConnection", one, "pcx-0123456789abcdef0", m, f),
		} {
			t.Redeliver(one, function.Connect, event)
		}
		t.Unchanged(0)
		t.Holds()
		t.InDeadLetters(0)
	})
}

// TestAnAcceptanceThatNeverShowsIsLetGo: the connection is one that the policy allows, and still pending.
func TestAnAcceptanceThatNeverShowsIsLetGo(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		release := t.Hold(function.Accept)
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.Must(t.Deliver(t.Ctx, one, function.Connect, sandbox.Event("AcceptVpcPeeringConnection", one, pcx, m, f)))
		time.Sleep(time.Hour)
		t.Unchanged(0)
		t.Holds()
		t.InDeadLetters(0)
		release()
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAConnectionThatStaysProvisioningIsNotForgotten: it was accepted, so it must be connected, or its message must
// become a dead letter.
func TestAConnectionThatStaysProvisioningIsNotForgotten(t *testing.T) {
	for name, tt := range map[string]struct {
		provisioning time.Duration
		dead         int
	}{"for five minutes": {5 * time.Minute, 0}, "for an hour": {time.Hour, 2}} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, func(o *ec2.Options) { o.Delays.Provisioning = tt.provisioning }, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				pcx := t.Ask(m, f)
				t.Settle()
				t.InDeadLetters(tt.dead)
				if tt.dead == 0 {
					t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				}
			})
		})
	}
}

// TestSubnetsChooseTheTables: of the right VPC, where one cell owns both.
func TestSubnetsChooseTheTables(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		var table peering.RouteTableID
		t.ByHand(one, func(p *lab.Person) {
			table = p.RouteTable(f.VPC, "", p.TaggedSubnet(f.VPC, "172.31.9.0/24", map[string]string{"Tier": "private"}))
			p.RouteTable(m.VPC, "", p.TaggedSubnet(m.VPC, "10.10.9.0/24", map[string]string{"Tier": "private"}))
		})
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
			"finance]\n    routes:\n      marketing: { tables: main }\n      finance: { tables: { subnets: "+
				"{ tags: { Tier: private } } } }\n", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(sandbox.Routes(m.VPC.Main, f, pcx), sandbox.Routes(table, m, pcx), sandbox.Admits(f.Group, "icmp", m))
	})
}

// TestFaultsOfConnect: nothing is left half done that a later delivery would not finish.
func TestFaultsOfConnect(t *testing.T) {
	for _, action := range []string{"DescribeVpcPeeringConnections", "DescribeRouteTables", "DescribeSecurityGroups",
		"DescribeSecurityGroupRules", "CreateRoute", "AuthorizeSecurityGroupIngress", "CreateTags", "PutEvents"} {
		for name, failure := range map[string]cloudsim.Failure{
			"throttled":               {Code: "RequestLimitExceeded", Status: 503},
			"not found yet":           {Code: "InvalidVpcPeeringConnectionID.NotFound"},
			"an error after the call": {Code: "InternalError", Status: 500, After: true},
			"no answer":               {Drop: true, After: true},
			"no permission yet":       {Code: "UnauthorizedOperation", Status: 403},
		} {
			t.Run(action+", "+name, func(t *testing.T) {
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
					m, f := t.Company(one, one)
					defer t.Cloud.Inject(sandboxtest.Times(2, failure, func(c apicall.Call) bool {
						return c.Action == action && strings.Contains(c.ARN, "autopeer-connect")
					}))()
					pcx := t.Ask(m, f)
					t.Settle()
					t.Holds(sandboxtest.Pinging(m, f, pcx)...)
					t.AnnouncedOnce(outcome.Connected, pcx)
					t.InDeadLetters(0)
				})
			})
		}
	}
}

func TestAQuotaIsAnnounced(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		defer t.Cloud.Inject(sandboxtest.Times(1000, cloudsim.Failure{
			Code:    "RulesPerSecurityGroupLimitExceeded",
			Message: "The maximum number of rules per security group has been reached.",
		},
			func(c apicall.Call) bool { return c.Action == "AuthorizeSecurityGroupIngress" }))()
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Failed, pcx)
		if !strings.Contains(o.Reason.Sentence, "maximum number of rules") ||
			strings.Contains(o.Reason.Sentence, "RequestID") {
			t.Errorf("reason = %q, want EC2's words without the request's id", o.Reason.Sentence)
		}
		t.InDeadLetters(0)
	})
}

func TestDNSIsTurnedOnForBothSides(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.DNSHostnames(m.VPC) })
		t.ByHand(two, func(p *lab.Person) { p.DNSHostnames(f.VPC) })
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n    dns: true\n", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		for cell, role := range map[peering.Cell]peering.Role{one: peering.Requester, two: peering.Accepter} {
			c, err := t.Connection(t.Ctx, cell, pcx)
			t.Must(err)
			if on := c.DNS(role); on == nil || !*on {
				t.Errorf("DNS of the %s = %v, want on", role, on)
			}
		}
	})
}

// TestAConnectionTaggedByAnotherInstallationFirst, between connect's look and its own tag, which IAM then refuses:
// nothing is changed, and the conflict is announced at once.
func TestAConnectionTaggedByAnotherInstallationFirst(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		release := t.Hold(function.Connect)
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "CreateTags" || !strings.Contains(c.ARN, "autopeer-connect") {
				return nil
			}
			t.ByHand(one, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagManaged: "other"}) })
			return &cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403}
		})()
		release()
		time.Sleep(time.Second)
		t.Holds()
		conflict := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if conflict.Reason.Code != "other-installation" ||
			!strings.Contains(conflict.Reason.Sentence, "managed by the installation other") {
			t.Errorf("reason = %+v, want the other installation", conflict.Reason)
		}
	})
}

// TestAdditionsWaitForTheBlocksOfBothSides: a rule that no entry names goes; routes and rules that may be wanted stay,
// and missing ones are not added.
func TestAdditionsWaitForTheBlocksOfBothSides(t *testing.T) {
	for _, tt := range []struct {
		name                string
		requester, accepter []string // the blocks that EC2 shows
		again               bool     // the message comes back
		denied              int      // denials with the change
	}{
		{"no blocks yet", nil, nil, true, 0},
		{"blocks of one side alone", []string{"10.10.0.0/16"}, nil, true, 0},
		{"blocks that overlap", []string{"10.10.0.0/16"}, []string{"172.31.0.0/16", "10.10.128.0/17"}, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				pcx := t.Ask(m, f)
				t.Settle()
				t.ByHand(one, func(p *lab.Person) {
					p.AdmitTagged(f.Group, "tcp", 22, 22, "10.10.0.0/16", map[string]string{
						peering.TagConnection: string(pcx), peering.TagManaged: "autopeer",
					})
					p.DeleteRoute(m.Table, "172.31.0.0/16")
				})
				show := t.Cloud.Inject(showing(pcx, shown(m, tt.requester), shown(f, tt.accepter)))
				t.Must(t.Deliver(t.Ctx, one, function.Connect, sandbox.Event("AcceptVpcPeeringConnection", one, pcx, m, f)))
				time.Sleep(time.Second)
				full := sandboxtest.Pinging(m, f, pcx)
				t.Holds(slices.DeleteFunc(slices.Clone(full), func(s string) bool {
					return s == sandbox.Routes(m.Table, f, pcx)
				})...)
				announced := slices.DeleteFunc(t.Announced(outcome.Denied, pcx), func(o outcome.Outcome) bool {
					return o.Reason.Code != "overlap" || o.Next == "" || len(o.State) == 0 ||
						!slices.ContainsFunc(o.Changes, func(c string) bool { return strings.HasPrefix(c, "revoke ") })
				})
				if len(announced) != tt.denied {
					t.Errorf("%d denials have the removal, want %d: %+v", len(announced), tt.denied, t.Announced(outcome.Denied, pcx))
				}
				show()
				if tt.again {
					time.Sleep(time.Minute)
					t.Holds(full...)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

func shown(s lab.Site, blocks []string) string {
	info := fmt.Sprintf("<ownerId>%s</ownerId><vpcId>%s</vpcId><region>%s</region>",
		s.Cell.Account, s.VPC.ID, s.Cell.Region)
	if len(blocks) > 0 {
		info += "<cidrBlock>" + blocks[0] + "</cidrBlock>"
	}
	info += "<cidrBlockSet>"
	for _, b := range blocks {
		info += "<item><cidrBlock>" + b + "</cidrBlock></item>"
	}
	return info + "</cidrBlockSet>"
}

// showing has EC2 show the active connection to connect with these two VPCs.
func showing(pcx peering.ConnectionID, requester, accepter string) func(apicall.Call) *cloudsim.Failure {
	answer := fmt.Sprintf(`<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`+
		`<requestId>r</requestId><vpcPeeringConnectionSet>`+
		`<item><vpcPeeringConnectionId>%s</vpcPeeringConnectionId><requesterVpcInfo>%s</requesterVpcInfo>`+
		`<accepterVpcInfo>%s</accepterVpcInfo>`+
		`<status><code>active</code></status></item></vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>`,
		pcx, requester, accepter)
	return func(c apicall.Call) *cloudsim.Failure {
		if c.Action != "DescribeVpcPeeringConnections" || !strings.Contains(c.ARN, "autopeer-connect") {
			return nil
		}
		return &cloudsim.Failure{Answer: answer}
	}
}

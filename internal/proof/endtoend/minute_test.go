package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// sweepsSince counts the sweeps of the cell.
func sweepsSince(t *sandboxtest.T, mark int, cell peering.Cell) (n int) {
	for _, c := range t.ByAutopeer(mark) {
		if c.Account == string(cell.Account) && c.Region == string(cell.Region) &&
			strings.Contains(c.ARN, "autopeer-sweep") && c.Action == "DescribeVpcPeeringConnections" {
			n++
		}
	}
	return n
}

// TestAThousandEdits by others in five minutes take at most 25 sweeps, and the last of them is repaired within a
// minute.
func TestAThousandEdits(t *testing.T) {
	t.Parallel()
	var late time.Duration
	sandboxtest.Run(t, sandboxtest.EditsShownLate(&late), func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		late = 10 * time.Second
		mark := t.Cloud.Mark()
		for i := range 500 {
			t.ByHand(two, func(p *lab.Person) { p.Admit(f.Group, "udp", 53, 53, fmt.Sprintf("192.0.%d.%d/32", i/250, i%250)) })
			time.Sleep(300 * time.Millisecond)
			t.ByHand(two, func(p *lab.Person) { p.Expel(f.Group, "udp", 53, 53, fmt.Sprintf("192.0.%d.%d/32", i/250, i%250)) })
			time.Sleep(300 * time.Millisecond)
		}
		t.ByHand(two, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		time.Sleep(time.Minute)
		if n := sweepsSince(t, mark, two); n > 25 || n < 5 {
			t.Errorf("%d sweeps, want at most 25", n)
		} else {
			t.Logf("%d sweeps", n)
		}
		if n := sweepsSince(t, mark, one); n > 0 {
			t.Errorf("%d sweeps of another cell, want none", n)
		}
		late = 0
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.AnnouncedOnce(outcome.Repaired, pcx)
		t.InDeadLetters(0)
	})
}

// TestADeployedPolicy is in force within a minute, also if functions with the old one were at work.
func TestADeployedPolicy(t *testing.T) {
	t.Parallel()
	const web = "allow: [{ from: marketing, to: finance, groups: { tags: { Role: finance-server } }, " +
		"protocol: tcp, ports: [443] }]"
	for name, busy := range map[string]bool{"alone": false, "beside the old one": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				pcx := t.Ask(m, f)
				t.Settle()
				if busy { // for twenty seconds the old connect is about to put its own rule back
					t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
					time.Sleep(14 * time.Second)
					until := time.Now().Add(20 * time.Second)
					defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
						if c.Action == "AuthorizeSecurityGroupIngress" && strings.Contains(c.ARN, "autopeer-connect") {
							time.Sleep(time.Until(until))
						}
						return nil
					})()
					time.Sleep(2 * time.Second)
				}
				t.Must(t.RedeployBeside(t.Ctx, between(m, f, web), nil))
				time.Sleep(time.Minute)
				t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "tcp 443", m))...)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestARemovedPeering takes the second look.
func TestARemovedPeering(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		file := lab.PingPolicy(m, f, lab.Site{})
		t.Redeploy(file[:strings.Index(file, "peerings:")] + "peerings: []\nremoved: disconnect\n")
		time.Sleep(7 * time.Minute)
		t.Holds()
		t.AnnouncedOnce(outcome.Disconnected, pcx)
	})
}

// TestAnObstacleThatAppearsLater on either side of an active connection is announced to both owners within a minute,
// and nothing is torn down.
func TestAnObstacleThatAppearsLater(t *testing.T) {
	t.Parallel()
	for name, obstruct := range map[string]func(t *sandboxtest.T, m, f lab.Site){
		"a route": func(t *sandboxtest.T, _, f lab.Site) { toServer(t, f, quarantined) },
		"a route in place of ours": func(t *sandboxtest.T, _, f lab.Site) {
			t.ByHand(f.Cell, func(p *lab.Person) { p.ReplaceByGateway(f.VPC, f.Table, "10.10.0.0/16") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothAsk(t, func(t *sandboxtest.T, m, f lab.Site, asks func() peering.ConnectionID) {
				t.Policy(lab.PingPolicy(m, f, lab.Site{}))
				pcx := asks()
				t.Settle()
				mark, seen := t.Cloud.Mark(), len(t.Announcements())
				t.ByHand(f.Cell, func(p *lab.Person) { p.ToInternet(f.VPC, f.Table) })
				obstruct(t, m, f)
				time.Sleep(time.Minute)
				codes := map[peering.Cell]string{}
				for _, o := range t.Announcements()[seen:] {
					codes[o.Cell] = o.Reason.Code
				}
				if codes[f.Cell] != "route-conflict" || codes[one] != "incomplete" {
					t.Errorf("announced %v, want the conflict there, and here that the side there is incomplete", codes)
				}
				t.Unchanged(mark)
				t.InState(one, pcx, peering.Active)
			})
		})
	}
}

// TestADeletedVPC leaves nothing on the other side for longer than a minute, if EC2 lets it be deleted at all.
func TestADeletedVPC(t *testing.T) {
	t.Parallel()
	for name, keeps := range map[string]bool{"with its connection": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(o *ec2.Options) {
				o.Switches.PeeringKeepsVPC = keeps
			}, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, bare), t.Build(accepter, lab.Finance)
				t.Policy(between(m, f, ping))
				pcx := t.Ask(m, f)
				t.Settle()
				_, err := t.Person(t.Ctx, one).EC2.DeleteVpc(t.Ctx, &awsec2.DeleteVpcInput{VpcId: aws.String(string(m.VPC.ID))})
				if keeps != (err != nil) {
					t.Fatalf("DeleteVpc: %v, want a refusal: %v", err, keeps)
				}
				time.Sleep(time.Minute)
				if keeps {
					t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))...)
					return
				}
				t.Holds()
				if n := blackholes(t, accepter); n > 0 || missed(t) > 0 {
					t.Errorf("%d tables of the other side have blackholes, and %d events count as missed", n, missed(t))
				}
				if !slices.ContainsFunc(t.Announced(outcome.Disconnected, pcx), func(o outcome.Outcome) bool {
					return o.Cell == accepter
				}) {
					t.Error("the other cell announces no disconnection")
				}
			})
		})
	}
}

// TestRepairsThatEC2MayRefuse are tried after the change that makes them possible, and after an edit.
func TestRepairsThatEC2MayRefuse(t *testing.T) {
	t.Parallel()
	t.Run("the DNS option", func(t *testing.T) {
		t.Parallel()
		betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
			m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
			t.Policy(between(m, f, "dns: true", ping))
			pcx := t.Ask(m, f)
			time.Sleep(time.Hour + 2*time.Minute)
			t.ByHand(one, func(p *lab.Person) { p.DNSHostnames(m.VPC) })
			time.Sleep(time.Minute)
			t.ByHand(accepter, func(p *lab.Person) { p.DNSHostnames(f.VPC) })
			time.Sleep(time.Minute)
			c, err := t.Connection(t.Ctx, one, pcx)
			t.Must(err)
			if c.RequesterDNS == nil || !*c.RequesterDNS {
				t.Error("the requester's option is off or unknown")
			}
		})
	})
	t.Run("a rule for a group", func(t *testing.T) {
		t.Parallel()
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
			var source peering.SecurityGroupID
			t.ByHand(one, func(p *lab.Person) { source = p.Group(m.VPC, "source", nil) })
			t.Policy(between(m, f,
				fmt.Sprintf("allow: [{ from: marketing, to: finance, groups: { tags: { Role: finance-server } }, "+
					"protocol: icmp, sources: [%s] }]", source)))
			pcx := t.Ask(m, f)
			time.Sleep(time.Hour + 2*time.Minute)
			rules, err := t.Network(one).IngressRules(t.Ctx, pcx)
			t.Must(err)
			if len(rules) != 1 {
				t.Fatalf("rules = %+v, want one", rules)
			}
			_, err = t.Person(t.Ctx, one).EC2.RevokeSecurityGroupIngress(t.Ctx, &awsec2.RevokeSecurityGroupIngressInput{
				GroupId: aws.String(string(f.Group)), SecurityGroupRuleIds: []string{string(rules[0].ID)},
			})
			t.Must(err)
			time.Sleep(time.Minute)
			if rules, err = t.Network(one).IngressRules(t.Ctx, pcx); len(rules) != 1 || err != nil {
				t.Errorf("rules = %+v, %v, want one again", rules, err)
			}
			t.AnnouncedOnce(outcome.Repaired, pcx)
		})
	})
}

// TestAModifiedRule keeps its tags: it is revoked, and made as the policy wants it, within a minute.
func TestAModifiedRule(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		time.Sleep(time.Hour)
		rules, err := t.Network(accepter).IngressRules(t.Ctx, pcx)
		t.Must(err)
		_, err = t.Person(t.Ctx, accepter).EC2.ModifySecurityGroupRules(t.Ctx, &awsec2.ModifySecurityGroupRulesInput{
			GroupId: aws.String(string(f.Group)), SecurityGroupRules: []types.SecurityGroupRuleUpdate{{
				SecurityGroupRuleId: aws.String(string(rules[0].ID)),
				SecurityGroupRule: &types.SecurityGroupRuleRequest{
					IpProtocol: aws.String("-1"), CidrIpv4: aws.String("0.0.0.0/0"),
				},
			}},
		})
		t.Must(err)
		time.Sleep(time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if o := t.AnnouncedOnce(outcome.Repaired, pcx); len(o.EditedBy) == 0 || len(o.Changes) != 2 {
			t.Errorf("announced %+v, want the repair of the rule with the editor", o)
		}
	})
}

package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestATagIsPutBackBesideAnObstacle, so that the side is closed when the peering is removed later.
func TestATagIsPutBackBesideAnObstacle(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.RouteToServer(m.Table, "172.31.1.66/32", m.Server) })
		t.Sweep()
		t.ByHand(one, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
		time.Sleep(time.Minute)
		if c, err := t.Connection(t.Ctx, one, pcx); err != nil || c.ManagedBy() != "autopeer" {
			t.Errorf("the connection is tagged %v (%v), want autopeer's tag again", c.Tags, err)
		}
		t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
		time.Sleep(40 * time.Minute)
		t.Holds(fmt.Sprintf("%s routes 172.31.1.66/32 to %s", m.Table, m.Server))
	})
}

// TestTheDeletedTagIsEvidenceOfAnUnnamedVPC: the department is gone from the file, too.
func TestTheDeletedTagIsEvidenceOfAnUnnamedVPC(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		other := t.Build(one, lab.Developer)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(without("other: "+other.Member(),
			fmt.Sprintf("third: [{ account: %q, region: %s, within: 192.168.0.0/16 }]", two.Account, two.Region)))
		t.ByHand(one, func(p *lab.Person) { p.UntagValue(string(pcx), peering.TagManaged, "autopeer") })
		time.Sleep(40 * time.Minute)
		t.Holds()
	})
}

// TestAHalfThatIsLeftIsNamed: nothing shows that autopeer connected it, so the announcement lists its routes and the
// commands.
func TestAHalfThatIsLeftIsNamed(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
		// without a value, and no rule is there
		t.ByHand(one, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
		time.Sleep(25 * time.Hour)
		left := []string{sandbox.Routes(m.Table, f, pcx), sandbox.Routes(m.VPC.Main, f, pcx)}
		t.Holds(left...)
		slices.Sort(left)
		denied := t.AnnouncedOnce(outcome.Denied, pcx)
		if !slices.Equal(denied.State, left) || strings.Count(denied.Next, "aws ec2 delete-route --region us-east-1") != 2 {
			t.Errorf("announced %+v, want the routes %q and two commands", denied, left)
		}
	})
}

// TestNarrowingWithoutTheTag: where EC2 refuses to tag the connection, traffic that stays allowed is not cut.
func TestNarrowingWithoutTheTag(t *testing.T) {
	for code, times := range map[string]int{"TagLimitExceeded": 1000, "RequestLimitExceeded": 3} {
		t.Run(code, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
				t.Policy(between(m, f, lines(pingLine)))
				pcx := t.Ask(m, f)
				t.Settle()
				mark := t.Cloud.Mark()
				defer t.Cloud.Inject(sandboxtest.Times(times, cloudsim.Failure{Code: code}, func(c apicall.Call) bool {
					return c.Action == "CreateTags" && strings.Contains(c.ARN, "autopeer-connect")
				}))()
				t.ByHand(f.Cell, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
				t.Redeploy(between(m, f, "routes: { finance: { to: [10.10.1.0/24] } }",
					lines(strings.Replace(pingLine, "to: finance,", "to: finance, sources: [10.10.1.0/24],", 1))))
				t.Sweep()
				if cuts := cutsOf(t, f, mark); len(cuts) > 0 {
					t.Errorf("10.10.1.0/24 is cut by %v", cuts)
				}
				if got := admittedIn(t, f); !slices.Equal(got, []string{"icmp 10.10.1.0/24"}) {
					t.Errorf("the group admits %q, want the narrower line", got)
				}
			})
		})
	}
}

// TestAPrefixListTakesMoreRoom than a rule of a block, which EC2 alone counts: the refused rule follows the removal in
// one run.
func TestAPrefixListTakesMoreRoom(t *testing.T) {
	sandboxtest.Run(t, func(o *ec2.Options) { o.Quotas.RulesPerGroup = 60 }, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
		var list peering.PrefixListID
		t.ByHand(f.Cell, func(p *lab.Person) {
			var blocks []string
			for i := range 25 {
				blocks = append(blocks, fmt.Sprintf("10.10.%d.0/24", i))
			}
			list = p.PrefixList("clients", blocks...)
			for i := range int32(20) {
				p.Admit(f.Group, "tcp", 1000+i, 1000+i, "192.0.2.0/24")
			}
		})
		line := func(ports string) string {
			return fmt.Sprintf("- { from: marketing, to: finance, sources: [%s], groups: { tags: { Role: finance-server } }, "+
				"protocol: tcp, ports: [%s] }", list, ports)
		}
		t.Policy(between(m, f, lines(line("440-450"))))
		t.Ask(m, f)
		t.Settle()
		time.Sleep(6 * time.Hour) // no sweep of the day is the first
		t.Redeploy(between(m, f, lines(line("443"))))
		t.Sweep()
		state, err := t.State(t.Ctx, f)
		t.Must(err)
		if want := fmt.Sprintf("%s admits tcp 443 from %s", f.Group, list); !slices.Contains(state, want) {
			t.Errorf("the state is %q, want %q in it", state, want)
		}
	})
}

// TestAThirdPartyByARange keeps its routes, also where another department has a range in its cell.
func TestAThirdPartyByARange(t *testing.T) {
	for name, end := range map[string]func(t *sandboxtest.T, pcx peering.ConnectionID, swapped string){
		"the connection is deleted": func(t *sandboxtest.T, pcx peering.ConnectionID, _ string) {
			t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		},
		"the direction is swapped": func(t *sandboxtest.T, _ peering.ConnectionID, swapped string) { t.Redeploy(swapped) },
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
				t.Build(one, lab.Developer)
				file := func(requester, manage string) string {
					return fmt.Sprintf("version: 1\nremoved: disconnect\ndepartments:\n  marketing: [{ account: %q, region: %s, "+
						"within: 10.10.0.0/16 }]\n"+
						"  finance: %s\n  developer: [{ account: %q, region: %s, within: 10.20.0.0/16 }]\npeerings:\n", one.Account,
						one.Region, f.Member(), one.Account, one.Region) +
						entry("marketing", "finance", "requester: "+requester, "manage: "+manage, ping) + entry("developer", "finance")
				}
				t.Policy(file("marketing", "accepter"))
				pcx := t.Ask(m, f)
				t.Settle()
				t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.0.0/16", pcx) })
				t.Sweep()
				end(t, pcx, file("finance", "requester"))
				time.Sleep(time.Hour)
				t.Holds(sandbox.Routes(m.Table, f, pcx))
			})
		})
	}
}

// TestClosingOutlastsAFault: while a narrower route fails with an error that no list has, the wider one waits for ten
// minutes of deliveries, and then goes.
func TestClosingOutlastsAFault(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
		t.Policy(between(m, f, lines(pingLine)))
		t.Ask(m, f)
		t.Settle()
		defer t.Cloud.Inject(sandboxtest.Times(1_000_000, cloudsim.Failure{Code: "SomeNewCode"}, func(c apicall.Call) bool {
			return c.Action == "CreateRoute" && strings.Contains(c.ARN, "autopeer-connect")
		}))()
		t.Redeploy(between(m, f, "routes: { finance: { to: [10.10.1.0/24] } }", lines(pingLine)))
		t.Must(t.Sandbox.Sweep())
		time.Sleep(5 * time.Minute)
		wide := []string{sandbox.Routes(f.Table, m, ""), sandbox.Routes(f.VPC.Main, m, "")}
		left := func() (n int) {
			state, err := t.State(t.Ctx, f)
			t.Must(err)
			for _, s := range state {
				if strings.HasPrefix(s, wide[0]) || strings.HasPrefix(s, wide[1]) {
					n++
				}
			}
			return n
		}
		if n := left(); n != 2 {
			t.Errorf("%d of the two wide routes are left after five minutes, want both", n)
		}
		time.Sleep(15 * time.Minute)
		if n := left(); n != 0 {
			t.Errorf("%d wide routes are left after twenty minutes, want none", n)
		}
	})
}

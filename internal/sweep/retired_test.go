package sweep_test

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

var three = peering.Cell{Account: "333333333333", Region: "us-east-1"}

// retiring is the policy that retires marketing's cell: finance keeps its peering with developer.
func retiring(f, d lab.Site) string {
	return fmt.Sprintf(`version: 1
retired: [{ account: %q, region: %s }]
departments:
  finance: %s
  developer: %s
peerings:
  - between: [developer, finance]
    allow:
      - { from: developer, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
`, one.Account, one.Region, f.Member(), d.Member())
}

// threeCells connects finance with marketing and with developer, each in a cell of its own.
func threeCells(t *sandboxtest.T) (m, f, d lab.Site, withMarketing, withDeveloper peering.ConnectionID) {
	m, f, d = t.Build(one, lab.Marketing), t.Build(two, lab.Finance), t.Build(three, lab.Developer)
	t.Policy(lab.PingPolicy(m, f, d))
	withMarketing, withDeveloper = t.Ask(m, f), t.Ask(d, f)
	t.Settle()
	t.Holds(append(sandboxtest.Pinging(m, f, withMarketing), sandboxtest.Pinging(d, f, withDeveloper)...)...)
	return m, f, d, withMarketing, withDeveloper
}

// TestARetiredCell: both sides of its connections are closed and announced by their own cells within two sweeps. Routes
// and rules of others stay, and so do the other peerings of its counterpart.
func TestARetiredCell(t *testing.T) {
	sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, _ bool) {
		m, f, d, pcx, other := threeCells(t)
		t.ByHand(one, func(p *lab.Person) { p.Admit(m.Group, "tcp", 22, 22, "172.31.0.0/16") })
		t.ByHand(two, func(p *lab.Person) { p.Admit(f.Group, "tcp", 22, 22, "10.10.0.0/16") })
		byHand, later := handMade(t, m)
		t.Redeploy(retiring(f, d))
		t.ByHand(one, func(p *lab.Person) { p.Delete(later) })
		time.Sleep(35 * time.Minute) // two sweeps of every cell, with their second looks
		kept := append(sandboxtest.Pinging(d, f, other), sandbox.Admits(m.Group, "tcp 22", f),
			sandbox.Admits(f.Group, "tcp 22", m))
		kept = append(kept, byHand...)
		t.Holds(kept...)
		t.InState(one, pcx, peering.Active)
		announced := map[peering.Cell]bool{}
		for _, o := range t.Announced(outcome.Disconnected, pcx) {
			announced[o.Cell] = true
			next := "delete " + string(pcx) + ", which carries no traffic any more"
			if o.Reason.Code != "retired" || o.Next != next {
				t.Errorf("announced %+v; want the code retired and the next step %q", o, next)
			}
		}
		if !announced[one] || !announced[two] {
			t.Errorf("Peering Disconnected is announced in %v; want both cells", announced)
		}
		t.AnnouncedOnce(outcome.Disconnected, pcx)
		for _, o := range t.Announcements() {
			if o.Type == outcome.DriftFound && o.Connection != pcx {
				t.Errorf("Drift Found is announced of %s, which is another principal's", o.Connection)
			}
		}
		mark := t.Cloud.Mark()
		time.Sleep(25 * time.Hour)
		t.Unchanged(mark)
		t.Holds(kept...)
		t.InDeadLetters(0)
	})
}

// TestARetiredCellBesideOneThatIsGone: the retired cell names the other one, where no autopeer is left to remove
// anything.
func TestARetiredCellBesideOneThatIsGone(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		_, _, d, pcx, _ := threeCells(t)
		t.Redeploy(fmt.Sprintf("version: 1\nretired: [{ account: %q, region: %s }]\ndepartments:\n  "+
			"developer: %s\npeerings: []\n", one.Account, one.Region, d.Member()))
		time.Sleep(35 * time.Minute)
		next := fmt.Sprintf("delete %s, which carries no traffic any more; the routes and rules in %s remain, because no "+
			"department has a member there any more: list that cell under retired", pcx, two)
		if o := t.AnnouncedOnce(outcome.Disconnected, pcx); o.Cell != one || o.Next != next {
			t.Errorf("announced %+v, want the next step %q", o, next)
		}
	})
}

// handMade connects VPCs that never had a department with marketing's, by hand, and deletes one of the connections. It
// returns the routes and rules, one blackhole among them, and a connection to delete later.
func handMade(t *sandboxtest.T, m lab.Site) (state []string, later peering.ConnectionID) {
	for i, site := range []string{"Living", "Dead", "Ended later"} {
		x := t.Build(one, func(p *lab.Person) lab.Site {
			net := fmt.Sprintf("10.%d", 77+i)
			return lab.ByHand(p, site, net+".0.0/16", net+".1.0/24", net+".1.10")
		})
		t.ByHand(one, func(p *lab.Person) {
			later = p.Request(x.VPC, one, m.VPC, site)
			time.Sleep(time.Second)
			p.Accept(later)
			time.Sleep(time.Second)
			p.RouteTo(x.Table, "10.10.0.0/16", later)
			if site == "Dead" {
				p.Delete(later)
			}
		})
		state = append(state, sandbox.Routes(x.Table, m, later), string(x.Group)+" admits tcp 22 from 0.0.0.0/0")
	}
	return state, later
}

// bothWays is the policy in which marketing's group admits finance, too, so that both sides have ingress rules.
func bothWays(m, f, d lab.Site) string {
	return strings.Replace(lab.PingPolicy(m, f, d), "    allow:\n",
		fmt.Sprintf("    allow:\n      - { from: finance, to: marketing, groups: { ids: [%s] }, protocol: icmp }\n", m.Group),
		1)
}

// TestADeletionInARetiredCell isn't forwarded, so the sweep of the other cell finds it, and that is no missed event. In
// the retired cell, the tag or an ingress rule is evidence.
func TestADeletionInARetiredCell(t *testing.T) {
	sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
		m, f, d, pcx, other := threeCells(t)
		if !kept {
			t.Redeploy(bothWays(m, f, d))
			t.Sweep()
			t.Holds(slices.Concat(sandboxtest.Pinging(m, f, pcx), []string{sandbox.Admits(m.Group, "icmp", f)},
				sandboxtest.Pinging(d, f, other))...)
		}
		t.Redeploy(retiring(f, d))
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(35 * time.Minute)
		t.IsTagged(one, pcx, kept)
		t.Holds(sandboxtest.Pinging(d, f, other)...)
		if all := t.Announced(outcome.Disconnected, pcx); len(all) != 2 || all[0].Cell == all[1].Cell {
			t.Errorf("announced %+v; want Peering Disconnected of each cell", all)
		}
		if n := missed(t); n != 0 {
			t.Errorf("%d events count as missed; want none", n)
		}
	})
}

// TestADeletionInARetiredCellWithoutEvidence: the blackholes of a side without ingress rules stay, because others may
// have made them. The cell of the other side, whose VPC is a department's, needs no evidence.
func TestADeletionInARetiredCellWithoutEvidence(t *testing.T) {
	ended := func(o *ec2.Options) { o.Switches.DeletedWithoutTags = true }
	sandboxtest.Run(t, ended, func(t *sandboxtest.T) {
		m, f, d, pcx, other := threeCells(t)
		t.Redeploy(retiring(f, d))
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(35 * time.Minute)
		t.Holds(append(sandboxtest.Pinging(d, f, other), sandbox.Routes(m.Table, f, pcx),
			sandbox.Routes(m.VPC.Main, f, pcx))...)
		t.InDeadLetters(0)
	})
}

// TestATagThatEndsDuringADeletionInARetiredCell: the rules outlive the routes, also if the tag was the evidence when
// disconnect began and could not delete the routes.
func TestATagThatEndsDuringADeletionInARetiredCell(t *testing.T) {
	ended := func(o *ec2.Options) { o.Switches.DeletedWithoutTags, o.Delays.Deleting = true, 5*time.Second }
	sandboxtest.Run(t, ended, func(t *sandboxtest.T) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(two, lab.Finance), t.Build(three, lab.Developer)
		t.Policy(bothWays(m, f, d))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(retiring(f, d))
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		until := time.Now().Add(5 * time.Second)
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "DeleteRoute" || c.Account != string(one.Account) || time.Now().After(until) {
				return nil
			}
			return &cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403}
		})()
		time.Sleep(time.Second)
		t.IsTagged(one, pcx, true)
		time.Sleep(35 * time.Minute)
		t.IsTagged(one, pcx, false)
		t.Holds()
	})
}

// TestARetiredCellWithoutItsTag: an ingress rule of the installation is evidence for its routes, also for a function
// that is killed before it has deleted them.
func TestARetiredCellWithoutItsTag(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		_, f, d, pcx, other := threeCells(t)
		t.ByHand(two, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
		defer t.Cloud.Inject(sandboxtest.Times(3, cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403},
			func(c apicall.Call) bool {
				return c.Action == "DeleteRoute" && c.Account == string(two.Account)
			}))()
		t.Redeploy(retiring(f, d))
		time.Sleep(35 * time.Minute)
		t.Holds(sandboxtest.Pinging(d, f, other)...)
	})
}

// TestAConnectionByHandToARetiredCell: without evidence it is reported, and left as it is.
func TestAConnectionByHandToARetiredCell(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(two, lab.Finance), t.Build(three, lab.Developer)
		t.Policy(retiring(f, d))
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.0.0/16", pcx) })
		time.Sleep(25 * time.Hour)
		t.Holds(sandbox.Routes(m.Table, f, pcx))
		denied := t.AnnouncedOnce(outcome.Denied, pcx)
		if denied.Reason.Code != "not-listed" ||
			denied.Reason.Sentence != "line 2 of policy.yaml retires 111111111111/us-east-1, so no VPC there may be connected" {
			t.Errorf("reason = %+v", denied.Reason)
		}
	})
}

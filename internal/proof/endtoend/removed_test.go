package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// without is a policy that no longer has the peering, with these departments.
func without(departments ...string) string {
	return "version: 1\nremoved: disconnect\ndepartments:\n  " + strings.Join(departments, "\n  ") + "\npeerings: []\n"
}

// TestRemovedFromThePolicy: for each removable part of the peering, the sides of the connection are closed by their
// own cells. A side in a cell that has left the policy is named as left.
func TestRemovedFromThePolicy(t *testing.T) {
	tests := []struct {
		name        string
		departments func(m, f, other lab.Site) []string
		isLeft      bool // marketing's side
	}{
		{"the entry", func(m, f, _ lab.Site) []string {
			return []string{"marketing: " + m.Member(), "finance: " + f.Member()}
		}, false},
		{"the entry and both departments", func(_, _, other lab.Site) []string {
			return []string{"other: " + other.Member(),
				fmt.Sprintf("third: [{ account: %q, region: %s, within: 192.168.0.0/16 }]", two.Account, two.Region)}
		}, false},
		{"the VPC's id", func(_, f, other lab.Site) []string {
			return []string{"marketing: " + other.Member(), "finance: " + f.Member()}
		}, false},
		{"the last department of a cell", func(_, f, _ lab.Site) []string {
			return []string{"finance: " + f.Member()}
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				other := t.Build(one, lab.Developer)
				pcx := t.Ask(m, f)
				t.Settle()
				t.Redeploy(without(tt.departments(m, f, other)...))
				time.Sleep(40 * time.Minute)
				if tt.isLeft {
					t.Holds(sandbox.Routes(m.Table, f, pcx), sandbox.Routes(m.VPC.Main, f, pcx))
				} else {
					t.Holds()
				}
				t.AnnouncedOnce(outcome.Disconnected, pcx)
				for _, o := range t.Announced(outcome.Disconnected, pcx) {
					if o.Reason.Code != "removed" || tt.isLeft && !strings.Contains(o.Next, "in 111111111111/us-east-1 remain") {
						t.Errorf("announced %+v, want the side in %s named as left: %v", o, one, tt.isLeft)
					}
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// TestRemovedWithoutTheTag: a rule of ours is evidence that the connection was, and routes without any evidence are
// left.
func TestRemovedWithoutTheTag(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.NoSweeps()
		for _, cell := range []peering.Cell{one, two} {
			t.ByHand(cell, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
		}
		t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
		time.Sleep(40 * time.Minute)
		t.Holds(sandbox.Routes(m.Table, f, pcx), sandbox.Routes(m.VPC.Main, f, pcx))
	})
}

// TestTheDeletedTagIsEvidence for the sweep that its record causes, and for the second look after it.
func TestTheDeletedTagIsEvidence(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
		// no rule is evidence in this cell
		t.ByHand(one, func(p *lab.Person) { p.UntagValue(string(pcx), peering.TagManaged, "autopeer") })
		time.Sleep(40 * time.Minute)
		t.Holds()
	})
}

// TestRemovedTakesASecondLook, also when an event has the cell swept right after the deployment.
func TestRemovedTakesASecondLook(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		policy := lab.PingPolicy(m, f, lab.Site{})
		t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
		t.ByHand(two, func(p *lab.Person) { p.AddBlock(f.VPC, "100.99.0.0/16") }) // sweeps both cells
		time.Sleep(4 * time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.Redeploy(policy)
		time.Sleep(30 * time.Minute)
		if announced := t.Announced(outcome.Disconnected, pcx); len(announced) > 0 {
			t.Errorf("announced %+v of a peering that is back in the policy", announced)
		}
	})
}

// TestBlackholesOfVPCsThatLeftThePolicy are removed with evidence that autopeer connected the connection, and otherwise
// reported once a day: Marketing's side has the tag alone, and Finance's also a rule.
func TestBlackholesOfVPCsThatLeftThePolicy(t *testing.T) {
	sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
		m, f := t.Company(one, two)
		other := t.Build(one, lab.Developer)
		pcx := t.Ask(m, f)
		t.Settle()
		policy := without("other: "+other.Member(),
			fmt.Sprintf("third: [{ account: %q, region: %s, within: 192.168.0.0/16 }]", two.Account, two.Region))
		t.Redeploy(strings.Replace(policy, "removed: disconnect\n", "", 1))
		t.DropEvents()
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(40 * time.Minute)
		var left []string
		if !kept {
			left = []string{sandbox.Routes(m.Table, f, pcx), sandbox.Routes(m.VPC.Main, f, pcx)}
		}
		t.Holds(left...)
		time.Sleep(49 * time.Hour)
		t.Holds(left...)
		ids, reported := map[string]bool{}, 0
		for _, o := range t.Announced(outcome.Failed, pcx) {
			if o.Reason.Code == "unowned-blackhole" && o.Cell == one {
				ids[o.ID], reported = true, reported+1
			}
		}
		if want := map[bool]int{true: 0, false: 2}[kept]; reported != want || len(ids) > 1 {
			t.Errorf("the blackholes are reported %d times under %d ids, want %d times under one", reported, len(ids), want)
		}
	})
}

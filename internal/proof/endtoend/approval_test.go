package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// approve sets the tag of an approval on the connection.
func approve(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) {
	t.Helper()
	t.ByHand(cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"}) })
}

// TestAnApprovalActsWithinSeconds: the tag's event starts accept directly, without the 15 seconds for which a sweep
// gathers events. The other cell is asked again, because its result of the request is older.
func TestAnApprovalActsWithinSeconds(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.Policy(company(m, f) + entry("marketing", "finance", "approval: manual", ping))
		pcx := t.Ask(m, f)
		time.Sleep(2 * time.Hour)
		t.InState(accepter, pcx, peering.PendingAcceptance)
		approve(t, accepter, pcx)
		time.Sleep(2 * time.Second)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if o := t.AnnouncedOnce(outcome.Accepted, pcx); o.RequestedAt.IsZero() {
			t.Errorf("the acceptance is announced without the time of the request: %+v", o)
		}
		t.InDeadLetters(0)
	})
}

// TestAnObstacleAfterAnApproval: the person who approves learns at once why the request isn't accepted.
func TestAnObstacleAfterAnApproval(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.Policy(company(m, f) + entry("marketing", "finance", "approval: manual", ping))
		pcx := t.Ask(m, f)
		time.Sleep(2 * time.Hour)
		t.ByHand(accepter, func(p *lab.Person) { p.RouteToServer(f.Table, "10.10.0.0/16", f.Server) })
		time.Sleep(time.Hour)
		approve(t, accepter, pcx)
		time.Sleep(2 * time.Second)
		t.InState(accepter, pcx, peering.PendingAcceptance)
		if o := t.AnnouncedOnce(outcome.Conflicting, pcx); len(o.Conflicts) != 1 {
			t.Errorf("announced was %+v, want the conflict", o)
		}
	})
}

// TestTheAcceptanceNamesTheApprovedDepartment: a third party's VPC may lie in the ranges of two departments while EC2
// hides its blocks. Approval is requested for one of them, and the acceptance names that one and its line, and so does
// the connected side.
func TestTheAcceptanceNamesTheApprovedDepartment(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		auditor, f := t.Build(one, lab.Developer), t.Build(two, lab.Finance)
		policy := fmt.Sprintf("version: 1\ndepartments:\n  finance: %s\n  vendor: [{ account: %q, region: %s, within: "+
			"10.10.0.0/16 }]\n  auditor: %s\npeerings:\n",
			f.Member(), one.Account, one.Region, member(auditor, "within: 10.20.0.0/16")) +
			entry("vendor", "finance", "requester: vendor", "manage: accepter") +
			entry("auditor", "finance", "requester: auditor", "manage: accepter", "approval: manual")
		t.Policy(policy)
		line := strings.Count(policy[:strings.Index(policy, "between: [auditor")], "\n") + 1
		pcx := t.Ask(auditor, f)
		time.Sleep(time.Hour)
		approve(t, two, pcx)
		t.Settle()
		for _, announced := range []outcome.Type{outcome.AskApproval, outcome.Accepted, outcome.Connected} {
			o := t.AnnouncedOnce(announced, pcx)
			if o.Requester.Department != "auditor" || o.Peering == nil || o.Peering.Line != line {
				t.Errorf("%s names %q and %+v, want auditor and line %d", announced, o.Requester.Department, o.Peering, line)
			}
		}
	})
}

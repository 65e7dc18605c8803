package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// hold puts the connection on hold in the cell.
func hold(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) {
	t.Helper()
	t.ByHand(cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagHold: "true"}) })
}

// heldSince connects Marketing with Finance, puts the connection on hold in Finance's account and waits that long.
func heldSince(t *sandboxtest.T, since time.Duration) (m, f lab.Site, pcx peering.ConnectionID) {
	t.Helper()
	m, f = t.Company(one, two)
	pcx = t.Ask(m, f)
	time.Sleep(time.Hour)
	hold(t, two, pcx)
	time.Sleep(since)
	return m, f, pcx
}

// endHold ends the hold and waits for a minute.
func endHold(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) {
	t.Helper()
	t.ByHand(cell, func(p *lab.Person) { p.Untag(string(pcx), peering.TagHold) })
	time.Sleep(time.Minute)
}

// announcedHolds returns the announcements of a hold that the cell made since the mark, and checks their words.
func announcedHolds(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID, mark int) []outcome.Outcome {
	t.Helper()
	var all []outcome.Outcome
	for _, o := range t.Announcements()[mark:] {
		if o.Reason.Code != "hold" {
			continue
		}
		all = append(all, o)
		command := fmt.Sprintf("aws ec2 delete-tags --region %s --resources %s --tags Key=autopeer:hold", cell.Region, pcx)
		if o.Type != outcome.Denied || o.Cell != cell || !strings.Contains(o.Reason.Sentence, "autopeer:hold=true") ||
			!strings.HasSuffix(o.Next, command) {
			t.Errorf("announced %s by %s: %q, next %q; want a denial by %s with the tag and %q", o.Type, o.Cell,
				o.Reason.Sentence, o.Next, cell, command)
		}
	}
	return all
}

// heldAtOnceAndDaily checks that the hold, set after mark announcements, was announced within a minute and then after
// midnight alone, under one id for each of the sides.
func heldAtOnceAndDaily(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID, mark, sides int) {
	t.Helper()
	time.Sleep(time.Minute)
	if len(announcedHolds(t, cell, pcx, mark)) == 0 {
		t.Fatalf("the hold isn't announced within a minute; announced were %+v", t.Announcements()[mark:])
	}
	time.Sleep(time.Hour) // with the announcement of a young request
	for range 2 {
		day := len(t.Announcements())
		midnight := time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)
		time.Sleep(time.Until(midnight))
		if during := announcedHolds(t, cell, pcx, day); len(during) > 0 {
			t.Errorf("announced again on the same day: %+v", during)
		}
		time.Sleep(time.Hour)
		if len(announcedHolds(t, cell, pcx, day)) < sides {
			t.Errorf("the hold isn't announced on the next day, announced were %+v", t.Announcements()[day:])
		}
	}
	ids := map[string]bool{}
	for _, o := range announcedHolds(t, cell, pcx, mark) {
		ids[o.ID] = true
	}
	if len(ids) != sides {
		t.Errorf("the hold is announced under %d ids, want %d", len(ids), sides)
	}
}

// neitherDriftNorMissed checks that no sweep found a difference.
func neitherDriftNorMissed(t *sandboxtest.T) {
	t.Helper()
	for _, o := range t.Announcements() {
		if o.Type == outcome.DriftFound || o.Type == outcome.Repaired {
			t.Errorf("announced %+v", o)
		}
	}
	for _, c := range t.Cells {
		if n := c.Missed(); n > 0 {
			t.Errorf("%s counted %d missed events", c.Cell, n)
		}
	}
	t.InDeadLetters(0)
}

// TestARequestOnHold isn't accepted, whichever cell holds it, until the tag is gone. The owner of the other side learns
// of it.
func TestARequestOnHold(t *testing.T) {
	t.Parallel()
	tests := []heldRequest{
		{name: "in one cell", accepter: one, byRequester: true},
		{name: "in the accepter's cell", accepter: two, other: "no-answer"},
		{name: "in the accepter's cell, in the same Region", accepter: near, other: "no-answer"},
		{name: "in the accepter's cell, before the approval", accepter: two, manual: true, other: "approval-needed"},
		{name: "in the accepter's cell, later", accepter: two, manual: true, later: 2 * time.Hour, other: "approval-needed"},
		{name: "in the accepter's cell, for a VPC within a range", accepter: two, within: true, other: "no-answer"},
		{name: "in the requester's cell", accepter: two, byRequester: true, other: "other-side"},
		{name: "in the requester's cell, in the same Region", accepter: near, byRequester: true, other: "other-side"},
		{
			name: "in the requester's cell, before the approval", accepter: two, byRequester: true, manual: true,
			later: 2 * time.Hour, other: "approval-needed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, tt.run)
		})
	}
}

// heldRequest is a request that one of the cells holds.
type heldRequest struct {
	name        string
	accepter    peering.Cell
	byRequester bool
	later       time.Duration // from the request to the hold
	manual      bool          // a person has to approve the request
	within      bool          // the requester's VPC is a department's by its range, and other requests are rejected
	other       string        // the reason in the other cell
}

func (r heldRequest) policy(m, f lab.Site) string {
	policy := lab.PingPolicy(m, f, lab.Site{})
	if r.manual {
		policy = strings.Replace(policy, "finance]\n", "finance]\n    approval: manual\n", 1)
	}
	if r.within {
		policy = strings.Replace(policy, "vpc: "+string(m.VPC.ID), "within: 10.10.0.0/15", 1)
		policy = strings.Replace(policy, "version: 1\n", "version: 1\notherwise: reject\n", 1)
	}
	return policy
}

func (r heldRequest) run(t *sandboxtest.T) {
	m, f := t.Build(one, lab.Marketing), t.Build(r.accepter, lab.Finance)
	t.Policy(r.policy(m, f))
	pcx := t.Ask(m, f)
	held, other := f.Cell, m.Cell
	if r.byRequester {
		held, other = other, held
	}
	time.Sleep(r.later)
	mark := len(t.Announcements())
	hold(t, held, pcx)
	heldAtOnceAndDaily(t, held, pcx, mark, 1)
	t.InState(one, pcx, peering.PendingAcceptance)
	t.Holds()
	t.Unchanged(0)
	neitherDriftNorMissed(t)
	r.othersOwnerLearns(t, held, other, pcx)
	if r.manual {
		t.ByHand(f.Cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"}) })
		time.Sleep(time.Minute)
		t.InState(one, pcx, peering.PendingAcceptance)
	}
	endHold(t, held, pcx)
	t.InState(one, pcx, peering.Active)
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	neitherDriftNorMissed(t)
}

// othersOwnerLearns checks that the other cell announced the request with the reason, and that the one with the hold
// doesn't wait for an answer.
func (r heldRequest) othersOwnerLearns(t *sandboxtest.T, held, other peering.Cell, pcx peering.ConnectionID) {
	t.Helper()
	reasons := map[peering.Cell][]string{}
	for _, o := range t.Announcements() {
		if o.Connection != pcx {
			continue
		}
		reasons[o.Cell] = append(reasons[o.Cell], o.Reason.Code)
		if o.Reason.Code == "other-side" && !strings.Contains(o.Reason.Sentence, "on hold") {
			t.Errorf("%s announces %q, which doesn't name the hold", o.Cell, o.Reason.Sentence)
		}
	}
	if r.other != "" && !slices.Contains(reasons[other], r.other) || slices.Contains(reasons[held], "no-answer") {
		t.Errorf("announced by cell: %v; want %q of the cell without the hold, and no wait of the other", reasons, r.other)
	}
}

// TestOnlyTheValueTrueHolds: other values are ignored.
func TestOnlyTheValueTrueHolds(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.ByHand(two, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagHold: "false"}) })
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAConnectionAcceptedOnHold by a person is active, and the cell with the hold adds nothing.
func TestAConnectionAcceptedOnHold(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		hold(t, accepter, pcx)
		time.Sleep(time.Minute)
		t.ByHand(accepter, func(p *lab.Person) { p.Accept(pcx) })
		time.Sleep(time.Minute)
		t.Holds(routed(m, pcx, f.VPC.Block)...)
		t.IsTagged(accepter, pcx, false)
		if o := halfOpenIn(t, one, pcx); !strings.Contains(o.Reason.Sentence, "on hold there") || o.Type != outcome.Denied {
			t.Errorf("%s announces %+v, want that the other side is on hold", one, o)
		}
		time.Sleep(25 * time.Hour)
		t.Holds(routed(m, pcx, f.VPC.Block)...)
		neitherDriftNorMissed(t)
		endHold(t, accepter, pcx)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// halfOpenIn returns the announcement of the half-open connection.
func halfOpenIn(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) outcome.Outcome {
	t.Helper()
	for _, o := range t.Announced(outcome.Denied, pcx) {
		if o.Cell == cell && o.Reason.Code == "half-open" {
			return o
		}
	}
	t.Fatalf("%s doesn't announce a half-open connection; announced were %+v", cell, t.Announcements())
	return outcome.Outcome{}
}

// TestARouteDeletedOnHold stays away until the hold ends, and is no drift. The other cell announces nothing while the
// side is complete.
func TestARouteDeletedOnHold(t *testing.T) {
	t.Parallel()
	for name, accepter := range map[string]peering.Cell{"one cell": one, "near": near, "far": two} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) { withoutARoute(t, accepter) })
		})
	}
}

func withoutARoute(t *sandboxtest.T, accepter peering.Cell) {
	m, f := t.Company(one, accepter)
	pcx := t.Ask(m, f)
	t.Settle()
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	mark, calls := len(t.Announcements()), t.Cloud.Mark()
	hold(t, accepter, pcx)
	time.Sleep(time.Minute)
	if own, all := len(announcedHolds(t, accepter, pcx, mark)), len(t.Announcements())-mark; own == 0 || own != all {
		t.Errorf("%d of %d announcements are those of the hold; want all: %+v", own, all, t.Announcements()[mark:])
	}
	t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, m.VPC.Block.String()) })
	sides := 1
	if accepter == one {
		sides = 2
	}
	heldAtOnceAndDaily(t, accepter, pcx, mark, sides)
	left := slices.DeleteFunc(sandboxtest.Pinging(m, f, pcx), func(s string) bool {
		return s == sandbox.Routes(f.Table, m, pcx)
	})
	t.Holds(left...)
	t.Unchanged(calls)
	neitherDriftNorMissed(t)
	if accepter != one && !slices.ContainsFunc(t.Announced(outcome.Denied, pcx), func(o outcome.Outcome) bool {
		return o.Cell == one && o.Reason.Code == "incomplete"
	}) {
		t.Errorf("%s doesn't learn that a part of the other side is missing", one)
	}
	endHold(t, accepter, pcx)
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	neitherDriftNorMissed(t)
}

// TestClosingOnHold: the first look removes the forbidden routes and rules. A narrower rule replaces the wider one.
func TestClosingOnHold(t *testing.T) {
	t.Parallel()
	https := "- { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: tcp, ports: [443] }"
	narrow := strings.Replace(pingLine, "to: finance,", "to: finance, sources: [10.10.1.0/24],", 1)
	tests := []struct {
		name     string
		entries  []string
		admitted []string // on hold
		changes  []string // their verbs
		then     []string // admitted once the hold has ended
	}{
		{"an entry less", nil, nil, []string{"revoke"}, nil},
		{"a narrower entry", []string{narrow}, []string{"icmp 10.10.1.0/24"}, []string{"authorize", "revoke"},
			[]string{"icmp 10.10.1.0/24"}},
		{"an entry more and one less", []string{https}, nil, []string{"revoke"}, []string{"tcp 10.10.0.0/16"}},
		{"an entry more", []string{pingLine, https}, []string{"icmp 10.10.0.0/16"}, nil,
			[]string{"icmp 10.10.0.0/16", "tcp 10.10.0.0/16"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
				t.Policy(between(m, f, lines(pingLine)))
				pcx := t.Ask(m, f)
				t.Settle()
				hold(t, near, pcx)
				time.Sleep(time.Minute)
				mark := len(t.Announcements())
				t.Redeploy(between(m, f, lines(tt.entries...)))
				t.Must(t.Sandbox.Sweep())
				time.Sleep(time.Minute)
				checkAdmitted(t, f, tt.admitted)
				closedOnHold(t, mark, tt.changes)
				time.Sleep(time.Hour)
				checkAdmitted(t, f, tt.admitted)
				endHold(t, near, pcx)
				checkAdmitted(t, f, tt.then)
				neitherDriftNorMissed(t)
			})
		})
	}
}

// checkAdmitted checks the permissions of Finance's groups.
func checkAdmitted(t *sandboxtest.T, f lab.Site, want []string) {
	t.Helper()
	if got := admittedIn(t, f); !slices.Equal(got, want) {
		t.Errorf("Finance admits %v, want %v", got, want)
	}
}

// closedOnHold checks that since the mark one announcement of the hold has changes, and that they have these verbs.
func closedOnHold(t *sandboxtest.T, mark int, verbs []string) {
	t.Helper()
	var got [][]string
	for _, o := range t.Announcements()[mark:] {
		if len(o.Changes) == 0 {
			continue
		}
		var of []string
		for _, change := range o.Changes {
			verb, _, _ := strings.Cut(change, " ")
			of = append(of, verb)
		}
		got = append(got, of)
		if o.Reason.Code != "hold" || len(o.State) == 0 {
			t.Errorf("the changes are announced with %+v, want the hold and the state that is left", o)
		}
	}
	if (len(verbs) > 0) != (len(got) == 1) || len(got) == 1 && !slices.Equal(got[0], verbs) {
		t.Errorf("announced changes %v, want %v once", got, verbs)
	}
}

// TestEndsOnHold: a deletion, and a peering that leaves the policy, remove everything.
func TestEndsOnHold(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		hold(t, one, pcx)
		hold(t, accepter, pcx)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Minute)
		t.Holds()
	})
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		hold(t, accepter, pcx)
		t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
		t.Sweep()
		t.Holds()
	})
}

// TestARejectionOnHold: a hold delays no rejection, also where the blocks of the other cell's VPC decide it.
func TestARejectionOnHold(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		policy := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "vpc: "+string(m.VPC.ID), "within: 10.99.0.0/16", 1)
		t.Policy(policy)
		pcx := t.Ask(m, f)
		hold(t, accepter, pcx)
		time.Sleep(time.Minute)
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Redeploy(strings.Replace(policy, "version: 1\n", "version: 1\notherwise: reject\n", 1))
		time.Sleep(time.Minute)
		t.InState(one, pcx, peering.Rejected)
		t.Holds()
		neitherDriftNorMissed(t)
	})
}

// TestAnEditOnHoldIsNoDrift, however soon the hold ends.
func TestAnEditOnHoldIsNoDrift(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{5 * time.Second, 20 * time.Second, 40 * time.Second, 2 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f, pcx := heldSince(t, 5*time.Minute)
				t.ByHand(two, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
				time.Sleep(after)
				endHold(t, two, pcx)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				neitherDriftNorMissed(t)
			})
		})
	}
}

// TestASurplusRouteOnHold outside the peer's blocks is removed within a minute, as without a hold.
func TestASurplusRouteOnHold(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f, pcx := heldSince(t, 5*time.Minute)
		t.ByHand(two, func(p *lab.Person) { p.RouteTo(f.Table, "99.0.0.0/8", pcx) })
		time.Sleep(time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// inReportMode returns the policy with the mode report: of the file, or of its first peering.
func inReportMode(policy string, ofPeering bool) string {
	if ofPeering {
		return strings.Replace(policy, "finance]\n", "finance]\n    mode: report\n", 1)
	}
	return strings.Replace(policy, "version: 1\n", "version: 1\nmode: report\n", 1)
}

// announcedProposals returns the proposals for the connection since the mark, and checks their words.
func announcedProposals(t *sandboxtest.T, pcx peering.ConnectionID, mark int) []outcome.Outcome {
	t.Helper()
	var all []outcome.Outcome
	for _, o := range t.Announcements()[mark:] {
		if o.Type != outcome.Proposed || o.Connection != pcx {
			continue
		}
		all = append(all, o)
		if o.Reason.Code != "report-mode" || !strings.Contains(o.Reason.Sentence, "report mode") || len(o.Changes) > 0 {
			t.Errorf("announced %+v, want the mode as the reason and no change", o)
		}
		if changes := len(o.Removals) + len(o.Additions); (changes > 0) != strings.Contains(o.Next, "remove mode: report") {
			t.Errorf("%d changes are announced with the next step %q", changes, o.Next)
		}
	}
	return all
}

// proposed returns the removals and the additions of the last proposal of each cell and side since the mark, sorted.
func proposed(t *sandboxtest.T, pcx peering.ConnectionID, mark int) (removals, additions []string) {
	t.Helper()
	last := map[string]outcome.Outcome{}
	for _, o := range announcedProposals(t, pcx, mark) {
		last[o.Cell.String()+string(o.Side)] = o
	}
	for _, o := range last {
		removals, additions = append(removals, o.Removals...), append(additions, o.Additions...)
	}
	return slices.Sorted(slices.Values(removals)), slices.Compact(slices.Sorted(slices.Values(additions)))
}

// changed returns the changes that were announced since the mark, sorted.
func changed(t *sandboxtest.T, mark int) (removals, additions []string) {
	for _, o := range t.Announcements()[mark:] {
		for _, change := range o.Changes {
			switch {
			case o.Type == outcome.Repaired: // it accompanies the outcome
			case strings.HasPrefix(change, "delete") || strings.HasPrefix(change, "revoke"):
				removals = append(removals, change)
			default:
				additions = append(additions, change)
			}
		}
	}
	return slices.Sorted(slices.Values(removals)), slices.Compact(slices.Sorted(slices.Values(additions)))
}

// madeAsProposed checks that since the mark exactly the proposed changes were made.
func madeAsProposed(t *sandboxtest.T, mark int, removals, additions []string) {
	t.Helper()
	less, more := changed(t, mark)
	if !slices.Equal(less, removals) || !slices.Equal(more, additions) {
		t.Errorf("with mode: enforce the changes are\n%q\n%q\nproposed were\n%q\n%q", less, more, removals, additions)
	}
}

// enforces deploys the policy, after which exactly the proposed changes are made and Marketing is connected with
// Finance.
func enforces(t *sandboxtest.T, policy string, m, f lab.Site, pcx peering.ConnectionID, removals, additions []string) {
	t.Helper()
	mark := len(t.Announcements())
	t.Redeploy(policy)
	time.Sleep(time.Hour)
	madeAsProposed(t, mark, removals, additions)
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
}

// proposedDaily checks that the announcedProposals are announced once a day, under one id for each cell and side.
func proposedDaily(t *sandboxtest.T, pcx peering.ConnectionID, sides int) {
	t.Helper()
	time.Sleep(time.Hour) // with the announcement of a young request
	ids := map[string]bool{}
	for range 2 {
		day := len(t.Announcements())
		time.Sleep(time.Until(time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)))
		if again := announcedProposals(t, pcx, day); len(again) > 0 {
			t.Errorf("announced again on the same day: %+v", again)
		}
		time.Sleep(time.Hour)
		today := map[string]bool{}
		for _, o := range announcedProposals(t, pcx, day) {
			ids[o.ID], today[o.ID] = true, true
		}
		if len(today) != sides {
			t.Errorf("%d ids on the next day, want %d", len(today), sides)
		}
	}
	if len(ids) != sides {
		t.Errorf("%d ids on two days, want %d", len(ids), sides)
	}
}

// TestARequestInReportMode is proposed with the changes that follow, and nothing is changed until the mode is enforce.
func TestARequestInReportMode(t *testing.T) {
	t.Parallel()
	for name, accepter := range map[string]peering.Cell{"in one cell": one, "near": near, "far": two} {
		for _, ofPeering := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, of the peering: %t", name, ofPeering), func(t *testing.T) {
				t.Parallel()
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) { requestInReportMode(t, accepter, ofPeering) })
			})
		}
	}
}

func requestInReportMode(t *sandboxtest.T, accepter peering.Cell, ofPeering bool) {
	m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
	policy := lab.PingPolicy(m, f, lab.Site{})
	t.Policy(inReportMode(policy, ofPeering))
	calls := t.Cloud.Mark()
	pcx := t.Ask(m, f)
	time.Sleep(time.Minute)
	sides := 1
	if accepter != one {
		sides = 2
	}
	proposedDaily(t, pcx, sides)
	t.InState(one, pcx, peering.PendingAcceptance)
	t.Unchanged(calls)
	t.Holds()
	neitherDriftNorMissed(t)
	for _, o := range t.Announcements() {
		if o.Type != outcome.Proposed {
			t.Errorf("announced %+v, want nothing but announcedProposals", o)
		}
	}
	removals, additions := proposed(t, pcx, 0)
	enforces(t, policy, m, f, pcx, removals, additions)
	neitherDriftNorMissed(t)
}

// TestAHandMadeConnectionInReportMode: routes of a person to single subnets would be replaced by those to whole blocks.
// They are proposed, removals apart, and untouched.
func TestAHandMadeConnectionInReportMode(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		policy := adopting(lab.PingPolicy(m, f, lab.Site{}))
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		t.ByHand(accepter, func(p *lab.Person) { p.Accept(pcx) })
		time.Sleep(time.Minute)
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.1.0/24", pcx) })
		t.ByHand(accepter, func(p *lab.Person) { p.RouteTo(f.Table, "10.10.1.0/24", pcx) })
		calls := t.Cloud.Mark()
		t.Policy(inReportMode(policy, false))
		proposedDaily(t, pcx, 2)
		t.Unchanged(calls)
		neitherDriftNorMissed(t)
		removals, additions := proposed(t, pcx, 0)
		if len(removals) != 2 || len(additions) < 5 {
			t.Errorf("proposed are\n%q\n%q\nwant the removal of both routes, and routes in all tables", removals, additions)
		}
		for _, o := range announcedProposals(t, pcx, 0) {
			if len(o.State) != 1 || !strings.Contains(o.Reason.Sentence, "existing routes and rules stay") {
				t.Errorf("announced %+v, want the route that is there", o)
			}
		}
		enforces(t, policy, m, f, pcx, removals, additions)
	})
}

// TestFromEnforceToReport: what is there stays and is named, and an edit is proposed for repair and not repaired.
func TestFromEnforceToReport(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		policy := lab.PingPolicy(m, f, lab.Site{})
		calls, mark := t.Cloud.Mark(), len(t.Announcements())
		t.Redeploy(inReportMode(policy, true))
		time.Sleep(time.Minute)
		if all := announcedProposals(t, pcx, mark); len(all) < 2 {
			t.Errorf("announced %+v, want that both sides stay", t.Announcements()[mark:])
		}
		for _, o := range announcedProposals(t, pcx, mark) {
			if len(o.Additions)+len(o.Removals) > 0 || len(o.State) == 0 ||
				!strings.Contains(o.Reason.Sentence, "would change nothing") {
				t.Errorf("announced %+v, want no change and the routes and rules that stay", o)
			}
		}
		edited := len(t.Announcements())
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, m.VPC.Block.String()) })
		t.ByHand(accepter, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
		time.Sleep(time.Minute)
		removals, additions := proposed(t, pcx, edited)
		route := fmt.Sprintf("create route %s → %s in %s", m.VPC.Block, pcx, f.Table)
		if len(removals) > 0 || len(additions) != 2 || additions[0] != route {
			t.Errorf("proposed are %q and %q, want %q and the tag", removals, additions, route)
		}
		time.Sleep(25 * time.Hour)
		t.Unchanged(calls)
		neitherDriftNorMissed(t)
		for _, o := range t.Announcements()[mark:] {
			if o.Type != outcome.Proposed && o.Reason.Code != "incomplete" {
				t.Errorf("announced %+v", o)
			}
		}
		enforces(t, policy, m, f, pcx, removals, additions)
	})
}

// TestEndsInReportMode: the routes and rules of a deleted connection are proposed for removal, and stay. The
// announcement repeats while EC2 shows the connection, and afterwards.
func TestEndsInReportMode(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		policy := lab.PingPolicy(m, f, lab.Site{})
		t.Redeploy(inReportMode(policy, true))
		time.Sleep(time.Hour)
		calls, mark := t.Cloud.Mark(), len(t.Announcements())
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Minute)
		removals, additions := proposed(t, pcx, mark)
		if len(removals) != 5 || len(additions) > 0 {
			t.Errorf("proposed are %q and %q, want the removal of all routes and the rule", removals, additions)
		}
		proposedDaily(t, pcx, 2)
		t.Unchanged(calls)
		neitherDriftNorMissed(t)
		t.Redeploy(policy)
		time.Sleep(time.Hour)
		t.Holds()
	})
}

// TestRemovedInReportMode: the peering leaves a file in report mode, which would have the connection disconnected.
func TestRemovedInReportMode(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		policy := without("marketing: "+m.Member(), "finance: "+f.Member())
		calls, mark := t.Cloud.Mark(), len(t.Announcements())
		t.Redeploy(inReportMode(policy, false))
		time.Sleep(time.Hour)
		removals, additions := proposed(t, pcx, mark)
		if len(removals) != 5 || len(additions) > 0 {
			t.Errorf("proposed are %q and %q, want the removal of all routes and the rule", removals, additions)
		}
		proposedDaily(t, pcx, 2)
		t.Unchanged(calls)
		neitherDriftNorMissed(t)
		mark = len(t.Announcements())
		t.Redeploy(policy)
		time.Sleep(time.Hour)
		t.Holds()
		madeAsProposed(t, mark, removals, additions)
	})
}

// TestARejectionInReportMode is proposed, and the request stays.
func TestARejectionInReportMode(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		other := t.Build(one, lab.Developer)
		t.Policy("version: 1\nmode: report\notherwise: reject\n" + strings.TrimPrefix(between(m, f), "version: 1\n"))
		calls := t.Cloud.Mark()
		pcx := t.Ask(other, f)
		proposedDaily(t, pcx, 1)
		t.InState(two, pcx, peering.PendingAcceptance)
		t.Unchanged(calls)
		if removals, _ := proposed(t, pcx, 0); !slices.Equal(removals, []string{"reject " + string(pcx)}) {
			t.Errorf("proposed is %q, want the rejection", removals)
		}
	})
}

// TestAReportedPeeringBesideAnotherOne: the other peering is enforced, and leaves the routes and rules of the
// connection in report mode alone.
func TestAReportedPeeringBesideAnotherOne(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		d := t.Build(near, lab.Developer)
		policy := lab.PingPolicy(m, f, d)
		t.Policy(policy)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(inReportMode(policy, true))
		time.Sleep(time.Minute)
		other := t.Ask(d, f)
		time.Sleep(time.Minute)
		t.InState(near, other, peering.Active)
		all := slices.Concat(sandboxtest.Pinging(m, f, pcx), sandboxtest.Pinging(d, f, other))
		t.Holds(all...)
		calls := t.Cloud.Mark()
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(25 * time.Hour)
		t.Unchanged(calls)
		calls = t.Cloud.Mark()
		t.ByHand(near, func(p *lab.Person) { p.Delete(other) })
		time.Sleep(time.Hour)
		if got := t.Mutations(calls); len(got) != 4 {
			t.Errorf("autopeer made %v, want the removal of the other connection's routes and rule", got)
		}
		if !slices.Contains(deadRoutes(t, f), fmt.Sprintf("%s %s", f.Table, pcx)) {
			t.Errorf("blackholes are %v, want those of %s", deadRoutes(t, f), pcx)
		}
		t.InDeadLetters(0)
	})
}

// deadRoutes returns the blackholes of the site's VPC, as tables and targets.
func deadRoutes(t *sandboxtest.T, s lab.Site) []string {
	t.Helper()
	tables, err := t.Network(s.Cell).RouteTables(t.Ctx, s.VPC.ID)
	t.Must(err)
	var all []string
	for _, table := range tables {
		for _, r := range table.Routes {
			if r.Blackhole {
				all = append(all, fmt.Sprintf("%s %s", table.ID, r.Target))
			}
		}
	}
	return all
}

// TestAnObstacleInReportMode: a proposal lists the removals that wouldn't wait, and the obstacle.
func TestAnObstacleInReportMode(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
		time.Sleep(time.Minute)
		t.ByHand(one, func(p *lab.Person) {
			p.RouteTo(m.Table, "192.168.0.0/16", pcx)
			p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16")
		})
		calls := t.Cloud.Mark()
		t.Policy(inReportMode(lab.PingPolicy(m, f, lab.Site{}), true))
		time.Sleep(time.Hour)
		t.Unchanged(calls)
		for _, o := range announcedProposals(t, pcx, 0) {
			isObstructed := len(o.Conflicts) == 1 && len(o.Removals) == 1 &&
				strings.Contains(o.Reason.Sentence, "additions would wait")
			if o.Cell == one && !isObstructed || o.Cell == two && len(o.Conflicts) > 0 {
				t.Errorf("announced %+v, want the conflict of %s and one removal", o, one)
			}
		}
		if len(announcedProposals(t, pcx, 0)) < 2 {
			t.Errorf("announced %+v, want announcedProposals of both sides", t.Announcements())
		}
	})
}

// TestTheAnswerInReportMode isn't ready: the accepter's cell in the mode enforce, as during a deployment, doesn't
// accept, and announces why. Once the side is ready, it accepts.
func TestTheAnswerInReportMode(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(inReportMode(lab.PingPolicy(m, f, lab.Site{}), true))
		mail := readMail(t)
		t.Ask(m, f)
		t.Settle()
		const answer = "Side Checked report-mode"
		mail.want(t, answer, question, answer)
	})
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		mail := readMail(t)
		mail.setWay(func(message.Message, time.Duration) []time.Duration { return nil })
		pcx := t.Ask(m, f)
		t.Settle()
		c, err := t.Connection(t.Ctx, two, pcx)
		t.Must(err)
		send := func(code message.Code) {
			answer := message.New(message.SideChecked, c, peering.Accepter, time.Now())
			answer.Code, answer.Blocks, answer.Assumed = code, prefixes("10.10.0.0/16"), prefixes("172.31.0.0/16")
			deliver(t, two, one, answer, time.Now())
		}
		send(message.ReportMode)
		t.InState(two, pcx, peering.PendingAcceptance)
		if o := t.AnnouncedOnce(outcome.Denied, pcx); o.Reason.Code != "other-side" ||
			!strings.HasSuffix(o.Reason.Sentence, "because the peering is in report mode there") {
			t.Errorf("announced %+v, want the mode of the other side", o)
		}
		send(message.Ready)
		t.InState(two, pcx, peering.Active)
		mark := len(t.Announcements())
		c, err = t.Connection(t.Ctx, two, pcx)
		t.Must(err)
		send(message.ReportMode)
		last := t.Announcements()[mark:]
		if len(last) != 1 || last[0].Reason.Code != "half-open" ||
			!strings.Contains(last[0].Reason.Sentence, "because the peering is in report mode there") {
			t.Errorf("announced %+v, want that the other side isn't connected", last)
		}
	})
}

// TestApprovalInReportMode: a request that a person has to approve is proposed with the command, and the approval
// changes nothing.
func TestApprovalInReportMode(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		policy := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n    approval: manual\n", 1)
		t.Policy(inReportMode(policy, true))
		calls := t.Cloud.Mark()
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		isAsked := func(o outcome.Outcome) bool {
			return o.Cell == accepter &&
				slices.ContainsFunc(o.Notes, func(n string) bool { return strings.Contains(n, "create-tags") })
		}
		if !slices.ContainsFunc(announcedProposals(t, pcx, 0), isAsked) || len(t.Announced(outcome.AskApproval, pcx)) > 0 {
			t.Errorf("announced %+v, want a proposal with the command that approves", t.Announcements())
		}
		t.ByHand(accepter, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"}) })
		time.Sleep(time.Hour)
		t.Unchanged(calls)
		removals, additions := proposed(t, pcx, 0)
		enforces(t, policy, m, f, pcx, removals, additions)
	})
}

// TestLeftoversInReportMode: blackholes of an ended connection in report mode are in the way of another connection, and
// aren't replaced.
func TestLeftoversInReportMode(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		d := t.Build(near, func(p *lab.Person) lab.Site {
			return lab.ByHand(p, "Developer", "10.10.0.0/16", "10.10.1.0/24", "10.10.1.10")
		})
		policy := lab.PingPolicy(m, f, d)
		t.Policy(policy)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(inReportMode(policy, true))
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Minute)
		calls := t.Cloud.Mark()
		other := t.Ask(d, f)
		time.Sleep(time.Hour)
		t.Unchanged(calls)
		t.InState(near, other, peering.PendingAcceptance)
		isConflict := func(o outcome.Outcome) bool {
			return o.Cell == two && len(o.Conflicts) > 0 && o.Conflicts[0].Target == peering.Target(pcx)
		}
		if !slices.ContainsFunc(t.Announced(outcome.Conflicting, other), isConflict) {
			t.Errorf("announced %+v, want the conflict with %s", t.Announcements(), pcx)
		}
		t.Redeploy(policy)
		time.Sleep(time.Hour)
		t.InState(near, other, peering.Active)
	})
}

// TestRulesBesideAnotherInstallationInReportMode: the rules for a connection that another installation has tagged are
// proposed for removal.
func TestRulesBesideAnotherInstallationInReportMode(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(inReportMode(lab.PingPolicy(m, f, lab.Site{}), true))
		time.Sleep(time.Minute)
		calls, mark := t.Cloud.Mark(), len(t.Announcements())
		t.ByHand(two, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagManaged: "green"}) })
		time.Sleep(25 * time.Hour)
		t.Unchanged(calls)
		removals, additions := proposed(t, pcx, mark)
		if len(removals) != 1 || !strings.HasPrefix(removals[0], "revoke") || len(additions) > 0 {
			t.Errorf("proposed are %q and %q, want the revocation", removals, additions)
		}
		neitherDriftNorMissed(t)
	})
}

package sweep

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// find returns the differences from the policy, sorted by their keys. It reads nothing.
func (s *Sweeper) find(current observed) findings {
	alive := s.alive(current)
	var found findings
	for _, c := range current.connections {
		c = current.WithBlocks(c)
		d := s.policy.Decide(c)
		differences := s.differences(c, d, current, alive)
		if d.Reports {
			differences = s.proposed(c, d, current, differences)
		}
		found = append(found, differences...)
	}
	found = append(found, s.leftovers(current, alive)...)
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.key(), b.key()) })
	return found
}

// differences returns those of a connection that EC2 shows, except the remains of a dead one.
func (s *Sweeper) differences(
	c peering.Connection, d policy.Decision, current observed, alive map[peering.ConnectionID]bool,
) findings {
	switch {
	case s.isForeign(c, current):
		return append(s.foreign(c, d), s.displaced(c, d, current)...)
	case c.State == peering.PendingAcceptance:
		return s.pending(c, d, current, alive)
	case c.State == peering.Expired && s.isRecent(c.Expires):
		return findings{s.remind(c, d, function.Accept)}
	case c.State == peering.Active:
		return s.active(c, d, current, alive)
	}
	return nil
}

// alive reports of every connection whether its routes and rules stay: it lives, or another installation has to remove
// its remains.
func (s *Sweeper) alive(current observed) map[peering.ConnectionID]bool {
	alive := map[peering.ConnectionID]bool{}
	for _, c := range current.known() {
		alive[c.ID] = c.State != "" && !c.State.IsDead() || s.isForeign(c, current)
	}
	return alive
}

// foreign repeats the announcement of the conflict with another installation once a day, if this policy allows the
// connection, too.
func (s *Sweeper) foreign(c peering.Connection, d policy.Decision) findings {
	if c.State != peering.Active || d.Verdict != policy.Accept || !s.isFirstOfDay() {
		return nil
	}
	return findings{s.remind(c, d, function.Connect)}
}

// displaced finds the installation's own rules for a connection of another: both had begun to connect it.
func (s *Sweeper) displaced(c peering.Connection, d policy.Decision, current observed) findings {
	rules := s.ours(c.ID, current)
	if len(rules) == 0 {
		return nil
	}
	f := s.found(c, d, function.Disconnect, displaced,
		fmt.Sprintf("%s is managed by the installation %s, and %s has rules for it", c.ID,
			c.ManagedBy(), s.policy.Installation))
	f.want(plan.Disconnect(plan.Remains{Connection: c.ID, Rules: rules}).Changes())
	return findings{f}
}

func (s *Sweeper) isForeign(c peering.Connection, current observed) bool {
	return c.IsForeignTo(s.policy.Installation, current.rulesOf(c.ID))
}

// pending finds requests that wait although the policy answers them. Requests that are left pending, or that
// another cell answers, are announced once more, in case the event of the request was lost, and then once a day.
// Each side of a request between two cells is checked again, in case a message was lost or the side is free now.
func (s *Sweeper) pending(
	c peering.Connection, d policy.Decision, current observed, alive map[peering.ConnectionID]bool,
) findings {
	free := s.isAllowed(c, d) && s.isFree(c, d, current, alive)
	mine := c.Accepter.Cell() == s.cell && d.Manages(peering.Accepter)
	switch {
	case s.mustAgree(c, d) && (free || s.asksForBlocks(c, d)):
		return findings{s.agree(c, d, current)}
	case mine && (free && !s.mustAgree(c, d) || d.Verdict == policy.Reject):
		return findings{s.unanswered(c, d)}
	}
	return s.waiting(c, d)
}

// waiting repeats the announcement of a request that waits for another reason than the other cell's answer.
func (s *Sweeper) waiting(c peering.Connection, d policy.Decision) findings {
	switch f := s.remind(c, d, function.Accept); {
	case isOnHold(c, d):
		return findings{f.onHold(s.isDue(c))}
	case s.isDue(c):
		return findings{f}
	}
	return nil
}

// mustAgree reports whether the sides of the request are two cells that have to agree.
func (s *Sweeper) mustAgree(c peering.Connection, d policy.Decision) bool {
	return c.Requester.Cell() != c.Accepter.Cell() && d.Manages(peering.Requester) && d.Manages(peering.Accepter)
}

// isAllowed reports whether the policy allows the request. In the requester's cell, a request that needs an
// approval counts as allowed, because only the accepter's cell can read the tag of the approval.
func (s *Sweeper) isAllowed(c peering.Connection, d policy.Decision) bool {
	return d.Verdict == policy.Accept || d.Verdict == policy.Ask && c.Accepter.Cell() != s.cell
}

// asksForBlocks reports whether a request to the cell may have to be rejected, which depends on the blocks of the
// requester.
func (s *Sweeper) asksForBlocks(c peering.Connection, d policy.Decision) bool {
	return c.Accepter.Cell() == s.cell && s.policy.MayReject(c, d)
}

func (s *Sweeper) unanswered(c peering.Connection, d policy.Decision) finding {
	f := s.found(c, d, function.Accept, unanswered, fmt.Sprintf("%s still waits: %s", c.ID, d.Reason))
	f.missed = s.isMissed(c, d)
	return f
}

// agree returns the finding that has accept check the side of a request between two cells again. If it is due, and
// the second look confirms it, the wait for the other cell is announced.
func (s *Sweeper) agree(c peering.Connection, d policy.Decision, current observed) finding {
	f := s.remind(c, d, function.Accept)
	due := s.isDue(c)
	f.waits, f.quiet = true, !due
	expected := s.policy.Expected(c)
	f.known = len(expected.Requester.Blocks) > 0 && len(expected.Accepter.Blocks) > 0
	f.resources = current.editable(s.cell.Own(c.Requester, c.Accepter)...)
	f.due = due && d.Verdict == policy.Accept && !isOnHold(c, d) // or else it waits for a person here
	return f
}

// isDue reports whether a waiting request is announced by this sweep: some minutes after it was made, and once a day.
func (s *Sweeper) isDue(c peering.Connection) bool {
	return s.isRecent(c.RequestedAt().Add(grace)) || s.isFirstOfDay()
}

// forwards reports whether requests from the cell cause events here: those of this cell, of its counterparts, and
// of cells without a peering whose requests are rejected.
func (s *Sweeper) forwards(cell peering.Cell) bool {
	return cell == s.cell || slices.Contains(s.policy.Counterparts(s.cell), cell) ||
		slices.Contains(s.policy.RejectingCells, cell)
}

// latest is the maximal delay of an event. CloudTrail takes about five minutes on average.
const latest = 15 * time.Minute

// isMissed reports whether the event of a request that should be answered is lost, and not only late. The request is at
// least as old as a late event, and younger than the previous sweep, which has seen older ones and found an obstacle, a
// denial or a missing approval. Only requests have an age: EC2 doesn't show when a connection was accepted, deleted or
// tagged, and repairs don't wait until an event is certainly lost.
func (s *Sweeper) isMissed(c peering.Connection, d policy.Decision) bool {
	if !d.Manages(peering.Requester) || !s.forwards(c.Requester.Cell()) {
		return false // the request was made outside the cells of autopeer
	}
	age := s.now().Sub(c.RequestedAt())
	return age >= latest && age < s.interval+grace+jitter && c.Tags[peering.TagApproved] == ""
}

// jitter is the maximal delay of a scheduled sweep.
const jitter = time.Minute

// isFree reports whether the cell's sides of a request have no obstacle, with the checks of accept.
func (s *Sweeper) isFree(
	c peering.Connection, d policy.Decision, current observed, alive map[peering.ConnectionID]bool,
) bool {
	if current.Twin(c, s.policy) != nil || c.IsHeld() {
		return false
	}
	halves := current.Reserving(s.cell, c, s.policy, nil, s.now()).Prospects(s.cell, c, d, s.policy)
	for i, half := range halves {
		halves[i] = s.withLeftovers(half, current, alive)
	}
	conflicts, shortages := plan.Foresee(halves...)
	return len(conflicts)+len(shortages) == 0 && !slices.ContainsFunc(halves, isUnread)
}

func isUnread(side plan.Side) bool { return side.Unread() != nil }

// isRecent reports whether that time is less than one and a half intervals ago, so that at most two scheduled
// sweeps have followed it.
func (s *Sweeper) isRecent(t time.Time) bool {
	age := s.now().Sub(t)
	return age >= 0 && age < s.interval*3/2
}

func (s *Sweeper) active(
	c peering.Connection, d policy.Decision, current observed, alive map[peering.ConnectionID]bool,
) findings {
	if s.policy.Maintains(c, d, current.Rules) {
		return s.sides(c, d, current, alive)
	}
	return s.unallowed(c, d, current)
}

// sides finds missing and surplus routes and rules on the sides that the cell owns. An objection of the policy, which
// stops all additions, is announced once a day.
func (s *Sweeper) sides(
	c peering.Connection, d policy.Decision, current observed, alive map[peering.ConnectionID]bool,
) findings {
	var halves []plan.Side
	for _, role := range c.Roles(s.cell) {
		if d.Manages(role) {
			halves = append(halves, s.withLeftovers(current.Side(c, role, d, s.policy), current, alive))
		}
	}
	var found findings
	for i, p := range plan.ConnectSides(halves...) {
		found = append(found, s.side(halves[i], p, d, current)...)
	}
	if len(found) == 0 && d.IsObjection() && s.isFirstOfDay() {
		return findings{s.remind(c, d, function.Connect)}
	}
	return found
}

func (s *Sweeper) side(side plan.Side, p plan.Plan, d policy.Decision, current observed) findings {
	c := side.Connection
	f := s.found(c, d, function.Connect, drifted,
		fmt.Sprintf("the %s side of %s differs from %s", side.Role, c.ID, s.policy.File))
	f.Side = side.Role
	f.want(p.Intended())
	f.closes = p.Closes()
	f.obstructed = p.IsObstructed()
	f.freed, f.freedAt = s.freed(side, p, f)
	f.resources = append(f.resources, p.Obstacles()...)
	switch {
	case p.NeedsConsent():
		return findings{f.asProposal(s.isFirstOfDay())}
	case c.IsHeld():
		f.items = itemsOf(plan.Connect(released(side)).Changes()) // an edit of them is no drift, also if the hold ends soon
		return findings{f.onHold(s.isFirstOfDay())}
	case p.IsObstructed(): // announced as long as the obstacle exists, but an unread list alone is an error of the sweep
		f.reminder, f.prompt, f.announced = true, slices.ContainsFunc(p.Changes(), plan.Tags), !p.HasObstacle()
	case len(p.Changes()) == 0:
		return slices.Concat(s.leftOut(side, d), s.kept(side, d), f.afterObstacle())
	case mayBeRefused(p): // a reminder, since nothing has drifted if EC2 refuses it as before
		f.doubtful, f.reminder, f.prompt = true, f.freed || s.isFirstOfDay(), f.freed
		return append(s.leftOut(side, d), f)
	case p.OnlyTags():
		f.reminder, f.prompt = true, true // the tag was deleted: it is put back without an announcement of drift
	case s.isUnconnected(side, f, current):
		f.Outcome = f.Because(unconnected, fmt.Sprintf("%s is active, and its %s side isn't connected: %s",
			c.ID, side.Role, d.Reason), d.Key())
	}
	return findings{f}
}

// freed reports whether an obstacle of the side has ended, and returns the time at which that was found. While
// additions wait for prefix lists, these may hide the obstacle, so it ends only once they are read.
func (s *Sweeper) freed(side plan.Side, p plan.Plan, f finding) (bool, time.Time) {
	if isUnread(side) && !p.HasObstacle() || !s.obstructed.ends(f.half(), side, p) {
		return false, time.Time{}
	}
	return true, s.now()
}

// isUnconnected reports whether nothing shows that the side was ever connected: no tag, no rule and no recently
// deleted tag. With "tags: none" a side without rules can't show it, and counts as connected if it has a route and
// a principal has just edited another.
func (s *Sweeper) isUnconnected(side plan.Side, f finding, current observed) bool {
	if len(side.Ours) > 0 || current.untagged.Restored(side.Connection).ManagedBy() != "" {
		return false
	}
	edit := current.edits.Of(f.items...).Without(s.isOwn)
	return side.Terms.Tags != policy.NoTags || len(edit.By) == 0 || !side.IsConnected()
}

// leftOut repeats the announcement of a connected side while a VPC has a block that the policy doesn't permit.
// Nothing records whether the block was announced before, and an event may be lost. The announcement keeps its id
// until the blocks change.
func (s *Sweeper) leftOut(side plan.Side, d policy.Decision) findings {
	if len(side.LeftOut) == 0 {
		return nil
	}
	f := s.remind(side.Connection, d, function.Connect)
	f.Side, f.prompt = side.Role, true
	return findings{f}
}

// kept repeats the announcement of a connected side with a kept route after a deployment. The new policy may have
// ended the conflict with that route, and nothing records that there was a conflict.
func (s *Sweeper) kept(side plan.Side, d policy.Decision) findings {
	if !side.KeepsRoute() {
		return nil
	}
	f := s.remind(side.Connection, d, function.Connect)
	f.Side, f.kept, f.announced = side.Role, true, true
	return findings{f}
}

// want sets the changes that the repair has to make.
func (f *finding) want(changes []plan.Change) {
	for _, c := range changes {
		f.Wanted = append(f.Wanted, c.String())
		f.Keys = append(f.Keys, c.Key())
	}
	f.items = itemsOf(changes)
	for _, item := range f.items {
		resource, _, _ := strings.Cut(item, " ")
		f.resources = append(f.resources, resource)
	}
}

func itemsOf(changes []plan.Change) []string {
	var items []string
	for _, c := range changes {
		items = append(items, plan.ItemOf(c))
	}
	return items
}

// mayBeRefused reports whether the plan has only changes that EC2 may refuse until a person fixes a resource. These are
// the DNS option while a VPC has no DNS host names, or a rule for a group or prefix list that doesn't exist. Such a
// plan is tried once a day and after changes, instead of with every sweep.
func mayBeRefused(p plan.Plan) bool {
	for _, change := range p.Changes() {
		switch c := change.(type) {
		case plan.EnableDNS:
		case plan.Authorize:
			if c.Permissions[0].Source.IsValid() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// withLeftovers completes the side with the obstructing routes and rules of dead connections.
func (s *Sweeper) withLeftovers(side plan.Side, current observed, alive map[peering.ConnectionID]bool) plan.Side {
	side.Dead = map[peering.ConnectionID]bool{}
	isLeft := func(id peering.ConnectionID) bool { return !alive[id] && !side.Spares(current.shown(id), s.policy) }
	for _, t := range side.Tables {
		for _, r := range t.Routes {
			if id := peering.ConnectionID(r.Target); r.Blackhole && r.Target.IsConnection() && isLeft(id) &&
				current.wasConnected(id, side.By) {
				side.Dead[id] = true
			}
		}
	}
	for _, r := range peering.RulesOf(side.By, current.Rules) {
		if isLeft(r.Connection()) &&
			slices.ContainsFunc(side.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group }) {
			side.Old = append(side.Old, r)
		}
	}
	return side
}

// unallowed handles an active connection that the policy doesn't allow. It is announced once a day, or disconnected if
// autopeer has connected it and the policy requires that.
func (s *Sweeper) unallowed(c peering.Connection, d policy.Decision, current observed) findings {
	tables := slices.DeleteFunc(slices.Clone(current.Tables),
		func(t peering.RouteTable) bool { return s.isThirdParty(t.VPC, current) })
	remains := plan.Disconnect(plan.Remains{Connection: c.ID, Tables: tables, Rules: s.ours(c.ID, current)}).Changes()
	if s.policy.Closes(current.untagged.Restored(c), d, current.rulesOf(c.ID)) {
		if len(remains) == 0 {
			return nil
		}
		code := removed
		if s.policy.Retires(c) {
			code = retired
		}
		f := s.found(c, d, function.Disconnect, code, fmt.Sprintf("%s has routes or rules, and %s", c.ID, d.Reason))
		f.want(remains)
		f.untagged = current.untagged.Of(c.ID)
		return findings{f}
	}
	if !s.isFirstOfDay() {
		return nil
	}
	return findings{s.remind(c, d, function.Connect)}
}

func (s *Sweeper) isFirstOfDay() bool {
	now := s.now().UTC()
	return now.Sub(now.Truncate(24*time.Hour)) < s.interval
}

// leftovers finds the blackholes and rules of dead connections.
func (s *Sweeper) leftovers(current observed, alive map[peering.ConnectionID]bool) findings {
	remains := map[peering.ConnectionID]plan.Remains{}
	for _, c := range current.known() {
		r := plan.Remains{Connection: c.ID, Tables: s.blackholes(c, current), Rules: s.ours(c.ID, current)}
		if !alive[c.ID] && len(plan.Disconnect(r).Changes()) > 0 {
			remains[c.ID] = r
		}
	}
	var found findings
	for _, id := range slices.Sorted(maps.Keys(remains)) {
		f := s.found(peering.Connection{ID: id}, policy.Decision{}, function.Disconnect, leftover,
			fmt.Sprintf("%s was deleted, but its routes or rules remain", id))
		f.Requester, f.Accepter = nil, nil
		f.want(plan.Disconnect(remains[id]).Changes())
		if s.policy.Reports(plan.Inventory{VPCs: current.read}.WithBlocks(current.shown(id))) {
			f = f.asProposal(s.isFirstOfDay())
		}
		found = append(found, f)
	}
	return found
}

// blackholes returns the tables whose blackholes to the dead connection the installation removes: all tables if
// there is evidence that it connected the connection, or else those of the VPCs that the policy names.
func (s *Sweeper) blackholes(c peering.Connection, current observed) []peering.RouteTable {
	connected := c.IsConnectedBy(s.policy.Installation, current.rulesOf(c.ID))
	return slices.DeleteFunc(slices.Clone(current.blackholes), func(t peering.RouteTable) bool {
		return !current.named[t.VPC] && (!connected || s.isThirdParty(t.VPC, current))
	})
}

// unowned returns the deletions of the blackholes to a dead connection that blackholes leaves out, except those of
// third parties.
func (s *Sweeper) unowned(c peering.Connection, current observed) []plan.Change {
	if c.IsConnectedBy(s.policy.Installation, current.rulesOf(c.ID)) {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(current.blackholes), func(t peering.RouteTable) bool {
		return current.named[t.VPC] || s.isThirdParty(t.VPC, current)
	})
	return plan.Disconnect(plan.Remains{Connection: c.ID, Tables: others}).Changes()
}

// isThirdParty reports whether the VPC is a third party's, by its blocks where they were read.
func (s *Sweeper) isThirdParty(vpc peering.VPCID, current observed) bool {
	known := s.vpc(vpc)
	for _, v := range current.read {
		if v.ID == vpc {
			known = v
		}
	}
	return s.policy.IsThirdParty(known)
}

// ours returns the installation's own rules for the connection.
func (s *Sweeper) ours(c peering.ConnectionID, current observed) []peering.IngressRule {
	return peering.RulesOf(s.policy.Installation, current.rulesOf(c))
}

func (s *Sweeper) found(c peering.Connection, d policy.Decision, by function.Name, code, sentence string) finding {
	o := announce.Outcome(outcome.DriftFound, s.cell, c, d, s.policy.File).Because(code, sentence, d.Key())
	o.Repair = by
	o.RequestedAt = c.RequestedAt()
	return finding{Outcome: o}
}

// remind returns a finding that repeats the announcement of the connection, without drift.
func (s *Sweeper) remind(c peering.Connection, d policy.Decision, by function.Name) finding {
	f := s.found(c, d, by, string(d.Code), d.Reason)
	f.reminder, f.news = true, s.isNews(c)
	return f
}

// isNews reports whether a reminder may be the first one of the connection: the request has expired, or it is so
// young that scheduled sweeps, with their second look, haven't sent a reminder before.
func (s *Sweeper) isNews(c peering.Connection) bool {
	return c.State == peering.Expired || c.State == peering.PendingAcceptance &&
		s.now().Sub(c.RequestedAt()) < 2*grace+s.interval*3/2+jitter
}

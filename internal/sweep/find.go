package sweep

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
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
	alive := map[peering.ConnectionID]bool{} // or another installation's, whose remains are its own affair
	for _, c := range current.connections {
		alive[c.ID] = !c.State.IsDead() || c.IsForeignTo(s.policy.Installation)
	}
	var found findings
	for _, c := range current.connections {
		c = current.WithBlocks(c)
		d := s.policy.Decide(c)
		switch {
		case c.IsForeignTo(s.policy.Installation):
			found = append(found, s.foreign(c, d)...)
		case c.State == peering.PendingAcceptance:
			found = append(found, s.pending(c, d, current)...)
		case c.State == peering.Expired && s.isRecent(c.Expires):
			found = append(found, s.remind(c, d, function.Accept))
		case c.State == peering.Active && d.Verdict == policy.Accept:
			found = append(found, s.sides(c, d, current, alive)...)
		case c.State == peering.Active:
			found = append(found, s.unallowed(c, d, current)...)
		}
	}
	found = append(found, s.leftovers(current, alive)...)
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.key(), b.key()) })
	return found
}

// foreign has the conflict with another installation announced once a day, where the policy allows the connection too.
func (s *Sweeper) foreign(c peering.Connection, d policy.Decision) findings {
	if c.State != peering.Active || d.Verdict != policy.Accept || !s.isFirstOfDay() {
		return nil
	}
	return findings{s.remind(c, d, function.Connect)}
}

// lifetime is how long AWS lets a request wait.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-connection-quotas.html
const lifetime = 7 * 24 * time.Hour

// pending finds requests that wait although the policy answers them. Requests that are left pending, or that another cell
// answers, are announced once more, in case the event of the request was lost, and then once a day.
func (s *Sweeper) pending(c peering.Connection, d policy.Decision, current observed) findings {
	mine := c.Accepter.Cell() == s.cell && d.Manages(peering.Accepter)
	switch {
	case mine && d.Verdict == policy.Accept && s.isFree(c, d, current), mine && d.Verdict == policy.Reject:
		f := s.found(c, d, function.Accept, unanswered, fmt.Sprintf("%s still waits: %s", c.ID, d.Reason))
		f.missed = s.isMissed(c, d)
		return findings{f}
	case (mine || d.Verdict != policy.Accept) && (s.isRecent(c.Expires.Add(grace-lifetime)) || s.isFirstOfDay()):
		return findings{s.remind(c, d, function.Accept)}
	}
	return nil
}

// forwards reports whether the cell's calls cause events here: those of this cell and of its counterparts.
func (s *Sweeper) forwards(cell peering.Cell) bool {
	return cell == s.cell || slices.Contains(s.policy.Counterparts(s.cell), cell)
}

// latest is how late an event may be: CloudTrail takes about five minutes on average.
const latest = 15 * time.Minute

// isMissed reports whether the event of a request that should be answered is lost, and not just late. The request is at
// least as old as a late event, and younger than the previous sweep: an older one was seen then and could not be
// answered, because of an obstacle, the policy or an approval that was still missing. Only requests have an age. EC2 doesn't
// show when a connection was accepted, deleted or tagged, and a repair doesn't wait until an event is certainly lost.
func (s *Sweeper) isMissed(c peering.Connection, d policy.Decision) bool {
	if !d.Manages(peering.Requester) || !s.forwards(c.Requester.Cell()) {
		return false // autopeer has no cell where the request was made
	}
	age := s.now().Sub(c.Expires.Add(-lifetime))
	return age >= latest && age < s.interval+grace+jitter && c.Tags[peering.TagApproved] == ""
}

// jitter is how much later than planned a sweep may look.
const jitter = time.Minute

func (s *Sweeper) isFree(c peering.Connection, d policy.Decision, current observed) bool {
	conflicts, shortages := current.Obstacles(s.cell, s.policy.Expected(c), d, s.policy)
	return len(conflicts)+len(shortages) == 0
}

// isRecent reports whether no sweep but this one, or the one after it, comes within an interval of that time.
func (s *Sweeper) isRecent(t time.Time) bool {
	age := s.now().Sub(t)
	return age >= 0 && age < s.interval*3/2
}

// sides finds missing and surplus routes and rules on the sides that the cell owns.
func (s *Sweeper) sides(c peering.Connection, d policy.Decision, current observed, alive map[peering.ConnectionID]bool) findings {
	var found findings
	if d.Provisional {
		return nil
	}
	for _, role := range c.Roles(s.cell) {
		if d.Manages(role) {
			found = append(found, s.side(withLeftovers(current.Side(c, role, d, s.policy), current, alive), d)...)
		}
	}
	return found
}

func (s *Sweeper) side(side plan.Side, d policy.Decision) findings {
	c, p := side.Connection, plan.Connect(side)
	f := s.found(c, d, function.Connect, drifted, fmt.Sprintf("the %s side of %s differs from %s", side.Role, c.ID, s.policy.File))
	f.Side = side.Role
	f.want(p.Changes)
	switch {
	case p.IsObstructed():
		f.reminder = true // the obstacle is announced as long as it is there
	case len(p.Changes) == 0, mayBeRefused(p) && !s.isFirstOfDay():
		return s.leftOut(side, d)
	case c.ManagedBy() == "":
		f.Outcome = f.Because(unconnected, fmt.Sprintf("%s is active, and its %s side isn't connected: %s", c.ID, side.Role, d.Reason), d.Key())
	}
	return findings{f}
}

// leftOut has a connected side announced again while a VPC has a block that the policy doesn't permit. Nothing records whether
// the block was announced before, and an event may be lost. The id of the announcement repeats until the blocks change.
func (s *Sweeper) leftOut(side plan.Side, d policy.Decision) findings {
	if len(side.LeftOut) == 0 {
		return nil
	}
	f := s.remind(side.Connection, d, function.Connect)
	f.Side, f.leftOut = side.Role, true
	return findings{f}
}

// want sets the changes that the repair has to make.
func (f *finding) want(changes []plan.Change) {
	for _, c := range changes {
		f.Wanted = append(f.Wanted, c.String())
		f.Keys = append(f.Keys, c.Key())
	}
}

// mayBeRefused reports whether the plan has only changes that EC2 may refuse until a person fixes a resource: the DNS
// option while a VPC has no DNS host names, or a rule for a group or prefix list that doesn't exist. Such a plan is tried
// once a day instead of with every sweep.
func mayBeRefused(p plan.Plan) bool {
	for _, change := range p.Changes {
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

// withLeftovers completes the side with the routes and rules in its way that dead connections have left.
func withLeftovers(side plan.Side, current observed, alive map[peering.ConnectionID]bool) plan.Side {
	side.Dead = map[peering.ConnectionID]bool{}
	for _, t := range side.Tables {
		for _, r := range t.Routes {
			if id := peering.ConnectionID(r.Target); r.Blackhole && r.Target.IsConnection() && !alive[id] {
				side.Dead[id] = true
			}
		}
	}
	for _, r := range current.Rules {
		if !alive[r.Connection()] && slices.ContainsFunc(side.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group }) {
			side.Old = append(side.Old, r)
		}
	}
	return side
}

// unallowed handles an active connection that the policy doesn't allow. It is reported once a day, or disconnected if
// autopeer has connected it and the policy asks for that.
func (s *Sweeper) unallowed(c peering.Connection, d policy.Decision, current observed) findings {
	remains := plan.Disconnect(plan.Remains{Connection: c.ID, Tables: current.Tables, Rules: tagged(current.Rules, c.ID)}).Changes
	if s.policy.Closes(c, d, current.Rules) {
		if len(remains) == 0 {
			return nil
		}
		code := removed
		if s.policy.Retires(c) {
			code = retired
		}
		f := s.found(c, d, function.Disconnect, code, fmt.Sprintf("%s has routes or rules, and %s", c.ID, d.Reason))
		f.want(remains)
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
	note := func(id peering.ConnectionID) {
		if !alive[id] && s.mayRemove(id, current) {
			remains[id] = plan.Remains{Connection: id, Tables: current.blackholes, Rules: tagged(current.Rules, id)}
		}
	}
	for _, t := range current.blackholes {
		for _, r := range t.Routes {
			if r.Blackhole && r.Target.IsConnection() {
				note(peering.ConnectionID(r.Target))
			}
		}
	}
	for _, r := range current.Rules {
		note(r.Connection())
	}
	var found findings
	for _, id := range slices.Sorted(maps.Keys(remains)) {
		f := s.found(peering.Connection{ID: id}, policy.Decision{}, function.Disconnect, leftover, fmt.Sprintf("%s was deleted, but its routes or rules remain", id))
		f.Requester, f.Accepter = nil, nil
		f.want(plan.Disconnect(remains[id]).Changes)
		found = append(found, f)
	}
	return found
}

// mayRemove reports whether blackholes to the dead connection may be removed. In a retired cell a VPC may
// never have been a department's, so the installation needs evidence that the connection was its own.
func (s *Sweeper) mayRemove(id peering.ConnectionID, current observed) bool {
	if !s.policy.IsRetired(s.cell) {
		return true
	}
	c := peering.Connection{ID: id}
	for _, known := range current.connections {
		if known.ID == id {
			c = known
		}
	}
	return c.IsConnectedBy(s.policy.Installation, current.Rules)
}

func tagged(rules []peering.IngressRule, id peering.ConnectionID) []peering.IngressRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r peering.IngressRule) bool { return r.Connection() != id })
}

func (s *Sweeper) found(c peering.Connection, d policy.Decision, by function.Name, code, sentence string) finding {
	o := announce.Outcome(outcome.DriftFound, s.cell, c, d, s.policy.File).Because(code, sentence, d.Key())
	o.Repair = by
	if !c.Expires.IsZero() {
		o.RequestedAt = c.Expires.Add(-lifetime)
	}
	return finding{Outcome: o}
}

// remind returns a finding that has the connection announced once more, without drift.
func (s *Sweeper) remind(c peering.Connection, d policy.Decision, by function.Name) finding {
	f := s.found(c, d, by, string(d.Code), d.Reason)
	f.reminder = true
	return f
}

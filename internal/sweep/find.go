package sweep

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// find says what isn't as the policy says, in the order of the connections. It reads nothing.
func (s *Sweeper) find(seen sight) findings {
	alive := map[peering.ConnectionID]bool{}
	for _, c := range seen.connections {
		alive[c.ID] = c.State != peering.Expired
	}
	var found findings
	for _, c := range seen.connections {
		c = seen.Fill(c)
		d := s.policy.Decide(c)
		switch {
		case c.State == peering.PendingAcceptance:
			found = append(found, s.pending(c, d, seen)...)
		case c.State == peering.Expired && s.isRecent(c.Expires):
			found = append(found, s.remind(c, d, function.Accept))
		case c.State == peering.Active && d.Verdict == policy.Accept:
			found = append(found, s.sides(c, d, seen, alive)...)
		case c.State == peering.Active:
			found = append(found, s.unallowed(c, d, seen)...)
		}
	}
	found = append(found, s.leftovers(seen, alive)...)
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(a.key(), b.key()) })
	return found
}

// lifetime is how long AWS lets a request wait.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-connection-quotas.html
const lifetime = 7 * 24 * time.Hour

// pending finds requests that wait although the policy has an answer. Where the answer is to leave them, or for
// somebody else to give, they are announced once more, in case the event of a request was lost, and then once a day.
func (s *Sweeper) pending(c peering.Connection, d policy.Decision, seen sight) findings {
	mine := c.Accepter.Cell() == s.cell && d.Manages(peering.Accepter)
	switch {
	case mine && d.Verdict == policy.Accept && s.isFree(c, d, seen), mine && d.Verdict == policy.Reject:
		f := s.found(c, d, function.Accept, unanswered, fmt.Sprintf("%s still waits: %s", c.ID, d.Reason))
		f.missed = d.Manages(peering.Requester)
		return findings{f}
	case (mine || d.Verdict != policy.Accept) && (s.isRecent(c.Expires.Add(grace-lifetime)) || s.isFirstOfDay()):
		return findings{s.remind(c, d, function.Accept)}
	}
	return nil
}

func (s *Sweeper) isFree(c peering.Connection, d policy.Decision, seen sight) bool {
	conflicts, shortages := seen.Obstacles(s.cell, s.policy.Expected(c), d, s.policy.Limits)
	return len(conflicts)+len(shortages) == 0
}

// isRecent reports whether no sweep but this one, or the one after it, comes within an interval of that time.
func (s *Sweeper) isRecent(t time.Time) bool {
	age := s.now().Sub(t)
	return age >= 0 && age < s.interval*3/2
}

// sides finds what is missing or too much on the sides that the cell owns.
func (s *Sweeper) sides(c peering.Connection, d policy.Decision, seen sight, alive map[peering.ConnectionID]bool) findings {
	var found findings
	if d.Provisional {
		return nil
	}
	for _, role := range c.Roles(s.cell) {
		if d.Manages(role) {
			found = append(found, s.side(withLeftovers(seen.Side(c, role, d, s.policy.Limits), seen, alive), d)...)
		}
	}
	return found
}

func (s *Sweeper) side(side plan.Side, d policy.Decision) findings {
	c, p := side.Connection, plan.Connect(side)
	f := s.found(c, d, function.Connect, drifted, fmt.Sprintf("the %s side of %s isn't as %s says", side.Role, c.ID, s.policy.File))
	f.Side, f.Wanted = side.Role, words(p.Changes)
	switch {
	case p.IsObstructed():
		f.reminder = true // the obstacle is announced as long as it is there
	case len(p.Changes) == 0, mayBeRefused(p) && !s.isFirstOfDay():
		return nil
	case !c.IsManaged():
		f.Outcome = f.Because(unconnected, fmt.Sprintf("%s is active, and its %s side isn't connected: %s", c.ID, side.Role, d.Reason))
		f.missed = d.Manages(peering.Accepter)
	}
	return findings{f}
}

func words(changes []plan.Change) []string {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = c.String()
	}
	return all
}

// mayBeRefused reports whether nothing is missing but what EC2 may refuse until a person mends something: the DNS
// option while a VPC has no DNS host names, a rule for a group or a prefix list that there isn't. It would be missed,
// tried and refused with every sweep; once a day is enough.
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

// withLeftovers tells the side what dead connections have left in its way.
func withLeftovers(side plan.Side, seen sight, alive map[peering.ConnectionID]bool) plan.Side {
	side.Dead = map[peering.ConnectionID]bool{}
	for _, t := range side.Tables {
		for _, r := range t.Routes {
			if id := peering.ConnectionID(r.Target); r.Blackhole && r.Target.IsConnection() && !alive[id] {
				side.Dead[id] = true
			}
		}
	}
	for _, r := range seen.Rules {
		if !alive[r.Connection()] && slices.ContainsFunc(side.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group }) {
			side.Old = append(side.Old, r)
		}
	}
	return side
}

// unallowed is about an active connection that the policy doesn't allow. It is reported once a day, or taken back if
// autopeer has connected it and the policy says so.
func (s *Sweeper) unallowed(c peering.Connection, d policy.Decision, seen sight) findings {
	remains := plan.Disconnect(plan.Remains{Connection: c.ID, Tables: seen.Tables, Rules: tagged(seen.Rules, c.ID)}).Changes
	if s.policy.Removed == policy.DisconnectRemoved && c.IsManaged() && d.IsUnlisted() {
		if len(remains) == 0 {
			return nil
		}
		f := s.found(c, d, function.Disconnect, removed, fmt.Sprintf("%s has routes or rules, and %s", c.ID, d.Reason))
		f.Wanted = words(remains)
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

// leftovers finds blackholes and rules of connections that are no longer alive.
func (s *Sweeper) leftovers(seen sight, alive map[peering.ConnectionID]bool) findings {
	remains := map[peering.ConnectionID]plan.Remains{}
	for _, t := range seen.blackholes {
		for _, r := range t.Routes {
			if id := peering.ConnectionID(r.Target); r.Blackhole && r.Target.IsConnection() && !alive[id] {
				remains[id] = plan.Remains{Connection: id, Tables: seen.blackholes, Rules: tagged(seen.Rules, id)}
			}
		}
	}
	for _, r := range seen.Rules {
		if id := r.Connection(); !alive[id] {
			remains[id] = plan.Remains{Connection: id, Tables: seen.blackholes, Rules: tagged(seen.Rules, id)}
		}
	}
	var found findings
	for _, id := range slices.Sorted(maps.Keys(remains)) {
		f := s.found(peering.Connection{ID: id}, policy.Decision{}, function.Disconnect, leftover, fmt.Sprintf("%s is gone, and what it left is not", id))
		f.Requester, f.Accepter = nil, nil
		f.missed = !s.policy.HasThirdParties() // one of them may have deleted it
		f.Wanted = words(plan.Disconnect(remains[id]).Changes)
		found = append(found, f)
	}
	return found
}

func tagged(rules []peering.IngressRule, id peering.ConnectionID) []peering.IngressRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r peering.IngressRule) bool { return r.Connection() != id })
}

func (s *Sweeper) found(c peering.Connection, d policy.Decision, by function.Name, code, sentence string) finding {
	o := outcome.Of(outcome.DriftFound, s.cell, c, d, s.policy.File).Because(code, sentence)
	o.Repair = by
	if !c.Expires.IsZero() {
		o.RequestedAt = c.Expires.Add(-lifetime)
	}
	return finding{Outcome: o}
}

// remind has a connection looked at once more without a word of drift.
func (s *Sweeper) remind(c peering.Connection, d policy.Decision, by function.Name) finding {
	f := s.found(c, d, by, string(d.Code), d.Reason)
	f.reminder = true
	return f
}

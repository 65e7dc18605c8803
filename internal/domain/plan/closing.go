package plan

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// closing plans the removals of a side whose additions wait: every route and rule with traffic that the policy
// forbids. Routes and rules for the parts of that traffic that stay allowed are added first if the quotas have
// room. Nothing else is added.
func closing(s Side, resources []resource) Plan {
	var p Plan
	var work [3][]Change
	for _, full := range resources {
		r := full
		r.gains, r.losses = only(full.gains, item.isClosing), only(full.losses, item.isClosing)
		o := r.order()
		work = o.with(work, s)
		p.State = append(p.State, r.remaining(o)...)
		p.Shortages = append(p.Shortages, full.shortagesOf(o, r.losses, s.onlyCloses())...)
		if !s.onlyCloses() { // otherwise the objection or the hold is the reason, and has to end before conflicts matter
			p.Conflicts, p.IsUnread = append(p.Conflicts, r.conflicts...), p.IsUnread || r.unread
		}
		p.Waits = p.Waits || s.Connection.IsHeld() && full.lacks(o)
	}
	if s.IsConnected() && !s.Connection.IsHeld() { // the tag is evidence for the existing routes and rules
		work[0] = append(work[0], planTags(s)...)
	}
	p.Steps, p.State = s.evidenceLast(steps(work[:]...)), sortedFacts(p.State)
	return p
}

// onlyCloses reports whether additions wait, apart from obstacles among the side's routes and rules.
func (s Side) onlyCloses() bool { return s.Closing || s.Connection.IsHeld() }

// lacks reports whether a wanted route or rule is missing once the changes of o are made.
func (r resource) lacks(o order) bool {
	return len(r.gains) > len(o.now)+len(o.last)
}

// IsConnected reports whether the side has a route to the connection, or a rule that the installation made for it.
func (s Side) IsConnected() bool {
	return len(s.Ours) > 0 || slices.ContainsFunc(s.Tables, func(t peering.RouteTable) bool {
		return len(routesTo(t, s.Connection.ID)) > 0
	})
}

func (i item) isClosing() bool { return i.closes }

// remaining returns the facts of the resource once the changes are made.
func (r resource) remaining(o order) []Fact {
	var facts []Fact
	for _, i := range r.existing {
		if !slices.ContainsFunc(r.losses, func(loss item) bool { return loss.fact == i.fact }) {
			facts = append(facts, i.fact)
		}
	}
	for _, gain := range slices.Concat(o.now, o.last) {
		facts = append(facts, gain.fact)
	}
	return facts
}

// shortagesOf returns the shortages that remain after the changes of o, so that a repetition of the plan has the same
// ones. With an objection, only the parts without room count, because nothing else would be added.
func (r resource) shortagesOf(o order, closed []item, objection bool) []Shortage {
	var short []Shortage
	for _, q := range r.quotas {
		made := q.count(o.now) + q.count(o.last)
		left := ofQuota(q, q.have-q.count(r.losses)+made, q.count(r.gains)-made, q.limit)
		if len(left) == 0 || objection {
			left = ofQuota(q, q.have-q.count(closed)+made, q.count(o.lacking), q.limit)
		}
		short = append(short, left...)
	}
	return short
}

// isBlind reports whether EC2 doesn't show the blocks of a side yet.
func (s Side) isBlind() bool {
	return len(s.Connection.Requester.Blocks) == 0 || len(s.Connection.Accepter.Blocks) == 0
}

// certain plans the removals of a side whose blocks EC2 doesn't show: the rules that no block could make a wanted
// one, since no allow entry names their group, protocol or ports. Routes stay.
func certain(s Side) []Change {
	return revocations(only(s.Ours, func(r peering.IngressRule) bool {
		return !slices.ContainsFunc(s.Terms.Allow, func(a policy.Allow) bool { return s.mayAdmit(a, r) })
	}), false)
}

// mayAdmit reports whether the entry names the rule's group and some of its protocol and ports.
func (s Side) mayAdmit(a policy.Allow, r peering.IngressRule) bool {
	groups, _ := chosenGroups(a.Groups, s.Groups)
	return slices.Contains(groups, r.Group) && slices.ContainsFunc(Ranges(a), func(ports policy.PortRange) bool {
		return overlapPorts(peering.Permission{Protocol: a.Protocol, From: ports.From, To: ports.To}, r.Permission)
	})
}

package connect

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/parallel"
)

// unfinished remembers attempts that EC2 refused in part, until the side is complete. Without this memory, the next
// delivery couldn't distinguish additions that weren't removed from a side that works.
type unfinished struct {
	mu      sync.Mutex
	added   map[half][]plan.Change // that are still to be taken back
	refused map[half][]string      // the keys of the additions that EC2 refused last
}

type half struct {
	connection peering.ConnectionID
	role       peering.Role
}

// begin returns the additions to take back if EC2 refuses some: those of the attempt and of unfinished ones. It
// returns nil for a side that was connected before.
func (u *unfinished) begin(s *side) []plan.Change {
	u.mu.Lock()
	defer u.mu.Unlock()
	before, again := u.added[s.key()]
	if !again && !u.isNew(s) {
		return nil
	}
	return slices.Concat(before, s.Changes())
}

// end remembers the additions that are still to be taken back; nil for none.
func (u *unfinished) end(s *side, left []plan.Change) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if left == nil {
		delete(u.added, s.key())
		return
	}
	if u.added == nil {
		u.added = map[half][]plan.Change{}
	}
	u.added[s.key()] = left
}

// refuse remembers the additions that EC2 refused; none once the side is complete.
func (u *unfinished) refuse(s *side, refused []plan.Change) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(refused) == 0 {
		delete(u.refused, s.key())
		return
	}
	if u.refused == nil {
		u.refused = map[half][]string{}
	}
	var keys []string
	for _, c := range refused {
		keys = append(keys, c.Key())
	}
	u.refused[s.key()] = keys
}

func (s *side) key() half { return half{s.half.Connection.ID, s.half.Role} }

// isNew reports whether the side wasn't connected before the attempt. Such a side has no rule of the installation,
// and no route or only routes that people made: EC2 refused the last attempt, nothing shows that they are the
// installation's, or all rules are missing. An attempt that also removes routes may have moved traffic to the
// routes that it adds, and is not taken back.
func (u *unfinished) isNew(s *side) bool {
	switch {
	case !s.half.IsConnected():
		return true
	case len(s.half.Ours) > 0 || s.Closes():
		return false
	}
	_, again := u.refused[s.key()]
	return again || !s.half.Connection.IsConnectedBy(s.half.By, s.half.Rules) || slices.ContainsFunc(s.Changes(), isRule)
}

// isRule reports whether the change adds a rule without which the side isn't connected. A rule that EC2 may refuse
// because its source group doesn't exist must not keep routes from being added.
func isRule(c plan.Change) bool {
	_, adds := c.(plan.Authorize)
	return adds && plan.IsEssential(c)
}

// arrange moves the additions that EC2 refused last to the front of the plans of new sides, so that nothing is
// added and taken back while the refusal lasts. A sweep also repeats attempts of other processes, whose refusals
// are unknown. In most cases EC2 refused a rule, and routes would move traffic for a moment, so rules come before
// routes.
func (u *unfinished) arrange(sides []side, repeated bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range sides {
		s := &sides[i]
		if len(s.Steps) == 0 || !u.isNew(s) {
			continue
		}
		refused, rest := split(s.Steps[0], func(c plan.Change) bool { return slices.Contains(u.refused[s.key()], c.Key()) })
		var rules []plan.Change
		if repeated {
			rules, rest = split(rest, isRule)
		}
		steps := slices.Concat([][]plan.Change{refused, rules, rest}, s.Steps[1:])
		s.Steps = slices.DeleteFunc(steps, func(step []plan.Change) bool { return len(step) == 0 })
	}
}

func split(changes []plan.Change, isFirst func(plan.Change) bool) (first, rest []plan.Change) {
	for _, c := range changes {
		if isFirst(c) {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	return first, rest
}

// carryOutAll carries out the plans of all sides, in the turns of plan.Turns, and returns the error of each side.
// If patient is true, no turn begins after one with a Retryable error, and its sides get that error.
func (c *Connector) carryOutAll(ctx context.Context, sides []side, patient bool) []error {
	faults := make([]error, len(sides))
	halves, plans := make([]plan.Side, len(sides)), make([]plan.Plan, len(sides))
	for i, s := range sides {
		halves[i], plans[i] = s.half, s.Plan
	}
	var before error
	for _, turn := range plan.Turns(halves, plans) {
		waits := patient && before != nil && fault.Of(before) == fault.Retryable
		var working sync.WaitGroup
		for _, i := range turn {
			if waits {
				faults[i] = before
				continue
			}
			working.Go(func() { faults[i] = c.carryOut(ctx, &sides[i], patient) })
		}
		working.Wait()
		before = errors.Join(faults...)
	}
	return faults
}

// carryOut makes the changes, and returns the errors of the missing ones with the classes of apply.Steps. If EC2
// refuses a change without which a new side isn't connected, it takes back the others, so that the side is as
// before.
func (c *Connector) carryOut(ctx context.Context, s *side, patient bool) error {
	added := c.unfinished.begin(s)
	made, refused, err := apply.Steps(ctx, c.network, s.Steps, patient)
	s.outcome.Changes = append(s.outcome.Changes, made...)
	if slices.ContainsFunc(refused, plan.IsEssential) {
		s.code = message.Refused
		if added != nil {
			c.unfinished.refuse(s, refused)
			err = errors.Join(err, c.takeBack(ctx, s, added, err))
		}
		return errors.Join(err, s.rest)
	}
	if s.isRest(made, refused, err) {
		err = c.note(ctx, s, refused)
	}
	if err == nil {
		c.unfinished.end(s, nil)
		c.unfinished.refuse(s, nil)
	}
	err = errors.Join(err, s.rest)
	s.complete = err == nil && s.code == ""
	return err
}

// takeBack removes the routes and rules that were added to the side. The next delivery removes those that can't be
// removed now, and those that were added by a call without an answer.
func (c *Connector) takeBack(ctx context.Context, s *side, added []plan.Change, attempt error) error {
	c.unfinished.end(s, added) // before it takes time, during which another message may be delivered
	taken, err := c.remove(ctx, s.half, added)
	s.outcome.Changes = append(s.outcome.Changes, taken...)
	if err == nil && fault.Of(attempt) != fault.Retryable {
		added = nil
	}
	c.unfinished.end(s, added)
	return err
}

func (c *Connector) remove(ctx context.Context, half plan.Side, added []plan.Change) ([]string, error) {
	remains := plan.Remains{Connection: half.Connection.ID}
	var tables []peering.RouteTable
	var rules []peering.IngressRule
	err := parallel.Do(ctx,
		parallel.Read(&tables, c.network.RouteTablesTo, half.Connection.ID),
		parallel.Read(&rules, c.network.IngressRules, half.Connection.ID),
	)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r peering.Route) bool { return !adds(added, t.ID, r) })
		remains.Tables = append(remains.Tables, t)
	}
	remains.Rules = slices.DeleteFunc(peering.RulesOf(c.policy.Installation, rules), func(r peering.IngressRule) bool {
		return !slices.ContainsFunc(half.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group })
	})
	return apply.All(ctx, c.network, plan.Disconnect(remains).Changes())
}

// adds reports whether the changes add the route. Another route to the connection was made by a person.
func adds(changes []plan.Change, t peering.RouteTableID, r peering.Route) bool {
	return slices.ContainsFunc(changes, func(change plan.Change) bool {
		switch c := change.(type) {
		case plan.CreateRoute:
			return c.Table == t && c.Destination == r.Destination
		case plan.ReplaceRoute:
			return c.Table == t && c.Destination == r.Destination
		}
		return false
	})
}

package accept

import (
	"context"
	"errors"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/observe"
)

// check returns message.Ready if the cell's sides have no obstacle, or else the code of the first obstacle and the
// outcome. It is as strict as connect, which checks again once the connection is active. The sides are those that
// were checked.
func (a *Accepter) check(ctx context.Context, r request) (message.Code, outcome.Outcome, []plan.Side, error) {
	o := a.outcome(outcome.Accepted, r.connection, r.decision)
	if r.connection.IsHeld() {
		return message.Hold, announce.OnHold(o, r.connection.State), nil, nil
	}
	if twin := r.current.Twin(r.connection, a.policy); twin != nil {
		return message.AlreadyConnected, announce.AlreadyConnected(o, *twin), nil, nil
	}
	inventory := r.current.Reserving(a.cell, r.connection, a.policy, a.recent.promises(r.checkedAt), r.checkedAt)
	halves := inventory.Prospects(a.cell, r.connection, r.decision, a.policy)
	for i := range halves {
		var err error
		if halves[i], err = observe.WithLeftovers(ctx, a.network, a.policy, halves[i]); err != nil {
			return "", o, nil, err
		}
	}
	conflicts, shortages := plan.Foresee(halves...)
	switch {
	case len(conflicts) > 0:
		return message.RouteConflict, announce.Obstructed(o, conflicts, shortages), nil, nil
	case len(shortages) > 0:
		return message.Quota, announce.Obstructed(o, nil, shortages), nil, nil
	}
	return message.Ready, o, halves, unread(halves)
}

// unread joins the errors of the prefix lists that have to be read before the sides are known to be free.
func unread(halves []plan.Side) error {
	var all []error
	for _, half := range halves {
		all = append(all, half.Unread())
	}
	return errors.Join(all...)
}

// codes maps the codes of decisions to those of messages.
var codes = map[policy.Code]message.Code{
	policy.Allowed:        message.Ready,
	policy.ApprovalNeeded: message.Ready, // the accepter's cell sees the approval
	policy.Overlap:        message.Overlap,
	policy.CIDRMismatch:   message.CIDRMismatch,
	policy.Multipath:      message.Multipath,
	policy.WrongDirection: message.NotListed,
	policy.SameVPC:        message.NotListed,
	policy.NotListed:      message.NotListed,
}

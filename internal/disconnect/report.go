package disconnect

import (
	"context"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// reports reports whether nothing may be changed for the connection. Only where some peerings are in report mode
// does that depend on the blocks of the cell's VPCs, which EC2 doesn't show of an ended connection.
func (d *Disconnector) reports(ctx context.Context, current observed) (bool, error) {
	c := current.shown()
	own := d.cell.Own(c.Requester, c.Accepter)
	if !d.policy.IsMixed() || len(own) == 0 {
		return d.policy.Reports(c), nil
	}
	var known plan.Inventory
	var err error
	known.VPCs, err = d.network.VPCs(ctx, own...)
	return d.policy.Reports(known.WithBlocks(c)), err
}

// propose announces the removals instead of making them. o has their reason.
func (d *Disconnector) propose(ctx context.Context, h hint.Hint, o outcome.Outcome, changes []plan.Change) error {
	return announce.Publish(ctx, d.announcer, h, announce.ProposedRemoval(o, changes))
}

package connect

import (
	"context"
	"errors"
	"fmt"

	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// claim tags the connection as the installation's before anything else is changed. A function that is killed later leaves the
// evidence from which the rest is finished or taken back, and of two installations one goes on: IAM denies to replace
// the other's tag. It returns ErrOutdated if another installation was first.
func (c *Connector) claim(ctx context.Context, pcx *peering.Connection, sides []side) error {
	for i := range sides {
		s := &sides[i]
		tags, rest := apart(s.Changes)
		if len(tags) == 0 || pcx.ManagedBy() == c.policy.Installation {
			continue
		}
		made, err := apply.All(ctx, c.network, tags)
		if err != nil {
			return c.unlessTaken(ctx, pcx.ID, err)
		}
		s.outcome.Changes, s.Changes = made, rest
	}
	return nil
}

func apart(changes []plan.Change) (tags, rest []plan.Change) {
	for _, change := range changes {
		if _, ok := change.(plan.Tag); ok {
			tags = append(tags, change)
		} else {
			rest = append(rest, change)
		}
	}
	return tags, rest
}

// unlessTaken returns ErrOutdated if the connection is another installation's by now, and else the fault of tagging it.
func (c *Connector) unlessTaken(ctx context.Context, id peering.ConnectionID, refusal error) error {
	shown, err := c.network.Connections(ctx, id)
	if err != nil {
		return errors.Join(refusal, err)
	}
	for _, pcx := range shown {
		if pcx.IsForeignTo(c.policy.Installation, nil) {
			return fmt.Errorf("%s was tagged by the installation %s first: %w", id, pcx.ManagedBy(), fault.ErrOutdated)
		}
	}
	return refusal
}

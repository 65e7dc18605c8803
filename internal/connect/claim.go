package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// unclaimed reduces the sides' plans to the removals, which don't wait for a tag, and the additions that keep a
// part of the removed traffic. If the connection is another installation's, no change remains.
func unclaimed(sides []side, err error) {
	for i := range sides {
		s := &sides[i]
		if len(s.Changes()) == 0 {
			continue
		}
		s.rest = errors.Join(s.rest, err)
		if errors.Is(err, fault.ErrOutdated) {
			s.Steps = nil
			continue
		}
		s.half.Closing = true
		s.Steps = plan.Connect(s.half).Steps
		for n, step := range s.Steps {
			s.Steps[n] = slices.DeleteFunc(step, plan.Tags)
		}
	}
}

// claim tags the connection as the installation's before anything else is changed. If the function is killed later,
// the tag is the evidence with which another run completes or removes its changes. Of two installations only one
// continues, because IAM denies replacing the other's tag. claim returns ErrOutdated if another installation was
// first, and otherwise the Changer's error.
func (c *Connector) claim(ctx context.Context, pcx *peering.Connection, sides []side) error {
	for i := range sides {
		s := &sides[i]
		tags := slices.DeleteFunc(s.Changes(), func(c plan.Change) bool { return !plan.Tags(c) })
		if len(tags) == 0 || pcx.ManagedBy() == c.policy.Installation {
			continue
		}
		made, err := apply.All(ctx, c.network, tags)
		if err != nil {
			return c.unlessTaken(ctx, pcx.ID, err)
		}
		s.outcome.Changes = made
		for i, step := range s.Steps {
			s.Steps[i] = without(step, tags)
		}
	}
	return nil
}

// unlessTaken returns ErrOutdated if the connection now has the tag of another installation, and otherwise the
// error of tagging it.
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

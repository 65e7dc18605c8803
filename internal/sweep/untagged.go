package sweep

import (
	"context"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// announceUntagged announces the rules of autopeer that have lost their tags: after an event, which may have been the loss, and
// once a day.
func (s *Sweeper) announceUntagged(ctx context.Context, h hint.Hint, current observed) error {
	if h.Kind == hint.Suspected || h.Kind == hint.Scheduled && !s.isFirstOfDay() {
		return nil
	}
	if outcomes := s.untagged(current); len(outcomes) > 0 {
		return s.announcer.Announce(ctx, outcomes...)
	}
	return nil
}

func (s *Sweeper) untagged(current observed) []outcome.Outcome {
	shown := map[peering.ConnectionID]peering.Connection{}
	for _, c := range current.connections {
		shown[c.ID] = c
	}
	var all []outcome.Outcome
	for _, r := range plan.Untagged(current.Groups, current.Rules) {
		o := outcome.Outcome{Type: outcome.Failed, Cell: s.cell, Connection: r.Connection}
		c, ok := shown[r.Connection]
		if ok && s.isForeign(c, current) {
			continue
		}
		if ok {
			o = announce.Outcome(outcome.Failed, s.cell, c, s.policy.Decide(current.WithBlocks(c)), s.policy.File)
		}
		all = append(all, announce.LostTags(o, r))
	}
	return all
}

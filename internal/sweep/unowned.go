package sweep

import (
	"context"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// announceUnowned announces, once a day, the blackholes that the installation doesn't delete: their connection no
// longer exists, the policy doesn't name their VPC, and there is no evidence that the installation connected it.
func (s *Sweeper) announceUnowned(ctx context.Context, due hint.Sweep, current observed) error {
	if !due.Scheduled || !s.isFirstOfDay() {
		return nil
	}
	alive := s.alive(current)
	var all []outcome.Outcome
	for _, c := range current.known() {
		if alive[c.ID] {
			continue
		}
		routes := s.unowned(c, current)
		if len(routes) == 0 {
			continue
		}
		o := outcome.Outcome{Type: outcome.Failed, Cell: s.cell, Connection: c.ID}
		if c.State != "" {
			o = announce.Outcome(outcome.Failed, s.cell, c, s.policy.Decide(current.WithBlocks(c)), s.policy.File)
		}
		all = append(all, announce.UnownedBlackholes(o, routes))
	}
	if len(all) == 0 {
		return nil
	}
	return s.announcer.Announce(ctx, all...)
}

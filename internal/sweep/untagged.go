package sweep

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// announceUntagged announces the rules of autopeer that have lost their tags. After an event, which may have been the
// loss, it announces those of the VPCs with a connection, and once a day those of the cell.
func (s *Sweeper) announceUntagged(ctx context.Context, due hint.Sweep, current observed) error {
	isDaily := due.Scheduled && s.isFirstOfDay()
	if !isDaily && !due.IsChange() {
		return nil
	}
	groups := current.Groups
	if isDaily {
		all, err := s.network.AllSecurityGroups(ctx)
		if err != nil {
			return err
		}
		groups = all
	}
	lost, err := s.confirmed(ctx, plan.Untagged(groups, current.Rules))
	if err != nil || len(lost) == 0 {
		return err
	}
	return s.announcer.Announce(ctx, s.untagged(lost, current)...)
}

// confirmed returns the rules that are without tags when they are read again: the groups were read after the tags,
// and connect may have made a rule in between.
func (s *Sweeper) confirmed(ctx context.Context, suspects []plan.UntaggedRule) ([]plan.UntaggedRule, error) {
	var groups []peering.SecurityGroupID
	for _, r := range suspects {
		groups = append(groups, r.Group)
	}
	if len(groups) == 0 {
		return nil, nil
	}
	rules, err := s.network.IngressRulesIn(ctx, slices.Compact(slices.Sorted(slices.Values(groups)))...)
	return slices.DeleteFunc(suspects, func(suspect plan.UntaggedRule) bool {
		return !slices.ContainsFunc(rules, func(r peering.IngressRule) bool {
			return r.Group == suspect.Group && r.Permission == suspect.Permission && r.MadeBy() == ""
		})
	}), err
}

func (s *Sweeper) untagged(lost []plan.UntaggedRule, current observed) []outcome.Outcome {
	shown := map[peering.ConnectionID]peering.Connection{}
	for _, c := range current.connections {
		shown[c.ID] = c
	}
	var all []outcome.Outcome
	for _, r := range lost {
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

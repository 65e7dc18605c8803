package connect

import (
	"errors"
	"slices"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// report makes the outcome the proposal of the plan, with the existing routes and rules. The other cell is informed
// while something is missing.
func (s *side) report() {
	s.reports = true
	obstacle, code := s.outcome, s.code
	if s.NeedsConsent() {
		s.outcome = s.refused
	}
	s.outcome.State, s.outcome.Keys = nil, slices.Clone(s.refused.Keys)
	for _, fact := range plan.Standing(s.half) {
		s.outcome.State = append(s.outcome.State, fact.Sentence)
		s.outcome.Keys = append(s.outcome.Keys, fact.Key)
	}
	s.outcome = announce.InReportMode(s.outcome, s.Intended())
	switch {
	case s.NeedsConsent():
		s.code, s.outcome = "", announce.AlsoNeedsAdoption(s.outcome, obstacle)
	case code != "":
		s.outcome = announce.StillObstructed(s.outcome, obstacle)
	}
	if s.code == "" && s.Lacks() {
		s.code, s.outcome = message.ReportMode, announce.WithHalfOpen(s.outcome, s.half)
	}
}

// proposals returns the outcomes of sides in report mode. A side without all blocks is announced once EC2 shows them.
func proposals(sides []side) ([]outcome.Outcome, error) {
	var outcomes []outcome.Outcome
	var faults []error
	for _, s := range sides {
		if s.rest == nil {
			outcomes = append(outcomes, s.outcome)
		}
		faults = append(faults, s.rest)
	}
	return outcomes, errors.Join(faults...)
}

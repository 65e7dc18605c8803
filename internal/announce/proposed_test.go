package announce_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

var route = plan.CreateRoute{Table: "rtb-1", Destination: netip.MustParsePrefix("10.0.0.0/16"), Via: "pcx-1"}

func id(o outcome.Outcome) string { return o.Sealed(time.Time{}).ID }

func TestInReportMode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state    []string
		changes  []plan.Change
		sentence string
		hasNext  bool
	}{
		"changes": {nil, []plan.Change{route},
			"autopeer is in report mode for pcx-1, so it changes nothing in 111111111111/us-east-1 and only " +
				"lists the changes that it would make", true},
		"changes beside a route": {[]string{"rtb-1 routes"}, []plan.Change{route},
			"only lists the changes that it would make; existing routes and rules stay", true},
		"nothing to change": {nil, nil,
			"autopeer is in report mode for pcx-1, and it would change nothing in 111111111111/us-east-1", false},
		"no change beside routes": {[]string{"rtb-1 routes"}, nil,
			"it would change nothing in 111111111111/us-east-1; existing routes and rules stay", false},
	} {
		o := connected
		o.State, o.Next = c.state, "a former step"
		o = announce.InReportMode(o, c.changes)
		if o.Type != outcome.Proposed || o.Reason.Code != "report-mode" || !strings.HasSuffix(o.Reason.Sentence, c.sentence) {
			t.Errorf("%s: %s %q %q, want the sentence %q", name, o.Type, o.Reason.Code, o.Reason.Sentence, c.sentence)
		}
		if hasNext := strings.Contains(o.Next, "remove mode: report"); hasNext != c.hasNext || !hasNext && o.Next != "" {
			t.Errorf("%s: next %q, with a step: %v", name, o.Next, c.hasNext)
		}
	}
}

// TestReasonsOfAProposal: the reason for a removal, and an obstacle, are part of the sentence and of the id.
func TestReasonsOfAProposal(t *testing.T) {
	t.Parallel()
	deleted, expired := connected.Because("deleted", "pcx-1 is deleted"), connected.Because("expired", "pcx-1 is expired")
	for name, propose := range map[string]func(outcome.Outcome) outcome.Outcome{
		"a removal": func(o outcome.Outcome) outcome.Outcome { return announce.ProposedRemoval(o, nil) },
		"an obstacle": func(o outcome.Outcome) outcome.Outcome {
			return announce.StillObstructed(announce.InReportMode(connected, nil), o)
		},
	} {
		o, other := propose(deleted), propose(expired)
		if o.Reason.Code != "report-mode" ||
			!strings.HasSuffix(o.Reason.Sentence, ": pcx-1 is deleted") &&
				!strings.HasSuffix(o.Reason.Sentence, "because pcx-1 is deleted") {
			t.Errorf("%s: %+v, want the reason at the end", name, o.Reason)
		}
		if id(o) == id(other) || id(o) != id(propose(deleted)) {
			t.Errorf("%s: the ids are %s and %s, and %s again; want one for each reason", name, id(o),
				id(other), id(propose(deleted)))
		}
	}
	keys := []string{"a", "b"}[:1]
	announce.ProposedRemoval(connected.Because("deleted", "it is", keys...), nil)
	if whole := keys[:2]; !slices.Equal(whole, []string{"a", "b"}) {
		t.Errorf("the keys are %v, want them as they were", whole)
	}
}

func TestProposedRequest(t *testing.T) {
	t.Parallel()
	changes := []plan.Change{plan.Accept{Connection: "pcx-1"}, route}
	o, blind := announce.ProposedRequest(connected, changes, true), announce.ProposedRequest(connected, changes, false)
	if !slices.Equal(o.Additions, []string{"accept pcx-1", route.String()}) || len(o.Notes) > 0 {
		t.Errorf("additions %q, notes %q; want the acceptance and the route", o.Additions, o.Notes)
	}
	if len(blind.Notes) != 1 || !strings.Contains(blind.Notes[0], "aren't known before the acceptance") {
		t.Errorf("notes %q, want one about the blocks", blind.Notes)
	}
}

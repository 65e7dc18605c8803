package announce_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// TestNeedsAdoption: the proposal has the removals apart, the ways to consent, and the obstacle to further additions.
func TestNeedsAdoption(t *testing.T) {
	t.Parallel()
	ten := netip.MustParsePrefix("10.0.0.0/16")
	p := plan.Plan{Proposal: []plan.Change{
		plan.DeleteRoute{Table: "rtb-1", Destination: ten, Via: "pcx-1"},
		plan.CreateRoute{Table: "rtb-2", Destination: ten, Via: "pcx-1"},
	}}
	from := outcome.Outcome{Connection: "pcx-1", Cell: peering.Cell{Account: "111111111111", Region: "us-east-1"}}
	const tag = "to have the changes made, in 111111111111: aws ec2 create-tags --region us-east-1 --resources pcx-1 " +
		"--tags Key=autopeer:adopt,Value=true"
	o := announce.NeedsAdoption(from, p)
	if o.Type != outcome.Proposed || o.Reason.Code != "needs-adoption" || o.Next != tag ||
		len(o.Removals) != 1 || len(o.Additions) != 1 {
		t.Errorf("proposed %+v, want one removal, one addition and %q", o, tag)
	}
	from.Peering = &outcome.Entry{File: "policy.yaml", Line: 7}
	if o = announce.NeedsAdoption(from, p); o.Next != tag+"; or set adopt: true for the peering in line 7 of policy.yaml" {
		t.Errorf("the next step is %q, want the line of the peering as well", o.Next)
	}
	id := o.Sealed(time.Time{}).ID

	more := plan.Plan{Proposal: append(slices.Clone(p.Proposal), plan.CreateRoute{
		Table: "rtb-1", Destination: ten, Via: "pcx-1",
	})}
	turned := plan.Plan{Proposal: slices.Clone(more.Proposal)}
	slices.Reverse(turned.Proposal)
	if one, other := announce.NeedsAdoption(from, more), announce.NeedsAdoption(from, turned); !slices.Equal(one.Additions,
		other.Additions) || len(one.Additions) != 2 {
		t.Errorf("the additions are %q and %q, want one order", one.Additions, other.Additions)
	}

	unread := announce.NeedsAdoption(from, plan.Plan{Proposal: p.Proposal, IsUnread: true})
	if unread.Type != outcome.Proposed || unread.Reason.Code != "needs-adoption" || unread.Next != o.Next ||
		!strings.Contains(unread.Reason.Sentence, "until autopeer can read the prefix lists") {
		t.Errorf("proposed %+v, want the wait for prefix lists and the same next step", unread)
	}
	if unread.Sealed(time.Time{}).ID == id {
		t.Error("the wait for prefix lists doesn't change the id")
	}
	p.Conflicts = []plan.Conflict{{
		Table: "rtb-3", Destination: ten, Wanted: "pcx-1", Route: peering.Route{Destination: ten, Target: "igw-1"},
	}}
	beside := announce.NeedsAdoption(from, p)
	if beside.Type != outcome.Proposed || beside.Next != o.Next || len(beside.Conflicts) != 1 ||
		!strings.HasSuffix(beside.Reason.Sentence, "further additions wait: "+p.Conflicts[0].String()) {
		t.Errorf("proposed %+v, want the conflict and the same next step", beside)
	}
	if beside.Sealed(time.Time{}).ID == id {
		t.Error("the conflict doesn't change the id")
	}

	reported := announce.AlsoNeedsAdoption(announce.InReportMode(from, p.Proposal), beside)
	if reported.Reason.Code != "report-mode" || !slices.Equal(reported.Removals, o.Removals) ||
		len(reported.Conflicts) != 1 ||
		!strings.Contains(reported.Reason.Sentence, beside.Reason.Sentence) ||
		!strings.HasSuffix(reported.Next, strings.TrimPrefix(o.Next, "to have the changes made, ")) {
		t.Errorf("reported %+v, want the proposal, the conflict and the consent", reported)
	}
}

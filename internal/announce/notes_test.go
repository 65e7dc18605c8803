package announce_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

func TestWithoutDNS(t *testing.T) {
	t.Parallel()
	side := connected
	side.Side = peering.Requester
	vpc := peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-1"}
	ids := map[string]bool{side.Sealed(time.Time{}).ID: true}
	for want, attributes := range map[string][]string{
		"enableDnsHostnames is off":                       {"enableDnsHostnames"},
		"enableDnsSupport is off":                         {"enableDnsSupport"},
		"enableDnsHostnames and enableDnsSupport are off": {"enableDnsHostnames", "enableDnsSupport"},
		"enableDnsHostnames or enableDnsSupport is off":   nil,
	} {
		o := announce.WithoutDNS(side, vpc, attributes)
		want = "the DNS option of the requester is not set: " + want +
			" in vpc-1 of 111111111111/us-east-1; autopeer sets it once both VPCs have both attributes"
		if diff := cmp.Diff([]string{want}, o.Notes); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
		ids[o.Sealed(time.Time{}).ID] = true
		if again := announce.WithoutDNS(o, vpc, attributes); len(again.Notes) != 1 ||
			len(again.Keys) != len(o.Keys) || !again.Lacks {
			t.Errorf("the note is repeated: %q, lacks %t", again.Notes, again.Lacks)
		}
	}
	ids[announce.WithoutDNS(side, peering.VPC{ID: "vpc-2"}, nil).Sealed(time.Time{}).ID] = true
	if len(ids) != 6 || len(side.Notes) > 0 {
		t.Errorf("%d ids for the outcome without a note and with five different ones, and the outcome has the notes %q now",
			len(ids), side.Notes)
	}
}

func TestWithoutSource(t *testing.T) {
	t.Parallel()
	fromGroup := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Group: "sg-x"}
	fromList := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, PrefixList: "pl-x"}
	for source, p := range map[string]peering.Permission{
		"sg-x is not admitted: EC2 finds no such group in vpc-9":                        fromGroup,
		"pl-x is not admitted: EC2 finds no such prefix list in 111111111111/us-east-1": fromList,
	} {
		change := plan.Authorize{Group: "sg-1", Permissions: []peering.Permission{p}}
		side := connected
		side.State, side.Keys = []string{"rtb-1 routes 10.0.0.0/8 to pcx-1", change.Facts()[0].Sentence},
			[]string{"route", change.Facts()[0].Key}
		before := slices.Clone(side.State)
		o := announce.WithoutSource(side, change, peering.VPC{ID: "vpc-9"})
		if !slices.Equal(o.Notes, []string{source}) || !slices.Equal(o.State, before[:1]) || !o.Lacks {
			t.Errorf("notes %q in the state %q, want %q in the state %q", o.Notes, o.State, source, before[:1])
		}
		if !slices.Contains(o.Keys, "route") || slices.Contains(o.Keys, change.Facts()[0].Key) || len(o.Keys) != 2 {
			t.Errorf("keys = %q, want one of the route and one of the note", o.Keys)
		}
		if !slices.Equal(side.State, before) {
			t.Errorf("the state of the first outcome is %q now", side.State)
		}
	}
}

// TestARefusalIsNoRepair unless other changes were made.
func TestARefusalIsNoRepair(t *testing.T) {
	t.Parallel()
	lacking := announce.WithoutDNS(connected, peering.VPC{ID: "vpc-1"}, nil)
	repaired := lacking
	repaired.Changes = []string{"create route"}
	for name, tt := range map[string]struct {
		outcome outcome.Outcome
		want    int
	}{"without changes": {lacking, 1}, "with changes": {repaired, 2}, "a side that lacks nothing": {connected, 2}} {
		var r recorder
		if err := announce.Publish(t.Context(), &r, hint.Hint{Drift: true}, tt.outcome); err != nil {
			t.Fatal(err)
		}
		if got := len(r.outcomes); got != tt.want {
			t.Errorf("%s: %d events, want %d", name, got, tt.want)
		}
	}
}

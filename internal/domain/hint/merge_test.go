package hint_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	bare := hint.Hint{Kind: hint.Accepted, Connection: "pcx-00000001", EventID: "bare"}
	named := hint.Hint{
		Kind: hint.Accepted, Connection: "pcx-00000001", EventID: "named", Requester: peering.VPC{ID: "vpc-00000001"},
		Accepter: peering.VPC{ID: "vpc-00000002"},
	}
	full := named
	full.EventID, full.RequestedAt = "full", time.Date(2026, 6, 8, 7, 38, 0, 0, time.UTC)
	drifted := func(side peering.Role) hint.Hint {
		h := bare
		h.Drift, h.Side = true, side
		return h
	}
	fullDrifted := func(side peering.Role) hint.Hint {
		h := full
		h.Drift, h.Side = true, side
		return h
	}
	reminder := func(side peering.Role) hint.Hint {
		h := bare
		h.Side = side
		return h
	}
	closing := func(side peering.Role) hint.Hint {
		h := reminder(side)
		h.Closes = true
		return h
	}
	both := func(h hint.Hint) hint.Hint {
		h.Closes = true
		return h
	}
	untagged := func(id peering.ConnectionID) hint.Hint {
		return hint.Hint{Kind: hint.Swept, Sweep: hint.Sweep{Change: hint.Change{Untagged: hint.Untagged{id: "blue"}}}}
	}
	tests := []struct {
		name string
		a, b hint.Hint
		want hint.Hint
	}{
		{"the one that names the VPCs counts", bare, named, named},
		{"the one that knows the time of the request counts", named, full, full},
		{"drift is kept beside the more complete hint", drifted(peering.Accepter), full, fullDrifted(peering.Accepter)},
		{"evidence is kept", untagged("pcx-00000001"), untagged("pcx-00000002"), hint.Hint{Kind: hint.Swept,
			Sweep: hint.Sweep{Change: hint.Change{Untagged: hint.Untagged{"pcx-00000001": "blue", "pcx-00000002": "blue"}}}}},
		{"the approvals of both are kept, each once",
			hint.Hint{Kind: hint.Swept, Approved: []peering.ConnectionID{"pcx-00000002", "pcx-00000003"}},
			hint.Hint{Kind: hint.Swept, Approved: []peering.ConnectionID{"pcx-00000001", "pcx-00000003"}},
			hint.Hint{Kind: hint.Swept, Approved: []peering.ConnectionID{"pcx-00000001", "pcx-00000002", "pcx-00000003"}}},
		{"evidence of one is kept", untagged("pcx-00000001"), hint.Hint{Kind: hint.Swept}, untagged("pcx-00000001")},
		{"a removal of one is a removal", hint.Hint{Kind: hint.Accepted, Closes: true}, hint.Hint{Kind: hint.Accepted},
			hint.Hint{Kind: hint.Accepted, Closes: true}},
		{"an event beside a repetition is none", hint.Hint{Kind: hint.Accepted, Repeated: true},
			hint.Hint{Kind: hint.Accepted}, hint.Hint{Kind: hint.Accepted}},
		{"two repetitions are one", hint.Hint{Kind: hint.Accepted, Repeated: true},
			hint.Hint{Kind: hint.Accepted, Repeated: true}, hint.Hint{Kind: hint.Accepted, Repeated: true}},
		{"a side without drift beside both", hint.Hint{Kind: hint.Accepted, Side: peering.Accepter},
			hint.Hint{Kind: hint.Accepted}, hint.Hint{Kind: hint.Accepted, Side: peering.Accepter}},
		{"drift on two sides is drift on both", drifted(peering.Accepter), drifted(peering.Requester), drifted("")},
		{"drift beside a reminder of the other side", drifted(peering.Accepter), reminder(peering.Requester),
			drifted(peering.Accepter)},
		{"a removal beside a reminder of the other side", closing(peering.Accepter), reminder(peering.Requester),
			closing(peering.Accepter)},
		{"removals on two sides are one on both", closing(peering.Accepter), closing(peering.Requester), closing("")},
		{"drift beside a removal on the other side", drifted(peering.Accepter), closing(peering.Requester),
			both(drifted(peering.Accepter))},
		{"a removal beside drift on the same side", closing(peering.Accepter), drifted(peering.Accepter),
			both(drifted(peering.Accepter))},
		{"drift on both sides beside a removal on one", drifted(""), closing(peering.Requester), both(drifted(""))},
		{"drift on both sides beside a reminder of one", drifted(""), reminder(peering.Requester), drifted("")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, hint.Merge(tt.a, tt.b)); diff != "" {
				t.Errorf("Merge(a, b) (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, hint.Merge(tt.b, tt.a)); diff != "" {
				t.Errorf("Merge(b, a) (-want +got):\n%s", diff)
			}
			if tt.a.Key() != tt.b.Key() {
				t.Error("the two have different keys")
			}
		})
	}
}

func TestKeysDifferByKindAndConnection(t *testing.T) {
	t.Parallel()
	h := hint.Hint{Kind: hint.Accepted, Connection: "pcx-00000001"}
	if h.Key() == (hint.Hint{Kind: hint.Deleted, Connection: "pcx-00000001"}).Key() ||
		h.Key() == (hint.Hint{Kind: hint.Accepted, Connection: "pcx-00000002"}).Key() {
		t.Error("hints that ask for different work have one key")
	}
}

// TestOfEquallyCompleteHintsTheFirstCounts, with the suspects and the drift of both.
func TestOfEquallyCompleteHintsTheFirstCounts(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 6, 8, 7, 38, 0, 0, time.UTC)
	tests := []struct {
		name string
		a, b hint.Hint
		want hint.Hint
	}{
		{"both bare", hint.Hint{EventID: "a"}, hint.Hint{EventID: "b"}, hint.Hint{EventID: "a"}},
		{"both with the time of the request", hint.Hint{EventID: "a", RequestedAt: asked},
			hint.Hint{EventID: "b", RequestedAt: asked}, hint.Hint{EventID: "a", RequestedAt: asked}},
		{"suspects of both", hint.Hint{EventID: "a", Sweep: hint.Sweep{Suspects: []string{"1"}}},
			hint.Hint{EventID: "b", Sweep: hint.Sweep{Suspects: []string{"2", "3"}}},
			hint.Hint{EventID: "a", Sweep: hint.Sweep{Suspects: []string{"1", "2", "3"}}}},
		{"drift on one side, reported twice", hint.Hint{EventID: "a", Drift: true, Side: peering.Accepter},
			hint.Hint{EventID: "b", Drift: true, Side: peering.Accepter},
			hint.Hint{EventID: "a", Drift: true, Side: peering.Accepter}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, hint.Merge(tt.a, tt.b)); diff != "" {
				t.Errorf("Merge() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMergeKeepsTheEndOfAnObstacle: a reminder beside it has none.
func TestMergeKeepsTheEndOfAnObstacle(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	freed := hint.Hint{Kind: hint.Accepted, FreedAt: at, Side: peering.Requester}
	reminder := hint.Hint{Kind: hint.Accepted, Repeated: true, Side: peering.Accepter}
	for _, merged := range []hint.Hint{hint.Merge(freed, reminder), hint.Merge(reminder, freed)} {
		if !merged.FreedAt.Equal(at) || merged.Side != peering.Requester {
			t.Errorf("merged to %+v, want the time %v and its side", merged, at)
		}
	}
}

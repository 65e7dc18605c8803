package hint_test

import (
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestKindsAreLoggedByName(t *testing.T) {
	t.Parallel()
	want := map[hint.Kind]string{
		hint.Ignored: "ignored", hint.Requested: "requested", hint.Accepted: "accepted", hint.Rejected: "rejected",
		hint.Deleted: "deleted",
		hint.Swept:   "sweep", hint.Checked: "checked", hint.Asked: "asked",
	}
	for kind, name := range want {
		if got := kind.String(); got != name {
			t.Errorf("Kind(%d).String() = %q, want %q", kind, got, name)
		}
	}
}

func TestNamesVPCs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		h    hint.Hint
		want bool
	}{
		{"both", hint.Hint{Requester: requester, Accepter: accepter}, true},
		{"the requester alone is not enough", hint.Hint{Requester: requester}, false},
		{"the accepter alone is not enough", hint.Hint{Accepter: accepter}, false},
		{"a region is no VPC",
			hint.Hint{Requester: peering.VPC{Region: "us-east-1"}, Accepter: peering.VPC{Region: "us-east-1"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.h.NamesVPCs(); got != tt.want {
				t.Errorf("NamesVPCs() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestIsFreshUpToTheMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		at   time.Time
		want bool
	}{
		{"just less than ten minutes ago", now.Add(-10*time.Minute + 1), true},
		{"ten minutes ago", now.Add(-10 * time.Minute), false},
		{"just less than a minute ahead", now.Add(time.Minute - 1), true},
		{"a minute ahead", now.Add(time.Minute), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (hint.Hint{At: tt.at}).IsFresh(now); got != tt.want {
				t.Errorf("IsFresh() = %v, want %v", got, tt.want)
			}
		})
	}
}

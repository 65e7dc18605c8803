package message_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestIsFresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		checked, sent time.Duration // before now
		want          bool
	}{
		"just now":                      {0, 0, true},
		"ten minutes ago":               {10 * time.Minute, 10 * time.Minute, true},
		"checked too long ago":          {10*time.Minute + 1, 0, false},
		"sent too long ago":             {0, 10*time.Minute + 1, false},
		"a minute ahead":                {-time.Minute, -time.Minute, true},
		"checked too far in the future": {-time.Minute - 1, 0, false},
		"sent too far in the future":    {0, -time.Minute - 1, false},
		"of a message without its time": {now.Sub(time.Time{}), 0, false},
	} {
		m := message.Message{CheckedAt: now.Add(-tt.checked)}
		if got := m.IsFresh(now.Add(-tt.sent), now); got != tt.want {
			t.Errorf("%s: IsFresh() = %v, want %v", name, got, tt.want)
		}
	}
}

// TestSealed: the id depends on the whole message, and not on an id that is there.
func TestSealed(t *testing.T) {
	t.Parallel()
	c := peering.Connection{
		ID: "pcx-00000001", State: peering.Active, Accepter: peering.VPC{
			Owner: "222222222222", Region: "eu-west-1", ID: "vpc-00000002",
		},
	}
	m := message.New(message.SideChecked, c, peering.Accepter, time.Unix(0, 0))
	if m.To != c.Accepter.Cell() || m.State != peering.Active || m.Version != message.Version ||
		m.Accepter.VPC().ID != c.Accepter.ID {
		t.Errorf("New() = %+v", m)
	}
	first := m.Sealed().ID
	again := m.Sealed().Sealed().ID
	m.Quiet = true
	if first == "" || first != again || m.Sealed().ID == first {
		t.Errorf("ids: %q, %q, %q", first, again, m.Sealed().ID)
	}
	other := m
	other.Type = message.CheckSide
	if other.Sealed().ID == m.Sealed().ID {
		t.Error("two types have one id")
	}
}

func TestTooManyBlocks(t *testing.T) {
	t.Parallel()
	block := netip.MustParsePrefix("10.0.0.0/16")
	m := message.Message{Type: message.CheckSide}
	for range 100 {
		m.Blocks, m.Assumed = append(m.Blocks, block), append(m.Assumed, block)
	}
	if err := m.Validate(); err != nil {
		t.Errorf("200 blocks: %v", err)
	}
	if m.Blocks = append(m.Blocks, block); m.Validate() == nil {
		t.Error("201 blocks are valid")
	}
}

package peering_test

import (
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestPrimary(t *testing.T) {
	t.Parallel()
	primary, further := netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("10.0.0.0/16")
	if got := (peering.VPC{Blocks: []netip.Prefix{primary, further}}).Primary(); got != primary {
		t.Errorf("Primary() = %v, want the first block, %v", got, primary)
	}
	if got := (peering.VPC{}).Primary(); got.IsValid() {
		t.Errorf("Primary() = %v while the blocks aren't known, want an invalid block", got)
	}
}

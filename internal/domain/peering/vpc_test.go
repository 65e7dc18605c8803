package peering_test

import (
	"net/netip"
	"slices"
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

func TestMissingDNSAttributes(t *testing.T) {
	t.Parallel()
	const names, support = "enableDnsHostnames", "enableDnsSupport"
	for attributes, want := range map[peering.DNSAttributes][]string{
		{}:                               {names, support},
		{HostNames: true}:                {support},
		{Support: true}:                  {names},
		{HostNames: true, Support: true}: nil,
	} {
		if got := attributes.Missing(); !slices.Equal(got, want) {
			t.Errorf("%+v: Missing() = %q, want %q", attributes, got, want)
		}
	}
}

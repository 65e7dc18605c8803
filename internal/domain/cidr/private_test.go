package cidr_test

import (
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/cidr"
)

func TestIsPrivate(t *testing.T) {
	t.Parallel()
	for block, want := range map[string]bool{
		"10.0.0.0/8": true, "10.20.0.0/16": true, "0.0.0.0/0": false, "10.0.0.0/7": false,
		"172.16.0.0/12": true, "172.31.0.0/16": true,
		"172.32.0.0/16": false, "192.168.1.0/24": true, "192.169.0.0/16": false,
		"100.64.0.0/10": true, "100.128.0.0/16": false,
		"54.231.0.0/16": false, "fd00::/8": true, "2001:db8::/56": false,
	} {
		if got := cidr.IsPrivate(netip.MustParsePrefix(block)); got != want {
			t.Errorf("IsPrivate(%s) = %t, want %t", block, got, want)
		}
	}
}

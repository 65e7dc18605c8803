package policyfile_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// someBlocks is a universe small enough for declared blocks, destinations and exclusions to meet.
var someBlocks = []string{"10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/24", "10.1.0.0/16", "100.64.0.0/10", "100.64.0.0/16",
	"2001:db8::/56", "2001:db8:0:1::/64"}

// drawKey draws a key with a list of blocks, or nothing.
func drawKey(t *rapid.T, key string) (string, []string) {
	drawn := rapid.SliceOfNDistinct(rapid.SampledFrom(someBlocks), 0, 2, rapid.ID).Draw(t, key)
	if len(drawn) == 0 {
		return "", nil
	}
	return ", " + key + `: ["` + strings.Join(drawn, `", "`) + `"]`, drawn
}

// TestDeclaredBlocksAreRoutedWithoutANote: where the file declares the peer's blocks, a block that the plan could not
// route is a mistake of the file.
func TestDeclaredBlocksAreRoutedWithoutANote(t *testing.T) {
	t.Parallel()
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		cidrs, declared := drawKey(t, "cidrs")
		to, _ := drawKey(t, "to")
		except, _ := drawKey(t, "except")
		file := fmt.Sprintf(`version: 1
departments:
  a: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d }]
  b: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d%s }]
peerings:
  - between: [a, b]
    routes: { a: { tables: all%s%s } }
`, cidrs, to, except)
		p, err := policyfile.Parse("f", []byte(file))
		if err != nil || len(declared) == 0 {
			return
		}
		taken++
		s := plan.Side{Role: peering.Requester, Terms: p.Peerings[0].Terms("a", "b")}
		s.Connection.Requester.Blocks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		for _, b := range declared {
			s.Connection.Accepter.Blocks = append(s.Connection.Accepter.Blocks, netip.MustParsePrefix(b))
		}
		if notes := plan.Connect(s).Notes; len(notes) > 0 {
			t.Fatalf("%s\nis taken, and the plan has %v", file, notes)
		}
	})
	if taken == 0 {
		t.Error("no file was taken")
	}
}

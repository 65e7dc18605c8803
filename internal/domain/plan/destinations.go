package plan

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// destinations returns the destinations of routes to a peer with these blocks, sorted, and a note for each that the
// policy chooses and that can't be routed. Such a destination lies outside the permitted blocks, or a part of it is
// excluded.
func destinations(r policy.Routes, peer []netip.Prefix) (want []netip.Prefix, notes []string) {
	chosen := r.To
	if len(chosen) == 0 {
		chosen = peer
	}
	for _, dst := range cidr.Sorted(chosen) {
		hole, met := meets(r.Except, dst)
		switch {
		case !cidr.Covers(peer, dst):
			notes = append(notes, fmt.Sprintf("%s is not routed: the peer's permitted blocks are %s", dst, list(peer)))
		case met && !cidr.Contains(hole, dst):
			// A route leads to its whole destination, so excluding a part requires several routes.
			// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
			notes = append(notes,
				fmt.Sprintf("%s is not routed: only %s of it is excluded, and EC2 routes only whole blocks; list "+
					"the parts to route under `to:`", dst, hole))
		case !met:
			want = append(want, dst)
		}
	}
	return want, notes
}

// meets returns the block of the set that has addresses in common with p: one that contains it, if there is one.
func meets(set []netip.Prefix, p netip.Prefix) (met netip.Prefix, found bool) {
	for _, b := range cidr.Sorted(set) { // those that contain p come before those inside it
		if b.Overlaps(p) {
			return b, true
		}
	}
	return netip.Prefix{}, false
}

func list(blocks []netip.Prefix) string {
	var texts []string
	for _, b := range cidr.Sorted(blocks) {
		texts = append(texts, b.String())
	}
	return strings.Join(texts, ", ")
}

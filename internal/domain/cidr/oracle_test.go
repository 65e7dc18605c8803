package cidr_test

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/cidr"
)

// The oracle knows only single addresses: the 32 of each of these blocks, which differ in the last byte.
var universes = set("10.0.0.32/27 2001:db8::20/123")

// smallSets draws sets of blocks, host bits set or not, inside the two universes.
func smallSets() *rapid.Generator[[]netip.Prefix] {
	return rapid.SliceOfN(rapid.Custom(smallBlock), 0, 8)
}

func smallBlock(t *rapid.T) netip.Prefix {
	u := rapid.SampledFrom(universes).Draw(t, "universe")
	a := rapid.SampledFrom(addresses(u)).Draw(t, "address")
	return netip.PrefixFrom(a, u.Bits()+rapid.IntRange(0, 5).Draw(t, "bits"))
}

// addresses enumerates a block.
func addresses(p netip.Prefix) []netip.Addr {
	var all []netip.Addr
	for a := p.Masked().Addr(); p.Contains(a); a = a.Next() {
		all = append(all, a)
	}
	return all
}

func union(set []netip.Prefix) map[netip.Addr]bool {
	u := map[netip.Addr]bool{}
	for _, p := range set {
		for _, a := range addresses(p) {
			u[a] = true
		}
	}
	return u
}

// smallest splits u bit by bit until each part is wholly in the set of addresses or wholly outside.
func smallest(u netip.Prefix, in map[netip.Addr]bool) []netip.Prefix {
	all := addresses(u)
	inside := 0
	for _, a := range all {
		if in[a] {
			inside++
		}
	}
	switch inside {
	case 0:
		return nil
	case len(all):
		return []netip.Prefix{u}
	}
	low := netip.PrefixFrom(all[0], u.Bits()+1)
	high := netip.PrefixFrom(all[len(all)/2], u.Bits()+1)
	return append(smallest(low, in), smallest(high, in)...)
}

func TestMergeAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := smallSets().Draw(t, "set")
		var want []netip.Prefix
		for _, u := range universes {
			want = append(want, smallest(u, union(s))...)
		}
		if got := cidr.Merge(s); !slices.Equal(got, want) {
			t.Fatalf("Merge(%v) = %v, want %v", s, got, want)
		}
	})
}

func TestSortedKeepsTheAddresses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := smallSets().Draw(t, "set")
		if got := cidr.Sorted(s); !maps.Equal(union(got), union(s)) {
			t.Fatalf("Sorted(%v) = %v has other addresses", s, got)
		}
	})
}

func TestCoversAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := smallSets().Draw(t, "set"), smallBlock(t)
		in := union(s)
		want := !slices.ContainsFunc(addresses(p), func(a netip.Addr) bool { return !in[a] })
		if got := cidr.Covers(s, p); got != want {
			t.Fatalf("Covers(%v, %v) = %v, want %v", s, p, got, want)
		}
	})
}

func TestContainsAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, q := smallBlock(t), smallBlock(t)
		in := union([]netip.Prefix{p})
		want := !slices.ContainsFunc(addresses(q), func(a netip.Addr) bool { return !in[a] })
		if got := cidr.Contains(p, q); got != want {
			t.Fatalf("Contains(%v, %v) = %v, want %v", p, q, got, want)
		}
	})
}

func TestOverlapAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := smallSets().Draw(t, "a"), smallSets().Draw(t, "b")
		in := union(a)
		want := slices.ContainsFunc(slices.Collect(maps.Keys(union(b))), func(x netip.Addr) bool { return in[x] })
		x, y, found := cidr.Overlap(a, b)
		if found != want || (found && (!slices.Contains(a, x) || !slices.Contains(b, y) || !x.Overlaps(y))) {
			t.Fatalf("Overlap(%v, %v) = %v, %v, %v, want found %v", a, b, x, y, found, want)
		}
	})
}

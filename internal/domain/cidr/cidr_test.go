package cidr_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/cidr"
)

// set parses blocks separated by spaces.
func set(s string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, f := range strings.Fields(s) {
		prefixes = append(prefixes, netip.MustParsePrefix(f))
	}
	return prefixes
}

// text writes blocks as set reads them.
func text(prefixes []netip.Prefix) string {
	var fields []string
	for _, p := range prefixes {
		fields = append(fields, p.String())
	}
	return strings.Join(fields, " ")
}

func TestContains(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		outer, inner string
		want         bool
	}{
		{"a block contains itself", "10.0.0.0/8", "10.0.0.0/8", true},
		{"a block contains its half", "10.0.0.0/8", "10.128.0.0/9", true},
		{"a half does not contain the whole", "10.128.0.0/9", "10.0.0.0/8", false},
		{"neighbors do not contain one another", "10.0.0.0/16", "10.1.0.0/16", false},
		{"host bits do not matter", "10.0.0.5/8", "10.1.2.3/16", true},
		{"every IPv4 address is no IPv6 address", "0.0.0.0/0", "2001:db8::/32", false},
		{"every IPv6 address is no IPv4 address", "::/0", "10.0.0.0/8", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := cidr.Contains(netip.MustParsePrefix(tt.outer), netip.MustParsePrefix(tt.inner))
			if got != tt.want {
				t.Errorf("Contains(%s, %s) = %v, want %v", tt.outer, tt.inner, got, tt.want)
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		a, b string
		want string // the pair, empty for none
	}{
		{"equal blocks overlap", "10.1.0.0/16", "10.1.0.0/16", "10.1.0.0/16 10.1.0.0/16"},
		{"a secondary block counts", "10.1.0.0/16 10.9.0.0/16", "10.2.0.0/16 10.9.128.0/20", "10.9.0.0/16 10.9.128.0/20"},
		{"an IPv6 block counts", "10.1.0.0/16 2001:db8::/56", "10.2.0.0/16 2001:db8::/56", "2001:db8::/56 2001:db8::/56"},
		{"neighbors do not overlap", "10.1.0.0/16", "10.2.0.0/16", ""},
		{"families do not overlap", "0.0.0.0/0", "::/0", ""},
		{"nothing overlaps nothing", "", "10.0.0.0/8", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x, y, found := cidr.Overlap(set(tt.a), set(tt.b))
			got := ""
			if found {
				got = text([]netip.Prefix{x, y})
			}
			if got != tt.want {
				t.Errorf("Overlap(%s, %s) = %q, want %q", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  string
		p    string
		want bool
	}{
		{"one block may do", "10.0.0.0/8", "10.1.0.0/16", true},
		{"two halves do together", "10.0.0.0/17 10.0.128.0/17", "10.0.0.0/16", true},
		{"three parts out of order do together", "10.0.192.0/18 10.0.0.0/17 10.0.128.0/18", "10.0.0.0/16", true},
		{"a gap is noticed", "10.0.0.0/17 10.0.192.0/18", "10.0.0.0/16", false},
		{"an empty set covers nothing", "", "10.0.0.0/32", false},
		{"the two halves of IPv4 are all of it", "0.0.0.0/1 128.0.0.0/1", "0.0.0.0/0", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := cidr.Covers(set(tt.set), netip.MustParsePrefix(tt.p)); got != tt.want {
				t.Errorf("Covers(%s, %s) = %v, want %v", tt.set, tt.p, got, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, set, addr string
		want            string // empty for none
	}{
		{"the most specific block wins wherever it stands", "10.0.0.0/8 10.1.0.0/16 10.0.0.0/9", "10.1.0.1", "10.1.0.0/16"},
		{"an address outside is not found", "10.0.0.0/8", "11.0.0.1", ""},
		{"a default route of the other family does not hold it", "0.0.0.0/0", "2001:db8::1", ""},
		{"a /0 is found", "::/0", "2001:db8::1", "::/0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if p, found := cidr.Find(set(tt.set), netip.MustParseAddr(tt.addr)); found {
				got = p.String()
			}
			if got != tt.want {
				t.Errorf("Find(%s, %s) = %q, want %q", tt.set, tt.addr, got, tt.want)
			}
		})
	}
}

func TestSorted(t *testing.T) {
	t.Parallel()
	in := append(set("2001:db8::/32 10.1.0.0/16 10.1.0.0/24 100.68.0.18/18 10.1.0.0/16 9.0.0.0/8 10.1.2.3/16"),
		netip.Prefix{})
	before := text(in)
	want := "9.0.0.0/8 10.1.0.0/16 10.1.0.0/24 100.68.0.0/18 2001:db8::/32"
	if diff := cmp.Diff(want, text(cidr.Sorted(in))); diff != "" {
		t.Errorf("Sorted() (-want +got):\n%s", diff)
	}
	if text(in) != before {
		t.Errorf("Sorted() changed its argument to %s", text(in))
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, set, want string
	}{
		{"a block inside another goes", "10.1.0.0/16 10.0.0.0/8", "10.0.0.0/8"},
		{"halves join, and again with their neighbor", "10.0.0.0/24 10.0.1.0/25 10.0.1.128/25", "10.0.0.0/23"},
		{"neighbors that are not halves of one block stay", "10.0.1.0/24 10.0.2.0/24", "10.0.1.0/24 10.0.2.0/24"},
		{"families stay apart", "0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0"},
		{"all of a family is one block", "::/1 8000::/1", "::/0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := text(cidr.Merge(set(tt.set))); got != tt.want {
				t.Errorf("Merge(%s) = %s, want %s", tt.set, got, tt.want)
			}
		})
	}
}

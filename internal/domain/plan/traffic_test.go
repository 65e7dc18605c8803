package plan_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// sample is one packet of a small world: a protocol, a port or an ICMP type and code, and a source. The source is an
// address, a group or a prefix list.
type sample struct {
	protocol   peering.Protocol
	port, code int32
	address    string // "" where the source is a group or a prefix list
	group      peering.SecurityGroupID
	list       peering.PrefixListID
}

func (x sample) hasPorts(p peering.Permission) bool {
	switch {
	case p.Protocol == peering.AllProtocols:
		return true
	case p.Protocol != x.protocol:
		return false
	case p.From < 0:
		return true
	case p.Protocol == peering.ICMP:
		return p.From == x.port && (p.To < 0 || p.To == x.code)
	}
	return p.From <= x.port && x.port <= p.To
}

func (x sample) isFrom(p peering.Permission) bool {
	if p.Source.IsValid() {
		return x.address != "" && p.Source.Contains(netip.MustParseAddr(x.address))
	}
	return x.address == "" && p.Group == x.group && p.PrefixList == x.list
}

// samples are all packets of the world.
func samples() []sample {
	var all []sample
	for _, from := range []sample{{address: "10.0.0.0"}, {address: "10.0.0.1"}, {address: "10.0.0.2"},
		{address: "10.0.0.3"}, {group: "sg-a"}, {group: "sg-b"}, {list: "pl-a"}} {
		for _, protocol := range []peering.Protocol{peering.TCP, peering.UDP, peering.ICMP, "50"} {
			for port := range int32(4) {
				for code := range int32(3) {
					x := from
					x.protocol, x.port, x.code = protocol, port, code
					all = append(all, x)
				}
			}
		}
	}
	return all
}

func drawPermission(r *rand.Rand) peering.Permission {
	p := peering.Permission{From: -1, To: -1}
	switch p.Protocol = []peering.Protocol{peering.TCP, peering.TCP, peering.TCP, peering.UDP, peering.ICMP, peering.ICMP,
		"50", peering.AllProtocols}[r.IntN(8)]; p.Protocol {
	case peering.TCP, peering.UDP:
		p.From = r.Int32N(4)
		p.To = p.From + r.Int32N(4-p.From)
	case peering.ICMP:
		if p.From = r.Int32N(5) - 1; p.From >= 0 {
			p.To = r.Int32N(4) - 1
		}
	}
	switch blocks := []string{"10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.0/32", "10.0.0.1/32",
		"10.0.0.3/32"}; r.IntN(8) {
	case 0:
		p.Group = []peering.SecurityGroupID{"sg-a", "sg-b"}[r.IntN(2)]
	case 1:
		p.PrefixList = "pl-a"
	default:
		p.Source = netip.MustParsePrefix(blocks[r.IntN(len(blocks))])
	}
	return p
}

// TestTraffic compares the questions about permissions with a count of packets.
func TestTraffic(t *testing.T) {
	t.Parallel()
	world := samples()
	some := func(is func(sample) bool) bool {
		for _, x := range world {
			if is(x) {
				return true
			}
		}
		return false
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, b := drawPermission(r), drawPermission(r)
		ports := some(func(x sample) bool { return x.hasPorts(a) && x.hasPorts(b) })
		if got := plan.OverlapPorts(a, b); got != ports {
			t.Fatalf("overlapPorts(%+v, %+v) = %v, want %v", a, b, got, ports)
		}
		// The addresses of groups and prefix lists are unknown.
		want := ports && (!a.Source.IsValid() || !b.Source.IsValid() || a.Source.Overlaps(b.Source))
		if got := plan.Overlap(a, b); got != want {
			t.Fatalf("overlap(%+v, %+v) = %v, want %v", a, b, got, want)
		}
		contained := !some(func(x sample) bool { return x.hasPorts(b) && !x.hasPorts(a) })
		if got := plan.ContainsPorts(a, b); got != contained {
			t.Fatalf("containsPorts(%+v, %+v) = %v, want %v", a, b, got, contained)
		}
		set := []peering.Permission{drawPermission(r), drawPermission(r), drawPermission(r), drawPermission(r)}
		left := some(func(x sample) bool {
			covered := false
			for _, q := range set {
				covered = covered || x.hasPorts(q) && x.isFrom(q)
			}
			return x.hasPorts(a) && x.isFrom(a) && !covered
		})
		whole := false // one of the set admits it alone
		for _, q := range set {
			whole = whole ||
				!some(func(x sample) bool { return x.hasPorts(a) && x.isFrom(a) && (!x.hasPorts(q) || !x.isFrom(q)) })
		}
		if got := plan.Covers(set, a); !got && whole {
			t.Fatalf("covers(%+v, %+v) = false, want true", set, a)
		} else if got == left && (got || a.Protocol == peering.TCP || a.Protocol == peering.UDP) {
			t.Fatalf("covers(%+v, %+v) = %v, want %v", set, a, got, !left) // of types and codes, unions are not asked
		}
	}
}

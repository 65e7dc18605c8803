package plan_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// TestBothFamiliesAlike: a network of IPv4 blocks and its mirror image in IPv6 have plans that are mirror
// images too. Others give IPv6 blocks no routes, and traffic is lost without a word
// (grem11n/terraform-aws-vpc-peering#114, cloudposse/terraform-aws-vpc-peering#49).
func TestBothFamiliesAlike(t *testing.T) {
	var names []string
	for _, b := range append(prefixes("192.168.0.0/16"), onlyIPv4.routed...) {
		names = append(names, inIPv6(b).String(), b.String())
	}
	back := strings.NewReplacer(append(names, "icmpv6", "icmp")...)
	families := strings.NewReplacer("IPv6", "IPv4", "IPv4", "IPv6")
	rapid.Check(t, func(t *rapid.T) {
		s := onlyIPv4.side(t)
		want := everything(plan.Connect(s))
		got := everything(plan.Connect(mirrored(s)))
		for i := range got {
			got[i] = families.Replace(back.Replace(got[i]))
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("plan for IPv4 (-) and for IPv6 (+):\n%s", diff)
		}
	})
}

// inIPv6 puts the 32 bits of an IPv4 block behind 2001:db8::/32, so that order and overlaps stay.
func inIPv6(b netip.Prefix) netip.Prefix {
	if !b.IsValid() {
		return b
	}
	four, six := b.Addr().As4(), netip.MustParseAddr("2001:db8::").As16()
	copy(six[4:], four[:])
	return netip.PrefixFrom(netip.AddrFrom16(six), 32+b.Bits())
}

func mirrored(s plan.Side) plan.Side {
	s = withPeerBlocks(copied(s), allInIPv6(peerBlocks(s)))
	s.Terms.Routes.To, s.Terms.Routes.Except = allInIPv6(s.Terms.Routes.To), allInIPv6(s.Terms.Routes.Except)
	s.Terms.Routes.Keep = allInIPv6(s.Terms.Routes.Keep)
	for i := range s.Tables {
		for j, r := range s.Tables[i].Routes {
			s.Tables[i].Routes[j].Destination = inIPv6(r.Destination)
		}
	}
	for i := range s.Groups {
		for j, p := range s.Groups[i].Ingress {
			s.Groups[i].Ingress[j] = mirroredPermission(p)
		}
	}
	for _, rules := range [][]peering.IngressRule{s.Ours, s.Old} {
		for i, r := range rules {
			rules[i].Permission = mirroredPermission(r.Permission)
		}
	}
	s.Terms.Allow = slices.Clone(s.Terms.Allow)
	for i, a := range s.Terms.Allow {
		s.Terms.Allow[i].Protocol = mirroredProtocol(a.Protocol)
		s.Terms.Allow[i].Sources.Blocks = allInIPv6(a.Sources.Blocks)
	}
	return s
}

func mirroredPermission(p peering.Permission) peering.Permission {
	p.Protocol, p.Source = mirroredProtocol(p.Protocol), inIPv6(p.Source)
	return p
}

func mirroredProtocol(p peering.Protocol) peering.Protocol {
	if p == peering.ICMP {
		return peering.ICMPv6
	}
	return p
}

func allInIPv6(all []netip.Prefix) []netip.Prefix {
	var mirrored []netip.Prefix
	for _, b := range all {
		mirrored = append(mirrored, inIPv6(b))
	}
	return mirrored
}

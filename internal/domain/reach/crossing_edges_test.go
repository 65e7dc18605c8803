package reach_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestObstructionsAtTheEndsOfARange(t *testing.T) {
	t.Parallel()
	two := asks(peering.TCP, 22, 23)
	for _, r := range []row{
		{"the last port alone", with(denyOut(90, tcpFrom("0.0.0.0/0", 23, 23))), two, []string{
			"network ACL acl-1 rule 90 denies tcp 23 to 10.2.0.0/16 (egress of subnet-1)",
			"allow tcp 23 to 10.2.0.0/16 by an egress rule of acl-1 before rule 90",
		}},
		{"the first port alone", with(denyOut(90, tcpFrom("0.0.0.0/0", 22, 22))), two, []string{
			"network ACL acl-1 rule 90 denies tcp 22 to 10.2.0.0/16 (egress of subnet-1)",
			"allow tcp 22 to 10.2.0.0/16 by an egress rule of acl-1 before rule 90",
		}},
	} {
		t.Run(r.name, r.run)
	}
}

// TestObstructionsOfOtherTypes: only echo requests are answered, and each type has its name.
func TestObstructionsOfOtherTypes(t *testing.T) {
	t.Parallel()
	six := peerBlocks("2001:db8:2::/56")
	denied := func(traffic, peer string) []string {
		return []string{
			"network ACL acl-1 rule * denies " + traffic + " to " + peer + " (egress of subnet-1)",
			"allow " + traffic + " to " + peer + " by an egress rule of acl-1 before rule *",
		}
	}
	in6 := entry(100, false, true, everything("::/0"))
	for _, r := range []row{
		{"unrequested echo replies", nil, asks(peering.ICMP, 0, 0), denied("icmp echo replies", "10.2.0.0/16")},
		{"every code of the first type", nil, asks(peering.ICMP, 0, -1), denied("icmp type 0", "10.2.0.0/16")},
		{"every code of the last type", nil, asks(peering.ICMP, 255, -1), denied("icmp type 255", "10.2.0.0/16")},
		{"another type of icmpv6", nil, changes(six, asks(peering.ICMPv6, 135, -1)),
			denied("icmpv6 type 135", "2001:db8:2::/56")},
		{"the first type of icmpv6", nil, changes(six, asks(peering.ICMPv6, 0, -1)),
			denied("icmpv6 type 0", "2001:db8:2::/56")},
		{"echo requests of icmpv6, of any code", []peering.ACLEntry{in6}, changes(six, asks(peering.ICMPv6, 128, -1)),
			denied("icmpv6 echo requests", "2001:db8:2::/56")},
	} {
		t.Run(r.name, r.run)
	}
}

// TestObstructionsOfSeveralProtocols: one rule can mean a protocol or all of them, and nothing between.
func TestObstructionsOfSeveralProtocols(t *testing.T) {
	t.Parallel()
	upTo := func(last int32) []peering.ACLEntry {
		var all []peering.ACLEntry
		for p := range last + 1 {
			all = append(all, allowOut(p+1, permission(peering.Protocol(fmt.Sprint(p)), 0, 65535, "0.0.0.0/0")))
		}
		all[1].From, all[1].To = -1, -1 // icmp has types
		if last >= 58 {
			all[58].From, all[58].To = -1, -1
		}
		return slices.Concat(allIn, all)
	}
	every := asks(peering.AllProtocols, -1, -1)
	rest := []string{
		"network ACL acl-1 rule * denies part of all traffic to 10.2.0.0/16 (egress of subnet-1)",
		"allow all traffic to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
	}
	for _, r := range []row{
		{"those from a protocol without ports on", upTo(1), every, rest},
		{"those from tcp on", upTo(5), every, rest},
		{"one by one they are all traffic", upTo(255), every, nil},
		{"all but the last are not", upTo(254), every, []string{
			"network ACL acl-1 rule * denies 255 to 10.2.0.0/16 (egress of subnet-1)",
			"allow 255 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
		}},
	} {
		t.Run(r.name, r.run)
	}
}

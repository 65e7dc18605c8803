package reach_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// change alters a Crossing.
type change func(*reach.Crossing)

// crossing is subnet-1 of vpc 10.1.0.0/16 with acl-1, which asks 10.2.0.0/16 for tcp 443. The ACL has these entries.
func crossing(entries ...peering.ACLEntry) reach.Crossing {
	return reach.Crossing{
		Subnets:  []peering.Subnet{{ID: "subnet-1", Blocks: prefixes("10.1.0.0/24", "2001:db8:1::/64")}},
		ACLs:     []peering.NetworkACL{{ID: "acl-1", Subnets: []peering.SubnetID{"subnet-1"}, Entries: entries}},
		Own:      prefixes("10.1.0.0/16", "2001:db8:1::/56"),
		Peer:     prefixes("10.2.0.0/16"),
		Outbound: true,
		Protocol: peering.TCP, From: 443, To: 443,
	}
}

// inbound lets the peer ask.
func inbound(c *reach.Crossing) { c.Outbound = false }

// asks is for this traffic.
func asks(p peering.Protocol, from, to int32) change {
	return func(c *reach.Crossing) { c.Protocol, c.From, c.To = p, from, to }
}

// peerBlocks gives the peer these blocks.
func peerBlocks(blocks ...string) change {
	return func(c *reach.Crossing) { c.Peer = prefixes(blocks...) }
}

func changes(all ...change) change {
	return func(c *reach.Crossing) {
		for _, f := range all {
			f(c)
		}
	}
}

func permission(p peering.Protocol, from, to int32, block string) peering.Permission {
	return peering.Permission{Protocol: p, From: from, To: to, Source: netip.MustParsePrefix(block)}
}

// In the names of entries, in and out are the directions, allow and deny the actions.
func allowIn(number int32, p peering.Permission) peering.ACLEntry {
	return entry(number, false, true, p)
}
func allowOut(number int32, p peering.Permission) peering.ACLEntry {
	return entry(number, true, true, p)
}
func denyIn(number int32, p peering.Permission) peering.ACLEntry {
	return entry(number, false, false, p)
}
func denyOut(number int32, p peering.Permission) peering.ACLEntry {
	return entry(number, true, false, p)
}

// row is a Crossing made from entries and a change, and its obstructions.
type row struct {
	name    string
	entries []peering.ACLEntry
	change  change
	want    []string // sentences and remedies in turn
}

func (r row) run(t *testing.T) {
	t.Parallel()
	c := crossing(r.entries...)
	if r.change != nil {
		r.change(&c)
	}
	var got []string
	for _, o := range c.Obstructions() {
		got = append(got, o.Sentence, o.Remedy)
	}
	if diff := cmp.Diff(r.want, got); diff != "" {
		t.Errorf("Obstructions() (-want +got):\n%s", diff)
	}
}

var (
	allIn  = []peering.ACLEntry{allowIn(100, everything("0.0.0.0/0")), denyIn(32767, everything("0.0.0.0/0"))}
	allOut = []peering.ACLEntry{allowOut(100, everything("0.0.0.0/0")), denyOut(32767, everything("0.0.0.0/0"))}
)

// with adds entries to those of a default ACL.
func with(entries ...peering.ACLEntry) []peering.ACLEntry {
	return slices.Concat(allIn, allOut, entries)
}

func TestObstructionsOfQuestionsAndAnswers(t *testing.T) {
	t.Parallel()
	for _, r := range []row{
		{"a default ACL lets everything pass", with(), nil, nil},
		{"who asks needs its egress, and ingress for the answers", nil, nil, []string{
			"network ACL acl-1 rule * denies tcp 443 to 10.2.0.0/16 (egress of subnet-1)",
			"allow tcp 443 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
			"network ACL acl-1 rule * denies tcp 1024-65535 from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
			"allow tcp 1024-65535 from 10.2.0.0/16 by an ingress rule of acl-1 before rule *",
		}},
		{"who is asked needs its ingress, and egress for the answers", nil, inbound, []string{
			"network ACL acl-1 rule * denies tcp 443 from 10.2.0.0/16 (ingress of subnet-1)",
			"allow tcp 443 from 10.2.0.0/16 by an ingress rule of acl-1 before rule *",
			"network ACL acl-1 rule * denies tcp 1024-65535 to 10.2.0.0/16 (egress of subnet-1), which the answers need",
			"allow tcp 1024-65535 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
		}},
		{"the remedies are enough", []peering.ACLEntry{
			allowIn(1, tcpFrom("10.2.0.0/16", 1024, 65535)), allowOut(1, tcpFrom("10.2.0.0/16", 443, 443)),
		}, nil, nil},
		{"udp is answered as tcp is", allOut, asks(peering.UDP, 53, 53), []string{
			"network ACL acl-1 rule * denies udp 1024-65535 from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
			"allow udp 1024-65535 from 10.2.0.0/16 by an ingress rule of acl-1 before rule *",
		}},
		{"another protocol has no ports, and is answered in kind", allIn, asks("50", -1, -1), []string{
			"network ACL acl-1 rule * denies 50 to 10.2.0.0/16 (egress of subnet-1)",
			"allow 50 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
		}},
	} {
		t.Run(r.name, r.run)
	}
}

func TestObstructionsOfPartsOfTheTraffic(t *testing.T) {
	t.Parallel()
	for _, r := range []row{
		{"a rule is named with as much of the traffic as it denies",
			with(denyOut(90, tcpFrom("10.2.7.0/24", 0, 500))), asks(peering.TCP, 443, 600), []string{
				"network ACL acl-1 rule 90 denies tcp 443-500 to 10.2.7.0/24 (egress of subnet-1)",
				"allow tcp 443-500 to 10.2.7.0/24 by an egress rule of acl-1 before rule 90",
			}},
		{"traffic that lower rules allow is no longer denied",
			with(allowOut(80, tcpFrom("10.2.0.0/17", 0, 65535)), denyOut(90, everything("0.0.0.0/0"))), nil, []string{
				"network ACL acl-1 rule 90 denies tcp 443 to 10.2.128.0/17 (egress of subnet-1)",
				"allow tcp 443 to 10.2.128.0/17 by an egress rule of acl-1 before rule 90",
			}},
		{"several lower rules may allow it together",
			with(allowOut(70, tcpFrom("10.2.0.0/17", 0, 65535)), denyOut(90, everything("0.0.0.0/0")),
				allowOut(80, tcpFrom("10.2.128.0/17", 443, 443))), nil, nil},
		{"a rule with holes denies a part",
			slices.Concat(allIn, []peering.ACLEntry{allowOut(100, tcpFrom("10.2.0.0/24", 443, 443))}), nil, []string{
				"network ACL acl-1 rule * denies part of tcp 443 to 10.2.0.0/16 (egress of subnet-1)",
				"allow tcp 443 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
			}},
		{"ephemeral ports count from where they are denied",
			slices.Concat(allOut, []peering.ACLEntry{allowIn(100, tcpFrom("0.0.0.0/0", 32768, 65535))}), nil, []string{
				"network ACL acl-1 rule * denies tcp 1024-32767 from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
				"allow tcp 1024-32767 from 10.2.0.0/16 by an ingress rule of acl-1 before rule *",
			}},
		{"a single ephemeral port is enough to be named", with(denyIn(90, tcpFrom("0.0.0.0/0", 3389, 3389))), nil, []string{
			"network ACL acl-1 rule 90 denies tcp 3389 from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
			"allow tcp 3389 from 10.2.0.0/16 by an ingress rule of acl-1 before rule 90",
		}},
		{"every rule that denies something is named, in the order in which they decide",
			with(denyOut(90, tcpFrom("10.2.7.0/24", 443, 443)), denyOut(80, tcpFrom("10.2.9.0/24", 443, 443)),
				denyOut(85, tcpFrom("10.2.9.0/25", 443, 443))), nil, []string{
				"network ACL acl-1 rule 80 denies tcp 443 to 10.2.9.0/24 (egress of subnet-1)",
				"allow tcp 443 to 10.2.9.0/24 by an egress rule of acl-1 before rule 80",
				"network ACL acl-1 rule 90 denies tcp 443 to 10.2.7.0/24 (egress of subnet-1)",
				"allow tcp 443 to 10.2.7.0/24 by an egress rule of acl-1 before rule 90",
			}},
		{"a rule for others, ports or addresses or protocols or the other direction, is none",
			with(denyOut(90, tcpFrom("10.3.0.0/16", 443, 443)), denyOut(91, tcpFrom("10.2.0.0/16", 444, 65535)),
				denyOut(92, permission(peering.UDP, 443, 443, "10.2.0.0/16")), denyIn(93, tcpFrom("10.2.0.0/16", 443, 443))),
			nil, nil},
	} {
		t.Run(r.name, r.run)
	}
}

func TestObstructionsOfICMP(t *testing.T) {
	t.Parallel()
	six := peerBlocks("2001:db8:2::/56")
	for _, r := range []row{
		{"icmp without a type is ping", allIn, asks(peering.ICMP, -1, -1), []string{
			"network ACL acl-1 rule * denies icmp echo requests to 10.2.0.0/16 (egress of subnet-1)",
			"allow icmp echo requests to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
		}},
		{"echo requests of any code are ping", allOut, asks(peering.ICMP, 8, -1), []string{
			"network ACL acl-1 rule * denies icmp echo replies from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
			"allow icmp echo replies from 10.2.0.0/16 by an ingress rule of acl-1 before rule *",
		}},
		{"echo requests and replies are all that ping needs", []peering.ACLEntry{
			allowOut(100, permission("1", 8, 0, "0.0.0.0/0")), allowIn(100, permission("1", 0, -1, "0.0.0.0/0")),
		}, asks(peering.ICMP, -1, -1), nil},
		{"another type has no answer", nil, asks(peering.ICMP, 3, -1), []string{
			"network ACL acl-1 rule * denies icmp type 3 to 10.2.0.0/16 (egress of subnet-1)",
			"allow icmp type 3 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
		}},
		{"a type may be denied in part", with(denyOut(90, permission(peering.ICMP, 3, 4, "0.0.0.0/0"))),
			asks(peering.ICMP, 3, -1), []string{
				"network ACL acl-1 rule 90 denies icmp type 3 code 4 to 10.2.0.0/16 (egress of subnet-1)",
				"allow icmp type 3 code 4 to 10.2.0.0/16 by an egress rule of acl-1 before rule 90",
			}},
		{"of a type's codes no range can be named",
			slices.Concat(allIn, []peering.ACLEntry{allowOut(90, permission(peering.ICMP, 3, 0, "0.0.0.0/0"))}),
			asks(peering.ICMP, 3, -1), []string{
				"network ACL acl-1 rule * denies part of icmp type 3 to 10.2.0.0/16 (egress of subnet-1)",
				"allow icmp type 3 to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
			}},
		{"icmpv6 has types of its own", nil, changes(six, asks(peering.ICMPv6, -1, -1)), []string{
			"network ACL acl-1 rule * denies icmpv6 echo requests to 2001:db8:2::/56 (egress of subnet-1)",
			"allow icmpv6 echo requests to 2001:db8:2::/56 by an egress rule of acl-1 before rule *",
			"network ACL acl-1 rule * denies icmpv6 echo replies from 2001:db8:2::/56 (ingress of " +
				"subnet-1), which the answers need",
			"allow icmpv6 echo replies from 2001:db8:2::/56 by an ingress rule of acl-1 before rule *",
		}},
		{"icmp does not go over IPv6", nil, changes(six, asks(peering.ICMP, -1, -1)), nil},
		{"icmpv6 does not go over IPv4", nil, asks(peering.ICMPv6, -1, -1), nil},
	} {
		t.Run(r.name, r.run)
	}
}

func TestObstructionsOfAllProtocols(t *testing.T) {
	t.Parallel()
	every := asks(peering.AllProtocols, -1, -1)
	for _, r := range []row{
		{"a default ACL lets all protocols pass", with(), every, nil},
		{"without a rule all traffic is denied", nil, every, []string{
			"network ACL acl-1 rule * denies all traffic to 10.2.0.0/16 (egress of subnet-1)",
			"allow all traffic to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
			"network ACL acl-1 rule * denies all traffic from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
			"allow all traffic from 10.2.0.0/16 by an ingress rule of acl-1 before rule *",
		}},
		{"tcp and udp and icmp are not all traffic", slices.Concat(allIn, []peering.ACLEntry{
			allowOut(1, permission(peering.TCP, 0, 65535, "0.0.0.0/0")),
			allowOut(2, permission(peering.UDP, 0, 65535, "0.0.0.0/0")), allowOut(3, icmpFrom("0.0.0.0/0")),
		}), every, []string{
			"network ACL acl-1 rule * denies part of all traffic to 10.2.0.0/16 (egress of subnet-1)",
			"allow all traffic to 10.2.0.0/16 by an egress rule of acl-1 before rule *",
		}},
		{"one denied protocol is named", with(denyOut(90, icmpFrom("0.0.0.0/0"))), every, []string{
			"network ACL acl-1 rule 90 denies icmp to 10.2.0.0/16 (egress of subnet-1)",
			"allow icmp to 10.2.0.0/16 by an egress rule of acl-1 before rule 90",
		}},
		{"parts of a protocol are named by it",
			with(allowOut(80, permission(peering.ICMP, 8, -1, "0.0.0.0/0")), denyOut(90, icmpFrom("0.0.0.0/0"))),
			every, []string{
				"network ACL acl-1 rule 90 denies part of icmp to 10.2.0.0/16 (egress of subnet-1)",
				"allow icmp to 10.2.0.0/16 by an egress rule of acl-1 before rule 90",
			}},
		{"no answer goes to ports below the ephemeral ones",
			with(denyIn(90, tcpFrom("0.0.0.0/0", 22, 22)), denyIn(91, permission("17", 0, 1023, "0.0.0.0/0"))), every, nil},
		{"answers go to the ephemeral ports of tcp and udp",
			with(denyIn(90, tcpFrom("0.0.0.0/0", 0, 1024)), denyIn(91, permission("17", 0, 1024, "0.0.0.0/0"))), every, []string{
				"network ACL acl-1 rule 90 denies tcp 1024 from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
				"allow tcp 1024 from 10.2.0.0/16 by an ingress rule of acl-1 before rule 90",
				"network ACL acl-1 rule 91 denies udp 1024 from 10.2.0.0/16 (ingress of subnet-1), which the answers need",
				"allow udp 1024 from 10.2.0.0/16 by an ingress rule of acl-1 before rule 91",
			}},
	} {
		t.Run(r.name, r.run)
	}
}

func TestObstructionsAtSubnets(t *testing.T) {
	t.Parallel()
	own := func(blocks ...string) change { return func(c *reach.Crossing) { c.Own = prefixes(blocks...) } }
	second := func(block string) change {
		return func(c *reach.Crossing) {
			c.Subnets = append([]peering.Subnet{{ID: "subnet-2", Blocks: prefixes(block)}}, c.Subnets...)
			c.ACLs[0].Subnets = append(c.ACLs[0].Subnets, "subnet-2")
		}
	}
	to443 := func(peer, subnets string) []string {
		return []string{
			"network ACL acl-1 rule * denies tcp 443 to " + peer + " (egress of " + subnets + ")",
			"allow tcp 443 to " + peer + " by an egress rule of acl-1 before rule *",
		}
	}
	six := entry(101, false, true, everything("::/0"))
	for _, r := range []row{
		{"a subnet that lies in Own partly counts", allIn, own("10.1.0.128/25"), to443("10.2.0.0/16", "subnet-1")},
		{"a subnet outside Own does not count", allIn, own("10.1.1.0/24"), nil},
		{"a subnet does not count by its addresses of the other family", allIn, own("2001:db8:1::/56"), nil},
		{"a subnet of another ACL does not count", allIn, func(c *reach.Crossing) { c.ACLs[0].Subnets[0] = "subnet-9" }, nil},
		{"the subnets of one ACL are named together, each once", allIn, changes(second("10.1.1.0/24"), second("10.1.1.0/24")),
			to443("10.2.0.0/16", "subnet-1, subnet-2")},
		{"a family is crossed by the subnets that have it", slices.Concat(allIn, []peering.ACLEntry{six}),
			changes(second("10.1.1.0/24"), peerBlocks("10.2.0.0/16", "2001:db8:2::/56")),
			slices.Concat(to443("10.2.0.0/16", "subnet-1, subnet-2"), to443("2001:db8:2::/56", "subnet-1"))},
		{"blocks of the peer that are one are named as one", allIn, peerBlocks("10.3.0.0/16", "10.2.0.0/16", "10.2.7.0/24"),
			to443("10.2.0.0/15", "subnet-1")},
		{"an ACL that is listed twice is one", allIn, func(c *reach.Crossing) {
			c.ACLs = append(c.ACLs, c.ACLs[0])
		}, to443("10.2.0.0/16", "subnet-1")},
		{"no peer, no traffic", nil, peerBlocks(), nil},
	} {
		t.Run(r.name, r.run)
	}
}

func TestObstructionNamesItsPlace(t *testing.T) {
	t.Parallel()
	got := crossing(with(denyIn(90, tcpFrom("10.2.0.0/16", 1024, 65535)))...).Obstructions()
	want := []reach.Obstruction{{
		ACL: "acl-1", Subnets: []peering.SubnetID{"subnet-1"}, Rule: "90", Return: true,
		Key: "acl-1|90|false|true|[subnet-1]|10.2.0.0/16|394240-458751|false",
		Sentence: "network ACL acl-1 rule 90 denies tcp 1024-65535 from 10.2.0.0/16 (ingress of " +
			"subnet-1), which the answers need",
		Remedy: "allow tcp 1024-65535 from 10.2.0.0/16 by an ingress rule of acl-1 before rule 90",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Obstructions() (-want +got):\n%s", diff)
	}
}

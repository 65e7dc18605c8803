package reach_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// traffic is one port of a protocol, or one type and code.
type traffic struct {
	protocol   peering.Protocol
	port, code int32
}

// ports enumerates a range of ports.
func ports(p peering.Protocol, from, to int32) []traffic {
	var traffics []traffic
	for port := from; port <= to; port++ {
		traffics = append(traffics, traffic{protocol: p, port: port})
	}
	return traffics
}

func isFor(e peering.ACLEntry, k traffic) bool {
	switch e.Protocol {
	case peering.AllProtocols:
		return true
	case peering.TCP, peering.UDP:
		return e.Protocol == k.protocol && e.From <= k.port && k.port <= e.To
	case peering.ICMP, peering.ICMPv6:
		return e.Protocol == k.protocol && (e.From == -1 || e.From == k.port) && (e.To == -1 || e.To == k.code)
	}
	return e.Protocol == k.protocol
}

// tally has the packets that one rule denied.
type tally struct {
	addresses   []netip.Addr
	first, last int32 // ports
	count       int
}

// crossingOracle tries every address with every traffic of traffic. It shares no code with the package.
type crossingOracle struct {
	reach.Crossing
	questions, answers []traffic
}

// obstructions returns the expected obstructions, with the sentence where the traffic has ports.
func (o crossingOracle) obstructions() []reach.Obstruction {
	var found []reach.Obstruction
	for _, acl := range o.ACLs {
		for _, back := range []bool{false, true} {
			for _, peer := range o.Peer {
				found = append(found, o.meet(acl, back, peer)...)
			}
		}
	}
	return found
}

func (o crossingOracle) meet(acl peering.NetworkACL, back bool, peer netip.Prefix) []reach.Obstruction {
	traffics, egress := o.questions, o.Outbound
	if back {
		traffics, egress = o.answers, !o.Outbound
	}
	subnets := o.subnetsOf(acl, peer)
	if len(subnets) == 0 {
		return nil
	}
	denied := map[string]*tally{}
	for _, a := range addressesOf(peer) {
		entries := slices.DeleteFunc(slices.Clone(acl.Entries), func(e peering.ACLEntry) bool {
			return e.Egress != egress || !e.Block.Contains(a)
		})
		slices.SortFunc(entries, func(a, b peering.ACLEntry) int { return int(a.Number - b.Number) })
		for _, k := range traffics {
			count(denied, entries, a, k)
		}
	}
	var found []reach.Obstruction
	for _, rule := range []string{"1", "2", "3", "4", "5", "*"} {
		if t := denied[rule]; t != nil {
			ob := reach.Obstruction{ACL: acl.ID, Subnets: subnets, Rule: rule, Egress: egress, Return: back}
			ob.Sentence = o.sentence(ob, *t)
			found = append(found, ob)
		}
	}
	return found
}

func (o crossingOracle) subnetsOf(acl peering.NetworkACL, peer netip.Prefix) []peering.SubnetID {
	var ids []peering.SubnetID
	for _, s := range o.Subnets {
		for _, b := range s.Blocks {
			takesPart := b.Addr().Is4() == peer.Addr().Is4() && slices.ContainsFunc(o.Own, b.Overlaps)
			if takesPart && slices.Contains(acl.Subnets, s.ID) {
				ids = append(ids, s.ID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func count(denied map[string]*tally, entries []peering.ACLEntry, a netip.Addr, k traffic) {
	rule := "*"
	if i := slices.IndexFunc(entries, func(e peering.ACLEntry) bool { return isFor(e, k) }); i >= 0 {
		if entries[i].Allow {
			return
		}
		rule = strconv.Itoa(int(entries[i].Number))
	}
	t := denied[rule]
	if t == nil {
		t = &tally{first: k.port, last: k.port}
		denied[rule] = t
	}
	t.first, t.last = min(t.first, k.port), max(t.last, k.port)
	if len(t.addresses) == 0 || t.addresses[len(t.addresses)-1] != a {
		t.addresses = append(t.addresses, a)
	}
	t.count++
}

func addressesOf(p netip.Prefix) []netip.Addr {
	var all []netip.Addr
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		all = append(all, a)
	}
	return all
}

// sentence names the smallest range of ports and the smallest block that hold all that was denied.
func (o crossingOracle) sentence(ob reach.Obstruction, t tally) string {
	var block netip.Prefix
	for bits := range t.addresses[0].BitLen() + 1 {
		p, _ := t.addresses[0].Prefix(bits)
		if p.Contains(t.addresses[len(t.addresses)-1]) {
			block = p
		}
	}
	denies, numbers, where, purpose := "denies", fmt.Sprint(t.first), "from %s (ingress of %s)", ""
	if t.count < len(addressesOf(block))*int(t.last-t.first+1) {
		denies = "denies part of"
	}
	if t.first != t.last {
		numbers = fmt.Sprintf("%d-%d", t.first, t.last)
	}
	if ob.Egress {
		where = "to %s (egress of %s)"
	}
	if ob.Return {
		purpose = ", which the answers need"
	}
	subnets := strings.Trim(strings.ReplaceAll(fmt.Sprint(ob.Subnets), " ", ", "), "[]")
	return fmt.Sprintf("network ACL %s rule %s %s %s %s %s%s",
		ob.ACL, ob.Rule, denies, o.Protocol, numbers, fmt.Sprintf(where, block, subnets), purpose)
}

// crossings draws a Crossing of two subnets with one ACL or two, of IPv4 and IPv6.
func drawCrossing(t *rapid.T, protocols ...peering.Protocol) reach.Crossing {
	n := &networks{T: t}
	c := reach.Crossing{
		Subnets: []peering.Subnet{
			{ID: "subnet-1", Blocks: prefixes("10.1.0.0/28", "2001:db8:1::/64")},
			{ID: "subnet-2", Blocks: prefixes("10.1.0.16/28")},
		},
		Own: rapid.SliceOfN(rapid.SampledFrom(prefixes("10.1.0.0/27", "10.1.0.4/30", "10.1.0.16/30", "2001:db8:1::/48")),
			1, 3).Draw(t, "own"),
		Peer:     prefixes("10.2.0.0/30", "10.2.0.6/31", "2001:db8:2::/126")[rapid.IntRange(0, 2).Draw(t, "peer"):],
		Outbound: rapid.Bool().Draw(t, "outbound"),
		Protocol: sample(n, "protocol", protocols...), From: -1, To: -1,
	}
	c.ACLs = []peering.NetworkACL{{ID: "acl-1", Subnets: []peering.SubnetID{"subnet-1"}},
		{ID: "acl-2", Subnets: []peering.SubnetID{"subnet-9"}}}
	second := rapid.IntRange(0, 1).Draw(t, "ACL of subnet-2")
	c.ACLs[second].Subnets = append(c.ACLs[second].Subnets, "subnet-2")
	for i := range c.ACLs {
		c.ACLs[i].Entries = drawEntries(t,
			prefixes("10.2.0.0/29", "10.2.0.0/30", "10.2.0.2/31", "10.2.0.0/32", "10.2.0.1/32", "10.2.0.6/32", "0.0.0.0/0",
				"2001:db8:2::/127", "2001:db8:2::3/128", "::/0"))
	}
	return c
}

// drawEntries draws up to five entries a direction. They allow more often than not.
func drawEntries(t *rapid.T, blocks []netip.Prefix) []peering.ACLEntry {
	n := &networks{T: t}
	var entries []peering.ACLEntry
	for _, egress := range []bool{false, true} {
		for number := range int32(rapid.IntRange(0, 5).Draw(t, "entries")) {
			p := peering.Permission{
				Protocol: sample(n, "of", peering.TCP, "-1", peering.TCP, peering.UDP, peering.ICMP, peering.ICMPv6, "50"),
				From:     -1, To: -1,
			}
			p.Source = sample(n, "block", blocks...)
			switch p.Protocol {
			case peering.TCP, peering.UDP:
				p.From = sample(n, "from", int32(0), 20, 22, 1024, 40000)
				p.To = max(p.From, sample(n, "to", int32(65535), 22, 25, 1024, 39999))
			case peering.ICMP, peering.ICMPv6:
				p.From = sample(n, "type", int32(-1), 0, 3, 8, 128, 129)
				if p.From >= 0 {
					p.To = sample(n, "code", int32(-1), 0, 1)
				}
			}
			entries = append(entries, entry(number+1, egress, rapid.IntRange(0, 3).Draw(t, "allow") > 0, p))
		}
	}
	return entries
}

// drawPorts gives a Crossing of tcp or udp a range of ports.
func drawPorts(t *rapid.T, c *reach.Crossing) {
	c.From = int32(rapid.IntRange(18, 26).Draw(t, "first port"))
	c.To = c.From + int32(rapid.IntRange(0, 6).Draw(t, "more ports"))
}

func TestObstructionsAreThoseOfEveryAddressAndPort(t *testing.T) {
	t.Parallel()
	ephemeral := map[peering.Protocol][]traffic{
		peering.TCP: ports(peering.TCP, 1024, 65535), peering.UDP: ports(peering.UDP, 1024, 65535),
	}
	rapid.Check(t, func(t *rapid.T) {
		c := drawCrossing(t, peering.TCP, peering.UDP)
		drawPorts(t, &c)
		want := crossingOracle{c, ports(c.Protocol, c.From, c.To), ephemeral[c.Protocol]}.obstructions()
		got := c.Obstructions()
		checkKeys(t, got)
		for i := range got {
			got[i].Remedy, got[i].Key = "", ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("Obstructions() of %+v (-want +got):\n%s", c, diff)
		}
	})
}

// checkKeys checks that two obstructions have one key only where they have one sentence.
func checkKeys(t *rapid.T, obstructions []reach.Obstruction) {
	sentences := map[string]string{}
	for _, o := range obstructions {
		if before, again := sentences[o.Key]; again && before != o.Sentence || o.Key == "" {
			t.Fatalf("key %q stands for %q and %q", o.Key, before, o.Sentence)
		}
		sentences[o.Key] = o.Sentence
	}
}

// everyProtocol has of each protocol all ports, types and codes at which a drawn entry may begin or have ended.
func everyProtocol(least int32) []traffic {
	traffics := []traffic{{protocol: "50"}, {protocol: "51"}}
	for _, port := range []int32{0, 1, 20, 21, 22, 23, 25, 26, 1023, 1024, 1025, 39999, 40000, 40001, 65535} {
		if port >= least {
			traffics = append(traffics, traffic{peering.TCP, port, 0}, traffic{peering.UDP, port, 0})
		}
	}
	for _, typ := range []int32{0, 1, 3, 4, 8, 9, 128, 129, 130} {
		for code := range int32(4) {
			traffics = append(traffics, traffic{peering.ICMP, typ, code}, traffic{peering.ICMPv6, typ, code})
		}
	}
	return traffics
}

func TestObstructionsOfProtocolsWithoutPorts(t *testing.T) {
	t.Parallel()
	asked := map[peering.Protocol]crossingOracle{
		peering.AllProtocols: {questions: everyProtocol(0), answers: everyProtocol(1024)},
		peering.ICMP:         {questions: []traffic{{peering.ICMP, 8, 0}}, answers: []traffic{{peering.ICMP, 0, 0}}},
		peering.ICMPv6:       {questions: []traffic{{peering.ICMPv6, 128, 0}}, answers: []traffic{{peering.ICMPv6, 129, 0}}},
		"50":                 {questions: []traffic{{protocol: "50"}}, answers: []traffic{{protocol: "50"}}},
	}
	rapid.Check(t, func(t *rapid.T) {
		c := drawCrossing(t, peering.AllProtocols, peering.ICMP, peering.ICMPv6, "50")
		o := asked[c.Protocol]
		o.Crossing = c
		o.Peer = slices.DeleteFunc(slices.Clone(c.Peer), func(p netip.Prefix) bool {
			return c.Protocol == peering.ICMP && p.Addr().Is6() || c.Protocol == peering.ICMPv6 && p.Addr().Is4()
		})
		if diff := cmp.Diff(withoutSentences(o.obstructions()), withoutSentences(c.Obstructions())); diff != "" {
			t.Fatalf("Obstructions() of %+v (-want +got):\n%s", c, diff)
		}
	})
}

func withoutSentences(obstructions []reach.Obstruction) []reach.Obstruction {
	for i := range obstructions {
		obstructions[i].Sentence, obstructions[i].Remedy, obstructions[i].Key = "", "", ""
	}
	return obstructions
}

func TestObstructionsDoNotDependOnTheOrderOfTheInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCrossing(t, peering.TCP, peering.ICMP, peering.AllProtocols)
		want := c.Obstructions()
		c.Subnets = rapid.Permutation(c.Subnets).Draw(t, "subnets")
		c.Own, c.Peer = rapid.Permutation(c.Own).Draw(t, "own"), rapid.Permutation(append(c.Peer, c.Peer...)).Draw(t, "peer")
		c.ACLs = rapid.Permutation(append(c.ACLs, c.ACLs...)).Draw(t, "ACLs")
		for i := range c.ACLs {
			c.ACLs[i].Entries = rapid.Permutation(c.ACLs[i].Entries).Draw(t, "entries")
		}
		if diff := cmp.Diff(want, c.Obstructions()); diff != "" {
			t.Fatalf("Obstructions() in another order of %+v (-want +got):\n%s", c, diff)
		}
	})
}

func TestRemediesTogetherOpenEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCrossing(t, peering.TCP, peering.UDP, peering.ICMP, peering.ICMPv6, peering.AllProtocols, "50")
		if c.Protocol == peering.TCP || c.Protocol == peering.UDP {
			drawPorts(t, &c)
		}
		found := c.Obstructions()
		for i := range c.ACLs {
			for j := range c.ACLs[i].Entries {
				c.ACLs[i].Entries[j].Number *= 100
			}
			for j, o := range found {
				if o.ACL == c.ACLs[i].ID {
					c.ACLs[i].Entries = append(c.ACLs[i].Entries, remedied(t, o, int32(j)))
				}
			}
		}
		if left := c.Obstructions(); len(left) > 0 {
			t.Fatalf("after the remedies of %+v there is left %+v", found, left)
		}
	})
}

var (
	remedyText = regexp.MustCompile(`^allow (.+) (?:to|from) (\S+) by an (egress|ingress) rule of (\S+) before rule ` +
		`(\S+)$`)
	echoTypes = strings.NewReplacer("icmp echo requests", "icmp type 8 code 0", "icmp echo replies", "icmp type 0 code 0",
		"icmpv6 echo requests", "icmpv6 type 128 code 0", "icmpv6 echo replies",
		"icmpv6 type 129 code 0", "all traffic", "-1")
)

// remedied returns the remedy's entry, as the nth that is added.
func remedied(t *rapid.T, o reach.Obstruction, nth int32) peering.ACLEntry {
	m := remedyText.FindStringSubmatch(o.Remedy)
	if m == nil || m[4] != string(o.ACL) || m[5] != o.Rule {
		t.Fatalf("the remedy of %+v is not understood", o)
	}
	number := int32(32700)
	if o.Rule != "*" {
		number = 100 * toInt(t, o.Rule)
	}
	p := peering.Permission{From: -1, To: -1, Source: netip.MustParsePrefix(m[2])}
	fields := strings.Fields(echoTypes.Replace(m[1]))
	p.Protocol = peering.Protocol(fields[0])
	switch len(fields) {
	case 2:
		first, last, isRange := strings.Cut(fields[1], "-")
		if !isRange {
			last = first
		}
		p.From, p.To = toInt(t, first), toInt(t, last)
	case 5:
		p.To = toInt(t, fields[4])
		fallthrough
	case 3:
		p.From = toInt(t, fields[2])
	}
	return entry(number-1-nth, m[3] == "egress", true, p)
}

func toInt(t *rapid.T, text string) int32 {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		t.Fatalf("%q is no number", text)
	}
	return int32(n)
}

// TestObstructionsAgreeWithCheck: for one address and one port, each side finds its half of Check's obstructions.
func TestObstructionsAgreeWithCheck(t *testing.T) {
	t.Parallel()
	open := steps(twoVPCs, ingress("sg-b", everything("0.0.0.0/0"), everything("::/0")),
		route("rtb-a", "2001:db8:2::/56 pcx-ab"), route("rtb-b", "2001:db8:1::/56 pcx-ab"))
	blocks := prefixes("10.1.0.0/16", "10.1.0.4/31", "10.2.0.0/16", "10.2.0.5/32", "10.2.0.6/32", "0.0.0.0/0", "::/0",
		"2001:db8:1::/64", "2001:db8:2::/64")
	rapid.Check(t, func(t *rapid.T) {
		w := new(world).after(open)
		for i := range w.NetworkACLs {
			w.NetworkACLs[i].Entries = append(drawEntries(t, blocks), w.NetworkACLs[i].Entries...)
		}
		q := tcp("a", "b", uint16(rapid.IntRange(18, 26).Draw(t, "port")))
		q.Protocol = rapid.SampledFrom([]peering.Protocol{peering.TCP, peering.UDP, peering.ICMP, peering.ICMPv6,
			"50"}).Draw(t, "protocol")
		got, found := w.Check(q), halves(w, q)
		if got.Reachable != (len(found) == 0) {
			t.Fatalf("Check(%+v) = %+v, but the obstructions are %+v", q, got, found)
		}
		if !got.Reachable && !slices.ContainsFunc(found, func(o reach.Obstruction) bool {
			prefix := fmt.Sprintf("network ACL %s rule %s denies ", o.ACL, o.Rule)
			return o.Return == got.Blocker.Return && strings.HasPrefix(got.Blocker.Sentence, prefix)
		}) {
			t.Fatalf("Check(%+v) = %+v is not among the obstructions %+v", q, got, found)
		}
	})
}

// halves returns the obstructions on the side of i-a, which asks, and on that of i-b.
func halves(w *world, q reach.Query) []reach.Obstruction {
	a, b := prefixes("10.1.0.5/32"), prefixes("10.2.0.5/32")
	if q.Protocol == peering.ICMPv6 {
		a, b = prefixes("2001:db8:1::5/128"), prefixes("2001:db8:2::5/128")
	}
	c := reach.Crossing{
		Subnets: w.Subnets, ACLs: w.NetworkACLs, Own: a, Peer: b, Outbound: true, Protocol: q.Protocol, From: -1, To: -1,
	}
	if q.Protocol == peering.TCP || q.Protocol == peering.UDP {
		c.From, c.To = int32(q.Port), int32(q.Port)
	}
	asking := c.Obstructions()
	c.Own, c.Peer, c.Outbound = b, a, false
	return append(asking, c.Obstructions()...)
}

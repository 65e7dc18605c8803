package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Kind is the kind of an item.
type Kind string

// The kinds of items.
const (
	Requests Kind = "requests" // from's requests are accepted, at once or after an approval
	Traffic  Kind = "traffic"  // to's security groups admit from's traffic
	Routes   Kind = "routes"   // from's route tables lead to to's blocks
	DNS      Kind = "dns"      // from's public host names resolve to private addresses for to
)

// Item is one thing that a policy allows between two departments.
type Item struct {
	Kind Kind   `json:"kind"`
	From string `json:"from"`
	To   string `json:"to"`
	// FromVPCs and ToVPCs are the VPCs that the item concerns, empty for all of the department.
	FromVPCs []string `json:"fromVPCs,omitempty"`
	ToVPCs   []string `json:"toVPCs,omitempty"`
	Protocol string   `json:"protocol,omitempty"` // of traffic; "all" for every protocol
	Ports    []string `json:"ports,omitempty"`    // ports, or types of ICMP with their codes; empty for all
	Sources  []string `json:"sources,omitempty"`  // of traffic; empty for all blocks of from
	Groups   string   `json:"groups,omitempty"`   // of to that admit the traffic
	Tables   []string `json:"tables,omitempty"`   // of from; empty for all
	// Destinations are the blocks of to that are routed. Whole reports that they are all blocks of to.
	Destinations []string `json:"destinations,omitempty"`
	Whole        bool     `json:"whole,omitempty"`
	Line         int      `json:"line"` // of the policy that allows it
}

// finding is one span between two VPCs.
type finding struct {
	kind     Kind
	from, to string    // departments
	vpcs     [2]string // of from and of to
	place    string    // the kind of group or route table
	places   int       // the number of kinds of route tables
	span     span
	part     bool // other sources of the same line are no findings
}

// census has all VPCs of each department.
type census map[string][]string

// group returns the values with equal keys together, in the order of the first value of each key.
func group[T any, K comparable](all []T, key func(T) K) [][]T {
	index := map[K]int{}
	var groups [][]T
	for _, f := range all {
		k := key(f)
		i, found := index[k]
		if !found {
			i = len(groups)
			index[k], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

// items merges the findings into items, sorted by departments and lines.
func (c census) items(all []finding) []Item {
	var found []paired
	for _, same := range group(all, func(f finding) string {
		return fmt.Sprint(f.kind, "|", f.from, "|", f.to, "|", f.vpcs, "|", f.span.line)
	}) {
		var items []Item
		switch same[0].kind {
		case Traffic:
			items = traffic(same)
		case Routes:
			items = routes(same)
		default:
			items = []Item{start(same[0])}
		}
		for _, i := range items {
			found = append(found, paired{i, same[0].vpcs})
		}
	}
	items := c.join(found)
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Line, b.Line))
	})
	return items
}

func start(f finding) Item { return Item{Kind: f.kind, From: f.from, To: f.to, Line: f.span.line} }

// paired is an item of one VPC of each department.
type paired struct {
	Item
	vpcs [2]string
}

// key is the same for items that differ only in their VPCs and the blocks of these.
func (p paired) key() string {
	i := p.Item
	if i.Whole {
		i.Destinations = nil
	}
	return fmt.Sprintf("%+v", i)
}

// join makes one item of those that differ only in their VPCs. It names the VPCs unless they are all of the
// departments.
func (c census) join(all []paired) []Item {
	items := []Item{}
	for _, same := range group(all, paired.key) {
		from, to := map[string]bool{}, map[string]bool{}
		for _, p := range same {
			from[p.vpcs[0]], to[p.vpcs[1]] = true, true
		}
		if len(same) < pairsOf(from, to) && len(from) > 1 { // not every VPC with every one
			for _, part := range group(same, func(p paired) string { return p.vpcs[0] }) {
				items = append(items, c.join(part)...)
			}
			continue
		}
		item := same[0].Item
		item.FromVPCs, item.ToVPCs = c.unlessAll(item.From, from), c.unlessAll(item.To, to)
		for _, p := range same[1:] {
			item.Destinations = append(item.Destinations, p.Destinations...)
		}
		slices.Sort(item.Destinations)
		item.Destinations = slices.Compact(item.Destinations)
		items = append(items, item)
	}
	return items
}

// pairsOf counts the pairs of a VPC of from with another one of to. The VPCs of a range are many.
func pairsOf(from, to map[string]bool) int {
	n := 0
	for f := range from {
		for t := range to {
			if !isSameVPC(f, t) {
				n++
			}
		}
	}
	return n
}

// isSameVPC reports whether both texts are about one VPC that a policy names.
func isSameVPC(a, b string) bool {
	id, _, _ := strings.Cut(a, " ")
	other, _, _ := strings.Cut(b, " ")
	return id == other && !strings.Contains(id, "/")
}

func (c census) unlessAll(department string, vpcs map[string]bool) []string {
	if len(vpcs) == len(c[department]) {
		return nil
	}
	return slices.Sorted(maps.Keys(vpcs))
}

// traffic returns the items of two VPCs and one line: one for each protocol with the same groups and sources.
func traffic(all []finding) []Item {
	type ports struct {
		place    string
		protocol peering.Protocol
		from, to int32
	}
	sources, isPart := map[ports]map[string]bool{}, map[ports]bool{}
	key := func(f finding) ports { return ports{f.place, f.span.protocol, f.span.from, f.span.to} }
	for _, f := range all {
		if sources[key(f)] == nil {
			sources[key(f)] = map[string]bool{}
		}
		sources[key(f)][f.span.source.text()] = true
		isPart[key(f)] = isPart[key(f)] || !f.isWhole()
	}
	for k := range sources {
		if !isPart[k] { // all blocks of the VPC
			sources[k] = nil
		}
	}
	var items []Item
	for _, same := range group(all, func(f finding) string { return f.place + "|" + joined(sources[key(f)]) }) {
		items = append(items, trafficItems(same, sources[key(same[0])])...)
	}
	return items
}

func joined(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), ",") }

// isWhole reports whether all blocks of the VPC are meant.
func (f finding) isWhole() bool {
	return f.span.source.whole && !f.part && f.span.source.outside+f.span.source.overlapping == ""
}

// text names the block, the group or the prefix list. A range of blocks without bounds is any block.
func (s source) text() string {
	switch {
	case s.ref != "":
		return s.ref
	case s.inside.IsValid() && s.whole && s.block.Bits() == 0:
		family := "IPv4"
		if s.block.Addr().Is6() {
			family = "IPv6"
		}
		return s.without("any " + family + " block")
	case s.inside.IsValid() && s.whole:
		return s.without("blocks in " + s.block.String())
	}
	return s.without(s.block.String())
}

func (s source) without(text string) string {
	if s.overlapping != "" {
		text += " overlapping " + s.overlapping
	}
	if s.outside != "" {
		text += " outside " + s.outside
	}
	if s.except != "" {
		text += " except " + s.except
	}
	return text
}

// trafficItems returns an item for each protocol, or one for all traffic.
func trafficItems(all []finding, sources map[string]bool) []Item {
	ports := map[peering.Protocol][][2]int32{}
	for _, f := range all {
		ports[f.span.protocol] = append(ports[f.span.protocol], [2]int32{f.span.from, f.span.to})
	}
	item := start(all[0])
	item.Groups = all[0].place
	item.Sources = slices.Sorted(maps.Keys(sources))
	complete := 0
	var items []Item
	for _, protocol := range protocols {
		ranges := merged(ports[protocol])
		if len(ranges) == 0 {
			continue
		}
		item.Protocol, item.Ports = string(protocol), portTexts(protocol, ranges)
		if item.Ports == nil {
			complete++
		}
		items = append(items, item)
	}
	if complete == len(protocols) {
		item.Protocol, item.Ports = "all", nil
		return []Item{item}
	}
	return items
}

// merged returns the ranges in order, joined where they touch.
func merged(ranges [][2]int32) [][2]int32 {
	ranges = slices.SortedFunc(slices.Values(ranges), func(a, b [2]int32) int { return slices.Compare(a[:], b[:]) })
	var all [][2]int32
	for _, r := range ranges {
		if n := len(all); n > 0 && r[0] <= all[n-1][1]+1 {
			all[n-1][1] = max(all[n-1][1], r[1])
			continue
		}
		all = append(all, r)
	}
	return all
}

// portTexts returns ranges as the policy file has them, nil for all.
func portTexts(protocol peering.Protocol, ranges [][2]int32) []string {
	if ranges[0] == [2]int32{0, last} {
		return nil
	}
	var all []string
	for _, r := range ranges {
		if protocol == peering.ICMP || protocol == peering.ICMPv6 {
			all = append(all, typeTexts(r)...)
		} else {
			all = append(all, rangeText(r[0], r[1]))
		}
	}
	return all
}

func rangeText(from, to int32) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// typeTexts returns types with their codes: "8" or "9-255" for all codes of types, "3/4" or "3/5-255" for some of
// one type.
func typeTexts(r [2]int32) []string {
	var all []string
	for from := r[0]; from <= r[1]; {
		kind, code := from/256, from%256
		whole := (r[1] + 1) / 256 // the first type with codes outside the range
		if code == 0 && kind < whole {
			all = append(all, rangeText(kind, whole-1))
			from = whole * 256
			continue
		}
		end := min(r[1], kind*256+255)
		all = append(all, fmt.Sprintf("%d/%s", kind, rangeText(code, end%256)))
		from = end + 1
	}
	return all
}

// routes returns the items of two VPCs and one peering: one for all destinations of the same tables.
func routes(all []finding) []Item {
	tables := map[string]map[string]bool{}
	for _, f := range all {
		if tables[f.span.source.text()] == nil {
			tables[f.span.source.text()] = map[string]bool{}
		}
		tables[f.span.source.text()][f.place] = true
	}
	var items []Item
	alike := func(f finding) string { return fmt.Sprint(joined(tables[f.span.source.text()]), "|", f.isWhole()) }
	for _, same := range group(all, alike) {
		item := start(same[0])
		item.Whole = same[0].isWhole()
		if chosen := tables[same[0].span.source.text()]; len(chosen) < same[0].places {
			item.Tables = slices.Sorted(maps.Keys(chosen))
		}
		for _, f := range same {
			item.Destinations = append(item.Destinations, f.span.source.text())
		}
		slices.Sort(item.Destinations)
		item.Destinations = slices.Compact(item.Destinations)
		items = append(items, item)
	}
	return items
}

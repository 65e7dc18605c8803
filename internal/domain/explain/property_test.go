package explain_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// unnamed and unnamed2 are VPCs that no policy names.
const unnamed, unnamed2 peering.VPCID = "vpc-9", "vpc-8"

// The universe is small, so that two drawn policies often meet, and has an example of everything that they distinguish.
var (
	cells = []peering.Cell{{Account: "111111111111", Region: "us-east-1"}, {Account: "222222222222", Region: "eu-west-1"}}
	names = []string{"a", "b", "c"}
	ids   = map[peering.Cell][]peering.VPCID{cells[0]: {"vpc-1", "vpc-2"}, cells[1]: {"vpc-3", "vpc-4"}}
	// ranges that one policy has in one cell; none overlaps another one of the same policy.
	ranges = [][]netip.Prefix{
		nil, blocks("10.0.0.0/15"), blocks("10.0.0.0/16", "10.1.0.0/16"), blocks("10.0.0.0/17", "10.2.0.0/16"),
		blocks("10.0.0.0/16"), blocks("10.2.0.0/16"),
	}
	primaries = blocks("10.0.0.0/16", "10.0.0.0/17", "10.0.1.0/24", "10.0.2.0/24", "10.0.129.0/24", "10.0.200.0/24",
		"10.1.0.0/16", "10.1.1.0/24", "10.1.2.0/24", "10.2.0.0/16", "10.2.1.0/24", "10.2.2.0/24",
		"10.9.0.0/16", "10.9.1.0/24")
	further = blocks("10.0.0.0/16", "10.0.0.0/17", "10.0.1.0/24", "10.0.2.0/24", "10.0.129.0/24", "10.1.0.0/16",
		"10.1.1.0/24", "10.2.0.0/16", "10.2.1.0/24",
		"10.3.0.0/24", "2001:db8::/56", "2001:db8:1::/56")
	declared = [][]netip.Prefix{nil, blocks("10.0.0.0/16"), blocks("10.1.0.0/16", "10.2.0.0/16"), blocks("10.2.0.0/16")}
	listed   = [][]netip.Prefix{nil, nil, blocks("10.0.1.0/24"), blocks("10.0.0.0/16"),
		blocks("10.0.0.0/15"), blocks("10.2.0.0/16")}
	groups = []policy.Groups{{Tags: map[string]string{"Role": "x"}}, {Tags: map[string]string{"Role": "y"}},
		{IDs: []peering.SecurityGroupID{"sg-1"}}}
	tables = []policy.Tables{
		{}, {Scope: policy.MainTable}, {Scope: policy.NoTables}, {
			Scope: policy.TablesByTag, Tags: map[string]string{"Tier": "x"},
		},
		{Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-1"}},
		{Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: map[string]string{"Net": "x"}}},
	}
	// actual are the resources of every VPC. One is there for each group and table that a policy can choose.
	actual = plan.Inventory{
		Groups: []peering.SecurityGroup{
			{ID: "sg-x", Tags: map[string]string{"Role": "x", "Other": "z"}},
			{ID: "sg-y", Tags: map[string]string{"Role": "y"}}, {ID: "sg-1"},
		},
		Tables: []peering.RouteTable{
			{ID: "rtb-main", Main: true}, {ID: "rtb-other"}, {ID: "rtb-1"}, {ID: "rtb-x", Tags: map[string]string{"Tier": "x"}},
			{ID: "rtb-net", Subnets: []peering.SubnetID{"subnet-x"}},
		},
		Subnets: []peering.Subnet{{ID: "subnet-x", Tags: map[string]string{"Net": "x"}}},
	}
	placeOf = map[string]string{
		"sg-x": "groups tagged Role=x", "sg-y": "groups tagged Role=y", "sg-1": "sg-1", "rtb-main": "main table",
		"rtb-other": "other tables",
		"rtb-1":     "rtb-1", "rtb-x": "tables tagged Tier=x", "rtb-net": "tables of subnets tagged Net=x",
	}
)

func blocks(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

func pick[V any](t *rapid.T, label string, from ...V) V {
	return rapid.SampledFrom(from).Draw(t, label)
}

func drawPolicy(t *rapid.T) *policy.Policy {
	p := &policy.Policy{File: "p.yaml", Otherwise: policy.LeaveOthers, Removed: policy.ReportRemoved}
	members := map[string][]policy.Member{}
	for _, cell := range cells {
		for _, r := range pick(t, "ranges", ranges...) {
			name := pick(t, "department", names...)
			members[name] = append(members[name], policy.Member{
				Cell: cell, Within: r, Also: pick(t, "also", nil, nil, blocks("2001:db8::/56"), blocks("10.2.0.0/16")),
			})
		}
		for _, id := range ids[cell] {
			if name := pick(t, "department of the VPC", "", "a", "b", "c"); name != "" {
				members[name] = append(members[name], policy.Member{Cell: cell, VPC: id, CIDRs: pick(t, "cidrs", declared...)})
			}
		}
	}
	for i, name := range names {
		p.Departments = append(p.Departments, policy.Department{Name: name, Members: members[name], Line: i + 1})
	}
	for i, between := range [][2]string{{"a", "b"}, {"b", "c"}, {"c", "a"}, {"a", "a"}, {"b", "b"}} {
		if rapid.Bool().Draw(t, "peering") {
			p.Peerings = append(p.Peerings, drawPeering(t, between, 100*(i+1)))
		}
	}
	return p
}

func drawPeering(t *rapid.T, between [2]string, line int) policy.Peering {
	e := policy.Peering{
		Between: between, Line: line, DNS: pick(t, "dns", false, true), Multipath: pick(t, "multipath", false, true),
		Requester: pick(t, "requester", "", "", between[0], between[1]),
		Approval:  pick(t, "approval", "", policy.ManualApproval),
	}
	if e.IsMesh() {
		e.Requester = ""
	}
	if e.Requester != "" {
		e.Manage = pick(t, "manage", "", "", peering.Requester, peering.Accepter)
	}
	e.Routes = map[string]policy.Routes{}
	for _, name := range between {
		if e.IsMesh() {
			break
		}
		e.Routes[name] = policy.Routes{
			Tables: pick(t, "tables", tables...), To: pick(t, "to", listed...),
			Except: pick(t, "except", nil, nil, blocks("10.0.1.0/24"), blocks("10.0.0.0/16")),
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "entries") {
		ends := pick(t, "direction", between, [2]string{between[1], between[0]})
		a := policy.Allow{From: ends[0], To: ends[1], Groups: pick(t, "groups", groups...), Line: line + i + 1}
		a.Protocol = pick(t, "protocol", peering.TCP, peering.TCP, peering.UDP, peering.ICMP, peering.AllProtocols)
		switch a.Protocol {
		case peering.TCP, peering.UDP:
			a.Ports = pick(t, "ports", nil, []policy.PortRange{{From: 1, To: 2}}, []policy.PortRange{{From: 2, To: 3}},
				[]policy.PortRange{{From: 1, To: 1}, {From: 3, To: 3}})
		case peering.ICMP:
			a.Types = pick(t, "types", nil, []policy.ICMPType{{Type: 8, Code: -1}}, []policy.ICMPType{{Type: 3, Code: 4}})
		}
		a.Sources.Blocks = pick(t, "sources", listed...)
		if rapid.IntRange(0, 4).Draw(t, "references") == 0 {
			a.Sources.PrefixLists = []peering.PrefixListID{"pl-1"}
		}
		e.Allow = append(e.Allow, a)
	}
	return e
}

// point is a port, or a type of ICMP with its code.
type point struct {
	protocol peering.Protocol
	port     int32 // or type
	code     int32
}

var points = []point{
	{"tcp", 0, 0}, {"tcp", 1, 0}, {"tcp", 2, 0}, {"tcp", 3, 0}, {"tcp", 4, 0}, {"udp", 0, 0}, {"udp", 1, 0}, {"udp", 2, 0},
	{"udp", 3, 0}, {"udp", 4, 0},
	{"icmp", 0, 0}, {"icmp", 3, 0}, {"icmp", 3, 4}, {"icmp", 3, 5}, {"icmp", 4, 0}, {"icmp", 8, 0}, {"icmp", 9, 0},
	{"icmpv6", 8, 0}, {"others", 0, 0},
}

// isIn reports whether a permission has the point.
func (x point) isIn(p peering.Permission) bool {
	switch {
	case p.Protocol == peering.AllProtocols:
		return true
	case p.Protocol != x.protocol:
		return false
	case p.Protocol == peering.ICMP || p.Protocol == peering.ICMPv6:
		return p.From < 0 || p.From == x.port && (p.To < 0 || p.To == x.code)
	}
	return p.From <= x.port && x.port <= p.To
}

// isOf reports whether an item has the point.
func (x point) isOf(i explain.Item) bool {
	if i.Protocol != "all" && i.Protocol != string(x.protocol) {
		return false
	}
	return len(i.Ports) == 0 || slices.ContainsFunc(i.Ports, func(text string) bool {
		if kind, codes, found := strings.Cut(text, "/"); found {
			return kind == fmt.Sprint(x.port) && within(codes, x.code)
		}
		return within(text, x.port)
	})
}

func within(text string, n int32) bool {
	first, end, found := strings.Cut(text, "-")
	if !found {
		end = first
	}
	from, _ := strconv.Atoi(first)
	to, _ := strconv.Atoi(end)
	return int32(from) <= n && n <= int32(to)
}

// fact is one thing that a policy allows between two VPCs.
type fact struct {
	kind  explain.Kind
	place string
	point point
	block string // of the source or the destination, or a prefix list
}

// facts returns all that the policy decides and plans for two VPCs. Those of the direction from y to x have the key
// true.
func facts(p *policy.Policy, x, y peering.VPC) map[bool]map[fact]bool {
	found := map[bool]map[fact]bool{false: {}, true: {}}
	for _, reverse := range []bool{false, true} {
		c := peering.Connection{ID: "pcx-1", State: peering.PendingAcceptance, Requester: x, Accepter: y}
		if reverse {
			c.Requester, c.Accepter = y, x
		}
		if d := p.Decide(c); d.Verdict == policy.Accept || d.Verdict == policy.Ask {
			found[reverse][fact{kind: explain.Requests}] = true
		}
		c.State = peering.Active
		d := p.Decide(c)
		if d.Verdict != policy.Accept {
			continue
		}
		for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
			if d.Manages(role) {
				addPlan(found, (role == peering.Accepter) != reverse, p, c, role, d)
			}
		}
	}
	return found
}

// addPlan adds the changes of the side that belongs to y if isY.
func addPlan(found map[bool]map[fact]bool, isY bool, p *policy.Policy, c peering.Connection,
	role peering.Role, d policy.Decision) {
	i := plan.Inventory{
		Groups: slices.Clone(actual.Groups), Tables: slices.Clone(actual.Tables), Subnets: slices.Clone(actual.Subnets),
	}
	for n := range i.Groups {
		i.Groups[n].VPC = c.VPC(role).ID
	}
	for n := range i.Tables {
		i.Tables[n].VPC = c.VPC(role).ID
	}
	for n := range i.Subnets {
		i.Subnets[n].VPC = c.VPC(role).ID
	}
	for _, change := range plan.Connect(i.Side(c, role, d, p)).Changes() {
		switch change := change.(type) {
		case plan.Authorize:
			for _, permission := range change.Permissions {
				for _, x := range points {
					if x.isIn(permission) {
						source := string(permission.PrefixList)
						if source == "" {
							source = permission.Source.String()
						}
						found[!isY][fact{explain.Traffic, placeOf[string(change.Group)], x, source}] = true
					}
				}
			}
		case plan.CreateRoute:
			found[isY][fact{explain.Routes, placeOf[string(change.Table)], point{}, change.Destination.String()}] = true
		case plan.EnableDNS:
			found[isY][fact{kind: explain.DNS}] = true
		}
	}
}

// missing returns the facts of a that b doesn't have. Several blocks of b may have all of one of a.
func missing(a, b map[fact]bool) []fact {
	var all []fact
	for f := range a {
		block, err := netip.ParsePrefix(f.block)
		if b[f] {
			continue
		}
		var known []netip.Prefix
		for o := range b {
			if other, bad := netip.ParsePrefix(o.block); bad == nil && o.kind == f.kind &&
				o.place == f.place && o.point == f.point {
				known = append(known, other)
			}
		}
		if err != nil || !cidr.Covers(known, block) {
			all = append(all, f)
		}
	}
	return all
}

// covers reports whether the item covers the fact from x to y.
func covers(i explain.Item, f fact, x, y peering.VPC) bool {
	if i.Kind != f.kind || !concerns(i.FromVPCs, x) || !concerns(i.ToVPCs, y) {
		return false
	}
	switch f.kind {
	case explain.Traffic:
		return i.Groups == f.place && f.point.isOf(i) &&
			(len(i.Sources) == 0 || slices.ContainsFunc(i.Sources, func(s string) bool { return hasBlock(s, f.block) }))
	case explain.Routes:
		return (len(i.Tables) == 0 || slices.Contains(i.Tables, f.place)) &&
			slices.ContainsFunc(i.Destinations, func(s string) bool { return hasBlock(s, f.block) })
	}
	return true
}

// concerns reports whether the texts name the VPC, or are none.
func concerns(texts []string, v peering.VPC) bool {
	return len(texts) == 0 || slices.ContainsFunc(texts, func(text string) bool {
		if id, where, isSplit := strings.Cut(text, " with a primary block in "); isSplit {
			return peering.VPCID(id) == v.ID && hasBlock(where, v.Primary().String())
		}
		if !strings.Contains(text, "/") {
			return peering.VPCID(text) == v.ID
		}
		rest, inCell := strings.CutPrefix(text, v.Cell().String()+"/")
		return inCell && (v.ID == unnamed || v.ID == unnamed2) && hasBlock(rest, v.Primary().String())
	})
}

// hasBlock reports whether a block lies in a text such as "10.0.0.0/16 overlapping 10.0.2.0/24 outside 10.0.0.0/17
// except 10.0.1.0/24". A block outside others doesn't lie in them, and doesn't overlap the exceptions.
func hasBlock(text, block string) bool {
	text, except, _ := strings.Cut(text, " except ")
	text, outside, _ := strings.Cut(strings.TrimPrefix(text, "blocks in "), " outside ")
	text, overlapping, isOverlap := strings.Cut(text, " overlapping ")
	b, err := netip.ParsePrefix(block)
	if err != nil || !strings.Contains(text, "/") && !strings.HasPrefix(text, "any ") {
		return text == block
	}
	if family, isAny := strings.CutPrefix(text, "any IPv"); isAny {
		if strings.HasPrefix(family, "4") != b.Addr().Is4() {
			return false
		}
	} else if !cidr.Contains(netip.MustParsePrefix(text), b) {
		return false
	}
	if isOverlap && !slices.ContainsFunc(parse(overlapping), b.Overlaps) {
		return false
	}
	return !slices.ContainsFunc(parse(outside), func(o netip.Prefix) bool { return cidr.Contains(o, b) }) &&
		!slices.ContainsFunc(parse(except), b.Overlaps)
}

func parse(list string) []netip.Prefix {
	if list == "" {
		return nil
	}
	return blocks(strings.Split(list, ", ")...)
}

// vpcs returns every VPC of the universe that the policies can be meant for: one with declared blocks has those of a
// policy, or if anyBlocks is true and a policy doesn't declare them, any.
func vpcs(anyBlocks bool, policies ...*policy.Policy) []peering.VPC {
	var all []peering.VPC
	for _, cell := range cells {
		for _, id := range append(slices.Clone(ids[cell]), unnamed) {
			v := peering.VPC{Owner: cell.Account, Region: cell.Region, ID: id}
			isNamed := func(p *policy.Policy) bool { return memberOf(p, v) != nil }
			if id != unnamed && !slices.ContainsFunc(policies, isNamed) {
				continue // as the unnamed one
			}
			for _, v.Blocks = range blocksOf(v, anyBlocks, policies) {
				all = append(all, v)
			}
		}
	}
	return all
}

// blocksOf returns the blocks that the policies declare the VPC to have, or else all combinations. A file has the
// declared blocks in any order, so that each of them may be the primary one.
func blocksOf(v peering.VPC, anyBlocks bool, policies []*policy.Policy) [][]netip.Prefix {
	var all [][]netip.Prefix
	isDeclared := true
	for _, p := range policies {
		m := memberOf(p, v)
		if m == nil || m.CIDRs == nil {
			isDeclared = false
			continue
		}
		for i := range m.CIDRs {
			all = append(all, slices.Concat(m.CIDRs[i:], m.CIDRs[:i]))
		}
	}
	if all != nil && !anyBlocks {
		return all
	}
	for _, declared := range slices.Clone(all) {
		for _, f := range further { // which the policy may permit for the department
			if !slices.ContainsFunc(declared, f.Overlaps) {
				all = append(all, append(slices.Clone(declared), f))
			}
		}
	}
	if isDeclared {
		return all
	}
	for _, primary := range primaries {
		all = append(all, []netip.Prefix{primary})
	}
	for _, primary := range primaries {
		for _, f := range further {
			if !f.Overlaps(primary) {
				all = append(all, []netip.Prefix{primary, f})
			}
		}
	}
	return all
}

// TestUniverseHasEachPrimaryBlock: the order of declared blocks doesn't show which of them is the primary one.
func TestUniverseHasEachPrimaryBlock(t *testing.T) {
	t.Parallel()
	named := policy.Member{Cell: cells[0], VPC: "vpc-1", CIDRs: blocks("10.1.0.0/16", "10.2.0.0/16")}
	p := &policy.Policy{Departments: []policy.Department{{Name: "a", Members: []policy.Member{named}}}}
	var found []string
	for _, v := range vpcs(false, p) {
		if v.ID == named.VPC {
			found = append(found, v.Primary().String())
		}
	}
	if want := []string{"10.1.0.0/16", "10.2.0.0/16"}; !slices.Equal(found, want) {
		t.Errorf("the VPCs have the primary blocks %v, want %v", found, want)
	}
}

// memberOf returns the member that names the VPC, or nil.
func memberOf(p *policy.Policy, v peering.VPC) *policy.Member {
	for _, d := range p.Departments {
		for i, m := range d.Members {
			if m.VPC == v.ID && m.Cell == v.Cell() {
				return &d.Members[i]
			}
		}
	}
	return nil
}

// apart reports whether EC2 can connect the two VPCs.
func apart(x, y peering.VPC) bool {
	_, _, found := cidr.Overlap(x.Blocks, y.Blocks)
	return !found && !x.Same(y)
}

// contradicts reports whether a VPC has other blocks than the policy declares.
func contradicts(p *policy.Policy, x, y peering.VPC) bool {
	for _, v := range []peering.VPC{x, y} {
		m := memberOf(p, v)
		if m != nil && slices.ContainsFunc(m.CIDRs, func(b netip.Prefix) bool { return !slices.Contains(v.Blocks, b) }) {
			return true
		}
	}
	there := p.Decide(peering.Connection{State: peering.PendingAcceptance, Requester: x, Accepter: y})
	back := p.Decide(peering.Connection{State: peering.PendingAcceptance, Requester: y, Accepter: x})
	return there.Code == policy.CIDRMismatch || back.Code == policy.CIDRMismatch
}

// changed returns the facts from x to y that only the first policy allows. Route tables that neither policy
// distinguishes for the departments are other tables. If isDenied is true, the second policy is taken to deny the two.
func changed(p, q *policy.Policy, x, y peering.VPC, isDenied bool) []fact {
	theirs := facts(q, x, y)[false]
	if isDenied {
		theirs = nil
	}
	all := missing(facts(p, x, y)[false], theirs)
	known := slices.Concat([]string{"main table"}, chosen(p, x, y), chosen(q, x, y))
	for i, f := range all {
		if f.kind == explain.Routes && !slices.Contains(known, f.place) {
			all[i].place = "other tables"
		}
	}
	return all
}

// chosen returns the kinds of route tables that the peering of the two VPCs chooses.
func chosen(p *policy.Policy, x, y peering.VPC) []string {
	a, b := p.DepartmentOf(x), p.DepartmentOf(y)
	var all []string
	for _, e := range p.Peerings {
		if e.Between != [2]string{a, b} && e.Between != [2]string{b, a} {
			continue
		}
		for _, r := range e.Routes {
			all = append(all, map[policy.TableScope]string{
				policy.TablesByTag: "tables tagged Tier=x", policy.TablesByID: "rtb-1",
				policy.SubnetTables: "tables of subnets tagged Net=x",
			}[r.Tables.Scope])
		}
	}
	return all
}

// TestDiffEqualsDecisionsAndPlans: for every pair of policies, each difference of the decisions and plans for VPCs of
// the universe is an item of the diff, and each item is such a difference for some VPCs.
func TestDiffEqualsDecisionsAndPlans(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, next := drawPolicy(t), drawPolicy(t)
		if rapid.Bool().Draw(t, "same departments") {
			next.Departments = old.Departments
			for i, e := range next.Peerings {
				if same := peeringOf(old, e.Between); same != nil && rapid.Bool().Draw(t, "same peering") {
					next.Peerings[i] = *same
				}
			}
		}
		d := explain.Compare(old, next)
		all, wide := vpcs(false, old, next), vpcs(true, old, next)
		for range 60 {
			x, y := pick(t, "x", all...), pick(t, "y", all...)
			if y.ID == unnamed {
				y.ID = unnamed2
			}
			if !apart(x, y) {
				continue
			}
			checkCovered(t, "opened", d.Opens, next, old, x, y)
			checkCovered(t, "closed", d.Closes, old, next, x, y)
			checkApproval(t, d.Requests, old, next, x, y)
		}
		checkWitnesses(t, "opens", d.Opens, differencesOf(next, old, wide))
		checkWitnesses(t, "closes", d.Closes, differencesOf(old, next, wide))
	})
}

func peeringOf(p *policy.Policy, between [2]string) *policy.Peering {
	for i := range p.Peerings {
		if p.Peerings[i].Between == between {
			return &p.Peerings[i]
		}
	}
	return nil
}

func checkCovered(t *rapid.T, verb string, items []explain.Item, p, q *policy.Policy, x, y peering.VPC) {
	if contradicts(p, x, y) {
		return // the policy is meant for other blocks
	}
	for _, f := range changed(p, q, x, y, false) {
		if f.kind == explain.Requests && contradicts(q, x, y) {
			continue // the other policy allows them for the blocks that it declares
		}
		if !slices.ContainsFunc(items, func(i explain.Item) bool { return covers(i, f, x, y) }) {
			t.Fatalf("%+v is %s from %+v to %+v, and no item covers it: %+v\n%s\n%s", f, verb, x, y,
				items, encoded(p), encoded(q))
		}
	}
}

// checkApproval fails if the policies treat requests from x to y differently, and no change describes that or one does
// wrongly.
func checkApproval(t *rapid.T, changes []explain.Change, old, next *policy.Policy, x, y peering.VPC) {
	if contradicts(old, x, y) || contradicts(next, x, y) {
		return
	}
	for _, multipath := range []bool{false, true} {
		c := peering.Connection{State: peering.PendingAcceptance, Requester: x, Accepter: y, RequesterMultipath: multipath}
		before, after := old.Decide(c), next.Decide(c)
		c.RequesterMultipath = false
		isOpen := func(v policy.Verdict) bool { return v == policy.Accept || v == policy.Ask }
		if !isOpen(old.Decide(c).Verdict) || !isOpen(next.Decide(c).Verdict) {
			continue // an item of opens or closes, if they differ
		}
		want := ""
		switch {
		case multipath && isOpen(before.Verdict) != isOpen(after.Verdict):
			want = map[bool]string{true: "may allow multipath resilience",
				false: "may not allow multipath resilience"}[isOpen(after.Verdict)]
		case !multipath && before.Verdict != after.Verdict:
			want = map[policy.Verdict]string{policy.Accept: "are accepted without approval",
				policy.Ask: "need approval"}[after.Verdict]
		}
		got := ""
		for _, change := range changes {
			concernsBoth := change.From == after.Requester && change.To == after.Accepter && concerns(change.FromVPCs, x) &&
				concerns(change.ToVPCs, y)
			if concernsBoth && strings.Contains(change.Change, "multipath") == multipath {
				got = change.Change
			}
		}
		if got != want {
			t.Fatalf("requests from %+v to %+v %q, want %q\n%s\n%s", x, y, got, want, encoded(old), encoded(next))
		}
	}
}

// differences has the facts that only the first policy allows, for the pairs of VPCs that a test looked at.
type differences struct {
	p, q        *policy.Policy
	all         []peering.VPC
	departments []string // of p, by the index of the VPC
	known       map[[2]int]difference
}

// difference is the difference for two VPCs. It is impossible if EC2 doesn't connect them, or if the first policy
// declares other blocks.
type difference struct {
	isPossible bool
	facts      []fact
}

func differencesOf(p, q *policy.Policy, all []peering.VPC) differences {
	d := differences{p: p, q: q, all: all, known: map[[2]int]difference{}}
	for _, v := range all {
		d.departments = append(d.departments, p.DepartmentOf(v))
	}
	return d
}

// pair returns the two VPCs with the indexes. Those that no policy names are two different ones.
func (d differences) pair(i, j int) (x, y peering.VPC) {
	x, y = d.all[i], d.all[j]
	if y.ID == unnamed {
		y.ID = unnamed2
	}
	return x, y
}

// of returns the difference for the two VPCs with the indexes.
func (d differences) of(i, j int) difference {
	key := [2]int{i, j}
	if known, found := d.known[key]; found {
		return known
	}
	x, y := d.pair(i, j)
	one := difference{isPossible: apart(x, y) && !contradicts(d.p, x, y)}
	if one.isPossible {
		one.facts = changed(d.p, d.q, x, y, contradicts(d.q, x, y))
	}
	d.known[key] = one
	return one
}

// among returns the indexes of the department's VPCs that the texts name and that have some of the blocks.
func (d differences) among(department string, texts, blocks []string) (found []int) {
	for i, v := range d.all {
		if d.departments[i] == department && concerns(texts, v) && hasSome(v, blocks) {
			found = append(found, i)
		}
	}
	return found
}

// checkWitnesses fails unless some VPCs have a fact that an item covers, for each of its ports, sources, tables and
// destinations.
func checkWitnesses(t *rapid.T, verb string, items []explain.Item, d differences) {
	for _, i := range items {
		for _, part := range single(i) {
			if !d.hasWitness(part) {
				t.Fatalf("the diff %s %+v, and no VPC shows it\n%s\n%s", verb, part, encoded(d.p), encoded(d.q))
			}
		}
	}
}

func encoded(p *policy.Policy) string {
	data, err := p.Encode()
	return fmt.Sprintf("%s %v", data, err)
}

// single returns an item for each combination of the item's lists.
func single(i explain.Item) []explain.Item {
	parts := []explain.Item{i}
	each := func(list func(*explain.Item) *[]string) {
		var next []explain.Item
		for _, p := range parts {
			values := *list(&p)
			for n := range max(len(values), 1) {
				one := p
				if len(values) > 0 {
					*list(&one) = values[n : n+1]
				}
				next = append(next, one)
			}
		}
		parts = next
	}
	if !i.Whole || i.From != i.To { // in a mesh, a VPC's own blocks are none of its destinations
		each(func(i *explain.Item) *[]string { return &i.FromVPCs })
	}
	if !i.Whole { // a block of one VPC isn't one of another
		each(func(i *explain.Item) *[]string { return &i.ToVPCs })
	}
	each(func(i *explain.Item) *[]string { return &i.Ports })
	if len(i.Sources) > 0 {
		each(func(i *explain.Item) *[]string { return &i.Sources })
	}
	each(func(i *explain.Item) *[]string { return &i.Tables })
	each(func(i *explain.Item) *[]string { return &i.Destinations })
	return parts
}

// hasWitness reports whether two VPCs have such a fact, or EC2 connects no two VPCs that have the item's blocks.
func (d differences) hasWitness(i explain.Item) bool {
	xs, ys := d.among(i.From, i.FromVPCs, i.Sources), d.among(i.To, i.ToVPCs, i.Destinations)
	isVacuous := true
	for shift := range ys { // soon all of the VPCs, because those of one kind are next to each other
		for k, n := range xs {
			m := ys[(shift+k)%len(ys)]
			one := d.of(n, m)
			isVacuous = isVacuous && !one.isPossible
			x, y := d.pair(n, m)
			if slices.ContainsFunc(one.facts, func(f fact) bool { return covers(i, f, x, y) }) {
				return true
			}
		}
	}
	return isVacuous
}

// hasSome reports whether the VPC has a block of the texts, or all of one. References and no texts are blocks of every
// VPC.
func hasSome(v peering.VPC, texts []string) bool {
	return len(texts) == 0 || slices.ContainsFunc(texts, func(text string) bool {
		if !strings.Contains(text, "/") && !strings.HasPrefix(text, "any ") {
			return true
		}
		if !strings.HasPrefix(text, "any ") && !strings.HasPrefix(text, "blocks in ") {
			first, _, _ := strings.Cut(text, " ")
			return cidr.Covers(v.Blocks, netip.MustParsePrefix(first))
		}
		return slices.ContainsFunc(v.Blocks, func(b netip.Prefix) bool { return hasBlock(text, b.String()) })
	})
}

// TestDiffOfEqualPolicies: comments, lines and the order of entries are no difference.
func TestDiffOfEqualPolicies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := drawPolicy(t)
		next := *old
		next.Peerings = slices.Clone(old.Peerings)
		slices.Reverse(next.Peerings)
		for i := range next.Peerings {
			next.Peerings[i].Line++
			next.Peerings[i].Allow = slices.Clone(next.Peerings[i].Allow)
			slices.Reverse(next.Peerings[i].Allow)
			next.Peerings[i].Routes = maps.Clone(next.Peerings[i].Routes)
		}
		if d := explain.Compare(old, &next); !d.IsEmpty() || d.IsOpening() {
			t.Fatalf("Compare() = %+v, want no difference", d)
		}
	})
}

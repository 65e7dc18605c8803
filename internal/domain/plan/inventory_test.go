package plan_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

var (
	here   = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	asking = peering.VPC{Owner: here.Account, Region: here.Region, ID: "vpc-a", Blocks: prefixes("10.10.0.0/16")}
	asked  = peering.VPC{Owner: here.Account, Region: here.Region, ID: "vpc-b", Blocks: prefixes("172.31.0.0/16")}
	third  = peering.VPC{Owner: here.Account, Region: here.Region, ID: "vpc-c", Blocks: prefixes("10.30.0.0/16")}

	samePrefixes = cmpopts.EquateComparable(netip.Prefix{})
)

// unknown is the VPC as a pending connection shows it.
func unknown(v peering.VPC) peering.VPC {
	v.Blocks = nil
	return v
}

func between(id peering.ConnectionID, requester, accepter peering.VPC) peering.Connection {
	return peering.Connection{ID: id, State: peering.PendingAcceptance, Requester: requester, Accepter: accepter}
}

func TestWithBlocks(t *testing.T) {
	t.Parallel()
	a, b := unknown(asking), unknown(asked)
	tests := []struct {
		name  string
		known []peering.VPC
		want  peering.Connection
	}{
		{"both", []peering.VPC{third, asked, asking}, between(via, asking, asked)},
		{"the requester alone", []peering.VPC{asking}, between(via, asking, b)},
		{"the accepter alone", []peering.VPC{asked}, between(via, a, asked)},
		{"a VPC of the same id elsewhere is another",
			[]peering.VPC{{Owner: "999999999999", Region: here.Region, ID: "vpc-a", Blocks: asked.Blocks}}, between(via, a, b)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := plan.Inventory{VPCs: tt.known}.WithBlocks(between(via, a, b))
			if diff := cmp.Diff(tt.want, got, samePrefixes); diff != "" {
				t.Errorf("WithBlocks() (-want +got):\n%s", diff)
			}
		})
	}
}

// decision lets marketing and finance connect, and marketing ping finance.
func decision() policy.Decision {
	return policy.Decision{Verdict: policy.Accept, Requester: "marketing", Accepter: "finance", Peering: &policy.Peering{
		Between: [2]string{"marketing", "finance"},
		Allow: []policy.Allow{{
			From: "marketing", To: "finance", Protocol: peering.ICMP,
			Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-b"}},
		}},
	}}
}

// ruleOf is tagged with the connection.
func ruleOf(c peering.ConnectionID, id peering.RuleID, group peering.SecurityGroupID) peering.IngressRule {
	return peering.IngressRule{
		ID: id, Group: group, Tags: map[string]string{
			peering.TagConnection: string(c), peering.TagManaged: string(installation),
		},
	}
}

// TestGroupsOfAPeerInAnotherCell are unknown, regardless of the inventory's groups.
func TestGroupsOfAPeerInAnotherCell(t *testing.T) {
	t.Parallel()
	s := plan.Inventory{Groups: []peering.SecurityGroup{{ID: "sg-a", VPC: "vpc-a"}, {ID: "sg-b", VPC: "vpc-b"}}}
	c := between(via, asking, asked)
	c.Accepter.Region = "eu-north-1"
	if got := s.Side(c, peering.Requester, decision(), &policy.Policy{}).PeerGroups; len(got) > 0 {
		t.Errorf("PeerGroups = %v, want none", got)
	}
}

func TestASideHasTheResourcesOfItsVPC(t *testing.T) {
	t.Parallel()
	s := plan.Inventory{
		Tables:  []peering.RouteTable{{ID: "rtb-a", VPC: "vpc-a"}, {ID: "rtb-b", VPC: "vpc-b"}, {ID: "rtb-c", VPC: "vpc-c"}},
		Subnets: []peering.Subnet{{ID: "subnet-a", VPC: "vpc-a"}, {ID: "subnet-b", VPC: "vpc-b"}},
		Groups:  []peering.SecurityGroup{{ID: "sg-a", VPC: "vpc-a"}, {ID: "sg-b", VPC: "vpc-b"}},
		Rules: []peering.IngressRule{ruleOf(via, "sgr-a", "sg-a"), ruleOf(via, "sgr-b", "sg-b"),
			ruleOf("pcx-old", "sgr-old", "sg-a")},
	}
	c, d := between(via, asking, asked), decision()
	p := &policy.Policy{Installation: installation, Limits: policy.Limits{Routes: 7}}
	want := map[peering.Role]plan.Side{
		peering.Requester: {
			Connection: c, Role: peering.Requester, Own: "marketing", Peer: "finance", Terms: d.Terms(peering.Requester),
			Limits: p.Limits, By: installation,
			Tables: s.Tables[:1], Subnets: s.Subnets[:1], Groups: s.Groups[:1], Ours: s.Rules[:1], Rules: s.Rules[:2],
			PeerGroups: s.Groups[1:],
		},
		peering.Accepter: {
			Connection: c, Role: peering.Accepter, Own: "finance", Peer: "marketing", Terms: d.Terms(peering.Accepter),
			Limits: p.Limits, By: installation,
			Tables: s.Tables[1:2], Subnets: s.Subnets[1:], Groups: s.Groups[1:], Ours: s.Rules[1:2], Rules: s.Rules[:2],
			PeerGroups: s.Groups[:1],
		},
	}
	for role, side := range want {
		if diff := cmp.Diff(side, s.Side(c, role, d, p), samePrefixes); diff != "" {
			t.Errorf("Side(%s) (-want +got):\n%s", role, diff)
		}
	}
}

func TestObstacles(t *testing.T) {
	t.Parallel()
	taken := func(destination, target string) []peering.Route {
		return []peering.Route{{Destination: netip.MustParsePrefix(destination), Target: peering.Target(target)}}
	}
	s := plan.Inventory{Tables: []peering.RouteTable{
		{ID: "rtb-a", VPC: "vpc-a", Routes: taken("172.31.0.0/16", "pcx-x")},
		{ID: "rtb-b", VPC: "vpc-b", Routes: taken("10.10.0.0/16", "pcx-x")},
	}}
	const (
		atA = "172.31.0.0/16 is already routed to pcx-x in rtb-a, so it can't be routed to pcx-new"
		atB = "10.10.0.0/16 is already routed to pcx-x in rtb-b, so it can't be routed to pcx-new"
	)
	abroad := func(v peering.VPC) peering.VPC { v.Region = "eu-west-1"; return v }
	managedBy := func(r peering.Role) policy.Decision {
		d := decision()
		d.Peering.Manage, d.Peering.Requester = r, "marketing"
		return d
	}
	few := policy.Limits{Peerings: 2}
	tests := []struct {
		name     string
		c        peering.Connection
		d        policy.Decision
		accepted []peering.Connection
		limits   policy.Limits
		want     []string
	}{
		{"both sides of the cell are looked at", between(via, asking, asked), decision(), nil,
			policy.Limits{}, []string{atA, atB}},
		{"a side of another cell is not", between(via, asking, abroad(asked)), decision(), nil,
			policy.Limits{}, []string{atA}},
		{"the requester may be left to others", between(via, asking, asked), managedBy(peering.Accepter), nil,
			policy.Limits{}, []string{atB}},
		{"the accepter may be left to others", between(via, asking, asked), managedBy(peering.Requester), nil,
			policy.Limits{}, []string{atA}},
		{"connections count at either end", between(via, asking, abroad(asked)), decision(),
			[]peering.Connection{between("pcx-1", asking, third), between("pcx-2", third, asking)}, few,
			[]string{atA, "vpc-a has 2 of 2 active peering connections and needs 1 more"}},
		{"the last that the quota allows is none too many", between(via, asking, abroad(asked)), decision(),
			[]peering.Connection{between("pcx-1", asking, third)}, few, []string{atA}},
		{"others' connections don't count, nor does this one", between(via, asking, abroad(asked)), decision(),
			[]peering.Connection{between("pcx-1", asking, third), between("pcx-2", third, asked), between(via, asking, asked)},
			few, []string{atA}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := s
			for _, c := range tt.accepted {
				c.State = peering.Active
				s.Living = append(s.Living, c)
			}
			var got []string
			conflicts, shortages := plan.Foresee(s.Prospects(here, tt.c, tt.d, &policy.Policy{Limits: tt.limits})...)
			for _, c := range conflicts {
				got = append(got, c.String())
			}
			for _, short := range shortages {
				got = append(got, short.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Foresee() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoutedSubnets(t *testing.T) {
	t.Parallel()
	subnets := []peering.Subnet{{ID: "subnet-1"}, {ID: "subnet-2"}}
	tests := []struct {
		name    string
		want    []peering.Subnet
		gateway bool // rtb-1 is a gateway's
		policy.Tables
	}{
		{"those of a chosen table", subnets[:1], false, policy.Tables{
			Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-1"},
		}},
		{"those of the main table have no other", subnets[1:], false, policy.Tables{Scope: policy.MainTable}},
		{"all where another tool routes, also those of a gateway's table", subnets, true,
			policy.Tables{Scope: policy.NoTables}},
		{"a gateway's table is never chosen", subnets[1:], true, policy.Tables{Scope: policy.AllTables}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := marketing(func(s *plan.Side) {
				s.Subnets, s.Terms.Routes.Tables = subnets, tt.Tables
				s.Tables = []peering.RouteTable{{ID: "rtb-1", Subnets: []peering.SubnetID{"subnet-1"}, Gateway: tt.gateway},
					{ID: "rtb-2", Main: true}}
			})
			if diff := cmp.Diff(tt.want, s.RoutedSubnets(), samePrefixes); diff != "" {
				t.Errorf("RoutedSubnets() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestASideOfAnUnknownDepartmentHasNoRules: with the blocks, another peering may hold.
func TestASideOfAnUnknownDepartmentHasNoRules(t *testing.T) {
	t.Parallel()
	member := func(v peering.VPC) []policy.Member { return []policy.Member{{Cell: here, VPC: v.ID}} }
	within := func(block string) []policy.Member {
		return []policy.Member{{Cell: here, Within: netip.MustParsePrefix(block)}}
	}
	s := plan.Inventory{
		Groups: []peering.SecurityGroup{{ID: "sg-a", VPC: "vpc-a"}},
		Rules:  []peering.IngressRule{ruleOf(via, "sgr-a", "sg-a")},
	}
	d := decision()
	d.Provisional = true
	for name, tt := range map[string]struct {
		departments []policy.Department
		rules       int
	}{
		"named by its id": {[]policy.Department{{Name: "a", Members: member(asking)}, {Name: "b", Members: member(asked)}},
			1},
		"in either of two": {[]policy.Department{{Name: "a", Members: within("10.0.0.0/8")},
			{Name: "b", Members: within("172.16.0.0/12")}}, 0},
	} {
		p := &policy.Policy{Installation: installation, Departments: tt.departments}
		if got := s.Side(between(via, unknown(asking), unknown(asked)), peering.Requester, d, p).Ours; len(got) != tt.rules {
			t.Errorf("%s: rules = %v, want %d", name, got, tt.rules)
		}
	}
}

// TestBlocksThatAreNotPermitted: a side reaches only the permitted blocks of its peer.
func TestBlocksThatAreNotPermitted(t *testing.T) {
	t.Parallel()
	further := netip.MustParsePrefix("100.64.0.0/16")
	wide := func(v peering.VPC) peering.VPC {
		v.Blocks = append(prefixes(), v.Blocks[0], further)
		return v
	}
	c := between(via, wide(asking), wide(asked))
	d := decision()
	for role, peer := range map[peering.Role]peering.VPC{peering.Requester: asked, peering.Accepter: asking} {
		d.LeftOut = []policy.LeftOut{{Role: role.Other(), Block: further}}
		side := plan.Inventory{}.Side(c, role, d, &policy.Policy{})
		if got := side.Reached(); !cmp.Equal(got, peer.Blocks, samePrefixes) {
			t.Errorf("the %s side reaches %v, want %v", role, got, peer.Blocks)
		}
		if got, want := side.Permitted(role), c.VPC(role).Blocks; !cmp.Equal(got, want, samePrefixes) {
			t.Errorf("the %s side has the permitted blocks %v, want %v", role, got, want)
		}
	}
	if len(c.Requester.Blocks) != 2 || len(c.Accepter.Blocks) != 2 {
		t.Errorf("the blocks of the connection changed: %+v", c)
	}
}

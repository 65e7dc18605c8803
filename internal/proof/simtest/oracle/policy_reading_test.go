package oracle_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// wantedRoutes returns the routes to pcx-1 that autopeer may create in red's cell, of all that it could.
func wantedRoutes(s scene) []string {
	var all []string
	tables := ledger.Sorted(s.RouteTables, func(t *ledger.RouteTable) bool { return t.VPC.Cell == redCell })
	for _, t := range tables {
		for _, dst := range []string{"10.2.0.0/16", "10.2.7.0/24", "10.9.0.0/16", "100.64.0.0/16", "2600:2::/56"} {
			if oracle.CheckCall(s.Ledger, oracle.Quotas{}, changeRoute("CreateRoute", t.ID, dst)) == "" {
				all = append(all, t.ID+" "+dst)
			}
		}
	}
	return all
}

func TestWantedRoutes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		routing plainpolicy.Routing
		prepare func(scene)
		want    []string
	}{
		{"all tables without a selection", plainpolicy.Routing{}, nil,
			[]string{"rtb-private 10.2.0.0/16", "rtb-red 10.2.0.0/16"}},
		{"the main table", plainpolicy.Routing{Main: true}, nil, []string{"rtb-red 10.2.0.0/16"}},
		{"tables by id", plainpolicy.Routing{Tables: []string{"rtb-private"}}, nil, []string{"rtb-private 10.2.0.0/16"}},
		{"tables by tags", plainpolicy.Routing{Tags: map[string]string{"Tier": "private"}}, nil,
			[]string{"rtb-private 10.2.0.0/16"}},
		{"no table has all the tags", plainpolicy.Routing{Tags: map[string]string{"Tier": "private", "Team": "a"}}, nil, nil},
		{"tables by their subnets", plainpolicy.Routing{Subnets: []string{"subnet-1"}}, nil,
			[]string{"rtb-private 10.2.0.0/16"}},
		{"the main table by a subnet without a table", plainpolicy.Routing{Subnets: []string{"subnet-2"}}, nil,
			[]string{"rtb-red 10.2.0.0/16"}},
		{"a subnet of another VPC", plainpolicy.Routing{Subnets: []string{"subnet-3"}}, nil, nil},
		{"tables by the tags of their subnets", plainpolicy.Routing{SubnetTags: map[string]string{"Tier": "public"}}, nil,
			[]string{"rtb-red 10.2.0.0/16"}},

		{"all blocks of the peer", plainpolicy.Routing{Main: true}, func(s scene) {
			s.block(blue, "100.64.0.0/16")
			s.block(blue, "2600:2::/56")
		},
			[]string{"rtb-red 10.2.0.0/16", "rtb-red 100.64.0.0/16", "rtb-red 2600:2::/56"}},
		{"a part of the peer's block", plainpolicy.Routing{Main: true, To: prefixes("10.2.7.0/24")}, nil,
			[]string{"rtb-red 10.2.7.0/24"}},
		{"a destination that isn't the peer's", plainpolicy.Routing{Main: true, To: prefixes("10.9.0.0/16")}, nil, nil},
		{"a destination that is wider than the peer's block", plainpolicy.Routing{Main: true, To: prefixes("10.2.0.0/16")},
			func(s scene) {
				s.VPCs[blue].Blocks = prefixes("10.2.0.0/17")
			}, nil},
		{"an excluded block", plainpolicy.Routing{Main: true, Except: prefixes("100.64.0.0/10")}, func(s scene) {
			s.block(blue, "100.64.0.0/16")
		},
			[]string{"rtb-red 10.2.0.0/16"}},
		{"an exclusion of a part excludes the block", plainpolicy.Routing{Main: true, Except: prefixes("10.2.7.0/24")},
			nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			s.accept("pcx-1")
			s.table(red, "rtb-private")
			s.tag("rtb-private", "Tier", "private")
			s.subnet(red, "subnet-1", "rtb-private")
			s.subnet(red, "subnet-2", "")
			s.subnet(green, "subnet-3", "rtb-private")
			s.tag("subnet-2", "Tier", "public")
			s.peering().Routes["red"] = tt.routing
			if tt.prepare != nil {
				tt.prepare(s)
			}
			if diff := cmp.Diff(tt.want, wantedRoutes(s)); diff != "" {
				t.Errorf("wanted routes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWantedPermissions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		allow   plainpolicy.Allow
		prepare func(scene)
		want    []string
	}{
		{"ports of one source", plainpolicy.Allow{Protocol: "tcp", Ports: [][2]int{{22, 22}, {8000, 8080}}}, nil,
			[]string{"tcp 22 to 22 from 10.2.0.0/16", "tcp 8000 to 8080 from 10.2.0.0/16"}},
		{"all ports", plainpolicy.Allow{Protocol: "udp"}, nil, []string{"udp 0 to 65535 from 10.2.0.0/16"}},
		{"all ports of TCP", plainpolicy.Allow{Protocol: "tcp"}, nil, []string{"tcp 0 to 65535 from 10.2.0.0/16"}},
		{"all protocols", plainpolicy.Allow{Protocol: "all"}, nil, []string{"-1 -1 to -1 from 10.2.0.0/16"}},
		{"a type and its code", plainpolicy.Allow{Protocol: "icmp", Ports: [][2]int{{3, 4}}}, nil,
			[]string{"icmp 3 to 4 from 10.2.0.0/16"}},
		{"all types", plainpolicy.Allow{Protocol: "icmp"}, nil, []string{"icmp -1 to -1 from 10.2.0.0/16"}},
		{"ICMP has no IPv6 sources", plainpolicy.Allow{Protocol: "icmp"}, func(s scene) {
			s.block(blue, "2600:2::/56")
		}, []string{"icmp -1 to -1 from 10.2.0.0/16"}},
		{"ICMPv6 has only IPv6 sources", plainpolicy.Allow{Protocol: "icmpv6"}, func(s scene) {
			s.block(blue, "2600:2::/56")
		}, []string{"icmpv6 -1 to -1 from 2600:2::/56"}},

		{"all blocks of the peer", plainpolicy.Allow{Protocol: "all"}, func(s scene) { s.block(blue, "100.64.0.0/16") },
			[]string{"-1 -1 to -1 from 10.2.0.0/16", "-1 -1 to -1 from 100.64.0.0/16"}},
		{"a listed source", plainpolicy.Allow{Protocol: "all", Sources: prefixes("10.2.7.0/24")}, nil,
			[]string{"-1 -1 to -1 from 10.2.7.0/24"}},
		{"a listed source that isn't the peer's", plainpolicy.Allow{Protocol: "all", Sources: prefixes("10.9.0.0/16")},
			nil, nil},
		{"a security group of the peer", plainpolicy.Allow{Protocol: "all", SourceGroups: []string{"sg-blue"}}, nil,
			[]string{"-1 -1 to -1 from sg-blue"}},
		{"a block and a security group of the peer",
			plainpolicy.Allow{Protocol: "all", Sources: prefixes("10.2.7.0/24"), SourceGroups: []string{"sg-blue"}}, nil,
			[]string{"-1 -1 to -1 from 10.2.7.0/24", "-1 -1 to -1 from sg-blue"}},
		{"a security group of a peer that doesn't exist",
			plainpolicy.Allow{Protocol: "all", SourceGroups: []string{"sg-blue"}}, func(s scene) { delete(s.VPCs, blue) }, nil},
		{"a security group of another Region", plainpolicy.Allow{Protocol: "all", SourceGroups: []string{"sg-green"}},
			func(s scene) {
				s.member("blue").Cell, s.member("blue").VPC = greenCell, green.ID
				s.Connections["pcx-1"].Accepter = green
			}, nil},

		{"a group by id", plainpolicy.Allow{Protocol: "all", IDs: []string{"sg-red"}}, nil,
			[]string{"-1 -1 to -1 from 10.2.0.0/16"}},
		{"another group by id", plainpolicy.Allow{Protocol: "all", IDs: []string{"sg-other"}}, nil, nil},
		{"a group by tags", plainpolicy.Allow{Protocol: "all", Tags: map[string]string{"Role": "web"}}, nil,
			[]string{"-1 -1 to -1 from 10.2.0.0/16"}},
		{"another group by tags", plainpolicy.Allow{Protocol: "all", Tags: map[string]string{"Role": "db"}}, nil, nil},
		{"traffic in the other direction", plainpolicy.Allow{From: "red", To: "blue", Protocol: "all"}, nil, nil},
		{"traffic from another department", plainpolicy.Allow{From: "green", To: "red", Protocol: "all"}, nil, nil},
		{"traffic to another department", plainpolicy.Allow{From: "blue", To: "green", Protocol: "all"}, nil, nil},
		{"a group of another VPC", plainpolicy.Allow{Protocol: "all"}, func(s scene) {
			s.SecurityGroups["sg-red"].VPC.ID = "vpc-other"
		}, nil},

		{"a connection that isn't active", plainpolicy.Allow{Protocol: "all"}, func(s scene) {
			s.delete("pcx-1")
		}, []string{"-1 -1 to -1 from 10.2.0.0/16"}},
		{"no peering", plainpolicy.Allow{Protocol: "all"}, func(s scene) { s.Policy.Peerings = nil }, nil},
		{"a peer that doesn't exist", plainpolicy.Allow{Protocol: "all"}, func(s scene) { delete(s.VPCs, blue) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			s.tag("sg-red", "Role", "web")
			a := tt.allow
			if a.From == "" {
				a.From, a.To = "blue", "red"
			}
			if len(a.IDs)+len(a.Tags) == 0 {
				a.IDs = []string{"sg-red"}
			}
			s.peering().Allow = []plainpolicy.Allow{a}
			if tt.prepare != nil {
				tt.prepare(s)
			}
			var got []string
			for _, p := range oracle.WantedPermissions(s.Ledger, s.SecurityGroups["sg-red"]) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("WantedPermissions() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPermittedBlocks checks the routes to further blocks of an active connection's peer.
func TestPermittedBlocks(t *testing.T) {
	t.Parallel()
	ranged := plainpolicy.Member{
		Cell: blueCell, Within: netip.MustParsePrefix("10.0.0.0/12"), Also: prefixes("100.64.0.0/10"),
	}
	ipv6 := plainpolicy.Member{Cell: blueCell, Within: netip.MustParsePrefix("2600::/12")}
	in := func(cell peering.Cell, m plainpolicy.Member) plainpolicy.Member { m.Cell = cell; return m }
	byID := plainpolicy.Member{Cell: blueCell, VPC: blue.ID}
	listed := plainpolicy.Member{Cell: blueCell, VPC: blue.ID, CIDRs: prefixes("10.2.0.0/16", "172.16.0.0/12")}
	tests := []struct {
		name    string
		members []plainpolicy.Member
		block   string
		want    bool
	}{
		{"any block of a VPC by id", []plainpolicy.Member{byID}, "172.16.0.0/16", true},
		{"a listed block", []plainpolicy.Member{listed}, "172.16.0.0/16", true},
		{"a block beside the listed ones", []plainpolicy.Member{listed}, "100.64.0.0/16", false},
		{"a further block of a department with a VPC by id", []plainpolicy.Member{listed, ranged}, "100.64.0.0/16", true},
		{"a block in another range of the department", []plainpolicy.Member{ranged, ipv6}, "2600:1::/56", true},
		{"a further block", []plainpolicy.Member{ranged}, "100.64.0.0/16", true},
		{"a block beside the further ones", []plainpolicy.Member{ranged}, "172.16.0.0/16", false},
		{"a further block of another cell", []plainpolicy.Member{listed, in(greenCell, ranged)}, "100.64.0.0/16", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			s.Policy.Departments[1].Members = tt.members
			s.accept("pcx-1")
			s.block(blue, tt.block)
			if why := oracle.CheckCall(s.Ledger, oracle.Quotas{},
				changeRoute("CreateRoute", "rtb-red", tt.block)); (why == "") != tt.want {
				t.Errorf("CheckCall(create route) = %q, want allowed: %v", why, tt.want)
			}
			if why := oracle.CheckCall(s.Ledger, oracle.Quotas{},
				changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16")); why != "" {
				t.Errorf("CheckCall(create route to the primary block) = %q, want it allowed", why)
			}
		})
	}
}

// TestDepartmentsByRange checks the departments of VPCs by the connections that the policy allows between them.
func TestDepartmentsByRange(t *testing.T) {
	t.Parallel()
	within := func(s scene, department, block string) {
		m := s.member(department)
		m.VPC, m.Within = "", netip.MustParsePrefix(block)
	}
	tests := []struct {
		name             string
		prepare          func(scene)
		accepted, active bool // whether autopeer may accept the request, and connect the active connection
	}{
		{"the range has all blocks", func(s scene) { within(s, "blue", "10.0.0.0/12") }, true, true},
		{"a further block of the accepter is outside of the range", func(s scene) {
			within(s, "blue", "10.0.0.0/12")
			s.block(blue, "100.64.0.0/16")
		}, true, true},
		{"only a further block of the accepter is inside of the range", func(s scene) {
			within(s, "blue", "100.64.0.0/10")
			s.block(blue, "100.64.0.0/16")
		}, false, false},
		{"only an IPv6 block of the accepter is inside of the range", func(s scene) {
			within(s, "blue", "2600::/12")
			s.block(blue, "2600:1::/56")
		}, false, false},
		{"the primary block of the requester is outside of the range", func(s scene) {
			within(s, "red", "10.9.0.0/16")
		}, false, false},
		{"the range is of another cell", func(s scene) {
			within(s, "blue", "10.0.0.0/12")
			s.member("blue").Cell = greenCell
		}, false, false},
		{"the range is narrower than the block", func(s scene) { within(s, "blue", "10.2.0.0/17") }, false, false},
		{"a department that names the VPC goes before one with a range", func(s scene) {
			within(s, "blue", "10.0.0.0/12")
			s.Policy.Departments = append(s.Policy.Departments, plainpolicy.Department{
				Name: "other", Members: []plainpolicy.Member{{Cell: blueCell, VPC: blue.ID}},
			})
		}, false, false},
		{"each block is in one of the ranges", func(s scene) {
			within(s, "blue", "10.0.0.0/12")
			s.Policy.Add("blue", plainpolicy.Member{Cell: blueCell, Within: netip.MustParsePrefix("100.64.0.0/10")})
			s.block(blue, "100.64.0.0/16")
		}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			tt.prepare(s)
			if why := oracle.CheckCall(s.Ledger, oracle.Quotas{}, accept(blueCell)); (why == "") != tt.accepted {
				t.Errorf("CheckCall(accept) = %q, want allowed: %v", why, tt.accepted)
			}
			s.accept("pcx-1")
			if why := oracle.CheckCall(s.Ledger, oracle.Quotas{},
				changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16")); (why == "") != tt.active {
				t.Errorf("CheckCall(create route) = %q, want allowed: %v", why, tt.active)
			}
		})
	}
}

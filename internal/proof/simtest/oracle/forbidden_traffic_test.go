package oracle_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// TestNothingForbiddenStays: also on an obstructed side, whether or not the obstacle was announced.
func TestNothingForbiddenStays(t *testing.T) {
	t.Parallel()
	const (
		route = "the requester side of pcx-1: rtb-red still has a route to 10.2.0.0/16, which the policy forbids"
		rule  = "the requester side of pcx-1: sg-red still has a rule for tcp 443 to 443 from " +
			"10.2.0.0/16, which the policy forbids"
	)
	announced := func(s scene, e *oracle.End, detailType string) {
		e.Announcements = append(e.Announcements, announcement(detailType, redCell, peering.Requester))
		s.connect()
	}
	narrow := func(s scene) { s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.0.0/24")} }
	conflict := func(s scene, e *oracle.End) {
		announced(s, e, "Peering Conflicting")
		s.route("rtb-red", "10.2.0.16/28", "igw-1")
	}
	shortage := func(s scene, e *oracle.End) {
		announced(s, e, "Peering Failed")
		s.peering().Allow = append(s.peering().Allow, plainpolicy.Allow{
			From: "blue", To: "red", IDs: []string{"sg-red"}, Protocol: "udp",
		})
		s.Policy.Limits = map[string]int{"rules": 1}
	}
	overlap := func(s scene, e *oracle.End) {
		announced(s, e, "Peering Denied")
		s.overlap()
	}
	checkEnds(t, true, []endCase{
		{"a wider route beside a conflict", func(s scene, e *oracle.End) { conflict(s, e); narrow(s) }, route},
		{"a rule beside a conflict", func(s scene, e *oracle.End) { conflict(s, e); s.peering().Allow = nil }, rule},
		{"only the narrower route beside a conflict", func(s scene, e *oracle.End) {
			conflict(s, e)
			narrow(s)
			delete(s.RouteTables["rtb-red"].Routes, prefixes("10.2.0.0/16")[0])
			s.route("rtb-red", "10.2.0.0/24", "pcx-1")
		}, ""},
		{"a wider route beside a shortage", func(s scene, e *oracle.End) { shortage(s, e); narrow(s) }, route},
		{"a rule beside a shortage", func(s scene, e *oracle.End) {
			shortage(s, e)
			s.peering().Allow[0].Sources = prefixes("10.2.0.0/24")
		}, rule},
		{"a narrower rule beside a shortage", func(s scene, e *oracle.End) {
			shortage(s, e)
			s.Rules["sgr-1"].Block = prefixes("10.2.0.0/24")[0]
		}, ""},
		{"a wider route beside an overlap", func(s scene, e *oracle.End) { overlap(s, e); narrow(s) }, route},
		{"a rule beside an overlap", func(s scene, e *oracle.End) { overlap(s, e); s.peering().Allow = nil }, rule},
		{"an overlap alone", overlap, ""},
		{"an overlap of a connection that autopeer never connected", func(s scene, e *oracle.End) {
			overlap(s, e)
			narrow(s)
			clear(s.Tags)
			clear(s.Rules)
		}, ""},
	})
}

// TestARemovedConnectionLeavesNothing: even if the policy still names its VPCs.
func TestARemovedConnectionLeavesNothing(t *testing.T) {
	t.Parallel()
	const left = "the requester side of pcx-1: the route 10.2.0.0/16 in rtb-red remains of pcx-1"
	green := plainpolicy.Department{Name: "green", Members: []plainpolicy.Member{{Cell: redCell, VPC: "vpc-other"}}}
	gone := connected(func(s scene) {
		s.Policy.Departments, s.Policy.Peerings, s.Policy.Disconnect = []plainpolicy.Department{green}, nil, true
	})
	checkEnds(t, true, []endCase{
		{"the departments are gone, too", gone, left},
		{"only a rule is evidence", func(s scene, e *oracle.End) {
			gone(s, e)
			clear(s.Tags["pcx-1@"+redCell.String()])
		}, left},
		{"there is no evidence", func(s scene, e *oracle.End) { gone(s, e); clear(s.Tags) }, ""},
		{"a cell retires", connected(func(s scene) {
			s.Policy.Departments, s.Policy.Peerings = []plainpolicy.Department{green}, nil
			s.Policy.Retired = []peering.Cell{blueCell}
		}), left},
		{"a rule is left", func(s scene, e *oracle.End) {
			gone(s, e)
			clear(s.RouteTables["rtb-red"].Routes)
		}, "the requester side of pcx-1: the rule sgr-1 in sg-red remains of pcx-1"},
	})
}

// TestTrafficThatRulesAdmitTogether: a rule stays beside an obstacle if the wanted permissions admit all of its
// traffic.
func TestTrafficThatRulesAdmitTogether(t *testing.T) {
	t.Parallel()
	const base = "10.2.0.0/16"
	permission := func(protocol string, from, to int, block string) ledger.Permission {
		return ledger.Permission{Protocol: protocol, From: from, To: to, Block: prefixes(block)[0]}
	}
	allow := func(protocol string, sources []string, ports ...[2]int) plainpolicy.Allow {
		return plainpolicy.Allow{
			From: "blue", To: "red", IDs: []string{"sg-red"}, Protocol: protocol, Sources: prefixes(sources...), Ports: ports,
		}
	}
	tests := []struct {
		name  string
		rule  ledger.Permission
		allow []plainpolicy.Allow
		want  bool
	}{
		{"two halves of a block", permission("tcp", 1, 2, base),
			[]plainpolicy.Allow{allow("tcp", []string{"10.2.0.0/17", "10.2.128.0/17"}, [2]int{1, 2})}, true},
		{"one half", permission("tcp", 1, 2, base), []plainpolicy.Allow{allow("tcp", []string{"10.2.0.0/17"}, [2]int{1, 2})},
			false},
		{"all but one address", permission("tcp", 1, 2, "10.2.0.0/31"),
			[]plainpolicy.Allow{allow("tcp", []string{"10.2.0.0/32"}, [2]int{1, 2})}, false},
		{"two ranges of ports", permission("tcp", 1, 9, base),
			[]plainpolicy.Allow{allow("tcp", []string{base}, [2]int{0, 5}, [2]int{6, 20})}, true},
		{"a port between", permission("tcp", 1, 9, base),
			[]plainpolicy.Allow{allow("tcp", []string{base}, [2]int{0, 5}, [2]int{7, 20})}, false},
		{"another protocol", permission("udp", 1, 9, base), []plainpolicy.Allow{allow("tcp", []string{base}, [2]int{1, 9})},
			false},
		{"all protocols", permission("udp", 1, 9, base), []plainpolicy.Allow{allow("all", []string{base})}, true},
		{"a code of all of a type", permission("icmp", 3, 4, base),
			[]plainpolicy.Allow{allow("icmp", []string{base}, [2]int{3, -1})}, true},
		{"all codes of a type of one", permission("icmp", 3, -1, base),
			[]plainpolicy.Allow{allow("icmp", []string{base}, [2]int{3, 4})}, false},
		{"a type of all", permission("icmp", 3, -1, base), []plainpolicy.Allow{allow("icmp", []string{base})}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			s.connect()
			s.peering().Allow = tt.allow
			s.Rules["sgr-1"].Permission = tt.rule
			s.route("rtb-red", "10.2.0.16/28", "igw-1")
			e := oracle.End{
				Ledger: s.Ledger, Now: now,
				Announcements: []oracle.Announcement{announcement("Peering Conflicting", redCell, peering.Requester)},
			}
			if why := e.CheckConnection("pcx-1"); (why == "") != tt.want {
				t.Errorf("CheckConnection() = %q, want an error: %t", why, !tt.want)
			}
		})
	}
}

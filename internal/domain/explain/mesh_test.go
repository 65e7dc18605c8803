package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// meshed is a policy with a mesh of three VPCs in two cells, and one of a range.
func meshed() *policy.Policy {
	return &policy.Policy{
		File: "p.yaml", Otherwise: policy.LeaveOthers,
		Departments: []policy.Department{
			{Name: "web", Line: 2, Members: []policy.Member{
				{Cell: cells[0], VPC: "vpc-00000011", CIDRs: blocks("10.0.0.0/16")},
				{Cell: cells[0], VPC: "vpc-00000012", CIDRs: blocks("10.1.0.0/16")},
				{Cell: cells[1], VPC: "vpc-00000013", CIDRs: blocks("10.2.0.0/16")},
			}},
			{Name: "dev", Line: 3, Members: []policy.Member{{Cell: cells[1], Within: blocks("10.16.0.0/12")[0]}}},
			{Name: "db", Line: 4, Members: []policy.Member{{Cell: cells[1], VPC: "vpc-00000014", CIDRs: blocks("10.3.0.0/16")}}},
		},
		Peerings: []policy.Peering{
			{Between: [2]string{"web", "web"}, Line: 10, DNS: true, Allow: []policy.Allow{
				{From: "web", To: "web", Groups: policy.Groups{Tags: map[string]string{"Role": "x"}}, Protocol: peering.TCP,
					Ports: []policy.PortRange{{From: 443, To: 443}}, Line: 11},
			}},
			{Between: [2]string{"dev", "dev"}, Line: 20, Allow: []policy.Allow{
				{From: "dev", To: "dev", Groups: policy.Groups{Tags: map[string]string{"Role": "x"}}, Protocol: peering.ICMP,
					Sources: policy.Sources{Blocks: blocks("10.17.0.0/16")}, Line: 21},
			}},
		},
	}
}

func TestExplainAMesh(t *testing.T) {
	t.Parallel()
	p := meshed()
	a := explain.Explain(p, find(t, p, "web"), find(t, p, "web"))
	want := explain.Answer{
		Verdict: explain.Allowed, From: "web", To: "web", File: "p.yaml", Line: 10, Code: "allowed", Reason: a.Reason,
		Either: true,
		DNS:    []string{"web"}, Departments: [2]string{"web", "web"}, Managed: [2]bool{true, true},
		Traffic: []explain.Item{
			{
				Kind: explain.Traffic, From: "web", To: "web", Protocol: "tcp", Ports: []string{"443"},
				Groups: "groups tagged Role=x", Line: 11,
			},
		},
		Routes: []explain.Item{
			{
				Kind: explain.Routes, From: "web", To: "web", Whole: true,
				Destinations: []string{"10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"}, Line: 10,
			},
		},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("Explain() differs (-want +got):\n%s", diff)
	}
	one := explain.Explain(p, find(t, p, "vpc-00000012"), find(t, p, "vpc-00000011"))
	routes := []explain.Item{{
		Kind: explain.Routes, From: "web", To: "web", Whole: true,
		Destinations: []string{"10.0.0.0/16", "10.1.0.0/16"}, Line: 10,
	}}
	if diff := cmp.Diff(routes, one.Routes); diff != "" || one.Verdict != explain.Allowed {
		t.Errorf("Explain() of two VPCs = %s, and the routes differ (-want +got):\n%s", one.Verdict, diff)
	}
}

func TestQuestionsAboutAMesh(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]explain.Verdict{
		"web → web": explain.Allowed, "web → web tcp 443": explain.Allowed, "web → web tcp 443-444": explain.Partly,
		"web → web udp 443":                   explain.Denied,
		"vpc-00000013 → vpc-00000011 tcp 443": explain.Allowed, "vpc-00000011 → vpc-00000011": explain.Denied,
		"db → db":  explain.Denied,
		"web → db": explain.Denied, "dev → dev icmp": explain.Partly, "dev from 10.17.0.0/16 → dev icmp": explain.Allowed,
	} {
		q, err := explain.ParseQuestion(meshed(), text)
		if err != nil {
			t.Fatal(err)
		}
		if got, reason := q.Ask(meshed()); got != want {
			t.Errorf("%s: %s, %q, want %s", text, got, reason, want)
		}
	}
}

// TestExplainAMeshOfARange: two VPCs of the range are an example of any two, and either may have the source.
func TestExplainAMeshOfARange(t *testing.T) {
	t.Parallel()
	p := meshed()
	a := explain.Explain(p, find(t, p, "dev"), find(t, p, "dev"))
	traffic := []explain.Item{{
		Kind: explain.Traffic, From: "dev", To: "dev", Protocol: "icmp", Groups: "groups tagged Role=x",
		Sources: []string{"10.17.0.0/16"}, Line: 21,
	}}
	routes := []explain.Item{{
		Kind: explain.Routes, From: "dev", To: "dev", Whole: true, Destinations: []string{"blocks in 10.16.0.0/12"}, Line: 20,
	}}
	if diff := cmp.Diff(traffic, a.Traffic) + cmp.Diff(routes, a.Routes); diff != "" ||
		a.Verdict != explain.Allowed || len(a.Notes) > 0 {
		t.Errorf("Explain() = %s with the notes %q, and differs (-want +got):\n%s", a.Verdict, a.Notes, diff)
	}
}

func TestExplainWithoutAMesh(t *testing.T) {
	t.Parallel()
	p := meshed()
	p.Peerings = []policy.Peering{{Between: [2]string{"dev", "db"}, Requester: "db", Manage: peering.Accepter, Line: 30}}
	a := explain.Explain(p, find(t, p, "web"), find(t, p, "web"))
	want := []explain.Addition{{Under: "peerings", YAML: "  - between: [web, web]\n"}}
	if diff := cmp.Diff(want, a.Additions); diff != "" || a.Verdict != explain.Denied ||
		a.Reason != "p.yaml has no peering of web with itself" {
		t.Errorf("Explain() = %s, %q, and the additions differ (-want +got):\n%s", a.Verdict, a.Reason, diff)
	}
	one := explain.Explain(p, find(t, p, "db"), find(t, p, "db"))
	if one.Code != string(policy.SameVPC) || !strings.Contains(one.Next, "AWS connects no VPC with itself") {
		t.Errorf("Explain() of the only VPC = %s, %q", one.Code, one.Next)
	}
	p.Departments[2].Members = append(p.Departments[2].Members, policy.Member{
		Cell: cells[1], VPC: "vpc-00000015", CIDRs: blocks("10.4.0.0/16"),
	})
	two := explain.Explain(p, find(t, p, "db"), find(t, p, "db"))
	if !strings.HasPrefix(two.Next, "leave the request to db: ") || len(two.Additions) > 0 {
		t.Errorf("Explain() of a third party with itself advises %q and %v", two.Next, two.Additions)
	}
}

// TestGroupsOfAMesh: a group that is a source and admits as well admits the other groups alone, because it is in one of
// the two VPCs.
func TestGroupsOfAMesh(t *testing.T) {
	t.Parallel()
	type groups = []peering.SecurityGroupID
	for name, tt := range map[string]struct {
		admit, from groups
		tags        map[string]string
		want        map[string][]string
	}{
		"one group": {groups{"sg-1"}, groups{"sg-1"}, nil, map[string][]string{}},
		"two groups": {groups{"sg-1", "sg-2"}, groups{"sg-1", "sg-2"}, nil,
			map[string][]string{"sg-1": {"sg-2"}, "sg-2": {"sg-1"}}},
		"a group that only admits": {groups{"sg-1", "sg-3"}, groups{"sg-1", "sg-2"}, nil, map[string][]string{
			"sg-1": {"sg-2"}, "sg-3": {"sg-1", "sg-2"},
		}},
		"groups by tags": {nil, groups{"sg-1"}, map[string]string{"Role": "x"},
			map[string][]string{"groups tagged Role=x": {"sg-1"}}},
		"a group that isn't source": {groups{"sg-1"}, groups{"sg-2"}, nil, map[string][]string{"sg-1": {"sg-2"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := meshed()
			p.Departments[0].Members = p.Departments[0].Members[:2]
			line := &p.Peerings[0].Allow[0]
			line.Groups, line.Sources.Groups = policy.Groups{IDs: tt.admit, Tags: tt.tags}, tt.from
			a := explain.Explain(p, find(t, p, "web"), find(t, p, "web"))
			got := map[string][]string{}
			for _, i := range a.Traffic {
				got[i.Groups] = append(got[i.Groups], i.Sources...)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(a.Notes) > 0 {
				t.Errorf("the notes are %q, and the sources by group differ (-want +got):\n%s", a.Notes, diff)
			}
		})
	}
}

// TestAGroupIsASourceInOneDirection: that it admits in the other direction changes nothing.
func TestAGroupIsASourceInOneDirection(t *testing.T) {
	t.Parallel()
	p := company()
	p.Departments[1].Members[0].Cell = cells[0]
	p.Peerings[0].Allow = []policy.Allow{
		{
			From: "web", To: "db", Groups: policy.Groups{Tags: map[string]string{"Role": "sql"}}, Protocol: peering.TCP,
			Sources: policy.Sources{Groups: []peering.SecurityGroupID{"sg-1"}}, Line: 11,
		},
		{
			From: "db", To: "web", Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
			Protocol: peering.ICMP, Line: 12,
		},
	}
	a := explain.Explain(p, find(t, p, "web"), find(t, p, "db"))
	if len(a.Traffic) != 2 || len(a.Notes) > 0 {
		t.Errorf("Explain() = %+v with the notes %q, want an item of each line", a.Traffic, a.Notes)
	}
}

func TestCompareMeshes(t *testing.T) {
	t.Parallel()
	old, next := meshed(), meshed()
	old.Peerings = nil
	d := explain.Compare(old, next)
	web := func(i explain.Item) bool { return i.From != "web" }
	want := []explain.Item{
		{Kind: explain.DNS, From: "web", To: "web", Line: 10}, {Kind: explain.Requests, From: "web", To: "web", Line: 10},
		{
			Kind: explain.Routes, From: "web", To: "web", Whole: true,
			Destinations: []string{"10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"}, Line: 10,
		},
		{
			Kind: explain.Traffic, From: "web", To: "web", Protocol: "tcp", Ports: []string{"443"},
			Groups: "groups tagged Role=x", Line: 11,
		},
	}
	if diff := cmp.Diff(want, slices.DeleteFunc(slices.Clone(d.Opens), web)); diff != "" ||
		len(d.Closes) > 0 || len(d.Opens) != 7 {
		t.Errorf("Compare() has %d opened items, and those of web differ (-want +got):\n%s", len(d.Opens), diff)
	}
	// One more VPC opens the pairs with it, in both directions.
	more := meshed()
	more.Departments[0].Members = append(more.Departments[0].Members, policy.Member{
		Cell: cells[1], VPC: "vpc-00000015", CIDRs: blocks("10.4.0.0/16"),
	})
	const added = "vpc-00000015"
	for _, i := range explain.Compare(next, more).Opens {
		if !slices.Equal(i.FromVPCs, []string{added}) && !slices.Equal(i.ToVPCs, []string{added}) {
			t.Errorf("Compare() opens %+v, want only pairs with %s", i, added)
		}
	}
}

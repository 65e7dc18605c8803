package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// hubs are the departments of a policy: other has the last site, and hub all others.
func hubs(sites ...lab.Site) string {
	var members []string
	for _, s := range sites {
		members = append(members, strings.Trim(s.Member(), "[]"))
	}
	last := len(sites) - 1
	return fmt.Sprintf("version: 1\ndepartments:\n  hub: [%s]\n  other: [%s]\n",
		strings.Join(members[:last], ", "), members[last])
}

// mesh are the peerings of a policy: a mesh of hub with these lines in it.
func mesh(lines string) string {
	return fmt.Sprintf("peerings:\n  - between: [hub, hub]\n    %s\n  - between: [other, hub]\n    requester: hub\n",
		lines)
}

const web = "allow: [{ from: hub, to: hub, groups: { tags: { Role: web } }, protocol: tcp, ports: [443] }]"

// hub builds three sites in two cells, each with a group that is tagged Role=web, and a site of another department.
func hub(t *sandboxtest.T) (a, b, c, other lab.Site) {
	a, b, c = t.Build(one, lab.Marketing), t.Build(one, lab.Finance), t.Build(two, lab.Developer)
	for _, s := range []lab.Site{a, b, c} {
		t.ByHand(s.Cell, func(p *lab.Person) { p.Tag(string(s.Group), map[string]string{"Role": "web"}) })
	}
	other = t.Build(two, func(p *lab.Person) lab.Site {
		return lab.Site{Name: "Other", Cell: p.Cell, VPC: p.VPC("Other", "10.50.0.0/16")}
	})
	return a, b, c, other
}

// TestAMeshConnectsItsVPCs: three VPCs in two cells have three connections, and each carries the agreed traffic in both
// directions.
func TestAMeshConnectsItsVPCs(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		a, b, c, other := hub(t)
		t.Policy("otherwise: reject\n" + hubs(a, b, c, other) + mesh(web))
		pairs := [][2]lab.Site{{a, b}, {c, a}, {b, c}}
		var want []string
		for _, pair := range pairs {
			pcx := t.Ask(pair[0], pair[1])
			t.Settle()
			t.InState(pair[0].Cell, pcx, peering.Active)
			want = append(want, agreedInMesh(pair, pcx)...)
			o := t.AnnouncedOnce(outcome.Connected, pcx)
			if o.Requester.Department != "hub" || o.Accepter.Department != "hub" ||
				o.Peering.Between != [2]string{"hub", "hub"} {
				t.Errorf("%s is announced as one of %s and %s by %v", pcx, o.Requester.Department, o.Accepter.Department, o.Peering)
			}
			if named, err := t.Connection(t.Ctx, pair[1].Cell, pcx); err != nil || named.Tags[peering.TagName] != "hub <> hub" {
				t.Errorf("%s has the tags %v in the accepter's cell, %v", pcx, named.Tags, err)
			}
		}
		t.Holds(want...)
		checkTraffic(t, pairs)

		mark := t.Cloud.Mark()
		t.Sweep()
		t.Settle()
		t.Unchanged(mark)
		pcx := t.Ask(other, a)
		t.Settle()
		t.InState(one, pcx, peering.Rejected)

		itself := t.Ask(a, a)
		t.Settle()
		if c, err := t.Connection(t.Ctx, one, itself); err != nil || c.State.IsAccepted() {
			t.Errorf("the connection of a VPC with itself is %s, %v", c.State, err)
		}
		if o := t.AnnouncedOnce(outcome.Failed, itself); o.Reason.Code != "same-vpc" ||
			!strings.Contains(o.Reason.Sentence, "a VPC is not peered with itself") {
			t.Errorf("the request of a VPC to itself is announced with %+v, want the policy's reason", o.Reason)
		}
		t.Holds(want...)

		// Without the mesh, the cells of both sides take everything back.
		t.Redeploy("removed: disconnect\n" + hubs(a, b, c, other) + "peerings: [{ between: [other, hub] }]\n")
		time.Sleep(10 * time.Minute)
		t.Settle()
		t.Holds()
	})
}

// agreedInMesh is the state of two connected sites of the mesh.
func agreedInMesh(pair [2]lab.Site, pcx peering.ConnectionID) []string {
	a, b := pair[0], pair[1]
	return append(sandbox.Connected(a, b, pcx), sandbox.Admits(a.Group, "tcp 443", b),
		sandbox.Admits(b.Group, "tcp 443", a))
}

// checkTraffic checks that the servers of each pair reach one another at the allowed port and at no other one.
func checkTraffic(t *sandboxtest.T, pairs [][2]lab.Site) {
	n, err := t.Snapshot(t.Ctx, t.Sites()...)
	t.Must(err)
	for _, pair := range pairs {
		for _, ends := range [][2]lab.Site{pair, {pair[1], pair[0]}} {
			q := reach.Query{From: ends[0].Server, ToInstance: ends[1].Server, Protocol: peering.TCP, Port: 443}
			if a := n.Check(q); !a.Reachable {
				t.Errorf("%s doesn't reach port 443 of %s: %s", ends[0].Name, ends[1].Name, a.Blocker.Sentence)
			}
			if q.Port = 22; n.Check(q).Reachable {
				t.Errorf("%s reaches port 22 of %s", ends[0].Name, ends[1].Name)
			}
		}
	}
}

// TestSourcesOfAMeshAreOfThePeer: a group of the VPC itself would admit traffic inside the VPC, which the policy
// doesn't name.
func TestSourcesOfAMeshAreOfThePeer(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		a, b, _, other := hub(t)
		var clients peering.SecurityGroupID // in the VPC of a
		t.ByHand(a.Cell, func(p *lab.Person) { clients = p.Group(a.VPC, "clients", nil) })
		lines := fmt.Sprintf("allow: [{ from: hub, to: hub, groups: { tags: { Role: web } }, sources: [%s, "+
			"172.31.1.0/24], protocol: icmp }]", clients)
		t.Policy(hubs(a, b, other) + mesh(lines))
		pcx := t.Ask(b, a)
		t.Settle()
		want := append(sandbox.Connected(a, b, pcx), sandbox.AdmitsGroup(b.Group, "icmp", clients),
			fmt.Sprintf("%s admits icmp from 172.31.1.0/24", a.Group))
		t.Holds(want...)
		o := t.AnnouncedOnce(outcome.Connected, pcx)
		if slices.ContainsFunc(o.Notes, func(n string) bool { return strings.Contains(n, "is not admitted") }) {
			t.Errorf("the notes are %q, want none about the sources of the other side", o.Notes)
		}
	})
}

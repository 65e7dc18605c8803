package policyfile

import (
	"fmt"
	"slices"
)

// isMesh reports whether the pair is one department twice: the peering connects its VPCs with one another.
func (p pair) isMesh() bool { return p.ok && p.names[0].text == p.names[1].text }

// mayBeMesh reports whether the peering is a mesh, or is one once a name with a typing error is corrected.
func (c checker) mayBeMesh(e entry) bool {
	parties, known := c.parties(e)
	return e.Between.isMesh() || known && parties[0] == parties[1]
}

// String names the two departments in a sentence about both.
func (p pair) String() string {
	if p.isMesh() {
		return "the VPCs of " + p.names[0].text
	}
	return p.names[0].text + " and " + p.names[1].text
}

// checkMesh reports keys that distinguish the two departments of a peering, where it has only one. The sides of its
// connections are alike: which VPC is the requester's depends on the request.
func (c checker) checkMesh(e entry) {
	if !e.Between.isMesh() {
		return
	}
	department := e.Between.names[0].text
	if e.Requester.ok {
		c.add(e.Requester.at, fmt.Sprintf("requester: given, and both sides are VPCs of %s", department),
			"leave requester out: each VPC of the department may request a connection to each other one")
	}
	if e.Manage.ok {
		c.add(e.Manage.at, fmt.Sprintf("manage: given, and neither side is a third party's: both are VPCs of %s",
			department),
			"leave manage out: autopeer manages both sides")
	}
	if e.Routes.given() && !e.Routes.refused {
		c.add(e.Routes.at, fmt.Sprintf("routes: given, and both sides are VPCs of %s", department),
			"leave routes out: all route tables lead to all blocks of the other VPC; for a choice, "+
				"make two departments of the VPCs")
	}
}

// hasSharedRegion reports whether two VPCs of the department may be in one Region. It is true if a member couldn't
// be read.
func (c checker) hasSharedRegion(department string) bool {
	var single []string
	for _, m := range c.members[department].items {
		if !m.Region.ok || !m.VPC.ok || slices.Contains(single, m.Region.text) {
			return true
		}
		single = append(single, m.Region.text)
	}
	return len(single) == 0
}

// warnOfSingleVPC warns of a mesh that connects nothing.
func (c checker) warnOfSingleVPC(e entry) {
	members := c.members[e.Between.names[0].text].items
	if e.Between.isMesh() && len(members) == 1 && members[0].VPC.ok {
		c.warn(SingleVPC, e.Between.at,
			fmt.Sprintf("%s has only %s, so this peering connects nothing", e.Between.names[0].text, members[0].VPC.text),
			"add further VPCs to the department, or remove the peering")
	}
}

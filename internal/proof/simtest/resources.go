package simtest

import (
	"fmt"
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// vpcKey names a VPC. Ids alone don't: two accounts may have the same.
type vpcKey struct {
	peering.Cell
	id string
}

type vpc struct {
	vpcKey
	blocks []netip.Prefix
}

type subnet struct {
	id, vpc            string
	cell               peering.Cell
	table, association string // empty while the main table serves it
}

type table struct {
	id, vpc string
	cell    peering.Cell
	main    bool
	routes  map[netip.Prefix]route
}

type route struct {
	target string
	ours   bool // autopeer made it
}

type group struct {
	id, vpc string
	cell    peering.Cell
}

// permission is what a rule admits, comparable.
type permission struct {
	protocol string
	from, to int
	block    netip.Prefix
	group    string
}

func (p permission) String() string {
	from := p.group
	if p.block.IsValid() {
		from = p.block.String()
	}
	return fmt.Sprintf("%s %d to %d from %s", p.protocol, p.from, p.to, from)
}

type rule struct {
	id, group string
	permission
	egress bool
	ours   bool
}

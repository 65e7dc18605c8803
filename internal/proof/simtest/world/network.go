package world

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// site is a VPC as it was built.
type site struct {
	ledger.VPCKey
	nth        int
	primary    netip.Prefix
	gateway    string
	department string // in all policies; empty for a VPC that no policy names
	ranged     bool   // the policies name it by a range
}

// network is all VPCs of a run, which grow with it.
type network struct {
	api
	random.Source
	ids      *ids
	observer Observer

	cells           []peering.Cell
	sites           []*site
	subnets, groups int // made so far
}

// build makes the cells and their VPCs.
func (n *network) build() {
	var all []peering.Cell
	for _, account := range []peering.AccountID{"111111111111", "222222222222", "333333333333",
		"444444444444"}[:n.Between(2, 4)] {
		for _, region := range []peering.Region{"us-east-1", "eu-west-1", "ap-southeast-2"}[:n.Between(1, 3)] {
			all = append(all, peering.Cell{Account: account, Region: region})
		}
	}
	n.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	n.cells = all[:min(len(all), random.Pick(n.Source, 2, 2, 2, 3, 3, 4))]
	for i := range n.Between(3, 5) {
		n.addSite(i)
	}
}

// addSite makes a VPC. Sometimes it has the block of an earlier one, or the id of a VPC in another account.
func (n *network) addSite(i int) {
	s := &site{nth: i, VPCKey: ledger.VPCKey{Cell: random.Pick(n.Source, n.cells...)}}
	s.primary = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(16 * i), 0, 0}), 16) // at most six
	overlapping := false
	if i > 0 && n.Chance(15) {
		s.primary, overlapping = random.Pick(n.Source, n.sites...).primary, true
	}
	if other := n.twinOf(s); other != "" {
		n.ids.wanted = other
	}
	s.ranged = !overlapping && n.Chance(25)
	s.ID = element(n.must(s.Cell, "CreateVpc", "CidrBlock", s.primary.String()), "vpcId")
	main := element(n.must(s.Cell, "DescribeRouteTables", "Filter.1.Name", "vpc-id", "Filter.1.Value.1", s.ID),
		"routeTableId")
	n.observer.Enter(ledger.MainTable(time.Now(), s.VPCKey, main))
	n.sites = append(n.sites, s)
	n.furnish(s)
}

// twinOf returns the id of a VPC of another account in a fifth of all cases, or else "".
func (n *network) twinOf(s *site) string {
	others := slices.DeleteFunc(slices.Clone(n.sites), func(o *site) bool { return o.Account == s.Account })
	if len(others) == 0 || !n.Chance(20) {
		return ""
	}
	id := random.Pick(n.Source, others...).ID
	if slices.ContainsFunc(n.sites, func(o *site) bool { return o.Cell == s.Cell && o.ID == id }) {
		return ""
	}
	return id
}

// furnish adds CIDR blocks, an internet gateway, subnets, route tables and security groups to a VPC.
func (n *network) furnish(s *site) {
	if n.Chance(80) {
		n.must(s.Cell, "ModifyVpcAttribute", "VpcId", s.ID, "EnableDnsHostnames.Value", "true")
	}
	if n.Chance(30) {
		n.addBlock(s)
	}
	s.gateway = element(n.must(s.Cell, "CreateInternetGateway"), "internetGatewayId")
	n.must(s.Cell, "AttachInternetGateway", "VpcId", s.ID, "InternetGatewayId", s.gateway)
	for range n.Between(0, 2) {
		n.addSubnet(s)
	}
	for range n.Between(1, 2) {
		n.addGroup(s)
	}
}

// addBlock associates a second block: next to the first, in another range, one that other VPCs may have too, or IPv6.
func (n *network) addBlock(s *site) {
	a := s.primary.Addr().As4()
	switch n.IntN(4) {
	case 0:
		n.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "CidrBlock",
			netip.PrefixFrom(netip.AddrFrom4([4]byte{10, a[1] + byte(n.Between(1, 3)), 0, 0}), 16).String())
	case 1:
		n.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "CidrBlock", fmt.Sprintf("100.64.%d.0/20", 16*s.nth))
	case 2:
		n.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "CidrBlock", "100.127.0.0/16")
	default:
		n.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "AmazonProvidedIpv6CidrBlock", "true")
	}
}

// addSubnet makes a subnet, mostly with a route table of its own.
func (n *network) addSubnet(s *site) {
	a := s.primary.Addr().As4()
	n.subnets++
	block := netip.PrefixFrom(netip.AddrFrom4([4]byte{a[0], a[1], byte(n.subnets), 0}), 24) // far fewer than 256 in a run
	answer, err := n.ask(s.Cell, "CreateSubnet", "VpcId", s.ID, "CidrBlock", block.String())
	if err != nil {
		return
	}
	subnet := element(answer, "subnetId")
	n.drawTag(s.Cell, subnet, "Tier", "private", "public")
	if n.Chance(70) {
		table := n.addTable(s)
		n.act(s.Cell, "AssociateRouteTable", "RouteTableId", table, "SubnetId", subnet)
	}
}

// addTable makes a route table and returns its id.
func (n *network) addTable(s *site) string {
	table := element(n.must(s.Cell, "CreateRouteTable", "VpcId", s.ID), "routeTableId")
	n.drawTag(s.Cell, table, "Tier", "private", "public")
	return table
}

func (n *network) addGroup(s *site) {
	n.groups++
	group := element(n.must(s.Cell, "CreateSecurityGroup", "VpcId", s.ID, "GroupName", "g"+strconv.Itoa(n.groups),
		"GroupDescription", "a group"), "groupId")
	n.drawTag(s.Cell, group, "Role", "web", "db")
}

// drawTag tags the resource with one of the values or leaves it untagged.
func (n *network) drawTag(cell peering.Cell, id, key string, values ...string) {
	if i := n.IntN(len(values) + 1); i < len(values) {
		n.act(cell, "CreateTags", tagged(id, key, values[i])...)
	}
}

var associationID = regexp.MustCompile(`vpc-cidr-assoc-[0-9a-f]{17}`)

// found distributes the sites over departments. A few are left without one.
func (n *network) found() {
	for i, s := range n.sites {
		switch {
		case i > 0 && n.Chance(12):
		case i > 0 && n.sites[i-1].department != "" && n.Chance(15):
			s.department = n.sites[i-1].department
		default:
			s.department = fmt.Sprintf("d%d", i)
		}
	}
}

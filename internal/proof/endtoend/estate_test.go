// Package endtoend tests whole cells on the embedded cloud: the traps of other tools, that a third run changes nothing,
// and that packets pass where reach expects them to.
package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// estate is a few VPCs, built by the calls that people make. Most of it is as it should be, so that packets arrive;
// and each part is wrong now and then.
type estate struct {
	*rapid.T
	*sandbox.Sandbox
	ctx         context.Context
	sites       []*site
	connections []connection
	prefixes    []netip.Prefix // that rules, entries and routes may name
}

// site is a VPC and who works there.
type site struct {
	*lab.Person
	vpc        lab.VPC
	blocks     []netip.Prefix
	subnets    []peering.SubnetID
	tables     []peering.RouteTableID // the main one first
	groups     []peering.SecurityGroupID
	instances  []peering.InstanceID
	interfaces []string // that instances have beside the primary one
	gateway    *string
}

// connection is one site's request to another.
type connection struct {
	id       peering.ConnectionID
	from, to *site
}

// beyond returns the site at the other end, or nil.
func (c connection) beyond(s *site) *site {
	switch s {
	case c.from:
		return c.to
	case c.to:
		return c.from
	}
	return nil
}

var (
	cells = []peering.Cell{{Account: "111111111111", Region: "us-east-1"}, {Account: "222222222222", Region: "us-east-1"},
		{Account: "222222222222", Region: "eu-west-1"}}
	// Two VPCs may get the same block: no connection joins them, but a third can be peered with both.
	blocks = []string{"10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.2.0.0/16"}
)

func (e *estate) build() {
	e.prefixes = prefixes("0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.0/15", "100.64.0.0/10", "2600:1f18::/32")
	for i := range rapid.IntRange(2, 4).Draw(e.T, "VPCs") {
		e.addSite(i)
	}
	e.connect()
	for _, s := range e.sites {
		e.addRoutes(s)
		e.addRules(s)
		e.addACLs(s)
	}
	e.disturb()
	for _, s := range e.sites {
		e.must(s.Err())
	}
}

var anywhere = prefixes("0.0.0.0/0", "::/0")

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

// often is false now and then.
func (e *estate) often(label string) bool { return rapid.IntRange(1, 20).Draw(e.T, label) != 13 }

func sample[V any](e *estate, label string, from ...V) V {
	return rapid.SampledFrom(from).Draw(e.T, label)
}

// must ends the check on an error.
func (e *estate) must(err error) {
	if err != nil {
		e.Fatal(err)
	}
}

// may ends the check on an error other than these refusals, which a random call risks.
func (e *estate) may(err error, codes ...string) {
	var refusal smithy.APIError
	if err != nil && (!errors.As(err, &refusal) || !slices.Contains(codes, refusal.ErrorCode())) {
		e.must(err)
	}
}

func (e *estate) addSite(i int) {
	s := &site{Person: e.Person(e.ctx, sample(e, "cell", cells...))}
	e.sites = append(e.sites, s)
	e.addVPC(s, i)
	e.addGateway(s)
	for _, name := range []string{"a", "b"} {
		s.groups = append(s.groups, s.Group(s.vpc, name, nil))
	}
	for nth := range byte(2) {
		e.addSubnet(s, nth)
		e.addAddress(s)
		e.addInterface(s)
	}
	e.prefixes = append(e.prefixes, s.blocks...)
}

// addVPC makes a VPC of one or two blocks, most with IPv6.
func (e *estate) addVPC(s *site, i int) {
	dual := e.often("IPv6")
	out, err := s.EC2.CreateVpc(e.ctx, &ec2.CreateVpcInput{
		CidrBlock: aws.String(sample(e, "block", blocks...)), AmazonProvidedIpv6CidrBlock: &dual,
	})
	e.must(err)
	s.vpc.ID = peering.VPCID(*out.Vpc.VpcId)
	s.blocks = prefixes(*out.Vpc.CidrBlock)
	for _, six := range out.Vpc.Ipv6CidrBlockAssociationSet {
		s.blocks = append(s.blocks, prefixes(*six.Ipv6CidrBlock)...)
	}
	if rapid.Bool().Draw(e.T, "second block") {
		second := fmt.Sprintf("100.64.%d.0/20", 16*i)
		_, err := s.EC2.AssociateVpcCidrBlock(e.ctx, &ec2.AssociateVpcCidrBlockInput{
			VpcId: out.Vpc.VpcId, CidrBlock: &second,
		})
		e.must(err)
		s.blocks = append(s.blocks, prefixes(second)...)
	}
	tables, err := s.EC2.DescribeRouteTables(e.ctx, &ec2.DescribeRouteTablesInput{Filters: s.inVPC()})
	e.must(err)
	s.tables = []peering.RouteTableID{peering.RouteTableID(*tables.RouteTables[0].RouteTableId)}
}

func (s *site) inVPC() []types.Filter {
	return []types.Filter{{Name: aws.String("vpc-id"), Values: []string{string(s.vpc.ID)}}}
}

func (e *estate) addGateway(s *site) {
	gateway, err := s.EC2.CreateInternetGateway(e.ctx, &ec2.CreateInternetGatewayInput{})
	e.must(err)
	s.gateway = gateway.InternetGateway.InternetGatewayId
	_, err = s.EC2.AttachInternetGateway(e.ctx, &ec2.AttachInternetGatewayInput{
		InternetGatewayId: s.gateway, VpcId: aws.String(string(s.vpc.ID)),
	})
	e.must(err)
}

// addSubnet makes a subnet with one instance or two, under the main table or its own. The second is in the last block.
func (e *estate) addSubnet(s *site, nth byte) {
	in := &ec2.CreateSubnetInput{VpcId: aws.String(string(s.vpc.ID))}
	var four netip.Prefix
	for _, b := range s.blocks {
		p := part(b, nth)
		switch {
		case b.Addr().Is6():
			in.Ipv6CidrBlock = aws.String(p.String())
		case !four.IsValid() || nth == 1:
			four = p
		}
		e.prefixes = append(e.prefixes, p)
	}
	in.CidrBlock = aws.String(four.String())
	out, err := s.EC2.CreateSubnet(e.ctx, in)
	e.must(err)
	id := peering.SubnetID(*out.Subnet.SubnetId)
	s.subnets = append(s.subnets, id)
	if rapid.Bool().Draw(e.T, "own table") {
		s.tables = append(s.tables, s.RouteTable(s.vpc, "own", id))
	}
	host := four.Addr().Next().Next().Next().Next() // behind the addresses that AWS keeps
	for range rapid.IntRange(1, 2).Draw(e.T, "instances") {
		host = host.Next()
		groups := sample(e, "groups", s.groups, s.groups[:1], s.groups[1:])
		s.instances = append(s.instances, s.Server("", id, host.String(), groups...))
	}
}

// addAddress gives some instance's primary interface a secondary address.
func (e *estate) addAddress(s *site) {
	if !rapid.Bool().Draw(e.T, "secondary address") {
		return
	}
	out, err := s.EC2.DescribeInstances(e.ctx,
		&ec2.DescribeInstancesInput{InstanceIds: []string{string(sample(e, "instance", s.instances...))}})
	e.must(err)
	_, err = s.EC2.AssignPrivateIpAddresses(e.ctx, &ec2.AssignPrivateIpAddressesInput{
		NetworkInterfaceId:             out.Reservations[0].Instances[0].NetworkInterfaces[0].NetworkInterfaceId,
		SecondaryPrivateIpAddressCount: aws.Int32(1),
	})
	e.must(err)
}

// addInterface gives the first instance another interface in the latest subnet, with one of the groups.
func (e *estate) addInterface(s *site) {
	if !rapid.Bool().Draw(e.T, "interface") {
		return
	}
	in := &ec2.CreateNetworkInterfaceInput{
		SubnetId: aws.String(string(s.subnets[len(s.subnets)-1])), Groups: []string{string(sample(e, "group", s.groups...))},
		SecondaryPrivateIpAddressCount: aws.Int32(rapid.Int32Range(0, 1).Draw(e.T, "secondary addresses")),
	}
	if slices.ContainsFunc(s.blocks, func(b netip.Prefix) bool { return b.Addr().Is6() }) {
		in.Ipv6AddressCount = aws.Int32(1)
	}
	out, err := s.EC2.CreateNetworkInterface(e.ctx, in)
	e.must(err)
	s.interfaces = append(s.interfaces, *out.NetworkInterface.NetworkInterfaceId)
	_, err = s.EC2.AttachNetworkInterface(e.ctx, &ec2.AttachNetworkInterfaceInput{
		NetworkInterfaceId: out.NetworkInterface.NetworkInterfaceId, InstanceId: aws.String(string(s.instances[0])),
		DeviceIndex: aws.Int32(int32(len(s.subnets))),
	})
	e.must(err)
}

// part is the nth /24 or /64 of a block.
func part(block netip.Prefix, nth byte) netip.Prefix {
	if a := block.Addr(); a.Is6() {
		b := a.As16()
		b[7] = nth
		return netip.PrefixFrom(netip.AddrFrom16(b), 64)
	}
	b := block.Addr().As4()
	b[2] += nth
	return netip.PrefixFrom(netip.AddrFrom4(b), 24)
}

// connect leaves a few requests unanswered.
func (e *estate) connect() {
	for i, a := range e.sites {
		for _, b := range e.sites[i+1:] {
			ends := sample(e, "who asks", [2]*site{a, b}, [2]*site{b, a})
			e.connections = append(e.connections, request(ends[0], ends[1]))
		}
	}
	pass()
	for _, c := range e.connections {
		if e.often("accepted") {
			e.accept(c)
		}
	}
	pass()
}

func request(from, to *site) connection {
	return connection{from.Request(from.vpc, to.Cell, to.vpc, ""), from, to}
}

// pass lets any passing state of a connection pass.
func pass() { time.Sleep(50 * time.Millisecond) }

// accept is refused where blocks overlap.
func (e *estate) accept(c connection) {
	_, err := c.to.EC2.AcceptVpcPeeringConnection(e.ctx,
		&ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(c.id))})
	e.may(err, "InvalidStateTransition", "InvalidVpcPeeringConnectionID.NotFound")
}

// addRoutes leads to the blocks of the peers, and now and then elsewhere.
func (e *estate) addRoutes(s *site) {
	for _, table := range s.tables {
		targets := append([]string{*s.gateway, string(sample(e, "instance", s.instances...))}, s.interfaces...)
		for _, c := range e.connections {
			if peer := c.beyond(s); peer != nil {
				targets = append(targets, string(c.id))
				e.routeAll(s, table, peer.blocks, c.id)
			}
		}
		for range rapid.IntRange(0, 2).Draw(e.T, "odd routes") {
			e.route(s, table, sample(e, "destination", e.prefixes...), sample(e, "target", targets...))
		}
	}
}

func (e *estate) routeAll(s *site, table peering.RouteTableID, destinations []netip.Prefix, via peering.ConnectionID) {
	for _, d := range destinations {
		if e.often("routed") {
			e.route(s, table, d, string(via))
		}
	}
}

// route is refused for a destination that is routed or in the VPC, for a connection that the accepter never saw, and
// for an instance with several interfaces.
func (e *estate) route(s *site, table peering.RouteTableID, destination netip.Prefix, target string) {
	in := &ec2.CreateRouteInput{RouteTableId: aws.String(string(table))}
	if text := aws.String(destination.String()); destination.Addr().Is6() {
		in.DestinationIpv6CidrBlock = text
	} else {
		in.DestinationCidrBlock = text
	}
	switch kind, _, _ := strings.Cut(target, "-"); kind {
	case "pcx":
		in.VpcPeeringConnectionId = &target
	case "igw":
		in.GatewayId = &target
	case "i":
		in.InstanceId = &target
	case "eni":
		in.NetworkInterfaceId = &target
	}
	_, err := s.EC2.CreateRoute(e.ctx, in)
	e.may(err, "RouteAlreadyExists", "InvalidParameterValue", "InvalidVpcPeeringConnectionID.NotFound",
		"InvalidInstanceID")
}

// addRules opens most groups both ways. Where one isn't, single rules decide.
func (e *estate) addRules(s *site) {
	for _, g := range s.groups {
		if !e.often("everything out") {
			e.revoke(s, g)
		} else {
			e.permit(s, g, true, types.IpPermission{
				IpProtocol: aws.String("-1"), Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}},
			})
		}
		if rapid.IntRange(0, 2).Draw(e.T, "everything in") > 0 {
			e.permit(s, g, false, types.IpPermission{
				IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
				Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}},
			})
		}
		for range rapid.IntRange(0, 5).Draw(e.T, "rules") {
			e.permit(s, g, rapid.Bool().Draw(e.T, "egress"), e.permission())
		}
	}
}

// revoke takes away the rules that let everything out. A VPC without an IPv6 block has no such rule for IPv6.
func (e *estate) revoke(s *site, group peering.SecurityGroupID) {
	for _, p := range []types.IpPermission{
		{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}},
		{IpProtocol: aws.String("-1"), Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}},
	} {
		_, err := s.EC2.RevokeSecurityGroupEgress(e.ctx, &ec2.RevokeSecurityGroupEgressInput{
			GroupId: aws.String(string(group)), IpPermissions: []types.IpPermission{p},
		})
		e.may(err, "InvalidPermission.NotFound")
	}
}

// permit is refused for a rule that is there and for a group that can't be referred to.
func (e *estate) permit(s *site, group peering.SecurityGroupID, egress bool, p types.IpPermission) {
	var err error
	if id := aws.String(string(group)); egress {
		_, err = s.EC2.AuthorizeSecurityGroupEgress(e.ctx, &ec2.AuthorizeSecurityGroupEgressInput{
			GroupId: id, IpPermissions: []types.IpPermission{p},
		})
	} else {
		_, err = s.EC2.AuthorizeSecurityGroupIngress(e.ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: id, IpPermissions: []types.IpPermission{p},
		})
	}
	e.may(err, "InvalidPermission.Duplicate", "InvalidGroup.NotFound")
}

func (e *estate) permission() types.IpPermission {
	t := e.traffic()
	p := types.IpPermission{IpProtocol: &t.name, FromPort: &t.from, ToPort: &t.to}
	if rapid.Bool().Draw(e.T, "by group") {
		of := sample(e, "site", e.sites...)
		p.UserIdGroupPairs = []types.UserIdGroupPair{{
			GroupId: aws.String(string(sample(e, "group", of.groups...))), UserId: aws.String(string(of.Account)),
		}}
		return p
	}
	if b := e.block(); b.Addr().Is6() {
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(b.String())}}
	} else {
		p.IpRanges = []types.IpRange{{CidrIp: aws.String(b.String())}}
	}
	return p
}

// block is everything of a family, or else something of the estate.
func (e *estate) block() netip.Prefix {
	if rapid.Bool().Draw(e.T, "anywhere") {
		return sample(e, "family", anywhere...)
	}
	return sample(e, "block", e.prefixes...)
}

// traffic has its protocol by name for groups, and by number for network ACLs.
type traffic struct {
	name, number string
	from, to     int32
}

func (e *estate) traffic() traffic {
	t := sample(e, "protocol", traffic{"-1", "-1", -1, -1}, traffic{"47", "47", -1, -1},
		traffic{name: "tcp", number: "6"}, traffic{name: "udp", number: "17"}, traffic{name: "icmp", number: "1"},
		traffic{name: "icmpv6", number: "58"})
	switch t.name {
	case "tcp", "udp":
		t.from = sample(e, "from", int32(0), 22, 443, 1024, 30000)
		t.to = max(t.from, sample(e, "to", int32(22), 1023, 1024, 40000, 65535))
	case "icmp":
		t.from, t.to = e.message(0, 8)
	case "icmpv6":
		t.from, t.to = e.message(128, 129)
	}
	return t
}

// message is a type of ICMP with its code. All types have all codes.
func (e *estate) message(types ...int32) (kind, code int32) {
	if kind = sample(e, "type", append(types, -1)...); kind == -1 {
		return -1, -1
	}
	return kind, sample(e, "code", int32(-1), -1, 0, 1)
}

// addACLs opens the default network ACL for IPv6, and gives every third subnet its own.
func (e *estate) addACLs(s *site) {
	found, err := s.EC2.DescribeNetworkAcls(e.ctx, &ec2.DescribeNetworkAclsInput{Filters: s.inVPC()})
	e.must(err)
	standard := found.NetworkAcls[0]
	e.open(s, standard.NetworkAclId, 500)
	for _, a := range standard.Associations {
		if rapid.IntRange(0, 2).Draw(e.T, "own ACL") == 0 {
			e.replaceACL(s, a.NetworkAclAssociationId)
		}
	}
}

func (e *estate) replaceACL(s *site, association *string) {
	own, err := s.EC2.CreateNetworkAcl(e.ctx, &ec2.CreateNetworkAclInput{VpcId: aws.String(string(s.vpc.ID))})
	e.must(err)
	id := own.NetworkAcl.NetworkAclId
	if rapid.IntRange(0, 2).Draw(e.T, "open") > 0 {
		e.open(s, id, 20)
	}
	for range rapid.IntRange(0, 6).Draw(e.T, "entries") {
		egress, allow := rapid.Bool().Draw(e.T, "egress"), rapid.Bool().Draw(e.T, "allow")
		e.entry(s, id, egress, rapid.Int32Range(1, 30).Draw(e.T, "number"), allow, e.block(), e.traffic())
	}
	_, err = s.EC2.ReplaceNetworkAclAssociation(e.ctx, &ec2.ReplaceNetworkAclAssociationInput{
		AssociationId: association, NetworkAclId: id,
	})
	e.must(err)
}

func (e *estate) open(s *site, acl *string, number int32) {
	for _, egress := range []bool{false, true} {
		for i, block := range anywhere {
			e.entry(s, acl, egress, number+int32(i), true, block, traffic{number: "-1"})
		}
	}
}

// entry is refused for a number that is taken.
func (e *estate) entry(s *site, acl *string, egress bool, number int32, allow bool, block netip.Prefix, t traffic) {
	in := &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: acl, Egress: &egress, RuleNumber: &number, Protocol: &t.number, RuleAction: types.RuleActionDeny,
	}
	if allow {
		in.RuleAction = types.RuleActionAllow
	}
	if text := aws.String(block.String()); block.Addr().Is6() {
		in.Ipv6CidrBlock = text
	} else {
		in.CidrBlock = text
	}
	switch t.number {
	case "6", "17":
		in.PortRange = &types.PortRange{From: &t.from, To: &t.to}
	case "1", "58":
		in.IcmpTypeCode = &types.IcmpTypeCode{Type: &t.from, Code: &t.to}
	}
	_, err := s.EC2.CreateNetworkAclEntry(e.ctx, in)
	e.may(err, "NetworkAclEntryAlreadyExists")
}

// disturb ends connections, gateways and instances that the rest refers to.
func (e *estate) disturb() {
	for _, c := range e.connections {
		if !e.often("kept") {
			e.end(c)
		}
	}
	for _, s := range e.sites {
		if !e.often("attached") {
			_, err := s.EC2.DetachInternetGateway(e.ctx, &ec2.DetachInternetGatewayInput{
				InternetGatewayId: s.gateway, VpcId: aws.String(string(s.vpc.ID)),
			})
			e.must(err)
		}
		if !e.often("running") {
			_, err := s.EC2.TerminateInstances(e.ctx,
				&ec2.TerminateInstancesInput{InstanceIds: []string{string(s.instances[0])}})
			e.must(err)
		}
	}
}

// end deletes a connection; some begin again. It is refused for one that has failed.
func (e *estate) end(c connection) {
	_, err := c.from.EC2.DeleteVpcPeeringConnection(e.ctx,
		&ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(c.id))})
	e.may(err, "InvalidStateTransition")
	if !rapid.Bool().Draw(e.T, "again") {
		return
	}
	pass()
	again := request(c.to, c.from)
	pass()
	e.accept(again)
	if rapid.Bool().Draw(e.T, "provisioned") {
		pass()
	}
}

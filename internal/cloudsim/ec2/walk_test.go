package ec2_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// path is marketing's network, with a client in one subnet and two servers in another, and finance's, with one
// server. The connection is active and routed in both main tables; every group admits everything.
type path struct {
	t                     *testing.T
	service               *sim.Service
	marketing, finance    client
	connection            string
	marketVPC, financeVPC string
	clients, servers      string // marketing's subnets
	vault                 string // finance's subnet
	clientSG, serverSG    string // marketing's groups; the servers share one
	vaultSG               string
	ids                   map[string]string // instances by address
}

const (
	client4, client6 = "10.10.1.10", "2600:1f18:0:100::a0a:10a"
	server4, server6 = "10.10.2.10", "2600:1f18:0:101::a0a:20a"
	spare4           = "10.10.2.11" // a second server beside the first
	vault4, vault6   = "172.31.1.10", "2600:1f18:0:200::ac1f:10a"
)

func newPath(t *testing.T) *path {
	t.Helper()
	s := sim.New(sim.Options{})
	p := &path{
		t: t, service: s, marketing: in(t, s, marketing, virginia), finance: in(t, s, finance, virginia),
		ids: map[string]string{},
	}
	p.marketVPC, p.financeVPC = p.marketing.dualVPC("10.10.0.0/16"), p.finance.dualVPC("172.31.0.0/16")
	p.clients = p.marketing.dualSubnet(p.marketVPC, "10.10.1.0/24", "2600:1f18:0:100::/64")
	p.servers = p.marketing.dualSubnet(p.marketVPC, "10.10.2.0/24", "2600:1f18:0:101::/64")
	p.vault = p.finance.dualSubnet(p.financeVPC, "172.31.1.0/24", "2600:1f18:0:200::/64")
	p.clientSG, p.serverSG, p.vaultSG = p.marketing.openGroup(p.marketVPC, "client"),
		p.marketing.openGroup(p.marketVPC, "server"), p.finance.openGroup(p.financeVPC, "vault")
	p.ids[client4] = p.marketing.server(p.clients, client4, p.clientSG)
	p.ids[server4] = p.marketing.server(p.servers, server4, p.serverSG)
	p.ids[spare4] = p.marketing.server(p.servers, spare4, p.serverSG)
	p.ids[vault4] = p.finance.server(p.vault, vault4, p.vaultSG)
	p.connect()
	p.marketing.leads(p.marketing.mainTable(p.marketVPC), "172.31.0.0/16", p.connection)
	p.marketing.leads(p.marketing.mainTable(p.marketVPC), "2600:1f18:0:200::/56", p.connection)
	p.finance.leads(p.finance.mainTable(p.financeVPC), "10.10.0.0/16", p.connection)
	p.finance.leads(p.finance.mainTable(p.financeVPC), "2600:1f18:0:100::/56", p.connection)
	return p
}

func (p *path) connect() {
	p.t.Helper()
	p.connection = *must[types.VpcPeeringConnection](p.t)(p.marketing.request(p.marketVPC, p.financeVPC, finance,
		virginia)).VpcPeeringConnectionId
	p.ok(p.finance.accept(p.connection))
}

func (p *path) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// dualVPC makes a VPC of both families.
func (c client) dualVPC(cidr string) string {
	c.t.Helper()
	out := must[*ec2.CreateVpcOutput](c.t)(c.CreateVpc(c.t.Context(), &ec2.CreateVpcInput{
		CidrBlock: &cidr, AmazonProvidedIpv6CidrBlock: aws.Bool(true),
	}))
	return *out.Vpc.VpcId
}

func (c client) dualSubnet(vpc, four, six string) string {
	c.t.Helper()
	out := must[*ec2.CreateSubnetOutput](c.t)(c.CreateSubnet(c.t.Context(), &ec2.CreateSubnetInput{
		VpcId: &vpc, CidrBlock: &four, Ipv6CidrBlock: &six,
	}))
	c.assignsIPv6(*out.Subnet.SubnetId, true)
	return *out.Subnet.SubnetId
}

// assignsIPv6 lets the subnet give IPv6 addresses to interfaces, or not.
func (c client) assignsIPv6(subnet string, on bool) {
	c.t.Helper()
	must[*ec2.ModifySubnetAttributeOutput](c.t)(c.ModifySubnetAttribute(c.t.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: &subnet, AssignIpv6AddressOnCreation: &types.AttributeBooleanValue{Value: &on},
	}))
}

func (c client) openGroup(vpc, name string) string {
	c.t.Helper()
	id := c.group(vpc, name)
	c.permits(id, false, "-1", -1, -1, "0.0.0.0/0")
	c.permits(id, false, "-1", -1, -1, "::/0")
	return id
}

func (c client) server(subnet, address, group string) string {
	c.t.Helper()
	out := must[*ec2.RunInstancesOutput](c.t)(c.RunInstances(c.t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-1"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: &subnet,
		PrivateIpAddress: &address, SecurityGroupIds: []string{group},
	}))
	return *out.Instances[0].InstanceId
}

// permits adds a rule for a block, a prefix list, or a group written as its id or as owner/id.
func (c client) permits(group string, egress bool, protocol string, from, to int32, peer string) {
	c.t.Helper()
	p := types.IpPermission{IpProtocol: &protocol, FromPort: &from, ToPort: &to}
	owner, id, foreign := strings.Cut(peer, "/sg-")
	switch {
	case strings.HasPrefix(peer, "sg-"):
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &peer}}
	case strings.HasPrefix(peer, "pl-"):
		p.PrefixListIds = []types.PrefixListId{{PrefixListId: &peer}}
	case foreign:
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String("sg-" + id), UserId: &owner}}
	case strings.Contains(peer, ":"):
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: &peer}}
	default:
		p.IpRanges = []types.IpRange{{CidrIp: &peer}}
	}
	var err error
	if egress {
		_, err = c.AuthorizeSecurityGroupEgress(c.t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{
			GroupId: &group, IpPermissions: []types.IpPermission{p},
		})
	} else {
		_, err = c.AuthorizeSecurityGroupIngress(c.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &group, IpPermissions: []types.IpPermission{p},
		})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// shut takes all rules of one direction from a group.
func (c client) shut(group string, egress bool) {
	c.t.Helper()
	found := must[*ec2.DescribeSecurityGroupRulesOutput](c.t)(c.DescribeSecurityGroupRules(c.t.Context(),
		&ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{filter("group-id", group)}}))
	var ids []string
	for _, r := range found.SecurityGroupRules {
		if *r.IsEgress == egress {
			ids = append(ids, *r.SecurityGroupRuleId)
		}
	}
	var err error
	if egress {
		_, err = c.RevokeSecurityGroupEgress(c.t.Context(), &ec2.RevokeSecurityGroupEgressInput{
			GroupId: &group, SecurityGroupRuleIds: ids,
		})
	} else {
		_, err = c.RevokeSecurityGroupIngress(c.t.Context(), &ec2.RevokeSecurityGroupIngressInput{
			GroupId: &group, SecurityGroupRuleIds: ids,
		})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c client) leads(table, destination, to string) {
	c.t.Helper()
	in := &ec2.CreateRouteInput{RouteTableId: &table}
	if strings.Contains(destination, ":") {
		in.DestinationIpv6CidrBlock = &destination
	} else {
		in.DestinationCidrBlock = &destination
	}
	switch {
	case strings.HasPrefix(to, "pcx-"):
		in.VpcPeeringConnectionId = &to
	case strings.HasPrefix(to, "igw-"):
		in.GatewayId = &to
	default:
		in.InstanceId = &to
	}
	must[*ec2.CreateRouteOutput](c.t)(c.CreateRoute(c.t.Context(), in))
}

// ownTable gives the subnet a route table with nothing but local routes.
func (c client) ownTable(vpc, subnet string) string {
	c.t.Helper()
	id := must[*ec2.CreateRouteTableOutput](c.t)(c.CreateRouteTable(c.t.Context(),
		&ec2.CreateRouteTableInput{VpcId: &vpc})).RouteTable.RouteTableId
	must[*ec2.AssociateRouteTableOutput](c.t)(c.AssociateRouteTable(c.t.Context(), &ec2.AssociateRouteTableInput{
		RouteTableId: id, SubnetId: &subnet,
	}))
	return *id
}

func (c client) internetGateway(vpc string) string {
	c.t.Helper()
	id := must[*ec2.CreateInternetGatewayOutput](c.t)(c.CreateInternetGateway(c.t.Context(),
		&ec2.CreateInternetGatewayInput{})).InternetGateway.InternetGatewayId
	must[*ec2.AttachInternetGatewayOutput](c.t)(c.AttachInternetGateway(c.t.Context(), &ec2.AttachInternetGatewayInput{
		InternetGatewayId: id, VpcId: &vpc,
	}))
	return *id
}

// guard puts a network ACL on the subnet. Entries are numbered in order and read "in deny 6 10.0.0.0/8 22-22"; for
// ICMP the range is type and code. Others than these are denied.
func (c client) guard(vpc, subnet string, entries ...string) {
	c.t.Helper()
	id := must[*ec2.CreateNetworkAclOutput](c.t)(c.CreateNetworkAcl(c.t.Context(),
		&ec2.CreateNetworkAclInput{VpcId: &vpc})).NetworkAcl.NetworkAclId
	for i, e := range entries {
		direction, rest, _ := strings.Cut(e, " ")
		c.entry(*id, direction == "out", int32(10*i+10), rest)
	}
	acls := must[*ec2.DescribeNetworkAclsOutput](c.t)(c.DescribeNetworkAcls(c.t.Context(), &ec2.DescribeNetworkAclsInput{
		Filters: []types.Filter{filter("association.subnet-id", subnet)},
	}))
	for _, a := range acls.NetworkAcls[0].Associations {
		if *a.SubnetId == subnet {
			must[*ec2.ReplaceNetworkAclAssociationOutput](c.t)(c.ReplaceNetworkAclAssociation(c.t.Context(),
				&ec2.ReplaceNetworkAclAssociationInput{AssociationId: a.NetworkAclAssociationId, NetworkAclId: id}))
		}
	}
}

// entry is "allow protocol block", and a range where the protocol wants one.
func (c client) entry(acl string, egress bool, number int32, text string) {
	c.t.Helper()
	w := strings.Fields(text)
	in := &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: &acl, RuleNumber: &number, Egress: &egress, RuleAction: types.RuleAction(w[0]), Protocol: &w[1],
	}
	if strings.Contains(w[2], ":") {
		in.Ipv6CidrBlock = &w[2]
	} else {
		in.CidrBlock = &w[2]
	}
	switch w[1] {
	case "6", "17":
		from, to := numbers(c.t, w[3])
		in.PortRange = &types.PortRange{From: &from, To: &to}
	case "1", "58":
		from, to := numbers(c.t, w[3])
		in.IcmpTypeCode = &types.IcmpTypeCode{Type: &from, Code: &to}
	}
	must[*ec2.CreateNetworkAclEntryOutput](c.t)(c.CreateNetworkAclEntry(c.t.Context(), in))
}

// numbers reads "22-80", or "8,-1".
func numbers(t *testing.T, text string) (from, to int32) {
	t.Helper()
	var separator rune
	if _, err := fmt.Sscanf(text, "%d%c%d", &from, &separator, &to); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return from, to
}

func TestWalk(t *testing.T) {
	t.Parallel()
	both := []string{"in allow -1 0.0.0.0/0", "out allow -1 0.0.0.0/0"}
	for _, tt := range []struct {
		name   string
		change func(*path)
		packet string // from, to, protocol and port
		want   string
	}{
		{name: "a routed and admitted packet crosses an active connection", packet: "10.10.1.10 172.31.1.10 tcp 443"},
		{name: "and so does one the other way", packet: "172.31.1.10 10.10.1.10 udp 53"},
		{name: "a ping too", packet: "10.10.1.10 172.31.1.10 icmp"},
		{name: "IPv6 has routes of its own", packet: "10.10.1.10 " + vault6 + " icmpv6"},
		{name: "the subnets of a VPC reach each other over the local route", packet: "10.10.1.10 10.10.2.10 tcp 22"},
		{name: "also over that of IPv6", packet: "10.10.1.10 " + server6 + " tcp 22"},
		{name: "also behind the main table", packet: "10.10.2.10 10.10.2.11 tcp 22"},

		{name: "no instance has the address", packet: "10.10.1.10 10.10.2.99 tcp 22", want: "no-instance"},
		{name: "no instance has the address in the peer VPC", packet: "10.10.1.10 172.31.9.9 tcp 22", want: "no-instance"},
		{name: "no instance sends it", packet: "10.10.9.9 10.10.2.10 tcp 22", want: "no-instance"},
		{name: "a terminated instance gets nothing", packet: "10.10.1.10 10.10.2.10 tcp 22",
			want: "no-instance", change: func(p *path) {
				must[*ec2.TerminateInstancesOutput](p.t)(p.marketing.TerminateInstances(p.t.Context(), &ec2.TerminateInstancesInput{
					InstanceIds: []string{p.ids[server4]},
				}))
			}},
		{name: "and sends nothing", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "no-instance", change: func(p *path) {
			must[*ec2.TerminateInstancesOutput](p.t)(p.marketing.TerminateInstances(p.t.Context(), &ec2.TerminateInstancesInput{
				InstanceIds: []string{p.ids[client4]},
			}))
		}},
		{name: "a stopped one neither", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "no-instance", change: func(p *path) {
			must[[]types.InstanceStateChange](p.t)(p.marketing.stop(p.ids[server4]))
		}},
		{name: "and doesn't send", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "no-instance", change: func(p *path) {
			must[[]types.InstanceStateChange](p.t)(p.marketing.stop(p.ids[client4]))
		}},
		{name: "an instance without an address of the family sends nothing", packet: "10.10.3.10 " + vault6 + " tcp 22",
			want: "no-address", change: func(p *path) {
				p.ids["10.10.3.10"] = p.marketing.server(p.marketing.subnet(p.marketVPC, "10.10.3.0/24"), "10.10.3.10", p.clientSG)
			}},

		{name: "no route covers the destination", packet: "10.10.1.10 192.168.0.1 tcp 22", want: "route"},
		{name: "a subnet with a table of its own doesn't use the main one", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "route", change: func(p *path) {
				p.marketing.ownTable(p.marketVPC, p.clients)
			}},
		{name: "the answer needs a route too", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "return-route", change: func(p *path) {
				p.finance.ownTable(p.financeVPC, p.vault)
			}},
		{name: "a route of IPv4 is not one of IPv6", packet: "10.10.1.10 " + vault6 + " tcp 22",
			want: "route", change: func(p *path) {
				p.marketing.leads(p.marketing.ownTable(p.marketVPC, p.clients), "0.0.0.0/0", p.connection)
			}},
		{name: "the longest prefix wins, even as a blackhole", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "blackhole", change: func(p *path) {
				other := p.finance.vpc("10.99.0.0/16")
				dead := *must[types.VpcPeeringConnection](p.t)(p.marketing.request(p.marketVPC, other, finance,
					virginia)).VpcPeeringConnectionId
				p.marketing.leads(p.marketing.mainTable(p.marketVPC), "172.31.1.0/24", dead)
			}},
		{name: "and over a shorter one that is a blackhole", packet: "10.10.1.10 172.31.1.10 tcp 22", change: func(p *path) {
			other := p.finance.vpc("10.99.0.0/16")
			dead := *must[types.VpcPeeringConnection](p.t)(p.marketing.request(p.marketVPC, other, finance,
				virginia)).VpcPeeringConnectionId
			p.marketing.leads(p.marketing.mainTable(p.marketVPC), "172.16.0.0/12", dead)
		}},
		{name: "a deleted connection leaves blackholes", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "blackhole", change: func(p *path) {
				p.ok(p.finance.remove(p.connection))
			}},
		{name: "a connection of the same VPCs needs routes of its own", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "blackhole", change: func(p *path) {
				p.ok(p.finance.remove(p.connection))
				p.connect()
			}},
		{name: "the answer meets a blackhole", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "return-blackhole", change: func(p *path) {
				table := p.finance.ownTable(p.financeVPC, p.vault)
				pending := *must[types.VpcPeeringConnection](p.t)(p.finance.request(p.financeVPC, p.marketing.vpc("10.99.0.0/16"),
					marketing, virginia)).VpcPeeringConnectionId
				p.finance.leads(table, "10.10.0.0/16", pending)
			}},
		{name: "the internet is no way to a private address", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "internet", change: func(p *path) {
				p.marketing.leads(p.marketing.ownTable(p.marketVPC, p.clients), "0.0.0.0/0",
					p.marketing.internetGateway(p.marketVPC))
			}},
		{name: "a detached gateway is a blackhole", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "blackhole", change: func(p *path) {
				gateway := p.marketing.internetGateway(p.marketVPC)
				p.marketing.leads(p.marketing.ownTable(p.marketVPC, p.clients), "0.0.0.0/0", gateway)
				must[*ec2.DetachInternetGatewayOutput](p.t)(p.marketing.DetachInternetGateway(p.t.Context(),
					&ec2.DetachInternetGatewayInput{InternetGatewayId: &gateway, VpcId: &p.marketVPC}))
			}},
		{name: "an instance drops packets for others", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "instance", change: func(p *path) {
				p.marketing.leads(p.marketing.ownTable(p.marketVPC, p.clients), "0.0.0.0/0", p.ids[spare4])
			}},
		{name: "also in its own VPC", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "instance", change: func(p *path) {
			p.marketing.leads(p.marketing.mainTable(p.marketVPC), "10.10.2.0/24", p.ids[client4])
		}},
		{name: "but routes are of no account inside a subnet", packet: "10.10.2.10 10.10.2.11 tcp 22", change: func(p *path) {
			p.marketing.leads(p.marketing.mainTable(p.marketVPC), "10.10.2.0/24", p.ids[client4])
		}},
		{name: "peering isn't transitive", packet: "10.10.1.10 10.99.1.10 tcp 22",
			want: "no-instance", change: func(p *path) {
				third := p.finance.vpc("10.99.0.0/16")
				p.ids["10.99.1.10"] = p.finance.server(p.finance.subnet(third, "10.99.1.0/24"), "10.99.1.10",
					p.finance.openGroup(third, "third"))
				on := *must[types.VpcPeeringConnection](p.t)(p.finance.request(p.financeVPC, third, finance,
					virginia)).VpcPeeringConnectionId
				p.ok(p.finance.accept(on))
				p.marketing.leads(p.marketing.mainTable(p.marketVPC), "10.99.0.0/16", p.connection)
				p.finance.leads(p.finance.mainTable(p.financeVPC), "10.99.0.0/16", on)
				p.finance.leads(p.finance.mainTable(third), "10.10.0.0/16", on)
			}},
		{name: "an answer to a twin's address in another VPC goes astray", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "return-astray", change: func(p *path) {
				twin := p.marketing.vpc("10.10.0.0/16")
				p.ids["twin"] = p.marketing.server(p.marketing.subnet(twin, "10.10.1.0/24"), client4,
					p.marketing.openGroup(twin, "twin"))
				to := *must[types.VpcPeeringConnection](p.t)(p.marketing.request(twin, p.financeVPC, finance,
					virginia)).VpcPeeringConnectionId
				p.ok(p.finance.accept(to))
				p.finance.leads(p.finance.mainTable(p.financeVPC), "10.10.1.0/24", to)
			}},

		{name: "a group without egress rules lets nothing out", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "egress", change: func(p *path) {
				p.marketing.shut(p.clientSG, true)
			}},
		{name: "but answers, as groups are stateful", packet: "172.31.1.10 10.10.1.10 tcp 22", change: func(p *path) {
			p.marketing.shut(p.clientSG, true)
			p.finance.shut(p.vaultSG, false)
		}},
		{name: "a group without ingress rules admits nothing", packet: "10.10.1.10 172.31.1.10 tcp 22",
			want: "ingress", change: func(p *path) {
				p.finance.shut(p.vaultSG, false)
			}},
		{
			name: "a group admits the last port of a rule's range", packet: "10.10.1.10 172.31.1.10 tcp 443",
			change: admits("tcp", 80, 443, "10.10.1.0/24"),
		},
		{
			name: "and not the one behind it", packet: "10.10.1.10 172.31.1.10 tcp 444", want: "ingress",
			change: admits("tcp", 80, 443, "10.10.1.0/24"),
		},
		{
			name: "nor the port of another protocol", packet: "10.10.1.10 172.31.1.10 udp 443", want: "ingress",
			change: admits("tcp", 80, 443, "10.10.1.0/24"),
		},
		{
			name: "nor that of another source", packet: "10.10.1.10 172.31.1.10 tcp 443", want: "ingress",
			change: admits("tcp", 80, 443, "10.10.2.0/24"),
		},
		{
			name: "a rule of all protocols has no ports", packet: "10.10.1.10 172.31.1.10 udp 443",
			change: admits("-1", 80, 80, "10.10.1.0/24"),
		},
		{name: "a ping is ICMP of type 8", packet: "10.10.1.10 172.31.1.10 icmp", change: admits("icmp", 8, -1, "0.0.0.0/0")},
		{name: "and of code 0", packet: "10.10.1.10 172.31.1.10 icmp", change: admits("icmp", 8, 0, "0.0.0.0/0")},
		{
			name: "which is one of all types", packet: "10.10.1.10 172.31.1.10 icmp",
			change: admits("icmp", -1, -1, "0.0.0.0/0"),
		},
		{
			name: "a rule for replies admits no pings", packet: "10.10.1.10 172.31.1.10 icmp", want: "ingress",
			change: admits("icmp", 0, -1, "0.0.0.0/0"),
		},
		{
			name: "a rule for another code neither", packet: "10.10.1.10 172.31.1.10 icmp", want: "ingress",
			change: admits("icmp", 8, 1, "0.0.0.0/0"),
		},
		{
			name: "a ping of IPv6 is ICMPv6 of type 128", packet: "10.10.1.10 " + vault6 + " icmpv6",
			change: admits("icmpv6", 128, 0, "::/0"),
		},
		{
			name: "which ICMP isn't", packet: "10.10.1.10 " + vault6 + " icmpv6", want: "ingress",
			change: admits("icmp", -1, -1, "::/0"),
		},
		{
			name: "a rule of IPv4 doesn't apply to IPv6", packet: "10.10.1.10 " + vault6 + " tcp 22", want: "ingress",
			change: admits("-1", -1, -1, "0.0.0.0/0"),
		},
		{
			name:   "a reference admits the members of a peer VPC's group",
			packet: "10.10.2.10 172.31.1.10 tcp 22", change: admitsMembers,
		},
		{name: "under their IPv6 addresses too", packet: "10.10.2.10 " + vault6 + " tcp 22", change: admitsMembers},
		{
			name: "and no other instance there", packet: "10.10.1.10 172.31.1.10 tcp 22", want: "ingress", change: admitsMembers,
		},
		{name: "a reference in an egress rule names who is reached",
			packet: "10.10.1.10 10.10.2.10 tcp 22", change: func(p *path) {
				p.marketing.shut(p.clientSG, true)
				p.marketing.permits(p.clientSG, true, "tcp", 22, 22, p.serverSG)
			}},
		{name: "and no other instance is", packet: "10.10.1.10 172.31.1.10 tcp 22", want: "egress", change: func(p *path) {
			p.marketing.shut(p.clientSG, true)
			p.marketing.permits(p.clientSG, true, "tcp", 22, 22, p.serverSG)
		}},

		{
			name: "a prefix list admits the addresses of all its entries", packet: "10.10.2.10 172.31.1.10 tcp 22",
			change: admitsList("10.0.0.0/24", "10.10.2.0/24"),
		},
		{
			name: "and nothing else", packet: "10.10.1.10 172.31.1.10 tcp 22", want: "ingress",
			change: admitsList("10.0.0.0/24", "10.10.2.0/24"),
		},

		{name: "a network ACL without entries denies", packet: "10.10.1.10 10.10.2.10 tcp 22",
			want: "acl", change: func(p *path) {
				p.marketing.guard(p.marketVPC, p.servers)
			}},
		{name: "but not inside its subnet", packet: "10.10.2.10 10.10.2.11 tcp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers)
		}},
		{name: "an ACL must let the packet out", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.clients, "in allow -1 0.0.0.0/0")
		}},
		{name: "and in", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "out allow -1 0.0.0.0/0")
		}},
		{name: "and the answer out", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "return-acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "in allow -1 0.0.0.0/0")
		}},
		{name: "and the answer in", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "return-acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.clients, "out allow -1 0.0.0.0/0")
		}},
		{name: "the answer goes to an ephemeral port", packet: "10.10.1.10 10.10.2.10 tcp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "in allow 6 10.10.1.0/24 22-22", "out allow 6 10.10.1.0/24 1024-65535")
		}},
		{name: "all of them must be open", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "return-acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "in allow 6 10.10.1.0/24 22-22", "out allow 6 10.10.1.0/24 32768-65535")
		}},
		{name: "also the one in the middle", packet: "10.10.1.10 10.10.2.10 tcp 22",
			want: "return-acl", change: func(p *path) {
				p.marketing.guard(p.marketVPC, p.clients, "out allow -1 0.0.0.0/0",
					"in deny 6 0.0.0.0/0 3389-3389", "in allow -1 0.0.0.0/0")
			}},
		{name: "also the first", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "return-acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.clients, "out allow -1 0.0.0.0/0",
				"in deny 6 0.0.0.0/0 1024-1024", "in allow -1 0.0.0.0/0")
		}},
		{name: "also the last", packet: "10.10.1.10 10.10.2.10 tcp 22", want: "return-acl", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.clients, "out allow -1 0.0.0.0/0", "in allow 6 0.0.0.0/0 0-65534")
		}},
		{name: "a privileged port isn't ephemeral", packet: "10.10.1.10 10.10.2.10 tcp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.clients, "out allow -1 0.0.0.0/0",
				"in deny 6 0.0.0.0/0 0-1023", "in allow -1 0.0.0.0/0")
		}},
		{name: "the entry with the lowest number decides", packet: "10.10.1.10 10.10.2.10 tcp 22",
			want: "acl", change: func(p *path) {
				p.marketing.guard(p.marketVPC, p.servers, append([]string{"in deny 6 10.10.1.0/24 22-22"}, both...)...)
			}},
		{name: "also when it allows", packet: "10.10.1.10 10.10.2.10 tcp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, append(slices.Clone(both), "in deny -1 0.0.0.0/0")...)
		}},
		{name: "an entry for another protocol doesn't", packet: "10.10.1.10 10.10.2.10 udp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, append([]string{"in deny 6 10.10.1.0/24 22-22"}, both...)...)
		}},
		{name: "nor one for another block", packet: "10.10.1.10 10.10.2.10 tcp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, append([]string{"in deny 6 10.10.3.0/24 22-22"}, both...)...)
		}},
		{name: "also of IPv6", packet: "10.10.1.10 " + server6 + " tcp 22", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "in deny -1 2600:1f18:0:200::/56", "in allow -1 ::/0", "out allow -1 ::/0")
		}},
		{name: "a ping needs type 8 there and type 0 back", packet: "10.10.1.10 10.10.2.10 icmp", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "in allow 1 0.0.0.0/0 8,-1", "out allow 1 0.0.0.0/0 0,0")
		}},
		{name: "type 8 both ways is not enough", packet: "10.10.1.10 10.10.2.10 icmp",
			want: "return-acl", change: func(p *path) {
				p.marketing.guard(p.marketVPC, p.servers, "in allow 1 0.0.0.0/0 8,-1", "out allow 1 0.0.0.0/0 8,-1")
			}},
		{name: "one of IPv6 needs types 128 and 129", packet: "10.10.1.10 " + server6 + " icmpv6", change: func(p *path) {
			p.marketing.guard(p.marketVPC, p.servers, "in allow 58 ::/0 128,0", "out allow 58 ::/0 129,-1")
		}},
		{name: "entries of IPv4 don't apply to IPv6", packet: "10.10.1.10 " + server6 + " tcp 22",
			want: "acl", change: func(p *path) {
				p.marketing.guard(p.marketVPC, p.servers, both...)
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPath(t)
			if tt.change != nil {
				tt.change(p)
			}
			delivered, got := p.service.Walk(p.packet(tt.packet))
			if got != tt.want || delivered != (tt.want == "") {
				t.Errorf("Walk(%s) = %v, %q, want %q", tt.packet, delivered, got, tt.want)
			}
		})
	}
}

// admits lets finance's group admit this and nothing else.
func admits(protocol string, from, to int32, source string) func(*path) {
	return func(p *path) {
		p.finance.shut(p.vaultSG, false)
		p.finance.permits(p.vaultSG, false, protocol, from, to, source)
	}
}

// admitsMembers lets finance's group admit the members of marketing's servers' group.
func admitsMembers(p *path) { admits("tcp", 22, 22, marketing+"/"+p.serverSG)(p) }

// admitsList lets finance's group admit a prefix list.
func admitsList(cidrs ...string) func(*path) {
	return func(p *path) { admits("tcp", 22, 22, p.finance.prefixList("IPv4", 10, cidrs...))(p) }
}

func (p *path) packet(text string) sim.Packet {
	p.t.Helper()
	w := append(strings.Fields(text), "0")
	_, port := numbers(p.t, "0-"+w[3])
	id := p.ids[w[0]]
	return sim.Packet{From: id, To: netip.MustParseAddr(w[1]), Protocol: w[2], Port: uint16(port)}
}

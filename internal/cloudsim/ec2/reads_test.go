package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
func TestFiltersOfRouteTables(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	c, table := p.asking, p.asking.mainTable(p.requester)
	refused(t, c.route(table, "172.30.0.0/16", p.id), "no error")
	c.table(p.requester)
	tests := []struct {
		name   string
		filter types.Filter
		want   int
	}{
		{"by VPC", filter("vpc-id", p.requester), 2},
		{"by owner", filter("owner-id", marketing), 3},
		{"by association", filter("association.route-table-id", table), 1},
		{"by connection", filter("route.vpc-peering-connection-id", p.id), 1},
		{"by destination", filter("route.destination-cidr-block", "172.30.0.0/16"), 1},
		{"by IPv6 destination", filter("route.destination-ipv6-cidr-block", "::/0"), 0},
		{"by the local gateway", filter("route.gateway-id", "local"), 3},
		{"by state", filter("route.state", "blackhole"), 1},
		{"by origin", filter("route.origin", "CreateRoute"), 2},
		{"by a target that no route has", filter("route.nat-gateway-id", "*"), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{
				Filters: []types.Filter{tt.filter},
			}))
			if len(out.RouteTables) != tt.want {
				t.Errorf("found %d, want %d", len(out.RouteTables), tt.want)
			}
		})
	}
}

func TestReplaceAndDeleteRoute(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	c, table := p.asking, p.asking.mainTable(p.requester)
	gateway := c.gateway(p.requester)
	refused(t, c.route(table, "172.31.0.0/16", p.id), "no error")
	replace := func(destination string) error {
		_, err := c.ReplaceRoute(t.Context(), &ec2.ReplaceRouteInput{
			RouteTableId: &table, DestinationCidrBlock: &destination, GatewayId: &gateway,
		})
		return err
	}
	refused(t, replace("172.31.0.0/16"), "no error")
	if got, want := c.routes(table)[1], "172.31.0.0/16 "+gateway+" active"; got != want {
		t.Errorf("route is %q, want %q", got, want)
	}
	must[*ec2.DeleteRouteOutput](t)(c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{
		RouteTableId: &table, DestinationCidrBlock: aws.String("172.31.0.0/16"),
	}))
	if got := c.routes(table); len(got) != 1 {
		t.Errorf("routes are %v", got)
	}
}

func TestEachCellHasItsOwn(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	vpc := in(t, s, marketing, virginia).vpc("10.10.0.0/16")
	for _, c := range []client{in(t, s, finance, virginia), in(t, s, marketing, ireland)} {
		_, err := c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{vpc}})
		refused(t, err, "InvalidVpcID.NotFound")
		_, err = c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: aws.String("10.10.1.0/24")})
		refused(t, err, "InvalidVpcID.NotFound")
	}
}

func TestSubnetsAndGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, gateway := c.subnet(vpc, "10.10.1.0/24"), c.gateway(vpc)
	subnets := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{filter("vpc-id", vpc)},
	}))
	if got := subnets.Subnets[0]; *got.SubnetId != subnet || *got.AvailableIpAddressCount != 251 {
		t.Errorf("the subnet is %+v", got)
	}
	gateways := must[*ec2.DescribeInternetGatewaysOutput](t)(c.DescribeInternetGateways(t.Context(),
		&ec2.DescribeInternetGatewaysInput{
			Filters: []types.Filter{filter("attachment.vpc-id", vpc)},
		}))
	if got := gateways.InternetGateways[0]; *got.InternetGatewayId != gateway || *got.Attachments[0].VpcId != vpc {
		t.Errorf("the gateway is %+v", got)
	}
	second := must[*ec2.CreateInternetGatewayOutput](t)(c.CreateInternetGateway(t.Context(),
		&ec2.CreateInternetGatewayInput{})).InternetGateway
	attach := func(gateway string) error {
		_, err := c.AttachInternetGateway(t.Context(), &ec2.AttachInternetGatewayInput{
			InternetGatewayId: &gateway, VpcId: &vpc,
		})
		return err
	}
	remove := func(gateway string) error {
		_, err := c.DeleteInternetGateway(t.Context(), &ec2.DeleteInternetGatewayInput{InternetGatewayId: &gateway})
		return err
	}
	refused(t, attach(*second.InternetGatewayId), "InvalidParameterValue") // a VPC has one at most
	refused(t, attach(gateway), "Resource.AlreadyAssociated")
	refused(t, remove(gateway), "DependencyViolation")
	refused(t, remove(*second.InternetGatewayId), "no error")
}

func TestEgress(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	all := types.IpPermission{IpProtocol: aws.String("all"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}
	_, err := c.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{
		GroupId: &group, IpPermissions: []types.IpPermission{all},
	})
	refused(t, err, "InvalidPermission.Duplicate") // a new group has this rule
	out := must[*ec2.RevokeSecurityGroupEgressOutput](t)(c.RevokeSecurityGroupEgress(t.Context(),
		&ec2.RevokeSecurityGroupEgressInput{
			GroupId: &group, IpPermissions: []types.IpPermission{all},
		}))
	if got := out.RevokedSecurityGroupRules; len(got) != 1 || !*got[0].IsEgress || *got[0].FromPort != -1 {
		t.Errorf("revoked %v", got)
	}
}

func TestReplacingAnEntryOfANetworkACL(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := c.acl(c.vpc("10.10.0.0/16"))
	replace := func() error {
		_, err := c.ReplaceNetworkAclEntry(t.Context(), &ec2.ReplaceNetworkAclEntryInput{
			NetworkAclId: &id, RuleNumber: aws.Int32(10), Egress: aws.Bool(true), Protocol: aws.String("6"),
			RuleAction: types.RuleActionAllow,
			CidrBlock:  aws.String("0.0.0.0/0"), PortRange: &types.PortRange{From: aws.Int32(443), To: aws.Int32(444)},
		})
		return err
	}
	refused(t, replace(), "InvalidNetworkAclEntry.NotFound")
	must[*ec2.CreateNetworkAclEntryOutput](t)(c.CreateNetworkAclEntry(t.Context(), &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: &id, RuleNumber: aws.Int32(10), Egress: aws.Bool(true), Protocol: aws.String("-1"),
		RuleAction:    types.RuleActionDeny,
		Ipv6CidrBlock: aws.String("::/0"),
	}))
	refused(t, replace(), "no error")
	out := must[*ec2.DescribeNetworkAclsOutput](t)(c.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{
		NetworkAclIds: []string{id},
	}))
	if got := out.NetworkAcls[0].Entries[0]; got.RuleAction != types.RuleActionAllow || *got.PortRange.To != 444 ||
		got.Ipv6CidrBlock != nil {
		t.Errorf("the entry is %+v", got)
	}
}

func TestASecondaryBlockCanGoAgain(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	added := must[*ec2.AssociateVpcCidrBlockOutput](t)(c.AssociateVpcCidrBlock(t.Context(),
		&ec2.AssociateVpcCidrBlockInput{VpcId: &vpc, CidrBlock: aws.String("10.11.0.0/16")}))
	subnet := c.subnet(vpc, "10.11.1.0/24")
	drop := func() error {
		_, err := c.DisassociateVpcCidrBlock(t.Context(), &ec2.DisassociateVpcCidrBlockInput{
			AssociationId: added.CidrBlockAssociation.AssociationId,
		})
		return err
	}
	refused(t, drop(), "DependencyViolation")
	must[*ec2.DeleteSubnetOutput](t)(c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &subnet}))
	refused(t, drop(), "no error")
	if got := c.routes(c.mainTable(vpc)); len(got) != 1 {
		t.Errorf("the local route stays: %v", got)
	}
}

func TestActionsAreSorted(t *testing.T) {
	t.Parallel()
	if all := sim.Actions(); !slices.IsSorted(all) || !slices.Contains(all, "AcceptVpcPeeringConnection") {
		t.Errorf("actions are %v", all)
	}
}

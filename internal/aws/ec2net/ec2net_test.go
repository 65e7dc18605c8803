package ec2net_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

var comparers = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// answering returns a network on which every describe is answered with this document.
func answering(t *testing.T, document string) *ec2net.Network {
	t.Helper()
	return network(t, cloudsim.Failure{Answer: document})
}

func network(t *testing.T, failure cloudsim.Failure) *ec2net.Network {
	t.Helper()
	return answeredBy(t, func(apicall.Call) *cloudsim.Failure { return &failure })
}

func answeredBy(t *testing.T, answer func(apicall.Call) *cloudsim.Failure) *ec2net.Network {
	t.Helper()
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	cloud.Inject(answer)
	return over(cloud)
}

// over returns a network whose client doesn't retry.
func over(transport http.RoundTripper) *ec2net.Network {
	return ec2net.New(ec2.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("111111111111", "any", ""),
		HTTPClient: &http.Client{Transport: transport}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}))
}

func TestRouteTables(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet><item>
		<routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>
		<associationSet><item><main>true</main></item><item><main>false</main><subnetId>subnet-1</subnetId></item>
		</associationSet>
		<routeSet>
			<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state>
			<origin>CreateRouteTable</origin></item>
			<item><destinationIpv6CidrBlock>2001:db8::/56</destinationIpv6CidrBlock>
			<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><state>blackhole</state><origin>CreateRoute</origin></item>
			<item><destinationCidrBlock>10.9.0.0/16</destinationCidrBlock><gatewayId>vgw-1</gatewayId><state>active</state>
			<origin>EnableVgwRoutePropagation</origin></item>
			<item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state>
			</item>
			<item><destinationCidrBlock>10.8.0.0/16</destinationCidrBlock><instanceId>i-1</instanceId>
			<networkInterfaceId>eni-1</networkInterfaceId><state>active</state></item>
		</routeSet><tagSet><item><key>Tier</key><value>private</value></item></tagSet>
	</item><item><routeTableId>rtb-2</routeTableId><vpcId>vpc-1</vpcId><associationSet><item><gatewayId>igw-1</gatewayId>
	</item></associationSet></item></routeTableSet></DescribeRouteTablesResponse>`)
	got, err := n.RouteTables(t.Context(), "vpc-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []peering.RouteTable{
		{ID: "rtb-1", VPC: "vpc-1", Main: true, Subnets: []peering.SubnetID{"subnet-1"},
			Tags: map[string]string{"Tier": "private"}, Routes: []peering.Route{
				{Destination: netip.MustParsePrefix("10.0.0.0/16"), Target: peering.Local},
				{Destination: netip.MustParsePrefix("2001:db8::/56"), Target: "pcx-1", Blackhole: true},
				{Destination: netip.MustParsePrefix("10.9.0.0/16"), Target: "vgw-1", Propagated: true},
				{PrefixList: "pl-1", Target: "vpce-1"},
				{Destination: netip.MustParsePrefix("10.8.0.0/16"), Target: "i-1", Interface: "eni-1"},
			}},
		{ID: "rtb-2", VPC: "vpc-1", Gateway: true},
	}
	if diff := cmp.Diff(want, got, comparers); diff != "" {
		t.Errorf("route tables (-want +got):\n%s", diff)
	}
}

// TestSecurityGroups: EC2 merges sources with the same protocol and ports; each becomes a permission.
func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><securityGroupInfo>
	<item>
		<ownerId>111111111111</ownerId><groupId>sg-1</groupId><groupName>server</groupName><vpcId>vpc-1</vpcId>
		<ipPermissions>
			<item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>
				<ipRanges><item><cidrIp>10.0.0.0/16</cidrIp></item><item><cidrIp>10.1.0.0/16</cidrIp></item></ipRanges>
				<ipv6Ranges><item><cidrIpv6>2001:db8::/56</cidrIpv6></item></ipv6Ranges>
				<groups><item><groupId>sg-2</groupId></item></groups><prefixListIds><item><prefixListId>pl-1</prefixListId></item>
				</prefixListIds></item>
			<item><ipProtocol>icmpv6</ipProtocol><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges></item>
		</ipPermissions>
		<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>
		</item></ipPermissionsEgress>
	</item></securityGroupInfo></DescribeSecurityGroupsResponse>`)
	got, err := n.SecurityGroups(t.Context(), "vpc-1")
	if err != nil {
		t.Fatal(err)
	}
	https := peering.Permission{Protocol: peering.TCP, From: 443, To: 443}
	with := func(change func(*peering.Permission)) peering.Permission {
		p := https
		change(&p)
		return p
	}
	want := []peering.SecurityGroup{{ID: "sg-1", VPC: "vpc-1", Owner: "111111111111", Name: "server",
		Ingress: []peering.Permission{
			with(func(p *peering.Permission) { p.Source = netip.MustParsePrefix("10.0.0.0/16") }),
			with(func(p *peering.Permission) { p.Source = netip.MustParsePrefix("10.1.0.0/16") }),
			with(func(p *peering.Permission) { p.Source = netip.MustParsePrefix("2001:db8::/56") }),
			with(func(p *peering.Permission) { p.Group = "sg-2" }),
			with(func(p *peering.Permission) { p.PrefixList = "pl-1" }),
			{Protocol: peering.ICMPv6, From: -1, To: -1, Source: netip.MustParsePrefix("::/0")},
		},
		Egress: []peering.Permission{{
			Protocol: peering.AllProtocols, From: -1, To: -1, Source: netip.MustParsePrefix("0.0.0.0/0"),
		}},
	}}
	if diff := cmp.Diff(want, got, comparers); diff != "" {
		t.Errorf("security groups (-want +got):\n%s", diff)
	}
}

// TestIngressRules: the other describe shows all traffic with ports of -1; egress rules aren't ours to see.
func TestIngressRules(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeSecurityGroupRulesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
	<securityGroupRuleSet>
		<item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><isEgress>false</isEgress>
		<ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>
			<referencedGroupInfo><groupId>sg-9</groupId><userId>111111111111</userId><peeringStatus>active</peeringStatus>
			</referencedGroupInfo><description>d</description><tagSet><item><key>autopeer:connection</key><value>pcx-1</value>
			</item></tagSet></item>
		<item><securityGroupRuleId>sgr-2</securityGroupRuleId><groupId>sg-1</groupId><isEgress>true</isEgress>
		<ipProtocol>-1</ipProtocol><cidrIpv4>0.0.0.0/0</cidrIpv4></item>
	</securityGroupRuleSet></DescribeSecurityGroupRulesResponse>`)
	got, err := n.IngressRules(t.Context(), "pcx-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []peering.IngressRule{{
		ID: "sgr-1", Group: "sg-1",
		Permission:  peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Group: "sg-9"},
		Description: "d", Tags: map[string]string{peering.TagConnection: "pcx-1"},
	}}
	if diff := cmp.Diff(want, got, comparers); diff != "" {
		t.Errorf("ingress rules (-want +got):\n%s", diff)
	}
}

// TestBlocks: only blocks in state associated count, of both families. The primary block comes first.
func TestBlocks(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet><item>
	<vpcId>vpc-1</vpcId><ownerId>111111111111</ownerId><cidrBlock>10.3.0.0/16</cidrBlock>
		<cidrBlockAssociationSet>
			<item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>
			<item><cidrBlock>10.3.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>
			<item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>
			</cidrBlockAssociationSet>
		<ipv6CidrBlockAssociationSet>
			<item><ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock><ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState>
			</item>
			<item><ipv6CidrBlock>2001:db8:1::/56</ipv6CidrBlock><ipv6CidrBlockState><state>failing</state></ipv6CidrBlockState>
			</item>
			<item><ipv6CidrBlock>2001:db8:2::/56</ipv6CidrBlock></item></ipv6CidrBlockAssociationSet>
	</item></vpcSet></DescribeVpcsResponse>`)
	got, err := n.VPCs(t.Context(), "vpc-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.3.0.0/16"), netip.MustParsePrefix("10.0.0.0/16"),
		netip.MustParsePrefix("2001:db8::/56")}
	if len(got) != 1 || !slices.Equal(got[0].Blocks, want) || got[0].Primary() != want[0] ||
		got[0].Cell() != (peering.Cell{Account: "111111111111", Region: "us-east-1"}) {
		t.Errorf("VPCs = %+v, want one with %v", got, want)
	}
	subnets := answering(t, `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><subnetSet><item>
	<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><cidrBlock>10.0.1.0/24</cidrBlock>
		<ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/64</ipv6CidrBlock><ipv6CidrBlockState>
		<state>associated</state></ipv6CidrBlockState></item>
			<item><ipv6CidrBlock>2001:db8:0:1::/64</ipv6CidrBlock><ipv6CidrBlockState><state>disassociated</state>
			</ipv6CidrBlockState></item>
			<item><ipv6CidrBlock>2001:db8:0:2::/64</ipv6CidrBlock></item></ipv6CidrBlockAssociationSet>
	</item></subnetSet></DescribeSubnetsResponse>`)
	in, err := subnets.Subnets(t.Context(), "vpc-1")
	want = []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24"), netip.MustParsePrefix("2001:db8::/64")}
	if err != nil || len(in) != 1 || !slices.Equal(in[0].Blocks, want) {
		t.Errorf("subnets = %+v, %v; want one with %v", in, err, want)
	}
}

func TestASubnetForIPv6AloneHasNoIPv4Block(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><subnetSet><item>
	<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><ipv6Native>true</ipv6Native>
		<ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/64</ipv6CidrBlock><ipv6CidrBlockState>
		<state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>
	</item></subnetSet></DescribeSubnetsResponse>`)
	in, err := n.Subnets(t.Context(), "vpc-1")
	if want := []netip.Prefix{netip.MustParsePrefix("2001:db8::/64")}; err != nil || len(in) != 1 ||
		!slices.Equal(in[0].Blocks, want) {
		t.Errorf("subnets = %+v, %v; want one with %v", in, err, want)
	}
}

// TestConnections: the primary block comes first, and blocks that AWS doesn't show are not known, which is not the same
// as none. Without the primary block, nothing is known.
func TestConnections(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
	<vpcPeeringConnectionSet><item>
		<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><status><code>pending-acceptance</code>
		<message>Pending Acceptance by 222222222222</message></status>
		<requesterVpcInfo><ownerId>111111111111</ownerId><region>us-east-1</region><vpcId>vpc-1</vpcId>
		<cidrBlock>10.0.0.0/16</cidrBlock>
			<peeringOptions><allowDnsResolutionFromRemoteVpc>true</allowDnsResolutionFromRemoteVpc></peeringOptions>
			</requesterVpcInfo>
		<accepterVpcInfo><ownerId>222222222222</ownerId><region>eu-west-1</region><vpcId>vpc-2</vpcId></accepterVpcInfo>
	</item><item><vpcPeeringConnectionId>pcx-2</vpcPeeringConnectionId><status><code>active</code></status>
		<requesterVpcInfo><vpcId>vpc-4</vpcId><cidrBlockSet><item><cidrBlock>10.4.0.0/16</cidrBlock></item></cidrBlockSet>
		</requesterVpcInfo>
		<accepterVpcInfo><vpcId>vpc-3</vpcId><cidrBlock>10.2.0.0/16</cidrBlock><cidrBlockSet><item>
		<cidrBlock>10.1.0.0/16</cidrBlock></item><item><cidrBlock>10.2.0.0/16</cidrBlock></item></cidrBlockSet>
			<ipv6CidrBlockSet><item><ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock></item></ipv6CidrBlockSet></accepterVpcInfo>
	</item></vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>`)
	got, err := n.Connections(t.Context(), "pcx-1", "pcx-2")
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	want := []peering.Connection{
		{ID: "pcx-1", State: peering.PendingAcceptance, Message: "Pending Acceptance by 222222222222", RequesterDNS: &yes,
			Requester: peering.VPC{
				Owner: "111111111111", Region: "us-east-1", ID: "vpc-1",
				Blocks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")},
			},
			Accepter: peering.VPC{Owner: "222222222222", Region: "eu-west-1", ID: "vpc-2"}},
		{ID: "pcx-2", State: peering.Active, Requester: peering.VPC{ID: "vpc-4"},
			Accepter: peering.VPC{ID: "vpc-3", Blocks: []netip.Prefix{
				netip.MustParsePrefix("10.2.0.0/16"), netip.MustParsePrefix("10.1.0.0/16"),
				netip.MustParsePrefix("2001:db8::/56")}}},
	}
	if diff := cmp.Diff(want, got, comparers); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	if got[0].Accepter.Blocks != nil || got[1].Requester.Blocks != nil {
		t.Errorf("blocks that aren't shown = %v and %v, want nil", got[0].Accepter.Blocks, got[1].Requester.Blocks)
	}
}

// TestOptionsOfAConnectionThatIsNotActiveYet are retried: EC2 has the same code for options that no retry makes
// possible.
// https://github.com/grem11n/terraform-aws-vpc-peering/issues/21
func TestOptionsOfAConnectionThatIsNotActiveYet(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]fault.Class{
		"Peering pcx-1 is not active. Peering options can be added only to active peerings.":         fault.Retryable,
		"User 1 does not have permission to modify the accepter side peering options of the peering": fault.Permanent,
	} {
		err := network(t, cloudsim.Failure{Code: "OperationNotPermitted", Message: message}).Apply(t.Context(),
			plan.EnableDNS{Connection: "pcx-1", Role: peering.Requester})
		if err == nil || fault.Of(err) != want {
			t.Errorf("class of %q = %v, want %v", message, fault.Of(err), want)
		}
	}
}

// TestStaleReferences: recorded answers,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReferencedSecurityGroup.html
func TestStaleReferences(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]bool{
		`<groupId>sg-2</groupId><userId>1</userId>`: false,
		`<groupId>sg-2</groupId>`:                   false, // a live one inside the VPC
		`<groupId>sg-2</groupId><vpcId>vpc-2</vpcId><vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>` +
			`<peeringStatus>active</peeringStatus>`: true,
		`<groupId>sg-2</groupId><userId>1</userId><vpcId>vpc-2</vpcId>` +
			`<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><peeringStatus>active</peeringStatus>`: false,
		`<groupId>sg-2</groupId><userId>1</userId><vpcId>vpc-2</vpcId>` +
			`<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><peeringStatus>deleted</peeringStatus>`: true,
	} {
		n := answering(t, `<DescribeSecurityGroupRulesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
		<securityGroupRuleSet><item>
			<securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><isEgress>false</isEgress>
			<ipProtocol>-1</ipProtocol><referencedGroupInfo>`+reference+`</referencedGroupInfo>
		</item></securityGroupRuleSet></DescribeSecurityGroupRulesResponse>`)
		rules, err := n.IngressRulesIn(t.Context(), "sg-1")
		if err != nil || len(rules) != 1 || rules[0].Stale != want {
			t.Errorf("%s: rules = %+v, %v; want stale %v", reference, rules, err, want)
		}
	}
}

// TestPropagatedRoutes come from gateways and route servers, and have a quota of their own. The origin Advertisement is
// documented in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html.
func TestPropagatedRoutes(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet><item>
	<routeTableId>rtb-1</routeTableId><routeSet>
		<item><destinationCidrBlock>10.1.0.0/16</destinationCidrBlock><gatewayId>vgw-1</gatewayId>
		<origin>EnableVgwRoutePropagation</origin></item>
		<item><destinationCidrBlock>10.2.0.0/16</destinationCidrBlock><networkInterfaceId>eni-1</networkInterfaceId>
		<origin>Advertisement</origin></item>
		<item><destinationCidrBlock>10.3.0.0/16</destinationCidrBlock><gatewayId>igw-1</gatewayId><origin>CreateRoute</origin>
		</item>
	</routeSet></item></routeTableSet></DescribeRouteTablesResponse>`)
	tables, err := n.RouteTables(t.Context(), "vpc-1")
	if err != nil || len(tables) != 1 || len(tables[0].Routes) != 3 {
		t.Fatalf("tables = %+v, %v; want one with three routes", tables, err)
	}
	for i, want := range []bool{true, true, false} {
		if r := tables[0].Routes[i]; r.Propagated != want {
			t.Errorf("%s is propagated: %v, want %v", r.Destination, r.Propagated, want)
		}
	}
}

// TestMoreValuesThanAFilterTakes are read by several calls: EC2 takes 200.
func TestMoreValuesThanAFilterTakes(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []int
	n := answeredBy(t, func(c apicall.Call) *cloudsim.Failure {
		values := 0
		for name := range c.Params {
			if strings.HasPrefix(name, "Filter.1.Value.") {
				values++
			}
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, values)
		return &cloudsim.Failure{Answer: fmt.Sprintf(`<DescribeVpcsResponse `+
			`xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet><item><vpcId>%s</vpcId></item></vpcSet>`+
			`</DescribeVpcsResponse>`, c.Params["Filter.1.Value.1"])}
	})
	ids := make([]peering.VPCID, 401)
	for i := range ids {
		ids[i] = peering.VPCID(fmt.Sprintf("vpc-%08x", i))
	}
	got, err := n.VPCs(t.Context(), ids...)
	slices.Sort(asked)
	if err != nil || len(got) != 3 || !slices.Equal(asked, []int{1, 200, 200}) || got[1].ID != ids[200] {
		t.Errorf("VPCs() = %d VPCs, %v, by calls with %v values; want 3 in order, by calls with 1, 200 and 200",
			len(got), err, asked)
	}
	asked = nil
	if got, err := n.VPCs(t.Context()); err != nil || len(got) != 0 || len(asked) != 0 {
		t.Errorf("without an id VPCs() = %v, %v by %d calls; want no VPC and no call", got, err, len(asked))
	}
}

// TestClasses: EC2's codes in EC2's spelling, each with its class.
func TestClasses(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]fault.Class{
		"RequestLimitExceeded": fault.Retryable, "InternalError": fault.Retryable,
		"InvalidVpcPeeringConnectionID.NotFound": fault.Retryable,
		"InvalidStateTransition":                 fault.Retryable, "RouteAlreadyExists": fault.Retryable,
		"InvalidPermission.Duplicate": fault.Retryable, "NeverHeardOf": fault.Retryable,
		"UnauthorizedOperation": fault.Permanent, "OperationNotPermitted": fault.Permanent,
		"InvalidVpcPeeringConnectionId.Malformed": fault.Permanent,
		"VpcPeeringConnectionAlreadyExists":       fault.Denied, "RouteLimitExceeded": fault.Denied,
		"RulesPerSecurityGroupLimitExceeded": fault.Denied, "ActiveVpcPeeringConnectionPerVpcLimitExceeded": fault.Denied,
	} {
		err := network(t, cloudsim.Failure{Code: code, Message: "no"}).Accept(t.Context(), "pcx-1")
		if got := fault.Of(err); err == nil || got != want {
			t.Errorf("class of %s = %v, want %v (%v)", code, got, want, err)
		}
	}
	denied := network(t, cloudsim.Failure{Code: "RouteLimitExceeded", Message: "500 are there."}).Accept(t.Context(),
		"pcx-1")
	if want := "accept pcx-1: 500 are there. (RouteLimitExceeded)"; denied.Error() != want {
		t.Errorf("a denial reads %q, want %q: it is announced, so a request's id would make it another one each time",
			denied, want)
	}
	if err := network(t, cloudsim.Failure{Drop: true}).Accept(t.Context(), "pcx-1"); fault.Of(err) != fault.Retryable {
		t.Errorf("class of a dropped connection = %v, want retryable", fault.Of(err))
	}
}

// TestKeysOfRefusals: two refusals that name different resources have different keys, and their words count for
// nothing.
func TestKeysOfRefusals(t *testing.T) {
	t.Parallel()
	key := func(message string) string {
		failure := cloudsim.Failure{Code: "ActiveVpcPeeringConnectionPerVpcLimitExceeded", Message: message}
		return strings.Join(fault.Keys(network(t, failure).Accept(t.Context(), "pcx-1")), " ")
	}
	first, reworded := key("The maximum of vpc-0a1b2c3d4e5f60001 is reached."),
		key("no more for VPC 'vpc-0a1b2c3d4e5f60001', at-most 50")
	if first != reworded || !strings.Contains(first, "vpc-0a1b2c3d4e5f60001") {
		t.Errorf("keys %q and %q, want one with the VPC", first, reworded)
	}
	if other := key("The maximum of vpc-0a1b2c3d4e5f60002 is reached."); other == first {
		t.Errorf("the key of another VPC is %q, too", other)
	}
}

func TestAnAnswerAboutAnotherConnectionIsNotBelieved(t *testing.T) {
	t.Parallel()
	n := answering(t, `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
	<vpcPeeringConnectionSet>
		<item><vpcPeeringConnectionId>pcx-2</vpcPeeringConnectionId></item><item>
		<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId></item></vpcPeeringConnectionSet>
		</DescribeVpcPeeringConnectionsResponse>`)
	got, err := n.Connections(t.Context(), "pcx-1")
	if err != nil || len(got) != 1 || got[0].ID != "pcx-1" {
		t.Errorf("Connections(pcx-1) = %+v, %v; want that one alone", got, err)
	}
}

// TestARouteThatIsGoneIsNotReplaced, and doesn't count as replaced: the next look creates it.
func TestARouteThatIsGoneIsNotReplaced(t *testing.T) {
	t.Parallel()
	n := answering(t,
		`<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet><item>`+
			`<routeTableId>rtb-1</routeTableId></item></routeTableSet></DescribeRouteTablesResponse>`)
	err := n.Apply(t.Context(), plan.ReplaceRoute{
		Table: "rtb-1", Destination: netip.MustParsePrefix("10.0.0.0/16"), Was: "pcx-old", Via: "pcx-new",
	})
	if !errors.Is(err, fault.ErrOutdated) || fault.Of(err) != fault.Retryable {
		t.Errorf("Apply() = %v, want that it is out of date", err)
	}
}

// TestOnlyRulesThatStillCarryTheTagsAreRevoked: a rule that lost a tag or is gone since the read makes the change
// outdated, and the others are revoked all the same.
func TestOnlyRulesThatStillCarryTheTagsAreRevoked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		rules    []string // that EC2 has by now, each "id group connection installation"
		revoked  string
		outdated bool
	}{
		{"both are still tagged", []string{"sgr-1 sg-1 pcx-1 autopeer", "sgr-2 sg-1 pcx-1 autopeer"}, "sgr-1 sgr-2", false},
		{"one is gone", []string{"sgr-2 sg-1 pcx-1 autopeer"}, "sgr-2", true},
		{"one lost its tags", []string{"sgr-1 sg-1 pcx-1 autopeer", "sgr-2 sg-1"}, "sgr-1", true},
		{"one was tagged with another connection", []string{"sgr-1 sg-1 pcx-2 autopeer", "sgr-2 sg-1 pcx-1 autopeer"},
			"sgr-2", true},
		{"one was tagged by another installation", []string{"sgr-1 sg-1 pcx-1 other", "sgr-2 sg-1 pcx-1 autopeer"},
			"sgr-2", true},
		{"one is shown in another group", []string{"sgr-1 sg-2 pcx-1 autopeer", "sgr-2 sg-1 pcx-1 autopeer"}, "sgr-2", true},
		{"both are gone", nil, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var calls []string
			n := answeredBy(t, func(c apicall.Call) *cloudsim.Failure {
				calls = append(calls, described(c))
				return &cloudsim.Failure{Answer: rulesDocument(c.Action, tt.rules)}
			})
			err := n.Apply(t.Context(), plan.Revoke{
				Group: "sg-1", Connection: "pcx-1", By: "autopeer", Rules: []peering.RuleID{"sgr-1", "sgr-2"},
			})
			if errors.Is(err, fault.ErrOutdated) != tt.outdated || (err == nil) == tt.outdated {
				t.Errorf("Apply() = %v, want it out of date: %v", err, tt.outdated)
			}
			want := []string{"DescribeSecurityGroupRules sgr-1 sgr-2"}
			if tt.revoked != "" {
				want = append(want, "RevokeSecurityGroupIngress "+tt.revoked)
			}
			if diff := cmp.Diff(want, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARuleWithoutATagIsNotRevokedForNoConnection(t *testing.T) {
	t.Parallel()
	n := answeredBy(t, func(c apicall.Call) *cloudsim.Failure {
		if c.Action == "RevokeSecurityGroupIngress" {
			t.Error("it was revoked")
		}
		return &cloudsim.Failure{Answer: rulesDocument(c.Action, []string{"sgr-1 sg-1"})}
	})
	if err := n.Apply(t.Context(), plan.Revoke{Group: "sg-1", Rules: []peering.RuleID{"sgr-1"}}); !errors.Is(err,
		fault.ErrOutdated) {
		t.Errorf("Apply() = %v, want that it is out of date", err)
	}
}

// described is the call with the ids of the rules that it names.
func described(c apicall.Call) string {
	var ids []string
	for name, value := range c.Params {
		if strings.HasPrefix(name, "Filter.1.Value.") || strings.HasPrefix(name, "SecurityGroupRuleId.") {
			ids = append(ids, value)
		}
	}
	slices.Sort(ids)
	return c.Action + " " + strings.Join(ids, " ")
}

func rulesDocument(action string, rules []string) string {
	var items strings.Builder
	for _, rule := range rules {
		fields, tags := strings.Fields(rule), ""
		for i, key := range []string{peering.TagConnection, peering.TagManaged} {
			if len(fields) > i+2 {
				tags += "<item><key>" + key + "</key><value>" + fields[i+2] + "</value></item>"
			}
		}
		fmt.Fprintf(&items,
			"<item><securityGroupRuleId>%s</securityGroupRuleId><groupId>%s</groupId><isEgress>false</isEgress>"+
				"<tagSet>%s</tagSet></item>", fields[0], fields[1], tags)
	}
	return fmt.Sprintf(`<%[1]sResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><return>true</return>`+
		`<securityGroupRuleSet>%[2]s</securityGroupRuleSet></%[1]sResponse>`, action, &items)
}

// TestMultipathResilience: the SDK's types don't have the fields, so they are read beside it, page by page.
func TestMultipathResilience(t *testing.T) {
	t.Parallel()
	const (
		begin = `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
			`<vpcPeeringConnectionSet>`
		option = `<requesterVpcInfo><vpcId>vpc-1</vpcId><peeringOptions>` +
			`<allowMultipathResilience>%t</allowMultipathResilience></peeringOptions></requesterVpcInfo>`
	)
	item := func(id, inside string) string {
		return "<item><vpcPeeringConnectionId>" + id + "</vpcPeeringConnectionId>" + inside + "</item>"
	}
	status := func(s string) string { return "<multipathResilienceStatus>" + s + "</multipathResilienceStatus>" }
	pages := []string{
		begin + item("pcx-1", fmt.Sprintf(option, true)) + item("pcx-2", status("pending")) +
			item("pcx-3", status("enabled")) +
			`</vpcPeeringConnectionSet><nextToken>more</nextToken></DescribeVpcPeeringConnectionsResponse>`,
		begin + item("pcx-4", fmt.Sprintf(option, false)+status("disabled")) + item("pcx-5", "") +
			item("pcx-6", strings.ReplaceAll(fmt.Sprintf(option, true), "requester", "accepter")) +
			item("pcx-7", status("pending")) +
			`</vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>`,
	}
	n := answeredBy(t, func(c apicall.Call) *cloudsim.Failure {
		page := pages[0]
		if c.Params["NextToken"] != "" {
			page = pages[1]
		}
		return &cloudsim.Failure{Answer: page}
	})
	found, err := n.ConnectionsIn(t.Context(), peering.PendingAcceptance)
	if err != nil {
		t.Fatal(err)
	}
	var got []peering.ConnectionID
	for _, c := range found {
		if c.RequesterMultipath {
			got = append(got, c.ID)
		}
	}
	if want := []peering.ConnectionID{"pcx-1", "pcx-2", "pcx-3", "pcx-7"}; len(found) != 7 || !slices.Equal(got, want) {
		t.Errorf("%v of %d connections allow multipath resilience, want %v of 7", got, len(found), want)
	}
}

// closing counts the bodies that the HTTP client returns and those that are closed. Each body ends with err, if that
// isn't nil.
type closing struct {
	http.RoundTripper
	err            error
	opened, closed atomic.Int32
}

func (c *closing) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	c.opened.Add(1)
	response.Body = &body{response.Body, c}
	return response, nil
}

type body struct {
	io.ReadCloser
	of *closing
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && b.of.err != nil {
		err = b.of.err
	}
	return n, err
}

func (b *body) Close() error {
	b.of.closed.Add(1)
	return b.ReadCloser.Close()
}

// TestBodiesOfConnectionsAreClosed, each once, also if the response can't be read.
func TestBodiesOfConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	const answer = `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
		`<vpcPeeringConnectionSet>` +
		`<item><vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId></item></vpcPeeringConnectionSet>` +
		`</DescribeVpcPeeringConnectionsResponse>`
	tests := []struct {
		name    string
		failure cloudsim.Failure
		end     error // of the body
		want    string
	}{
		{"a response", cloudsim.Failure{Answer: answer}, nil, ""},
		{"a response that breaks off", cloudsim.Failure{Answer: answer}, io.ErrUnexpectedEOF,
			"read the answer: unexpected EOF"},
		{"a response that isn't XML", cloudsim.Failure{Answer: answer[:100]}, nil, "parse the answer: "},
		{"a refusal", cloudsim.Failure{Status: http.StatusBadRequest, Code: "InvalidParameterValue"}, nil,
			"InvalidParameterValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cloud := cloudsim.New(cloudsim.Options{})
			t.Cleanup(cloud.Close)
			cloud.Inject(func(apicall.Call) *cloudsim.Failure { return &tt.failure })
			transport := &closing{RoundTripper: cloud, err: tt.end}
			found, err := over(transport).ConnectionsIn(t.Context(), peering.Active)
			if err == nil && (tt.want != "" || len(found) != 1) ||
				err != nil && (tt.want == "" || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("ConnectionsIn() = %v, %v; want error %q, or else a connection", found, err, tt.want)
			}
			if opened, closed := transport.opened.Load(), transport.closed.Load(); opened != 1 || closed != opened {
				t.Errorf("%d bodies and %d calls of Close, want one of each", opened, closed)
			}
		})
	}
}

// TestRoutesToPrefixLists have the blocks of their lists, which are read once, AWS's own with one call. A list that
// can't be read leaves the other routes as they are.
func TestRoutesToPrefixLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code  string // with which EC2 refuses to show pl-3
		class fault.Class
	}{
		"a list that EC2 doesn't show": {"InvalidPrefixListID.NotFound", fault.Denied},
		"a denied read":                {"UnauthorizedOperation", fault.Permanent},
		"a failed read":                {"InternalError", fault.Retryable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, reads := routedLists(t, tt.code)
			got, err := n.RouteTables(t.Context(), "vpc-1")
			if err != nil || len(got) != 2 {
				t.Fatalf("RouteTables() = %v, %v, want two tables", got, err)
			}
			ten, six := netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")
			service := netip.MustParsePrefix("52.216.0.0/15")
			want := []peering.Route{
				{Destination: ten, PrefixList: "pl-1", Target: "tgw-1"}, {Destination: six, PrefixList: "pl-1", Target: "tgw-1"},
				{Destination: ten, PrefixList: "pl-2", Target: "vpce-1"}, {Destination: six, PrefixList: "pl-2", Target: "vpce-1"},
				{PrefixList: "pl-3", Target: "igw-1"},
				{Destination: service, PrefixList: "pl-4", Target: "vpce-2"},
			}
			if !slices.Equal(want, got[0].Routes) || fault.Of(got[0].Unread["pl-3"]) != tt.class || len(got[0].Unread) != 1 {
				t.Errorf("the table is %v, unread are %v, want the routes %v", got[0].Routes, got[0].Unread, want)
			}
			if !slices.Equal(want[2:4], got[1].Routes) || len(got[1].Unread) > 0 {
				t.Errorf("the other table is %v, unread are %v, want the routes %v", got[1].Routes, got[1].Unread, want[2:4])
			}
			if *reads["pl-2"] != 1 || *reads["pl-4"] != 0 || *reads["services"] != 1 {
				t.Errorf("the list of two tables is read %d times, that of a service %d times, and the services' %d times, "+
					"want 1, 0 and 1", *reads["pl-2"], *reads["pl-4"], *reads["services"])
			}
			_, err = n.Snapshot(t.Context(), "vpc-1")
			if fails := tt.class != fault.Denied; (err != nil) != fails || fails && fault.Of(err) != tt.class {
				t.Errorf("Snapshot() = %v, want the error unless EC2 doesn't show the list", err)
			}
		})
	}
}

// routedLists is EC2 with routes to three prefix lists, of which it doesn't show the last one, and to a service's, and
// with the number of reads of each.
func routedLists(t *testing.T, refusal string) (*ec2net.Network, map[string]*int32) {
	route := func(list, target string) string {
		return "<item><destinationPrefixListId>" + list + "</destinationPrefixListId>" + target +
			"<state>active</state></item>"
	}
	table := func(id string, routes ...string) string {
		return "<item><routeTableId>" + id + "</routeTableId><vpcId>vpc-1</vpcId><routeSet>" +
			strings.Join(routes, "") + "</routeSet></item>"
	}
	const xmlns = ` xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`
	endpoint := route("pl-2", "<gatewayId>vpce-1</gatewayId>")
	tables := "<DescribeRouteTablesResponse" + xmlns + "<routeTableSet>" +
		table("rtb-1", route("pl-1", "<transitGatewayId>tgw-1</transitGatewayId>"), endpoint,
			route("pl-3", "<gatewayId>igw-1</gatewayId>"), route("pl-4", "<gatewayId>vpce-2</gatewayId>")) +
		table("rtb-2", endpoint) + "</routeTableSet></DescribeRouteTablesResponse>"
	entries := "<GetManagedPrefixListEntriesResponse" + xmlns + "<entrySet><item><cidr>10.1.0.0/16</cidr></item>" +
		"<item><cidr>2001:db8::/32</cidr></item></entrySet></GetManagedPrefixListEntriesResponse>"
	services := "<DescribePrefixListsResponse" + xmlns + "<prefixListSet><item><prefixListId>pl-4</prefixListId>" +
		"<cidrSet><item>52.216.0.0/15</item></cidrSet></item></prefixListSet></DescribePrefixListsResponse>"
	reads := map[string]*int32{"services": new(int32), "": new(int32)}
	for _, list := range []string{"pl-1", "pl-2", "pl-3", "pl-4"} {
		reads[list] = new(int32)
	}
	return answeredBy(t, func(c apicall.Call) *cloudsim.Failure {
		list := c.Params["PrefixListId"]
		if c.Action == "DescribePrefixLists" {
			list = "services"
		}
		atomic.AddInt32(reads[list], 1)
		switch {
		case list == "services":
			return &cloudsim.Failure{Answer: services}
		case c.Action == "DescribeRouteTables":
			return &cloudsim.Failure{Answer: tables}
		case list == "pl-3":
			return &cloudsim.Failure{Code: refusal}
		}
		return &cloudsim.Failure{Answer: entries}
	}), reads
}

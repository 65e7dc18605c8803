package ec2_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TestANewAccountHasNoResourcesOfOtherTypes makes each call with its documented filters and with the id of a resource.
func TestANewAccountHasNoResourcesOfOtherTypes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ action, set, filters, ids, id, code string }{
		{
			"DescribeCarrierGateways", "carrierGatewaySet", "carrier-gateway-id state owner-id vpc-id tag:k",
			"CarrierGatewayId", "cagw-0123456789abcdef0", "InvalidCarrierGatewayID.NotFound",
		},
		{
			"DescribeLocalGateways", "localGatewaySet", "local-gateway-id outpost-arn owner-id state",
			"LocalGatewayId", "lgw-0123456789abcdef0", "InvalidLocalGatewayID.NotFound",
		},
		{"DescribeIpv6Pools", "ipv6PoolSet", "tag:k", "PoolId", "ipv6pool-ec2-0123456789abcdef0", "InvalidPoolID.NotFound"},
		{
			"DescribePublicIpv4Pools", "publicIpv4PoolSet", "tag:k",
			"PoolId", "ipv4pool-ec2-0123456789abcdef0", "InvalidPublicIpv4PoolID.NotFound",
		},
		{
			"DescribeVpcBlockPublicAccessExclusions", "vpcBlockPublicAccessExclusionSet",
			"resource-arn internet-gateway-exclusion-mode state",
			"ExclusionId", "vpcbpa-exclude-0123456789abcdef0", "InvalidVpcBlockPublicAccessExclusionId.NotFound",
		},
		{
			"DescribeVpcEndpointConnections", "vpcEndpointConnectionSet",
			"ip-address-type service-id vpc-endpoint-owner vpc-endpoint-region vpc-endpoint-state vpc-endpoint-id",
			"VpcEndpointId", "vpce-0123456789abcdef0", "UnknownParameter",
		},
		{
			"DescribeVpcEndpointServiceConfigurations", "serviceConfigurationSet",
			"service-name service-id service-state supported-ip-address-types tag:k",
			"ServiceId", "vpce-svc-0123456789abcdef0", "InvalidVpcEndpointServiceId.NotFound",
		},
		{"DescribeIpams", "ipamSet", "tag:k", "IpamId", "ipam-0123456789abcdef0", "InvalidIpamId.NotFound"},
		{
			"DescribeIpamPools", "ipamPoolSet", "tag:k",
			"IpamPoolId", "ipam-pool-0123456789abcdef0", "InvalidIpamPoolId.NotFound",
		},
	} {
		s := newScript()
		query := url.Values{"Action": {tt.action}, "MaxResults": {"5"}}
		for n, name := range strings.Fields(tt.filters) {
			prefix := "Filter." + string(rune('1'+n))
			query.Set(prefix+".Name", name)
			query.Set(prefix+".Value.1", "x")
		}
		answers := func(query, part string) {
			t.Helper()
			if _, answer := s.call(t, marketing, query); !strings.Contains(answer, part) {
				t.Errorf("%s answers %s, want %s", query, answer, part)
			}
		}
		answers(query.Encode(), "<"+tt.set+"></"+tt.set+">")
		answers("Action="+tt.action+"&"+tt.ids+".1="+tt.id, "<Code>"+tt.code+"<")
		answers("Action="+tt.action+"&MaxResults=1001", "InvalidParameterValue")
	}
}

func TestTheSDKReadsTheDefaultsOfAnAccount(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	access, err := c.DescribeVpcBlockPublicAccessOptions(t.Context(), nil)
	refused(t, err, "no error")
	o := access.VpcBlockPublicAccessOptions
	if o.InternetGatewayBlockMode != "off" || o.State != "default-state" || *o.AwsAccountId != marketing {
		t.Errorf("the options are %+v", o)
	}
	in := ec2.DescribeVpcClassicLinkInput{
		VpcIds: []string{vpc}, Filters: []types.Filter{filter("is-classic-link-enabled", "false")},
	}
	links := must[*ec2.DescribeVpcClassicLinkOutput](t)(c.DescribeVpcClassicLink(t.Context(), &in)).Vpcs
	if len(links) != 1 || *links[0].VpcId != vpc || *links[0].ClassicLinkEnabled {
		t.Errorf("the links are %+v", links)
	}
	in.VpcIds[0] = "vpc-0123456789abcdef0"
	_, err = c.DescribeVpcClassicLink(t.Context(), &in)
	refused(t, err, "InvalidVpcID.NotFound")
	dns := ec2.DescribeVpcClassicLinkDnsSupportInput{VpcIds: []string{vpc}}
	names, err := c.DescribeVpcClassicLinkDnsSupport(t.Context(), &dns)
	refused(t, err, "no error")
	if all := names.Vpcs; len(all) != 1 || *all[0].VpcId != vpc || *all[0].ClassicLinkDnsSupported {
		t.Errorf("their names are %+v", all)
	}
	pools := must[*ec2.DescribeIpamPoolsOutput](t)(c.DescribeIpamPools(t.Context(), nil))
	if len(pools.IpamPools) != 0 {
		t.Errorf("the pools are %+v", pools.IpamPools)
	}
}

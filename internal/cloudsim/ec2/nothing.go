package ec2

// none is a thing of a type that no account here has.
type none struct{}

// nothing answers a Describe call as in a new account: it checks the request, and there is nothing to list.
func nothing(l listing[none], filterNames ...string) func(*request) ([]node, error) {
	l.id = func(none) string { return "" }
	l.filters = filters[none]{}
	for _, name := range filterNames {
		l.filters[name] = never[none]
	}
	if l.most == 0 {
		l.most = 1000
	}
	return func(r *request) ([]node, error) { return describe(r, l, nil) }
}

var (
	describeCarrierGateways = nothing(listing[none]{
		set: "carrierGatewaySet", ids: "CarrierGatewayId",
		resourceType: resourceType{
			"cagw-", "carrier-gateway", "InvalidCarrierGatewayID.NotFound", "InvalidCarrierGatewayID.Malformed",
			"carrierGateway ID",
		},
	}, "carrier-gateway-id", "state", "owner-id", "vpc-id")
	describeLocalGateways = nothing(listing[none]{
		set: "localGatewaySet", ids: "LocalGatewayId",
		resourceType: resourceType{
			"lgw-", "local-gateway", "InvalidLocalGatewayID.NotFound", "InvalidLocalGatewayID.Malformed", "localGateway ID",
		},
	}, "local-gateway-id", "outpost-arn", "owner-id", "state")
	describeIPv6Pools = nothing(listing[none]{
		set: "ipv6PoolSet", ids: "PoolId", least: 1,
		resourceType: resourceType{
			"ipv6pool-ec2-", "ipv6pool-ec2", "InvalidPoolID.NotFound", "InvalidPoolID.Malformed", "pool ID",
		},
	})
	describePublicPools = nothing(listing[none]{
		set: "publicIpv4PoolSet", ids: "PoolId", least: 1, most: 10,
		resourceType: resourceType{
			"ipv4pool-ec2-", "ipv4pool-ec2", "InvalidPublicIpv4PoolID.NotFound", "InvalidPublicIpv4PoolID.Malformed", "pool ID",
		},
	})
	describeExclusions = nothing(listing[none]{
		set: "vpcBlockPublicAccessExclusionSet", ids: "ExclusionId",
		resourceType: resourceType{
			"vpcbpa-exclude-", "vpc-block-public-access-exclusion", "InvalidVpcBlockPublicAccessExclusionId.NotFound",
			"InvalidVpcBlockPublicAccessExclusionId.Malformed", "vpcBlockPublicAccessExclusion ID",
		},
	}, "resource-arn", "internet-gateway-exclusion-mode", "state")
	describeEndpointConnections = nothing(listing[none]{set: "vpcEndpointConnectionSet"},
		"ip-address-type", "service-id", "vpc-endpoint-owner", "vpc-endpoint-region", "vpc-endpoint-state", "vpc-endpoint-id")
	describeServiceConfigurations = nothing(listing[none]{
		set: "serviceConfigurationSet", ids: "ServiceId",
		resourceType: resourceType{
			"vpce-svc-", "vpc-endpoint-service", "InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointServiceId.Malformed",
			"VpcEndpointService Id",
		},
	}, "service-name", "service-id", "service-state", "supported-ip-address-types")
	describeIPAMs = nothing(listing[none]{
		set: "ipamSet", ids: "IpamId",
		resourceType: resourceType{"ipam-", "ipam", "InvalidIpamId.NotFound", "InvalidIpamId.Malformed", "ipam ID"},
	})
	describeIPAMPools = nothing(listing[none]{
		set: "ipamPoolSet", ids: "IpamPoolId",
		resourceType: resourceType{
			"ipam-pool-", "ipam-pool", "InvalidIpamPoolId.NotFound", "InvalidIpamPoolId.Malformed", "ipam pool ID",
		},
	})
)

// describeBlockPublicAccess shows that nothing is blocked:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html
func describeBlockPublicAccess(r *request) ([]node, error) {
	return []node{group("vpcBlockPublicAccessOptions",
		leaf("awsAccountId", r.cell.account), leaf("awsRegion", r.cell.region), leaf("state", "default-state"),
		leaf("internetGatewayBlockMode", "off"), leaf("managedBy", "account"), leaf("exclusionsAllowed", "allowed"))}, nil
}

// describeClassicLink shows that no VPC has ClassicLink, which AWS has retired.
func describeClassicLink(r *request) ([]node, error) {
	l := listing[*vpc]{
		set: "vpcSet", ids: "VpcId", resourceType: typeVPC, whole: true,
		id:      func(v *vpc) string { return v.id },
		filters: filters[*vpc]{"is-classic-link-enabled": one(func(*vpc) string { return "false" })},
		show: func(v *vpc) []node {
			return []node{leaf("vpcId", v.id), leaf("classicLinkEnabled", false), v.taggedNode(v.id)}
		},
	}
	return describe(r, l, sorted(r.cell.vpcs))
}

func describeClassicLinkDNS(r *request) ([]node, error) {
	l := listing[*vpc]{
		set: "vpcs", ids: "VpcIds", resourceType: typeVPC, most: 255,
		id:   func(v *vpc) string { return v.id },
		show: func(v *vpc) []node { return []node{leaf("vpcId", v.id), leaf("classicLinkDnsSupported", false)} },
	}
	return describe(r, l, sorted(r.cell.vpcs))
}

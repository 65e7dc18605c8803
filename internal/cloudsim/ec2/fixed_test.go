package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TestParametersWithoutEffectAreRefused: their standard values are those of the API reference, and are taken.
func TestParametersWithoutEffectAreRefused(t *testing.T) {
	t.Parallel()
	c := one(t)
	for name, in := range map[string][2]ec2.RunInstancesInput{
		"a placement group": {
			{Placement: &types.Placement{GroupName: aws.String("")}}, {Placement: &types.Placement{GroupName: aws.String("g")}},
		},
		"CPU options": {{CpuOptions: nil}, {CpuOptions: &types.CpuOptionsRequest{CoreCount: aws.Int32(1)}}},
		"an enclave": {
			{EnclaveOptions: &types.EnclaveOptionsRequest{Enabled: aws.Bool(false)}},
			{EnclaveOptions: &types.EnclaveOptionsRequest{Enabled: aws.Bool(true)}},
		},
		"automatic recovery": {
			{MaintenanceOptions: &types.InstanceMaintenanceOptionsRequest{AutoRecovery: "default"}},
			{MaintenanceOptions: &types.InstanceMaintenanceOptionsRequest{AutoRecovery: "disabled"}},
		},
	} {
		_, err := c.run(in[0])
		t.Run(name+" as AWS has it by itself", func(t *testing.T) { refused(t, err, "no error") })
		_, err = c.run(in[1])
		t.Run(name, func(t *testing.T) { refused(t, err, "UnsupportedOperation") })
	}
	subnet := c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/24")
	for kind, want := range map[string]string{"interface": "no error", "efa": "UnsupportedOperation"} {
		_, err := c.run(ec2.RunInstancesInput{NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), SubnetId: &subnet, InterfaceType: &kind,
		}}})
		refused(t, err, want)
	}
}

func TestTunnelsHaveStandardOptions(t *testing.T) {
	t.Parallel()
	c := one(t)
	customer := must[*ec2.CreateCustomerGatewayOutput](t)(c.CreateCustomerGateway(t.Context(),
		&ec2.CreateCustomerGatewayInput{
			Type: types.GatewayTypeIpsec1, BgpAsn: aws.Int32(65000), IpAddress: aws.String("198.51.100.1"),
		}))
	for _, tt := range []struct {
		options types.VpnConnectionOptionsSpecification
		want    string
	}{
		{types.VpnConnectionOptionsSpecification{LocalIpv4NetworkCidr: aws.String("0.0.0.0/0")}, "no error"},
		{types.VpnConnectionOptionsSpecification{LocalIpv4NetworkCidr: aws.String("10.0.0.0/16")}, "UnsupportedOperation"},
		{types.VpnConnectionOptionsSpecification{TunnelOptions: []types.VpnTunnelOptionsSpecification{
			{IKEVersions: []types.IKEVersionsRequestListValue{{Value: aws.String("ikev2")}}},
		}}, "UnsupportedOperation"},
	} {
		_, err := c.CreateVpnConnection(t.Context(), &ec2.CreateVpnConnectionInput{
			Type: aws.String("ipsec.1"), CustomerGatewayId: customer.CustomerGateway.CustomerGatewayId, Options: &tt.options,
		})
		refused(t, err, tt.want)
	}
}

func TestEndpointsHaveIPv4Addresses(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	for kind, want := range map[types.IpAddressType]string{
		types.IpAddressTypeIpv4: "no error", types.IpAddressTypeDualstack: "UnsupportedOperation",
	} {
		_, err := c.CreateVpcEndpoint(t.Context(), &ec2.CreateVpcEndpointInput{
			VpcId: &vpc, ServiceName: aws.String("com.amazonaws.us-east-1.s3"), IpAddressType: kind,
		})
		refused(t, err, want)
	}
}

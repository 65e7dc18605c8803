package ec2_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) sixSubnet(vpc, six string) string {
	c.t.Helper()
	out := must[*ec2.CreateSubnetOutput](c.t)(c.CreateSubnet(c.t.Context(), &ec2.CreateSubnetInput{
		VpcId: &vpc, Ipv6CidrBlock: &six, Ipv6Native: aws.Bool(true),
	}))
	return *out.Subnet.SubnetId
}

// sixServer starts an instance that has an IPv6 address alone, which it returns too.
func (c client) sixServer(subnet, group string) (id, address string) {
	c.t.Helper()
	i := must[types.Instance](c.t)(c.run(ec2.RunInstancesInput{
		SubnetId: &subnet, InstanceType: types.InstanceTypeT3Micro, SecurityGroupIds: []string{group},
	}))
	return *i.InstanceId, *i.NetworkInterfaces[0].Ipv6Addresses[0].Ipv6Address
}

// TestInstancesWithoutIPv4: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html and
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html
func TestInstancesWithoutIPv4(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.sixSubnet(c.dualVPC("10.0.0.0/16"), "2600:1f18:0:100::/64")
	must[*ec2.ModifySubnetAttributeOutput](t)(c.ModifySubnetAttribute(t.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: &subnet, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: aws.Bool(true)},
	}))
	out := must[*ec2.RunInstancesOutput](t)(c.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-1"), SubnetId: &subnet, InstanceType: types.InstanceTypeT4gMicro,
		MinCount: aws.Int32(2), MaxCount: aws.Int32(2), Ipv6AddressCount: aws.Int32(0),
	}))
	seen := map[string]bool{}
	for _, i := range out.Instances {
		i = c.instance(*i.InstanceId)
		f := i.NetworkInterfaces[0]
		if i.PrivateIpAddress != nil || f.PrivateIpAddress != nil || len(f.PrivateIpAddresses) > 0 ||
			i.PublicIpAddress != nil || f.Association != nil || len(f.Ipv6Addresses) != 1 {
			t.Fatalf("the instance is %+v with the interface %+v", i, f)
		}
		if want := *i.InstanceId + ".ec2.internal"; *i.PrivateDnsName != want || *f.PrivateDnsName != want ||
			i.PrivateDnsNameOptions.HostnameType != types.HostnameTypeResourceName {
			t.Errorf("the names are %s, %s and %+v", *i.PrivateDnsName, *f.PrivateDnsName, i.PrivateDnsNameOptions)
		}
		seen[*f.Ipv6Addresses[0].Ipv6Address] = true
		for name, value := range map[string]string{
			"private-dns-name": *i.PrivateDnsName, "ipv6-address": *f.Ipv6Addresses[0].Ipv6Address,
			"network-interface.private-dns-name": *i.PrivateDnsName,
		} {
			if got := c.instancesBy(filter(name, value)); len(got) != 1 || got[0] != *i.InstanceId {
				t.Errorf("%s finds %v", name, got)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("two instances have the addresses %v", seen)
	}
	for _, name := range []string{"private-ip-address", "network-interface.addresses.primary", "ip-address"} {
		if got := c.instancesBy(filter(name, "*")); len(got) > 0 {
			t.Errorf("%s finds %v", name, got)
		}
	}
}

func (c client) instancesBy(f types.Filter) []string {
	c.t.Helper()
	out := must[*ec2.DescribeInstancesOutput](c.t)(c.DescribeInstances(c.t.Context(),
		&ec2.DescribeInstancesInput{Filters: []types.Filter{f}}))
	var all []string
	for _, r := range out.Reservations {
		all = append(all, *r.Instances[0].InstanceId)
	}
	return all
}

// https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html
func TestRefusedWithoutIPv4(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.dualVPC("10.0.0.0/16")
	subnet := c.sixSubnet(vpc, "2600:1f18:0:100::/64")
	face := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	nitro := types.InstanceTypeM5Large
	for _, tt := range []struct {
		name string
		in   ec2.RunInstancesInput
		code string
	}{
		{"t2", ec2.RunInstancesInput{SubnetId: &subnet, InstanceType: types.InstanceTypeT2Micro}, "UnsupportedOperation"},
		{"the default type", ec2.RunInstancesInput{SubnetId: &subnet}, "UnsupportedOperation"},
		{"t2 with an interface", ec2.RunInstancesInput{
			InstanceType: types.InstanceTypeT2Micro, NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
				DeviceIndex: aws.Int32(0), NetworkInterfaceId: &face,
			}},
		}, "UnsupportedOperation"},
		{"an IPv4 address", ec2.RunInstancesInput{
			SubnetId: &subnet, InstanceType: nitro, PrivateIpAddress: aws.String("10.0.1.4"),
		}, "InvalidParameterValue"},
		{"an IPv6 address as private one", ec2.RunInstancesInput{
			SubnetId: &subnet, InstanceType: nitro, PrivateIpAddress: aws.String("2600:1f18:0:100::50"),
		}, "InvalidParameterValue"},
		{"an interface's IPv4 address", ec2.RunInstancesInput{
			InstanceType: nitro, NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
				DeviceIndex: aws.Int32(0), SubnetId: &subnet, PrivateIpAddress: aws.String("10.0.1.4"),
			}},
		}, "InvalidParameterValue"},
		{"i3.metal", ec2.RunInstancesInput{SubnetId: &subnet, InstanceType: types.InstanceTypeI3Metal}, "no error"},
		{"a wanted IPv6 address", ec2.RunInstancesInput{
			SubnetId: &subnet, InstanceType: nitro,
			Ipv6Addresses: []types.InstanceIpv6Address{{Ipv6Address: aws.String("2600:1f18:0:100::50")}},
		}, "no error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.run(tt.in)
			refused(t, err, tt.code)
			if tt.code == "UnsupportedOperation" && !strings.Contains(err.Error(), "IPv6 addresses are not supported on ") {
				t.Error(err)
			}
		})
	}
	_, err := c.ModifySubnetAttribute(t.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: &subnet, PrivateDnsHostnameTypeOnLaunch: types.HostnameTypeIpName,
	})
	refused(t, err, "InvalidParameterValue")
}

// TestInterfacesWithoutIPv4: calls that need an IPv4 address of the interface or its subnet are refused.
func TestInterfacesWithoutIPv4(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.dualVPC("10.0.0.0/16")
	c.gateway(vpc)
	subnet, dual := c.sixSubnet(vpc, "2600:1f18:0:100::/64"), c.subnet(vpc, "10.0.1.0/24")
	made := c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet})
	id := made.NetworkInterfaceId
	if got := c.described(*id); !aws.ToBool(got.Ipv6Native) || got.PrivateIpAddress != nil || got.PrivateDnsName != nil ||
		len(got.PrivateIpAddresses) > 0 || len(got.Ipv6Addresses) != 1 {
		t.Errorf("the interface is %+v", got)
	}
	address := c.address()
	_, err := c.CreateNetworkInterface(t.Context(), &ec2.CreateNetworkInterfaceInput{
		SubnetId: &subnet, PrivateIpAddress: aws.String("10.0.1.9"),
	})
	refused(t, err, "InvalidParameterValue")
	_, err = c.CreateNatGateway(t.Context(), &ec2.CreateNatGatewayInput{SubnetId: &subnet, AllocationId: &address})
	refused(t, err, "InsufficientFreeAddressesInSubnet")
	_, err = c.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: &address, NetworkInterfaceId: id})
	refused(t, err, "InvalidParameterValue")
	_, err = c.AssignPrivateIpAddresses(t.Context(), &ec2.AssignPrivateIpAddressesInput{
		NetworkInterfaceId: id, PrivateIpAddresses: []string{"2600:1f18:0:100::60"},
	})
	refused(t, err, "InvalidParameterValue")
	_, err = c.AssignPrivateIpAddresses(t.Context(), &ec2.AssignPrivateIpAddressesInput{
		NetworkInterfaceId: id, SecondaryPrivateIpAddressCount: aws.Int32(1),
	})
	refused(t, err, "InsufficientFreeAddressesInSubnet")
	_, err = c.UnassignPrivateIpAddresses(t.Context(), &ec2.UnassignPrivateIpAddressesInput{
		NetworkInterfaceId: id, PrivateIpAddresses: []string{"10.0.1.9"},
	})
	refused(t, err, "InvalidParameterValue")
	old := must[types.Instance](t)(c.run(ec2.RunInstancesInput{SubnetId: &dual, InstanceType: types.InstanceTypeT2Micro}))
	_, err = c.AttachNetworkInterface(t.Context(), &ec2.AttachNetworkInterfaceInput{
		NetworkInterfaceId: id, InstanceId: old.InstanceId, DeviceIndex: aws.Int32(1),
	})
	refused(t, err, "UnsupportedOperation")
	nitro := must[types.Instance](t)(c.run(ec2.RunInstancesInput{
		SubnetId: &dual, InstanceType: types.InstanceTypeT3Micro,
	}))
	c.attach(*id, *nitro.InstanceId)
	if got := aws.ToString(c.described(*id).PrivateDnsName); got != *nitro.InstanceId+".ec2.internal" {
		t.Errorf("the attached interface has the name %q", got)
	}
}

// TestWalkWithoutIPv4 sends packets between instances of IPv6-only subnets, whose calls of services meet no address.
func TestWalkWithoutIPv4(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c := in(t, s, marketing, virginia)
	vpc := c.dualVPC("10.0.0.0/16")
	group := c.openGroup(vpc, "open")
	from, own := c.sixServer(c.sixSubnet(vpc, "2600:1f18:0:100::/64"), group)
	_, near := c.sixServer(c.sixSubnet(vpc, "2600:1f18:0:101::/64"), group)
	c.server(c.subnet(vpc, "10.0.1.0/24"), "10.0.1.10", group)
	for to, want := range map[string]string{
		near: "", own: "", "2600:1f18:0:101::99": "no-instance", "10.0.1.10": "no-address",
	} {
		_, stopped := s.Walk(sim.Packet{From: from, To: netip.MustParseAddr(to), Protocol: "tcp", Port: 443})
		if stopped != want {
			t.Errorf("to %s: %q, want %q", to, stopped, want)
		}
	}
	if _, stopped := s.Exit(marketing, from, "s3"); stopped != "no-address" {
		t.Errorf("a call of a service: %q, want no-address", stopped)
	}
}

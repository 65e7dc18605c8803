package ec2net_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// TestInstances: an instance has the addresses and groups of its interfaces, each with its own, in the order of their
// device indexes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterface.html
func TestInstances(t *testing.T) {
	t.Parallel()
	const (
		primary = `<networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
		<privateIpAddress>10.0.0.5</privateIpAddress>
			<groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId></item></groupSet>
			<attachment><deviceIndex>0</deviceIndex><networkCardIndex>0</networkCardIndex></attachment>
			<privateIpAddressesSet><item><privateIpAddress>10.0.0.5</privateIpAddress><primary>true</primary></item>
				<item><privateIpAddress>10.0.0.9</privateIpAddress><primary>false</primary></item></privateIpAddressesSet>
			<ipv6AddressesSet><item><ipv6Address>2001:db8::5</ipv6Address></item></ipv6AddressesSet>`
		second = `<networkInterfaceId>eni-2</networkInterfaceId><subnetId>subnet-2</subnetId><vpcId>vpc-2</vpcId>
		<privateIpAddress>10.2.0.7</privateIpAddress>
			<groupSet><item><groupId>sg-3</groupId></item></groupSet><attachment><deviceIndex>1</deviceIndex>
			<networkCardIndex>0</networkCardIndex></attachment>`
		third = `<networkInterfaceId>eni-3</networkInterfaceId><attachment><deviceIndex>0</deviceIndex>` +
			`<networkCardIndex>1</networkCardIndex></attachment>`
		bare = `<networkInterfaceId>eni-4</networkInterfaceId>`
		six  = `<networkInterfaceId>eni-5</networkInterfaceId><privateIpAddressesSet/><ipv6AddressesSet><item>
			<ipv6Address>2001:db8::6</ipv6Address></item></ipv6AddressesSet>`
	)
	one := peering.Interface{
		ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-1", Groups: []peering.SecurityGroupID{"sg-1", "sg-2"},
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.9"),
			netip.MustParseAddr("2001:db8::5")},
	}
	two := peering.Interface{
		ID: "eni-2", VPC: "vpc-2", Subnet: "subnet-2", Groups: []peering.SecurityGroupID{"sg-3"},
		Addresses: []netip.Addr{netip.MustParseAddr("10.2.0.7")},
	}
	tests := []struct {
		name  string
		faces []string
		want  []peering.Interface
	}{
		{"one with a secondary address", []string{primary}, []peering.Interface{one}},
		{"two in order", []string{primary, second}, []peering.Interface{one, two}},
		{"the primary one listed last", []string{third, second, primary}, []peering.Interface{one, two, {ID: "eni-3"}}},
		{"one without an attachment", []string{bare}, []peering.Interface{{ID: "eni-4"}}},
		{"one of an IPv6-only subnet", []string{six}, []peering.Interface{
			{ID: "eni-5", Addresses: []netip.Addr{netip.MustParseAddr("2001:db8::6")}},
		}},
		{"none", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			items := ""
			for _, f := range tt.faces {
				items += "<item>" + f + "</item>"
			}
			n := answering(t, `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>
			<instancesSet><item>
				<instanceId>i-1</instanceId><privateIpAddress>10.0.0.5</privateIpAddress>
				<networkInterfaceSet>`+items+`</networkInterfaceSet>
				<tagSet><item><key>Name</key><value>server</value></item></tagSet></item></instancesSet></item></reservationSet>
				</DescribeInstancesResponse>`)
			got, err := n.Instances(t.Context(), "vpc-1")
			if err != nil {
				t.Fatal(err)
			}
			want := []peering.Instance{{ID: "i-1", Name: "server", Interfaces: tt.want}}
			if diff := cmp.Diff(want, got, comparers); diff != "" {
				t.Errorf("instances (-want +got):\n%s", diff)
			}
		})
	}
}

package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// launch starts n instances.
func (c client) launch(n int32, in ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	in.ImageId, in.InstanceType = aws.String("ami-0123456789abcdef0"), types.InstanceTypeT3Micro
	in.MinCount, in.MaxCount = &n, &n
	return c.RunInstances(c.t.Context(), &in)
}

func (c client) dualSubnetOfTen() string {
	c.t.Helper()
	out := must[*ec2.CreateSubnetOutput](c.t)(c.CreateSubnet(c.t.Context(), &ec2.CreateSubnetInput{
		VpcId: aws.String(c.dualVPC("10.0.0.0/16")), CidrBlock: aws.String("10.0.1.0/24"),
		Ipv6CidrBlock: aws.String("2600:1f18:0:100::/64"),
	}))
	return *out.Subnet.SubnetId
}

// TestAddressesAreForOneInstance: "You cannot specify this option if you're launching more than one instance", or, of
// IPv6 addresses, "if you've specified a minimum number of instances to launch".
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html and
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html
func TestAddressesAreForOneInstance(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.dualSubnetOfTen()
	face := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	four, six := aws.String("10.0.1.50"), []types.InstanceIpv6Address{{Ipv6Address: aws.String("2600:1f18:0:100::50")}}
	on := func(f types.InstanceNetworkInterfaceSpecification) ec2.RunInstancesInput {
		f.DeviceIndex = aws.Int32(0)
		if f.NetworkInterfaceId == nil {
			f.SubnetId = &subnet
		}
		return ec2.RunInstancesInput{NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{f}}
	}
	for name, in := range map[string]ec2.RunInstancesInput{
		"an IPv6 address":             {SubnetId: &subnet, Ipv6Addresses: six},
		"an IPv4 address":             {SubnetId: &subnet, PrivateIpAddress: four},
		"an interface's IPv6 address": on(types.InstanceNetworkInterfaceSpecification{Ipv6Addresses: six}),
		"an interface's IPv4 address": on(types.InstanceNetworkInterfaceSpecification{PrivateIpAddress: four}),
		"an interface's list of addresses": on(types.InstanceNetworkInterfaceSpecification{
			PrivateIpAddresses: []types.PrivateIpAddressSpecification{{PrivateIpAddress: four}},
		}),
		"secondary addresses": on(types.InstanceNetworkInterfaceSpecification{SecondaryPrivateIpAddressCount: aws.Int32(1)}),
		"an interface":        on(types.InstanceNetworkInterfaceSpecification{NetworkInterfaceId: &face}),
	} {
		_, err := c.launch(2, in)
		if t.Run(name, func(t *testing.T) { refused(t, err, "InvalidParameterCombination") }); err != nil {
			_, err = c.launch(1, in)
			t.Run(name+" of one instance", func(t *testing.T) { refused(t, err, "no error") })
		}
		c.terminateAll()
	}
}

func (c client) terminateAll() {
	c.t.Helper()
	for _, id := range c.instancesBy(filter("instance-state-name", "running")) {
		must[*ec2.TerminateInstancesOutput](c.t)(c.TerminateInstances(c.t.Context(), &ec2.TerminateInstancesInput{
			InstanceIds: []string{id},
		}))
	}
}

// TestInstancesOfOneRequestShareNoAddress starts them as `aws ec2 run-instances --count 2
// --associate-public-ip-address` does, and with two interfaces each in one subnet.
func TestInstancesOfOneRequestShareNoAddress(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.dualSubnetOfTen()
	out := must[*ec2.RunInstancesOutput](t)(c.launch(2, ec2.RunInstancesInput{
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), SubnetId: &subnet, AssociatePublicIpAddress: aws.Bool(true),
		}},
	}))
	seen := map[string]bool{}
	for _, i := range out.Instances {
		seen[*i.PrivateIpAddress], seen[*c.instance(*i.InstanceId).PublicIpAddress] = true, true
	}
	if len(seen) != 4 {
		t.Errorf("two instances have the private and public addresses %v", seen)
	}
	second := types.InstanceNetworkInterfaceSpecification{
		DeviceIndex: aws.Int32(1), SubnetId: &subnet, Ipv6AddressCount: aws.Int32(1),
	}
	first := second
	first.DeviceIndex = aws.Int32(0)
	out = must[*ec2.RunInstancesOutput](t)(c.launch(2, ec2.RunInstancesInput{
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{first, second},
	}))
	for _, i := range out.Instances {
		for _, f := range i.NetworkInterfaces {
			seen[*f.PrivateIpAddress], seen[*f.Ipv6Addresses[0].Ipv6Address] = true, true
		}
	}
	if len(seen) != 12 {
		t.Errorf("four further interfaces make %v", seen)
	}
	same := types.InstanceNetworkInterfaceSpecification{SubnetId: &subnet, PrivateIpAddress: aws.String("10.0.1.99")}
	first, second = same, same
	first.DeviceIndex, second.DeviceIndex = aws.Int32(0), aws.Int32(1)
	_, err := c.launch(1, ec2.RunInstancesInput{
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{first, second},
	})
	refused(t, err, "InvalidIPAddress.InUse")
}

// TestTextsOfRefusedInterfaces are those of https://github.com/ansible/ansible/pull/40334 and
// https://github.com/ansible/ansible/issues/48109.
func TestTextsOfRefusedInterfaces(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.dualSubnetOfTen()
	six := []types.InstanceIpv6Address{{Ipv6Address: aws.String("2600:1f18:0:100::50")}}
	_, err := c.launch(1, ec2.RunInstancesInput{NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
		DeviceIndex: aws.Int32(0), SubnetId: &subnet, Ipv6Addresses: six, Ipv6AddressCount: aws.Int32(1),
	}}})
	refusedWith(t, err, "InvalidParameterCombination",
		"IPv6 addresses and IPv6 address count may not be specified on the same request")
	plain := []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), SubnetId: &subnet}}
	_, err = c.launch(1, ec2.RunInstancesInput{NetworkInterfaces: plain, PrivateIpAddress: aws.String("10.0.1.9")})
	refusedWith(t, err, "InvalidParameterCombination",
		"Network interfaces and an instance-level private IP address may not be specified on the same request")
	_, err = c.launch(1, ec2.RunInstancesInput{NetworkInterfaces: plain, Ipv6AddressCount: aws.Int32(1)})
	refused(t, err, "InvalidParameterCombination")
	_, err = c.launch(1, ec2.RunInstancesInput{NetworkInterfaces: plain, Ipv6Addresses: six})
	refused(t, err, "InvalidParameterCombination")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Reservation.html and
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
func TestInstancesOfOneRequestAreAReservation(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.dualSubnetOfTen()
	other := must[*ec2.RunInstancesOutput](t)(c.launch(1, ec2.RunInstancesInput{SubnetId: &subnet}))
	made := must[*ec2.RunInstancesOutput](t)(c.launch(3, ec2.RunInstancesInput{SubnetId: &subnet}))
	for n, i := range made.Instances {
		if i.State.Name != types.InstanceStateNamePending || *i.State.Code != 0 || *i.AmiLaunchIndex != int32(n) {
			t.Errorf("instance %d is %s (%d) with the launch index %d", n, i.State.Name, *i.State.Code, *i.AmiLaunchIndex)
		}
		if got := c.instance(*i.InstanceId); got.State.Name != types.InstanceStateNameRunning {
			t.Errorf("instance %d is %s for the next call", n, got.State.Name)
		}
	}
	got := map[string]int{}
	shown := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{}))
	for _, r := range shown.Reservations {
		got[*r.ReservationId] += len(r.Instances)
	}
	want := map[string]int{*other.ReservationId: 1, *made.ReservationId: 3}
	if diff := cmp.Diff(want, got); diff != "" || len(shown.Reservations) != 2 {
		t.Errorf("%d reservations: %s", len(shown.Reservations), diff)
	}
	last := c.instancesBy(filter("launch-index", "2"))
	if len(last) != 1 || last[0] != *made.Instances[2].InstanceId {
		t.Errorf("the launch index finds %v", last)
	}
	for _, previous := range []types.InstanceStateName{"running", "terminated"} {
		ended := must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
			InstanceIds: last,
		})).TerminatingInstances[0]
		want := types.InstanceStateNameShuttingDown
		if previous == "terminated" {
			want = previous
		}
		if ended.PreviousState.Name != previous || ended.CurrentState.Name != want {
			t.Errorf("the termination of a %s instance answers %+v", previous, ended)
		}
	}
	if got := c.instance(last[0]); got.StateReason == nil || *got.StateReason.Code != "Client.UserInitiatedShutdown" ||
		!strings.HasPrefix(aws.ToString(got.StateTransitionReason), "User initiated (") || got.LaunchTime == nil {
		t.Errorf("the terminated instance is %+v", got)
	}
	if found := c.instancesBy(filter("state-reason-code", "Client.UserInitiatedShutdown")); len(found) != 1 {
		t.Errorf("the code of the reason finds %v", found)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_PrivateDnsNameOptionsRequest.html
func TestNameOptionsOfAnInstance(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.dualSubnetOfTen()
	made := must[*ec2.RunInstancesOutput](t)(c.launch(1, ec2.RunInstancesInput{
		SubnetId: &subnet, PrivateDnsNameOptions: &types.PrivateDnsNameOptionsRequest{
			HostnameType: types.HostnameTypeResourceName, EnableResourceNameDnsARecord: aws.Bool(true),
		},
	}))
	got := c.instance(*made.Instances[0].InstanceId).PrivateDnsNameOptions
	if got.HostnameType != types.HostnameTypeResourceName || !*got.EnableResourceNameDnsARecord ||
		*got.EnableResourceNameDnsAAAARecord {
		t.Errorf("the options are %+v", got)
	}
	if found := c.instancesBy(filter("private-dns-name-options.hostname-type", "resource-name")); len(found) != 1 {
		t.Errorf("the filter finds %v", found)
	}
	plain := must[*ec2.RunInstancesOutput](t)(c.launch(1, ec2.RunInstancesInput{SubnetId: &subnet}))
	must[*ec2.ModifySubnetAttributeOutput](t)(c.ModifySubnetAttribute(t.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: &subnet, PrivateDnsHostnameTypeOnLaunch: types.HostnameTypeResourceName,
	}))
	if got := c.instance(*plain.Instances[0].InstanceId).PrivateDnsNameOptions; got.HostnameType != "ip-name" {
		t.Errorf("the subnet's attribute changes those of an instance that runs: %+v", got)
	}
	native := c.sixSubnet(c.dualVPC("10.7.0.0/16"), "2600:1f18:0:200::/64")
	for _, kind := range []types.HostnameType{"name", types.HostnameTypeIpName} {
		_, err := c.launch(1, ec2.RunInstancesInput{
			SubnetId: &native, PrivateDnsNameOptions: &types.PrivateDnsNameOptionsRequest{HostnameType: kind},
		})
		refused(t, err, "InvalidParameterValue")
	}
}

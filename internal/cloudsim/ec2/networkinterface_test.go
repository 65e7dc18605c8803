package ec2_test

import (
	"net/netip"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// face makes a network interface in the subnet.
func (c client) face(in ec2.CreateNetworkInterfaceInput) types.NetworkInterface {
	c.t.Helper()
	out := must[*ec2.CreateNetworkInterfaceOutput](c.t)(c.CreateNetworkInterface(c.t.Context(), &in))
	return *out.NetworkInterface
}

// addresses returns the private IPv4 addresses of an interface as EC2 shows them.
func (c client) addresses(id string) []string {
	c.t.Helper()
	var all []string
	for _, a := range c.described(id).PrivateIpAddresses {
		all = append(all, *a.PrivateIpAddress)
	}
	return all
}

func (c client) described(id string) types.NetworkInterface {
	c.t.Helper()
	out := must[*ec2.DescribeNetworkInterfacesOutput](c.t)(c.DescribeNetworkInterfaces(c.t.Context(),
		&ec2.DescribeNetworkInterfacesInput{
			NetworkInterfaceIds: []string{id},
		}))
	return out.NetworkInterfaces[0]
}

func (c client) attach(face, instance string) string {
	c.t.Helper()
	out := must[*ec2.AttachNetworkInterfaceOutput](c.t)(c.AttachNetworkInterface(c.t.Context(),
		&ec2.AttachNetworkInterfaceInput{
			NetworkInterfaceId: &face, InstanceId: &instance, DeviceIndex: aws.Int32(1),
		}))
	return *out.AttachmentId
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssignPrivateIpAddresses.html
func TestAddressesOfAnInterface(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.subnet(c.vpc("10.10.0.0/16"), "10.10.1.0/24")
	first := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet,
		SecondaryPrivateIpAddressCount: aws.Int32(1)}).NetworkInterfaceId
	second := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet,
		PrivateIpAddress: aws.String("10.10.1.9")}).NetworkInterfaceId
	assign := func(id string, reassign bool, addresses ...string) error {
		_, err := c.AssignPrivateIpAddresses(t.Context(), &ec2.AssignPrivateIpAddressesInput{
			NetworkInterfaceId: &id, PrivateIpAddresses: addresses, AllowReassignment: &reassign,
		})
		return err
	}
	unassign := func(id string, addresses ...string) error {
		_, err := c.UnassignPrivateIpAddresses(t.Context(), &ec2.UnassignPrivateIpAddressesInput{
			NetworkInterfaceId: &id, PrivateIpAddresses: addresses,
		})
		return err
	}
	want := func(id string, addresses ...string) {
		t.Helper()
		if diff := cmp.Diff(addresses, c.addresses(id)); diff != "" {
			t.Error(diff)
		}
	}
	want(first, "10.10.1.4", "10.10.1.5")
	refused(t, assign(second, false, "10.10.1.5"), "InvalidIPAddress.InUse")
	refused(t, assign(second, false, "10.10.2.5"), "InvalidParameterValue")
	refused(t, assign(second, true, "10.10.1.4"), "InvalidIPAddress.InUse") // a primary address doesn't move
	refused(t, assign(second, true, "10.10.1.5", "10.10.1.20"), "no error")
	want(first, "10.10.1.4")
	want(second, "10.10.1.9", "10.10.1.5", "10.10.1.20")
	refused(t, unassign(second, "10.10.1.9"), "InvalidParameterValue") // nor is it taken away
	refused(t, unassign(second, "10.10.1.5"), "no error")
	want(second, "10.10.1.9", "10.10.1.20")
	out := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{
		SubnetIds: []string{subnet},
	}))
	if got := *out.Subnets[0].AvailableIpAddressCount; got != 251-3 {
		t.Errorf("%d free addresses, want 248", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network-interface-attachments.html
func TestAnInterfaceOfAnInstance(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, group := c.subnet(vpc, "10.10.1.0/24"), c.group(vpc, "admin")
	instance := c.server(subnet, "10.10.1.10", c.group(vpc, "web"))
	face := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet, Groups: []string{group}}).NetworkInterfaceId
	remove := func() error {
		_, err := c.DeleteNetworkInterface(t.Context(), &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &face})
		return err
	}
	attachment := c.attach(face, instance)
	out := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
		Filters: []types.Filter{filter("network-interface.network-interface-id", face)},
	}))
	shown := out.Reservations[0].Instances[0].NetworkInterfaces
	if len(shown) != 2 || *shown[1].NetworkInterfaceId != face || *shown[1].Groups[0].GroupId != group ||
		*shown[1].Attachment.DeviceIndex != 1 {
		t.Errorf("the instance has %+v", shown)
	}
	refused(t, remove(), "InvalidNetworkInterface.InUse")
	_, err := c.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &group})
	refused(t, err, "DependencyViolation")
	_, err = c.DetachNetworkInterface(t.Context(), &ec2.DetachNetworkInterfaceInput{
		AttachmentId: shown[0].Attachment.AttachmentId,
	})
	refused(t, err, "OperationNotPermitted") // the primary one
	_, err = c.DetachNetworkInterface(t.Context(), &ec2.DetachNetworkInterfaceInput{AttachmentId: &attachment})
	refused(t, err, "no error")
	c.attach(face, instance)
	must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{instance},
	}))
	// it was attached afterwards, so it stays
	if got := c.described(face).Status; got != types.NetworkInterfaceStatusAvailable {
		t.Errorf("the interface is %s", got)
	}
	_, err = c.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		NetworkInterfaceIds: []string{*shown[0].NetworkInterfaceId},
	})
	refused(t, err, "InvalidNetworkInterfaceID.NotFound")
	_, err = c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &subnet})
	refused(t, err, "DependencyViolation")
	refused(t, remove(), "no error")
}

func TestInterfacesInRunInstances(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, group := c.subnet(vpc, "10.10.1.0/24"), c.group(vpc, "web")
	own := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	out := must[*ec2.RunInstancesOutput](t)(c.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-1"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{
			{DeviceIndex: aws.Int32(1), NetworkInterfaceId: &own},
			{
				DeviceIndex: aws.Int32(0), SubnetId: &subnet, Groups: []string{group}, SecondaryPrivateIpAddressCount: aws.Int32(1),
			},
		},
	}))
	faces := out.Instances[0].NetworkInterfaces
	if len(faces) != 2 || *faces[1].NetworkInterfaceId != own || len(faces[0].PrivateIpAddresses) != 2 ||
		*faces[0].Groups[0].GroupId != group {
		t.Fatalf("the instance has %+v", faces)
	}
	must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{*out.Instances[0].InstanceId},
	}))
	left := must[*ec2.DescribeNetworkInterfacesOutput](t)(c.DescribeNetworkInterfaces(t.Context(),
		&ec2.DescribeNetworkInterfacesInput{
			Filters: []types.Filter{filter("subnet-id", subnet)},
		}))
	if len(left.NetworkInterfaces) != 1 || *left.NetworkInterfaces[0].NetworkInterfaceId != own {
		t.Errorf("left are %+v", left.NetworkInterfaces)
	}
}

func TestModifyNetworkInterfaceAttribute(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, group := c.subnet(vpc, "10.10.1.0/24"), c.group(vpc, "web")
	face := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	modify := func(in ec2.ModifyNetworkInterfaceAttributeInput) error {
		in.NetworkInterfaceId = &face
		_, err := c.ModifyNetworkInterfaceAttribute(t.Context(), &in)
		return err
	}
	checked := &types.AttributeBooleanValue{Value: aws.Bool(false)}
	refused(t, modify(ec2.ModifyNetworkInterfaceAttributeInput{}), "MissingParameter")
	refused(t, modify(ec2.ModifyNetworkInterfaceAttributeInput{Groups: []string{group}, SourceDestCheck: checked}),
		"InvalidParameterCombination")
	refused(t, modify(ec2.ModifyNetworkInterfaceAttributeInput{Groups: []string{c.group(c.vpc("10.11.0.0/16"), "other")}}),
		"InvalidParameter")
	refused(t, modify(ec2.ModifyNetworkInterfaceAttributeInput{Groups: []string{group}}), "no error")
	refused(t, modify(ec2.ModifyNetworkInterfaceAttributeInput{SourceDestCheck: checked}), "no error")
	refused(t,
		modify(ec2.ModifyNetworkInterfaceAttributeInput{Description: &types.AttributeValue{Value: aws.String("moved")}}),
		"no error")
	got := c.described(face)
	if *got.Groups[0].GroupId != group || *got.SourceDestCheck || *got.Description != "moved" {
		t.Errorf("the interface is %+v", got)
	}
}

// TestWalkToFurtherInterfaces sends packets to secondary addresses and to a second interface, whose own groups decide:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html.
func TestWalkToFurtherInterfaces(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	must[*ec2.AssignPrivateIpAddressesOutput](t)(p.finance.AssignPrivateIpAddresses(t.Context(),
		&ec2.AssignPrivateIpAddressesInput{
			NetworkInterfaceId: aws.String("eni-" + p.ids[vault4][len("i-"):]), PrivateIpAddresses: []string{"172.31.1.50"},
		}))
	closed := p.finance.group(p.financeVPC, "closed")
	face := p.finance.face(ec2.CreateNetworkInterfaceInput{
		SubnetId: &p.vault, Groups: []string{closed}, PrivateIpAddress: aws.String("172.31.1.60"),
	})
	walk := func(to string) string {
		_, stopped := p.service.Walk(sim.Packet{
			From: p.ids[client4], To: netip.MustParseAddr(to), Protocol: "tcp", Port: 443,
		})
		return stopped
	}
	for _, tt := range []struct{ name, to, want string }{
		{"the primary address", vault4, ""},
		{"a secondary address", "172.31.1.50", ""},
		{"an interface of no instance", "172.31.1.60", "no-instance"},
	} {
		if got := walk(tt.to); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	p.finance.attach(*face.NetworkInterfaceId, p.ids[vault4])
	if got := walk("172.31.1.60"); got != "ingress" {
		t.Errorf("a second interface with a closed group: %q, want ingress", got)
	}
}

package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) stop(ids ...string) ([]types.InstanceStateChange, error) {
	out, err := c.StopInstances(c.t.Context(), &ec2.StopInstancesInput{InstanceIds: ids})
	if err != nil {
		return nil, err
	}
	return out.StoppingInstances, nil
}

func (c client) startAgain(ids ...string) ([]types.InstanceStateChange, error) {
	out, err := c.StartInstances(c.t.Context(), &ec2.StartInstancesInput{InstanceIds: ids})
	if err != nil {
		return nil, err
	}
	return out.StartingInstances, nil
}

func (c client) instance(id string) types.Instance {
	c.t.Helper()
	out := must[*ec2.DescribeInstancesOutput](c.t)(c.DescribeInstances(c.t.Context(), &ec2.DescribeInstancesInput{
		InstanceIds: []string{id},
	}))
	return out.Reservations[0].Instances[0]
}

// publicInstance runs in a VPC with an internet gateway.
func (c client) publicInstance() types.Instance {
	c.t.Helper()
	vpc := c.vpc("10.0.0.0/16")
	subnet := c.subnet(vpc, "10.0.1.0/24")
	c.gateway(vpc)
	return must[types.Instance](c.t)(c.run(ec2.RunInstancesInput{
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{
			{DeviceIndex: aws.Int32(0), SubnetId: &subnet, AssociatePublicIpAddress: aws.Bool(true)},
		},
	}))
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
func TestInstancesStopAndStart(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := *must[types.Instance](t)(c.run(ec2.RunInstancesInput{})).InstanceId
	steps := []struct {
		call              func(...string) ([]types.InstanceStateChange, error)
		current, previous types.InstanceStateName
		code              int32 // of the current state
		then              types.InstanceStateName
	}{
		{c.startAgain, "running", "running", 16, "running"},
		{c.stop, "stopping", "running", 64, "stopped"},
		{c.stop, "stopped", "stopped", 80, "stopped"},
		{c.startAgain, "pending", "stopped", 0, "running"},
	}
	for n, s := range steps {
		got := must[[]types.InstanceStateChange](t)(s.call(id))[0]
		then := c.instance(id)
		if got.CurrentState.Name != s.current || got.PreviousState.Name != s.previous || *got.CurrentState.Code != s.code {
			t.Errorf("step %d: from %+v to %+v", n, *got.PreviousState, *got.CurrentState)
		}
		if then.State.Name != s.then || (then.StateReason != nil) != (s.then == "stopped") {
			t.Errorf("step %d: then the instance is %s (%v)", n, then.State.Name, then.StateReason)
		}
	}
	must[[]types.InstanceStateChange](t)(c.stop(id))
	ended := must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{id},
	}))
	if got := ended.TerminatingInstances[0].PreviousState.Name; got != "stopped" {
		t.Errorf("before its end the instance was %s", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
func TestAStopReleasesThePublicAddress(t *testing.T) {
	t.Parallel()
	c := one(t)
	i := c.publicInstance()
	must[[]types.InstanceStateChange](t)(c.stop(*i.InstanceId))
	stopped := c.instance(*i.InstanceId)
	if stopped.NetworkInterfaces[0].Association != nil {
		t.Errorf("the interface has %+v", *stopped.NetworkInterfaces[0].Association)
	}
	if stopped.PublicIpAddress != nil || *stopped.PrivateIpAddress != *i.PrivateIpAddress {
		t.Errorf("the stopped instance has %s, %s", aws.ToString(stopped.PublicIpAddress), *stopped.PrivateIpAddress)
	}
	must[[]types.InstanceStateChange](t)(c.startAgain(*i.InstanceId))
	if again := c.instance(*i.InstanceId); again.PublicIpAddress == nil || *again.PublicIpAddress == *i.PublicIpAddress {
		t.Errorf("the instance has %s again", aws.ToString(again.PublicIpAddress))
	}
}

func TestAnElasticIPAddressSurvivesAStop(t *testing.T) {
	t.Parallel()
	c := one(t)
	id, address := *c.publicInstance().InstanceId, c.address()
	bound := must[*ec2.AssociateAddressOutput](t)(c.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{
		InstanceId: &id, AllocationId: &address,
	}))
	before := *c.instance(id).PublicIpAddress
	must[[]types.InstanceStateChange](t)(c.stop(id))
	if got := aws.ToString(c.instance(id).PublicIpAddress); got != before {
		t.Errorf("stopped, the instance has %s, want %s", got, before)
	}
	must[[]types.InstanceStateChange](t)(c.startAgain(id))
	must[*ec2.DisassociateAddressOutput](t)(c.DisassociateAddress(t.Context(), &ec2.DisassociateAddressInput{
		AssociationId: bound.AssociationId,
	}))
	if got := c.instance(id).PublicIpAddress; got != nil {
		t.Errorf("beside its elastic IP address the instance got %s", *got)
	}
}

func TestAnInstanceWithSeveralInterfacesGetsNoNewPublicAddress(t *testing.T) {
	t.Parallel()
	c := one(t)
	i := c.publicInstance()
	c.attach(*c.face(ec2.CreateNetworkInterfaceInput{SubnetId: i.SubnetId}).NetworkInterfaceId, *i.InstanceId)
	must[[]types.InstanceStateChange](t)(c.stop(*i.InstanceId))
	must[[]types.InstanceStateChange](t)(c.startAgain(*i.InstanceId))
	if got := c.instance(*i.InstanceId).PublicIpAddress; got != nil {
		t.Errorf("the instance got %s", *got)
	}
}

func TestRefusedStops(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/24")
	start := func(in ec2.RunInstancesInput) string {
		in.SubnetId = &subnet
		return *must[types.Instance](t)(c.run(in)).InstanceId
	}
	plain, kept := start(ec2.RunInstancesInput{}), start(ec2.RunInstancesInput{DisableApiStop: aws.Bool(true)})
	ended, unknown := start(ec2.RunInstancesInput{}), "i-0123456789abcdef0"
	must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{ended},
	}))
	for _, tt := range []struct{ id, stop, start, reboot string }{
		{kept, "OperationNotPermitted", "no error", "no error"},
		{ended, "IncorrectInstanceState", "IncorrectInstanceState", "no error"},
		{unknown, "InvalidInstanceID.NotFound", "InvalidInstanceID.NotFound", "InvalidInstanceID.NotFound"},
		{"i-x", "InvalidInstanceID.Malformed", "InvalidInstanceID.Malformed", "InvalidInstanceID.Malformed"},
	} {
		_, err := c.stop(plain, tt.id)
		refused(t, err, tt.stop)
		_, err = c.startAgain(plain, tt.id)
		refused(t, err, tt.start)
		_, err = c.RebootInstances(t.Context(), &ec2.RebootInstancesInput{InstanceIds: []string{plain, tt.id}})
		refused(t, err, tt.reboot)
	}
	if got := c.instance(plain).State.Name; got != "running" {
		t.Errorf("an instance beside one that can't be stopped is %s", got)
	}
	in := ec2.StopInstancesInput{InstanceIds: []string{plain}, Hibernate: aws.Bool(true)}
	_, err := c.StopInstances(t.Context(), &in)
	refused(t, err, "UnsupportedHibernationConfiguration")
	in.Hibernate, in.DryRun = nil, aws.Bool(true)
	_, err = c.StopInstances(t.Context(), &in)
	refused(t, err, "DryRunOperation")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
func TestAStoppedInstanceChangesItsTypeAndItsUserData(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := *must[types.Instance](t)(c.run(ec2.RunInstancesInput{InstanceType: types.InstanceTypeT3Micro})).InstanceId
	modify := func(in ec2.ModifyInstanceAttributeInput) error {
		in.InstanceId = &id
		_, err := c.ModifyInstanceAttribute(t.Context(), &in)
		return err
	}
	size := ec2.ModifyInstanceAttributeInput{InstanceType: &types.AttributeValue{Value: aws.String("t3.small")}}
	data := ec2.ModifyInstanceAttributeInput{UserData: &types.SecureBlobAttributeValue{Value: []byte("#!/bin/sh")}}
	refused(t, modify(data), "IncorrectInstanceState")
	must[[]types.InstanceStateChange](t)(c.stop(id))
	refused(t, modify(size), "no error")
	refused(t, modify(data), "no error")
	if got := c.instance(id).InstanceType; got != types.InstanceTypeT3Small {
		t.Errorf("the type is %s", got)
	}
	if got := *c.attribute(id, types.InstanceAttributeNameUserData).UserData.Value; got != "IyEvYmluL3No" {
		t.Errorf("the user data is %s", got)
	}
}

// A stopped NAT instance leaves a black hole:
// https://schen1628.wordpress.com/2015/05/21/aws-auto-healing-vpc-nat-instance/
func TestAStoppedInstanceTakesNoPackets(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c := in(t, s, marketing, virginia)
	i := c.publicInstance()
	table := c.mainTable(*i.VpcId)
	refused(t, c.create(table, ec2.CreateRouteInput{InstanceId: i.InstanceId}), "no error")
	check := func(state types.RouteState, running int) {
		t.Helper()
		if got := c.last(table).State; got != state {
			t.Errorf("the route is %s, want %s", got, state)
		}
		var in ec2.DescribeInstanceStatusInput
		out := must[*ec2.DescribeInstanceStatusOutput](t)(c.DescribeInstanceStatus(t.Context(), &in))
		if len(out.InstanceStatuses) != running || len(s.Hosts(marketing, virginia)) != running {
			t.Errorf("%d statuses, %d hosts", len(out.InstanceStatuses), len(s.Hosts(marketing, virginia)))
		}
	}
	check(types.RouteStateActive, 1)
	must[[]types.InstanceStateChange](t)(c.stop(*i.InstanceId))
	check(types.RouteStateBlackhole, 0)
	must[[]types.InstanceStateChange](t)(c.startAgain(*i.InstanceId))
	check(types.RouteStateActive, 1)
}

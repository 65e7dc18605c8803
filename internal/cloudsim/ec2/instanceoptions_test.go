package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// run starts one instance in a subnet of its own.
func (c client) run(in ec2.RunInstancesInput) (types.Instance, error) {
	c.t.Helper()
	in.MinCount, in.MaxCount = aws.Int32(1), aws.Int32(1)
	if in.ImageId == nil {
		in.ImageId = aws.String("ami-0123456789abcdef0")
	}
	if in.SubnetId == nil && in.NetworkInterfaces == nil {
		in.SubnetId = aws.String(c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/24"))
	}
	out, err := c.RunInstances(c.t.Context(), &in)
	if err != nil {
		return types.Instance{}, err
	}
	return out.Instances[0], nil
}

func (c client) attribute(id string, name types.InstanceAttributeName) *ec2.DescribeInstanceAttributeOutput {
	c.t.Helper()
	return must[*ec2.DescribeInstanceAttributeOutput](c.t)(c.DescribeInstanceAttribute(c.t.Context(),
		&ec2.DescribeInstanceAttributeInput{InstanceId: &id, Attribute: name}))
}

// TestRefusedLaunches: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
func TestRefusedLaunches(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	subnet, group := c.subnet(vpc, "10.0.1.0/24"), c.group(vpc, "web")
	faces := []types.InstanceNetworkInterfaceSpecification{
		{DeviceIndex: aws.Int32(0), SubnetId: &subnet, Groups: []string{group}},
	}
	public := faces[0]
	public.AssociatePublicIpAddress = aws.Bool(true)
	second := types.InstanceNetworkInterfaceSpecification{DeviceIndex: aws.Int32(1), SubnetId: &subnet}
	two := append([]types.InstanceNetworkInterfaceSpecification{public}, second)
	var many []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		many = append(many, c.group(vpc, name))
	}
	image, address := aws.String("ami-0123456789abcdef0"), "10.0.1.9"
	for _, tt := range []struct {
		in   ec2.RunInstancesInput
		want string
	}{
		{ec2.RunInstancesInput{InstanceType: "t3.micro"}, "no error"},
		{ec2.RunInstancesInput{InstanceType: "t3.mini"}, "InvalidParameterValue"},
		{ec2.RunInstancesInput{InstanceType: "t3.metal"}, "InvalidParameterValue"},
		{ec2.RunInstancesInput{InstanceType: "t99.micro"}, "InvalidParameterValue"},
		{ec2.RunInstancesInput{InstanceType: "large"}, "InvalidParameterValue"},
		{ec2.RunInstancesInput{InstanceType: "m8g.metal-24xl"}, "no error"},
		{ec2.RunInstancesInput{InstanceType: "u7in-16tb.224xlarge"}, "no error"},
		{ec2.RunInstancesInput{ImageId: aws.String("ubuntu")}, "InvalidAMIID.Malformed"},
		{ec2.RunInstancesInput{ImageId: image, NetworkInterfaces: faces}, "no error"},
		{ec2.RunInstancesInput{NetworkInterfaces: two}, "InvalidParameterCombination"},
		{ec2.RunInstancesInput{SubnetId: &subnet, SecurityGroupIds: many[:5]}, "no error"},
		{ec2.RunInstancesInput{SubnetId: &subnet, SecurityGroupIds: many}, "SecurityGroupsPerInterfaceLimitExceeded"},
		{ec2.RunInstancesInput{SubnetId: &subnet, NetworkInterfaces: faces}, "InvalidParameterCombination"},
		{ec2.RunInstancesInput{SecurityGroupIds: []string{group}, NetworkInterfaces: faces}, "InvalidParameterCombination"},
		{ec2.RunInstancesInput{PrivateIpAddress: &address, NetworkInterfaces: faces}, "InvalidParameterCombination"},
	} {
		tt.in.MinCount, tt.in.MaxCount = aws.Int32(1), aws.Int32(1)
		if tt.in.ImageId == nil {
			tt.in.ImageId = image
		}
		_, err := c.RunInstances(t.Context(), &tt.in)
		refused(t, err, tt.want)
	}
	_, err := c.RunInstances(t.Context(), &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	refusedWith(t, err, "MissingParameter", "The request must contain the parameter ImageId")
}

// TestTheStandardType is that of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html.
func TestTheStandardType(t *testing.T) {
	t.Parallel()
	c := one(t)
	i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{}))
	if got := c.instance(*i.InstanceId).InstanceType; got != types.InstanceTypeM1Small {
		t.Errorf("the type is %q", got)
	}
	if found := c.instancesBy(filter("instance-type", "m1.small")); len(found) != 1 {
		t.Errorf("the filter finds %v", found)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
func TestInstanceOptions(t *testing.T) {
	t.Parallel()
	c := one(t)
	c.createKey(ec2.CreateKeyPairInput{KeyName: aws.String("mine")})
	i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{
		InstanceType: types.InstanceTypeT3Micro, KeyName: aws.String("mine"), UserData: aws.String("IyEvYmluL3No"),
		IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("web")},
		Monitoring:         &types.RunInstancesMonitoringEnabled{Enabled: aws.Bool(true)},
		HibernationOptions: &types.HibernationOptionsRequest{Configured: aws.Bool(true)},
		MetadataOptions: &types.InstanceMetadataOptionsRequest{
			HttpTokens: types.HttpTokensStateRequired, HttpPutResponseHopLimit: aws.Int32(3),
		},
		CreditSpecification: &types.CreditSpecificationRequest{CpuCredits: aws.String("standard")},
		EbsOptimized:        aws.Bool(true),
		BlockDeviceMappings: []types.BlockDeviceMapping{
			{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20)}},
			{DeviceName: aws.String("/dev/sdf"), Ebs: &types.EbsBlockDevice{
				VolumeType: types.VolumeTypeGp2, VolumeSize: aws.Int32(100), DeleteOnTermination: aws.Bool(false),
			}},
		},
		TagSpecifications: []types.TagSpecification{
			{ResourceType: types.ResourceTypeVolume, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}},
		},
	}))
	if *i.KeyName != "mine" || i.Monitoring.State != types.MonitoringStateEnabled ||
		!*i.HibernationOptions.Configured || !*i.EbsOptimized {
		t.Errorf("the instance is %+v", i)
	}
	if i.MetadataOptions.HttpTokens != types.HttpTokensStateRequired || *i.MetadataOptions.HttpPutResponseHopLimit != 3 {
		t.Errorf("its metadata options are %+v", i.MetadataOptions)
	}
	if *i.IamInstanceProfile.Arn != "arn:aws:iam::111111111111:instance-profile/web" || i.PublicIpAddress != nil {
		t.Errorf("its profile is %s, its public address %s", *i.IamInstanceProfile.Arn, aws.ToString(i.PublicIpAddress))
	}
	if got := *c.attribute(*i.InstanceId, types.InstanceAttributeNameUserData).UserData.Value; got != "IyEvYmluL3No" {
		t.Errorf("its user data is %s", got)
	}
	credits := must[*ec2.DescribeInstanceCreditSpecificationsOutput](t)(c.DescribeInstanceCreditSpecifications(t.Context(),
		&ec2.DescribeInstanceCreditSpecificationsInput{
			InstanceIds: []string{*i.InstanceId},
		}))
	if *credits.InstanceCreditSpecifications[0].CpuCredits != "standard" {
		t.Errorf("its credits are %v", credits.InstanceCreditSpecifications)
	}
	c.checkVolumes(*i.InstanceId)
}

// checkVolumes looks at the volumes of the instance, which keeps the second one when it is terminated.
func (c client) checkVolumes(instance string) {
	c.t.Helper()
	volumes := func(f types.Filter) []types.Volume {
		return must[*ec2.DescribeVolumesOutput](c.t)(c.DescribeVolumes(c.t.Context(),
			&ec2.DescribeVolumesInput{Filters: []types.Filter{f}})).Volumes
	}
	root, more := volumes(filter("attachment.device", "/dev/xvda")), volumes(filter("attachment.device", "/dev/sdf"))
	if len(root) != 1 || *root[0].Size != 20 || root[0].VolumeType != types.VolumeTypeGp3 ||
		*root[0].Iops != 3000 || len(root[0].Tags) != 1 {
		c.t.Errorf("the root volume is %+v", root)
	}
	if len(more) != 1 || *more[0].Size != 100 || *more[0].Iops != 300 || more[0].State != types.VolumeStateInUse {
		c.t.Errorf("the other volume is %+v", more)
	}
	must[*ec2.TerminateInstancesOutput](c.t)(c.TerminateInstances(c.t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{instance},
	}))
	if left := volumes(filter("status", "available")); len(left) != 1 || *left[0].Size != 100 {
		c.t.Errorf("left are %+v", left)
	}
	if left := volumes(filter("attachment.instance-id", instance)); len(left) != 0 {
		c.t.Errorf("still attached are %+v", left)
	}
}

func TestRefusedInstanceOptions(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]ec2.RunInstancesInput{
		"user data that isn't Base64": {UserData: aws.String("#!/bin/sh")},
		"a shutdown behavior":         {InstanceInitiatedShutdownBehavior: "sleep"},
		"metadata tokens":             {MetadataOptions: &types.InstanceMetadataOptionsRequest{HttpTokens: "sometimes"}},
		"metadata hops": {MetadataOptions: &types.InstanceMetadataOptionsRequest{
			HttpPutResponseHopLimit: aws.Int32(65),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := one(t).run(in)
			refused(t, err, "InvalidParameterValue")
		})
	}
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/24")
	with := func(public *bool) bool {
		i := must[types.Instance](
			t)(c.run(ec2.RunInstancesInput{NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{
			{DeviceIndex: aws.Int32(0), SubnetId: &subnet, AssociatePublicIpAddress: public},
		}}))
		shown := i.NetworkInterfaces[0].Association != nil &&
			*i.NetworkInterfaces[0].Association.PublicIp == aws.ToString(i.PublicIpAddress)
		if shown != (i.PublicIpAddress != nil) {
			t.Errorf("the address is %s, the interface's %+v", aws.ToString(i.PublicIpAddress),
				i.NetworkInterfaces[0].Association)
		}
		return shown
	}
	if with(nil) || !with(aws.Bool(true)) {
		t.Error("outside a subnet with public addresses they are for those instances alone that ask for one")
	}
	must[*ec2.ModifySubnetAttributeOutput](t)(c.ModifySubnetAttribute(t.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: &subnet, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: aws.Bool(true)},
	}))
	if !with(nil) || with(aws.Bool(false)) {
		t.Error("in a subnet with public addresses all instances have one but those that ask for none")
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
func TestModifyInstanceAttribute(t *testing.T) {
	t.Parallel()
	c := one(t)
	i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{DisableApiTermination: aws.Bool(true)}))
	id := *i.InstanceId
	modify := func(in ec2.ModifyInstanceAttributeInput) error {
		in.InstanceId = &id
		_, err := c.ModifyInstanceAttribute(t.Context(), &in)
		return err
	}
	terminate := func() error {
		_, err := c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
		return err
	}
	off := &types.AttributeBooleanValue{Value: aws.Bool(false)}
	refused(t, modify(ec2.ModifyInstanceAttributeInput{}), "MissingParameter")
	refused(t,
		modify(ec2.ModifyInstanceAttributeInput{InstanceType: &types.AttributeValue{Value: aws.String("t3.small")}}),
		"IncorrectInstanceState")
	refused(t,
		modify(ec2.ModifyInstanceAttributeInput{InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String(
			"sleep")}}), "InvalidParameterValue")
	refused(t,
		modify(ec2.ModifyInstanceAttributeInput{InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String(
			"terminate")}}), "no error")
	shutdown := c.attribute(id, types.InstanceAttributeNameInstanceInitiatedShutdownBehavior)
	if got := *shutdown.InstanceInitiatedShutdownBehavior.Value; got != "terminate" {
		t.Errorf("the shutdown behavior is %s", got)
	}
	refused(t, modify(ec2.ModifyInstanceAttributeInput{SourceDestCheck: off}), "no error")
	if *c.attribute(id, types.InstanceAttributeNameSourceDestCheck).SourceDestCheck.Value {
		t.Error("source and destination are still checked")
	}
	group := c.group(*i.VpcId, "web")
	refused(t, modify(ec2.ModifyInstanceAttributeInput{Groups: []string{group}}), "no error")
	if got := c.attribute(id, types.InstanceAttributeNameGroupSet).Groups; len(got) != 1 || *got[0].GroupId != group {
		t.Errorf("the groups are %v", got)
	}
	refused(t, terminate(), "OperationNotPermitted")
	refused(t,
		modify(ec2.ModifyInstanceAttributeInput{Attribute: types.InstanceAttributeNameDisableApiTermination,
			Value: aws.String("false")}), "no error")
	refused(t, terminate(), "no error")
	refused(t, modify(ec2.ModifyInstanceAttributeInput{SourceDestCheck: off}), "IncorrectInstanceState")
}

func TestMonitoringAndStatusOfInstances(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := *must[types.Instance](t)(c.run(ec2.RunInstancesInput{})).InstanceId
	on := must[*ec2.MonitorInstancesOutput](t)(c.MonitorInstances(t.Context(), &ec2.MonitorInstancesInput{
		InstanceIds: []string{id},
	}))
	off := must[*ec2.UnmonitorInstancesOutput](t)(c.UnmonitorInstances(t.Context(), &ec2.UnmonitorInstancesInput{
		InstanceIds: []string{id},
	}))
	if on.InstanceMonitorings[0].Monitoring.State != types.MonitoringStateEnabled ||
		off.InstanceMonitorings[0].Monitoring.State != types.MonitoringStateDisabled {
		t.Errorf("monitoring is %v, then %v", on.InstanceMonitorings, off.InstanceMonitorings)
	}
	options := must[*ec2.ModifyInstanceMetadataOptionsOutput](t)(c.ModifyInstanceMetadataOptions(t.Context(),
		&ec2.ModifyInstanceMetadataOptionsInput{
			InstanceId: &id, HttpEndpoint: types.InstanceMetadataEndpointStateDisabled,
		}))
	if options.InstanceMetadataOptions.HttpEndpoint != types.InstanceMetadataEndpointStateDisabled {
		t.Errorf("the metadata options are %+v", options.InstanceMetadataOptions)
	}
	status := func(every bool) int {
		out := must[*ec2.DescribeInstanceStatusOutput](t)(c.DescribeInstanceStatus(t.Context(),
			&ec2.DescribeInstanceStatusInput{
				InstanceIds: []string{id}, IncludeAllInstances: &every,
			}))
		return len(out.InstanceStatuses)
	}
	if status(false) != 1 {
		t.Error("an instance that runs has no status")
	}
	must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{id},
	}))
	if status(false) != 0 || status(true) != 1 {
		t.Error("a terminated instance has a status only among all instances")
	}
	_, err := c.DescribeInstanceStatus(t.Context(), &ec2.DescribeInstanceStatusInput{
		InstanceIds: []string{"i-0123456789abcdef0"},
	})
	refused(t, err, "InvalidInstanceID.NotFound")
}

func TestImagesAndInstanceTypes(t *testing.T) {
	t.Parallel()
	c := one(t)
	images := must[*ec2.DescribeImagesOutput](t)(c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{
		Owners:  []string{"amazon"},
		Filters: []types.Filter{filter("name", "al2023-ami-2023*"), filter("architecture", "arm64")},
	})).Images
	if len(images) != 1 || *images[0].RootDeviceName != "/dev/xvda" {
		t.Errorf("the images are %+v", images)
	}
	plain := must[*ec2.DescribeImagesOutput](t)(c.DescribeImages(t.Context(),
		&ec2.DescribeImagesInput{ImageIds: []string{"ami-0123456789abcdef0"}})).Images
	if len(plain) != 1 {
		t.Errorf("an image that isn't listed: %+v", plain)
	}
	sizes := must[*ec2.DescribeInstanceTypesOutput](t)(c.DescribeInstanceTypes(t.Context(),
		&ec2.DescribeInstanceTypesInput{
			InstanceTypes: []types.InstanceType{types.InstanceTypeT4gMicro},
		})).InstanceTypes
	if len(sizes) != 1 || !*sizes[0].BurstablePerformanceSupported ||
		sizes[0].ProcessorInfo.SupportedArchitectures[0] != types.ArchitectureTypeArm64 {
		t.Errorf("t4g.micro is %+v", sizes)
	}
	// Terraform refuses a type without
	if groups := sizes[0].PlacementGroupInfo; groups == nil || len(groups.SupportedStrategies) != 2 {
		t.Errorf("the placement groups of t4g.micro are %+v", groups)
	}
	_, err := c.DescribeInstanceTypes(t.Context(), &ec2.DescribeInstanceTypesInput{
		InstanceTypes: []types.InstanceType{"t9.micro"},
	})
	refused(t, err, "InvalidInstanceType")
	offerings := must[*ec2.DescribeInstanceTypeOfferingsOutput](t)(c.DescribeInstanceTypeOfferings(t.Context(),
		&ec2.DescribeInstanceTypeOfferingsInput{
			LocationType: types.LocationTypeAvailabilityZone, Filters: []types.Filter{filter("instance-type", "t3.micro")},
		})).InstanceTypeOfferings
	if len(offerings) != 6 {
		t.Errorf("t3.micro is offered in %d zones", len(offerings))
	}
}

// TestFiltersOfInstances: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
func TestFiltersOfInstances(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	subnet, group := c.subnet(vpc, "10.0.1.0/24"), c.group(vpc, "web")
	c.createKey(ec2.CreateKeyPairInput{KeyName: aws.String("mine")})
	i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{
		InstanceType: types.InstanceTypeT3Micro, KeyName: aws.String("mine"),
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), SubnetId: &subnet, Groups: []string{group}, AssociatePublicIpAddress: aws.Bool(true),
		}},
	}))
	described := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
		InstanceIds: []string{*i.InstanceId},
	})).Reservations[0]
	for name, value := range map[string]string{
		"instance-type": "t3.micro", "key-name": "mine", "instance.group-name": "web",
		"ip-address": *described.Instances[0].PublicIpAddress, "reservation-id": *described.ReservationId,
		"private-dns-name": "ip-10-0-1-4.ec2.internal", "network-interface.group-name": "web",
		"network-interface.private-ip-address":         "10.0.1.4",
		"metadata-options.http-tokens":                 "optional",
		"metadata-options.http-endpoint":               "enabled",
		"block-device-mapping.volume-id":               *described.Instances[0].BlockDeviceMappings[0].Ebs.VolumeId,
		"usage-operation":                              "RunInstances",
		"private-dns-name-options.hostname-type":       "ip-name",
		"metadata-options.http-put-response-hop-limit": "1",
		"network-interface.mac-address":                *described.Instances[0].NetworkInterfaces[0].MacAddress,
	} {
		out := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
			Filters: []types.Filter{filter("subnet-id", subnet), filter(name, value)},
		}))
		none := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
			Filters: []types.Filter{filter(name, value+"?x")},
		}))
		if len(out.Reservations) != 1 || len(none.Reservations) != 0 {
			t.Errorf("%s=%s finds %d reservations, another value %d", name, value, len(out.Reservations), len(none.Reservations))
		}
	}
}

func TestFiltersOfStoppedInstances(t *testing.T) {
	t.Parallel()
	c := one(t)
	i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{InstanceType: types.InstanceTypeT3Micro}))
	count := func(name, value string) int {
		out := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
			Filters: []types.Filter{filter(name, value)},
		}))
		return len(out.Reservations)
	}
	stopped := map[string]string{"state-reason-code": "Client.UserInitiatedShutdown", "reason": "User initiated (*)"}
	for name, value := range stopped {
		if n := count(name, value); n != 0 {
			t.Errorf("%s=%s finds %d instances that run", name, value, n)
		}
	}
	must[*ec2.StopInstancesOutput](t)(c.StopInstances(t.Context(), &ec2.StopInstancesInput{
		InstanceIds: []string{*i.InstanceId},
	}))
	for name, value := range stopped {
		if n := count(name, value); n != 1 {
			t.Errorf("%s=%s finds %d stopped instances", name, value, n)
		}
	}
	for _, name := range []string{"placement-group-name", "product-code", "requester-id", "spot-instance-request-id"} {
		if n := count(name, "*"); n != 0 {
			t.Errorf("%s=* finds %d instances", name, n)
		}
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func TestAnImageInAParameterOfSystemsManager(t *testing.T) {
	t.Parallel()
	c := one(t)
	const latest = "resolve:ssm:/aws/service/ami-amazon-linux-latest/"
	for parameter, name := range map[string]string{
		"al2023-ami-kernel-default-x86_64": "al2023-ami-2023.9.20251105.0-kernel-6.1-x86_64",
		"al2023-ami-kernel-default-arm64":  "al2023-ami-2023.9.20251105.0-kernel-6.1-arm64",
		"amzn2-ami-hvm-x86_64-gp2":         "amzn2-ami-hvm-2.0.20251014.0-x86_64-gp2",
	} {
		i := must[types.Instance](t)(c.run(ec2.RunInstancesInput{
			ImageId: aws.String(latest + parameter), InstanceType: types.InstanceTypeT3Micro,
		}))
		images := must[*ec2.DescribeImagesOutput](t)(c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{
			ImageIds: []string{*i.ImageId},
		}))
		if got := *images.Images[0].Name; got != name {
			t.Errorf("%s starts %s, want %s", parameter, got, name)
		}
	}
	_, err := c.run(ec2.RunInstancesInput{
		ImageId: aws.String(latest + "nothing"), InstanceType: types.InstanceTypeT3Micro,
	})
	refused(t, err, "SsmInvalidParameter")
}

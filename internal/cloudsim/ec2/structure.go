package ec2

import (
	"strconv"
	"strings"
)

// valueParams are structures with the member Value alone: attributes, and parts of a VPN tunnel's options.
const valueParams = "AssignIpv6AddressOnCreation Description DisableApiStop DisableApiTermination " +
	"DisableLniAtDeviceIndex EbsOptimized EnableDns64 EnableDnsHostnames EnableDnsSupport " +
	"EnableNetworkAddressUsageMetrics EnableResourceNameDnsAAAARecordOnLaunch " +
	"EnableResourceNameDnsARecordOnLaunch InstanceInitiatedShutdownBehavior InstanceType " +
	"MapCustomerOwnedIpOnLaunch MapPublicIpOnLaunch Options.TunnelOptions.IKEVersion " +
	"Options.TunnelOptions.Phase1DHGroupNumber Options.TunnelOptions.Phase1EncryptionAlgorithm " +
	"Options.TunnelOptions.Phase1IntegrityAlgorithm Options.TunnelOptions.Phase2DHGroupNumber " +
	"Options.TunnelOptions.Phase2EncryptionAlgorithm Options.TunnelOptions.Phase2IntegrityAlgorithm " +
	"SourceDestCheck UserData"

// structures are the members of parameters that are structures or lists of them, by their path without the numbers of
// a list. They are those of the EC2 API's model in version 1.346.0 of the Go SDK, of all calls that take the
// parameter, and the options of multipath resilience.
var structures = withValues(map[string]string{
	"AccepterPeeringConnectionOptions": "AllowDnsResolutionFromRemoteVpc " +
		"AllowEgressFromLocalClassicLinkToRemoteVpc AllowEgressFromLocalVpcToRemoteClassicLink " +
		"AllowMultipathResilience MultipathResilienceMode",
	"AddEntry":           "Cidr Description",
	"Attachment":         "AttachmentId DefaultEnaQueueCount DeleteOnTermination EnaQueueCount",
	"BlockDeviceMapping": "DeviceName Ebs NoDevice VirtualName",
	"BlockDeviceMapping.Ebs": "AvailabilityZone AvailabilityZoneId DeleteOnTermination EbsCardIndex " +
		"Encrypted Iops KmsKeyId OutpostArn SnapshotId Throughput VolumeInitializationRate VolumeSize " +
		"VolumeType",
	"CapacityReservationSpecification": "CapacityReservationPreference CapacityReservationTarget",
	"CapacityReservationSpecification.CapacityReservationTarget": "CapacityReservationId " +
		"CapacityReservationResourceGroupArn",
	"CpuOptions":          "AmdSevSnp CoreCount NestedVirtualization ThreadsPerCore",
	"CreditSpecification": "CpuCredits",
	"DestinationOptions":  "FileFormat HiveCompatiblePartitions PerHourPartition",
	"DhcpConfiguration":   "Key Value",
	"DnsOptions": "DnsRecordIpType PrivateDnsOnlyForInboundResolverEndpoint PrivateDnsPreference " +
		"PrivateDnsSpecifiedDomain",
	"EnclaveOptions":     "Enabled",
	"Entry":              "Cidr Description",
	"Filter":             "Name Value",
	"HibernationOptions": "Configured",
	"IamInstanceProfile": "Arn Name",
	"Icmp":               "Code Type",
	"IpPermissions":      "FromPort Groups IpProtocol IpRanges Ipv6Ranges PrefixListIds ToPort",
	"IpPermissions.Groups": "Description GroupId GroupName PeeringStatus UserId VpcId " +
		"VpcPeeringConnectionId",
	"IpPermissions.IpRanges":      "CidrIp Description",
	"IpPermissions.Ipv6Ranges":    "CidrIpv6 Description",
	"IpPermissions.PrefixListIds": "Description PrefixListId",
	"Ipv6Address":                 "Ipv6Address IsPrimaryIpv6",
	"Ipv6Addresses":               "Ipv6Address IsPrimaryIpv6",
	"MaintenanceOptions":          "AutoRecovery",
	"MetadataOptions": "HttpEndpoint HttpProtocolIpv6 HttpPutResponseHopLimit HttpTokens " +
		"InstanceMetadataTags",
	"Monitoring": "Enabled MetricCategoryId",
	"NetworkInterface": "AssociateCarrierIpAddress AssociatePublicIpAddress " +
		"ConnectionTrackingSpecification DeleteOnTermination Description DeviceIndex EnaQueueCount " +
		"EnaSrdSpecification InterfaceType Ipv4Prefix Ipv4PrefixCount Ipv6AddressCount Ipv6Addresses " +
		"Ipv6Prefix Ipv6PrefixCount NetworkCardIndex NetworkInterfaceId PrimaryIpv6 PrivateIpAddress " +
		"PrivateIpAddresses SecondaryPrivateIpAddressCount SecurityGroupId SubnetId",
	"NetworkInterface.ConnectionTrackingSpecification": "TcpEstablishedTimeout UdpStreamTimeout " +
		"UdpTimeout",
	"NetworkInterface.EnaSrdSpecification":                        "EnaSrdEnabled EnaSrdUdpSpecification",
	"NetworkInterface.EnaSrdSpecification.EnaSrdUdpSpecification": "EnaSrdUdpEnabled",
	"NetworkInterface.Ipv4Prefix":                                 "Ipv4Prefix",
	"NetworkInterface.Ipv6Addresses":                              "Ipv6Address IsPrimaryIpv6",
	"NetworkInterface.Ipv6Prefix":                                 "Ipv6Prefix",
	"NetworkInterface.PrivateIpAddresses":                         "Primary PrivateIpAddress",
	"Options": "AddTransitGatewayCidrBlocks AmazonSideAsn ApplianceModeSupport " +
		"AssociationDefaultRouteTableId AutoAcceptSharedAttachments DefaultRouteTableAssociation " +
		"DefaultRouteTablePropagation DnsSupport EnableAcceleration EncryptionSupport Ipv6Support " +
		"LocalIpv4NetworkCidr LocalIpv6NetworkCidr MulticastSupport OutsideIpAddressType " +
		"PropagationDefaultRouteTableId RemoteIpv4NetworkCidr RemoteIpv6NetworkCidr " +
		"RemoveTransitGatewayCidrBlocks SecurityGroupReferencingSupport StaticRoutesOnly " +
		"TransitGatewayCidrBlocks TransportTransitGatewayAttachmentId TunnelBandwidth " +
		"TunnelInsideIpVersion TunnelOptions VpnEcmpSupport",
	"Options.TunnelOptions": "DPDTimeoutAction DPDTimeoutSeconds EnableTunnelLifecycleControl " +
		"IKEVersion LogOptions Phase1DHGroupNumber Phase1EncryptionAlgorithm Phase1IntegrityAlgorithm " +
		"Phase1LifetimeSeconds Phase2DHGroupNumber Phase2EncryptionAlgorithm Phase2IntegrityAlgorithm " +
		"Phase2LifetimeSeconds PreSharedKey RekeyFuzzPercentage RekeyMarginTimeSeconds ReplayWindowSize " +
		"StartupAction TunnelInsideCidr TunnelInsideIpv6Cidr",
	"Options.TunnelOptions.LogOptions": "CloudWatchLogOptions",
	"Options.TunnelOptions.LogOptions.CloudWatchLogOptions": "BgpLogEnabled BgpLogGroupArn " +
		"BgpLogOutputFormat LogEnabled LogGroupArn LogOutputFormat",
	"Placement": "Affinity AvailabilityZone AvailabilityZoneId GroupId GroupName HostId " +
		"HostResourceGroupArn PartitionNumber SpreadDomain Tenancy",
	"PortRange": "From To",
	"PrivateDnsNameOptions": "EnableResourceNameDnsAAAARecord EnableResourceNameDnsARecord " +
		"HostnameType",
	"PrivateIpAddresses": "Primary PrivateIpAddress",
	"RemoveEntry":        "Cidr",
	"RequesterPeeringConnectionOptions": "AllowDnsResolutionFromRemoteVpc " +
		"AllowEgressFromLocalClassicLinkToRemoteVpc AllowEgressFromLocalVpcToRemoteClassicLink " +
		"AllowMultipathResilience MultipathResilienceMode",
	"SecurityGroupRule": "SecurityGroupRule SecurityGroupRuleId",
	"SecurityGroupRule.SecurityGroupRule": "CidrIpv4 CidrIpv6 Description FromPort IpProtocol " +
		"PrefixListId ReferencedGroupId ToPort",
	"SecurityGroupRuleDescription": "Description SecurityGroupRuleId",
	"Tag":                          "Key Value",
	"TagSpecification":             "ResourceType Tag",
	"TagSpecification.Tag":         "Key Value",
	"TagSpecifications":            "ResourceType Tag",
	"TagSpecifications.Tag":        "Key Value",
	"VpcEncryptionControl": "ApiGatewayV2Exclusion EgressOnlyInternetGatewayExclusion " +
		"ElasticFileSystemExclusion GlobalAcceleratorExclusion InternetGatewayExclusion LambdaExclusion " +
		"Mode NatGatewayExclusion VirtualPrivateGatewayExclusion VpcLatticeExclusion VpcPeeringExclusion",
})

func withValues(members map[string]string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for path, names := range members {
		all[path] = map[string]bool{}
		for _, name := range strings.Fields(names) {
			all[path][name] = true
		}
	}
	for _, path := range strings.Fields(valueParams) {
		all[path] = map[string]bool{"Value": true}
	}
	return all
}

// unknownMember returns the first part of a parameter's name that its structure hasn't, as EC2 names it:
// https://github.com/aws/aws-sdk-js/issues/57.
func unknownMember(name string) string {
	parts := strings.Split(name, ".")
	path := parts[0]
	for _, part := range parts[1:] {
		if _, err := strconv.Atoi(part); err == nil {
			continue
		}
		if !structures[path][part] {
			return part
		}
		path += "." + part
	}
	return ""
}

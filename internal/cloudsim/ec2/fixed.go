package ec2

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// absent stands for a parameter that this EC2 takes with no value.
const absent = ""

// fixed are the parameters that this EC2 takes with one value alone, the standard one of AWS. With another value they
// would change something on AWS that this EC2 doesn't have. The paths are those of structures.
var fixed = map[string]string{
	"CapacityReservationSpecification.CapacityReservationPreference":                                 "open",
	"CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId":               absent,
	"CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationResourceGroupArn": absent,
	"CpuOptions.AmdSevSnp":            "disabled",
	"CpuOptions.CoreCount":            absent,
	"CpuOptions.NestedVirtualization": "disabled",
	"CpuOptions.ThreadsPerCore":       absent,
	"EnclaveOptions.Enabled":          "false",
	"MaintenanceOptions.AutoRecovery": "default",
	"Monitoring.MetricCategoryId":     absent,
	"Placement.Affinity":              "default",
	"Placement.AvailabilityZoneId":    absent,
	"Placement.GroupId":               absent,
	"Placement.GroupName":             absent,
	"Placement.HostId":                absent,
	"Placement.HostResourceGroupArn":  absent,
	"Placement.PartitionNumber":       absent,
	"Placement.SpreadDomain":          absent,
	"Ipv6Address.IsPrimaryIpv6":       "false",
	"Ipv6Addresses.IsPrimaryIpv6":     "false",
	"Attachment.DefaultEnaQueueCount": absent,
	"Attachment.EnaQueueCount":        absent,

	"NetworkInterface.AssociateCarrierIpAddress":                                   "false",
	"NetworkInterface.ConnectionTrackingSpecification.TcpEstablishedTimeout":       absent,
	"NetworkInterface.ConnectionTrackingSpecification.UdpStreamTimeout":            absent,
	"NetworkInterface.ConnectionTrackingSpecification.UdpTimeout":                  absent,
	"NetworkInterface.EnaQueueCount":                                               absent,
	"NetworkInterface.EnaSrdSpecification.EnaSrdEnabled":                           "false",
	"NetworkInterface.EnaSrdSpecification.EnaSrdUdpSpecification.EnaSrdUdpEnabled": "false",
	"NetworkInterface.InterfaceType":                                               "interface",
	"NetworkInterface.Ipv4Prefix.Ipv4Prefix":                                       absent,
	"NetworkInterface.Ipv4PrefixCount":                                             absent,
	"NetworkInterface.Ipv6Addresses.IsPrimaryIpv6":                                 "false",
	"NetworkInterface.Ipv6Prefix.Ipv6Prefix":                                       absent,
	"NetworkInterface.Ipv6PrefixCount":                                             absent,
	"NetworkInterface.NetworkCardIndex":                                            "0",
	"NetworkInterface.PrimaryIpv6":                                                 "false",

	"IpAddressType":              "ipv4",
	"DnsOptions.DnsRecordIpType": "ipv4",
	"DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint": "false",
	"DnsOptions.PrivateDnsPreference":                     absent,
	"DnsOptions.PrivateDnsSpecifiedDomain":                absent,

	"Options.EnableAcceleration":                            "false",
	"Options.EncryptionSupport":                             "disable",
	"Options.LocalIpv4NetworkCidr":                          "0.0.0.0/0",
	"Options.LocalIpv6NetworkCidr":                          absent,
	"Options.OutsideIpAddressType":                          "PublicIpv4",
	"Options.RemoteIpv4NetworkCidr":                         "0.0.0.0/0",
	"Options.RemoteIpv6NetworkCidr":                         absent,
	"Options.TransportTransitGatewayAttachmentId":           absent,
	"Options.TunnelBandwidth":                               "standard",
	"Options.TunnelInsideIpVersion":                         "ipv4",
	"Options.TunnelOptions.DPDTimeoutAction":                "clear",
	"Options.TunnelOptions.DPDTimeoutSeconds":               "30",
	"Options.TunnelOptions.EnableTunnelLifecycleControl":    "false",
	"Options.TunnelOptions.IKEVersion.Value":                absent,
	"Options.TunnelOptions.Phase1DHGroupNumber.Value":       absent,
	"Options.TunnelOptions.Phase1EncryptionAlgorithm.Value": absent,
	"Options.TunnelOptions.Phase1IntegrityAlgorithm.Value":  absent,
	"Options.TunnelOptions.Phase1LifetimeSeconds":           "28800",
	"Options.TunnelOptions.Phase2DHGroupNumber.Value":       absent,
	"Options.TunnelOptions.Phase2EncryptionAlgorithm.Value": absent,
	"Options.TunnelOptions.Phase2IntegrityAlgorithm.Value":  absent,
	"Options.TunnelOptions.Phase2LifetimeSeconds":           "3600",
	"Options.TunnelOptions.RekeyFuzzPercentage":             "100",
	"Options.TunnelOptions.RekeyMarginTimeSeconds":          absent,
	"Options.TunnelOptions.ReplayWindowSize":                "1024",
	"Options.TunnelOptions.StartupAction":                   "add",
	"Options.TunnelOptions.TunnelInsideIpv6Cidr":            absent,
}

// checkFixed refuses the first parameter, in order of name, that would have no effect.
func (p params) checkFixed() error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		value, isFixed := fixed[withoutNumbers(name)]
		if given := p[name]; !isFixed || given == "" || given == value {
			continue
		}
		if value == absent {
			return refuse("UnsupportedOperation", "The embedded EC2 doesn't have the parameter %s.", name)
		}
		return refuse("UnsupportedOperation", "The embedded EC2 has the parameter %s with the value '%s' alone.", name, value)
	}
	return nil
}

// withoutNumbers is the path of a parameter: NetworkInterface.SubnetId for NetworkInterface.1.SubnetId.
func withoutNumbers(name string) string {
	if !strings.Contains(name, ".") {
		return name
	}
	parts := slices.DeleteFunc(strings.Split(name, "."), func(part string) bool {
		_, err := strconv.Atoi(part)
		return err == nil
	})
	return strings.Join(parts, ".")
}

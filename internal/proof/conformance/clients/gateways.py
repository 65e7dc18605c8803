"""What routes lead to beside peering: interfaces, NAT, VPN and transit gateways, endpoints, prefix lists; elastic IP addresses."""

from clients import tags, where

UNKNOWN = "0123456789abcdef0"


def drive(cloud):
    report, ec2 = cloud.report, cloud.client("ec2", region="ap-southeast-2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    block = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", Ipv6CidrBlock=block.replace("/56", "/64"))["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    _interfaces(report, ec2, subnet)
    _nat(report, ec2, subnet, table)
    _egress_only(report, ec2, vpc, table)
    _vpn(report, ec2, vpc, table)
    _transit(report, ec2, vpc, subnet, table)
    _endpoints(report, ec2, vpc, subnet, table)
    _lists(cloud, ec2, table, gateway)
    for call, parameter, prefix, code in (
        (ec2.describe_network_interfaces, "NetworkInterfaceIds", "eni-", "InvalidNetworkInterfaceID.NotFound"),
        (ec2.describe_nat_gateways, "NatGatewayIds", "nat-", "NatGatewayNotFound"),
        (ec2.describe_vpc_endpoints, "VpcEndpointIds", "vpce-", "InvalidVpcEndpointId.NotFound"),
        (ec2.describe_vpn_gateways, "VpnGatewayIds", "vgw-", "InvalidVpnGatewayID.NotFound"),
        (ec2.describe_transit_gateways, "TransitGatewayIds", "tgw-", "InvalidTransitGatewayID.NotFound"),
        (ec2.describe_addresses, "AllocationIds", "eipalloc-", "InvalidAllocationID.NotFound"),
    ):
        cloud.refuses(code, 400, call, **{parameter: [prefix + UNKNOWN]})


def _interfaces(report, ec2, subnet):
    made = ec2.create_network_interface(
        SubnetId=subnet, Description="judged", SecondaryPrivateIpAddressCount=1, Ipv6AddressCount=1, TagSpecifications=tags("network-interface", Name="judged"),
    )["NetworkInterface"]["NetworkInterfaceId"]
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[made], WaiterConfig={"Delay": 1})
    more = ec2.assign_private_ip_addresses(NetworkInterfaceId=made, SecondaryPrivateIpAddressCount=1)
    report.has("AssignPrivateIpAddresses", more, ["NetworkInterfaceId", "AssignedPrivateIpAddresses.PrivateIpAddress"])
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=made, PrivateIpAddresses=[a["PrivateIpAddress"] for a in more["AssignedPrivateIpAddresses"]])
    six = ec2.assign_ipv6_addresses(NetworkInterfaceId=made, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    report.check("UnassignIpv6Addresses", six, ec2.unassign_ipv6_addresses(NetworkInterfaceId=made, Ipv6Addresses=six)["UnassignedIpv6Addresses"])
    ec2.modify_network_interface_attribute(NetworkInterfaceId=made, SourceDestCheck={"Value": False})
    checked = ec2.describe_network_interface_attribute(NetworkInterfaceId=made, Attribute="sourceDestCheck")
    report.check("sourceDestCheck", {"Value": False}, checked["SourceDestCheck"])
    instance = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]["InstanceId"]
    attachment = ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId=instance, DeviceIndex=1)["AttachmentId"]
    report.has("DescribeNetworkInterfaces", ec2.describe_network_interfaces(NetworkInterfaceIds=[made])["NetworkInterfaces"], [
        "NetworkInterfaceId", "SubnetId", "VpcId", "OwnerId", "AvailabilityZone", "Description", "Status", "MacAddress", "InterfaceType", "PrivateIpAddress",
        "PrivateIpAddresses.PrivateIpAddress", "PrivateIpAddresses.Primary", "Ipv6Addresses.Ipv6Address", "Groups.GroupId", "TagSet.Key", "Attachment.InstanceId",
        "Attachment.DeviceIndex", "Attachment.Status", "Attachment.AttachTime", "Attachment.DeleteOnTermination", "SourceDestCheck", "RequesterManaged",
    ])
    ec2.describe_network_interface_attribute(NetworkInterfaceId=made, Attribute="attachment")
    ec2.detach_network_interface(AttachmentId=attachment)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", Name="judged"))
    report.has("AllocateAddress", address, ["PublicIp", "AllocationId", "Domain", "NetworkBorderGroup", "PublicIpv4Pool"])
    bound = ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)["AssociationId"]
    report.has("DescribeAddresses", ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"], [
        "PublicIp", "AllocationId", "Domain", "AssociationId", "InstanceId", "NetworkInterfaceId", "NetworkInterfaceOwnerId", "PrivateIpAddress", "Tags.Key",
    ])
    ec2.describe_addresses_attribute(AllocationIds=[address["AllocationId"]], Attribute="domain-name")
    shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    report.check("the public address of an instance", address["PublicIp"], shown.get("PublicIpAddress"))
    ec2.disassociate_address(AssociationId=bound)
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_network_interface(NetworkInterfaceId=made)


def _nat(report, ec2, subnet, table):
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=tags("natgateway", Name="judged"))["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig={"Delay": 1})
    report.has("DescribeNatGateways", ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"], [
        "NatGatewayId", "SubnetId", "VpcId", "State", "ConnectivityType", "CreateTime", "Tags.Key", "NatGatewayAddresses.AllocationId",
        "NatGatewayAddresses.NetworkInterfaceId", "NatGatewayAddresses.PrivateIp", "NatGatewayAddresses.PublicIp", "NatGatewayAddresses.IsPrimary",
    ])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", NatGatewayId=nat)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig={"Delay": 1})
    _state(report, ec2, table, "NatGatewayId", nat, "blackhole")
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24")
    ec2.release_address(AllocationId=address)


def _state(report, ec2, table, target, wanted, state):
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    report.check(f"the route by {target}", [state], [r["State"] for r in routes if r.get(target) == wanted])


def _egress_only(report, ec2, vpc, table):
    made = ec2.create_egress_only_internet_gateway(VpcId=vpc, TagSpecifications=tags("egress-only-internet-gateway", Name="judged"))
    gateway = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    shown = ec2.describe_egress_only_internet_gateways(EgressOnlyInternetGatewayIds=[gateway])["EgressOnlyInternetGateways"]
    report.has("DescribeEgressOnlyInternetGateways", shown, ["EgressOnlyInternetGatewayId", "Attachments.State", "Attachments.VpcId", "Tags.Key"])
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=gateway)
    _state(report, ec2, table, "EgressOnlyInternetGatewayId", gateway, "active")
    ec2.delete_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0")
    report.check("DeleteEgressOnlyInternetGateway", True, ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway)["ReturnCode"])


def _vpn(report, ec2, vpc, table):
    gateway = ec2.create_vpn_gateway(Type="ipsec.1", TagSpecifications=tags("vpn-gateway", Name="judged"))["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    report.has("DescribeVpnGateways", ec2.describe_vpn_gateways(VpnGatewayIds=[gateway])["VpnGateways"], [
        "VpnGatewayId", "State", "Type", "AmazonSideAsn", "VpcAttachments.VpcId", "VpcAttachments.State", "Tags.Key",
    ])
    ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId=gateway)
    report.has("a table with propagation", ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"], ["PropagatingVgws.GatewayId"])
    ec2.disable_vgw_route_propagation(RouteTableId=table, GatewayId=gateway)
    ec2.detach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    ec2.delete_vpn_gateway(VpnGatewayId=gateway)


def _transit(report, ec2, vpc, subnet, table):
    gateway = ec2.create_transit_gateway(Description="judged", TagSpecifications=tags("transit-gateway", Name="judged"))["TransitGateway"]["TransitGatewayId"]
    report.has("DescribeTransitGateways", ec2.describe_transit_gateways(TransitGatewayIds=[gateway])["TransitGateways"], [
        "TransitGatewayId", "TransitGatewayArn", "State", "OwnerId", "Description", "CreationTime", "Options.AmazonSideAsn", "Tags.Key",
    ])
    attachment = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet], TagSpecifications=tags("transit-gateway-attachment", Name="judged"),
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    shown = ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[attachment])["TransitGatewayVpcAttachments"]
    report.has("DescribeTransitGatewayVpcAttachments", shown, [
        "TransitGatewayAttachmentId", "TransitGatewayId", "VpcId", "VpcOwnerId", "State", "SubnetIds", "CreationTime", "Options.DnsSupport", "Tags.Key",
    ])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", TransitGatewayId=gateway)
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    _state(report, ec2, table, "TransitGatewayId", gateway, "blackhole")
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24")
    ec2.delete_transit_gateway(TransitGatewayId=gateway)


def _endpoints(report, ec2, vpc, subnet, table):
    names = ec2.describe_vpc_endpoint_services(Filters=[{"Name": "service-type", "Values": ["Gateway"]}])["ServiceNames"]
    service = "com.amazonaws.ap-southeast-2.s3"
    report.check("services with gateway endpoints", True, service in names)
    gateway = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, RouteTableIds=[table], TagSpecifications=tags("vpc-endpoint", Name="judged"))["VpcEndpoint"]
    ids = [gateway["VpcEndpointId"]]
    report.has("DescribeVpcEndpoints", ec2.describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"], [
        "VpcEndpointId", "VpcEndpointType", "VpcId", "ServiceName", "State", "PolicyDocument", "RouteTableIds", "OwnerId", "CreationTimestamp", "Tags.Key",
    ])
    _state(report, ec2, table, "GatewayId", ids[0], "active")
    ec2.modify_vpc_endpoint(VpcEndpointId=ids[0], RemoveRouteTableIds=[table])
    private = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.ap-southeast-2.ssm", VpcEndpointType="Interface", SubnetIds=[subnet], PrivateDnsEnabled=True,
    )["VpcEndpoint"]
    report.has("an interface endpoint", private, ["NetworkInterfaceIds", "SubnetIds", "Groups.GroupId", "PrivateDnsEnabled", "DnsEntries.DnsName"])
    report.check("DeleteVpcEndpoints", [], ec2.delete_vpc_endpoints(VpcEndpointIds=[*ids, private["VpcEndpointId"]])["Unsuccessful"])


def _lists(cloud, ec2, table, gateway):
    report = cloud.report
    shown = ec2.describe_prefix_lists(Filters=where(prefix_list_name="com.amazonaws.ap-southeast-2.s3"))["PrefixLists"]
    report.has("DescribePrefixLists", shown, ["PrefixListId", "PrefixListName", "Cidrs"])
    owned = ec2.describe_managed_prefix_lists(PrefixListIds=[shown[0]["PrefixListId"]])["PrefixLists"]
    report.check("the owner of AWS's lists", "AWS", owned[0]["OwnerId"])
    made = ec2.create_managed_prefix_list(PrefixListName="routed", MaxEntries=2, AddressFamily="IPv4")["PrefixList"]["PrefixListId"]
    changed = ec2.modify_managed_prefix_list(PrefixListId=made, CurrentVersion=1, AddEntries=[{"Cidr": "10.9.0.0/16"}])["PrefixList"]
    report.check("the version of a modified list", 2, changed["Version"])
    cloud.refuses(
        "PrefixListVersionMismatch", 400, ec2.modify_managed_prefix_list, PrefixListId=made, CurrentVersion=1, AddEntries=[{"Cidr": "10.8.0.0/16"}],
    )
    ec2.create_route(RouteTableId=table, DestinationPrefixListId=made, GatewayId=gateway)
    _state(report, ec2, table, "DestinationPrefixListId", made, "active")
    cloud.refuses("DependencyViolation", 400, ec2.delete_managed_prefix_list, PrefixListId=made)
    ec2.delete_route(RouteTableId=table, DestinationPrefixListId=made)
    ec2.delete_managed_prefix_list(PrefixListId=made)

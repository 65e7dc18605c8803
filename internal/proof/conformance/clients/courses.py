"""What courses call beside VPCs: key pairs, stopped instances, VPN connections, transit route tables, flow logs."""

from clients import tags, where

UNKNOWN = "0123456789abcdef0"


def drive(cloud):
    ec2 = cloud.client("ec2", region="eu-north-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    _key_pairs(cloud, ec2)
    _states(cloud, ec2, subnet)
    _groups(cloud, ec2, vpc)
    _lists(cloud, ec2)
    _reservations(cloud, ec2, subnet)
    _vpn(cloud, ec2, vpc)
    _transit(cloud, ec2, vpc, subnet)
    _flow_logs(cloud, ec2, vpc)
    _nothing(cloud, ec2, vpc)


def _key_pairs(cloud, ec2):
    made = ec2.create_key_pair(KeyName="judged", KeyType="ed25519", TagSpecifications=tags("key-pair", Name="judged"))
    cloud.report.has("CreateKeyPair", made, ["KeyPairId", "KeyName", "KeyFingerprint", "KeyMaterial", "Tags.Key"])
    public = ec2.describe_key_pairs(KeyNames=["judged"], IncludePublicKey=True)["KeyPairs"]
    cloud.report.has("DescribeKeyPairs", public, ["KeyType", "PublicKey", "CreateTime", "Tags.Key"])
    again = ec2.import_key_pair(KeyName="imported", PublicKeyMaterial=public[0]["PublicKey"].encode())
    cloud.report.check("the fingerprint of an imported key", made["KeyFingerprint"], again["KeyFingerprint"])
    cloud.refuses("InvalidKeyPair.Duplicate", 400, ec2.create_key_pair, KeyName="judged")
    cloud.report.has("DeleteKeyPair", ec2.delete_key_pair(KeyName="judged"), ["Return", "KeyPairId"])
    cloud.refuses("InvalidKeyPair.NotFound", 400, ec2.describe_key_pairs, KeyNames=["judged"])


def _states(cloud, ec2, subnet):
    instance = ec2.run_instances(ImageId="ami-" + UNKNOWN, MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]
    one = {"InstanceIds": [instance["InstanceId"]]}
    states = ["InstanceId", "CurrentState.Code", "CurrentState.Name", "PreviousState.Name"]
    cloud.report.has("StopInstances", ec2.stop_instances(**one)["StoppingInstances"], states)
    ec2.get_waiter("instance_stopped").wait(**one)
    shown = ec2.describe_instances(**one)["Reservations"][0]["Instances"]
    cloud.report.has("a stopped instance", shown, ["StateReason.Code", "StateTransitionReason", "PrivateIpAddress"])
    cloud.report.has("StartInstances", ec2.start_instances(**one)["StartingInstances"], states)
    ec2.get_waiter("instance_running").wait(**one)
    ec2.reboot_instances(**one)
    ec2.terminate_instances(**one)


def _groups(cloud, ec2, vpc):
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="shared", Description="shared", VpcId=vpc)["GroupId"]
    pair = {"GroupId": group, "VpcId": other}
    cloud.report.check("AssociateSecurityGroupVpc", "associating", ec2.associate_security_group_vpc(**pair)["State"])
    shown = ec2.describe_security_group_vpc_associations(Filters=where(group_id=group))["SecurityGroupVpcAssociations"]
    cloud.report.has("DescribeSecurityGroupVpcAssociations", shown, ["GroupId", "GroupOwnerId", "VpcId", "VpcOwnerId", "State"])
    usable = ec2.get_security_groups_for_vpc(VpcId=other)["SecurityGroupForVpcs"]
    cloud.report.has("GetSecurityGroupsForVpc", usable, ["GroupId", "GroupName", "Description", "OwnerId", "PrimaryVpcId"])
    cloud.report.check("DisassociateSecurityGroupVpc", "disassociating", ec2.disassociate_security_group_vpc(**pair)["State"])
    ec2.delete_vpc(VpcId=other)


def _lists(cloud, ec2):
    made = ec2.create_managed_prefix_list(PrefixListName="kept", MaxEntries=1, AddressFamily="IPv4")["PrefixList"]["PrefixListId"]
    ec2.modify_managed_prefix_list(PrefixListId=made, CurrentVersion=1, AddEntries=[{"Cidr": "10.9.0.0/16"}])
    restored = ec2.restore_managed_prefix_list_version(PrefixListId=made, PreviousVersion=1, CurrentVersion=2)["PrefixList"]
    cloud.report.check("RestoreManagedPrefixListVersion", (3, "restore-in-progress"), (restored["Version"], restored["State"]))
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="listed", Description="listed", VpcId=vpc)["GroupId"]
    source = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": made}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[source])
    found = ec2.get_managed_prefix_list_associations(PrefixListId=made)["PrefixListAssociations"]
    cloud.report.has("GetManagedPrefixListAssociations", found, ["ResourceId", "ResourceOwner"])


def _reservations(cloud, ec2, subnet):
    made = ec2.create_subnet_cidr_reservation(SubnetId=subnet, Cidr="10.0.1.16/28", ReservationType="explicit", Description="judged")
    one = made["SubnetCidrReservation"]["SubnetCidrReservationId"]
    shown = ec2.get_subnet_cidr_reservations(SubnetId=subnet)["SubnetIpv4CidrReservations"]
    cloud.report.has("GetSubnetCidrReservations", shown, ["SubnetCidrReservationId", "Cidr", "ReservationType", "OwnerId", "Description"])
    ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=one)
    cloud.refuses("InvalidSubnetCidrReservationID.NotFound", 400, ec2.delete_subnet_cidr_reservation, SubnetCidrReservationId=one)


def _vpn(cloud, ec2, vpc):
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
    customer = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="192.0.2.1", BgpAsn=65000)["CustomerGateway"]["CustomerGatewayId"]
    ec2.get_waiter("customer_gateway_available").wait(CustomerGatewayIds=[customer])
    made = ec2.create_vpn_connection(
        Type="ipsec.1", CustomerGatewayId=customer, VpnGatewayId=gateway, Options={"StaticRoutesOnly": True},
    )["VpnConnection"]["VpnConnectionId"]
    ec2.get_waiter("vpn_connection_available").wait(VpnConnectionIds=[made])
    table = ec2.describe_route_tables(Filters=where(vpc_id=vpc))["RouteTables"][0]["RouteTableId"]
    ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId=gateway)
    ec2.create_vpn_connection_route(VpnConnectionId=made, DestinationCidrBlock="192.168.0.0/16")
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    origin = [r["Origin"] for r in routes if r["DestinationCidrBlock"] == "192.168.0.0/16"]
    cloud.report.check("a static route of a VPN connection", ["EnableVgwRoutePropagation"], origin)
    shown = ec2.describe_vpn_connections(VpnConnectionIds=[made])["VpnConnections"]
    cloud.report.has("DescribeVpnConnections", shown, [
        "CustomerGatewayConfiguration", "Options.TunnelOptions.OutsideIpAddress", "Routes.DestinationCidrBlock", "VgwTelemetry.Status",
    ])
    ec2.delete_vpn_connection_route(VpnConnectionId=made, DestinationCidrBlock="192.168.0.0/16")
    cloud.refuses("IncorrectState", 400, ec2.delete_customer_gateway, CustomerGatewayId=customer)
    ec2.delete_vpn_connection(VpnConnectionId=made)
    ec2.delete_customer_gateway(CustomerGatewayId=customer)
    cloud.refuses("InvalidCustomerGatewayID.NotFound", 400, ec2.describe_customer_gateways, CustomerGatewayIds=[customer])


def _transit(cloud, ec2, vpc, subnet):
    gateway = ec2.create_transit_gateway()["TransitGateway"]
    table = gateway["Options"]["AssociationDefaultRouteTableId"]
    made = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway["TransitGatewayId"], VpcId=vpc, SubnetIds=[subnet], Options={"DnsSupport": "disable"})
    attachment = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    shown = ec2.describe_transit_gateway_attachments(Filters=where(resource_id=vpc))["TransitGatewayAttachments"]
    cloud.report.has("DescribeTransitGatewayAttachments", shown, ["ResourceType", "State", "Association.TransitGatewayRouteTableId"])
    tables = ec2.describe_transit_gateway_route_tables(TransitGatewayRouteTableIds=[table])["TransitGatewayRouteTables"]
    cloud.report.has("DescribeTransitGatewayRouteTables", tables, ["TransitGatewayId", "DefaultAssociationRouteTable", "CreationTime"])
    routes = ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=where(type="propagated"))["Routes"]
    cloud.report.has("SearchTransitGatewayRoutes", routes, ["DestinationCidrBlock", "State", "TransitGatewayAttachments.ResourceId"])
    _transit_tables(cloud.report, ec2, gateway["TransitGatewayId"], attachment, table)
    ec2.modify_transit_gateway(TransitGatewayId=gateway["TransitGatewayId"], Options={"DnsSupport": "disable"})
    ec2.modify_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment, Options={"ApplianceModeSupport": "enable"})


def _transit_tables(report, ec2, gateway, attachment, default):
    table = ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
    pair = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": attachment}
    ec2.disassociate_transit_gateway_route_table(**{**pair, "TransitGatewayRouteTableId": default})
    ec2.associate_transit_gateway_route_table(**pair)
    ec2.enable_transit_gateway_route_table_propagation(**pair)
    shown = ec2.get_transit_gateway_route_table_associations(TransitGatewayRouteTableId=table)["Associations"]
    report.has("GetTransitGatewayRouteTableAssociations", shown, ["TransitGatewayAttachmentId", "ResourceId", "ResourceType", "State"])
    shown = ec2.get_transit_gateway_route_table_propagations(TransitGatewayRouteTableId=table)["TransitGatewayRouteTablePropagations"]
    report.has("GetTransitGatewayRouteTablePropagations", shown, ["TransitGatewayAttachmentId", "ResourceId", "ResourceType", "State"])
    where_to = {"TransitGatewayRouteTableId": table, "DestinationCidrBlock": "192.0.2.0/24"}
    route = ec2.create_transit_gateway_route(TransitGatewayAttachmentId=attachment, **where_to)["Route"]
    report.has("CreateTransitGatewayRoute", [route], ["DestinationCidrBlock", "Type", "State", "TransitGatewayAttachments.ResourceId"])
    ec2.replace_transit_gateway_route(Blackhole=True, **where_to)
    ec2.delete_transit_gateway_route(**where_to)
    ec2.disable_transit_gateway_route_table_propagation(**pair)
    ec2.disassociate_transit_gateway_route_table(**pair)
    ec2.delete_transit_gateway_route_table(TransitGatewayRouteTableId=table)


def _flow_logs(cloud, ec2, vpc):
    wanted = {
        "ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::logs", "TagSpecifications": tags("vpc-flow-log", Name="judged"),
    }
    made = ec2.create_flow_logs(**wanted)["FlowLogIds"]
    cloud.refuses("FlowLogAlreadyExists", 400, ec2.create_flow_logs, **wanted)
    shown = ec2.describe_flow_logs(FlowLogIds=made)["FlowLogs"]
    cloud.report.has("DescribeFlowLogs", shown, ["FlowLogStatus", "LogFormat", "MaxAggregationInterval", "CreationTime", "Tags.Key"])
    ec2.delete_flow_logs(FlowLogIds=made)
    cloud.refuses("InvalidFlowLogId.NotFound", 400, ec2.delete_flow_logs, FlowLogIds=made)


def _nothing(cloud, ec2, vpc):
    for call, name in (
        (ec2.describe_carrier_gateways, "CarrierGateways"), (ec2.describe_local_gateways, "LocalGateways"),
        (ec2.describe_ipv6_pools, "Ipv6Pools"), (ec2.describe_public_ipv4_pools, "PublicIpv4Pools"),
        (ec2.describe_vpc_block_public_access_exclusions, "VpcBlockPublicAccessExclusions"),
        (ec2.describe_vpc_endpoint_connections, "VpcEndpointConnections"),
        (ec2.describe_vpc_endpoint_service_configurations, "ServiceConfigurations"),
        (ec2.describe_ipams, "Ipams"), (ec2.describe_ipam_pools, "IpamPools"),
    ):
        cloud.report.check(f"{name} of a new account", [], call()[name])
    options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    cloud.report.check("the mode of VPC Block Public Access", "off", options["InternetGatewayBlockMode"])
    cloud.report.check("ClassicLink", False, ec2.describe_vpc_classic_link(VpcIds=[vpc])["Vpcs"][0]["ClassicLinkEnabled"])
    names = ec2.describe_vpc_classic_link_dns_support(VpcIds=[vpc])["Vpcs"]
    cloud.report.check("ClassicLink's DNS names", False, names[0]["ClassicLinkDnsSupported"])

"""EC2 without peering: VPCs, subnets, gateways, route tables, security groups, network ACLs, instances, tags."""

from clients import tags, where


def drive(cloud):
    report, ec2 = cloud.report, cloud.client("ec2")
    vpc = _vpc(report, ec2)
    subnet, other = _subnets(report, ec2, vpc)
    gateway = _gateway(report, ec2, vpc)
    _tables(report, ec2, vpc, subnet, gateway)
    group = _groups(report, ec2, vpc)
    _acls(report, ec2, vpc, subnet)
    _instances(report, ec2, subnet, group)
    _tags(report, ec2, vpc)
    _end(report, ec2, vpc, (subnet, other), gateway, group)


def _vpc(report, ec2):
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True, TagSpecifications=tags("vpc", Name="judged"))["Vpc"]
    vpc = made["VpcId"]
    ec2.get_waiter("vpc_exists").wait(VpcIds=[vpc])
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc], WaiterConfig={"Delay": 1})
    second = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    described = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
    report.has("DescribeVpcs", described, [
        "VpcId", "OwnerId", "State", "CidrBlock", "DhcpOptionsId", "InstanceTenancy", "IsDefault", "Tags.Key",
        "CidrBlockAssociationSet.AssociationId", "CidrBlockAssociationSet.CidrBlock", "CidrBlockAssociationSet.CidrBlockState.State",
        "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
    ])
    report.check("blocks of the VPC", ["10.0.0.0/16", "10.1.0.0/16"], sorted(a["CidrBlock"] for a in described["CidrBlockAssociationSet"]))
    ec2.disassociate_vpc_cidr_block(AssociationId=second["AssociationId"])
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    report.check("enableDnsHostnames", {"Value": True}, ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"])
    report.check("enableDnsSupport", {"Value": True}, ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")["EnableDnsSupport"])
    return vpc


def _subnets(report, ec2, vpc):
    made = [ec2.create_subnet(VpcId=vpc, CidrBlock=block, TagSpecifications=tags("subnet", Tier="private"))["Subnet"]["SubnetId"]
            for block in ("10.0.1.0/24", "10.0.2.0/24")]
    ec2.get_waiter("subnet_available").wait(SubnetIds=made)
    report.has("DescribeSubnets", ec2.describe_subnets(Filters=where(vpc_id=vpc))["Subnets"], [
        "SubnetId", "SubnetArn", "VpcId", "OwnerId", "State", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId",
        "AvailableIpAddressCount", "DefaultForAz", "MapPublicIpOnLaunch", "Tags.Value",
    ])
    return made


def _gateway(report, ec2, vpc):
    gateway = ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway", Name="judged"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    report.has("DescribeInternetGateways", ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["InternetGateways"], [
        "InternetGatewayId", "OwnerId", "Attachments.VpcId", "Attachments.State", "Tags.Key",
    ])
    return gateway


def _tables(report, ec2, vpc, subnet, gateway):
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table", Name="judged"))["RouteTable"]["RouteTableId"]
    spare = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    report.check("CreateRoute answers", True, ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)["Return"])
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    described = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
    report.has("DescribeRouteTables", described, [
        "RouteTableId", "VpcId", "OwnerId", "Routes.State", "Routes.Origin", "Routes.GatewayId", "Tags.Key",
        "Associations.RouteTableAssociationId", "Associations.RouteTableId", "Associations.SubnetId", "Associations.Main", "Associations.AssociationState.State",
    ])
    main = ec2.describe_route_tables(Filters=[*where(vpc_id=vpc), {"Name": "association.main", "Values": ["true"]}])["RouteTables"]
    report.check("main route tables of a VPC", 1, len(main))
    report.check("the main association names no subnet", False, "SubnetId" in main[0]["Associations"][0])
    moved = ec2.replace_route_table_association(AssociationId=association, RouteTableId=spare)
    report.has("ReplaceRouteTableAssociation", moved, ["NewAssociationId", "AssociationState.State"])
    ec2.disassociate_route_table(AssociationId=moved["NewAssociationId"])
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    for unused in (table, spare):
        ec2.delete_route_table(RouteTableId=unused)


def _groups(report, ec2, vpc):
    made = ec2.create_security_group(GroupName="judged", Description="judged", VpcId=vpc, TagSpecifications=tags("security-group", Role="server"))
    report.has("CreateSecurityGroup", made, ["GroupId", "SecurityGroupArn", "Tags.Key"])
    group = made["GroupId"]
    ec2.get_waiter("security_group_exists").wait(GroupIds=[group])
    web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.9.0.0/16", "Description": "web"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/56"}]}
    own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    ping = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.8.0.0/16"}]}
    added = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web, own, ping], TagSpecifications=tags("security-group-rule", judged="yes"))
    report.check("rules of several permissions, all returned", 4, len(added["SecurityGroupRules"]))
    report.has("AuthorizeSecurityGroupIngress", added["SecurityGroupRules"], [
        "SecurityGroupRuleId", "GroupId", "GroupOwnerId", "IsEgress", "IpProtocol", "FromPort", "ToPort", "SecurityGroupRuleArn", "Tags.Value",
    ])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[ping])
    described = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    report.has("DescribeSecurityGroups", described, [
        "OwnerId", "GroupId", "GroupName", "Description", "VpcId", "SecurityGroupArn", "Tags.Key", "IpPermissions.IpProtocol", "IpPermissionsEgress.IpProtocol",
    ])
    everything = [p for p in described["IpPermissionsEgress"] if p["IpProtocol"] == "-1"]
    report.check("all traffic has no ports among a group's permissions", False, "FromPort" in everything[0])
    rules = ec2.describe_security_group_rules(Filters=[*where(group_id=group), {"Name": "tag:judged", "Values": ["yes"]}])["SecurityGroupRules"]
    report.check("rules by tag", sorted(r["SecurityGroupRuleId"] for r in added["SecurityGroupRules"]), sorted(r["SecurityGroupRuleId"] for r in rules))
    pinged = next(r["SecurityGroupRuleId"] for r in rules if r["IpProtocol"] == "icmp")
    echo = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0, "CidrIpv4": "10.8.0.0/16"}
    changed = ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": pinged, "SecurityGroupRule": echo}])
    report.has("ModifySecurityGroupRules", changed, ["Return"])
    kept = ec2.describe_security_group_rules(SecurityGroupRuleIds=[pinged])["SecurityGroupRules"][0]
    report.check("a modified rule keeps its id and tags", (8, "yes"), (kept["FromPort"], kept["Tags"][0]["Value"]))
    gone = ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[r["SecurityGroupRuleId"] for r in rules])
    report.has("RevokeSecurityGroupIngress", gone, ["Return", "RevokedSecurityGroupRules.SecurityGroupRuleId", "RevokedSecurityGroupRules.GroupId", "RevokedSecurityGroupRules.IsEgress"])
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[ping])
    report.check("references to a group without peering", [], ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"])
    report.check("stale groups of a VPC without peering", [], ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"])
    return group


def _acls(report, ec2, vpc, subnet):
    acl = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags("network-acl", Name="judged"))["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 90, "Egress": False, "CidrBlock": "10.9.0.0/16"}
    ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="allow", PortRange={"From": 443, "To": 443})
    ec2.create_network_acl_entry(**{**entry, "Egress": True}, Protocol="1", RuleAction="deny", IcmpTypeCode={"Type": -1, "Code": -1})
    ec2.replace_network_acl_entry(**entry, Protocol="17", RuleAction="deny", PortRange={"From": 53, "To": 53})
    before = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"][0]
    report.has("DescribeNetworkAcls", before, [
        "NetworkAclId", "VpcId", "OwnerId", "IsDefault", "Entries.RuleNumber", "Entries.Protocol", "Entries.RuleAction", "Entries.Egress",
        "Associations.NetworkAclAssociationId", "Associations.NetworkAclId", "Associations.SubnetId",
    ])
    for target in (acl, before["NetworkAclId"]):
        now = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"][0]
        association = next(a["NetworkAclAssociationId"] for a in now["Associations"] if a["SubnetId"] == subnet)
        report.has("ReplaceNetworkAclAssociation", ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=target), ["NewAssociationId"])
    ours = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]
    report.check("entries of a network ACL, the last of each direction included", [90, 90, 32767, 32767], sorted(e["RuleNumber"] for e in ours["Entries"] if "Ipv6CidrBlock" not in e))
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=90, Egress=False)
    ec2.delete_network_acl(NetworkAclId=acl)


def _instances(report, ec2, subnet, group):
    made = ec2.run_instances(
        ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet, PrivateIpAddress="10.0.1.10", SecurityGroupIds=[group],
        TagSpecifications=tags("instance", Name="judged"),
    )["Instances"][0]
    described = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"]
    report.has("DescribeInstances", described, [
        "ReservationId", "OwnerId", "Instances.InstanceId", "Instances.State.Name", "Instances.State.Code", "Instances.SubnetId", "Instances.VpcId",
        "Instances.PrivateIpAddress", "Instances.SecurityGroups.GroupId", "Instances.Tags.Key",
    ])
    ended = ec2.terminate_instances(InstanceIds=[made["InstanceId"]])["TerminatingInstances"]
    report.has("TerminateInstances", ended, ["InstanceId", "CurrentState.Name", "PreviousState.Name"])


def _tags(report, ec2, vpc):
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    found = ec2.describe_tags(Filters=where(resource_id=vpc))["Tags"]
    report.has("DescribeTags", found, ["Key", "Value", "ResourceId", "ResourceType"])
    report.check("tags of the VPC", {"Name": "judged", "a": "1", "b": ""}, {t["Key"]: t["Value"] for t in found})
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "a"}, {"Key": "b", "Value": "another"}])
    report.check("tags are deleted by key, or by key and value", {"Name", "b"}, {t["Key"] for t in ec2.describe_tags(Filters=where(resource_id=vpc))["Tags"]})


def _end(report, ec2, vpc, subnets, gateway, group):
    ec2.delete_security_group(GroupId=group)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    report.check("a VPC that is deleted", [], ec2.describe_vpcs(Filters=where(vpc_id=vpc))["Vpcs"])

"""What newcomers and their tools call: the default VPC, attributes, zones, DHCP options, options of instances."""

from clients import AWAY, tags, where


def drive(cloud):
    report, ec2 = cloud.report, cloud.client("ec2")
    _region(report, ec2)
    _default_vpc(cloud, cloud.client("ec2", region=AWAY))
    vpc, subnet = _attributes(report, ec2)
    _dhcp(report, ec2, vpc)
    _descriptions(report, ec2, vpc)
    _instance(cloud, ec2, subnet)
    _types(report, ec2)
    _role(report, cloud)


def _region(report, ec2):
    report.has("DescribeAvailabilityZones", ec2.describe_availability_zones(Filters=where(state="available"))["AvailabilityZones"], [
        "ZoneName", "ZoneId", "State", "ZoneType", "RegionName", "GroupName", "NetworkBorderGroup", "OptInStatus",
    ])
    report.has("DescribeRegions", ec2.describe_regions(AllRegions=True)["Regions"], ["RegionName", "Endpoint", "OptInStatus"])
    found = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    report.has("DescribeAccountAttributes", found, ["AttributeName", "AttributeValues.AttributeValue"])


def _default_vpc(cloud, ec2):
    report = cloud.report
    vpc = ec2.describe_vpcs(Filters=where(is_default="true"))["Vpcs"][0]["VpcId"]
    cloud.refuses("DefaultVpcAlreadyExists", 400, ec2.create_default_vpc)
    subnets = ec2.describe_subnets(Filters=where(vpc_id=vpc, default_for_az="true"))["Subnets"]
    report.check("a default subnet in each zone", len(ec2.describe_availability_zones()["AvailabilityZones"]), len(subnets))
    group = ec2.create_security_group(GroupName="default-vpc", Description="without VpcId")["GroupId"]
    report.check("a group without VpcId", vpc, ec2.describe_security_groups(GroupNames=["default-vpc"])["SecurityGroups"][0]["VpcId"])
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnets[0]["SubnetId"])
    again = ec2.create_default_subnet(AvailabilityZone=subnets[0]["AvailabilityZone"])["Subnet"]
    report.check("a default subnet that is made again", (True, True), (again["DefaultForAz"], again["MapPublicIpOnLaunch"]))
    routes = ec2.describe_route_tables(Filters=where(vpc_id=vpc))["RouteTables"][0]["Routes"]
    gateway = next(r["GatewayId"] for r in routes if r["DestinationCidrBlock"] == "0.0.0.0/0")
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    for subnet in ec2.describe_subnets(Filters=where(vpc_id=vpc))["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc)
    report.check("a default VPC that is made again", True, ec2.create_default_vpc()["Vpc"]["IsDefault"])


def _attributes(report, ec2):
    made = ec2.create_vpc(CidrBlock="10.60.0.0/16", InstanceTenancy="dedicated", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    vpc = made["VpcId"]
    report.has("the IPv6 block of a VPC", made["Ipv6CidrBlockAssociationSet"], ["AssociationId", "Ipv6Pool", "NetworkBorderGroup"])
    report.check("ModifyVpcTenancy", True, ec2.modify_vpc_tenancy(VpcId=vpc, InstanceTenancy="default")["ReturnValue"])
    ec2.modify_vpc_attribute(VpcId=vpc, EnableNetworkAddressUsageMetrics={"Value": True})
    metrics = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableNetworkAddressUsageMetrics")
    report.check("enableNetworkAddressUsageMetrics", {"Value": True}, metrics["EnableNetworkAddressUsageMetrics"])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.60.1.0/24", AvailabilityZoneId="use1-az1")["Subnet"]["SubnetId"]
    six = made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    association = ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=six)["Ipv6CidrBlockAssociation"]["AssociationId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    shown = ec2.describe_subnets(Filters=where(vpc_id=vpc, map_public_ip_on_launch="true"))["Subnets"]
    report.has("attributes of a subnet", shown, ["MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64", "PrivateDnsNameOptionsOnLaunch.HostnameType"])
    gone = ec2.disassociate_subnet_cidr_block(AssociationId=association)
    report.has("DisassociateSubnetCidrBlock", gone, ["SubnetId", "Ipv6CidrBlockAssociation.AssociationId"])
    return vpc, subnet


def _dhcp(report, ec2, vpc):
    options = ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["corp.example"]}], TagSpecifications=tags("dhcp-options", Name="judged"))
    made = options["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=vpc)
    report.has("DescribeDhcpOptions", ec2.describe_dhcp_options(DhcpOptionsIds=[made])["DhcpOptions"], [
        "DhcpOptionsId", "OwnerId", "DhcpConfigurations.Key", "DhcpConfigurations.Values.Value", "Tags.Key",
    ])
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    ec2.delete_dhcp_options(DhcpOptionsId=made)


def _descriptions(report, ec2, vpc):
    group = ec2.create_security_group(GroupName="described", Description="described", VpcId=vpc)["GroupId"]
    out = [r["SecurityGroupRuleId"] for r in ec2.describe_security_group_rules(Filters=where(group_id=group))["SecurityGroupRules"]]
    report.check("the egress rules of a group in an IPv6 VPC", 2, len(out))
    new = [{"SecurityGroupRuleId": rule, "Description": "all traffic"} for rule in out]
    report.has("UpdateSecurityGroupRuleDescriptionsEgress", ec2.update_security_group_rule_descriptions_egress(GroupId=group, SecurityGroupRuleDescriptions=new), ["Return"])
    web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])
    web["IpRanges"][0]["Description"] = "web"
    report.has("UpdateSecurityGroupRuleDescriptionsIngress", ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[web]), ["Return"])
    shown = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    report.check("a new description", "web", shown["IpPermissions"][0]["IpRanges"][0]["Description"])


def _instance(cloud, ec2, subnet):
    report = cloud.report
    image = ec2.describe_images(Owners=["amazon"], Filters=where(name="al2023-ami-*", architecture="x86_64"))["Images"][0]
    report.has("DescribeImages", image, ["ImageId", "Name", "OwnerId", "CreationDate", "RootDeviceName", "BlockDeviceMappings.Ebs.VolumeSize"])
    made = ec2.run_instances(
        ImageId=image["ImageId"], InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet, UserData="#!/bin/sh", DisableApiTermination=True,
        CreditSpecification={"CpuCredits": "standard"}, Monitoring={"Enabled": False}, HibernationOptions={"Configured": False}, EbsOptimized=True,
    )["Instances"][0]
    one = {"InstanceIds": [made["InstanceId"]]}
    report.has("RunInstances", made, [
        "LaunchTime", "Monitoring.State", "MetadataOptions.HttpTokens", "CpuOptions.CoreCount", "BlockDeviceMappings.Ebs.VolumeId", "PublicIpAddress",
        "Placement.Tenancy", "HibernationOptions.Configured", "EbsOptimized", "NetworkInterfaces.Association.PublicIp",
    ])
    report.has("MonitorInstances", ec2.monitor_instances(**one)["InstanceMonitorings"], ["InstanceId", "Monitoring.State"])
    report.has("UnmonitorInstances", ec2.unmonitor_instances(**one)["InstanceMonitorings"], ["InstanceId", "Monitoring.State"])
    ec2.get_waiter("instance_status_ok").wait(**one)
    report.has("DescribeInstanceStatus", ec2.describe_instance_status(**one)["InstanceStatuses"], ["InstanceState.Name", "InstanceStatus.Status", "SystemStatus.Status"])
    credits = ec2.describe_instance_credit_specifications(**one)["InstanceCreditSpecifications"]
    report.check("DescribeInstanceCreditSpecifications", "standard", credits[0]["CpuCredits"])
    report.has("DescribeVolumes", ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": one["InstanceIds"]}])["Volumes"], [
        "VolumeId", "Size", "VolumeType", "State", "Iops", "Throughput", "Attachments.Device", "Attachments.DeleteOnTermination",
    ])
    report.has("ModifyInstanceMetadataOptions", ec2.modify_instance_metadata_options(InstanceId=made["InstanceId"], HttpTokens="required"), ["InstanceMetadataOptions.State"])
    cloud.refuses("OperationNotPermitted", 400, ec2.terminate_instances, **one)
    ec2.modify_instance_attribute(InstanceId=made["InstanceId"], DisableApiTermination={"Value": False})
    kept = ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="disableApiTermination")
    report.check("DescribeInstanceAttribute", {"Value": False}, kept["DisableApiTermination"])
    ec2.terminate_instances(**one)


def _types(report, ec2):
    report.has("DescribeInstanceTypes", ec2.describe_instance_types(InstanceTypes=["t3.micro"])["InstanceTypes"], [
        "InstanceType", "VCpuInfo.DefaultVCpus", "MemoryInfo.SizeInMiB", "BurstablePerformanceSupported", "ProcessorInfo.SupportedArchitectures",
    ])
    offered = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=where(instance_type="t3.micro"))["InstanceTypeOfferings"]
    report.has("DescribeInstanceTypeOfferings", offered, ["InstanceType", "LocationType", "Location"])


def _role(report, cloud):
    """AssumeRole gives the credentials of a session in the role's account."""
    answer = cloud.client("sts").assume_role(RoleArn="arn:aws:iam::222222222222:role/OrganizationAccountAccessRole", RoleSessionName="judge")
    report.has("AssumeRole", answer, ["Credentials.AccessKeyId", "Credentials.Expiration", "AssumedRoleUser.Arn", "AssumedRoleUser.AssumedRoleId"])
    who = cloud.client("sts", account=answer["Credentials"]["AccessKeyId"]).get_caller_identity()
    report.check("the caller of a session", answer["AssumedRoleUser"]["Arn"], who["Arn"])

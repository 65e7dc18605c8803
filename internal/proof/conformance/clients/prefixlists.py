"""EC2's customer-managed prefix lists."""

from clients import tags

UNKNOWN = "pl-0123456789abcdef0"


def drive(cloud):
    report, ec2 = cloud.report, cloud.client("ec2")
    entries = [{"Cidr": "10.9.0.0/16", "Description": "judged"}, {"Cidr": "10.8.0.0/16"}]
    made = ec2.create_managed_prefix_list(
        PrefixListName="judged", MaxEntries=30, AddressFamily="IPv4", Entries=entries, TagSpecifications=tags("prefix-list", Name="judged"),
    )["PrefixList"]
    ids = [made["PrefixListId"]]
    report.has("DescribeManagedPrefixLists", ec2.describe_managed_prefix_lists(PrefixListIds=ids)["PrefixLists"], [
        "PrefixListId", "PrefixListName", "PrefixListArn", "State", "AddressFamily", "MaxEntries", "Version", "OwnerId", "Tags.Key",
    ])
    got = ec2.get_managed_prefix_list_entries(PrefixListId=ids[0])["Entries"]
    report.check("entries", {"10.8.0.0/16", "10.9.0.0/16"}, {entry["Cidr"] for entry in got})
    _as_source(cloud, ec2, ids[0])
    ec2.delete_managed_prefix_list(PrefixListId=ids[0])
    cloud.refuses("InvalidPrefixListID.NotFound", 400, ec2.get_managed_prefix_list_entries, PrefixListId=UNKNOWN)


def _as_source(cloud, ec2, prefix_list):
    """A rule whose source is a list counts as the list's most entries: two of thirty are what a group has room for."""
    vpc = ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="listed", Description="listed", VpcId=vpc)["GroupId"]

    def rule(port, source=prefix_list):
        return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "PrefixListIds": [{"PrefixListId": source}]}]

    cloud.refuses("InvalidPrefixListID.NotFound", 400, ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule(443, UNKNOWN))
    added = [ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule(port))["SecurityGroupRules"] for port in (443, 80)]
    cloud.report.has("a rule whose source is a prefix list", added, ["PrefixListId", "SecurityGroupRuleId"])
    cloud.refuses("RulesPerSecurityGroupLimitExceeded", 400, ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule(22))
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)

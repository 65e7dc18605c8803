"""botocore's paginators must come to the same totals, whatever the size of the pages."""

import time

from clients import TWO, where

MANY = 12


def drive(cloud):
    ec2, peer = cloud.client("ec2", "444444444444"), cloud.client("ec2", TWO, "us-west-2")
    _build(ec2, cloud.client("ec2", "444444444444", "us-west-2"))
    calls = {
        "describe_vpcs": "Vpcs", "describe_subnets": "Subnets", "describe_route_tables": "RouteTables", "describe_security_groups": "SecurityGroups",
        "describe_security_group_rules": "SecurityGroupRules", "describe_network_acls": "NetworkAcls", "describe_internet_gateways": "InternetGateways",
        "describe_vpc_peering_connections": "VpcPeeringConnections", "describe_instances": "Reservations", "describe_tags": "Tags",
    }
    for name, members in calls.items():
        whole = getattr(ec2, name)()[members]
        cloud.report.check(f"{name} shows as many as were made", True, len(whole) >= MANY)
        for size in (5, 7, 100):
            pages = list(ec2.get_paginator(name).paginate(PaginationConfig={"PageSize": size}))
            total = [item for page in pages for item in page[members]]
            cloud.report.check(f"{name} in pages of {size}", (len(whole), True), (len(total), _key(total) == _key(whole)))
            cloud.report.check(f"{name} in pages of {size}, none larger", True, all(len(page[members]) <= size for page in pages))
    cloud.report.check("another account sees none of it", [], [v for v in peer.describe_vpcs()["Vpcs"] if not v["IsDefault"]])


def _key(items):
    return sorted(str(sorted(item.items(), key=lambda pair: pair[0])) for item in items)


def _build(ec2, elsewhere):
    for n in range(MANY):
        vpc = ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{n}.1.0/24")["Subnet"]["SubnetId"]
        ec2.create_internet_gateway()
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "n", "Value": str(n)}])
        ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet)
        peer = elsewhere.create_vpc(CidrBlock=f"10.{100 + n}.0.0/16")["Vpc"]["VpcId"]
        ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer, PeerRegion="us-west-2")
    for _ in range(100):
        if len(ec2.describe_vpc_peering_connections(Filters=where(status_code="pending-acceptance"))["VpcPeeringConnections"]) == MANY:
            break
        time.sleep(0.05)

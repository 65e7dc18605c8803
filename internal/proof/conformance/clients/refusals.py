"""The codes and HTTP statuses of errors, as AWS documents them."""

import time

from clients import AWAY, HOME, ONE, TWO


def drive(cloud):
    ec2, other = cloud.client("ec2", region="eu-west-1"), cloud.client("ec2", TWO, "eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    peer = other.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    _ids(cloud, ec2)
    _requests(cloud, ec2, vpc)
    _peerings(cloud, ec2, other, vpc, peer)
    _routes(cloud, ec2, vpc)
    _rules(cloud, ec2, vpc)
    _messages(cloud)


def _ids(cloud, ec2):
    """Each id that is unknown, and that is none, has a code of its own; EC2 spells some of them ID and some Id."""
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    kinds = [
        (ec2.describe_vpcs, "VpcIds", "vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed"),
        (ec2.describe_subnets, "SubnetIds", "subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"),
        (ec2.describe_route_tables, "RouteTableIds", "rtb", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed"),
        (ec2.describe_internet_gateways, "InternetGatewayIds", "igw", "InvalidInternetGatewayID.NotFound", "InvalidInternetGatewayId.Malformed"),
        (ec2.describe_security_groups, "GroupIds", "sg", "InvalidGroup.NotFound", "InvalidGroupId.Malformed"),
        (ec2.describe_security_group_rules, "SecurityGroupRuleIds", "sgr", "InvalidSecurityGroupRuleId.NotFound", "InvalidSecurityGroupRuleId.Malformed"),
        (ec2.describe_network_acls, "NetworkAclIds", "acl", "InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.Malformed"),
        (ec2.describe_instances, "InstanceIds", "i", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"),
        (ec2.describe_vpc_peering_connections, "VpcPeeringConnectionIds", "pcx", "InvalidVpcPeeringConnectionID.NotFound", "InvalidVpcPeeringConnectionId.Malformed"),
    ]
    for call, parameter, prefix, unknown, malformed in kinds:
        cloud.refuses(unknown, 400, call, **{parameter: [prefix + "-0123456789abcdef0"]})
        cloud.refuses(malformed, 400, call, **{parameter: ["nonsense"]})


def _requests(cloud, ec2, vpc):
    cloud.refuses("InvalidParameterCombination", 400, ec2.describe_vpcs, VpcIds=[vpc], MaxResults=5)
    cloud.refuses("InvalidParameterValue", 400, ec2.describe_route_tables, Filters=[{"Name": "no-such-filter", "Values": ["x"]}])
    cloud.refuses("DryRunOperation", 412, ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.1.0/24", DryRun=True)
    cloud.refuses("InvalidAction", 400, ec2.describe_snapshots)
    cloud.refuses("DependencyViolation", 400, _vpc_with_a_subnet(ec2).delete_vpc, VpcId=_last(ec2))
    nobody = cloud.client("ec2", account="AKIANOBODY")
    cloud.refuses("AuthFailure", 401, nobody.describe_vpcs)


def _vpc_with_a_subnet(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")
    return ec2


def _last(ec2):
    return next(v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if v["CidrBlock"] == "10.7.0.0/16")


def _request(ec2, **arguments):
    return ec2.create_vpc_peering_connection(**arguments)["VpcPeeringConnection"]["VpcPeeringConnectionId"]


def _wait(ec2, pcx, *states):
    for _ in range(100):
        try:
            code = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[pcx])["VpcPeeringConnections"][0]["Status"]["Code"]
        except ec2.exceptions.ClientError:
            code = ""
        if code in states:
            return
        time.sleep(0.05)


def _peerings(cloud, ec2, other, vpc, peer):
    unknown = {"VpcPeeringConnectionId": "pcx-0123456789abcdef0"}
    for call in (ec2.accept_vpc_peering_connection, ec2.reject_vpc_peering_connection, ec2.delete_vpc_peering_connection):
        cloud.refuses("InvalidVpcPeeringConnectionID.NotFound", 400, call, **unknown)
    cloud.refuses("InvalidVpcID.NotFound", 400, ec2.create_vpc_peering_connection, VpcId="vpc-0123456789abcdef0", PeerVpcId=vpc)
    gone = _request(ec2, VpcId=vpc, PeerVpcId="vpc-0123456789abcdef0", PeerOwnerId=TWO)
    _wait(ec2, gone, "failed")
    for call in (ec2.accept_vpc_peering_connection, ec2.delete_vpc_peering_connection):
        cloud.refuses("InvalidStateTransition" if call == ec2.delete_vpc_peering_connection else "OperationNotPermitted", 400, call, VpcPeeringConnectionId=gone)
    pcx = _request(ec2, VpcId=vpc, PeerVpcId=peer, PeerOwnerId=TWO)
    _wait(other, pcx, "pending-acceptance")
    cloud.refuses("OperationNotPermitted", 400, ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=pcx)
    on = {"AllowDnsResolutionFromRemoteVpc": True}
    cloud.refuses("OperationNotPermitted", 400, ec2.modify_vpc_peering_connection_options, VpcPeeringConnectionId=pcx, RequesterPeeringConnectionOptions=on)
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    _wait(ec2, pcx, "active")
    back = _request(other, VpcId=peer, PeerVpcId=vpc, PeerOwnerId=ONE)
    _wait(ec2, back, "pending-acceptance")
    cloud.refuses("VpcPeeringConnectionAlreadyExists", 400, ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=back)
    cloud.refuses("InvalidStateTransition", 400, other.accept_vpc_peering_connection, VpcPeeringConnectionId=pcx)
    cloud.refuses("InvalidStateTransition", 400, other.reject_vpc_peering_connection, VpcPeeringConnectionId=pcx)
    cloud.refuses("OperationNotPermitted", 400, ec2.modify_vpc_peering_connection_options, VpcPeeringConnectionId=pcx, AccepterPeeringConnectionOptions=on)
    cloud.refuses(
        "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", 400,
        ec2.modify_vpc_peering_connection_options, VpcPeeringConnectionId=pcx, RequesterPeeringConnectionOptions=on,
    )
    _regions(cloud)


def _regions(cloud):
    """A request within one account, from one region to another, is accepted in the other only."""
    near, far = cloud.client("ec2"), cloud.client("ec2", region=AWAY)
    vpc = near.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    peer = far.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    pcx = _request(near, VpcId=vpc, PeerVpcId=peer, PeerRegion=AWAY)
    _wait(near, pcx, "pending-acceptance")
    cloud.refuses("OperationNotPermitted", 400, near.accept_vpc_peering_connection, VpcPeeringConnectionId=pcx)
    stranger = cloud.client("ec2", "333333333333")
    cloud.refuses("InvalidVpcPeeringConnectionID.NotFound", 400, stranger.describe_vpc_peering_connections, VpcPeeringConnectionIds=[pcx])


def _routes(cloud, ec2, vpc):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    to = {"RouteTableId": table, "DestinationCidrBlock": "10.9.0.0/16"}
    unknown = {**to, "RouteTableId": "rtb-0123456789abcdef0"}
    cloud.refuses("InvalidRouteTableID.NotFound", 400, ec2.create_route, **unknown, GatewayId=gateway)
    cloud.refuses("InvalidRoute.NotFound", 400, ec2.delete_route, **to)
    cloud.refuses("InvalidParameterValue", 400, ec2.replace_route, **to, GatewayId=gateway)
    cloud.refuses("InvalidVpcPeeringConnectionID.NotFound", 400, ec2.create_route, **to, VpcPeeringConnectionId="pcx-0123456789abcdef0")
    cloud.refuses("MissingParameter", 400, ec2.create_route, **to)
    ec2.create_route(**to, GatewayId=gateway)
    cloud.refuses("RouteAlreadyExists", 400, ec2.create_route, **to, GatewayId=gateway)
    cloud.refuses("RouteAlreadyExists", 400, ec2.create_route, **{**to, "DestinationCidrBlock": "10.9.1.7/16"}, GatewayId=gateway)
    cloud.refuses("InvalidParameterValue", 400, ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    connections = ec2.describe_vpc_peering_connections(Filters=[{"Name": "status-code", "Values": ["active"]}])["VpcPeeringConnections"]
    inside = {"RouteTableId": table, "DestinationCidrBlock": "10.0.1.0/24", "VpcPeeringConnectionId": connections[0]["VpcPeeringConnectionId"]}
    cloud.refuses("InvalidParameterValue", 400, ec2.create_route, **inside)


def _rules(cloud, ec2, vpc):
    group = ec2.create_security_group(GroupName="refused", Description="refused", VpcId=vpc)["GroupId"]
    cloud.refuses("InvalidGroup.Duplicate", 400, ec2.create_security_group, GroupName="refused", Description="refused", VpcId=vpc)
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "100.68.0.0/18"}]}
    same = {**rule, "IpRanges": [{"CidrIp": "100.68.0.18/18"}]}
    cloud.refuses("InvalidPermission.NotFound", 400, ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[rule])
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    for again in (rule, same):
        cloud.refuses("InvalidPermission.Duplicate", 400, ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[again])
    cloud.refuses("InvalidSecurityGroupRuleId.NotFound", 400, ec2.revoke_security_group_ingress, GroupId=group, SecurityGroupRuleIds=["sgr-0123456789abcdef0"])
    many = [{**rule, "FromPort": port, "ToPort": port} for port in range(1, 61)]
    cloud.refuses("RulesPerSecurityGroupLimitExceeded", 400, ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=many)
    foreign = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0"}]}
    cloud.refuses("InvalidGroup.NotFound", 400, ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[foreign])
    empty = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": ["sg-0123456789abcdef0"]}])["SecurityGroupRules"]
    cloud.report.check("rules of a group that isn't there, by filter", [], empty)


def _messages(cloud):
    events, sqs = cloud.client("events"), cloud.client("sqs")
    cloud.refuses("ResourceNotFoundException", 400, events.describe_event_bus, Name="no-such-bus")
    cloud.refuses("ResourceNotFoundException", 400, events.describe_rule, Name="no-such-rule")
    cloud.refuses("InvalidEventPatternException", 400, events.put_rule, Name="bad", EventPattern='{"source": "not a list"}')
    events.create_event_bus(Name="refused")
    cloud.refuses("ResourceAlreadyExistsException", 400, events.create_event_bus, Name="refused")
    events.delete_event_bus(Name="refused")
    reserved = events.put_events(Entries=[{"Source": "aws.ec2", "DetailType": "t", "Detail": "{}"}])
    cloud.report.check("an event of a source of AWS's", "NotAuthorizedForSourceException", reserved["Entries"][0].get("ErrorCode"))
    cloud.refuses("ValidationException", 400, events.put_events, Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}"}] * 11)
    absent = f"https://sqs.{HOME}.amazonaws.com/{ONE}/no-such-queue"
    cloud.refuses("AWS.SimpleQueueService.NonExistentQueue", 400, sqs.send_message, QueueUrl=absent, MessageBody="x")
    url = sqs.create_queue(QueueName="refused")["QueueUrl"]
    cloud.refuses("QueueAlreadyExists", 400, sqs.create_queue, QueueName="refused", Attributes={"VisibilityTimeout": "1"})
    cloud.refuses("ReceiptHandleIsInvalid", 400, sqs.delete_message, QueueUrl=url, ReceiptHandle="nonsense")
    cloud.refuses("AWS.SimpleQueueService.EmptyBatchRequest", 400, sqs.send_message_batch, QueueUrl=url, Entries=[])
    sqs.delete_queue(QueueUrl=url)

"""EC2's peering connections across accounts and regions, through all their states, with botocore's waiters."""

import time

from clients import AWAY, TWO, tags, where

QUICK = {"WaiterConfig": {"Delay": 1, "MaxAttempts": 20}}


def drive(cloud):
    report, requester, accepter = cloud.report, cloud.client("ec2"), cloud.client("ec2", TWO, AWAY)
    own = requester.create_vpc(CidrBlock="10.10.0.0/16")["Vpc"]["VpcId"]
    peer = accepter.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
    for client, vpc in ((requester, own), (accepter, peer)):
        client.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    _reject(report, requester, accepter, own, peer)
    pcx = _ask(report, requester, own, peer)
    _accept(report, requester, accepter, pcx)
    _use(report, requester, accepter, own, pcx)
    _delete(report, requester, accepter, pcx)


def _ask(report, requester, own, peer):
    made = requester.create_vpc_peering_connection(
        VpcId=own, PeerVpcId=peer, PeerOwnerId=TWO, PeerRegion=AWAY, TagSpecifications=tags("vpc-peering-connection", Name="judged"),
    )["VpcPeeringConnection"]
    report.check("the state of a new request", "initiating-request", made["Status"]["Code"])
    report.has("CreateVpcPeeringConnection", made, [
        "VpcPeeringConnectionId", "ExpirationTime", "Status.Message", "Tags.Key", "AccepterVpcInfo.OwnerId", "AccepterVpcInfo.VpcId", "AccepterVpcInfo.Region",
        "RequesterVpcInfo.OwnerId", "RequesterVpcInfo.VpcId", "RequesterVpcInfo.Region", "RequesterVpcInfo.CidrBlock", "RequesterVpcInfo.CidrBlockSet.CidrBlock",
        "RequesterVpcInfo.PeeringOptions.AllowDnsResolutionFromRemoteVpc",
    ])
    report.check("the accepter's blocks in a request", False, "CidrBlock" in made["AccepterVpcInfo"])
    return made["VpcPeeringConnectionId"]


def _reach(client, pcx, state):
    """Asks until the connection is in the state, which botocore has no waiter for."""
    for _ in range(100):
        found = client.describe_vpc_peering_connections(Filters=where(vpc_peering_connection_id=pcx))["VpcPeeringConnections"]
        if found and found[0]["Status"]["Code"] == state:
            break
        time.sleep(0.05)
    return found[0] if found else None


def _reject(report, requester, accepter, own, peer):
    pcx = _ask(report, requester, own, peer)
    accepter.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[pcx], **QUICK)
    report.check("a request that is pending", "pending-acceptance", (_reach(accepter, pcx, "pending-acceptance") or {}).get("Status", {}).get("Code"))
    report.check("RejectVpcPeeringConnection answers", True, accepter.reject_vpc_peering_connection(VpcPeeringConnectionId=pcx)["Return"])
    report.check("a request that was rejected", "rejected", _reach(requester, pcx, "rejected")["Status"]["Code"])


def _accept(report, requester, accepter, pcx):
    requester.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[pcx], **QUICK)
    _reach(accepter, pcx, "pending-acceptance")
    accepted = accepter.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)["VpcPeeringConnection"]
    report.check("the state right after acceptance", "provisioning", accepted["Status"]["Code"])
    report.check("an accepted request expires", False, "ExpirationTime" in accepted)
    active = _reach(requester, pcx, "active")
    report.has("DescribeVpcPeeringConnections", active, [
        "VpcPeeringConnectionId", "Status.Code", "Status.Message", "Tags.Key", "RequesterVpcInfo.PeeringOptions.AllowDnsResolutionFromRemoteVpc",
        *(f"{side}VpcInfo.{member}" for side in ("Requester", "Accepter") for member in ("OwnerId", "VpcId", "Region", "CidrBlock", "CidrBlockSet.CidrBlock")),
    ])
    report.check("the requester's tags, as the accepter sees them", [], (_reach(accepter, pcx, "active") or {}).get("Tags", []))


def _use(report, requester, accepter, own, pcx):
    on = {"AllowDnsResolutionFromRemoteVpc": True}
    changed = requester.modify_vpc_peering_connection_options(VpcPeeringConnectionId=pcx, RequesterPeeringConnectionOptions=on)
    report.check("only the side that was changed is in the answer", ["RequesterPeeringConnectionOptions"], sorted(changed.keys() - {"ResponseMetadata"}))
    changed = accepter.modify_vpc_peering_connection_options(VpcPeeringConnectionId=pcx, AccepterPeeringConnectionOptions=on)
    report.check("the option that was changed", True, changed["AccepterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"])
    table = requester.describe_route_tables(Filters=where(vpc_id=own))["RouteTables"][0]["RouteTableId"]
    requester.create_route(RouteTableId=table, DestinationCidrBlock="172.31.0.0/16", VpcPeeringConnectionId=pcx)
    by_target = [{"Name": "route.vpc-peering-connection-id", "Values": [pcx]}]
    report.check("route tables by their routes' target", [table], [t["RouteTableId"] for t in requester.describe_route_tables(Filters=by_target)["RouteTables"]])


def _delete(report, requester, accepter, pcx):
    report.check("DeleteVpcPeeringConnection answers", True, accepter.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)["Return"])
    report.check("a connection between regions on its way out", "deleting", _reach(accepter, pcx, "deleting")["Status"]["Code"])
    for client in (requester, accepter):
        client.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[pcx], **QUICK)
    blackholes = requester.describe_route_tables(Filters=[{"Name": "route.state", "Values": ["blackhole"]}])["RouteTables"]
    states = [r["State"] for t in blackholes for r in t["Routes"] if r.get("VpcPeeringConnectionId") == pcx]
    report.check("the route to a connection that is gone", ["blackhole"], states)

"""A judge that lets everything pass is none: answers with mistakes in them, each of which must be noticed."""

import botocore.session

import strict

EC2 = '<{0}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>{1}</{0}Response>'


def drive(cloud):
    session = botocore.session.get_session()
    ec2, sqs = session.get_service_model("ec2"), session.get_service_model("sqs")
    connection = "<vpcPeeringConnection>{}</vpcPeeringConnection>"
    mistakes = [
        (ec2, "CreateVpcPeeringConnection", connection.format("<pcxId>pcx-1</pcxId>"), "is not in"),
        (ec2, "CreateVpcPeeringConnection", connection.format("<expirationTime>2026-06-08 07:37</expirationTime>"), "no timestamp"),
        (ec2, "CreateVpcPeeringConnection", connection.format("<status><code>Active</code></status>"), "no string"),
        (ec2, "CreateVpcPeeringConnection", connection.format("<tagSet><member/></tagSet>"), "where item is expected"),
        (ec2, "CreateVpcPeeringConnection", connection.format("") * 2, "comes twice"),
        (ec2, "DeleteVpcPeeringConnection", "<return>yes</return>", "no boolean"),
        (ec2, "DescribeVpcs", "<nextToken><a/></nextToken>", "has children"),
        (sqs, "CreateQueue", '{"QueueURL": "x"}', "is not in"),
        (sqs, "ReceiveMessage", '{"Messages": {}}', "no list"),
        (sqs, "ReceiveMessage", '{"Messages": [{"Attributes": {"Sent": "1"}}]}', "none of"),
    ]
    for model, name, body, want in mistakes:
        raw = EC2.format(name, body) if model is ec2 else body
        found = "; ".join(strict.mistakes(model.operation_model(name), {"status_code": 200, "body": raw.encode()}))
        cloud.report.check(f"a mistake in an answer to {name}", want, found, passed=want in found)

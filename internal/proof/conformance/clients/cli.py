"""The AWS CLI, with its own parsers and its own output."""

import json
import os
import subprocess
import sys

from clients import HOME

ACCOUNT, PEER = "555555555555", "666666666666"


class CLI:
    """aws with an account's credentials and nothing of this machine's own configuration."""

    def __init__(self, cloud, account):
        self.report, self.endpoint = cloud.report, cloud.endpoint
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": os.devnull, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1",
            "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": HOME,
        }

    def run(self, *arguments):
        aws = [os.path.join(sys.prefix, "bin", "aws"), "--endpoint-url", self.endpoint]  # AWS_ENDPOINT_URL doesn't reach its SQS
        done = subprocess.run([*aws, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def __call__(self, *arguments):
        status, out, error = self.run(*arguments)
        self.report.check("aws " + " ".join(arguments[:2]), "exit status 0", f"{status}: {error.strip()}", passed=status == 0)
        return json.loads(out) if out.strip() else {}

    def refuses(self, code, *arguments):
        status, _, error = self.run(*arguments)
        self.report.check("aws " + " ".join(arguments[:2]), f"exit status 255 and ({code})", f"{status}: {error.strip()}", passed=status == 255 and f"({code})" in error)


def drive(cloud):
    report, aws, peer = cloud.report, CLI(cloud, ACCOUNT), CLI(cloud, PEER)
    report.check("who one is", ACCOUNT, aws("sts", "get-caller-identity").get("Account"))
    own = aws("ec2", "create-vpc", "--cidr-block", "10.10.0.0/16", "--tag-specifications", "ResourceType=vpc,Tags=[{Key=Name,Value=judged}]")["Vpc"]["VpcId"]
    other = peer("ec2", "create-vpc", "--cidr-block", "10.20.0.0/16")["Vpc"]["VpcId"]
    pcx = aws("ec2", "create-vpc-peering-connection", "--vpc-id", own, "--peer-vpc-id", other, "--peer-owner-id", PEER)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    peer("ec2", "wait", "vpc-peering-connection-exists", "--vpc-peering-connection-ids", pcx)
    peer("ec2", "accept-vpc-peering-connection", "--vpc-peering-connection-id", pcx)
    shown = aws("ec2", "describe-vpc-peering-connections", "--filters", f"Name=vpc-peering-connection-id,Values={pcx}", "--query", "VpcPeeringConnections[].AccepterVpcInfo.OwnerId")
    report.check("the accepter's account", [PEER], shown)
    table = aws("ec2", "describe-route-tables", "--filters", f"Name=vpc-id,Values={own}", "--page-size", "5")["RouteTables"][0]["RouteTableId"]
    aws("ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "10.20.0.0/16", "--vpc-peering-connection-id", pcx)
    aws.refuses("RouteAlreadyExists", "ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "10.20.0.0/16", "--vpc-peering-connection-id", pcx)
    group = aws("ec2", "create-security-group", "--group-name", "judged", "--description", "judged", "--vpc-id", own)["GroupId"]
    rule = aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "all", "--cidr", "10.20.0.0/16")["SecurityGroupRules"][0]
    report.check("the protocol that stands for all", "-1", rule["IpProtocol"])
    aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--security-group-rule-ids", rule["SecurityGroupRuleId"])
    aws("events", "put-rule", "--name", "judged", "--event-pattern", '{"source":["judged"]}')
    queue = aws("sqs", "create-queue", "--queue-name", "judged")["QueueUrl"]
    aws("sqs", "send-message", "--queue-url", queue, "--message-body", "hello")
    report.check("the message", "hello", aws("sqs", "receive-message", "--queue-url", queue)["Messages"][0]["Body"])
    aws("ec2", "delete-vpc-peering-connection", "--vpc-peering-connection-id", pcx)
    aws.refuses("InvalidVpcPeeringConnectionID.NotFound", "ec2", "describe-vpc-peering-connections", "--vpc-peering-connection-ids", "pcx-0123456789abcdef0")

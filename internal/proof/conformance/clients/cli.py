"""The AWS CLI, with its own parsers and its own output."""

import json
import os
import subprocess
import sys

from clients import HOME

ACCOUNT, PEER = "555555555555", "666666666666"


class CLI:
    """aws with an account's credentials and nothing of this machine's own configuration."""

    def __init__(self, cloud, account, program, version):
        self.report, self.endpoint, self.program = cloud.report, cloud.endpoint, program
        self.account, self.version = account, version
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": os.devnull, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1",
            "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": HOME,
        }

    def run(self, *arguments):
        aws = [*self.program, "--endpoint-url", self.endpoint]  # AWS_ENDPOINT_URL doesn't reach SQS in version 1, and nothing before 2.13
        done = subprocess.run([*aws, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def __call__(self, *arguments):
        status, out, error = self.run(*arguments)
        self.report.check("aws " + " ".join(arguments[:2]), "exit status 0", f"{status}: {error.strip()}", passed=status == 0)
        return json.loads(out) if out.strip() else {}

    def refuses(self, code, *arguments):
        """Checks an error of the service, for which version 1 exits with 255 and version 2 with 254."""
        status, _, error = self.run(*arguments)
        want = 256 - self.version
        self.report.check("aws " + " ".join(arguments[:2]), f"exit status {want} and ({code})", f"{status}: {error.strip()}", passed=status == want and f"({code})" in error)


# Version 2, which no registry of Python packages has. The Makefile unpacks a distribution's package beside the tools.
VERSION_2 = os.path.join(".tools", "awscli-2")


def programs():
    """Returns the commands of the versions of the CLI that are on this machine."""
    yield [os.path.join(sys.prefix, "bin", "aws")]
    if os.path.exists(os.path.join(VERSION_2, "ready")):
        yield [os.path.join(VERSION_2, "bin", "python"), os.path.join(VERSION_2, "package", "usr", "bin", "aws")]


def drive(cloud):
    for version, program in enumerate(programs(), 1):
        own, peer = (CLI(cloud, f"{version}{account[1:]}", program, version) for account in (ACCOUNT, PEER))
        _, shown, _ = own.run("--version")
        cloud.report.check("the version of the CLI", f"aws-cli/{version}.", shown[:10], passed=shown.startswith(f"aws-cli/{version}."))
        commands(cloud.report, own, peer)
        if version == 1:  # 2.9 sends SQS requests in the Query protocol, and the embedded cloud serves SQS's JSON protocol
            queues(cloud.report, own)


def commands(report, aws, peer):
    report.check("who one is", aws.account, aws("sts", "get-caller-identity").get("Account"))
    own = aws("ec2", "create-vpc", "--cidr-block", "10.10.0.0/16", "--tag-specifications", "ResourceType=vpc,Tags=[{Key=Name,Value=judged}]")["Vpc"]["VpcId"]
    other = peer("ec2", "create-vpc", "--cidr-block", "10.20.0.0/16")["Vpc"]["VpcId"]
    pcx = aws("ec2", "create-vpc-peering-connection", "--vpc-id", own, "--peer-vpc-id", other, "--peer-owner-id", peer.account)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    peer("ec2", "wait", "vpc-peering-connection-exists", "--vpc-peering-connection-ids", pcx)
    peer("ec2", "accept-vpc-peering-connection", "--vpc-peering-connection-id", pcx)
    shown = aws("ec2", "describe-vpc-peering-connections", "--filters", f"Name=vpc-peering-connection-id,Values={pcx}", "--query", "VpcPeeringConnections[].AccepterVpcInfo.OwnerId")
    report.check("the accepter's account", [peer.account], shown)
    table = aws("ec2", "describe-route-tables", "--filters", f"Name=vpc-id,Values={own}", "--page-size", "5")["RouteTables"][0]["RouteTableId"]
    aws("ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "10.20.0.0/16", "--vpc-peering-connection-id", pcx)
    aws.refuses("RouteAlreadyExists", "ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "10.20.0.0/16", "--vpc-peering-connection-id", pcx)
    group = aws("ec2", "create-security-group", "--group-name", "judged", "--description", "judged", "--vpc-id", own)["GroupId"]
    rule = aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "all", "--cidr", "10.20.0.0/16")["SecurityGroupRules"][0]
    report.check("the protocol that stands for all", "-1", rule["IpProtocol"])
    aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--security-group-rule-ids", rule["SecurityGroupRuleId"])
    aws("events", "put-rule", "--name", "judged", "--event-pattern", '{"source":["judged"]}')
    aws("ec2", "delete-vpc-peering-connection", "--vpc-peering-connection-id", pcx)
    aws.refuses("InvalidVpcPeeringConnectionID.NotFound", "ec2", "describe-vpc-peering-connections", "--vpc-peering-connection-ids", "pcx-0123456789abcdef0")


def queues(report, aws):
    queue = aws("sqs", "create-queue", "--queue-name", "judged")["QueueUrl"]
    aws("sqs", "send-message", "--queue-url", queue, "--message-body", "hello")
    report.check("the message", "hello", aws("sqs", "receive-message", "--queue-url", queue)["Messages"][0]["Body"])

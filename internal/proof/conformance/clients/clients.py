"""boto3 clients of the embedded cloud that hold every raw answer against the service model."""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import strict

ONE, TWO = "111111111111", "222222222222"
HOME, AWAY = "us-east-1", "eu-west-3"


# What AWS documents and its service model doesn't know, with where it says so.
BEYOND_THE_MODEL = {
    "DescribeInternetGateways.internetGatewaySet[].attachmentSet[].state is 'available', no string ['attaching', 'attached', 'detaching', 'detached']":
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html",
    "CreateVpcEndpoint.vpcEndpoint.state is 'available', no string ['PendingAcceptance', 'Pending', 'Available', 'Deleting', 'Deleted', 'Rejected', 'Failed', 'Expired', 'Partial']":
        "https://docs.aws.amazon.com/cli/latest/reference/ec2/create-vpc-endpoint.html#examples",
    "DescribeVpcEndpoints.vpcEndpointSet[].state is 'available', no string ['PendingAcceptance', 'Pending', 'Available', 'Deleting', 'Deleted', 'Rejected', 'Failed', 'Expired', 'Partial']":
        "https://docs.aws.amazon.com/cli/latest/reference/ec2/describe-vpc-endpoints.html#examples",
    "DisassociateRouteTable.associationState is not modelled": "CloudTrail's records of the call have it",
}


class Report:
    """Prints one line of JSON for each check."""

    def explain(self, name):
        print(json.dumps({"name": name, "explained": True}), flush=True)

    def check(self, name, want, got, passed=None):
        passed = want == got if passed is None else passed
        print(json.dumps({"name": name, "passed": bool(passed), "want": str(want), "got": str(got)}), flush=True)

    def has(self, name, value, paths):
        """Checks that the answer has the fields that AWS documents."""
        missing = [path for path in paths if _lacks(value, path.split("."))]
        self.check(name, "all of " + ", ".join(paths), "all but " + ", ".join(missing), passed=not missing)


def _lacks(value, path):
    if not path:
        return False
    if isinstance(value, list):
        return not value or any(_lacks(element, path) for element in value)
    return path[0] not in value or _lacks(value[path[0]], path[1:])


class Cloud:
    """The embedded cloud at an endpoint."""

    def __init__(self, endpoint, report):
        self.endpoint, self.report = endpoint, report
        self.called = set()  # (service, operation)
        self.judged = set()

    def client(self, service, account=ONE, region=HOME):
        client = boto3.client(
            service, endpoint_url=self.endpoint, region_name=region, aws_access_key_id=account, aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=True),
        )
        client.meta.events.register("before-parse", self._judge)
        return client

    def _judge(self, operation_model, response_dict, **_):
        self.called.add((operation_model.service_model.service_name, operation_model.name))
        found = []
        for mistake in strict.mistakes(operation_model, response_dict):
            if mistake in BEYOND_THE_MODEL:
                self.report.explain(mistake)
            else:
                found.append(mistake)
        key = (operation_model.name, response_dict["status_code"] < 300)
        if found or key not in self.judged:  # one check for an operation's answers and one for its errors, or each with mistakes
            self.judged.add(key)
            self.report.check(f"the raw answer to {operation_model.name}", "nothing that the model doesn't know", "; ".join(found), passed=not found)

    def refuses(self, code, status, call, **arguments):
        """Checks the code and the HTTP status of an error."""
        name = f"{call.__name__} {arguments}"
        try:
            call(**arguments)
        except ClientError as error:
            answer = error.response
            self.report.check(name, (code, status), (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))
        else:
            self.report.check(name, (code, status), "no error")


def tags(kind, **pairs):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]}]


def where(**filters):
    """Filters by name; _ stands for -."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]

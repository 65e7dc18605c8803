"""Stacks of a CDK assembly on moto's CloudFormation engine."""

import io
import json
import urllib.request
import zipfile

import boto3
from botocore.exceptions import ClientError

import views

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"


class Stack:
    """A template and the account and Region that the CDK's manifest names for it."""

    def __init__(self, name, environment, template):
        self.name = name
        self.account, self.region = environment.removeprefix("aws://").split("/")
        self.template = template
        self.resources = template["Resources"]

    def text(self):
        """Returns the template for moto, without what it fails on: it keeps the policy of a key as it is and reads it
        as text, and it gives a layer no physical id, so that a function's reference to it ends an update."""
        template = json.loads(json.dumps(self.template))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::KMS::Key":
                resource["Properties"]["KeyPolicy"] = json.dumps(resource["Properties"]["KeyPolicy"])
            if resource["Type"] == "AWS::Lambda::Function":
                del resource["Properties"]["Layers"]
        return json.dumps(template)


def read(folder):
    """Returns the stacks of an assembly, those that others depend on first."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    found = {name: a for name, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}
    return [
        Stack(name, a["environment"], json.loads((folder / a["properties"]["templateFile"]).read_text()))
        for name, a in sorted(found.items(), key=lambda item: (bool(set(item[1].get("dependencies", [])) & set(found)), item[0]))
    ]


def archive():
    """Returns an asset. The engine doesn't run it, so that its content doesn't matter."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("bootstrap", "")
    return data.getvalue()


class Engine:
    """moto, with a session of its own for each account and Region."""

    def __init__(self, endpoint):
        """Begins with an empty cloud."""
        self.endpoint, self.sessions = endpoint, {}
        urllib.request.urlopen(urllib.request.Request(endpoint + "/moto-api/reset", method="POST")).close()

    def client(self, stack, service):
        if (stack.account, stack.region) not in self.sessions:
            self.sessions[stack.account, stack.region] = self._session(stack)
            self._bootstrap(stack)
        return self.sessions[stack.account, stack.region].client(service, endpoint_url=self.endpoint)

    def _session(self, stack):
        sts = boto3.client("sts", endpoint_url=self.endpoint, region_name=stack.region, aws_access_key_id="any", aws_secret_access_key="any")
        got = sts.assume_role(RoleArn=f"arn:aws:iam::{stack.account}:role/deployer", RoleSessionName="deployer")["Credentials"]
        return boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], region_name=stack.region)

    def _bootstrap(self, stack):
        """Makes the parts of `cdk bootstrap` that a deployment reads."""
        self.client(stack, "ssm").put_parameter(Name=BOOTSTRAP, Value="21", Type="String", Overwrite=True)
        where = {} if stack.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": stack.region}}
        self.client(stack, "s3").create_bucket(Bucket=self._bucket(stack), **where)

    def _bucket(self, stack):
        return f"cdk-hnb659fds-assets-{stack.account}-{stack.region}"

    def _upload(self, stack):
        for resource in stack.resources.values():
            for name in ("Code", "Content"):
                source = resource.get("Properties", {}).get(name)
                if isinstance(source, dict) and "S3Key" in source:
                    self.client(stack, "s3").put_object(Bucket=self._bucket(stack), Key=source["S3Key"], Body=archive())

    def create(self, stack):
        self._upload(stack)
        return self._run(stack, "create_stack")

    def update(self, stack):
        self._upload(stack)
        return self._run(stack, "update_stack")

    def _run(self, stack, operation):
        client = self.client(stack, "cloudformation")
        try:
            getattr(client, operation)(StackName=stack.name, TemplateBody=stack.text(), Capabilities=["CAPABILITY_NAMED_IAM"])
            return client.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            return str(error)

    def delete(self, stack):
        """Deletes the stack and returns the stacks of that name which are left."""
        client = self.client(stack, "cloudformation")
        try:
            client.delete_stack(StackName=stack.name)
            return [s["StackStatus"] for s in client.describe_stacks(StackName=stack.name)["Stacks"]]
        except ClientError as error:
            return [] if error.response["Error"]["Code"] == "ValidationError" else [str(error)]

    def physical(self, stack):
        """Returns the physical ids by logical id, and the types that moto has created."""
        summaries = self.client(stack, "cloudformation").list_stack_resources(StackName=stack.name)["StackResourceSummaries"]
        return {s["LogicalResourceId"]: s.get("PhysicalResourceId", "") for s in summaries if s.get("LogicalResourceId")}

    def compare(self, stack, report, types, updated=False):
        """Compares every property of the template with moto's own API."""
        names = self.physical(stack)
        for logical, resource in stack.resources.items():
            kind = resource["Type"]
            created = types.is_created(kind, report)
            if updated and types.is_lost(kind):
                continue
            if created != (logical in names):
                want, got = ("created" if yes else "skipped" for yes in (created, not created))
                report.check(f"{stack.name} {logical} ({kind})", want, got)
            elif created:
                self._compare(views.Resource(stack, logical, names), report, types, updated)

    def _compare(self, resource, report, types, updated):
        where, got = f"{resource.stack.name} {resource.logical}", views.show(self, resource)
        if got is None:
            report.check(f"{where} ({resource.kind})", "a resource", "none")
            return
        for name, value in resource.want.items():
            if types.is_compared(resource.kind, name, updated, report):
                report.check(f"{where} {resource.kind}.{name}", views.normal(value), views.normal(got.get(name)))

    def resources(self, stack):
        """Returns the resources that the stack has now."""
        names = self.physical(stack)
        return [views.Resource(stack, logical, names) for logical in stack.resources if logical in names]

    def check_gone(self, resources, report, types):
        """Checks that the services show no resource any more but those that the template retains."""
        for resource in resources:
            if types.is_left(resource.kind):
                continue
            retained = resource.stack.resources[resource.logical].get("DeletionPolicy") == "Retain"
            want, shown = ("retained" if retained else None), views.show(self, resource)
            report.check(f"{resource.stack.name} {resource.logical} ({resource.kind}) after its removal", want, shown and "retained")

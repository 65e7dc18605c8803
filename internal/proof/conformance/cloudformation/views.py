"""The resources that a stack has created, by the API of each service, in the shape of a template."""

import ast
import json

from botocore.exceptions import ClientError


class Resource:
    """A resource of a stack: its logical id, its physical one, and its properties without intrinsic functions."""

    def __init__(self, stack, logical, names):
        self.stack, self.logical, self.name = stack, logical, names.get(logical, "")
        self.kind = stack.resources[logical]["Type"]
        self.want = resolve(stack.resources[logical].get("Properties", {}), References(stack, names))


class References:
    """The physical ids and attributes of a stack's resources."""

    def __init__(self, stack, names):
        self.stack, self.names = stack, names

    def ref(self, logical):
        if logical == "BootstrapVersion":
            return "21"
        return self.names.get(logical, logical)

    def attribute(self, logical, name):
        """Returns an attribute as AWS's reference of the type defines it, not as moto does."""
        resource = self.stack.resources[logical]
        properties, account, region = resource.get("Properties", {}), self.stack.account, self.stack.region
        arns = {
            "AWS::SQS::Queue": lambda: f"arn:aws:sqs:{region}:{account}:{properties['QueueName']}",
            "AWS::IAM::Role": lambda: f"arn:aws:iam::{account}:role/{properties['RoleName']}",
            "AWS::KMS::Key": lambda: f"arn:aws:kms:{region}:{account}:key/{self.names.get(logical, '')}",
            "AWS::Lambda::Function": lambda: f"arn:aws:lambda:{region}:{account}:function:{properties['FunctionName']}",
            "AWS::Events::EventBus": lambda: f"arn:aws:events:{region}:{account}:event-bus/{properties['Name']}",
            "AWS::S3::Bucket": lambda: f"arn:aws:s3:::{self.ref(logical)}",
            "AWS::Logs::LogGroup": lambda: f"arn:aws:logs:{region}:{account}:log-group:{properties['LogGroupName']}:*",
        }
        if name == "Arn":
            return arns[resource["Type"]]()
        return self.ref(logical) if name in ("Name", "QueueName") else f"{logical}.{name}"


def show(engine, resource):
    """Returns the resource as its service shows it, or None if the service doesn't have it."""
    return VIEWS[resource.kind](engine, resource)


def resolve(value, references):
    """Returns the value with its intrinsic functions replaced."""
    if isinstance(value, list):
        return [resolve(element, references) for element in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return references.ref(value["Ref"])
    if set(value) == {"Fn::GetAtt"}:
        return references.attribute(*value["Fn::GetAtt"])
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return separator.join(resolve(parts, references))
    return {name: resolve(element, references) for name, element in value.items()}


def normal(value):
    """Returns the value with sorted keys. CloudFormation takes numbers and booleans as text, and APIs return them so."""
    if isinstance(value, dict):
        return {name: normal(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return sorted((normal(element) for element in value), key=json.dumps)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def found(call, *arguments, **named):
    """Returns the answer, or None if the service doesn't have the resource."""
    try:
        return call(*arguments, **named)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if any(word in code for word in ("NotFound", "NoSuch", "NonExistent", "Invalid", "404")):
            return None
        raise


def queue(engine, r):
    client = engine.client(r.stack, "sqs")
    url = found(client.get_queue_url, QueueName=r.want["QueueName"])
    if url is None:
        return None
    attributes = client.get_queue_attributes(QueueUrl=url["QueueUrl"], AttributeNames=["All"])["Attributes"]
    got = dict(attributes, QueueName=attributes["QueueArn"].split(":")[-1])
    for name in ("RedrivePolicy", "RedriveAllowPolicy"):
        if name in got:
            got[name] = json.loads(got[name])
    return got


def bus(engine, r):
    return found(engine.client(r.stack, "events").describe_event_bus, Name=r.want["Name"])


def rule(engine, r):
    client, at = engine.client(r.stack, "events"), r.want.get("EventBusName", "default")
    got = found(client.describe_rule, Name=r.want["Name"], EventBusName=at)
    if got is None:
        return None
    if "EventPattern" in got:
        got["EventPattern"] = json.loads(got["EventPattern"])
    got["Targets"] = client.list_targets_by_rule(Rule=r.want["Name"], EventBusName=at)["Targets"]
    return got


def document(policy):
    """moto keeps an inline policy of a template as the text of a Python object."""
    return ast.literal_eval(policy) if isinstance(policy, str) else policy


def role(engine, r):
    client = engine.client(r.stack, "iam")
    got = found(client.get_role, RoleName=r.want["RoleName"])
    if got is None:
        return None
    got = got["Role"]
    names = client.list_role_policies(RoleName=r.want["RoleName"])["PolicyNames"]
    policies = [client.get_role_policy(RoleName=r.want["RoleName"], PolicyName=name) for name in names]
    got["Policies"] = [{"PolicyName": p["PolicyName"], "PolicyDocument": document(p["PolicyDocument"])} for p in policies]
    if "PermissionsBoundary" in got:
        got["PermissionsBoundary"] = got["PermissionsBoundary"]["PermissionsBoundaryArn"]
    return got


def function(engine, r):
    got = found(engine.client(r.stack, "lambda").get_function, FunctionName=r.want["FunctionName"])
    if got is None:
        return None
    configuration = got["Configuration"]
    configuration["Layers"] = [layer["Arn"] for layer in configuration.get("Layers", [])]
    configuration["ReservedConcurrentExecutions"] = got.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    return configuration


def mapping(engine, r):
    mappings = engine.client(r.stack, "lambda").list_event_source_mappings()["EventSourceMappings"]
    of_function = [m for m in mappings if m["FunctionArn"].split(":")[6] == r.want["FunctionName"]]
    if not of_function:
        return None
    return dict(of_function[0], FunctionName=of_function[0]["FunctionArn"].split(":")[6])


def layer(engine, r):
    """moto names the layer after the stack and the resource."""
    client = engine.client(r.stack, "lambda")
    for shown in client.list_layers()["Layers"]:
        if shown["LayerName"].startswith(f"{r.stack.name}-{r.logical}-"):
            return shown["LatestMatchingVersion"]
    return None


def log_group(engine, r):
    groups = engine.client(r.stack, "logs").describe_log_groups(logGroupNamePrefix=r.want["LogGroupName"])["logGroups"]
    for group in groups:
        if group["logGroupName"] == r.want["LogGroupName"]:
            return {"LogGroupName": group["logGroupName"], "RetentionInDays": group.get("retentionInDays")}
    return None


def topic(engine, r):
    client = engine.client(r.stack, "sns")
    arn = f"arn:aws:sns:{r.stack.region}:{r.stack.account}:{r.want['TopicName']}"
    got = found(client.get_topic_attributes, TopicArn=arn)
    if got is None:
        return None
    return dict(got["Attributes"], TopicName=got["Attributes"]["TopicArn"].split(":")[-1])


def key(engine, r):
    client = engine.client(r.stack, "kms")
    got = found(client.describe_key, KeyId=r.name) if r.name else None
    if got is None:
        return None
    policy = client.get_key_policy(KeyId=r.name, PolicyName="default")["Policy"]
    rotation = client.get_key_rotation_status(KeyId=r.name)["KeyRotationEnabled"]
    return {"Description": got["KeyMetadata"]["Description"], "KeyPolicy": json.loads(policy), "EnableKeyRotation": rotation}


def dashboard(engine, r):
    got = found(engine.client(r.stack, "cloudwatch").get_dashboard, DashboardName=r.want["DashboardName"])
    return got and {"DashboardName": got["DashboardName"], "DashboardBody": got["DashboardBody"]}


def bucket(engine, r):
    client = engine.client(r.stack, "s3")
    if not r.name or found(client.head_bucket, Bucket=r.name) is None:
        return None
    encryption = found(client.get_bucket_encryption, Bucket=r.name)
    return {"BucketEncryption": encryption and encryption["ServerSideEncryptionConfiguration"]}


VIEWS = {
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::Events::EventBus": bus,
    "AWS::Events::Rule": rule,
    "AWS::IAM::Role": role,
    "AWS::KMS::Key": key,
    "AWS::Lambda::EventSourceMapping": mapping,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::LayerVersion": layer,
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::Bucket": bucket,
    "AWS::SNS::Topic": topic,
    "AWS::SQS::Queue": queue,
}


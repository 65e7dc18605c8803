"""S3 and Systems Manager: objects, policies of buckets, and the way of an instance's calls."""

import json
import socket

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from clients import HOME, ONE, TWO, where

BUCKET = "judged-reports"
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def drive(cloud):
    report, own = cloud.report, _s3(cloud, ONE)
    _objects(report, own)
    _policies(report, own, _s3(cloud, TWO))
    _private(cloud, own)
    _managed(cloud)


def _s3(cloud, key, region=HOME):
    """A client whose answers aren't held against the model: those of S3 have another form."""
    return boto3.client(
        "s3", endpoint_url=cloud.endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )


def _code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def _objects(report, s3):
    s3.create_bucket(Bucket=BUCKET)
    report.check("ListBuckets", [BUCKET], [b["Name"] for b in s3.list_buckets()["Buckets"]])
    for key, body in (("2026/q1.csv", b"1"), ("2026/q2.csv", b"22"), ("readme", b"x" * 100_000)):
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        got = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        report.check(f"GetObject {key}", len(body), len(got), passed=got == body)
    listed = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    report.check("ListObjectsV2", (["readme"], ["2026/"]), ([o["Key"] for o in listed["Contents"]], [p["Prefix"] for p in listed["CommonPrefixes"]]))
    report.check("HeadObject", 2, s3.head_object(Bucket=BUCKET, Key="2026/q2.csv")["ContentLength"])
    report.check("a missing key", "NoSuchKey", _code(s3.get_object, Bucket=BUCKET, Key="none"))
    report.check("DeleteBucket with objects", "BucketNotEmpty", _code(s3.delete_bucket, Bucket=BUCKET))
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "2026/q1.csv"}, {"Key": "2026/q2.csv"}]})
    report.check("DeleteObjects", 1, s3.list_objects_v2(Bucket=BUCKET)["KeyCount"])
    report.check("GetBucketLocation", None, s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"])


def _policies(report, own, other):
    report.check("without a policy", "NoSuchBucketPolicy", _code(own.get_bucket_policy, Bucket=BUCKET))
    report.check("another account", "AccessDenied", _code(other.get_object, Bucket=BUCKET, Key="readme"))
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": TWO}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}]}
    own.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    report.check("GetBucketPolicy", policy, json.loads(own.get_bucket_policy(Bucket=BUCKET)["Policy"]))
    report.check("an allowed account", "no error", _code(other.get_object, Bucket=BUCKET, Key="readme"))
    report.check("a policy of another bucket", "MalformedPolicy", _code(
        own.put_bucket_policy, Bucket=BUCKET, Policy=json.dumps(policy).replace(BUCKET, "another")))
    own.delete_bucket_policy(Bucket=BUCKET)
    report.check("a name that is taken", "BucketAlreadyExists", _code(other.create_bucket, Bucket=BUCKET))


def _private(cloud, own):
    """An instance whose subnet has no way out reaches the bucket through a gateway endpoint alone."""
    report, ec2 = cloud.report, cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.describe_route_tables(Filters=where(vpc_id=vpc))["RouteTables"][0]["RouteTableId"]
    server = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]["InstanceId"]
    sts = cloud.client("sts")
    role = sts.assume_role(RoleArn=f"arn:aws:iam::{ONE}:role/judged-server", RoleSessionName=server)
    instance = _s3(cloud, role["Credentials"]["AccessKeyId"])
    report.check("without an endpoint", "no answer", _answer(instance))
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{HOME}.s3", RouteTableIds=[table])["VpcEndpoint"]["VpcEndpointId"]
    report.check("through the endpoint", "no error", _answer(instance))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    own.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": [deny | {"Condition": {"StringNotEquals": {"aws:SourceVpce": endpoint}}}]}))
    report.check("outside the endpoint", "AccessDenied", _answer(own))
    report.check("inside the endpoint", "no error", _answer(instance))
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=json.dumps({"Statement": [deny | {"Action": "*", "Resource": "*"}]}))
    report.check("with a denying policy of the endpoint", "AccessDenied", _answer(instance))
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    own.delete_bucket_policy(Bucket=BUCKET)


def _answer(s3):
    try:
        return _code(s3.get_object, Bucket=BUCKET, Key="readme")
    except (ConnectionClosedError, socket.timeout):
        return "no answer"


def _managed(cloud):
    report, ssm = cloud.report, cloud.client("ssm")
    value = ssm.get_parameter(Name=IMAGE)["Parameter"]["Value"]
    report.check("GetParameter", "ami-…", value, passed=value.startswith("ami-"))
    several = ssm.get_parameters(Names=[IMAGE, "/none"])
    report.check("GetParameters", (1, ["/none"]), (len(several["Parameters"]), several["InvalidParameters"]))
    cloud.refuses("ParameterNotFound", 400, ssm.get_parameter, Name="/none")
    report.check("DescribeInstanceInformation", [], ssm.describe_instance_information()["InstanceInformationList"])
    cloud.refuses("TargetNotConnected", 400, ssm.start_session, Target="i-0123456789abcdef0")
    ssm.terminate_session(SessionId="judged-0123456789abcdef0")

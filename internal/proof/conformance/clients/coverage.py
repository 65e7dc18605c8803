"""Every operation that the embedded cloud serves must have been driven by one of the other parts."""

import urllib.request

import botocore.session

UNKNOWN = (b"InvalidAction", b"UnknownOperationException")


def drive(cloud):
    session = botocore.session.get_session()
    for service, form in (("ec2", _query), ("cloudformation", _query), ("events", _json), ("sqs", _json), ("ssm", _json)):
        model = session.get_service_model(service)
        served = {name for name in model.operation_names if _serves(cloud, service, form(model, name))}
        called = {name for of, name in cloud.called if of == service}
        cloud.report.check(f"operations of {service} that are served", "some", len(served), passed=served)
        for name in sorted(served):
            cloud.report.check(f"{service} {name}", "driven by a client", "not driven", passed=name in called)


def _query(model, name):
    return {"Content-Type": "application/x-www-form-urlencoded"}, f"Action={name}&Version={model.api_version}".encode()


def _json(model, name):
    return {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{model.metadata['targetPrefix']}.{name}"}, b"{}"


def _serves(cloud, service, call):
    """Asks in an account of its own, with nothing but the operation's name."""
    headers, body = call
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=999999999999/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(cloud.endpoint, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status == 200
    except urllib.error.HTTPError as error:
        answer = error.read()
        return not any(code in answer for code in UNKNOWN)

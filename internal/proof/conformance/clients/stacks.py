"""CloudFormation: a template is read, and a stack is updated by change sets."""

import json

from botocore.exceptions import WaiterError

ACCOUNT, STACK = "777777777777", "judged"
KEEP = [{"ParameterKey": "Size", "UsePreviousValue": True}]


def drive(cloud):
    report, cfn, events = cloud.report, cloud.client("cloudformation", ACCOUNT), cloud.client("events", ACCOUNT)
    before = cfn.get_template(StackName=STACK)["TemplateBody"]
    without = json.loads(json.dumps(before))
    del without["Resources"]["Rule"]
    summary = cfn.get_template_summary(StackName=STACK)
    report.check("GetTemplateSummary", ["Size"], [p["ParameterKey"] for p in summary["Parameters"]])
    _update(cfn, "without", without)
    report.check("a rule that the template no longer has", [], events.list_rules()["Rules"])
    _update(cfn, "again", before)
    report.check("a rule that the template has again", ["judged"], [r["Name"] for r in events.list_rules()["Rules"]])
    stack = cfn.describe_stacks(StackName=STACK)["Stacks"][0]
    report.has("DescribeStacks", stack, ["StackId", "CreationTime", "LastUpdatedTime", "Outputs.OutputKey", "Parameters.ParameterValue"])
    report.check("the stack's status", "UPDATE_COMPLETE", stack["StackStatus"])
    _refusals(cloud, cfn, before)


def _update(cfn, name, template):
    """Makes the calls of `aws cloudformation deploy`."""
    created = cfn.create_change_set(StackName=STACK, ChangeSetName=name, TemplateBody=json.dumps(template), Parameters=KEEP)
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=created["Id"], StackName=STACK)
    cfn.execute_change_set(StackName=STACK, ChangeSetName=name)
    cfn.get_waiter("stack_update_complete").wait(StackName=STACK)


def _refusals(cloud, cfn, template):
    cfn.create_change_set(StackName=STACK, ChangeSetName="same", TemplateBody=json.dumps(template))
    try:
        cfn.get_waiter("change_set_create_complete").wait(StackName=STACK, ChangeSetName="same")
        reason = "none"
    except WaiterError as error:
        reason = error.last_response["StatusReason"]
    cloud.report.check("a change set without changes", "didn't contain changes", reason, passed="didn't contain changes" in reason)
    cloud.refuses("InvalidChangeSetStatus", 400, cfn.execute_change_set, StackName=STACK, ChangeSetName="same")
    cloud.refuses("ChangeSetNotFound", 404, cfn.describe_change_set, StackName=STACK, ChangeSetName="none")
    cloud.refuses("ValidationError", 400, cfn.describe_stacks, StackName="none")
    cloud.refuses("ValidationError", 400, cfn.get_template, StackName="none")
    cloud.refuses("ValidationError", 400, cfn.get_template_summary, StackName="none")
    cloud.refuses("AlreadyExistsException", 400, cfn.create_change_set, StackName=STACK, ChangeSetName="same", TemplateBody=json.dumps(template))
    cloud.refuses("ValidationError", 400, cfn.create_change_set, StackName=STACK, ChangeSetName="new", TemplateBody="{")

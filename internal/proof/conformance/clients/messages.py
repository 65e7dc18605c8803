"""EventBridge and SQS: buses, rules, targets, events, queues, messages."""

import json

from botocore.exceptions import ClientError

from clients import HOME, ONE, TWO


def drive(cloud):
    report, events, sqs = cloud.report, cloud.client("events"), cloud.client("sqs")
    _buses(report, events)
    url = _queues(report, sqs)
    _rules(report, events)
    _delivery(report, events, sqs, url)
    _messages(report, sqs, url)
    _redrive(report, sqs, url)
    _end(report, events, sqs, url)


def _buses(report, events):
    report.has("CreateEventBus", events.create_event_bus(Name="judged"), ["EventBusArn"])
    events.put_permission(EventBusName="judged", Action="events:PutEvents", Principal=TWO, StatementId="counterpart")
    described = events.describe_event_bus(Name="judged")
    report.has("DescribeEventBus", described, ["Name", "Arn", "Policy"])
    report.check("the statement of the bus's policy", ["counterpart"], [s["Sid"] for s in json.loads(described["Policy"])["Statement"]])
    events.remove_permission(EventBusName="judged", StatementId="counterpart")
    listed = events.list_event_buses()["EventBuses"]
    report.has("ListEventBuses", listed, ["Name", "Arn"])
    report.check("the buses of an account", ["default", "judged"], sorted(b["Name"] for b in listed))


def _queues(report, sqs):
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{HOME}:{ONE}:judged",
    }]}
    url = sqs.create_queue(QueueName="judged", Attributes={"VisibilityTimeout": "60", "Policy": json.dumps(policy)})["QueueUrl"]
    report.check("GetQueueUrl", url, sqs.get_queue_url(QueueName="judged")["QueueUrl"])
    report.check("ListQueues", [url], sqs.list_queues(QueueNamePrefix="jud")["QueueUrls"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    report.has("GetQueueAttributes", got, [
        "QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed", "CreatedTimestamp",
        "LastModifiedTimestamp", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "Policy",
    ])
    report.check("the visibility timeout", "30", got["VisibilityTimeout"])
    return url


def _rules(report, events):
    pattern = {"source": ["judged"], "detail": {"n": [{"numeric": [">", 1]}]}}
    put = events.put_rule(Name="to-queue", EventBusName="judged", EventPattern=json.dumps(pattern), Description="judged", State="ENABLED")
    report.has("PutRule", put, ["RuleArn"])
    targets = [{"Id": "queue", "Arn": f"arn:aws:sqs:{HOME}:{ONE}:judged"}]
    report.check("targets that were not taken", 0, events.put_targets(Rule="to-queue", EventBusName="judged", Targets=targets)["FailedEntryCount"])
    report.has("DescribeRule", events.describe_rule(Name="to-queue", EventBusName="judged"), ["Name", "Arn", "EventPattern", "State", "Description", "EventBusName", "CreatedBy"])
    report.has("ListRules", events.list_rules(EventBusName="judged")["Rules"], ["Name", "Arn", "EventPattern", "State", "EventBusName"])
    report.has("ListTargetsByRule", events.list_targets_by_rule(Rule="to-queue", EventBusName="judged")["Targets"], ["Id", "Arn"])
    events.disable_rule(Name="to-queue", EventBusName="judged")
    report.check("a rule that is disabled", "DISABLED", events.describe_rule(Name="to-queue", EventBusName="judged")["State"])
    events.enable_rule(Name="to-queue", EventBusName="judged")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    report.has("a rule with a schedule", events.describe_rule(Name="hourly"), ["ScheduleExpression", "State", "EventBusName"])
    events.delete_rule(Name="hourly")
    event = {"id": "1", "account": ONE, "source": "judged", "time": "2026-06-08T07:37:56Z", "region": HOME, "resources": [], "detail-type": "t", "detail": {"n": 2}}
    report.check("TestEventPattern", True, events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"])


def _delivery(report, events, sqs, url):
    entries = [{"Source": "judged", "DetailType": "t", "Detail": json.dumps({"n": n}), "EventBusName": "judged"} for n in (1, 2)]
    put = events.put_events(Entries=entries)
    report.check("events that were not taken", 0, put["FailedEntryCount"])
    report.has("PutEvents", put["Entries"], ["EventId"])
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageSystemAttributeNames=["All"])["Messages"]
    report.has("ReceiveMessage", got, [
        "MessageId", "ReceiptHandle", "MD5OfBody", "Body", "Attributes.SenderId", "Attributes.SentTimestamp", "Attributes.ApproximateReceiveCount",
        "Attributes.ApproximateFirstReceiveTimestamp",
    ])
    body = json.loads(got[0]["Body"])
    report.check("the members of an event", ["account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"], sorted(body))
    report.check("the event that matches", {"n": 2}, body["detail"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])


def _messages(report, sqs, url):
    color = {"color": {"DataType": "String", "StringValue": "blue"}}
    report.has("SendMessage", sqs.send_message(QueueUrl=url, MessageBody="a", MessageAttributes=color), ["MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"])
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": n, "MessageBody": n} for n in "bc"])
    report.check("messages of a batch", ["b", "c"], sorted(e["Id"] for e in sent["Successful"]))
    got = []
    while len(got) < 3:
        got += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"])["Messages"]
    report.check("bodies", ["a", "b", "c"], sorted(m["Body"] for m in got))
    report.check("attributes of a message", color, next(m["MessageAttributes"] for m in got if m["Body"] == "a"))
    first, second, third = (m["ReceiptHandle"] for m in got)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first, VisibilityTimeout=0)
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{"Id": "x", "ReceiptHandle": second, "VisibilityTimeout": 0}])
    report.check("ChangeMessageVisibilityBatch", ["x"], [e["Id"] for e in changed["Successful"]])
    gone = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "x", "ReceiptHandle": third}])
    report.check("DeleteMessageBatch", ["x"], [e["Id"] for e in gone["Successful"]])
    sqs.purge_queue(QueueUrl=url)
    report.check("messages after a purge", "0", sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"])


def _redrive(report, sqs, url):
    dead = sqs.create_queue(QueueName="judged-dead")["QueueUrl"]
    arn = f"arn:aws:sqs:{HOME}:{ONE}:judged-dead"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})
    for body in "ab":
        sqs.send_message(QueueUrl=dead, MessageBody=body)
    handle = sqs.start_message_move_task(SourceArn=arn, DestinationArn=f"arn:aws:sqs:{HOME}:{ONE}:judged", MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    task = sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]
    report.check("a task that runs", ("RUNNING", handle, 2, 1), (
        task["Status"], task["TaskHandle"], task["ApproximateNumberOfMessagesToMove"], task["MaxNumberOfMessagesPerSecond"],
    ))
    report.check("CancelMessageMoveTask", 0, sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"])
    sqs.delete_queue(QueueUrl=dead)


def _end(report, events, sqs, url):
    removed = events.remove_targets(Rule="to-queue", EventBusName="judged", Ids=["queue"])
    report.check("targets that were not removed", 0, removed["FailedEntryCount"])
    events.delete_rule(Name="to-queue", EventBusName="judged")
    events.delete_event_bus(Name="judged")
    sqs.delete_queue(QueueUrl=url)
    try:
        sqs.get_queue_url(QueueName="judged")
    except sqs.exceptions.QueueDoesNotExist as error:
        report.check("the queue that is deleted", "AWS.SimpleQueueService.NonExistentQueue", error.response["Error"]["Code"])
    except ClientError as error:
        report.check("the queue that is deleted", "QueueDoesNotExist", error)

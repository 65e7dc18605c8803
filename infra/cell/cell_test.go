package cell_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/infra/cell"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close() // once: every test's stack shares one Node process
	os.Exit(code)
}

// company is the policy of most tests: two departments in a cell each and one that spans a range, with all
// keys of a policy that affect permissions. The partners are third parties; one has a VPC in finance's cell.
const company = `
version: 1
otherwise: reject
departments:
  marketing:
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000002 }
  finance:
    - { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000003 }
  developer:
    - { account: "333333333333", region: eu-west-1, within: 10.64.0.0/12 }
  legal:
    - { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000004 }
  sales:
    - { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000006 }
  database:
    - { account: "444444444444", region: eu-west-1, vpc: vpc-00000000000000007 }
  auditor:
    - { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000008 }
peerings:
  - between: [marketing, finance]
    dns: true
    allow:
      - { from: marketing, to: finance, groups: { tags: { Role: ledger } }, protocol: tcp, ports: [443] }
  - between: [developer, finance]
    requester: developer
  - between: [developer, sales]
  - between: [marketing, legal]
    approval: manual
  - { between: [sales, database], requester: sales, manage: requester }
  - { between: [finance, auditor], requester: finance, manage: requester }
  - { between: [database, legal], requester: database, manage: accepter }
`

var (
	marketing = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	finance   = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	developer = peering.Cell{Account: "333333333333", Region: "eu-west-1"}
)

func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func options(t testing.TB, context map[string]any) cell.Options {
	t.Helper()
	o, err := cell.ParseOptions(func(key string) any { return context[key] })
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// built returns a folder with stand-ins for the functions.
func built(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range function.All {
		if err := os.MkdirAll(filepath.Join(dir, string(f)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, string(f), "bootstrap"), []byte(f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stack returns the template of a cell's main stack.
func stack(t testing.TB, text string, of peering.Cell) assertions.Template {
	t.Helper()
	return assertions.Template_FromStack(stacks(t, text, of, nil).Main, nil)
}

// holder returns the template of the cell's stack that has resources of the type.
func holder(t testing.TB, resourceType, text string, of peering.Cell, context map[string]any) assertions.Template {
	t.Helper()
	both := stacks(t, text, of, context)
	if strings.HasPrefix(resourceType, "AWS::Events::EventBus") {
		return assertions.Template_FromStack(both.Bus, nil)
	}
	return assertions.Template_FromStack(both.Main, nil)
}

func stacks(t testing.TB, text string, of peering.Cell, context map[string]any) cell.Stacks {
	t.Helper()
	made, err := cell.New(awscdk.NewApp(nil), of, cell.Props{
		Policy: parse(t, text), Options: options(t, context), Build: built(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// resource is one resource of a template.
type resource struct {
	Type       string
	Properties map[string]any
}

// resources returns those of the type, by logical id.
func resources(t testing.TB, template assertions.Template, resourceType string) map[string]resource {
	t.Helper()
	data, err := json.Marshal(template.FindResources(&resourceType, nil))
	if err != nil {
		t.Fatal(err)
	}
	var found map[string]resource
	if err := json.Unmarshal(data, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// has fails t when no resource of the type has the properties. The assertions library itself panics then,
// which would end every other test in the binary.
func has(t *testing.T, got assertions.Template, resourceType string, props map[string]any) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Error(r)
		}
	}()
	got.HasResourceProperties(&resourceType, props)
}

type object = map[string]any

func TestResourcesHaveTheirProperties(t *testing.T) {
	both := stacks(t, company, finance, nil)
	bus, template := assertions.Template_FromStack(both.Bus, nil), assertions.Template_FromStack(both.Main, nil)
	tests := []struct {
		name, resourceType string
		props              object
	}{
		{"the bus has the installation's name", "AWS::Events::EventBus", object{"Name": "autopeer"}},
		{"a failing message is tried ten times, then kept", "AWS::SQS::Queue", object{
			"QueueName": "autopeer-accept", "VisibilityTimeout": 180, "SqsManagedSseEnabled": true,
			"RedrivePolicy": object{"maxReceiveCount": 10, "deadLetterTargetArn": assertions.Match_AnyValue()},
		}},
		{"a sweep waits until a burst of changes is over", "AWS::Lambda::EventSourceMapping", object{
			"BatchSize": 1000, "MaximumBatchingWindowInSeconds": 15,
		}},
		{"its messages stay hidden for as long as AWS asks", "AWS::SQS::Queue", object{
			"QueueName": "autopeer-sweep", "VisibilityTimeout": 195,
		}},
		{"a request waits for nothing", "AWS::Lambda::EventSourceMapping", object{
			"BatchSize": 10, "MaximumBatchingWindowInSeconds": assertions.Match_Absent(),
		}},
		{"a schedule has the cell swept", "AWS::Events::Rule", object{
			"Name": "autopeer-sweep-schedule", "ScheduleExpression": "rate(15 minutes)",
			"EventPattern": assertions.Match_Absent(),
			"Targets": []any{assertions.Match_ObjectLike(&object{
				"RoleArn": assertions.Match_Absent(), "DeadLetterConfig": object{"Arn": assertions.Match_AnyValue()},
			})},
		}},
		{"a tag that approves, holds or adopts has the cell swept", "AWS::Events::Rule", object{
			"Name": "autopeer-sweep-tags", "EventPattern": object{"detail": object{
				"eventName": []any{"CreateTags", "DeleteTags"},
				"requestParameters": object{"tagSet": object{"items": object{"key": []any{"Role", "autopeer:approved",
					"autopeer:hold", "autopeer:adopt"}}}},
			}},
		}},
		{"only sweep knows the queues of the others", "AWS::Lambda::Function", object{
			"FunctionName": "autopeer-disconnect", "Environment": object{"Variables": object{
				"AUTOPEER_ACCEPT_QUEUE_URL": assertions.Match_Absent(), "AUTOPEER_SWEEP_MINUTES": assertions.Match_Absent(),
			}},
		}},
		{"a dead letter waits for two weeks", "AWS::SQS::Queue", object{
			"QueueName": "autopeer-accept-dead-letters", "MessageRetentionPeriod": 14 * 24 * 3600,
		}},
		{"only failed messages return to the queue, and few environments run", "AWS::Lambda::EventSourceMapping", object{
			"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "BatchSize": 10,
			"ScalingConfig": object{"MaximumConcurrency": 2},
		}},
		{"a function is a small arm64 binary that logs JSON", "AWS::Lambda::Function", object{
			"FunctionName": "autopeer-connect", "Runtime": "provided.al2023", "Architectures": []any{"arm64"}, "MemorySize": 512,
			"Timeout":       30,
			"LoggingConfig": object{"LogFormat": "JSON"}, "ReservedConcurrentExecutions": assertions.Match_Absent(),
		}},
		{"logs are kept for a while", "AWS::Logs::LogGroup", object{
			"LogGroupName": "/aws/lambda/autopeer-connect", "RetentionInDays": 90,
		}},
		{"a queue takes events from its own rules only", "AWS::SQS::QueuePolicy",
			object{"PolicyDocument": object{"Statement": assertions.Match_ArrayWith(&[]any{
				assertions.Match_ObjectLike(&object{"Sid": "ReceiveFromRules",
					"Principal": object{"Service": "events.amazonaws.com"},
					"Condition": object{"ArnLike": object{"aws:SourceArn": []any{
						"arn:aws:events:eu-west-1:222222222222:rule/autopeer-accept",
						"arn:aws:events:eu-west-1:222222222222:rule/autopeer-accept-approved",
						"arn:aws:events:eu-west-1:222222222222:rule/autopeer/autopeer-accept-told",
					}}}}),
			})}}},
		{"an unencrypted call to a queue is refused", "AWS::SQS::QueuePolicy",
			object{"PolicyDocument": object{"Statement": assertions.Match_ArrayWith(&[]any{
				assertions.Match_ObjectLike(&object{
					"Effect": "Deny", "Principal": "*", "Action": "sqs:*",
					"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
				}),
			})}}},
		{"a rule forwards to the counterpart's bus and keeps events that it can't deliver", "AWS::Events::Rule", object{
			"Name": "autopeer-forward-calls-111111111111-us-east-1",
			"Targets": []any{object{
				"Arn": "arn:aws:events:us-east-1:111111111111:event-bus/autopeer", "Id": "target",
				"RoleArn": assertions.Match_AnyValue(), "DeadLetterConfig": object{"Arn": assertions.Match_AnyValue()},
			}},
		}},
		{"the forwarding role sends to the counterparts' buses only", "AWS::IAM::Role", object{
			"RoleName": "autopeer-forward-eu-west-1",
			"Policies": []any{object{"PolicyDocument": object{"Statement": []any{object{
				"Sid": "SendToCounterparts", "Effect": "Allow", "Action": "events:PutEvents", "Resource": []any{
					"arn:aws:events:us-east-1:111111111111:event-bus/autopeer",
					"arn:aws:events:eu-west-1:333333333333:event-bus/autopeer",
				}}}}}},
		}},
		{"EventBridge takes on the forwarding role for the cell's own rules only", "AWS::IAM::Role", object{
			"RoleName": "autopeer-forward-eu-west-1", "AssumeRolePolicyDocument": object{"Statement": []any{object{
				"Sid": "TakeOn", "Effect": "Allow", "Action": "sts:AssumeRole",
				"Principal": object{"Service": "events.amazonaws.com"},
				"Condition": object{
					"StringEquals": object{"aws:SourceAccount": "222222222222"},
					"ArnLike": object{"aws:SourceArn": []any{
						"arn:aws:events:eu-west-1:222222222222:rule/autopeer-forward-*",
						"arn:aws:events:eu-west-1:222222222222:rule/autopeer/autopeer-forward-*",
					}},
				},
			}}},
		}},
		{"Lambda states no source when it takes on a role", "AWS::IAM::Role", object{
			"RoleName": "autopeer-accept-eu-west-1", "AssumeRolePolicyDocument": object{"Statement": []any{object{
				"Sid": "TakeOn", "Effect": "Allow", "Action": "sts:AssumeRole",
				"Principal": object{"Service": "lambda.amazonaws.com"}, "Condition": assertions.Match_Absent(),
			}}},
		}},
		{"counterparts may send the events that their rule for this cell forwards", "AWS::Events::EventBusPolicy",
			object{"StatementId": "autopeer-CallsThatCounterpartsForward", "Statement": object{
				"Principal": object{"AWS": []any{"arn:aws:iam::111111111111:root", "arn:aws:iam::333333333333:root"}},
				"Action":    "events:PutEvents", "Resource": "arn:aws:events:eu-west-1:222222222222:event-bus/autopeer",
				"Condition": object{
					"ArnLike": object{
						"aws:SourceArn": "arn:aws:events:*:*:rule/autopeer-forward-calls-222222222222-eu-west-1",
					},
					"ForAllValues:StringEquals": object{
						"events:source": "aws.ec2", "events:detail-type": []any{"AWS API Call via CloudTrail"},
					},
					"StringEquals": assertions.Match_Absent(),
				},
			}}},
		{"counterparts may send the three messages by their rule for messages to this cell",
			"AWS::Events::EventBusPolicy", object{
				"StatementId": "autopeer-MessagesOfCounterparts", "Statement": object{
					"Effect":    "Allow",
					"Principal": object{"AWS": []any{"arn:aws:iam::111111111111:root", "arn:aws:iam::333333333333:root"}},
					"Action":    "events:PutEvents", "Resource": "arn:aws:events:eu-west-1:222222222222:event-bus/autopeer",
					"Condition": object{
						"ArnLike": object{
							"aws:SourceArn": "arn:aws:events:*:*:rule/autopeer/autopeer-forward-messages-222222222222-eu-west-1",
						},
						"ForAllValues:StringEquals": object{
							"events:source":      "autopeer.cells",
							"events:detail-type": []any{"Side Checked", "Check Side", "Connection Accepted"},
						},
					},
				}}},
		{"nothing else in the account may publish on the bus", "AWS::Events::EventBusPolicy", object{
			"StatementId": "autopeer-OnlyTheFunctions", "Statement": object{
				"Effect": "Deny", "Principal": "*", "Action": "events:PutEvents",
				"Resource": "arn:aws:events:eu-west-1:222222222222:event-bus/autopeer",
				"Condition": object{
					"StringEquals": object{"aws:PrincipalAccount": "222222222222"},
					"ArnNotLike": object{"aws:PrincipalArn": []any{
						"arn:aws:iam::222222222222:role/autopeer-accept-eu-west-1",
						"arn:aws:iam::222222222222:role/autopeer-connect-eu-west-1",
						"arn:aws:iam::222222222222:role/autopeer-disconnect-eu-west-1",
						"arn:aws:iam::222222222222:role/autopeer-sweep-eu-west-1",
					}},
				},
			}}},
		{"alarms are encrypted on their way", "AWS::SNS::Topic", object{
			"TopicName": "autopeer-alarms", "KmsMasterKeyId": assertions.Match_AnyValue(),
		}},
		{"an alarm is raised for a single dead letter", "AWS::CloudWatch::Alarm", object{
			"AlarmName": "autopeer-connect-dead-letters", "Threshold": 1, "MetricName": "ApproximateNumberOfMessagesVisible",
			"Dimensions": []any{object{"Name": "QueueName", "Value": "autopeer-connect-dead-letters"}},
		}},
		{"an alarm is raised for an event that a rule could not deliver", "AWS::CloudWatch::Alarm", object{
			"AlarmName":  "autopeer-undelivered",
			"Dimensions": []any{object{"Name": "QueueName", "Value": "autopeer-undelivered"}},
		}},
		{"an alarm is raised for an event that a sweep has missed", "AWS::CloudWatch::Alarm", object{
			"AlarmName": "autopeer-sweep-missed-events", "Namespace": "autopeer", "MetricName": "MissedEvents",
			"Statistic": "Sum", "Period": 3600, "Threshold": 1,
			"Dimensions": []any{object{"Name": "Function", "Value": "autopeer-sweep"}}, "TreatMissingData": "notBreaching",
		}},
		{"the dashboard's name contains the Region", "AWS::CloudWatch::Dashboard",
			object{"DashboardName": "autopeer-eu-west-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.HasPrefix(tt.resourceType, "AWS::Events::EventBus") {
				has(t, bus, tt.resourceType, tt.props)
			} else {
				has(t, template, tt.resourceType, tt.props)
			}
		})
	}
	if n := len(resources(t, template, "AWS::CloudTrail::Trail")); n != 0 {
		t.Errorf("%d trails, want none unless it is asked for", n)
	}
}

func TestOptionsReachTheTemplate(t *testing.T) {
	tests := []struct {
		name         string
		context      object
		resourceType string
		props        object
	}{
		{"everything begins with the prefix", object{"prefix": "net"}, "AWS::Lambda::Function", object{
			"FunctionName": "net-accept", "Environment": object{"Variables": object{"AUTOPEER_BUS": "net"}},
		}},
		{"logs are kept as long as asked", object{"logRetentionDays": 365}, "AWS::Logs::LogGroup",
			object{"RetentionInDays": 365}},
		{"an e-mail address receives alarms", object{"alarmEmail": "ops@example.com"}, "AWS::SNS::Subscription", object{
			"Protocol": "email", "Endpoint": "ops@example.com",
		}},
		{"alarms go to the operator's topic", object{"alarmTopic": "ops"}, "AWS::CloudWatch::Alarm",
			object{"AlarmActions": []any{"arn:aws:sns:us-east-1:111111111111:ops"}}},
		{"the organization replaces the list of accounts", object{"organization": "o-0123456789"},
			"AWS::Events::EventBusPolicy", object{
				"Statement": object{
					"Principal": "*", "Condition": object{"StringEquals": object{"aws:PrincipalOrgID": "o-0123456789"}},
				}}},
		{"a trail logs writes", object{"trail": "true"}, "AWS::CloudTrail::Trail", object{
			"IsLogging": true, "EventSelectors": []any{object{"ReadWriteType": "WriteOnly"}},
		}},
		{"concurrency is reserved", object{"reservedConcurrency": "5"}, "AWS::Lambda::Function",
			object{"ReservedConcurrentExecutions": 5}},
		{"sweeps come as often as asked", object{"sweepMinutes": 60}, "AWS::Events::Rule",
			object{"ScheduleExpression": "rate(60 minutes)"}},
		{"sweep knows its interval", object{"sweepMinutes": "60"}, "AWS::Lambda::Function",
			object{"Environment": object{"Variables": object{"AUTOPEER_SWEEP_MINUTES": "60"}}}},
		{"every role has the boundary", object{"permissionsBoundary": "edge"}, "AWS::IAM::Role",
			object{"PermissionsBoundary": "arn:aws:iam::111111111111:policy/edge"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			has(t, holder(t, tt.resourceType, company, marketing, tt.context), tt.resourceType, tt.props)
		})
	}
}

// TestCellsWithoutAPeering: a cell admits only the denials of other cells whose requests it rejects, and sends them
// only its own.
func TestCellsWithoutAPeering(t *testing.T) {
	const policies = "AWS::Events::EventBusPolicy"
	organization := object{"organization": "o-0123456789"}
	denials := func(sender object) object {
		return object{"StatementId": "autopeer-DenialsOfOtherCells", "Statement": object{
			"Effect": "Allow", "Principal": sender["by"], "Action": "events:PutEvents",
			"Resource": "arn:aws:events:us-east-1:111111111111:event-bus/autopeer",
			"Condition": object{
				"ArnLike": object{
					"aws:SourceArn": "arn:aws:events:*:*:rule/autopeer/autopeer-forward-messages-111111111111-us-east-1",
				},
				"ForAllValues:StringEquals": object{"events:source": "autopeer.cells", "events:detail-type": []any{"Side Checked"}},
				"StringEquals":              sender["if"],
			},
		}}
	}
	accounts := []any{"arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"}
	has(t, holder(t, policies, unpeered, marketing, nil), policies, denials(object{
		"by": object{"AWS": accounts}, "if": assertions.Match_Absent(),
	}))
	has(t, holder(t, policies, unpeered, marketing, organization), policies, denials(object{
		"by": "*", "if": object{"aws:PrincipalOrgID": "o-0123456789"},
	}))
	for _, tt := range []struct {
		name    string
		policy  string
		of      peering.Cell
		context object
		want    int // statements
	}{
		{"no cell with a peering", unpeered, marketing, nil, 2},
		{"a counterpart and another cell", unpeered, finance, nil, 4},
		{"the organization stands for both", unpeered, finance, organization, 3},
		{"requests that are left", strings.Replace(unpeered, "reject", "leave", 1), finance, nil, 3},
		{"requests that are left, and no counterpart", strings.Replace(unpeered, "reject", "leave", 1), marketing, nil, 1},
	} {
		if got := len(resources(t, holder(t, policies, tt.policy, tt.of, tt.context), policies)); got != tt.want {
			t.Errorf("%s: the policy of the bus has %d statements, want %d", tt.name, got, tt.want)
		}
	}
	has(t, stack(t, unpeered, marketing), "AWS::IAM::Role",
		object{"RoleName": "autopeer-forward-us-east-1",
			"Policies": []any{object{"PolicyDocument": object{"Statement": []any{object{
				"Sid": "SendToCounterparts", "Effect": "Allow", "Action": "events:PutEvents", "Resource": []any{
					"arn:aws:events:eu-west-1:222222222222:event-bus/autopeer",
					"arn:aws:events:eu-west-1:333333333333:event-bus/autopeer",
				}}}}}}})
	for id, r := range resources(t, stack(t, unpeered, marketing), "AWS::Events::Rule") {
		if name := r.Properties["Name"].(string); strings.HasPrefix(name, "autopeer-forward-calls-") {
			t.Errorf("%s forwards calls to a cell without a peering: %s", id, name)
		}
	}
}

func TestARNsHaveThePartitionOfTheirRegion(t *testing.T) {
	const resourceType = "AWS::Events::EventBusPolicy"
	for region, partition := range map[string]string{
		"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b",
		"eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f", "eusc-de-east-1": "aws-eusc",
	} {
		there := strings.NewReplacer("eu-west-1", region, "us-east-1", region).Replace(company)
		at := peering.Cell{Account: "222222222222", Region: peering.Region(region)}
		for _, r := range resources(t, stack(t, there, at), "AWS::IAM::Role") {
			if document := text(t, r.Properties); strings.Contains(document, "arn:aws:") {
				t.Errorf("a role has ARNs of another partition: %s", document)
			}
		}
		has(t, holder(t, resourceType, there, at, nil), resourceType, object{"Statement": object{
			"Resource": "arn:" + partition + ":events:" + region + ":222222222222:event-bus/autopeer",
			"Principal": object{"AWS": []any{"arn:" + partition + ":iam::111111111111:root",
				"arn:" + partition + ":iam::333333333333:root"}},
		}})
	}
}

func TestACellOfNoPartitionIsRefused(t *testing.T) {
	at := peering.Cell{Account: "111111111111", Region: "us-navy-east-1"}
	_, err := cell.New(awscdk.NewApp(nil), at, cell.Props{
		Policy: parse(t, company), Options: options(t, nil), Build: built(t),
	})
	if err == nil || !strings.Contains(err.Error(), "111111111111/us-navy-east-1: the Region is in no partition of AWS") {
		t.Errorf("New() = %v", err)
	}
}

func TestAFunctionThatIsNotBuiltIsMissed(t *testing.T) {
	_, err := cell.New(awscdk.NewApp(nil), finance, cell.Props{
		Policy: parse(t, company), Options: options(t, nil), Build: t.TempDir(),
	})
	if err == nil {
		t.Error("New() has no error")
	}
}

// mesh is a policy in which every cell's department may be connected with every other's.
func mesh(accounts int, regions ...peering.Region) *policy.Policy {
	p := &policy.Policy{File: "mesh.yaml", Otherwise: policy.LeaveOthers}
	for a := range accounts {
		for _, r := range regions {
			c := peering.Cell{Account: peering.AccountID(fmt.Sprintf("%012d", 100000000000+a)), Region: r}
			name := "d" + c.String()
			for _, other := range p.Departments {
				p.Peerings = append(p.Peerings, policy.Peering{Between: [2]string{other.Name, name}, DNS: true})
			}
			vpc := peering.VPCID(fmt.Sprintf("vpc-%017x", len(p.Departments)))
			p.Departments = append(p.Departments, policy.Department{Name: name, Members: []policy.Member{{Cell: c, VPC: vpc}}})
		}
	}
	return p
}

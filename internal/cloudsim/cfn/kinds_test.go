package cfn_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

// inPlace has a change of the resource R in named that leaves its name: a layer gets another version, and the others
// are the same.
var inPlace = map[string][2]string{
	"AWS::CloudWatch::Alarm":      {`"Threshold": 1`, `"Threshold": 2`},
	"AWS::CloudWatch::Dashboard":  {`"DashboardBody": "{}"`, `"DashboardBody": "{ }"`},
	"AWS::Events::EventBus":       {`"Name": "same"`, `"Name": "same", "Description": "d"`},
	"AWS::Events::EventBusPolicy": {`"Principal": "*"`, `"Principal": {"AWS": "222222222222"}`},
	"AWS::Events::Rule":           {`["x"]`, `["y"]`},
	"AWS::IAM::ManagedPolicy":     {`"Statement": []`, `"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}`},
	"AWS::IAM::Role":              {`"RoleName": "same"`, `"RoleName": "same", "Description": "d"`},
	"AWS::Lambda::Function":       {`"FunctionName": "same"`, `"FunctionName": "same", "MemorySize": 256`},
	"AWS::Lambda::LayerVersion":   {`"LayerName": "same"`, `"LayerName": "same", "Description": "d"`},
	"AWS::Logs::LogGroup":         {`"LogGroupName": "same"`, `"LogGroupName": "same", "RetentionInDays": 1`},
	"AWS::SNS::Topic":             {`"TopicName": "same"`, `"TopicName": "same", "DisplayName": "d"`},
	"AWS::SQS::Queue":             {`"QueueName": "same"`, `"QueueName": "same", "DelaySeconds": 1`},
}

// stage is a cloud with code for functions.
type stage struct {
	*testing.T
	cloud *cloudsim.Cloud
	code  string
}

func newStage(t *testing.T) stage {
	t.Helper()
	s := stage{t, cloudsim.New(cloudsim.Options{}), t.TempDir()}
	t.Cleanup(s.cloud.Close)
	if err := os.WriteFile(filepath.Join(s.code, "bootstrap"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

// source has a stack whose template has the resources, and a queue so that it is never without any.
func (s stage) source(name, resources string) cfn.Source {
	if resources != "" {
		resources = ", " + strings.ReplaceAll(resources, "STACK", name)
	}
	return cfn.Source{
		Account: account, Region: region, Name: name, Assets: map[string]string{"code.zip": s.code},
		Template: []byte(`{"Resources": {"Any": {"Type": "AWS::SQS::Queue"}` + resources + `}}`),
	}
}

func (s stage) deploy(name, resources string) (*cfn.Stack, error) {
	stack, err := cfn.Deploy(s.Context(), s.cloud, s.source(name, resources))
	s.Cleanup(stack.Close)
	return stack, err
}

// taken reports whether another stack can't have the resources. It leaves no such stack.
func (s stage) taken(resources string) bool {
	s.Helper()
	other, err := s.deploy("other", resources)
	if err := other.Delete(s.Context()); err != nil {
		s.Fatal(err)
	}
	if err != nil && !strings.Contains(err.Error(), "already exists in stack") {
		s.Error(err)
	}
	return err != nil
}

// TestEveryTypeIsUpdatedReplacedAndDeleted checks by their names which resources there are.
func TestEveryTypeIsUpdatedReplacedAndDeleted(t *testing.T) {
	t.Parallel()
	for resourceType, resources := range named {
		t.Run(resourceType, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			stack, err := s.deploy("test", resources)
			if err != nil {
				t.Fatal(err)
			}
			update := func(resources string) {
				t.Helper()
				if err := stack.Update(t.Context(), s.source("test", resources)); err != nil {
					t.Error(err)
				}
			}
			update(strings.Replace(resources, inPlace[resourceType][0], inPlace[resourceType][1], 1))
			renamed := strings.ReplaceAll(resources, `"same"`, `"renamed"`)
			if !s.taken(resources) || s.taken(renamed) {
				t.Error("after an update in place, want the old name taken and the new one free")
			}
			update(renamed)
			if s.taken(resources) || !s.taken(renamed) {
				t.Error("after a replacement, want the old name free and the new one taken")
			}
			update("")
			if s.taken(renamed) {
				t.Error("after the deletion, want the name free")
			}
		})
	}
}

// policy returns the policy of the queue; empty for a queue without one.
func (s stage) policy(stack *cfn.Stack, queue string) string {
	s.Helper()
	out, err := sqs.NewFromConfig(config(s.cloud)).GetQueueAttributes(s.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl:       aws.String(stack.QueueURLs[queue]),
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNamePolicy},
	})
	if err != nil {
		s.Fatal(err)
	}
	return out.Attributes["Policy"]
}

// TestUnnamedResources are updated, replaced and deleted too.
func TestUnnamedResources(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const resources = `"Key": {"Type": "AWS::KMS::Key", "Properties": {"Description": "one"}},
		"Topic": {"Type": "AWS::SNS::Topic"},
		"TopicPolicy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {}}},
		"Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email",
		"Endpoint": "one@example.com"}},
		"A": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::SQS::Queue"},
		"QueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "A"}],
		"PolicyDocument": {"Statement": []}}},
		"Role": {"Type": "AWS::IAM::Role",
		"Properties": {"AssumeRolePolicyDocument": ` + trustsLambda + `, "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement":
			{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}}]}},
		"Function": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "provided.al2023", "Handler": "bootstrap",
		"Role": {"Fn::GetAtt": ["Role", "Arn"]},
			"Code": {"S3Bucket": "b", "S3Key": "code.zip"}}},
		"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Function"},
		"EventSourceArn": {"Fn::GetAtt": ["A", "Arn"]}}}`
	stack, err := s.deploy("test", resources)
	if err != nil {
		t.Fatal(err)
	}
	first := stack.Mappings["test-Function"]
	for _, changes := range [][]string{
		{`"one"`, `"two"`, `one@`, `two@`, `[{"Ref": "A"}]`, `[{"Ref": "B"}]`, `["A", "Arn"]`, `["B", "Arn"]`},
		{`[{"Ref": "A"}]`, `[{"Ref": "B"}]`, `["A", "Arn"]`, `["B", "Arn"]`, `"Handler": "bootstrap"`,
			`"Handler": "bootstrap", "MemorySize": 256`},
	} {
		if err := stack.Update(t.Context(),
			s.source("test", strings.NewReplacer(changes...).Replace(resources))); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := s.policy(stack, "test-A"), s.policy(stack, "test-B"); a != "" || b == "" {
		t.Errorf("the policies of the queues are %q and %q, want the second queue's alone", a, b)
	}
	if now := stack.Mappings["test-Function"]; now == nil || now == first || now.Paused() || !first.Paused() {
		t.Errorf("the mapping isn't replaced: %p after %p", now, first)
	}
	if err := stack.Update(t.Context(), s.source("test", "")); err != nil {
		t.Fatal(err)
	}
	if len(stack.Functions)+len(stack.Mappings) != 0 || len(stack.QueueURLs) != 1 {
		t.Errorf("functions %v, mappings %v and queues %v are left", stack.Functions, stack.Mappings, stack.QueueURLs)
	}
}

// TestAFailedCreationIsRolledBack: the name of the stack remains taken until it is deleted, as the CDK does when it
// deploys again.
func TestAFailedCreationIsRolledBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	reported := listen(t, s.cloud)
	const queue = `"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}`
	failed, err := s.deploy("test", queue+`, "Z": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a name"}}`)
	if err == nil {
		t.Fatal("it is created")
	}
	if s.taken(queue) {
		t.Error("the queue is left behind")
	}
	if err := failed.Update(t.Context(), s.source("test", queue)); err == nil ||
		!strings.Contains(err.Error(), "the stack is in ROLLBACK_COMPLETE state and can not be updated") {
		t.Errorf("update: error = %v", err)
	}
	if _, err := s.deploy("test", queue); err == nil || !strings.Contains(err.Error(), "the stack exists") {
		t.Errorf("deploy again: error = %v", err)
	}
	if err := failed.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.deploy("test", queue); err != nil {
		t.Error(err)
	}
	want := []string{
		"CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE",
		"CREATE_IN_PROGRESS", "CREATE_COMPLETE",
	}
	if got := statuses(reported()); !slices.Equal(got, want) {
		t.Errorf("statuses = %v\nwant       %v", got, want)
	}
}

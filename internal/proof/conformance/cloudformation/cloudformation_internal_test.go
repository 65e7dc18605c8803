package cloudformation

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// list is types.json. A type is created or skipped; of one that is created, each property is compared or skipped.
// Everything that isn't compared has its reason.
type list struct {
	Created map[string]struct {
		Compared   []string
		Skipped    map[string]string
		NotUpdated map[string]string `json:"not updated"`
		Lost       string            `json:"lost by updates"`
		NotDeleted string            `json:"not deleted"`
	}
	Skipped map[string]string
}

func read(path string) (list, error) {
	var l list
	data, err := os.ReadFile(path)
	if err != nil {
		return l, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return l, d.Decode(&l)
}

// compared has the properties that the stacks on moto are compared by. The list may grow.
var compared = map[string][]string{
	"AWS::CloudWatch::Dashboard": {"DashboardBody", "DashboardName"},
	"AWS::Events::EventBus":      {"Name"},
	"AWS::Events::Rule":          {"EventBusName", "EventPattern", "Name", "ScheduleExpression", "State", "Targets"},
	"AWS::IAM::Role":             {"AssumeRolePolicyDocument", "PermissionsBoundary", "Policies", "RoleName"},
	"AWS::KMS::Key":              {"Description", "EnableKeyRotation", "KeyPolicy"},
	"AWS::Lambda::EventSourceMapping": {"BatchSize", "EventSourceArn", "FunctionName", "FunctionResponseTypes",
		"MaximumBatchingWindowInSeconds", "ScalingConfig"},
	"AWS::Lambda::Function": {"Environment", "FunctionName", "Handler", "MemorySize", "ReservedConcurrentExecutions",
		"Role", "Runtime", "Timeout"},
	"AWS::Lambda::LayerVersion": {"Description"},
	"AWS::Logs::LogGroup":       {"LogGroupName", "RetentionInDays"},
	"AWS::S3::Bucket":           {},
	"AWS::SNS::Topic":           {"KmsMasterKeyId", "TopicName"},
	"AWS::SQS::Queue": {"MessageRetentionPeriod", "QueueName", "RedrivePolicy",
		"SqsManagedSseEnabled", "VisibilityTimeout"},
}

// TestTheListDoesNotShrink: each type that moto created stays created, each property that was compared stays so, and
// whatever is skipped has a reason.
func TestTheListDoesNotShrink(t *testing.T) {
	t.Parallel()
	l, err := read("types.json")
	if err != nil {
		t.Fatal(err)
	}
	for kind, properties := range compared {
		created, found := l.Created[kind]
		if !found {
			t.Errorf("%s is no longer created", kind)
		}
		for _, property := range properties {
			if !slices.Contains(created.Compared, property) {
				t.Errorf("%s.%s is no longer compared", kind, property)
			}
		}
		for property, reason := range created.Skipped {
			if reason == "" {
				t.Errorf("%s.%s is skipped without a reason", kind, property)
			}
		}
	}
	for kind, reason := range l.Skipped {
		if reason == "" {
			t.Errorf("%s is skipped without a reason", kind)
		}
	}
}

// TestTheExampleCanBeChanged: the example has the texts that the second version replaces.
func TestTheExampleCanBeChanged(t *testing.T) {
	t.Parallel()
	policy, err := os.ReadFile("../../../../" + example)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := change(string(policy)); err != nil {
		t.Error(err)
	}
}

package cell_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

// named has the property with the physical id of each type of resource.
var named = map[string]string{
	"AWS::CloudTrail::Trail":      "TrailName",
	"AWS::CloudWatch::Alarm":      "AlarmName",
	"AWS::CloudWatch::Dashboard":  "DashboardName",
	"AWS::Events::EventBus":       "Name",
	"AWS::Events::EventBusPolicy": "StatementId",
	"AWS::Events::Rule":           "Name",
	"AWS::IAM::ManagedPolicy":     "ManagedPolicyName",
	"AWS::IAM::Role":              "RoleName",
	"AWS::Lambda::Function":       "FunctionName",
	"AWS::Lambda::LayerVersion":   "LayerName",
	"AWS::Logs::LogGroup":         "LogGroupName",
	"AWS::SNS::Topic":             "TopicName",
	"AWS::SQS::Queue":             "QueueName",
}

// unnamed has the types whose physical ids CloudFormation makes up, as long as they don't have the property.
var unnamed = map[string]string{
	"AWS::KMS::Key": "", "AWS::Lambda::EventSourceMapping": "", "AWS::S3::Bucket": "BucketName",
	"AWS::S3::BucketPolicy":  "",
	"AWS::SNS::Subscription": "", "AWS::SNS::TopicPolicy": "", "AWS::SQS::QueuePolicy": "",
}

// identity is a name or id that is unique in an account and Region, or in an account.
type identity struct{ resourceType, id string }

// TestInstallationsHaveNoNameInCommon synthesizes a cell with every type of resource under two prefixes. One begins
// with the other.
func TestInstallationsHaveNoNameInCommon(t *testing.T) {
	p := star(100, 60) // whose roles need managed policies
	first, second := identities(t, p, "net"), identities(t, p, "net-accept")
	for i := range first {
		if second[i] {
			t.Errorf("both have %s %s", i.resourceType, i.id)
		}
	}
	resourceTypes := map[string]bool{}
	for i := range first {
		resourceTypes[i.resourceType] = true
	}
	for resourceType := range named {
		if !resourceTypes[resourceType] {
			t.Errorf("there is no %s", resourceType)
		}
	}
}

// identities returns the stacks and resources of the hub of a star.
func identities(t *testing.T, p *policy.Policy, prefix string) map[identity]bool {
	t.Helper()
	made, err := newHub(t, p, object{"prefix": prefix, "trail": "true", "alarmEmail": "ops@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	all := map[identity]bool{{"stack", *made.Bus.StackName()}: true, {"stack", *made.Main.StackName()}: true}
	for _, template := range []assertions.Template{assertions.Template_FromStack(made.Bus, nil),
		assertions.Template_FromStack(made.Main, nil)} {
		for id, r := range (*template.ToJSON())["Resources"].(object) {
			resourceType, properties := r.(object)["Type"].(string), r.(object)["Properties"].(object)
			name, isText := properties[named[resourceType]].(string)
			switch property, makesUp := unnamed[resourceType]; {
			case isText:
				all[identity{resourceType, name}] = true
			case !makesUp || properties[property] != nil:
				t.Errorf("the physical id of %s, a %s, is unknown", id, resourceType)
			}
		}
	}
	return all
}

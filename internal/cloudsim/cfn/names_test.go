package cfn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

// named has resources with physical ids. STACK becomes the name of the stack, so that only the resource R meets the
// one of another stack.
var named = map[string]string{
	"AWS::CloudWatch::Alarm": `"R": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "same",
	"Namespace": "own", "MetricName": "m",
		"Statistic": "Sum", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "Period": 60,
		"EvaluationPeriods": 1, "TreatMissingData": "notBreaching"}}`,
	"AWS::CloudWatch::Dashboard": `"R": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "same", ` +
		`"DashboardBody": "{}"}}`,
	"AWS::Events::EventBus": `"R": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "same"}}`,
	"AWS::Events::EventBusPolicy": `"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "STACK"}},
		"R": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"EventBusName": {"Ref": "Bus"}, "StatementId": "same",
		"Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": {"Fn::GetAtt": ["Bus",
		"Arn"]}}}}`,
	"AWS::Events::Rule": `"R": {"Type": "AWS::Events::Rule", "Properties": {"Name": "same", "EventPattern": ` +
		`{"source": ["x"]}}}`,
	"AWS::IAM::ManagedPolicy": `"R": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "same", ` +
		`"PolicyDocument": {"Statement": []}}}`,
	"AWS::IAM::Role": `"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "same", "AssumeRolePolicyDocument": ` +
		trustsLambda + `}}`,
	"AWS::Lambda::Function": `"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "STACK", ` +
		`"AssumeRolePolicyDocument": ` + trustsLambda + `}},
		"R": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "same", "Runtime": "provided.al2023",
		"Handler": "bootstrap",
		"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "b", "S3Key": "code.zip"}}}`,
	"AWS::Lambda::LayerVersion": `"R": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "same", ` +
		`"Content": {"S3Bucket": "b", "S3Key": "code.zip"}}}`,
	"AWS::Logs::LogGroup": `"R": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "same"}}`,
	"AWS::SNS::Topic":     `"R": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "same"}}`,
	"AWS::SQS::Queue":     `"R": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "same"}}`,
}

const trustsLambda = `{"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": ` +
	`"sts:AssumeRole"}}`

// deployer returns a function that deploys stacks into one cloud.
func deployer(t *testing.T) func(name, account, region, resources string) error {
	t.Helper()
	code := t.TempDir()
	if err := os.WriteFile(filepath.Join(code, "bootstrap"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	return func(name, account, region, resources string) error {
		s, err := cfn.Deploy(t.Context(), cloud, cfn.Source{
			Account: account, Region: region, Name: name, Assets: map[string]string{"code.zip": code},
			Template: []byte(`{"Resources": {` + strings.ReplaceAll(resources, "STACK", name) + `}}`),
		})
		t.Cleanup(s.Close)
		return err
	}
}

// TestAPhysicalIDExistsOnce deploys each resource again: in the same account and Region, in another Region and in
// another account. The statement of an event bus policy exists once over all buses:
// https://github.com/aws/aws-cdk/issues/29627, https://github.com/aws/aws-cdk/issues/8010
func TestAPhysicalIDExistsOnce(t *testing.T) {
	t.Parallel()
	global := map[string]bool{"AWS::CloudWatch::Dashboard": true, "AWS::IAM::ManagedPolicy": true, "AWS::IAM::Role": true}
	for resourceType, resources := range named {
		t.Run(resourceType, func(t *testing.T) {
			t.Parallel()
			deploy := deployer(t)
			if err := deploy("first", account, region, resources); err != nil {
				t.Fatal(err)
			}
			want := "deploy stack second: R (" + resourceType +
				"): same already exists in stack arn:aws:cloudformation:eu-west-1:111111111111:stack/first/0"
			if err := deploy("second", account, region, resources); err == nil || err.Error() != want {
				t.Errorf("error = %v\nwant    %s", err, want)
			}
			if err := deploy("abroad", account, "us-east-1", resources); (err != nil) != global[resourceType] {
				t.Errorf("in another Region: error = %v, want one: %v", err, global[resourceType])
			}
			if err := deploy("other", "222222222222", region, resources); err != nil {
				t.Errorf("in another account: %v", err)
			}
		})
	}
}

func TestARuleOfOneNameCanBeOnTwoBuses(t *testing.T) {
	t.Parallel()
	deploy := deployer(t)
	onOwnBus := `"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "STACK"}},
		"R": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Bus"}, "Name": "same",
		"EventPattern": {"source": ["x"]}}}`
	for name, resources := range map[string]string{
		"first": onOwnBus, "second": onOwnBus, "third": named["AWS::Events::Rule"],
	} {
		if err := deploy(name, account, region, resources); err != nil {
			t.Error(err)
		}
	}
}

func TestAStackExistsOnce(t *testing.T) {
	t.Parallel()
	deploy := deployer(t)
	unnamed := `"R": {"Type": "AWS::SQS::Queue"}`
	for _, name := range []string{"first", "second"} { // whose queues are named after them
		if err := deploy(name, account, region, unnamed); err != nil {
			t.Error(err)
		}
	}
	const want = "deploy stack first: the stack exists: arn:aws:cloudformation:eu-west-1:111111111111:stack/first/0"
	if err := deploy("first", account, region, unnamed); err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
	if err := deploy("first", account, "us-east-1", unnamed); err != nil {
		t.Errorf("in another Region: %v", err)
	}
}

package cfn_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

// working is a stack of a function that reads its layer, its queue, and a rule that sends to the queue. The mapping is
// disabled.
const working = `{"Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "worker",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]},
    "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Resource": "*"}]}}]}},
  "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/work"}},
  "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "policy", "Content": {"S3Bucket": "b",
    "S3Key": "one.zip"}}},
  "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "work", "Runtime": "provided.al2023",
    "Handler": "bootstrap",
    "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "b", "S3Key": "code.zip"},
      "Layers": [{"Ref": "Layer"}], "Timeout": 10,
    "Environment": {"Variables": {"QUEUE": "/opt/policy.json", "MODE": "read"}}, "LoggingConfig": {"LogFormat": "JSON",
      "LogGroup": {"Ref": "Logs"}}}},
  "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
  "Work": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work", "VisibilityTimeout": 20, "DelaySeconds": 5,
    "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}}},
  "WorkPolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Work"}],
    "PolicyDocument": {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
      "Resource": {"Fn::GetAtt": ["Work", "Arn"]}}]}}},
  "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Function"},
    "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
    "BatchSize": 1, "Enabled": false, "MaximumBatchingWindowInSeconds": 0}},
  "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "own"}},
  "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "all",
    "EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["before"]},
    "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Work", "Arn"]}}]}}
}}`

// fixture is the stack named test, created from the template working.
type fixture struct {
	*testing.T
	cloud    *cloudsim.Cloud
	stack    *cfn.Stack
	template string // that was deployed last
	assets   map[string]string
	messages *sqs.Client
	rules    *eventbridge.Client
	reported func() []statusEvent
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, template: working, assets: map[string]string{"code.zip": t.TempDir()}}
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(f.assets["code.zip"], "bootstrap"))
	}
	for _, name := range []string{"one", "two"} {
		f.assets[name+".zip"] = t.TempDir()
		if err == nil {
			err = os.WriteFile(filepath.Join(f.assets[name+".zip"], "policy.json"), []byte(name), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	f.cloud = cloudsim.New(cloudsim.Options{})
	f.messages, f.rules = sqs.NewFromConfig(config(f.cloud)), eventbridge.NewFromConfig(config(f.cloud))
	f.reported = listen(t, f.cloud)
	f.stack, err = cfn.Deploy(t.Context(), f.cloud, f.source())
	t.Cleanup(func() {
		f.cloud.Close()
		f.stack.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	f.wantStatuses("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
	return f
}

// source replaces texts of the template that was deployed last. Changes are pairs of a text and another.
func (f *fixture) source(changes ...string) cfn.Source {
	f.Helper()
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(f.template, changes[i]) {
			f.Fatalf("the template has no %s", changes[i])
		}
	}
	template := strings.NewReplacer(changes...).Replace(f.template)
	return cfn.Source{Account: account, Region: region, Name: "test", Template: []byte(template), Assets: f.assets}
}

var updated = []string{"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"}

func (f *fixture) update(changes ...string) {
	f.Helper()
	source := f.source(changes...)
	if err := f.stack.Update(f.Context(), source); err != nil {
		f.Fatal(err)
	}
	f.template = string(source.Template)
	f.wantStatuses(updated...)
}

// fails has an update fail with the error, and checks that it is rolled back.
func (f *fixture) fails(want string, changes ...string) {
	f.Helper()
	err := f.stack.Update(f.Context(), f.source(changes...))
	if err == nil || !strings.Contains(err.Error(), want) {
		f.Errorf("error = %v\nwant in it: %s", err, want)
	}
	f.wantStatuses("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
		"UPDATE_ROLLBACK_COMPLETE")
}

func (f *fixture) wantStatuses(want ...string) {
	f.Helper()
	got := f.reported()
	if !slices.Equal(statuses(got), want) {
		f.Errorf("statuses = %v\nwant       %v", statuses(got), want)
	}
}

// reads checks the layer that a function has.
func (f *fixture) reads(function, want string) {
	f.Helper()
	fn := f.stack.Functions[function]
	if fn == nil {
		f.Fatalf("there is no function %s", function)
	}
	if got, err := fn.Invoke(f.Context(), []byte("{}")); err != nil || string(got) != `"`+want+`"` {
		f.Errorf("%s reads %s, %v; want %s", function, got, err, want)
	}
}

func (f *fixture) send(queue, body string) {
	f.Helper()
	if _, err := f.messages.SendMessage(f.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(f.stack.QueueURLs[queue]), MessageBody: aws.String(body), DelaySeconds: 0,
	}); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) attributes(queue string) map[string]string {
	f.Helper()
	out, err := f.messages.GetQueueAttributes(f.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl:       aws.String(f.stack.QueueURLs[queue]),
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		f.Fatal(err)
	}
	return out.Attributes
}

// waiting returns how many messages the queue has, delayed ones included.
func (f *fixture) waiting(queue string) string {
	f.Helper()
	a := f.attributes(queue)
	return a["ApproximateNumberOfMessages"] + "+" + a["ApproximateNumberOfMessagesDelayed"]
}

// exists reports whether the queue exists in SQS.
func (f *fixture) exists(queue string) bool {
	f.Helper()
	out, err := f.messages.ListQueues(f.Context(), &sqs.ListQueuesInput{QueueNamePrefix: &queue})
	if err != nil {
		f.Fatal(err)
	}
	return slices.ContainsFunc(out.QueueUrls, func(url string) bool { return strings.HasSuffix(url, "/"+queue) })
}

// rule returns the pattern and the targets of the rule; nothing for a rule that doesn't exist.
func (f *fixture) rule(bus, name string) (pattern string, targets []string) {
	f.Helper()
	out, err := f.rules.DescribeRule(f.Context(), &eventbridge.DescribeRuleInput{EventBusName: &bus, Name: &name})
	if err != nil {
		return "", nil
	}
	list, err := f.rules.ListTargetsByRule(f.Context(), &eventbridge.ListTargetsByRuleInput{
		EventBusName: &bus, Rule: &name,
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, target := range list.Targets {
		targets = append(targets, *target.Id+" "+*target.Arn)
	}
	return *out.EventPattern, targets
}

func TestUpdateOfALayerAndARole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.reads("work", "one")
	f.update(`one.zip`, `two.zip`, `sqs:GetQueueAttributes`, `sqs:*`)
	f.reads("work", "two")
	if got := f.stack.Functions["work"]; got == nil || len(f.stack.Functions) != 1 {
		t.Errorf("functions = %v, want the one", f.stack.Functions)
	}
}

// TestAQueueKeepsItsMessages while attributes are changed, taken away, and its rule, policy and mapping change.
func TestAQueueKeepsItsMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send("work", "delayed")
	f.update(`"VisibilityTimeout": 20, "DelaySeconds": 5,`, `"VisibilityTimeout": 40,`,
		`"maxReceiveCount": 2`, `"maxReceiveCount": 3`,
		`["before"]`, `["after"]`, `"Id": "queue"`, `"Id": "other"`, `"BatchSize": 1`, `"BatchSize": 2`,
		`"MaximumBatchingWindowInSeconds": 0`, `"MaximumBatchingWindowInSeconds": 15`)
	if got := f.waiting("work"); got != "0+1" {
		t.Errorf("messages = %s, want the delayed one", got)
	}
	got := f.attributes("work")
	if got["VisibilityTimeout"] != "40" || got["DelaySeconds"] != "0" || !strings.Contains(got["RedrivePolicy"], `:3`) ||
		!strings.Contains(got["Policy"], "events.amazonaws.com") {
		t.Errorf("attributes = %v", got)
	}
	pattern, targets := f.rule("own", "all")
	if pattern != `{"source":["after"]}` ||
		!slices.Equal(targets, []string{"other arn:aws:sqs:eu-west-1:111111111111:work"}) {
		t.Errorf("rule = %s to %v", pattern, targets)
	}
}

// TestARollbackLeavesTheFormerStack: the update changes, replaces and creates resources of all kinds before one fails.
func TestARollbackLeavesTheFormerStack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send("work", "delayed")
	const more = `"Resources": {"AQueue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "more"}},
		"Last": {"Type": "AWS::Events::Rule", "DependsOn": ["Rule", "Mapping", "WorkPolicy"], "Properties": {"Name": "last",
		"EventPattern": {"source": "wrong"}}},
		`
	before := f.attributes("work")
	f.fails("Last (AWS::Events::Rule): AWSEvents.PutRule: 400 InvalidEventPatternException", `"Resources": {`,
		more, `one.zip`, `two.zip`,
		`"read"`, `"fail"`, `"VisibilityTimeout": 20, "DelaySeconds": 5`, `"VisibilityTimeout": 25`, `"Name": "own"`,
		`"Name": "new"`, `"Name": "all"`, `"Name": "every"`,
		`"BatchSize": 1`, `"BatchSize": 2`, `"dead"`, `"buried"`)
	f.reads("work", "one")
	after := f.attributes("work")
	for _, name := range []string{
		"VisibilityTimeout", "DelaySeconds", "RedrivePolicy", "Policy", "ApproximateNumberOfMessagesDelayed",
	} {
		if before[name] != after[name] {
			t.Errorf("%s = %s, want %s", name, after[name], before[name])
		}
	}
	for queue, want := range map[string]bool{"work": true, "dead": true, "more": false, "buried": false} {
		if f.exists(queue) != want {
			t.Errorf("queue %s exists: %v", queue, !want)
		}
	}
	if pattern, targets := f.rule("own", "all"); pattern == "" || len(targets) != 1 {
		t.Errorf("the rule has pattern %q and targets %v", pattern, targets)
	}
	if pattern, _ := f.rule("new", "every"); pattern != "" {
		t.Errorf("the new rule still has pattern %s", pattern)
	}
	// whose name is free
	f.update(`one.zip`, `two.zip`, `"Resources": {`,
		`"Resources": {"More": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "more"}}, `)
	f.reads("work", "two")
}

func TestTheReasonOfARollback(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.stack.Update(t.Context(), f.source(`one.zip`, `three.zip`)); err == nil {
		t.Fatal("it is updated")
	}
	var got []string
	for _, e := range f.reported() {
		got = append(got, e.Detail.StatusDetails.Status+": "+e.Detail.StatusDetails.Reason)
		checkEvent(t, e, e.Detail.ClientRequestToken)
	}
	want := []string{
		"UPDATE_IN_PROGRESS: User Initiated",
		"UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to update: [Layer]. ",
		"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: ", "UPDATE_ROLLBACK_COMPLETE: ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("events = %q\nwant     %q", got, want)
	}
}

// TestReplacement: changed names make other resources, and those that refer to them follow.
func TestReplacement(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send("work", "lost")
	f.stack.Mappings["work"].Resume() // by hand, which is over when another mapping replaces it
	f.update(`"FunctionName": "work"`, `"FunctionName": "play"`, `"QueueName": "work"`, `"QueueName": "play"`,
		`"Name": "own"`, `"Name": "new"`, `"Name": "all"`, `"Name": "every"`)
	f.reads("play", "one")
	if len(f.stack.Functions) != 1 || len(f.stack.Mappings) != 1 || f.stack.Mappings["play"] == nil {
		t.Errorf("functions = %v, mappings = %v", f.stack.Functions, f.stack.Mappings)
	}
	if f.exists("work") || !f.exists("play") || f.waiting("play") != "0+0" {
		t.Error("the queue isn't replaced by an empty one")
	}
	pattern, targets := f.rule("new", "every")
	if pattern == "" || !slices.Equal(targets, []string{"queue arn:aws:sqs:eu-west-1:111111111111:play"}) {
		t.Errorf("rule = %s to %v", pattern, targets)
	}
	buses, err := f.rules.ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{})
	if err != nil || len(buses.EventBuses) != 2 {
		t.Errorf("buses = %v, %v; want the default and the new one", buses.EventBuses, err)
	}
	if !f.stack.Mappings["play"].Paused() {
		t.Error("the mapping of the template isn't disabled")
	}
}

// TestAMappingUpdatedInPlace stays as an operator has left it, unless the template changes just that.
func TestAMappingUpdatedInPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	steps := []struct {
		name, old, now string
		byHand         func()
		paused         bool
	}{
		{"disabled by the template", `"BatchSize": 1`, `"BatchSize": 2`, func() {}, true},
		{"enabled by hand", `"BatchSize": 2`, `"BatchSize": 3`, func() { f.stack.Mappings["work"].Resume() }, false},
		{"enabled by the template", `"Enabled": false`, `"Enabled": true`, func() {}, false},
		{"disabled by hand", `"Timeout": 10`, `"Timeout": 15`, func() { f.stack.Mappings["work"].Pause() }, true},
		{"another function", `"FunctionName": "work"`, `"FunctionName": "play"`, func() {}, true},
	}
	for _, s := range steps {
		s.byHand()
		f.update(s.old, s.now)
		function := "work"
		if f.stack.Mappings[function] == nil {
			function = "play"
		}
		if got := f.stack.Mappings[function].Paused(); got != s.paused {
			t.Errorf("%s: paused = %v", s.name, got)
		}
	}
	f.fails("queue visibility timeout 20s is less than function timeout 21s", `"Timeout": 15`, `"Timeout": 21`)
	f.reads("play", "one")
}

// TestAnImpossibleUpdate: it is refused with CloudFormation's errors, and rolled back where CloudFormation has begun.
func TestAnImpossibleUpdate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := cfn.Deploy(t.Context(), f.cloud,
		cfn.Source{Account: account, Region: region, Name: "other", Template: []byte(
			`{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "taken"}}}}`,
		)}); err != nil {
		t.Fatal(err)
	}
	f.fails("Rule (AWS::Events::Rule): CloudFormation cannot update a stack when a custom-named resource requires "+
		"replacing. Rename all and update the stack again.",
		`"EventBusName": {"Ref": "Bus"}, `, ``)
	f.fails("taken already exists in stack arn:aws:cloudformation:eu-west-1:111111111111:stack/other/0",
		`"QueueName": "work"`, `"QueueName": "taken"`)
	f.fails("dead already exists in stack arn:aws:cloudformation:eu-west-1:111111111111:stack/test/0", `"Dead": {`,
		`"Dead": {"Type": "AWS::SQS::Queue"}, "Moved": {`)
	f.fails(`unknown field "Memory"`, `"Timeout": 10`, `"Memory": 10`)
	f.fails(`there is no function`, `{"Ref": "Function"}`, `"none"`)
	for _, tt := range []struct{ name, old, now, want string }{
		{"another type", `"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/work"}}`,
			`"Logs": {"Type": "AWS::SQS::Queue"}`,
			"update of resource type is not permitted: the new template modifies resource type of " +
				"the following resources: [Logs]"},
		{"a circle", `"Dead": {`, `"Dead": {"DependsOn": "Work",`, "depends on itself"},
		{"no template", `{"Resources"`, `"Resources"`, "parse template"},
	} {
		if err := f.stack.Update(t.Context(), f.source(tt.old, tt.now)); err == nil ||
			!strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v\nwant in it: %s", tt.name, err, tt.want)
		}
		f.wantStatuses()
	}
	if err := f.stack.Update(t.Context(), f.source(`{"Resources"`, `  {"Resources"`)); err != nil {
		t.Error(err)
	}
	f.wantStatuses() // because nothing differs
	f.reads("work", "one")
}

// TestResourcesThatLeaveTheTemplate are deleted, except those that the template retains.
func TestResourcesThatLeaveTheTemplate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.update(`"Resources": {`, `"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "a"}},
		"B": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "b"}}, `)
	f.template = working
	f.update()
	if f.exists("a") || !f.exists("b") {
		t.Error("want a deleted and b retained")
	}
	f.fails("b already exists", `"Resources": {`,
		`"Resources": {"B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "b"}}, `)
}

// TestARuleDeletedByHand is put back as docs/runbook.md describes it: the template loses it and gets it back.
func TestARuleDeletedByHand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.rules.RemoveTargets(t.Context(), &eventbridge.RemoveTargetsInput{
		EventBusName: aws.String("own"), Rule: aws.String("all"), Ids: []string{"queue"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.rules.DeleteRule(t.Context(),
		&eventbridge.DeleteRuleInput{EventBusName: aws.String("own"), Name: aws.String("all")}); err != nil {
		t.Fatal(err)
	}
	rule := f.template[strings.Index(f.template, `"Rule": {`) : len(f.template)-3]
	f.update(",\n  "+rule, "")
	f.template = working
	f.update()
	if pattern, targets := f.rule("own", "all"); pattern == "" || len(targets) != 1 {
		t.Errorf("rule = %s to %v", pattern, targets)
	}
}

func TestAManagedPolicyUpdatedInPlace(t *testing.T) {
	t.Parallel()
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	source := func(action string) cfn.Source {
		return cfn.Source{Account: account, Region: region, Name: "test", Template: []byte(`{"Resources": {
			"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "p",
			"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "` + action + `", "Resource": "*"}}}},
			"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "ManagedPolicyArns": [{"Ref": "P"}],
			"AssumeRolePolicyDocument": ` + trustsLambda + `}}}}`)}
	}
	s, err := cfn.Deploy(t.Context(), cloud, source("ec2:CreateRoute"))
	if err == nil {
		err = s.Update(t.Context(), source("ec2:DeleteRoute"))
	}
	if err != nil {
		t.Fatal(err)
	}
	const role = "arn:aws:iam::111111111111:role/r"
	if cloud.IAM.AuthorizeRole(role, "ec2:DeleteRoute", "*") != nil ||
		cloud.IAM.AuthorizeRole(role, "ec2:CreateRoute", "*") == nil {
		t.Error("the role doesn't have the new document")
	}
}

package cfn_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

const rules = `{"AWSTemplateFormatVersion": "2010-09-09", "Description": "two rules",
	"Parameters": {
		"Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}},
	"Resources": {
		"Kept": {"Type": "AWS::Events::Rule", "Properties": {"Name": "kept", "EventPattern": {"source": ["x"]}}},
		"Lost": {"Type": "AWS::Events::Rule", "Properties": {"Name": "lost", "EventPattern": {"source": ["x"]}}}},
	"Outputs": {"Arn": {"Description": "of a rule", "Value": {"Fn::GetAtt": ["Kept", "Arn"]}}}}`

const lost = `,
		"Lost": {"Type": "AWS::Events::Rule", "Properties": {"Name": "lost", "EventPattern": {"source": ["x"]}}}`

// person calls the API.
type person struct {
	*testing.T
	cloud *cloudsim.Cloud
	*cloudformation.Client
}

// served is the API of a cloud with the stack rules, and the account's own key.
func served(t *testing.T) person {
	t.Helper()
	cloud := cloudsim.New(cloudsim.Options{})
	cloud.IAM.Enforce()
	s, err := cfn.Deploy(t.Context(), cloud, cfn.Source{
		Account: account, Region: region, Name: "rules", Template: []byte(rules),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cloud.Close()
		s.Close()
	})
	cfn.Serve(cloud, &sync.Mutex{}, cfn.List{s})
	return person{t, cloud, cloudformation.NewFromConfig(config(cloud))}
}

// as returns the person with other credentials.
func (p person) as(keyID string) person {
	c := config(p.cloud)
	c.Credentials = credentials.NewStaticCredentialsProvider(keyID, "any", "")
	p.Client = cloudformation.NewFromConfig(c)
	return p
}

// with returns a change set of the stack rules, after changes to its template in pairs.
func with(name string, changes ...string) *cloudformation.CreateChangeSetInput {
	return &cloudformation.CreateChangeSetInput{
		StackName: aws.String("rules"), ChangeSetName: &name, Description: aws.String("by a person"),
		TemplateBody: aws.String(strings.NewReplacer(changes...).Replace(rules)),
		Parameters:   []types.Parameter{{ParameterKey: aws.String("Version"), UsePreviousValue: aws.Bool(true)}},
	}
}

func (p person) create(in *cloudformation.CreateChangeSetInput) {
	p.Helper()
	if _, err := p.CreateChangeSet(p.Context(), in); err != nil {
		p.Fatal(err)
	}
}

func (p person) describe(name string) *cloudformation.DescribeChangeSetOutput {
	p.Helper()
	out, err := p.DescribeChangeSet(p.Context(), &cloudformation.DescribeChangeSetInput{
		StackName: aws.String("rules"), ChangeSetName: &name,
	})
	if err != nil {
		p.Fatal(err)
	}
	return out
}

func (p person) execute(name string) error {
	_, err := p.ExecuteChangeSet(p.Context(), &cloudformation.ExecuteChangeSetInput{
		StackName: aws.String("rules"), ChangeSetName: &name, DisableRollback: aws.Bool(false),
	})
	return err
}

func (p person) stack() types.Stack {
	p.Helper()
	out, err := p.DescribeStacks(p.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("rules")})
	if err != nil {
		p.Fatal(err)
	}
	return out.Stacks[0]
}

func (p person) hasRule(name string) bool {
	client := eventbridge.NewFromConfig(config(p.cloud))
	_, err := client.DescribeRule(p.Context(), &eventbridge.DescribeRuleInput{Name: &name})
	return err == nil
}

// refused checks the code and the message of an error.
func (p person) refused(err error, code, message string) {
	p.Helper()
	e, _ := errors.AsType[smithy.APIError](err)
	if e == nil || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		p.Errorf("error = %v, want %s: %s", err, code, message)
	}
}

// TestAChangeSetRecreatesARule does what `aws cloudformation deploy` does, twice.
func TestAChangeSetRecreatesARule(t *testing.T) {
	t.Parallel()
	p := served(t)
	before := p.stack()
	parameter := before.Parameters[0]
	if before.StackStatus != types.StackStatusCreateComplete || before.LastUpdatedTime != nil ||
		before.CreationTime == nil || *before.Description != "two rules" || *before.Outputs[0].OutputKey != "Arn" ||
		*parameter.ParameterValue != "/cdk-bootstrap/hnb659fds/version" || *parameter.ResolvedValue != "30" {
		t.Errorf("the stack is %+v", before)
	}
	p.create(with("without", lost, ""))
	set := p.describe("without")
	if set.Status != types.ChangeSetStatusCreateComplete || set.ExecutionStatus != types.ExecutionStatusAvailable ||
		*set.Description != "by a person" || *set.StackId != *before.StackId {
		t.Errorf("the change set is %+v", set)
	}
	if change := set.Changes[0].ResourceChange; len(set.Changes) != 1 || change.Action != types.ChangeActionRemove ||
		*change.LogicalResourceId != "Lost" || *change.PhysicalResourceId != "lost" {
		t.Errorf("the changes are %+v", set.Changes)
	}
	if !p.hasRule("lost") {
		t.Fatal("the change set changes the stack before it is executed")
	}
	if err := p.execute("without"); err != nil || p.hasRule("lost") || !p.hasRule("kept") {
		t.Errorf("error = %v; the stack has the rule: %v", err, p.hasRule("lost"))
	}
	if s := p.stack(); s.StackStatus != types.StackStatusUpdateComplete || s.LastUpdatedTime == nil {
		t.Errorf("the stack is %+v", s)
	}
	if got := p.describe("without").ExecutionStatus; got != types.ExecutionStatusExecuteComplete {
		t.Errorf("the execution is %s", got)
	}
	p.create(with("again"))
	if err := p.execute("again"); err != nil || !p.hasRule("lost") {
		t.Errorf("error = %v; the stack has the rule: %v", err, p.hasRule("lost"))
	}
	body, err := p.GetTemplate(p.Context(), &cloudformation.GetTemplateInput{StackName: before.StackId})
	if err != nil || *body.TemplateBody != rules {
		t.Errorf("error = %v, template = %+v", err, body)
	}
	p.refused(p.execute("again"), "InvalidChangeSetStatus", "execution status of [EXECUTE_COMPLETE]")
	p.create(with("again", lost, "")) // two runs of the AWS CLI in one second choose one name
	if err := p.execute("again"); err != nil || p.hasRule("lost") {
		t.Errorf("error = %v; the stack has the rule: %v", err, p.hasRule("lost"))
	}
}

func TestTheSummaryOfATemplate(t *testing.T) {
	t.Parallel()
	p := served(t)
	out, err := p.GetTemplateSummary(t.Context(), &cloudformation.GetTemplateSummaryInput{StackName: aws.String("rules")})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Parameters) != 1 || *out.Parameters[0].ParameterKey != "Version" || *out.Version != "2010-09-09" ||
		!slices.Equal(out.ResourceTypes, []string{"AWS::Events::Rule", "AWS::Events::Rule"}) || len(out.Capabilities) != 0 {
		t.Errorf("the summary is %+v", out)
	}
}

// TestAChangeSetWithoutChanges fails with the sentence by which the AWS CLI finds that there is nothing to deploy.
func TestAChangeSetWithoutChanges(t *testing.T) {
	t.Parallel()
	p := served(t)
	p.create(with("same"))
	set := p.describe("same")
	if set.Status != types.ChangeSetStatusFailed || set.ExecutionStatus != types.ExecutionStatusUnavailable ||
		!strings.HasPrefix(aws.ToString(set.StatusReason), "The submitted information didn't contain changes.") {
		t.Errorf("the change set is %+v", set)
	}
	p.refused(p.execute("same"), "InvalidChangeSetStatus", "cannot be executed in its current status of [FAILED]")
}

// TestAFailedExecution rolls the stack back. The call itself succeeds.
func TestAFailedExecution(t *testing.T) {
	t.Parallel()
	p := served(t)
	p.create(with("wrong", lost, "", `"Name": "kept"`,
		`"Name": "kept", "Targets": [{"Id": "none", "Arn": "arn:aws:sqs:x"}]`))
	_, err := p.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{
		StackName: aws.String("rules"), ChangeSetName: aws.String("wrong"), DisableRollback: aws.Bool(true),
	})
	p.refused(err, "ValidationError", "rolls back every update")
	if err := p.execute("wrong"); err != nil {
		t.Error(err)
	}
	if s := p.stack(); s.StackStatus != types.StackStatusUpdateRollbackComplete || !p.hasRule("lost") {
		t.Errorf("the stack is %+v", s)
	}
	if got := p.describe("wrong").ExecutionStatus; got != types.ExecutionStatusExecuteFailed {
		t.Errorf("the execution is %s", got)
	}
}

// TestAnExecutionEndsOtherChangeSets:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
func TestAnExecutionEndsOtherChangeSets(t *testing.T) {
	t.Parallel()
	p := served(t)
	p.create(with("other", `["x"]`, `["y"]`))
	p.create(with("without", lost, ""))
	if err := p.execute("without"); err != nil {
		t.Fatal(err)
	}
	p.refused(p.execute("other"), "ChangeSetNotFound", "ChangeSet [other] does not exist")
}

// TestAnUpdateMakesAChangeSetObsolete: ExecutionStatus in
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
func TestAnUpdateMakesAChangeSetObsolete(t *testing.T) {
	t.Parallel()
	cloud := cloudsim.New(cloudsim.Options{})
	defer cloud.Close()
	source := cfn.Source{Account: account, Region: region, Name: "rules", Template: []byte(rules)}
	s, err := cfn.Deploy(t.Context(), cloud, source)
	if err != nil {
		t.Fatal(err)
	}
	cfn.Serve(cloud, &sync.Mutex{}, cfn.List{s})
	p := person{t, cloud, cloudformation.NewFromConfig(config(cloud))}
	p.create(with("without", lost, ""))
	source.Template = []byte(strings.Replace(rules, `["x"]`, `["y"]`, 1))
	if err := s.Update(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	p.refused(p.execute("without"), "InvalidChangeSetStatus", "[OBSOLETE]")
}

// TestAStackWhoseCreationFailedHasNoChangeSets:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
func TestAStackWhoseCreationFailedHasNoChangeSets(t *testing.T) {
	t.Parallel()
	cloud := cloudsim.New(cloudsim.Options{})
	defer cloud.Close()
	wrong := strings.Replace(rules, `"source"`, `"sources": "x", "source"`, 1)
	s, err := cfn.Deploy(t.Context(), cloud, cfn.Source{
		Account: account, Region: region, Name: "rules", Template: []byte(wrong),
	})
	if err == nil {
		t.Fatal("the wrong pattern is deployed")
	}
	cfn.Serve(cloud, &sync.Mutex{}, cfn.List{s})
	_, err = cloudformation.NewFromConfig(config(cloud)).CreateChangeSet(t.Context(), with("new"))
	person{T: t}.refused(err, "ValidationError", "is in ROLLBACK_COMPLETE state and can not be updated.")
}

// TestCreateChangeSetRefuses:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
func TestCreateChangeSetRefuses(t *testing.T) {
	t.Parallel()
	p := served(t)
	p.create(with("taken", lost, ""))
	role := `"Kept": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": ` +
		trustsLambda + `}}, "Rule":`
	for _, tt := range []struct {
		name    string
		in      *cloudformation.CreateChangeSetInput
		change  func(*cloudformation.CreateChangeSetInput)
		message string
		code    string
	}{
		{name: "a stack that doesn't exist", in: with("new", lost, ""), message: "Stack [none] does not exist",
			change: func(in *cloudformation.CreateChangeSetInput) { in.StackName = aws.String("none") }},
		{name: "a new stack", in: with("new", lost, ""), message: "no change sets of the type CREATE",
			change: func(in *cloudformation.CreateChangeSetInput) { in.ChangeSetType = types.ChangeSetTypeCreate }},
		{name: "a name that is taken", in: with("taken", lost, ""), code: "AlreadyExistsException"},
		{name: "a name with a dot", in: with("new.set", lost, ""), message: "'changeSetName' failed to satisfy"},
		{name: "no template", in: with("new"), message: "Either Template URL or Template Body must be specified.",
			change: func(in *cloudformation.CreateChangeSetInput) { in.TemplateBody = nil }},
		{name: "a long template", in: with("new", "two rules", strings.Repeat("x", 51200)), message: "to 51200"},
		{name: "no JSON", in: with("new", "{", ""), message: "Template format error: JSON not well-formed."},
		{name: "no resources", in: with("new", `"Resources"`, `"Metadata"`),
			message: "Template format error: At least one Resources member must be defined."},
		{name: "an unknown type", in: with("new", "AWS::Events::Rule", "AWS::Events::Rules"),
			message: "Template format error: Unrecognized resource types: [AWS::Events::Rules]"},
		{name: "an unknown section", in: with("new", `"Description"`, `"Descriptions"`), message: "Template format error: "},
		{name: "an output of a resource that is removed", in: with("new", `"Kept": {`, `"Other": {`),
			message: "Unresolved resource dependencies [Kept] in the Outputs block of the template"},
		{name: "a reference to a resource that is removed", in: with("new", `"Name": "lost"`, `"Name": {"Ref": "None"}`),
			message: "Unresolved resource dependencies [None] in the Resources block of the template"},
		{name: "another type", in: with("new", `"Kept": {"Type": "AWS::Events::Rule"`, `"Kept": {"Type": "AWS::SQS::Queue"`),
			message: "update of resource type is not permitted"},
		{name: "an unknown parameter", in: with("new", `"Version"`, `"Other"`),
			message: "Parameters: [Version] do not exist in the template"},
		{name: "a value of a parameter", in: with("new", lost, ""), message: "no values of parameters",
			change: func(in *cloudformation.CreateChangeSetInput) {
				in.Parameters = []types.Parameter{{ParameterKey: aws.String("Version"), ParameterValue: aws.String("x")}}
			}},
		{name: "a tag", in: with("new", lost, ""), message: "no parameter Tags.member.1.",
			change: func(in *cloudformation.CreateChangeSetInput) {
				in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
			}},
		{name: "a named role", in: with("new", `"Kept":`, role), code: "InsufficientCapabilitiesException",
			message: "Requires capabilities : [CAPABILITY_NAMED_IAM]", change: func(in *cloudformation.CreateChangeSetInput) {
				in.Capabilities = []types.Capability{types.CapabilityCapabilityIam}
			}},
		{name: "another role", in: with("new", `"Kept":`, strings.Replace(role, `"RoleName": "r", `, "", 1)),
			code: "InsufficientCapabilitiesException", message: "Requires capabilities : [CAPABILITY_IAM]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.change != nil {
				tt.change(tt.in)
			}
			if tt.code == "" {
				tt.code = "ValidationError"
			}
			_, err := p.CreateChangeSet(t.Context(), tt.in)
			person{T: t}.refused(err, tt.code, tt.message)
		})
	}
}

// TestUnknownStacksAndChangeSets: the messages are those by which the AWS CLI and the CDK find that there is none.
func TestUnknownStacksAndChangeSets(t *testing.T) {
	t.Parallel()
	p := served(t)
	p.create(with("set", lost, ""))
	none, rules, ctx := aws.String("none"), aws.String("rules"), t.Context()
	const message = "Stack with id none does not exist"
	_, err := p.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: none})
	p.refused(err, "ValidationError", message)
	_, err = p.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: none})
	p.refused(err, "ValidationError", message)
	_, err = p.GetTemplateSummary(ctx, &cloudformation.GetTemplateSummaryInput{StackName: none})
	p.refused(err, "ValidationError", message)
	_, err = p.GetTemplate(ctx, &cloudformation.GetTemplateInput{})
	p.refused(err, "ValidationError", "Value null at 'stackName'")
	_, err = p.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{StackName: none, ChangeSetName: rules})
	p.refused(err, "ValidationError", "Stack [none] does not exist")
	_, err = p.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{StackName: rules, ChangeSetName: none})
	p.refused(err, "ChangeSetNotFound", "ChangeSet [none] does not exist")
	_, err = p.ListStacks(ctx, &cloudformation.ListStacksInput{})
	p.refused(err, "InvalidAction", "Could not find operation ListStacks")

	id := p.describe("set").ChangeSetId
	if set, err := p.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: id}); err != nil ||
		*set.StackName != "rules" {
		t.Errorf("by its ARN: %+v, %v", set, err)
	}
	_, err = p.as("222222222222").DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: id})
	p.refused(err, "ChangeSetNotFound", "does not exist")
	all, err := p.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
	if err != nil || len(all.Stacks) != 1 {
		t.Errorf("the account's stacks are %+v, %v", all, err)
	}
	all, err = p.as("222222222222").DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
	if err != nil || len(all.Stacks) != 0 {
		t.Errorf("another account's stacks are %+v, %v", all, err)
	}
}

// TestATemplateInABucket is read with the permissions of the caller.
func TestATemplateInABucket(t *testing.T) {
	t.Parallel()
	p := served(t)
	objects, ctx, bucket := s3.NewFromConfig(config(p.cloud)), t.Context(), aws.String("templates")
	if _, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for key, body := range map[string]string{
		"without.json": strings.Replace(rules, lost, "", 1), "long.json": rules + strings.Repeat(" ", 1<<20),
	} {
		if _, err := objects.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: &key, Body: strings.NewReader(body),
		}); err != nil {
			t.Fatal(err)
		}
	}
	const address = "https://s3." + region + ".amazonaws.com/templates/"
	at := func(name, url string) *cloudformation.CreateChangeSetInput {
		in := with(name)
		in.TemplateBody, in.TemplateURL = nil, &url
		return in
	}
	p.create(at("without", address+"without.json"))
	if err := p.execute("without"); err != nil || p.hasRule("lost") {
		t.Errorf("error = %v; the stack has the rule: %v", err, p.hasRule("lost"))
	}
	_, err := p.CreateChangeSet(ctx, at("missing", address+"none.json"))
	p.refused(err, "ValidationError", "S3 error: The specified key does not exist.")
	_, err = p.CreateChangeSet(ctx, at("long", address+"long.json"))
	p.refused(err, "ValidationError", "may not exceed 1048576 bytes in size.")
	_, err = p.CreateChangeSet(ctx, at("elsewhere", "https://example.com/templates/without.json"))
	p.refused(err, "ValidationError", "TemplateURL must be a supported URL.")

	if err := p.cloud.IAM.PutRole(account, "deployer", trustsLambda, `{"Statement": {"Effect": "Allow", `+
		`"Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/rules/*"}}`); err != nil {
		t.Fatal(err)
	}
	key, _ := p.cloud.Mint(account, "arn:aws:sts::"+account+":assumed-role/deployer/anna")
	_, err = p.as(key).CreateChangeSet(ctx, at("denied", address+"without.json"))
	p.refused(err, "ValidationError", "S3 error: ")
	p.refused(err, "ValidationError", "is not authorized to perform: s3:GetObject")
}

// TestCloudFormationAsksThePoliciesOfTheCaller:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
func TestCloudFormationAsksThePoliciesOfTheCaller(t *testing.T) {
	t.Parallel()
	p := served(t)
	p.create(with("set", lost, ""))
	if err := p.cloud.IAM.PutRole(account, "reader", trustsLambda, `{"Statement": {"Effect": "Allow", "Action": `+
		`["cloudformation:DescribeStacks", "cloudformation:DescribeChangeSet"], `+
		`"Resource": "arn:aws:cloudformation:eu-west-1:111111111111:stack/rules/*"}}`); err != nil {
		t.Fatal(err)
	}
	key, _ := p.cloud.Mint(account, "arn:aws:sts::"+account+":assumed-role/reader/anna")
	reader := p.as(key)
	if s := reader.stack(); *s.StackName != "rules" {
		t.Errorf("the stack is %+v", s)
	}
	id := reader.describe("set").ChangeSetId
	_, err := reader.DescribeChangeSet(t.Context(), &cloudformation.DescribeChangeSetInput{ChangeSetName: id})
	if err != nil {
		t.Errorf("by its ARN: %v", err)
	}
	_, err = reader.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	p.refused(err, "AccessDenied", "cloudformation:DescribeStacks on resource: "+
		"arn:aws:cloudformation:eu-west-1:111111111111:stack/*/*")
	p.refused(reader.execute("set"), "AccessDenied", "cloudformation:ExecuteChangeSet on resource: "+
		"arn:aws:cloudformation:eu-west-1:111111111111:stack/rules/*")
	if r, _ := errors.AsType[*smithyhttp.ResponseError](err); r == nil || r.HTTPStatusCode() != http.StatusForbidden {
		t.Errorf("the status of %v isn't 403", err)
	}
}

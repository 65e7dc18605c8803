package cfn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

// layered is a stack of a role, a layer and a function.
const layered = `{"Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "worker",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DeleteRoute", "Resource": "*"}]}}]}},
  "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/work"}},
  "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "policy", "Content": {"S3Bucket": "b", "S3Key": "one.zip"}}},
  "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "work", "Runtime": "provided.al2023", "Handler": "bootstrap",
    "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "b", "S3Key": "code.zip"}, "Layers": [{"Ref": "Layer"}],
    "Environment": {"Variables": {"QUEUE": "/opt/policy.json", "MODE": "read"}}, "LoggingConfig": {"LogFormat": "JSON", "LogGroup": {"Ref": "Logs"}}}}
}}`

// TestUpdate: a template with another layer and another role takes the place of the deployed one, and no other difference does.
func TestUpdate(t *testing.T) {
	t.Parallel()
	assets := map[string]string{"code.zip": t.TempDir(), "one.zip": t.TempDir(), "two.zip": t.TempDir()}
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(assets["code.zip"], "bootstrap"))
	}
	for _, name := range []string{"one", "two"} {
		if err == nil {
			err = os.WriteFile(filepath.Join(assets[name+".zip"], "policy.json"), []byte(name), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	source := func(changes ...string) cfn.Source {
		return cfn.Source{Account: account, Region: region, Name: "test", Template: []byte(strings.NewReplacer(changes...).Replace(layered)), Assets: assets}
	}
	cloud := cloudsim.New(cloudsim.Options{})
	s, err := cfn.Deploy(t.Context(), cloud, source())
	t.Cleanup(func() {
		cloud.Close()
		s.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	reads := func(want string) {
		t.Helper()
		if got, err := s.Functions["work"].Invoke(t.Context(), []byte("{}")); err != nil || string(got) != `"`+want+`"` {
			t.Errorf("the function reads %s, %v; want %s", got, err, want)
		}
	}
	reads("one")
	const more = "update stack test: the embedded cloud updates only layers and roles, and the templates differ in more"
	if err := s.Update(source(`one.zip`, `two.zip`, `"/aws/lambda/work"`, `"/aws/lambda/play"`)); err == nil || err.Error() != more {
		t.Errorf("error = %v\nwant    %s", err, more)
	}
	reads("one")
	if err := s.Update(source(`one.zip`, `two.zip`, `ec2:DeleteRoute`, `ec2:CreateRoute`)); err != nil {
		t.Fatal(err)
	}
	reads("two")
	if err := s.Update(source(`one.zip`, `three.zip`)); err == nil || !strings.Contains(err.Error(), `Layer: there is no asset "three.zip"`) {
		t.Errorf("error = %v, want the layer that has no asset", err)
	}
}

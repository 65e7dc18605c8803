package cfn

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// customNames are the properties that give resources of IAM a name of the template's choice.
var customNames = map[string]string{
	"AWS::IAM::InstanceProfile": "InstanceProfileName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
	"AWS::IAM::Role": "RoleName",
}

// capabilities returns the capability that a person has to acknowledge for the template's resources of IAM:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html#using-iam-capabilities
func (t template) capabilities() []string {
	var needed []string
	for _, r := range t.Resources {
		property, found := customNames[r.Type]
		if found && r.Properties[property] != nil {
			return []string{"CAPABILITY_NAMED_IAM"}
		}
		if found {
			needed = []string{"CAPABILITY_IAM"}
		}
	}
	return needed
}

// readTemplate parses a template of a person. It returns CloudFormation's refusals of one that it doesn't begin to
// deploy.
func readTemplate(data []byte) (template, error) {
	if !json.Valid(data) {
		return template{}, invalid("Template format error: JSON not well-formed.")
	}
	if t := (template{}); json.Unmarshal(data, &t) == nil && len(t.Resources) == 0 {
		return t, invalid("Template format error: At least one Resources member must be defined.")
	}
	t, err := parseTemplate(data)
	if err != nil {
		return t, invalid("Template format error: %v", err)
	}
	var unknown []string
	for _, r := range t.Resources {
		if kinds[r.Type].create == nil {
			unknown = append(unknown, r.Type)
		}
	}
	if slices.Sort(unknown); len(unknown) > 0 {
		return t, invalid("Template format error: Unrecognized resource types: [%s]",
			strings.Join(slices.Compact(unknown), ", "))
	}
	return t, t.checkReferences()
}

// checkReferences refuses a template that refers to a resource or a parameter which it doesn't have.
func (t template) checkReferences() error {
	resources, outputs := map[string]bool{}, map[string]bool{}
	for _, r := range t.Resources {
		references(r.Properties, resources)
	}
	for _, o := range t.Outputs {
		references(o.Value, outputs)
	}
	for _, block := range []struct {
		name  string
		names map[string]bool
	}{{"Resources", resources}, {"Outputs", outputs}} {
		maps.DeleteFunc(block.names, func(name string, _ bool) bool {
			_, isResource := t.Resources[name]
			_, isParameter := t.Parameters[name]
			return isResource || isParameter || strings.HasPrefix(name, "AWS::")
		})
		if len(block.names) > 0 {
			return invalid("Template format error: Unresolved resource dependencies [%s] in the %s block of the template",
				strings.Join(slices.Sorted(maps.Keys(block.names)), ", "), block.name)
		}
	}
	return nil
}

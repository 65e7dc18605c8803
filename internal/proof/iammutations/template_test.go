package iammutations_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/proof/iammutations"
)

const template = `{"Resources":{
"A":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"r","AssumeRolePolicyDocument":{"Statement":[{"Sid":"Trust",
	"Action":"sts:AssumeRole"}]},
 "Policies":[{"PolicyDocument":{"Statement":[{"Sid":"Read","Action":["a","b"],"Resource":["x","y"],
   "Condition":{"StringEquals":{"k":["v","w"]}}}]}}]}},
"B":{"Type":"AWS::Events::EventBusPolicy","Properties":{"Statement":{"Sid":"Put","Action":"c",
	"Resource":"arn:aws:events:eu-west-1:1:event-bus/x","Condition":{"ArnLike":{"l":"u"}}}}},
"C":{"Type":"AWS::SQS::QueuePolicy","Properties":{"PolicyDocument":{"Statement":[{"Sid":"Send","Action":["d"],
	"Resource":"arn:aws:sqs:eu-west-1:1:q"}]}}},
"D":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"q"}}}}`

func TestEachMutationRemovesOnePart(t *testing.T) {
	t.Parallel()
	mutations, err := iammutations.Of([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	gone := map[string]string{ // the removed part of each
		"r: Trust":                               `"Trust"`,
		"r: Read":                                `"Read"`,
		"r: Read without a":                      `["a","b"]`,
		"r: Read without b":                      `["a","b"]`,
		"r: Read without x":                      `"x"`,
		"r: Read without y":                      `"y"`,
		"r: Read without k":                      `"k"`,
		"r: Read without v of k":                 `"v"`,
		"r: Read without w of k":                 `"w"`,
		"events event-bus/x of 1: Put":           `"Put"`,
		"events event-bus/x of 1: Put without l": `"l"`,
		"sqs q of 1: Send":                       `"Send"`,
	}
	got := map[string]bool{}
	for _, m := range mutations {
		got[m.Name] = true
		if strings.Contains(string(m.Template), gone[m.Name]) {
			t.Errorf("%s: %s is still in %s", m.Name, gone[m.Name], m.Template)
		}
	}
	want := map[string]bool{}
	for name := range gone {
		want[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(mutations) != len(want) {
		t.Errorf("%d mutations (-want +got):\n%s", len(mutations), diff)
	}
}

func TestOfRefusesAList(t *testing.T) {
	t.Parallel()
	if _, err := iammutations.Of([]byte(`[]`)); err == nil {
		t.Error("a list was taken for a template")
	}
}

package iam

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// TestRandomQuestions expects every answer at least once in twenty questions, and no policy that the embedded IAM
// refuses to parse.
func TestRandomQuestions(t *testing.T) {
	t.Parallel()
	questions := randomQuestions(1, fromEach)
	count := map[string]int{}
	for _, q := range questions {
		answer := ourAnswer(q)
		if count[answer]++; strings.HasPrefix(answer, "error") {
			t.Fatalf("%s to %+v", answer, q)
		}
	}
	for _, answer := range []string{allowed, silent, denied} {
		if count[answer] < fromEach/20 {
			t.Errorf("%s is the answer to %d of %d questions", answer, count[answer], fromEach)
		}
	}
	if diff := cmp.Diff(questions, randomQuestions(1, fromEach), cmp.AllowUnexported(question{})); diff != "" {
		t.Errorf("the same seed gives other questions:\n%s", diff)
	}
}

func TestTenCells(t *testing.T) {
	t.Parallel()
	p, err := policyfile.Parse("policy.yaml", []byte(tenCells()))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(p.Cells()); got != 10 {
		t.Errorf("%d cells", got)
	}
}

func TestPermitted(t *testing.T) {
	t.Parallel()
	q := question{Principal: "arn:aws:sts::111111111111:assumed-role/autopeer-accept-us-east-1/x", identity: []string{
		`{"Statement":[{"Action":"sqs:SendMessage","Condition":{"StringEquals":{"ec2:Vpc":"v"}}},` +
			`{"Action":["ec2:CreateRoute","ec2:DeleteRoute"]}]}`,
	}}
	want := []string{"accept ec2:createroute", "accept ec2:deleteroute", "accept sqs:sendmessage"}
	if diff := cmp.Diff(want, permitted([]question{q})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestQuestions checks the question about a call that creates a resource, and that equal policies are sent once.
func TestQuestions(t *testing.T) {
	t.Parallel()
	policy, err := cloudiam.ParseIdentity([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	q := questionOf(cloudiam.Evaluation{
		Request: cloudiam.Request{
			Principal: cloudiam.PrincipalOf("arn:aws:iam::111111111111:role/r"), Action: "ec2:CreateTags",
			Resource: "arn:aws:ec2:us-east-1:111111111111:vpc/*",
		},
		Identity: []cloudiam.Policy{policy},
	})
	d := documents{number: map[string]int{}}
	first, second := d.asked(q), d.asked(q)
	if diff := cmp.Diff([][]int{{0}, {0}}, [][]int{first.Identity, second.Identity}); diff != "" || len(d.all) != 1 {
		t.Errorf("%d documents, %s", len(d.all), diff)
	}
	line, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"principal":"arn:aws:iam::111111111111:role/r","action":"ec2:CreateTags",` +
		`"resource":"arn:aws:ec2:us-east-1:111111111111:vpc/new","owner":"111111111111","keys":null,"identity":[0]}`
	if string(line) != want {
		t.Errorf("got %s, want %s", line, want)
	}
}

package iam

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// The answers of iam-simulate. An error has its own text.
const (
	allowed = "Allowed"
	silent  = "ImplicitlyDenied"
	denied  = "ExplicitlyDenied"
)

// question is a request with the policies that decide on it.
type question struct {
	Principal string        `json:"principal"` // an ARN or a service
	Action    string        `json:"action"`
	Resource  string        `json:"resource"`
	Owner     string        `json:"owner"` // account of the resource
	Keys      cloudiam.Keys `json:"keys"`
	identity  []string      // documents
	policy    string        // the resource's document; empty for none
	refused   bool          // by the embedded IAM
}

func questionOf(e cloudiam.Evaluation) question {
	q := question{
		Principal: cmp.Or(e.Service, e.ARN), Action: e.Action, Resource: e.Resource, Owner: accountOf(e.Resource),
		Keys:   e.Keys,
		policy: e.ResourcePolicy.String(), refused: !e.Allowed,
	}
	if e.Owner != "" {
		q.Owner = e.Owner
	}
	// A call that creates something has no id for it yet; iam-simulate takes the asterisk for a question about every id.
	if id, isNew := strings.CutSuffix(q.Resource, "/*"); isNew {
		q.Resource = id + "/new"
	}
	for _, p := range e.Identity {
		q.identity = append(q.identity, p.String())
	}
	return q
}

func accountOf(arn string) string { return cloudiam.PrincipalOf(arn).Account }

// role returns the name of the principal's role, or the service, or root for an account.
func (q question) role() string {
	resource := q.Principal[strings.LastIndex(q.Principal, ":")+1:]
	if path := strings.Split(resource, "/"); len(path) > 1 {
		return path[1]
	}
	return resource
}

// split returns the calls of roles and services, and the calls with which accounts read their queues.
func split(recorded []cloudiam.Evaluation) (calls, queues []question) {
	for _, e := range recorded {
		if q := questionOf(e); q.role() == "root" {
			queues = append(queues, q)
		} else {
			calls = append(calls, q)
		}
	}
	return calls, queues
}

// account returns the account of the principal, or of the resource for a service.
func (q question) account() string { return cmp.Or(accountOf(q.Principal), q.Owner) }

// asked is a question as ask.mjs reads it: documents are the numbers of policies.
type asked struct {
	question
	Identity []int `json:"identity"`
	Policy   *int  `json:"policy,omitempty"`
}

// documents numbers policies, so that each is parsed once.
type documents struct {
	all    []json.RawMessage
	number map[string]int
}

func (d *documents) add(text string) int {
	n, found := d.number[text]
	if !found {
		n = len(d.all)
		d.all, d.number[text] = append(d.all, json.RawMessage(text)), n
	}
	return n
}

func (d *documents) asked(q question) asked {
	a := asked{question: q, Identity: []int{}}
	for _, text := range q.identity {
		a.Identity = append(a.Identity, d.add(text))
	}
	if q.policy != "" {
		n := d.add(q.policy)
		a.Policy = &n
	}
	return a
}

// ask runs ask.mjs once for all questions, and returns the answers in their order. The folder has the packages of
// package.json.
func ask(ctx context.Context, folder string, questions []question) ([]string, error) {
	d := documents{number: map[string]int{}}
	all := make([]asked, len(questions))
	for i, q := range questions {
		all[i] = d.asked(q)
	}
	in, err := json.Marshal(map[string]any{"policies": d.all, "questions": all})
	if err != nil {
		return nil, err
	}
	var problems bytes.Buffer
	node := exec.CommandContext(ctx, "node", "internal/proof/conformance/iam/ask.mjs", folder)
	node.Stdin, node.Stderr = bytes.NewReader(in), &problems
	out, err := node.Output()
	if err != nil {
		return nil, fmt.Errorf("run ask.mjs: %w\n%s", err, problems.String())
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil {
		return nil, fmt.Errorf("read the answers: %w", err)
	}
	if len(answers) != len(questions) {
		return nil, fmt.Errorf("there are %d answers to %d questions", len(answers), len(questions))
	}
	return answers, nil
}

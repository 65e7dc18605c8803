// Package iam has two implementations that know IAM judge the policies of the synthesized templates and the embedded
// cloud's IAM: iam-simulate, with the Service Authorization Reference, and the linter parliament.
package iam

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// example is the policy file of the documentation.
const example = "docs/examples/policy.yaml"

// Record deploys the example's cells and ten others on embedded clouds. It returns the requests that their functions
// and the services made.
func Record(ctx context.Context) ([]cloudiam.Evaluation, error) {
	w, err := local.Prepare(ctx, io.Discard)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(example)
	if err != nil {
		return nil, err
	}
	var ten []cloudiam.Evaluation
	recorded := make(chan error, 1)
	go func() { // both wait most of the time
		var err error
		ten, err = record(ctx, w, tenCells())
		recorded <- err
	}()
	three, err := record(ctx, w, string(data))
	if err := errors.Join(err, <-recorded); err != nil {
		return nil, err
	}
	return append(three, ten...), nil
}

// JudgeCalls asks iam-simulate, installed in the folder, about the recorded requests, the attacks and random policies.
func JudgeCalls(ctx context.Context, j *report.Judge, folder string, recorded []cloudiam.Evaluation) {
	calls, queues := split(recorded)
	judgeRandom(ctx, j, folder)
	if !judgeCalls(ctx, j, folder, calls) {
		return // the recording ended early
	}
	judgeAttacks(ctx, j, folder, calls)
	judgeQueues(ctx, j, folder, queues)
	judgeForbidden(ctx, j, folder, calls)
}

// judgeCalls checks that both IAMs allow each call, for each action of each role. If so, it checks that each action
// that a role's policies allow was called, and returns true.
func judgeCalls(ctx context.Context, j *report.Judge, folder string, calls []question) bool {
	answers, err := ask(ctx, folder, calls)
	if err != nil {
		j.Error("ask about the calls", err)
		return false
	}
	refused := map[string]string{} // the first refused call, or none, by role and action
	called := map[string]bool{}
	all := true
	for i, q := range calls {
		name := q.role() + " of " + q.account() + " " + q.Action
		called[kind(q.role())+" "+strings.ToLower(q.Action)] = true
		refused[name] = cmp.Or(refused[name], refusal(q, answers[i]))
		all = all && refused[name] == ""
	}
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		j.Check(refused[name] == "", name, allowed, refused[name])
	}
	if !all {
		return false
	}
	for _, name := range permitted(calls) {
		j.Check(called[name], name, "a call of this action", "none")
	}
	return true
}

// refusal describes a call that is refused, and is empty for one that both IAMs allow.
func refusal(q question, answer string) string {
	if answer == allowed && !q.refused {
		return ""
	}
	return fmt.Sprintf("%s, refused by the embedded IAM %t, on %s with %v", answer, q.refused, q.Resource, q.Keys)
}

// permitted returns the actions of the functions' policies as "kind action", sorted.
func permitted(calls []question) []string {
	found := map[string]bool{}
	for _, q := range calls {
		for _, action := range actionsOf(q.identity) {
			found[kind(q.role())+" "+action] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// actionsOf returns the actions that documents of the CDK name, in lower case.
func actionsOf(documents []string) []string {
	var all []string
	for _, document := range documents {
		var d struct{ Statement []struct{ Action any } }
		if json.Unmarshal([]byte(document), &d) != nil {
			continue // iam-simulate has reported it
		}
		for _, s := range d.Statement {
			for _, action := range strings.Fields(strings.Trim(fmt.Sprint(s.Action), "[]")) { // one or a list
				all = append(all, strings.ToLower(action))
			}
		}
	}
	return all
}

// kind returns the function of a role, or forward: autopeer-accept-us-east-1 is accept.
func kind(role string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(role, wiring.DefaultPrefix+"-"), "-")
	return name
}

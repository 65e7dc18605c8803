package iam

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// explained are parliament's findings that have an explanation, by their text. An entry without a finding is a failure.
var explained = map[string]string{
	"RESOURCE_MISMATCH: [{'action': 'ec2:AcceptVpcPeeringConnection', 'required_format': " +
		"'arn:*:ec2:*:*:vpc/*'}]": bothStatements,
	"RESOURCE_MISMATCH: [{'action': 'ec2:AcceptVpcPeeringConnection', 'required_format': " +
		"'arn:*:ec2:*:*:vpc-peering-connection/*'}]": bothStatements,
	"RESOURCE_MISMATCH: [{'action': 'ec2:AuthorizeSecurityGroupIngress', 'required_format': " +
		"'arn:*:ec2:*:*:security-group/*'}]": bothStatements,
}

// bothStatements: https://docs.aws.amazon.com/vpc/latest/peering/security-iam.html allows the acceptance by one
// statement for each type, too.
const bothStatements = "it looks at one statement at a time; the action has two resource types, " +
	"with a statement for each"

// Lint has parliament, of the virtual environment, check each identity policy of the recorded requests.
func Lint(ctx context.Context, j *report.Judge, venv string, recorded []cloudiam.Evaluation) {
	found := map[string]bool{}
	calls, _ := split(recorded)
	for _, q := range calls {
		for _, text := range q.identity {
			found[text] = true
		}
	}
	documents := slices.Sorted(maps.Keys(found))
	findings, err := lint(ctx, venv, documents)
	if err != nil {
		j.Error("run parliament", err)
		return
	}
	used := map[string]int{}
	for i, all := range findings {
		unexplained := slices.DeleteFunc(all, func(finding string) bool {
			_, isExplained := explained[finding]
			used[finding]++
			return isExplained
		})
		j.Check(len(unexplained) == 0, documents[i], "no finding", strings.Join(unexplained, "; "))
	}
	for finding, why := range explained {
		j.Check(used[finding] > 0, "the explanation: "+why, finding, "none")
	}
	j.Explain(len(explained)) // a finding in every cell's role is one difference
}

// lint returns the findings of each document.
func lint(ctx context.Context, venv string, documents []string) ([][]string, error) {
	in, err := json.Marshal(documents)
	if err != nil {
		return nil, err
	}
	var problems bytes.Buffer
	python := exec.CommandContext(ctx, venv+"/bin/python", "-W", "ignore", "internal/proof/conformance/iam/lint.py")
	python.Stdin, python.Stderr = bytes.NewReader(in), &problems
	out, err := python.Output()
	if err != nil {
		return nil, fmt.Errorf("run lint.py: %w\n%s", err, problems.String())
	}
	var all [][]string
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var findings []string
		if err := decoder.Decode(&findings); err != nil {
			return nil, fmt.Errorf("read the findings: %w", err)
		}
		all = append(all, findings)
	}
	if len(all) != len(documents) {
		return nil, fmt.Errorf("there are findings on %d of %d documents", len(all), len(documents))
	}
	return all, nil
}

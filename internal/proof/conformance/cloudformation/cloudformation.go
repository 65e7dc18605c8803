// Package cloudformation creates, updates and deletes the stacks of the example policy on moto's CloudFormation engine,
// and compares the resources with the templates.
package cloudformation

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/conformance/clients"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// example is the policy of the first version of the stacks.
const example = "docs/examples/policy.yaml"

// changes make the second version of the policy: permissions, rules and their targets come and go.
var changes = [][2]string{
	{"    dns: true\n", ""},
	{"[developer, finance]", "[developer, marketing]"},
	{"{ from: developer, to: finance,", "{ from: developer, to: marketing,"},
}

// everything has a value for each option that adds resources or properties.
var everything = local.Settings{
	"trail": true, "alarmEmail": "ops@example.com", "permissionsBoundary": "edge", "reservedConcurrency": 5,
}

// Judge runs the script in the folder on moto at the URL, with the virtual environment's Python. It runs in the root of
// the repository.
func Judge(ctx context.Context, j *report.Judge, moto, venv, folder string) {
	before, after, err := synthesize(ctx)
	if err != nil {
		j.Error("synthesize the stacks", err)
		return
	}
	types := filepath.Join(folder, "types.json")
	script := exec.CommandContext(ctx, venv+"/bin/python", filepath.Join(folder, "judge.py"), moto, before, after, types)
	script.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "PYTHONDONTWRITEBYTECODE=1",
		"AWS_EC2_METADATA_DISABLED=true"}
	var printed bytes.Buffer
	script.Stderr = &printed
	out, err := script.Output()
	if err != nil {
		j.Error("judge.py", fmt.Errorf("%w\n%s", err, printed.Bytes()))
	}
	j.Error("judge.py", clients.Count(j, out))
}

// synthesize returns the folders with the templates of both versions.
func synthesize(ctx context.Context) (before, after string, err error) {
	w, err := local.Prepare(ctx, io.Discard)
	if err != nil {
		return "", "", err
	}
	policy, err := os.ReadFile(example)
	if err != nil {
		return "", "", err
	}
	changed, err := change(string(policy))
	if err != nil {
		return "", "", err
	}
	if before, err = w.Synthesize(ctx, "policy.yaml", policy, nil); err != nil {
		return "", "", err
	}
	after, err = w.Synthesize(ctx, "policy.yaml", []byte(changed), everything)
	return before, after, err
}

func change(policy string) (string, error) {
	for _, c := range changes {
		if !strings.Contains(policy, c[0]) {
			return "", fmt.Errorf("%s has no %q to change", example, c[0])
		}
		policy = strings.Replace(policy, c[0], c[1], 1)
	}
	return policy, nil
}

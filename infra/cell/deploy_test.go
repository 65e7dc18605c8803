package cell_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

// TestDependencies reads the order of stacks that the CDK's command line keeps to: each cell's main stack comes after
// its own bus and after those of its counterparts.
func TestDependencies(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(synthesize(t, parse(t, company), nil), "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Type         string
			Dependencies []string
		}
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	const m, f, d = "autopeer-111111111111-us-east-1", "autopeer-222222222222-eu-west-1", "autopeer-333333333333-eu-west-1"
	want := map[string][]string{
		m + "-bus": nil, f + "-bus": nil, d + "-bus": nil,
		// marketing and developer share no peering: each informs the other of the requests that it rejects.
		m: {m + "-bus", f + "-bus", d + "-bus"}, f: {m + "-bus", f + "-bus", d + "-bus"},
		d: {m + "-bus", f + "-bus", d + "-bus"},
	}
	got := map[string][]string{}
	for name, a := range manifest.Artifacts {
		if a.Type == "aws:cloudformation:stack" {
			got[name] = slices.DeleteFunc(a.Dependencies, func(on string) bool { return strings.HasSuffix(on, ".assets") })
			slices.Sort(got[name])
		}
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(s []string) string {
		return strings.Join(s, " ")
	})); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
}

// deployment deploys stacks into a cloud of its own.
func deployment(t *testing.T, check events.TargetBusCheck) func(cfn.Source) error {
	t.Helper()
	cloud := cloudsim.New(cloudsim.Options{Events: events.Options{TargetBus: check}})
	cloud.IAM.Enforce()
	var stacks []*cfn.Stack
	t.Cleanup(func() {
		cloud.Close()
		for _, s := range stacks {
			s.Close()
		}
	})
	return func(source cfn.Source) error {
		s, err := cfn.Deploy(t.Context(), cloud, source)
		stacks = append(stacks, s)
		return err
	}
}

func assembly(t *testing.T, context map[string]any) []cfn.Source {
	t.Helper()
	stacks, err := cfn.ReadAssembly(synthesize(t, parse(t, company), context))
	if err != nil {
		t.Fatal(err)
	}
	return stacks
}

// TestTwoInstallationsDeploy deploys the same policy twice, in the order of the stacks, into one cloud with the
// strictest check of target buses.
func TestTwoInstallationsDeploy(t *testing.T) {
	deploy := deployment(t, events.PermittedTargetBus)
	for _, prefix := range []string{"autopeer", "network"} {
		stacks := assembly(t, object{"prefix": prefix})
		if len(stacks) != 6 {
			t.Errorf("%d stacks, want two for each cell", len(stacks))
		}
		for _, s := range stacks {
			if err := deploy(s); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestACellNeedsTheBusesOfItsCounterparts deploys a cell whose counterpart has no bus yet.
func TestACellNeedsTheBusesOfItsCounterparts(t *testing.T) {
	stacks := map[string]cfn.Source{}
	for _, s := range assembly(t, nil) {
		stacks[s.Name] = s
	}
	const own = "autopeer-111111111111-us-east-1"
	tests := []struct {
		name  string
		check events.TargetBusCheck
		want  string
	}{
		{"EventBridge checks nothing", events.AnyTargetBus, ""},
		{"EventBridge wants the bus to exist", events.ExistingTargetBus, "Event bus autopeer does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			deploy := deployment(t, tt.check)
			if err := deploy(stacks[own+"-bus"]); err != nil {
				t.Fatal(err)
			}
			err := deploy(stacks[own])
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

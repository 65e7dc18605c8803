package cell_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/infra/cell"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// synthesize writes the stacks of all cells, and returns the folder.
func synthesize(t testing.TB, p *policy.Policy, context map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: &dir, Context: &map[string]any{"aws:cdk:disable-creation-stack-traces": true},
	})
	if err := cell.NewAll(app, cell.Props{Policy: p, Options: options(t, context), Build: built(t)}); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	return dir
}

// content returns the files of a folder by relative path.
func content(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	if err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTwoRunsGiveTheSameBytes(t *testing.T) {
	first, second := content(t, synthesize(t, parse(t, company), nil)), content(t, synthesize(t, parse(t, company), nil))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

func TestAChangedLineChangesOnlyTheCellsThatItConcerns(t *testing.T) {
	before := content(t, synthesize(t, parse(t, company), nil))
	after := content(t, synthesize(t, parse(t, strings.Replace(company, "ports: [443]", "ports: [8443]", 1)), nil))
	unchanged := wiring.StackName("autopeer", developer) + ".template.json"
	for name := range before {
		same := name == unchanged || strings.HasSuffix(name, "-bus.template.json")
		if strings.HasSuffix(name, ".template.json") && bytes.Equal(before[name], after[name]) != same {
			t.Errorf("%s is equal: %v, want %v", name, !same, same)
		}
	}
	name := wiring.StackName("autopeer", marketing) + ".template.json"
	old, changed := strings.Split(string(before[name]), "\n"), strings.Split(string(after[name]), "\n")
	if len(old) != len(changed) {
		t.Fatalf("%s has %d lines, had %d", name, len(changed), len(old))
	}
	for i := range old {
		if old[i] != changed[i] && !strings.Contains(old[i], `"S3Key"`) {
			t.Errorf("%s:%d: %s became %s; want the layer's asset to change and nothing else", name, i+1, old[i], changed[i])
		}
	}
}

func TestTheLargestMeshSynthesizes(t *testing.T) {
	p := mesh(20, "us-east-1", "eu-west-1", "ap-northeast-1")
	made := content(t, synthesize(t, p, nil))
	for _, c := range p.Cells() {
		name := wiring.StackName("autopeer", c) + ".template.json"
		if size := len(made[name]); size == 0 || size > 1<<20 {
			t.Errorf("%s has %d bytes; CloudFormation takes up to 1 MiB", name, size)
		}
	}
}

func BenchmarkSynth(b *testing.B) {
	for _, cells := range []int{2, 60} {
		b.Run(strconv.Itoa(cells)+"-cells", func(b *testing.B) {
			p := mesh(2, "us-east-1")
			if cells > 2 {
				p = mesh(cells/3, "us-east-1", "eu-west-1", "ap-northeast-1")
			}
			if n := len(p.Cells()); n != cells {
				b.Fatalf("%d cells, want %d", n, cells)
			}
			for b.Loop() {
				synthesize(b, p, nil)
			}
		})
	}
}

func TestParseOptions(t *testing.T) {
	tests := []struct {
		name    string
		context map[string]any
		want    []string // a piece of each fault
	}{
		{"no context", nil, nil},
		{"numbers and strings are the same",
			map[string]any{"logRetentionDays": 30.0, "trail": "true", "reservedConcurrency": "2"}, nil},
		{"the name of every account's bus", map[string]any{"prefix": "default"},
			[]string{`context prefix is "default"; it must be 1 to 14 of`}},
		{"a prefix that ends with a dash", map[string]any{"prefix": "blue-"},
			[]string{`context prefix is "blue-"; it must be 1 to 14 of`}},
		{"a prefix with two dashes in a row", map[string]any{"prefix": "my--x"},
			[]string{`context prefix is "my--x"; it must be 1 to 14 of`}},
		{"a prefix of fifteen characters", map[string]any{"prefix": "a-long-company1"},
			[]string{`context prefix is "a-long-company1"; it must be 1 to 14 of`}},
		{"a prefix that begins with a digit", map[string]any{"prefix": "1st"},
			[]string{`context prefix is "1st"; it must be 1 to 14 of`}},
		{"a prefix that makes names too long", map[string]any{"prefix": "autopeer-of-the-company"},
			[]string{`context prefix is "autopeer-of-the-company"; it must be`}},
		{"a retention that CloudWatch Logs doesn't know", map[string]any{"logRetentionDays": 42},
			[]string{"logRetentionDays"}},
		{"sweeps once a day", map[string]any{"sweepMinutes": 1440.0}, nil},
		{"sweeps once in five minutes", map[string]any{"sweepMinutes": "5"}, nil},
		{"sweeps that overtake each other", map[string]any{"sweepMinutes": 4},
			[]string{`sweepMinutes is "4"; it must be a whole number of minutes, 5 to 1440`}},
		{"sweeps less than once a day", map[string]any{"sweepMinutes": 1441}, []string{"sweepMinutes"}},
		{"fewer environments than the mapping may use", map[string]any{"reservedConcurrency": 1},
			[]string{`reservedConcurrency is "1"; it must be 0 for none, or 2 to 999; Lambda keeps 100 of an account's quota ` +
				`unreserved`}},
		{"all faults at once", map[string]any{"trail": "yes", "organization": "acme", "alarmEmail": "operator"},
			[]string{"alarmEmail", "organization", "trail"}},
		{"an address for a topic that has its own", map[string]any{"alarmEmail": "a@b.example", "alarmTopic": "ops"},
			[]string{"alarmEmail and alarmTopic"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cell.ParseOptions(func(key string) any { return tt.context[key] })
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if !slices.EqualFunc(got, tt.want, strings.Contains) {
				t.Errorf("faults = %q, want %q in them", got, tt.want)
			}
		})
	}
}

// TestAReservationNamesTheQuotaThatItNeeds at synth, since a deployment beyond the quota fails.
func TestAReservationNamesTheQuotaThatItNeeds(t *testing.T) {
	for reserved, want := range map[int][]string{
		0: nil,
		5: {"reservedConcurrency reserves 20 concurrent executions for 4 functions: the quota in eu-west-1 must be at " +
			"least 120, because Lambda keeps 100 unreserved"},
	} {
		made := stacks(t, company, finance, map[string]any{"reservedConcurrency": reserved}).Main
		var got []string
		for _, m := range *made.Node().Metadata() {
			if *m.Type == "aws:cdk:warning" {
				got = append(got, fmt.Sprint(m.Data))
			}
		}
		if !slices.EqualFunc(got, want, strings.Contains) {
			t.Errorf("with %d the warnings are %q, want %q in them", reserved, got, want)
		}
	}
}

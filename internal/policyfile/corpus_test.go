package policyfile_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/policyfile"
)

var update = flag.Bool("update", false, "rewrite the expectations of the files in testdata and the schema in docs")

// want begins the lines, at the top of a bad file, with the mistakes that Parse has to report.
const want = "# want: "

// corpus returns the files of a folder of testdata, by name without extension.
func corpus(t testing.TB, folder string, least int) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < least {
		t.Fatalf("testdata/%s has %d files, want at least %d", folder, len(paths), least)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".yaml")] = data
	}
	return files
}

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t, "good", 8) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := policyfile.Parse("policy.yaml", data); err != nil {
				t.Errorf("Parse():\n%v", err)
			}
		})
	}
}

// TestBadFiles is not parallel, because the files that it may rewrite are read by other tests.
func TestBadFiles(t *testing.T) {
	for name, data := range corpus(t, "bad", 40) {
		t.Run(name, func(t *testing.T) {
			if *update {
				data = rewrite(t, name, data)
			}
			wanted, _ := split(data)
			if len(wanted) == 0 {
				t.Fatal("the file doesn't list its mistakes")
			}
			if diff := cmp.Diff(wanted, report(data)); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWarnedFiles are valid, and have exactly the warnings at their top. It is not parallel for the same reason.
func TestWarnedFiles(t *testing.T) {
	seen := map[policyfile.Code]bool{}
	for name, data := range corpus(t, "warned", 7) {
		t.Run(name, func(t *testing.T) {
			if *update {
				data = rewriteBy(t, "warned", name, data, warnings)
			}
			p, all, err := policyfile.Check("f", data)
			if p == nil || err != nil {
				t.Fatalf("Check() = %v, %v", p, err)
			}
			for _, w := range all {
				seen[w.Code] = true
			}
			wanted, _ := split(data)
			if diff := cmp.Diff(wanted, warnings(data)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
	for _, k := range policyfile.Kinds() {
		if k.IsWarning && !seen[k.Code] {
			t.Errorf("no file has the warning %s", k.Code)
		}
	}
}

// warnings returns the warnings of a file, without the name of the file.
func warnings(data []byte) []string {
	_, all, _ := policyfile.Check("f", data)
	var lines []string
	for _, w := range all {
		lines = append(lines, strings.TrimPrefix(w.String(), "f:"))
	}
	return lines
}

// split separates the lines with the mistakes from the rest of a file.
func split(data []byte) (wanted []string, rest []byte) {
	rest = data
	for bytes.HasPrefix(rest, []byte(want)) {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		wanted = append(wanted, strings.TrimPrefix(string(line), want))
		rest = after
	}
	return wanted, rest
}

// report returns the mistakes of a file as the lines of Mistakes, without the name of the file.
func report(data []byte) []string {
	_, err := policyfile.Parse("f", data)
	if err == nil {
		return nil
	}
	return strings.Split(strings.ReplaceAll("\n"+err.Error(), "\nf:", "\n")[1:], "\n")
}

// rewrite writes the mistakes that Parse reports into a bad file. Their lines move the mistakes down.
func rewrite(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	return rewriteBy(t, "bad", name, data, report)
}

// rewriteBy is rewrite for a file of any folder, with the function that returns its lines.
func rewriteBy(t *testing.T, folder, name string, data []byte, report func([]byte) []string) []byte {
	t.Helper()
	_, rest := split(data)
	blank := bytes.Repeat([]byte("#\n"), len(report(rest)))
	var all bytes.Buffer
	for _, line := range report(append(blank, rest...)) {
		all.WriteString(want + line + "\n")
	}
	all.Write(rest)
	if err := os.WriteFile(filepath.Join("testdata", folder, name+".yaml"), all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

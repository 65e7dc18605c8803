package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// largest is the limit of a function's size in bytes. An operation of the SDK costs some kilobytes. Code that looks
// methods up by reflection costs thirty megabytes, because the linker must then keep every operation of EC2.
const largest = 12 << 20

// TestFunctionsStaySmall links the functions for this machine, for which the SDK is compiled anyway. The linker keeps
// the same operations for every architecture, and a function for Lambda's arm64 is smaller than one for amd64.
func TestFunctionsStaySmall(t *testing.T) {
	openDirectories(t)
	mains, err := filepath.Glob("../../functions/*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("no functions: %v", err)
	}
	for _, main := range mains {
		name := filepath.Base(filepath.Dir(main))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "bootstrap")
			build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w -dumpdep", "-o",
				out, "./functions/"+name)
			build.Dir = "../.."
			output, err := build.CombinedOutput()
			if err != nil {
				t.Fatalf("go build: %v\n%s", err, output)
			}
			if n := bytes.Count(output, []byte("<ReflectMethod>")); n != 0 {
				t.Errorf("%d functions that are linked in look methods up by reflection, want 0", n)
			}
			file, err := os.Stat(out)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %.2f MB", name, float64(file.Size())/(1<<20))
			if file.Size() >= largest {
				t.Errorf("%s has %d bytes, want less than %d", name, file.Size(), largest)
			}
		})
	}
}

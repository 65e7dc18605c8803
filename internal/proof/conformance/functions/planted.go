package functions

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/autopeer/autopeer/internal/proof/mutate/mutation"
)

// The code that the functions share, and the panics that are planted in it. One is in a use case, when it handles the
// connection, and one outside, when the first message of a batch is the body.
const (
	shared          = "internal/aws/lambdasqs/lambdasqs.go"
	panicConnection = "pcx-0dead00000000dead"
	panicBody       = "panic outside of the use case"
)

var plants = [][2]string{
	{"\t\twake()\n",
		"\t\twake()\n\t\tif len(batch.Records) > 0 && batch.Records[0].Body == \"" + panicBody +
			"\" {\n\t\t\tpanic(\"planted\")\n\t\t}\n"},
	{"{ return handle(ctx, w.hint) }",
		"{\n\t\tif w.hint.Connection == \"" + panicConnection +
			"\" {\n\t\t\tpanic(\"planted\")\n\t\t}\n\t\treturn handle(ctx, w.hint)\n\t}"},
}

// plant builds the functions into the folder with the panics planted. The checkout isn't touched.
func plant(ctx context.Context, folder string) error {
	path, err := filepath.Abs(shared)
	if err != nil {
		return err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, p := range plants {
		if n := bytes.Count(source, []byte(p[0])); n != 1 {
			return fmt.Errorf("%s has %q %d times, want once", shared, p[0], n)
		}
		source = bytes.Replace(source, []byte(p[0]), []byte(p[1]), 1)
	}
	overlay, err := mutation.WriteOverlay(filepath.Join(folder, "planted"), map[string][]byte{path: source})
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-overlay", overlay, "-tags", "lambda.norpc",
		"-ldflags", "-s -w", "-o", folder+"/", "./functions/...")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions with a panic: %w\n%s", err, out)
	}
	return nil
}

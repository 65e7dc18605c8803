// Command conformance lets judges that were not written here look at autopeer and at the embedded cloud: emulators of
// AWS by others, and AWS's own clients.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/autopeer/autopeer/infra/conformance/emulator"
	"github.com/autopeer/autopeer/infra/conformance/report"
	"github.com/autopeer/autopeer/infra/conformance/usecases"
)

// venv is the virtual environment of requirements.txt, seen from the root of the repository.
const venv = ".venv-conformance"

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the use cases log all that they do
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	conforms, err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
	if err != nil || !conforms {
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (bool, error) {
	moto, err := emulator.Moto(ctx, venv)
	if err != nil {
		return false, err
	}
	defer moto.Close()
	r := report.New(out)
	usecases.Judge(ctx, r.Judge("the use cases on moto"), moto.URL)
	return r.Close(), nil
}

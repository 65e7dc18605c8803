// Command conformance checks autopeer and the embedded cloud against independent implementations: emulators of AWS and AWS's own
// clients.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/autopeer/autopeer/internal/proof/conformance/clients"
	"github.com/autopeer/autopeer/internal/proof/conformance/emulator"
	"github.com/autopeer/autopeer/internal/proof/conformance/patterns"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
	"github.com/autopeer/autopeer/internal/proof/conformance/terraform"
	"github.com/autopeer/autopeer/internal/proof/conformance/usecases"
)

// ruler is the folder of Event Ruler's jars.
const ruler = ".tools/event-ruler"

// venv is the virtual environment of requirements.txt, seen from the root of the repository.
const venv = ".venv-conformance"

func main() {
	only := flag.String("only", "", "one of the judges: usecases, clients, patterns or terraform")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the use cases log all that they do
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	conforms, err := run(ctx, os.Stdout, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
	if err != nil || !conforms {
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, only string) (bool, error) {
	r := report.New(out)
	if name, trials, _ := strings.Cut(only, ":"); only == "" || name == "terraform" {
		if err := judgeByTerraform(ctx, out, r, trials); err != nil || only != "" {
			return r.Close(), err
		}
	}
	err := judgeByEmulators(ctx, out, r, only)
	return err == nil && r.Close(), err
}

// judgeByEmulators runs the judges that need the virtual environment.
func judgeByEmulators(ctx context.Context, out io.Writer, r *report.Report, only string) error {
	moto, err := emulator.Moto(ctx, venv)
	if err != nil {
		return err
	}
	defer moto.Close()
	ministack, err := emulator.MiniStack(ctx, venv)
	if err != nil {
		return err
	}
	defer ministack.Close()
	if only == "" || only == "usecases" {
		usecases.Judge(ctx, r.Judge("the use cases on moto"), moto.URL)
	}
	if only == "" || only == "clients" {
		clients.Judge(ctx, r.Judge("boto3 and the AWS CLI on the embedded cloud"), venv, "internal/proof/conformance/clients")
	}
	if only == "" || only == "patterns" {
		judgeByRuler(ctx, out, r)
		patterns.JudgeByMoto(ctx, r.Judge("moto on event patterns"), moto.URL)
		patterns.JudgeByMiniStack(ctx, r.Judge("MiniStack on event patterns"), ministack.URL)
	}
	return nil
}

// judgeByTerraform reports why it does without Terraform where the program or AWS's provider is missing. Of the
// trials, it runs those whose name contains the text.
func judgeByTerraform(ctx context.Context, out io.Writer, r *report.Report, trials string) error {
	t, reason, err := terraform.Find(ctx)
	if err != nil {
		return fmt.Errorf("prepare Terraform: %w", err)
	}
	if reason != "" {
		fmt.Fprintln(out, "NOT ASKED: Terraform and AWS's provider on the embedded cloud, "+reason)
		return nil
	}
	defer t.Close()
	terraform.Judge(ctx, out, r.Judge("Terraform and AWS's provider on the embedded cloud"), t, trials)
	return nil
}

// judgeByRuler does without Event Ruler where there is no Java or no Maven to fetch it, and says so.
func judgeByRuler(ctx context.Context, out io.Writer, r *report.Report) {
	if _, err := os.Stat(ruler + "/ready"); err != nil {
		fmt.Fprintln(out, "NOT ASKED: AWS's Event Ruler on event patterns, for want of Java 17 and Maven, or of Maven's repository")
		return
	}
	patterns.JudgeByRuler(ctx, r.Judge("AWS's Event Ruler on event patterns"), ruler)
}

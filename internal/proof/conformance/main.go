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
	"syscall"

	"github.com/autopeer/autopeer/internal/proof/conformance/clients"
	"github.com/autopeer/autopeer/internal/proof/conformance/emulator"
	"github.com/autopeer/autopeer/internal/proof/conformance/iam"
	"github.com/autopeer/autopeer/internal/proof/conformance/patterns"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
	"github.com/autopeer/autopeer/internal/proof/conformance/usecases"
)

// ruler is the folder of Event Ruler's jars.
const ruler = ".tools/event-ruler"

// venv is the virtual environment of requirements.txt, seen from the root of the repository.
const venv = ".venv-conformance"

// simulator is the folder of iam-simulate, with its packages once it is ready.
const simulator = ".tools/iam-simulate"

func main() {
	only := flag.String("only", "", "one of the judges: usecases, clients, patterns or iam")
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
	moto, err := emulator.Moto(ctx, venv)
	if err != nil {
		return false, err
	}
	defer moto.Close()
	ministack, err := emulator.MiniStack(ctx, venv)
	if err != nil {
		return false, err
	}
	defer ministack.Close()
	r := report.New(out)
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
	if only == "" || only == "iam" {
		judgePolicies(ctx, out, r)
	}
	return r.Close(), nil
}

// judgePolicies reports where iam-simulate is missing: then there is no Node, which the synthesis of the policies needs, too.
func judgePolicies(ctx context.Context, out io.Writer, r *report.Report) {
	if _, err := os.Stat(simulator + "/ready"); err != nil {
		fmt.Fprintln(out, "NOT ASKED: iam-simulate and parliament on IAM policies, because Node or npm's registry is missing")
		return
	}
	j := r.Judge("iam-simulate on IAM policies")
	recorded, err := iam.Record(ctx)
	if err != nil {
		j.Error("record the calls of the functions", err)
		return
	}
	iam.JudgeCalls(ctx, j, simulator, recorded)
	iam.Lint(ctx, r.Judge("parliament on IAM policies"), venv, recorded)
}

// judgeByRuler does without Event Ruler where there is no Java or no Maven to fetch it, and says so.
func judgeByRuler(ctx context.Context, out io.Writer, r *report.Report) {
	if _, err := os.Stat(ruler + "/ready"); err != nil {
		fmt.Fprintln(out, "NOT ASKED: AWS's Event Ruler on event patterns, for want of Java 17 and Maven, or of Maven's repository")
		return
	}
	patterns.JudgeByRuler(ctx, r.Judge("AWS's Event Ruler on event patterns"), ruler)
}

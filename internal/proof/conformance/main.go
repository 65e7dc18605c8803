// Command conformance checks autopeer and the embedded cloud against independent implementations: emulators of AWS and
// AWS's own clients.
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
	"github.com/autopeer/autopeer/internal/proof/conformance/cloudformation"
	"github.com/autopeer/autopeer/internal/proof/conformance/emulator"
	"github.com/autopeer/autopeer/internal/proof/conformance/functions"
	"github.com/autopeer/autopeer/internal/proof/conformance/iam"
	"github.com/autopeer/autopeer/internal/proof/conformance/patterns"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
	"github.com/autopeer/autopeer/internal/proof/conformance/terraform"
	"github.com/autopeer/autopeer/internal/proof/conformance/usecases"
)

// ruler is the folder of Event Ruler's jars.
const ruler = ".tools/event-ruler"

// lambda is AWS's runtime interface emulator.
const lambda = ".tools/aws-lambda-rie"

// venv is the virtual environment of requirements.txt, seen from the root of the repository.
const venv = ".venv-conformance"

// simulator is the folder of iam-simulate, with its packages once it is ready.
const simulator = ".tools/iam-simulate"

func main() {
	only := flag.String("only", "", "one of the judges: "+names())
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

// judge adds the checks of one implementation to the report. The part, which only the judge of Terraform knows, selects
// its trials by a part of their names.
type judge func(ctx context.Context, out io.Writer, r *report.Report, part string) error

// judges are the names for the option only, and the judges, in the order in which they are asked.
var judges = []struct {
	name  string
	judge judge
}{
	{"lambda", judgeFunctions}, {"cloudformation", judgeStacks}, {"usecases", judgeUseCases}, {"clients", judgeByClients},
	{"patterns", judgePatterns}, {"iam", judgePolicies},
	{"terraform", judgeByTerraform},
}

// names lists the names of the judges.
func names() string {
	var all []string
	for _, j := range judges {
		all = append(all, j.name)
	}
	return strings.Join(all, ", ")
}

func run(ctx context.Context, out io.Writer, only string) (bool, error) {
	r := report.New(out)
	name, part, _ := strings.Cut(only, ":")
	for _, j := range judges {
		if name != "" && name != j.name {
			continue
		}
		if err := j.judge(ctx, out, r, part); err != nil {
			return false, fmt.Errorf("%s: %w", j.name, err)
		}
	}
	return r.Close(), nil
}

func judgeUseCases(ctx context.Context, _ io.Writer, r *report.Report, _ string) error {
	moto, err := emulator.Moto(ctx, venv)
	if err != nil {
		return err
	}
	defer moto.Close()
	usecases.Judge(ctx, r.Judge("the use cases on moto"), moto.URL)
	return nil
}

func judgeStacks(ctx context.Context, _ io.Writer, r *report.Report, _ string) error {
	moto, err := emulator.Moto(ctx, venv)
	if err != nil {
		return err
	}
	defer moto.Close()
	j := r.Judge("the templates on moto's CloudFormation engine")
	cloudformation.Judge(ctx, j, moto.URL, venv, "internal/proof/conformance/cloudformation")
	return nil
}

func judgeByClients(ctx context.Context, _ io.Writer, r *report.Report, _ string) error {
	clients.Judge(ctx, r.Judge("boto3 and the AWS CLI on the embedded cloud"), venv, "internal/proof/conformance/clients")
	return nil
}

func judgePatterns(ctx context.Context, out io.Writer, r *report.Report, _ string) error {
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
	judgeByRuler(ctx, out, r)
	patterns.JudgeByMoto(ctx, r.Judge("moto on event patterns"), moto.URL)
	patterns.JudgeByMiniStack(ctx, r.Judge("MiniStack on event patterns"), ministack.URL)
	return nil
}

// judgeFunctions reports that the emulator of Lambda is missing where it could not be installed.
func judgeFunctions(ctx context.Context, out io.Writer, r *report.Report, _ string) error {
	if !exists(lambda) {
		fmt.Fprintln(out, "NOT ASKED: AWS's runtime interface emulator on the functions, because it could not be installed")
		return nil
	}
	functions.Judge(ctx, r.Judge("the functions under AWS's emulator of Lambda"), lambda)
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// judgePolicies reports where iam-simulate is missing: then there is no Node, which the synthesis of the policies
// needs, too.
func judgePolicies(ctx context.Context, out io.Writer, r *report.Report, _ string) error {
	if !exists(simulator + "/ready") {
		fmt.Fprintln(out,
			"NOT ASKED: iam-simulate and parliament on IAM policies, because Node.js or npm's registry is missing")
		return nil
	}
	j := r.Judge("iam-simulate on IAM policies")
	recorded, err := iam.Record(ctx)
	if err != nil {
		return fmt.Errorf("record the calls of the functions: %w", err)
	}
	iam.JudgeCalls(ctx, j, simulator, recorded)
	iam.Lint(ctx, r.Judge("parliament on IAM policies"), venv, recorded)
	return nil
}

// judgeByTerraform reports why it does without Terraform where the program or AWS's provider is missing. The
// trials are those whose name contains a text.
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

// judgeByRuler reports that Event Ruler is missing where there is no Java or no Maven to fetch it.
func judgeByRuler(ctx context.Context, out io.Writer, r *report.Report) {
	if _, err := os.Stat(ruler + "/ready"); err != nil {
		fmt.Fprintln(out,
			"NOT ASKED: AWS's Event Ruler on event patterns, because Java 17, Maven or Maven's repository is missing")
		return
	}
	patterns.JudgeByRuler(ctx, r.Judge("AWS's Event Ruler on event patterns"), ruler)
}

// Command mutate applies one change after another to packages, and fails if a change that their tests miss is not
// explained in a file, or is explained without need.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/autopeer/autopeer/internal/proof/mutate/mutation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	if !ok {
		os.Exit(1)
	}
}

// options are the values of the flags.
type options struct {
	every, atOnce int
	explanations  string
	packages      []string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.IntVar(&o.every, "every", 1, "try every `n`th mutant only")
	flags.IntVar(&o.atOnce, "at-once", runtime.NumCPU(), "try so many at once")
	flags.StringVar(&o.explanations, "explanations", "internal/proof/mutate/survivors.txt",
		"the `file` that explains survivors")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.packages = flags.Args()
	if o.every < 1 || o.atOnce < 1 || len(o.packages) == 0 {
		return o, errors.New("wants packages, and numbers from 1")
	}
	return o, nil
}

// run reports whether there is nothing to complain about.
func run(ctx context.Context, args []string, out io.Writer) (bool, error) {
	o, err := parse(args)
	if err != nil {
		return false, err
	}
	explanations, err := mutation.ReadExplanations(o.explanations)
	if err != nil {
		return false, err
	}
	packages, err := mutation.List(ctx, ".", o.packages...)
	if err != nil {
		return false, err
	}
	var total tally
	for _, p := range packages {
		part, err := o.try(ctx, p, explanations, out)
		if err != nil {
			return false, err
		}
		total.add(part)
	}
	if total.complaints > 0 {
		fmt.Fprintf(out, "complaints: %d\n", total.complaints)
	}
	fmt.Fprintf(out, "mutation: %s\n", total)
	return total.complaints == 0, nil
}

// tally counts the mutants that compile.
type tally struct{ mutants, survivors, complaints int }

func (t tally) String() string {
	return fmt.Sprintf("%d mutants, %d survivors", t.mutants, t.survivors)
}

func (t *tally) add(o tally) {
	t.mutants += o.mutants
	t.survivors += o.survivors
	t.complaints += o.complaints
}

// try tries the mutants of one package and prints the complaints about survivors.
func (o options) try(ctx context.Context, p mutation.Package, explanations mutation.Explanations,
	out io.Writer) (tally, error) {
	all, err := p.Mutants()
	if err != nil {
		return tally{}, err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return tally{}, fmt.Errorf("make a scratch folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }() // the system clears the rest
	trial, err := mutation.NewTrial(ctx, p, everyNth(all, o.every), scratch)
	if err != nil {
		return tally{}, err
	}
	results, err := trial.Try(ctx, o.atOnce)
	if err != nil {
		return tally{}, err
	}
	complaints := explanations.Complaints(p.Path(), all, results)
	for _, c := range complaints {
		fmt.Fprintln(out, c)
	}
	count := countOf(results)
	count.complaints = len(complaints)
	fmt.Fprintf(out, "%s: %s\n", p.Path(), count)
	return count, nil
}

func everyNth(all []mutation.Mutant, n int) []mutation.Mutant {
	var some []mutation.Mutant
	for i := 0; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some
}

func countOf(results []mutation.Result) tally {
	var t tally
	for _, r := range results {
		if r.Verdict != mutation.Invalid {
			t.mutants++
		}
		if r.Verdict == mutation.Survivor {
			t.survivors++
		}
	}
	return t
}

package terraform

import (
	"context"
	"errors"
	"strings"
	"time"
)

// trial is a sequence of steps with a configuration, on a cloud of its own.
type trial struct {
	name     string
	policy   string   // a block of the page, or a folder of testdata with the file
	files    []string // blocks of the page, or folders of modules
	expected []string // codes of errors that calls get in this trial
	steps    []step
}

// step is one check of a trial.
type step struct {
	name  string
	shows row    // of the page's table; empty if the step shows none
	block string // of the page, if the step uses one
	do    func(context.Context, *stage) error
}

// check is a step that was made.
type check struct {
	name string
	err  error
	took time.Duration
}

func (tr trial) named(part string) bool { return strings.Contains(tr.name, part) }

func (tr trial) rows() []row {
	var all []row
	for _, s := range tr.steps {
		if s.shows != (row{}) {
			all = append(all, s.shows)
		}
	}
	return all
}

func (tr trial) blocks() []string {
	all := append([]string{tr.policy}, tr.files...)
	for _, s := range tr.steps {
		all = append(all, s.block)
	}
	return all
}

// longest is the time that a trial may take.
const longest = 10 * time.Minute

// try makes the steps of a trial up to the first that fails, and then checks the calls of all of them.
func (t *Terraform) try(ctx context.Context, p page, tr trial) []check {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	s, err := t.stage(ctx, p, tr)
	if err != nil {
		return []check{{name: "prepare", err: err}}
	}
	defer s.close()
	var checks []check
	for _, st := range tr.steps {
		began := time.Now()
		err := st.do(ctx, s)
		checks = append(checks, check{st.name, err, time.Since(began)})
		if err != nil {
			break
		}
	}
	for _, u := range s.calls.unexpected(tr.expected) {
		checks = append(checks, check{name: "a call", err: errors.New(u)})
	}
	return append(checks, check{name: "calls", err: s.called()})
}

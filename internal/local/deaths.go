package local

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Fate decides, at every call that a function in this process makes, whether its process is killed there. Many
// goroutines call it.
type Fate func(Step) Death

// Step is one call of one invocation.
type Step struct {
	Cell       peering.Cell
	Function   function.Name
	Invocation int64         // counted from 1 in each cell
	Request    *http.Request // to EC2, EventBridge or SQS; its body must be left unread
}

// Death is when a process is killed.
type Death int

// The deaths.
const (
	Lives      Death = iota
	DiesBefore       // the call is never made
	DiesAfter        // the call takes effect, and its answer is never seen
)

var errKilled = errors.New("the process was killed")

// invocation is one run of a function, until it is over or killed.
type invocation struct {
	step   Step
	end    context.CancelFunc
	killed atomic.Bool
}

type invocationKey struct{}

// mortal runs a function whose process may be killed. Lambda then gets no answer, so the whole batch comes back.
type mortal struct {
	queue.Function
	cell *Cell
	name function.Name
}

// Invoke is called by the event source mapping.
func (m mortal) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := &invocation{step: Step{Cell: m.cell.Cell, Function: m.name, Invocation: m.cell.invocations.Add(1)}, end: cancel}
	answer, err := m.Function.Invoke(context.WithValue(ctx, invocationKey{}, run), payload)
	if run.killed.Load() {
		return nil, errKilled
	}
	return answer, err
}

// fated is the way of a function's calls to the cloud.
type fated struct {
	next http.RoundTripper
	fate Fate
}

// RoundTrip makes the call unless the process is killed before.
func (f fated) RoundTrip(r *http.Request) (*http.Response, error) {
	run, ok := r.Context().Value(invocationKey{}).(*invocation)
	if !ok {
		return f.next.RoundTrip(r)
	}
	if run.killed.Load() {
		return nil, errKilled
	}
	step := run.step
	step.Request = r
	death := f.fate(step)
	if death == DiesBefore {
		return nil, run.kill()
	}
	answer, err := f.next.RoundTrip(r)
	if death == DiesAfter && err == nil {
		err = errors.Join(answer.Body.Close(), run.kill())
	}
	return answer, err
}

func (run *invocation) kill() error {
	run.killed.Store(true)
	run.end()
	return errKilled
}

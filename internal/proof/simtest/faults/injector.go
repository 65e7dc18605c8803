// Package faults makes calls fail, reads be stale, invocations die, and events be late, doubled or lost, as is drawn
// from a seed.
package faults

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

// Observer follows the calls of autopeer and the faults that they meet. Its methods must not block.
type Observer interface {
	// Called is called with each call before its fault is drawn.
	Called(Call)
	// Failed is called if the fault makes the call fail, or leaves it without an answer.
	Failed(Call, Fault)
	// Answered is called if the call meets no fault, before EC2 gets it.
	Answered(Call)
	// Killed is called when an invocation is about to be killed.
	Killed(peering.Cell, function.Name)
	// LostEvent is called with the ids of the connections that a lost event names.
	LostEvent(connections []string)
}

// Fault is a reason for which a call fails, as the history prints it.
type Fault string

// The faults of calls.
const (
	Throttled     Fault = "is throttled"
	InternalError Fault = "fails with an internal error"
	UnknownError  Fault = "fails with " + unknownCode
	NoAnswer      Fault = "gets no answer"
	Hanging       Fault = "hangs until the function is killed"
)

// unknownCode is an error code that is in no table of autopeer's.
const unknownCode = "IncidentalFault"

// Injector injects faults into one cloud. It is safe for concurrent use.
type Injector struct {
	report   *report.Report
	observer Observer

	mu     sync.Mutex
	draws  *random.ByName
	rates  Rates
	silent map[peering.Cell]bool // cells whose trails don't log
	stale  map[string]staleAnswer
	deaths map[string]death // by invocation
}

// New returns an injector that causes no faults until Start.
func New(seed uint64, rep *report.Report, observer Observer) *Injector {
	return &Injector{
		report: rep, observer: observer, draws: random.NewByName(seed),
		silent: map[peering.Cell]bool{}, stale: map[string]staleAnswer{}, deaths: map[string]death{},
	}
}

// Start lets faults occur from now on.
func (i *Injector) Start(r Rates) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rates = r
}

// Stop lets no more faults occur. Stale answers and deaths that were drawn before may still come.
func (i *Injector) Stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rates, i.silent = Rates{}, map[peering.Cell]bool{}
}

// Fail returns the failure of a call of a function, nil if the call meets no fault. It blocks for as long as the call
// takes.
func (i *Injector) Fail(call apicall.Call, function string) *cloudsim.Failure {
	f, wait := i.draw(NewCall(call, function))
	time.Sleep(wait)
	return f
}

// draw returns the failure of a call and the time that the call takes. They are the same for identical calls of one
// instant, because their order is up to Go's scheduler, and another call of the same process follows each.
func (i *Injector) draw(c Call) (*cloudsim.Failure, time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.observer.Called(c)
	d := i.draws.Always(append(c.identity(), time.Now().Format(time.RFC3339Nano))...)
	wait := d.Duration(2*time.Millisecond, 40*time.Millisecond)
	if old := i.stale[c.staleKey()]; old.until.After(time.Now()) && d.Chance(60) {
		i.report.Note(callNote{c, "gets a stale answer"})
		return &cloudsim.Failure{Answer: old.answer}, wait
	}
	f, fault, longer := i.drawFault(c, d)
	if f == nil {
		i.observer.Answered(c)
	} else {
		i.report.Note(callNote{c, string(fault)})
		i.observer.Failed(c, fault)
	}
	return f, wait + longer
}

// hang is longer than a function runs, so that a hanging call ends with its process.
const hang = wiring.FunctionTimeout + time.Second

// drawFault returns a nil failure for a call that is answered, if only after a longer time.
func (i *Injector) drawFault(c Call, d random.Source) (f *cloudsim.Failure, fault Fault, longer time.Duration) {
	r := i.rates
	n := d.IntN(1000)
	over := func(rate int) bool { n -= rate; return n < 0 }
	switch {
	case i.isThrottled(c) && (r.stubborn || d.Chance(90)):
		return &cloudsim.Failure{Code: throttleCode(c.service), Message: "Request limit exceeded.",
			Status: http.StatusServiceUnavailable}, Throttled, 0
	case over(r.failed):
		return &cloudsim.Failure{Code: "InternalError", Message: "An internal error has occurred",
			Status: http.StatusInternalServerError, After: d.Chance(50)}, InternalError, 0
	case over(r.unknown):
		return &cloudsim.Failure{Code: unknownCode, Message: "This error is in no documentation.", After: d.Chance(50)},
			UnknownError, 0
	case over(r.dropped):
		return &cloudsim.Failure{Code: "Dropped", Drop: true, After: d.Chance(50)}, NoAnswer, 0
	case over(r.hung):
		return &cloudsim.Failure{Code: "Hung", Drop: true, After: d.Chance(50)}, Hanging, hang
	case over(r.slow):
		return nil, "", d.Duration(time.Second, 20*time.Second)
	}
	return nil, "", 0
}

// isThrottled draws for all calls of an action in a cell at once, and for a whole period.
func (i *Injector) isThrottled(c Call) bool {
	period := time.Minute
	if i.rates.stubborn {
		period = 10 * time.Minute
	}
	since := time.Now().Truncate(period).Format(time.RFC3339)
	return i.draws.Always("throttle", c.Cell.String(), c.Action, since).IntN(1000) < i.rates.throttled
}

func throttleCode(service string) string {
	if service == "ec2" {
		return "RequestLimitExceeded"
	}
	return "ThrottlingException"
}

// callNote is the history's line about a call that met a fault.
type callNote struct {
	call Call
	text string
}

func (n callNote) String() string {
	return fmt.Sprintf("autopeer-%s in %s: %s %s %s", n.call.Function, n.call.Cell, n.call.Action,
		strings.Join(n.call.parameters(), " "), n.text)
}

package checks

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/faults"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// retry is owed after a call that failed for an unknown reason or never came back: its function must read the
// connection again.
type retry struct {
	call  faults.Call
	since time.Time
	fault faults.Fault
}

// patience is the longest time until a retry: the visibility timeout of its message, behind two invocations that hang.
const patience = 12 * time.Minute

// attempts is how often the functions' SDK makes a call that is throttled.
const attempts = 10

// Called checks that a function calls its own cell, and takes a read of a connection for the retry that is owed.
func (c *Checker) Called(call faults.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if home, known := c.homes[call.AccessKey]; known && home != call.Cell {
		c.report.Fail(nil, "autopeer-%s of %s called %s in %s", call.Function, home, call.Action, call.Cell)
	}
	c.homes[call.AccessKey] = call.Cell
	if !call.IsRead() {
		return
	}
	now := time.Now()
	c.retries = slices.DeleteFunc(c.retries, func(r retry) bool {
		age := now.Sub(r.since)
		isSame := r.call.Function == call.Function && r.call.Cell == call.Cell &&
			areNeighbors(c.journal.Ledger, r.call.Connection(), call.Connection(), call.Cell)
		return isSame && age > 0 && age < patience
	})
}

// areNeighbors reports whether two connections are one or have a VPC of the cell in common. A call about one may have
// been made for the other, with which it conflicts.
func areNeighbors(l *ledger.Ledger, a, b string, cell peering.Cell) bool {
	if a == b {
		return true
	}
	one, other := l.Connections[a], l.Connections[b]
	if one == nil || other == nil {
		return false
	}
	return slices.ContainsFunc([]ledger.VPCKey{one.Requester, one.Accepter}, func(v ledger.VPCKey) bool {
		return v.Cell == cell && (v == other.Requester || v == other.Accepter)
	})
}

// Failed notes a retry that is owed. The SDK retries internal errors and calls without an answer by itself, and
// throttled ones for a number of attempts.
func (c *Checker) Failed(call faults.Call, f faults.Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed(call.Cell, call.Function, call.Connection())
	if call.Function == string(function.Sweep) {
		c.failedSweeps[call.Cell] = true
		return
	}
	isOwed := f == faults.UnknownError || f == faults.Hanging || f == faults.Throttled
	if !isOwed || call.Connection() == "" || f == faults.Throttled && (!c.isLastAttempt(call) || c.isForMessage(call)) {
		return
	}
	c.retries = append(c.retries, retry{call, time.Now(), f})
}

// isForMessage reports whether accept may have made the call for a message of the requester's cell. If throttling goes
// on for so long that the message is no longer believed when it is delivered again, nothing is read for it.
func (c *Checker) isForMessage(call faults.Call) bool {
	pcx := c.journal.Connections[call.Connection()]
	return call.Function == string(function.Accept) && pcx != nil && pcx.Requester.Cell != call.Cell
}

// isLastAttempt counts the throttled attempts of a call in a row.
func (c *Checker) isLastAttempt(call faults.Call) bool {
	c.throttles[call.Name()]++
	return c.throttles[call.Name()]%attempts == 0
}

// Answered ends the throttling of a call, and takes the call for the retry that is owed.
func (c *Checker) Answered(call faults.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.throttles)+len(c.retries) == 0 {
		return
	}
	name := call.Name()
	delete(c.throttles, name)
	c.retries = slices.DeleteFunc(c.retries, func(r retry) bool { return r.call.Name() == name })
}

// Killed notes a sweep that ends early.
func (c *Checker) Killed(cell peering.Cell, f function.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed(cell, string(f), "")
	if f == function.Sweep {
		c.failedSweeps[cell] = true
	}
}

// LostEvent notes the connections that functions may not know of.
func (c *Checker) LostEvent(connections []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range connections {
		c.lostEvents[id] = true
	}
}

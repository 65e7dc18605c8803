package simtest

import (
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// promise is a call that failed in a way that nobody can make sense of, or never came back: the function must look
// at the connection again.
type promise struct {
	call
	since time.Time
	what  string
}

// patience is how long a message may take to come back: by its visibility timeout, and behind two invocations that hang.
const patience = 12 * time.Minute

// broken notes a promise. Callers hold the lock.
func (r *run) broken(c call, what string) {
	r.tell(c, what)
	if c.about() == "" || c.function == "sweep" {
		return
	}
	if what == "throttled" && !r.isLast(c) {
		return
	}
	r.promises = append(r.promises, promise{c, time.Now(), what})
}

// attempts is how often the functions' SDK tries.
const attempts = 10

// isLast counts the throttles of a call in a row.
func (r *run) isLast(c call) bool {
	r.throttles[c.name()]++
	return r.throttles[c.name()]%attempts == 0
}

// name is that of the question.
func (c call) name() string { return strings.Join(c.question(), " ") }

// made notes that a call went through: what was promised about it is kept. Callers hold the lock.
func (r *run) made(c call) {
	if len(r.throttles)+len(r.promises) == 0 {
		return
	}
	name := c.name()
	delete(r.throttles, name)
	r.promises = slices.DeleteFunc(r.promises, func(p promise) bool { return p.name() == name })
}

// watchCall keeps promises, and looks at whom the call is made to. Callers hold the lock.
func (r *run) watchCall(c call) {
	if at, known := r.homes[c.key]; known && at != c.cell {
		r.report.Fail(nil, "autopeer-%s of %s calls %s in %s", c.function, at, c.action, c.cell)
	}
	r.homes[c.key] = c.cell
	if c.action != "DescribeVpcPeeringConnections" || c.about() == "" {
		return
	}
	now := time.Now()
	r.promises = slices.DeleteFunc(r.promises, func(p promise) bool {
		age := now.Sub(p.since)
		return p.function == c.function && p.cell == c.cell && meet(r.Ledger, p.about(), c.about(), c.cell) && age > 0 && age < patience
	})
}

// meet reports whether two connections are one, or have a VPC in common in the cell: a call about one may have been made
// for the other, in whose way it stood.
func meet(l *ledger.Ledger, a, b string, cell peering.Cell) bool {
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

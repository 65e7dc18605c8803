package simtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// untrue says in a sentence what is wrong with an announcement, "" if nothing is.
func (l *ledger) untrue(o outcome.Outcome) string {
	c := l.connections[string(o.Connection)]
	switch {
	case c == nil:
		return "" // of something forged
	case o.Side != "" && c.side(o.Side).Cell != o.Cell:
		return fmt.Sprintf("%s spoke of the %s's side of %s, which isn't its own", o.Cell, o.Side, c.id)
	case o.Kind == outcome.Accepted && c.accepted.IsZero():
		return c.id + " was announced as accepted, and it isn't"
	}
	return ""
}

// holds reads "rtb-1 routes 10.0.0.0/16 to pcx-1". What groups admit isn't read.
func (l *ledger) holds(line string, id peering.ConnectionID) bool {
	words := strings.Fields(line)
	if len(words) != 5 || words[1] != "routes" {
		return true
	}
	t := l.tables[words[0]]
	if t == nil {
		return false
	}
	for dst, there := range t.routes {
		if dst.String() == words[2] && there.target == string(id) {
			return true
		}
	}
	return false
}

// unheard says that nobody was told what became of a request that somebody could see. A request that was over soon, or
// whose events were lost, is excused unless a sweep must have told of it.
func (r *run) unheard(c *connection, now time.Time) string {
	final := []outcome.Kind{outcome.Accepted, outcome.Connected, outcome.Denied, outcome.Conflicting, outcome.Failed, outcome.Disconnected, outcome.AskApproval}
	for _, o := range r.heard {
		if string(o.Connection) == c.id && slices.Contains(final, o.Kind) {
			return ""
		}
	}
	heardOf, isAsked := r.ledger.policy.isDeployed(c.requester.Cell), r.ledger.policy.isDeployed(c.accepter.Cell)
	switch {
	case !heardOf && !isAsked, r.deployed.After(c.created), (r.lost[c.id] || !heardOf) && !r.isReminded(c, now):
		return ""
	}
	return "nobody was told what became of " + c.id
}

// isReminded reports whether a sweep must have told of a waiting request. Where that sweep failed, or something has got in
// the way after it, the next one to do so comes after midnight.
func (r *run) isReminded(c *connection, now time.Time) bool {
	waits := r.ledger.state(c, now) == pending && c.created.Add(reminded).Before(now)
	swept := !r.unswept[c.requester.Cell] && !r.unswept[c.accepter.Cell]
	return waits && swept && !r.isObstructed(c, allowing(r.ledger.readings(c, inCell(c.accepter.Cell))), now)
}

// reminded is how long after a request the last sweep comes that reminds of it.
const reminded = 35 * time.Minute

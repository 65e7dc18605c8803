// Package trail reads the events that reach autopeer's queues: CloudTrail's records of calls, autopeer's own
// announcements, and what its sweep says. What comes out is a hint where to look, never a fact.
package hint

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Kind says what an event hints at.
type Kind int

// The kinds. The zero value is an event that autopeer has nothing to do with.
const (
	Ignored   Kind = iota
	Requested      // somebody asked for a connection
	Accepted       // somebody, or autopeer, accepted one
	Rejected       // somebody rejected one
	Deleted        // somebody deleted one
	Changed        // somebody changed blocks, subnets, route tables, groups or tags, on which sides depend
	Scheduled      // it is time for a sweep
	Suspected      // it is time for a sweep's second look
)

// String returns the kind as it is logged.
func (k Kind) String() string {
	return [...]string{"ignored", "requested", "accepted", "rejected", "deleted", "changed", "scheduled", "suspected"}[k]
}

// Hint is what an event says. Connection is well-formed in the kinds from Requested to Deleted, and empty in
// the others; everything else may be missing, and all of it may be a lie.
type Hint struct {
	Kind       Kind
	Why        string // an Ignored event was ignored, for the log
	EventID    string
	Connection peering.ConnectionID
	// Requester and Accepter name the two VPCs, both or neither: a deletion or rejection names none.
	// Their Blocks are always nil.
	Requester, Accepter peering.VPC
	Origin              peering.Cell // where the call was made
	At                  time.Time    // when it was made
	RequestedAt         time.Time    // when the connection was asked for; zero where the event doesn't say
	Drift               bool         // a sweep has found it, and announced that
	Side                peering.Role // on which it has found it; empty where that isn't about one side
	Suspects            []string     // of Suspected: what the first look found, in the sweep's words
}

// NamesVPCs reports whether the hint names the two VPCs.
func (h Hint) NamesVPCs() bool { return h.Requester.ID != "" && h.Accepter.ID != "" }

// settling is how long after an event EC2 may take to show what it speaks of, the redeliveries included.
const settling = 10 * time.Minute

// IsFresh reports whether EC2 may not yet show what the event speaks of. The event's own word for its
// time is taken with care: one from the future is not fresh.
func (h Hint) IsFresh(now time.Time) bool {
	age := now.Sub(h.At)
	return age > -time.Minute && age < settling
}

// Package hint parses the messages of autopeer's queues: CloudTrail's records of calls, autopeer's own
// announcements, the messages of other cells and those of its sweep. A hint names a connection to read, and is no
// evidence of its state.
package hint

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Kind is the kind of work that an event hints at.
type Kind int

// The kinds. The zero value is an event unrelated to autopeer.
const (
	Ignored   Kind = iota
	Requested      // a connection was requested
	Accepted       // a connection was accepted
	Rejected       // a connection was rejected
	Deleted        // a connection was deleted
	Swept          // a sweep is due
	Checked        // another cell has checked its side
	Asked          // another cell asks for a check of this cell's side
)

// String returns the kind as it is logged.
func (k Kind) String() string {
	return [...]string{"ignored", "requested", "accepted", "rejected", "deleted", "sweep", "checked", "asked"}[k]
}

// Hint is the content of an event. Connection is well-formed in the kinds from Requested to Deleted, in Checked and
// in Asked, and empty in the others; everything else may be missing, and all of it may be forged.
type Hint struct {
	Kind       Kind
	Why        string // the reason why an Ignored event is ignored, for the log
	EventID    string
	Connection peering.ConnectionID
	// Requester and Accepter name the two VPCs, both or neither: a deletion or rejection names none.
	// Their Blocks are always nil.
	Requester, Accepter peering.VPC
	Origin              peering.Cell // where the call was made
	At                  time.Time    // when it was made
	RequestedAt         time.Time    // when the connection was requested; zero if the event doesn't have it
	Drift               bool         // a sweep found drift, and announced it unless it was an edit
	Closes              bool         // a sweep found routes or rules that the policy forbids
	FreedAt             time.Time    // when a sweep found that the obstacle of the side has ended; zero without one
	Quiet               bool         // nothing is announced unless something changes
	Repeated            bool         // a scheduled sweep has a lasting outcome announced again
	Side                peering.Role // the side that has drifted; empty for both
	EditedBy            []string     // the principals whose edits a sweep found to be the drift
	EditedAt            time.Time    // when the last of them was made; zero without one
	Untagged            Untagged     // of Deleted
	Sweep               Sweep        // of Swept: the reasons
	// Approved are, of Swept, the requests that a person has approved.
	Approved []peering.ConnectionID
	// Message is the message of another cell, Origin, sent at the time At: of Checked and Asked, otherwise nil.
	Message *message.Message
}

// IsRepeated reports whether a scheduled sweep of this cell, or of the cell that has sent the message, has a
// lasting outcome announced again.
func (h Hint) IsRepeated() bool { return h.Repeated || h.Message != nil && h.Message.Repeated }

// NamesVPCs reports whether the hint names the two VPCs.
func (h Hint) NamesVPCs() bool { return h.Requester.ID != "" && h.Accepter.ID != "" }

// settling is how long EC2 may take to show the effect of an event's call, the redeliveries included.
const settling = 10 * time.Minute

// IsFresh reports whether EC2 may not yet show the effect of the event's call. The event's time may be forged: one
// from the future is not fresh.
func (h Hint) IsFresh(now time.Time) bool {
	age := now.Sub(h.At)
	return age > -time.Minute && age < settling
}

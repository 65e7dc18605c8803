package hint

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// The messages of a sweep have the shape of events, with detail-types that reach no bus.
const (
	sweepFound    = "Sweep Found"    // to the function that repairs
	sweepSuspects = "Sweep Suspects" // to the sweep itself, for a second look
	sweepAgain    = "Sweep Again"    // to the sweep itself, for changes that EC2 may have shown late
)

// repairs maps the function that repairs to the kind of hint that an event would have given it.
var repairs = map[function.Name]Kind{
	function.Accept:     Requested,
	function.Connect:    Accepted,
	function.Disconnect: Deleted,
}

// Finding is one difference that a sweep found.
type Finding struct {
	outcome.Outcome
	Drift    bool      `json:"drift"`              // the outcome is drift, and was announced unless it is an edit
	Closes   bool      `json:"closes,omitempty"`   // the repair removes routes or rules that the policy forbids
	FreedAt  time.Time `json:"freedAt,omitzero"`   // when the end of the side's obstacle was found
	Quiet    bool      `json:"quiet,omitempty"`    // nothing is announced unless something changes
	EditedBy []string  `json:"editedBy,omitempty"` // the principals whose edits the drift is
	EditedAt time.Time `json:"editedAt,omitzero"`
	Untagged Untagged  `json:"untagged,omitempty"`
}

type suspicion struct {
	Suspects []string `json:"suspects"`
	Intended bool     `json:"intended,omitempty"`
	Untagged Untagged `json:"untagged,omitempty"`
}

// Found returns the message that makes the function f.Repair check f's connection. The error is Retryable. The only
// cause is a time after the year 9999.
func Found(f Finding, at time.Time) ([]byte, error) {
	f.Outcome = f.Sealed(at)
	return encode(sweepFound, f.Cell, at, f)
}

// Suspects returns the message that starts the sweep's second check of the findings with these keys. Those that
// follow from a deployment are intended, and no drift. The error is that of Found.
func Suspects(cell peering.Cell, at time.Time, suspects []string, intended bool, untagged Untagged) ([]byte, error) {
	return encode(sweepSuspects, cell, at, suspicion{suspects, intended, untagged})
}

// editsAtMost keeps the message below SQS's limit of 256 KiB. The sweep reads everything even if the message omits
// edits.
const editsAtMost = 1000

// Again returns the message that starts one more sweep for the effect of the change. The error is that of Found.
func Again(cell peering.Cell, at time.Time, c Change) ([]byte, error) {
	if len(c.Edits)+len(c.Released) > editsAtMost {
		c.Changed, c.Edits, c.Released = true, nil, nil
	}
	return encode(sweepAgain, cell, at, c)
}

func encode(detailType string, cell peering.Cell, at time.Time, detail any) ([]byte, error) {
	raw, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", detailType, err)
	}
	return json.Marshal(event{
		DetailType: detailType, Source: outcome.Source, Account: cell.Account, Region: cell.Region, Time: at, Detail: raw,
	})
}

func (e event) found() (Hint, error) {
	var f Finding
	if err := json.Unmarshal(e.Detail, &f); err != nil {
		return Hint{}, fmt.Errorf("parse a sweep's finding: %w", err)
	}
	kind, known := repairs[f.Repair]
	if !known {
		return Hint{}, fmt.Errorf("unknown repair function %q", f.Repair)
	}
	h, err := e.announced(kind)
	h.Drift, h.Closes, h.Quiet, h.Side, h.Untagged = f.Drift, f.Closes, f.Quiet, f.Side, f.Untagged
	h.EditedBy, h.EditedAt, h.FreedAt, h.Repeated = f.EditedBy, f.EditedAt, f.FreedAt, f.Repeated
	return h, err
}

func (e event) suspects() (Hint, error) {
	var s suspicion
	if err := json.Unmarshal(e.Detail, &s); err != nil {
		return Hint{}, fmt.Errorf("parse a sweep's suspects: %w", err)
	}
	due := Sweep{Suspects: s.Suspects, Change: Change{Untagged: s.Untagged}}
	if s.Intended {
		due.Intended = s.Suspects
	}
	return Hint{Kind: Swept, At: e.Time, Sweep: due}, nil
}

func (e event) again() (Hint, error) {
	var c Change
	if err := json.Unmarshal(e.Detail, &c); err != nil {
		return Hint{}, fmt.Errorf("parse a sweep's repetition: %w", err)
	}
	return Hint{Kind: Swept, At: e.Time, Sweep: Sweep{Change: c, Repeats: true}}, nil
}

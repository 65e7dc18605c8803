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
)

// repairs maps the function that repairs to the kind of hint that an event would have given it.
var repairs = map[function.Name]Kind{
	function.Accept:     Requested,
	function.Connect:    Accepted,
	function.Disconnect: Deleted,
}

// finding is the detail of a sweepFound.
type finding struct {
	outcome.Outcome
	Drift    bool     `json:"drift"`
	Untagged Untagged `json:"untagged,omitempty"`
}

type suspicion struct {
	Suspects []string `json:"suspects"`
	Untagged Untagged `json:"untagged,omitempty"`
}

// Found returns the message that has the function o.Repair look at o's connection. Drift is set if o has been announced.
func Found(o outcome.Outcome, at time.Time, drift bool, untagged Untagged) ([]byte, error) {
	return encode(sweepFound, o.Cell, at, finding{o.Sealed(at), drift, untagged})
}

// Suspects returns the message that has the sweep look again at the findings with these keys.
func Suspects(cell peering.Cell, at time.Time, suspects []string, untagged Untagged) ([]byte, error) {
	return encode(sweepSuspects, cell, at, suspicion{suspects, untagged})
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
	var f finding
	if err := json.Unmarshal(e.Detail, &f); err != nil {
		return Hint{}, fmt.Errorf("parse a sweep's finding: %w", err)
	}
	kind, known := repairs[f.Repair]
	if !known {
		return Hint{}, fmt.Errorf("unknown repair function %q", f.Repair)
	}
	h, err := e.announced(kind)
	h.Drift, h.Side, h.Untagged = f.Drift, f.Side, f.Untagged
	return h, err
}

func (e event) suspects() (Hint, error) {
	var s suspicion
	if err := json.Unmarshal(e.Detail, &s); err != nil {
		return Hint{}, fmt.Errorf("parse a sweep's suspects: %w", err)
	}
	return Hint{Kind: Suspected, At: e.Time, Suspects: s.Suspects, Untagged: s.Untagged}, nil
}

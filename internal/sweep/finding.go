package sweep

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// The codes of findings.
const (
	unanswered  = "unanswered"  // a request that the policy answers
	unconnected = "unconnected" // a side of an active connection that was never connected
	drifted     = "drift"       // a connected side that differs from the policy
	leftover    = "leftover"    // a route or rule of a dead connection
	removed     = "removed"     // a route or rule of a connection that the policy no longer allows
	displaced   = "displaced"   // a rule of this installation for a connection of another
	retired     = "retired"     // a route or rule of a connection to or from a retired cell
)

// finding is a difference to repair or, as a reminder, an outcome to publish once more. A finding that closes is
// repaired without a second look, also on a side with an obstacle.
type finding struct {
	outcome.Outcome
	reminder bool
	prompt   bool // a reminder that a change may have caused, and that is sent after a change as well
	doubtful bool // EC2 may refuse the repair until a person has changed something
	held     bool // a reminder of a hold
	proposal bool // a reminder of changes that are only proposed
	// scheduled sweeps have sent the reminder lately, or never send it, and only a change has it sent again
	announced  bool
	closes     bool      // the repair removes routes or rules of a living connection
	waits      bool      // for the answer of another cell
	obstructed bool      // a side with an obstacle
	freed      bool      // a side whose obstacle has ended since the last sweep
	freedAt    time.Time // when that was found
	kept       bool      // a side with a kept route
	quiet      bool      // a scheduled sweep announces nothing about it
	known      bool      // the blocks of both VPCs of a waiting request are known or declared
	news       bool      // a reminder that is the first announcement if an event was lost
	due        bool      // the wait is announced if the second look still finds it
	missed     bool      // an event should have reported it by now; see isMissed
	// the route tables and groups that the repair changes, or that have the obstacle; the connection for options
	resources []string
	items     []string      // that an edit must have changed for the difference to be drift
	edit      hint.Edit     // by principals, of the items
	touched   bool          // a principal, or disconnect, has edited one of the resources
	untagged  hint.Untagged // the evidence for disconnecting the connection, where its tag is gone
}

// key is the same at the second look.
func (f finding) key() string {
	return strings.Join([]string{string(f.Connection), string(f.Side), string(f.Repair), f.Reason.Code}, " ")
}

type findings []finding

func (all findings) drift() findings {
	return all.only(func(f finding) bool { return !f.reminder && !f.doubtful || f.closes && !f.held })
}

// urgent returns the findings that need no second look.
func (all findings) urgent() findings {
	return all.only(func(f finding) bool { return f.reminder && !f.announced || f.closes })
}

// patient returns the findings that need a second look after a change as well: they disconnect a living connection
// that the policy no longer names, or that has just become another installation's.
func (all findings) patient() findings { return all.only(finding.isPatient) }

func (f finding) isPatient() bool {
	return !f.proposal && f.isOfLiving()
}

func (f finding) isOfLiving() bool {
	return f.Reason.Code == removed || f.Reason.Code == retired || f.Reason.Code == displaced
}

// afterChange returns the findings that a change may have caused and that are sent at once.
func (all findings) afterChange(due hint.Sweep) findings {
	return all.only(func(f finding) bool { return f.follows(due) })
}

// follows reports whether the change may have caused the finding. A request that waits for another cell is checked
// again after an edit of its own VPC's tables and groups, and not after every edit.
func (f finding) follows(due hint.Sweep) bool {
	switch {
	case f.isPatient():
		return false
	case f.closes || f.prompt:
		return true
	case f.kept:
		return due.New.Deployed
	case f.obstructed:
		return due.Deployed || f.touched
	case f.waits, f.doubtful:
		return due.Changed || due.Deployed || f.touched
	case f.held, f.proposal:
		return f.isRemindedAfter(due)
	}
	return !f.reminder
}

// isRemindedAfter reports whether the change may have caused a hold, or another proposal.
func (f finding) isRemindedAfter(due hint.Sweep) bool {
	return due.Changed || due.Deployed || f.proposal && f.touched
}

// editedBy returns the findings with the edits of their items. The functions' own edits are no drift, and neither
// are those of a side that was on hold at that time, is in report mode or was never connected.
func (all findings) editedBy(due hint.Sweep, isOwn func(by string) bool) findings {
	resources := due.Edits.Resources()
	for i, f := range all {
		all[i].touched = slices.ContainsFunc(f.resources, func(id string) bool { return resources[id] })
		edit := due.Edits.Of(f.items...).Without(isOwn)
		if end, ended := due.Released[f.Connection]; f.held || f.proposal || ended && !edit.At.After(end) {
			continue
		}
		if f.Reason.Code != unconnected && f.Reason.Code != unanswered {
			all[i].edit = edit
		}
	}
	return all
}

// stillHeld returns the ends of holds in the change, and now for the held connections with an edit, which may be
// released before the next sweep.
func (all findings) stillHeld(c hint.Change, now time.Time) hint.Released {
	released := maps.Clone(c.Released)
	for _, f := range all {
		if f.held && len(c.Edits.Of(f.items...).By) > 0 {
			if released == nil {
				released = hint.Released{}
			}
			released[f.Connection] = now
		}
	}
	return released
}

// waiting returns the requests that wait for the answer of another cell.
func (all findings) waiting() findings { return all.only(func(f finding) bool { return f.waits }) }

func (all findings) due() findings { return all.only(func(f finding) bool { return f.due }) }

// aloud returns the findings as those of a change, whose effect is announced immediately. Requests that wait stay
// quiet: their acceptance is announced in any case.
func (all findings) aloud() findings {
	loud := slices.Clone(all)
	for i := range loud {
		loud[i].quiet = loud[i].waits && loud[i].quiet
	}
	return loud
}

// repeated returns the findings of a scheduled sweep, with the reminders marked as repetitions, except those that
// may be the first announcement.
func (all findings) repeated() findings {
	marked := slices.Clone(all)
	for i, f := range marked {
		marked[i].Repeated = f.reminder && !f.news && !f.closes
	}
	return marked
}

func (all findings) missed() findings { return all.only(func(f finding) bool { return f.missed }) }

func (all findings) among(keys []string) findings {
	return all.only(func(f finding) bool { return slices.Contains(keys, f.key()) })
}

func (all findings) only(keep func(finding) bool) findings {
	return slices.DeleteFunc(slices.Clone(all), func(f finding) bool { return !keep(f) })
}

func (all findings) keys() []string {
	keys := make([]string, len(all))
	for i, f := range all {
		keys[i] = f.key()
	}
	return keys
}

func (all findings) untagged() hint.Untagged {
	evidence := hint.Untagged{}
	for _, f := range all {
		maps.Copy(evidence, f.untagged)
	}
	return evidence
}

func (all findings) outcomes() []outcome.Outcome {
	outcomes := make([]outcome.Outcome, len(all))
	for i, f := range all {
		outcomes[i] = f.Outcome
	}
	return outcomes
}

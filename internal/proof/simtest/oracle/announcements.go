package oracle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// Announcement is an event that autopeer has published about a connection.
type Announcement struct {
	At         time.Time
	DetailType string
	Code       string // of the reason
	Connection string
	Cell       peering.Cell // that published it
	Side       peering.Role // "" if it is about both
	Notes      []string
	Next       string // the next step for a person
	Changed    bool   // autopeer has made changes
}

// The detail types of announcements.
const (
	accepted       = "Peering Accepted"
	connected      = "Peering Connected"
	denied         = "Peering Denied"
	conflicting    = "Peering Conflicting"
	failed         = "Peering Failed"
	disconnected   = "Peering Disconnected"
	approvalNeeded = "Approval Requested"
	proposed       = "Changes Proposed"
)

// final are the detail types that inform about the result of a request.
var final = []string{accepted, connected, denied, conflicting, failed, disconnected, approvalNeeded, proposed}

// CheckAnnouncement returns the error in an announcement, in a sentence; "" if it is true. Announcements about unknown
// connections follow from forged events and are not judged.
func CheckAnnouncement(l *ledger.Ledger, a Announcement) string {
	c := l.Connections[a.Connection]
	switch {
	case c == nil:
		return ""
	case a.Side != "" && c.VPC(a.Side).Cell != a.Cell:
		return fmt.Sprintf("%s announced the %s side of %s, which another cell owns", a.Cell, a.Side, c.ID)
	case a.DetailType == accepted && c.Accepted.IsZero():
		return c.ID + " was announced as accepted, but it wasn't accepted"
	}
	j := judge{Ledger: l, now: a.At}
	if why := j.checkMode(c, a); why != "" {
		return why
	}
	if why := j.checkUnanswered(c, a); why != "" {
		return why
	}
	return j.checkNamesOtherHalf(c, a)
}

// checkMode checks that changes are proposed only in report mode or without consent, and that nothing is announced as
// connected in report mode.
func (j judge) checkMode(c *ledger.Connection, a Announcement) string {
	switch isReported := j.isReported(c, a.Cell); {
	case a.DetailType == proposed && a.Code != "needs-adoption" && !isReported && !j.mayBeUnseen(c):
		return "changes of " + c.ID + " were proposed, but it isn't in report mode"
	case a.DetailType == connected && isReported:
		return c.ID + " was announced as connected, but it is in report mode"
	}
	return ""
}

// checkUnanswered checks that a request between two cells isn't announced as one that autopeer forgot to accept: it
// waits for the other cell. One that the policy rejects waits for no answer.
func (j judge) checkUnanswered(c *ledger.Connection, a Announcement) string {
	if a.Code == "unanswered" && j.mustAgree(c) && !j.Policy.Reject {
		return c.ID + " was announced as unanswered, but the answer depends on another cell"
	}
	return ""
}

// checkNamesOtherHalf checks that the announcement of a removed connection names the other cell if autopeer is no
// longer deployed there, because the routes and rules in that cell are left.
func (j judge) checkNamesOtherHalf(c *ledger.Connection, a Announcement) string {
	if a.DetailType != disconnected || !a.Changed || j.mayBeUnseen(c) ||
		!j.isRemoved(c, c.Requester.Cell) && !j.isRemoved(c, c.Accepter.Cell) {
		return ""
	}
	for _, cell := range []peering.Cell{c.Requester.Cell, c.Accepter.Cell} {
		if !j.Policy.IsDeployed(cell) && !strings.Contains(a.Next, cell.String()) {
			return fmt.Sprintf("%s was announced as disconnected, but the announcement doesn't name the "+
				"remaining routes and rules in %s", c.ID, cell)
		}
	}
	return ""
}

// HasRoute reports whether there is the route that a line of an announced state describes, as in "rtb-1 routes
// 10.0.0.0/16 to pcx-1". It returns true for all other lines.
func HasRoute(l *ledger.Ledger, line, connection string) bool {
	parts := strings.Fields(line)
	if len(parts) != 5 || parts[1] != "routes" {
		return true
	}
	t := l.RouteTables[parts[0]]
	if t == nil {
		return false
	}
	for dst, there := range t.Routes {
		if dst.String() == parts[2] && there.Target == connection {
			return true
		}
	}
	return false
}

// checkAnnounced checks that the result of a request was announced. Requests that were over soon, or whose events were
// lost, may have no announcement unless a sweep has found them.
func (e End) checkAnnounced(c *ledger.Connection) string {
	isAnnounced := slices.ContainsFunc(e.Announcements, func(a Announcement) bool {
		return a.Connection == c.ID && slices.Contains(final, a.DetailType)
	})
	byRequester, byAccepter := e.Ledger.Policy.Answers(c.Requester.Cell), e.Ledger.Policy.Answers(c.Accepter.Cell)
	switch {
	case isAnnounced, e.DeadLetters, !byRequester && !byAccepter, e.Deployed.After(c.Created):
		return ""
	case (e.LostEvents[c.ID] || !byRequester) && !e.isReminded(c):
		return ""
	}
	return "the result of the request " + c.ID + " was never announced"
}

// reminded is the age of a request at which the last sweep has reminded of it.
const reminded = 35 * time.Minute

// isReminded reports whether a sweep must have reminded of a pending request. If that sweep failed, or a conflict arose
// later, the next reminder comes after midnight.
func (e End) isReminded(c *ledger.Connection) bool {
	j := e.judge()
	waits := j.stateOf(c) == ledger.Pending && c.Created.Add(reminded).Before(e.Now)
	swept := !e.FailedSweeps[c.Requester.Cell] && !e.FailedSweeps[c.Accepter.Cell]
	return waits && swept && !j.isReported(c, c.Accepter.Cell) && !j.isObstructed(c, allowing(j.readings(c)))
}

// wasConnected reports whether the side was last announced as connected under the policy that is deployed. A DNS option
// that EC2 refused or a new policy asks for is retried once a day, and a function may announce the old policy's success
// just after the deployment.
func (e End) wasConnected(s side) bool {
	last := ""
	for _, a := range e.Announcements {
		if a.Connection == s.connection.ID && a.Side == s.role && a.At.After(e.Deployed) &&
			(a.DetailType == connected || a.DetailType == failed) {
			last = a.DetailType
			if slices.ContainsFunc(a.Notes, IsOfRefusal) {
				last = failed
			}
		}
	}
	return last == connected
}

// IsOfRefusal reports whether the note of an announcement describes a change that EC2 refused, and without which the
// rest works.
func IsOfRefusal(note string) bool {
	return strings.HasPrefix(note, "the DNS option of the ") ||
		strings.Contains(note, " is not admitted: EC2 finds no such ")
}

// checkLeftOut checks that an announcement of the side since the last fault names each block that is not permitted.
// Every sweep repeats it, so lost events don't matter.
func (e End) checkLeftOut(s side) string {
	own, peer := s.departments()
	for v, department := range map[ledger.VPCKey]string{s.own(): own, s.peer(): peer} {
		permitted := s.permitted(department, v, everything)
		for _, b := range s.known(v, everything) {
			if !slices.Contains(permitted, b) &&
				!e.isNoted(s, fmt.Sprintf("%s of %s is neither routed nor admitted: %s has only", b, v.ID, department)) {
				return fmt.Sprintf("%s of %s isn't permitted, which wasn't announced", b, v.ID)
			}
		}
	}
	return ""
}

func (e End) isNoted(s side, beginning string) bool {
	return slices.ContainsFunc(e.Announcements, func(a Announcement) bool {
		isOfSide := a.Connection == s.connection.ID && a.Cell == s.own().Cell && a.Side == s.role && a.At.After(e.Calmed)
		return isOfSide && slices.ContainsFunc(a.Notes, func(n string) bool { return strings.HasPrefix(n, beginning) })
	})
}

// unlessAnnounced returns "" if the cell has announced the connection with the detail type since then, or else why.
func (e End) unlessAnnounced(s side, detailType string, since time.Time, why string) string {
	isAnnounced := slices.ContainsFunc(e.Announcements, func(a Announcement) bool {
		return a.DetailType == detailType && a.Connection == s.connection.ID && a.Cell == s.own().Cell && a.At.After(since)
	})
	if isAnnounced {
		return ""
	}
	return why
}

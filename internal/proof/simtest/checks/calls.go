package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// Enter adds a record to the ledger, and checks it if it is of autopeer's.
func (c *Checker) Enter(rec ledger.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rec.Function != "" && rec.Code == "" {
		c.checkCall(rec)
	}
	if rec.Policy != nil {
		c.report.NoteForAll(rec)
		c.terms = append(c.terms, term{policy: rec.Policy, from: rec.At})
		c.cause(slices.Clone(c.journal.Requests), 1)
	} else {
		c.report.Note(rec)
	}
	c.journal.Enter(rec)
}

// memory is the age of the oldest read that a call may follow from when it takes effect: the time that a function runs,
// and that of a hanging call whose function was killed.
const memory = 90 * time.Second

// agreed is the age of the oldest state of the requester's side by which the accepter's cell may accept. An answer is
// valid for ten minutes, a clock may differ by one, and the acceptance takes effect later as every call does.
const agreed = 11*time.Minute + memory

// checkCall checks that the call is allowed in the current state, or was in one that its function may have read. The
// function may have a policy that is newer than the state, because EC2 may return an old one.
func (c *Checker) checkCall(rec ledger.Record) {
	if c.isOver && !isTriedDaily(rec) && !c.isAttempt(rec) {
		c.report.Fail(rec.Subjects(), "autopeer-%s called %s although nothing was left to do", rec.Function, rec.Call)
		return
	}
	now := c.journal.Ledger
	wasAllowed := func(past *ledger.Ledger, at time.Time) bool {
		then := rec
		then.At = at
		isAllowed := func(in *ledger.Ledger) bool { return oracle.CheckCall(in, c.quotas, then) == "" }
		return isAllowed(past.Beside(now, now.Policy)) ||
			c.holds(at, at.Add(oracle.Unseen), func(p *plainpolicy.Policy) bool {
				return isAllowed(past.Beside(past, p)) || isAllowed(past.Beside(now, p))
			})
	}
	if why := oracle.CheckCall(now, c.quotas, rec); why != "" && !c.journal.WasEver(time.Now(), memory, wasAllowed) {
		c.report.Fail(rec.Subjects(), "%s", why)
	}
	c.checkAgreement(rec)
}

// checkAgreement checks that the other side of a connection that autopeer accepts was free at one moment of the time in
// which its cell may have checked it.
func (c *Checker) checkAgreement(rec ledger.Record) {
	isFree := func(past *ledger.Ledger, at time.Time) bool {
		then := rec
		then.At = at
		return c.holds(at, at.Add(oracle.Unseen), func(p *plainpolicy.Policy) bool {
			return oracle.CheckAgreement(past.Beside(past, p), then) == ""
		})
	}
	if why := oracle.CheckAgreement(c.journal.Ledger, rec); why != "" && !c.journal.WasEver(time.Now(), agreed, isFree) {
		c.report.Fail(rec.Subjects(), "%s", why)
	}
}

// isTriedDaily reports whether EC2 may refuse the call until a person has fixed the cause. A sweep retries it once a
// day, a function after each event about the connection.
func isTriedDaily(rec ledger.Record) bool {
	if rec.Call != "AuthorizeSecurityGroupIngress" {
		return rec.Call == "ModifyVpcPeeringConnectionOptions"
	}
	return !slices.ContainsFunc(rec.MadeRules(), func(r *ledger.Rule) bool { return r.Permission.Group == "" })
}

// isAttempt reports whether connect may try to connect a side, and take back its additions, as after each event: EC2
// refused a change of a side in the cell, which was announced.
func (c *Checker) isAttempt(rec ledger.Record) bool {
	return rec.Function == "connect" && slices.ContainsFunc(c.outcomes, func(o outcome.Outcome) bool {
		return o.Cell == rec.Cell && o.Type == outcome.Failed && o.Reason.Code == "refused"
	})
}

// Sent checks that a call of a function goes to the Region of its cell.
func (c *Checker) Sent(s local.Step) {
	if host := s.Request.URL.Host; !strings.Contains(host, string(s.Cell.Region)) {
		c.report.Fail(nil, "autopeer-%s of %s called %s, which is in another Region", s.Function, s.Cell, host)
	}
}

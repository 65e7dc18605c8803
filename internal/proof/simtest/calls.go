package simtest

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// take enters what has happened, and holds autopeer to the policy if it was autopeer.
func (r *run) take(rec ledger.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rec.Function != "" && rec.Code == "" {
		r.weigh(rec)
	}
	if rec.Policy != nil {
		r.report.NoteForAll(rec)
	} else {
		r.report.Note(rec)
	}
	r.Journal.Enter(rec)
}

// memory is how old what autopeer has read may be when a call that follows from it takes effect: as long as a
// function runs, and once more as long as a call hangs whose function has been killed.
const memory = 90 * time.Second

// weigh asks whether the call follows from what there is, or from what there was when its function looked. Callers
// hold the lock.
func (r *run) weigh(rec ledger.Record) {
	if r.still && !isTriedDaily(rec) {
		r.report.Fail(rec.Subjects(), "there was nothing left to do, and autopeer-%s called %s", rec.Function, rec.Call)
		return
	}
	why := oracle.CheckCall(r.Ledger, rec)
	fits := func(past *ledger.Ledger, at time.Time) bool {
		then := rec
		then.At = at
		return oracle.CheckCall(past, then) == "" ||
			oracle.CheckCall(past.Beside(r.Ledger, past.Policy), then) == "" || oracle.CheckCall(past.Beside(r.Ledger, r.Ledger.Policy), then) == ""
	}
	if why != "" && !r.Journal.WasEver(time.Now(), memory, fits) {
		r.report.Fail(rec.Subjects(), "%s", why)
	}
}

// isTriedDaily reports whether EC2 may refuse the call until a person mends something. A sweep tries it once a day, and
// whoever is told of the connection tries it at once.
func isTriedDaily(rec ledger.Record) bool {
	if rec.Call != "AuthorizeSecurityGroupIngress" {
		return rec.Call == "ModifyVpcPeeringConnectionOptions"
	}
	return !slices.ContainsFunc(rec.MadeRules(), func(r *ledger.Rule) bool { return r.Permission.Group == "" })
}

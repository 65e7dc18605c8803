package simtest

import (
	"slices"
	"time"
)

// take enters what has happened, and holds autopeer to the policy if it was autopeer.
func (r *run) take(rec record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rec.who != "" && rec.code == "" {
		r.weigh(rec)
	}
	if rec.policy != nil {
		r.report.NoteForAll(rec)
	} else {
		r.report.Note(rec)
	}
	r.journal.enter(rec)
}

// memory is how old what autopeer has read may be when a call that follows from it takes effect: as long as a
// function runs, and once more as long as a call hangs whose function has been killed.
const memory = 90 * time.Second

// weigh asks whether the call follows from what there is, or from what there was when its function looked. Callers
// hold the lock.
func (r *run) weigh(rec record) {
	if r.still && !isTriedDaily(rec) {
		r.report.Fail(rec.subjects(), "there was nothing left to do, and autopeer-%s called %s", rec.who, rec.call)
		return
	}
	why := r.ledger.objection(rec)
	fits := func(past *ledger, at time.Time) bool {
		then := rec
		then.at = at
		return past.objection(then) == "" ||
			past.beside(r.ledger, past.policy).objection(then) == "" || past.beside(r.ledger, r.ledger.policy).objection(then) == ""
	}
	if why != "" && !r.journal.wasEver(time.Now(), memory, fits) {
		r.report.Fail(rec.subjects(), "%s", why)
	}
}

// isTriedDaily reports whether EC2 may refuse the call until a person mends something. A sweep tries it once a day, and
// whoever is told of the connection tries it at once.
func isTriedDaily(rec record) bool {
	if rec.call != "AuthorizeSecurityGroupIngress" {
		return rec.call == "ModifyVpcPeeringConnectionOptions"
	}
	return !slices.ContainsFunc(rec.madeRules(), func(r *rule) bool { return r.permission.group == "" })
}

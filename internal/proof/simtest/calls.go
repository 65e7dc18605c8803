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
	r.records = append(r.records, rec)
	if rec.policy != nil {
		r.report.NoteForAll(rec)
	} else {
		r.report.Note(rec)
	}
	r.ledger.apply(rec)
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
	if why != "" && !r.wasEver(fits) {
		r.report.Fail(rec.subjects(), "%s", why)
	}
}

// isTriedDaily reports whether EC2 may refuse the call until a person mends something. A sweep tries it once a day, and
// whoever is told of the connection tries it at once.
func isTriedDaily(rec record) bool {
	if rec.call != "AuthorizeSecurityGroupIngress" {
		return rec.call == "ModifyVpcPeeringConnectionOptions"
	}
	return !slices.ContainsFunc(rec.response.items("securityGroupRuleSet"), func(f fields) bool { return readRule(f).permission.group == "" })
}

// wasEver reports whether something held within autopeer's memory.
func (r *run) wasEver(held func(past *ledger, at time.Time) bool) bool {
	end := time.Now()
	for n := len(r.records); n > 0; n-- {
		begin := r.records[n-1].at
		past := replay(r.records, n, r.ledger.initiating, r.ledger.provisioning)
		for _, at := range append(past.turns(begin, end), end, begin) {
			if held(past, at) {
				return true
			}
		}
		if time.Since(begin) > memory {
			break
		}
		end = begin
	}
	return false
}

// turns are the moments right before connections changed their states by themselves.
func (l *ledger) turns(begin, end time.Time) []time.Time {
	var all []time.Time
	for _, c := range l.connections {
		for _, at := range []time.Time{c.created.Add(l.initiating), c.accepted.Add(l.provisioning)} {
			if at.After(begin) && at.Before(end) {
				all = append(all, at.Add(-1))
			}
		}
	}
	return all
}

// subjects are the connections and tables that a record names.
func (r record) subjects() []string {
	ids := connectionID.FindAllString(r.about(), -1)
	for _, name := range []string{"routeTableId", "groupId"} {
		if id := r.request.text(name); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

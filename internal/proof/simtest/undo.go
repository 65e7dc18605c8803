package simtest

import "time"

// repaired limits the time that autopeer takes to repair a person's edit whose event arrives.
const repaired = time.Minute

// undo lets a person delete a route or revoke a rule that autopeer has made, with nothing in the way of its repair.
func (r *run) undo() {
	at := time.Now()
	id, found := r.world.Undo()
	if !found {
		return
	}
	if r.checker.IsDue(id) {
		time.Sleep(repaired)
		r.checker.CheckRepair(id, at)
	}
	r.settle()
}

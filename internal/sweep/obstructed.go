package sweep

import "sync"

// obstructed remembers the sides that the last sweep of this process found with an obstacle. The end of an obstacle
// may leave no difference to find.
type obstructed struct {
	mu   sync.Mutex
	keys map[string]bool
}

// ends remembers whether the side with the key of its finding has an obstacle, and reports whether it had one and
// has none now.
func (o *obstructed) ends(key string, has bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	had := o.keys[key]
	switch {
	case !has:
		delete(o.keys, key)
	case o.keys == nil:
		o.keys = map[string]bool{key: true}
	default:
		o.keys[key] = true
	}
	return had && !has
}

// remain remembers the obstacles of the sides as not ended: the end couldn't be sent.
func (o *obstructed) remain(freed findings) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range freed {
		o.keys[f.key()] = true
	}
}

// afterObstacle returns the finding of a side without a difference as a reminder if an obstacle has ended: connect
// then informs the other cell that the side is complete.
func (f finding) afterObstacle() findings {
	if !f.freed {
		return nil
	}
	f.reminder, f.prompt = true, true
	return findings{f}
}

// freed returns the findings of the sides whose obstacle has ended.
func (all findings) freed() findings {
	return all.only(func(f finding) bool { return f.freed && f.reminder })
}

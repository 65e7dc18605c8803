// Package crashpoints kills functions at every call that they make in the labs, one call at a time, and compares the
// end state with that of the undisturbed lab.
package crashpoints

import (
	"fmt"
	"slices"
	"sync"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// Point is where a process is killed: at which of all calls that functions make, and on which side of it.
type Point struct {
	Call  int // from 1; zero is nowhere
	Death local.Death
}

// fate kills the process that makes the point's call, and counts all calls.
type fate struct {
	mu    sync.Mutex
	calls int
	point Point
}

func (f *fate) decide(local.Step) local.Death {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.calls == f.point.Call {
		return f.point.Death
	}
	return local.Lives
}

// End is the final state of a lab.
type End struct {
	Network     []string // routes and rules, as sentences
	Connections []string // with their states
	Announced   []string // the announcements, each id once, and each change that a sweep found missing
	DeadLetters int
	Calls       int // that the functions made
	Changed     int // EC2 calls with an effect that one more delivery of everything brought
}

// Play plays a lab to its end, with a process killed at the point.
func Play(t *sandboxtest.T, l Lab, p Point) End {
	f := &fate{point: p}
	t.Fate = f.decide
	connections := l.play(t)
	t.Settle()
	var end End
	var err error
	end.Network, err = t.State(t.Ctx, t.Sites()...)
	t.Must(err)
	for _, c := range connections {
		seen, err := t.Connection(t.Ctx, c.at, c.id)
		t.Must(err)
		end.Connections = append(end.Connections, string(c.id)+" is "+string(seen.State))
	}
	end.Announced = ids(t.Announcements())
	end.DeadLetters, err = t.DeadLetters(t.Ctx)
	t.Must(err)
	f.mu.Lock()
	end.Calls = f.calls
	f.mu.Unlock()
	mark := t.Cloud.Mark()
	t.Sweep()
	end.Changed = len(t.Mutations(mark))
	return end
}

// ids returns the announcements without repetitions. While disconnect waits to go on, another sweep announces the
// changes that are left under an id of their own: of drift, the single changes are compared.
func ids(outcomes []outcome.Outcome) []string {
	var all []string
	for _, o := range outcomes {
		if o.Type == outcome.DriftFound {
			for _, change := range o.Wanted {
				all = append(all, fmt.Sprintf("%s %s %s in %s: %s", o.Type, o.Connection, o.Side, o.Cell, change))
			}
			continue
		}
		if !o.FoundAt.IsZero() {
			o.ID = "" // made from the time at which the drift was found, which a killed sweep delays
		}
		all = append(all, string(o.Type)+" "+string(o.Connection)+" "+string(o.Side)+" "+o.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// request is a connection, and a cell that sees it.
type request struct {
	at peering.Cell
	id peering.ConnectionID
}

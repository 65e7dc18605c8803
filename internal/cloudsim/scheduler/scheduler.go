// Package agenda does things later, one at a time: in order of their due time, and of their arrival where
// that is the same. A run that is repeated therefore goes the same way. It uses the plain time package,
// and so works inside a testing/synctest bubble.
package agenda

import (
	"slices"
	"sync"
	"time"
)

// Agenda is ready to use as its zero value. Between things to do it keeps no goroutine.
type Agenda struct {
	mu      sync.Mutex
	tasks   []task // in the order in which they are done
	timer   *time.Timer
	running sync.WaitGroup
	busy    bool // a task is being done
	closed  bool
}

type task struct {
	due time.Time
	do  func()
}

// After has do done once the delay is over, or never if the agenda is closed before. A task may add others.
func (a *Agenda) After(delay time.Duration, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	due := time.Now().Add(max(delay, 0))
	at, _ := slices.BinarySearchFunc(a.tasks, due, func(t task, due time.Time) int {
		if t.due.After(due) {
			return 1
		}
		return -1 // also when equal: behind those that came before
	})
	a.tasks = slices.Insert(a.tasks, at, task{due, do})
	if !a.busy {
		a.arm()
	}
}

// Close drops what isn't due yet and waits for the task that is being done.
func (a *Agenda) Close() {
	a.mu.Lock()
	a.closed = true
	a.tasks = nil
	a.disarm()
	a.mu.Unlock()
	a.running.Wait()
}

// arm sets the timer for the first task. Callers hold the lock.
func (a *Agenda) arm() {
	a.disarm()
	if len(a.tasks) == 0 {
		return
	}
	a.running.Add(1)
	a.timer = time.AfterFunc(time.Until(a.tasks[0].due), a.run)
}

func (a *Agenda) disarm() {
	if a.timer != nil && a.timer.Stop() {
		a.running.Done()
	}
	a.timer = nil
}

func (a *Agenda) run() {
	defer a.running.Done()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy {
		return
	}
	a.disarm() // After may have armed anew since this timer fired
	a.busy = true
	for len(a.tasks) > 0 && !a.tasks[0].due.After(time.Now()) {
		next := a.tasks[0]
		a.tasks = a.tasks[1:]
		a.mu.Unlock()
		next.do()
		a.mu.Lock()
	}
	a.busy = false
	a.arm()
}

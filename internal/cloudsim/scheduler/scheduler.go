// Package scheduler runs delayed tasks one at a time, in order of due time and then of insertion, so that a
// repeated run takes the same course. It uses the plain time package and works inside a testing/synctest bubble.
package scheduler

import (
	"slices"
	"sync"
	"time"
)

// Scheduler runs delayed tasks. Its zero value is ready to use; it keeps no goroutine between tasks.
type Scheduler struct {
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

// After runs do once the delay is over, or never if the scheduler is closed first. A task may add others.
func (s *Scheduler) After(delay time.Duration, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	due := time.Now().Add(max(delay, 0))
	at, _ := slices.BinarySearchFunc(s.tasks, due, func(t task, due time.Time) int {
		if t.due.After(due) {
			return 1
		}
		return -1 // also when equal: behind those that came before
	})
	s.tasks = slices.Insert(s.tasks, at, task{due, do})
	if !s.busy {
		s.arm()
	}
}

// Close drops the tasks that are not due yet and waits for the one that is running.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.tasks = nil
	s.disarm()
	s.mu.Unlock()
	s.running.Wait()
}

// arm sets the timer for the first task. Callers hold the lock.
func (s *Scheduler) arm() {
	s.disarm()
	if len(s.tasks) == 0 {
		return
	}
	s.running.Add(1)
	s.timer = time.AfterFunc(time.Until(s.tasks[0].due), s.run)
}

func (s *Scheduler) disarm() {
	if s.timer != nil && s.timer.Stop() {
		s.running.Done()
	}
	s.timer = nil
}

func (s *Scheduler) run() {
	defer s.running.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		return
	}
	s.disarm() // After may have armed anew since this timer fired
	s.busy = true
	for len(s.tasks) > 0 && !s.tasks[0].due.After(time.Now()) {
		next := s.tasks[0]
		s.tasks = s.tasks[1:]
		s.mu.Unlock()
		next.do()
		s.mu.Lock()
	}
	s.busy = false
	s.arm()
}

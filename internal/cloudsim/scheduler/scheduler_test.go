package scheduler_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/scheduler"
)

func TestTasksRunInOrderOfDueTimeThenArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a scheduler.Scheduler
		done := make(chan string, 10)
		note := func(s string) func() { return func() { done <- s } }
		a.After(2*time.Second, note("late"))
		a.After(time.Second, func() {
			note("early")()
			a.After(0, note("added by a task"))
		})
		a.After(time.Second, note("early, second"))
		a.After(-time.Hour, note("at once"))
		synctest.Wait()
		if n := len(done); n != 1 {
			t.Errorf("%d done before the first second is over, want 1", n)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		close(done)
		want := []string{"at once", "early", "early, second", "added by a task", "late"}
		var got []string
		for s := range done {
			got = append(got, s)
		}
		if !slices.Equal(got, want) {
			t.Errorf("done = %q, want %q", got, want)
		}
	})
}

func TestCloseDropsTasksThatAreNotDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a scheduler.Scheduler
		a.After(time.Second, func() { t.Error("done after Close") })
		a.Close()
		a.After(0, func() { t.Error("added after Close") })
		time.Sleep(time.Minute)
	})
}

func TestCloseWaitsForTheTaskThatIsBeingDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a scheduler.Scheduler
		var finished atomic.Bool
		a.After(0, func() {
			time.Sleep(time.Second)
			finished.Store(true)
		})
		synctest.Wait()
		a.Close()
		if !finished.Load() {
			t.Error("Close() returned before the task did")
		}
	})
}

func TestNothingIsLostWhenManyAddAtOnce(t *testing.T) {
	t.Parallel()
	var a scheduler.Scheduler
	defer a.Close()
	const adders, each = 8, 200
	done := make(chan struct{}, adders*each)
	for range adders {
		go func() {
			for i := range each {
				a.After(time.Duration(i%7)*10*time.Microsecond, func() { done <- struct{}{} })
			}
		}()
	}
	for i := range adders * each {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d of %d tasks done", i, adders*each)
		}
	}
}

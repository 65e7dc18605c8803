package rush

import (
	"testing"
	"time"
)

func TestParseStatus(t *testing.T) {
	t.Parallel()
	status := "Name:\tbootstrap\nState:\tS (sleeping)\nVmHWM:\t   30000 kB\nVmRSS:\t   23456 " +
		"kB\nThreads:\t7\nSigQ:\t0/96\n"
	if got, want := parseStatus([]byte(status)), (usage{23456, 7}); got != want {
		t.Errorf("parseStatus() = %+v, want %+v", got, want)
	}
}

// TestGrowth compares processes with themselves: one that began after half time, or has ended, doesn't count.
func TestGrowth(t *testing.T) {
	t.Parallel()
	start := time.Unix(0, 0)
	p := &processes{samples: []sample{
		{start.Add(10 * time.Second), map[int]usage{1: {5000, 1}}},
		{start.Add(30 * time.Second), map[int]usage{1: {10240, 4}, 2: {20480, 6}, 3: {99999, 9}}},
		{start.Add(40 * time.Second), map[int]usage{1: {50000, 9}}},
		{start.Add(60 * time.Second), map[int]usage{1: {11264, 5}, 2: {21504, 7}, 4: {88888, 8}}},
	}}
	half, end := p.growth(start.Add(30 * time.Second))
	if half.megabytes() != 15 || end.megabytes() != 16 || half.threadsEach() != 5 ||
		end.threadsEach() != 6 || half.processes != 2 {
		t.Errorf("growth() = %+v, %+v", half, end)
	}
}

// TestGoroutines: one that is left behind is counted, one that serves a process isn't.
func TestGoroutines(t *testing.T) {
	before := goroutines()
	left := make(chan struct{})
	defer close(left)
	go func() { <-left }()
	if got := goroutines(); got != before+1 {
		t.Errorf("goroutines() = %d, want one more than %d", got, before)
	}
	if !servesProcess("goroutine 7 [IO wait]:\nnet/http.(*conn).serve(0xc0001)") ||
		servesProcess("goroutine 8 [select]:\nmain.main()") {
		t.Error("servesProcess takes one for the other")
	}
}

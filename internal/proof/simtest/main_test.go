package simtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest"
)

var (
	seeds  = flag.Uint64("seeds", 0, "play the seeds from the first to this one in several processes")
	from   = flag.Uint64("from", 1, "the first seed to play")
	replay = flag.Uint64("seed", 0, "play this seed alone and print its history")
	first  = flag.Bool("first", false, "stop at the first failure")
	stride = flag.Uint64("stride", 0, "play every nth seed only, as a process of several")
)

// TestMain uses one processor and plays one seed at a time in a process, because the SDK draws from a global source and
// the order of concurrent goroutines is up to Go's scheduler.
func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // thousands of lines a run
	runtime.GOMAXPROCS(1)
	if *seeds > 0 && *stride == 0 {
		os.Exit(playAll(*from, *seeds))
	}
	os.Exit(m.Run())
}

// progress is a line that a process prints when it has played a seed.
type progress struct {
	Seed    uint64
	Failure string `json:",omitempty"`
}

// TestShare plays the one seed to replay, or the seeds that are the share of this process.
func TestShare(t *testing.T) {
	switch {
	case *replay > 0:
		result := simtest.Run(t, *replay, true)
		fmt.Println(result.History)
		if result.Failure != nil {
			t.Error(result.Failure.Why)
		}
	case *stride > 0:
		out := json.NewEncoder(os.Stdout)
		for seed := *from; seed <= *seeds; seed += *stride {
			p := progress{Seed: seed}
			if f := simtest.Run(t, seed, false).Failure; f != nil {
				p.Failure = f.String()
			}
			if err := out.Encode(p); err != nil {
				t.Fatal(err)
			}
			if *first && p.Failure != "" {
				return
			}
		}
	}
}

// fleet is the processes that share the seeds, and their progress.
type fleet struct {
	ctx              context.Context // ends the processes
	mu               sync.Mutex
	last             uint64
	played, failures uint64
	began, printed   time.Time
}

// playAll plays all seeds, prints the number of failures in the last line, and returns the exit code.
func playAll(first, last uint64) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	f := &fleet{ctx: ctx, last: last - first + 1, began: time.Now()}
	var processes sync.WaitGroup
	n := uint64(runtime.NumCPU())
	for i := range n {
		processes.Go(func() { f.share(first+i, last, n) })
	}
	processes.Wait()
	fmt.Printf("sim: %d seeds, %d failures\n", f.played, f.failures)
	if f.failures > 0 {
		return 1
	}
	return 0
}

// share starts a process for every nth seed from the first on. If it dies, the next one starts after the seed that it
// died at.
func (f *fleet) share(first, last, n uint64) {
	for first <= last && f.ctx.Err() == nil {
		done, err := f.start(first, last, n)
		first = done
		if err != nil && first <= last {
			f.note(progress{first, fmt.Sprintf("seed %d: %v\nreplay: make sim SEED=%d\n", first, err, first)})
			first += n
		}
	}
}

// environment makes the order of goroutines repeatable, and garbage collection rare.
var environment = []string{"GOGC=800", "GODEBUG=asyncpreemptoff=1,adaptivestackstart=1"}

// start runs a process and returns the seed after the last one that it has played.
func (f *fleet) start(first, last, n uint64) (next uint64, err error) {
	args := []string{"-test.run=^TestShare$", "-test.timeout=0", fmt.Sprintf("-from=%d", first),
		fmt.Sprintf("-seeds=%d", last), fmt.Sprintf("-stride=%d", n)}
	process := exec.CommandContext(f.ctx, os.Args[0], args...) // this program
	process.Env = append(os.Environ(), environment...)
	var stderr strings.Builder
	process.Stderr = &stderr
	out, err := process.StdoutPipe()
	if err != nil {
		return first, err
	}
	if err := process.Start(); err != nil {
		return first, err
	}
	next = f.read(out, first, n)
	if err := process.Wait(); err != nil {
		return next, fmt.Errorf("the process died: %w\n%s", err, beginning(stderr.String()))
	}
	return next, nil
}

// read notes the progress of a process, and returns the seed after the last one that it has played.
func (f *fleet) read(out io.Reader, first, n uint64) (next uint64) {
	next = first
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var p progress
		if json.Unmarshal(line, &p) == nil && p.Seed > 0 {
			f.note(p)
			next = p.Seed + n
		}
		if err != nil {
			return next
		}
	}
}

func beginning(text string) string { return text[:min(len(text), 2000)] }

// note counts a seed, prints a failure, and prints the progress every few seconds.
func (f *fleet) note(p progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.played++
	if p.Failure != "" {
		f.failures++
		fmt.Println(p.Failure)
	}
	if time.Since(f.printed) > 5*time.Second {
		f.printed = time.Now()
		fmt.Fprintf(os.Stderr, "%d of %d seeds, %d failures, %.0f a second\n", f.played, f.last, f.failures,
			float64(f.played)/time.Since(f.began).Seconds())
	}
}

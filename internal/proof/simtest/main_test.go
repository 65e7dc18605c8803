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
	seeds  = flag.Uint64("seeds", 0, "play the seeds from 1 to this one, in processes of their own")
	from   = flag.Uint64("from", 1, "begin with another seed than 1")
	replay = flag.Uint64("seed", 0, "play this seed alone, and print what happens")
	first  = flag.Bool("first", false, "end with the first failure")
	stride = flag.Uint64("stride", 0, "of a process that plays a share of the seeds: every so manyth")
)

// TestMain plays one seed at a time in a process, on one processor: what the SDK draws by itself comes from one source,
// and whose turn it is at one instant is the scheduler's affair.
func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // thousands of lines a run
	runtime.GOMAXPROCS(1)
	if *seeds > 0 && *stride == 0 {
		os.Exit(playAll(*from, *seeds))
	}
	os.Exit(m.Run())
}

// progress is a line by which a process says that it has played a seed.
type progress struct {
	Seed    uint64
	Failure string `json:",omitempty"`
}

// TestShare plays the share of the seeds that is this process's.
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

// fleet is the processes that share the seeds, and what they have said.
type fleet struct {
	ctx              context.Context // ends the processes
	mu               sync.Mutex
	last             uint64
	played, failures uint64
	began, told      time.Time
}

// playAll plays all seeds and says how it went, in the last line.
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

// share has a process play every nth seed from the first on. Where one dies over a seed, another goes on behind it.
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

// environment has a process run one thing after the other, and seldom collect garbage.
var environment = []string{"GOGC=800", "GODEBUG=asyncpreemptoff=1,adaptivestackstart=1"}

// start returns the seed after the last that the process has played.
func (f *fleet) start(first, last, n uint64) (next uint64, err error) {
	args := []string{"-test.run=^TestShare$", "-test.timeout=0", fmt.Sprintf("-from=%d", first), fmt.Sprintf("-seeds=%d", last), fmt.Sprintf("-stride=%d", n)}
	process := exec.CommandContext(f.ctx, os.Args[0], args...) // this program
	process.Env = append(os.Environ(), environment...)
	var said strings.Builder
	process.Stderr = &said
	out, err := process.StdoutPipe()
	if err != nil {
		return first, err
	}
	if err := process.Start(); err != nil {
		return first, err
	}
	next = f.read(out, first, n)
	if err := process.Wait(); err != nil {
		return next, fmt.Errorf("the process died: %w\n%s", err, beginning(said.String()))
	}
	return next, nil
}

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

// note counts a seed, shows a failure, and tells every few seconds how far it is.
func (f *fleet) note(p progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.played++
	if p.Failure != "" {
		f.failures++
		fmt.Println(p.Failure)
	}
	if time.Since(f.told) > 5*time.Second {
		f.told = time.Now()
		fmt.Fprintf(os.Stderr, "%d of %d seeds, %d failures, %.0f a second\n", f.played, f.last, f.failures, float64(f.played)/time.Since(f.began).Seconds())
	}
}

package rush

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// processes are those of the functions, which the log of calls gives away.
type processes struct {
	find    func(apicall.Call) (function string, pid int, found bool)
	known   map[string]bool // access key ids
	pids    []int
	samples []sample
}

// sample is the usage of the processes at one time, by their id.
type sample struct {
	at   time.Time
	each map[int]usage
}

// usage is a process's memory and threads, as Linux reports them.
type usage struct{ kilobytes, threads int }

// learn looks who has made the calls.
func (p *processes) learn(calls []apicall.Call) {
	for _, c := range calls {
		if p.known[c.AccessKeyID] {
			continue
		}
		p.known[c.AccessKeyID] = true
		if _, pid, found := p.find(c); found {
			p.pids = append(p.pids, pid)
		}
	}
}

// measure takes a sample. A process that has ended is in none.
func (p *processes) measure(now time.Time) {
	s := sample{at: now, each: map[int]usage{}}
	for _, pid := range p.pids {
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
			s.each[pid] = parseStatus(status)
		}
	}
	p.samples = append(p.samples, s)
}

// parseStatus reads lines such as "VmRSS:	   23456 kB".
func parseStatus(status []byte) usage {
	var u usage
	for line := range bytes.Lines(status) {
		var n int
		name, value, _ := strings.Cut(string(line), ":")
		if _, err := fmt.Sscan(value, &n); err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			u.kilobytes = n
		case "Threads":
			u.threads = n
		}
	}
	return u
}

// growth compares the first sample since then with the last one: the means of those processes that are in both.
func (p *processes) growth(since time.Time) (half, end mean) {
	last := p.samples[len(p.samples)-1]
	for _, s := range p.samples {
		if s.at.Before(since) {
			continue
		}
		for pid, u := range s.each {
			if later, found := last.each[pid]; found {
				half.add(u)
				end.add(later)
			}
		}
		break
	}
	return half, end
}

// mean is of several processes.
type mean struct{ processes, kilobytes, threads int }

func (m *mean) add(u usage) {
	m.processes++
	m.kilobytes += u.kilobytes
	m.threads += u.threads
}

func (m mean) megabytes() float64   { return float64(m.kilobytes) / 1024 / float64(max(m.processes, 1)) }
func (m mean) threadsEach() float64 { return float64(m.threads) / float64(max(m.processes, 1)) }

// goroutines are the embedded cloud's, without those that serve a process of a function: these stay as long as the
// process waits for more.
func goroutines() int {
	stacks := make([]byte, 16<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	own := 0
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if !servesProcess(string(stack)) {
			own++
		}
	}
	return own
}

func servesProcess(stack string) bool {
	for _, part := range []string{"cloudsim/lambda.", "net/http.", "os/exec."} {
		if strings.Contains(stack, part) {
			return true
		}
	}
	return false
}

// heap returns the embedded cloud's heap, in megabytes.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// cpu returns the CPU time of this process, or of its children that have ended.
func cpu(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package lambda

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

// Line is one line that an environment wrote, to stdout or stderr: a log group has both.
type Line struct {
	At   time.Time
	PID  int
	Text string
}

// The kept part of a function's log: its last lines, and the pieces of a line that never ends.
const (
	maxLines = 1000
	maxLine  = 256 << 10
)

// logs has the output of all environments of a function.
type logs struct {
	mu   sync.Mutex
	next func(Line)
	kept []Line
}

func newLogs(next func(Line)) *logs {
	l := &logs{}
	l.pass(next)
	return l
}

// pass has the lines from now on passed to next; nil ignores them.
func (l *logs) pass(next func(Line)) {
	if next == nil {
		next = func(Line) {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = next
}

func (l *logs) add(line Line) {
	l.mu.Lock()
	l.kept = append(l.kept, line)
	if len(l.kept) > maxLines {
		l.kept = slices.Delete(l.kept, 0, len(l.kept)-maxLines)
	}
	next := l.next
	l.mu.Unlock()
	next(line)
}

func (l *logs) all() []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// lines is the writer of one process. Being both its stdout and its stderr it is called by one goroutine at
// a time: https://pkg.go.dev/os/exec#Cmd
type lines struct {
	to *logs

	mu      sync.Mutex
	id      int
	partial []byte
}

func (w *lines) pid(id int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.id = id
}

func (w *lines) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partial = append(w.partial, data...)
	for {
		line, rest, ended := bytes.Cut(w.partial, []byte("\n"))
		if !ended && len(line) <= maxLine {
			return len(data), nil
		}
		w.emit(line)
		w.partial = rest
	}
}

// flush ends the last line with its process.
func (w *lines) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emit(w.partial)
	w.partial = nil
}

func (w *lines) emit(line []byte) {
	if len(line) > 0 {
		w.to.add(Line{At: time.Now(), PID: w.id, Text: string(line)})
	}
}

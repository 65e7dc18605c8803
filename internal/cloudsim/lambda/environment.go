package lambda

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// environment is one process and the Runtime API that it talks to. It has one invocation at a time.
type environment struct {
	config  Config // of the function when the process started
	process *exec.Cmd
	server  *http.Server
	output  *lines
	// accessKeyID is that of the environment's own session of the role.
	accessKeyID string
	// outdated is set, under the function's lock, when the function was updated.
	outdated bool

	work   chan *invocation // from run to the process's request for the next
	exited chan struct{}    // closed when the process has ended

	mu        sync.Mutex
	current   *invocation // that the process has and hasn't answered
	initError *Error      // that the process reported of itself
}

// invocation is one event and the answer to it.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan answer // has room for one
}

type answer struct {
	body []byte
	err  error
}

func newInvocation(payload []byte, deadline time.Time) *invocation {
	return &invocation{id: apicall.UUID(), payload: payload, deadline: deadline, answer: make(chan answer, 1)}
}

// errGone is the end of a process that hasn't seen the event.
var errGone = errors.New("environment ended before the invocation")

// drain is how long the output of a process is read after its end. A grandchild may hold on to it.
const drain = time.Second

// start starts the process, which reports its state through the Runtime API. Callers hold the function's lock.
func start(f *Function) (*environment, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &environment{
		config: f.config, work: make(chan *invocation), exited: make(chan struct{}), output: &lines{to: f.logs},
	}
	e.server = &http.Server{Handler: e.runtimeAPI(), ReadHeaderTimeout: 10 * time.Second}
	e.process = exec.Command(filepath.Join(f.config.Code, "bootstrap")) //nolint:noctx // kill ends the function's code
	e.process.Dir = f.config.Code
	who := f.config.credentials()
	e.accessKeyID = who.AccessKeyID
	e.process.Env = f.variables(listener.Addr().String(), who)
	e.process.Stdout, e.process.Stderr = e.output, e.output
	e.process.WaitDelay = drain
	// A group of its own, so that its children end with it, and the terminal's Ctrl-C is left to Close. If this
	// process is killed itself, the Runtime API is gone, and the child ends at its next request.
	e.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := e.process.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	e.output.pid(e.process.Process.Pid)
	go func() { _ = e.server.Serve(listener) }() // returns when wait closes it
	go e.wait()
	return e, nil
}

// wait waits for the process and releases its resources.
func (e *environment) wait() {
	_ = e.process.Wait() // how it ended is in ProcessState
	e.signal()           // its children
	_ = e.server.Close()
	e.output.flush()
	close(e.exited)
}

// run hands the event to the process and waits for the answer. A process that doesn't answer in time, or
// whose invocation was cancelled, is killed, as Lambda does.
func (e *environment) run(ctx context.Context, i *invocation) ([]byte, error) {
	select {
	case e.work <- i:
	case <-e.exited:
		return nil, fmt.Errorf("%w: %w", errGone, e.exitError(i))
	case <-ctx.Done():
		return nil, e.timeout(ctx)
	}
	select {
	case a := <-i.answer:
		return a.body, a.err
	case <-ctx.Done():
		return nil, e.timeout(ctx)
	case <-e.exited:
	}
	select {
	case a := <-i.answer: // it answered and ended right after
		return a.body, a.err
	default:
		return nil, e.exitError(i)
	}
}

// timeout kills the process. It returns the context's error if the context ended early.
func (e *environment) timeout(ctx context.Context) error {
	e.kill()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{"Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", e.config.Timeout.Seconds())}
	}
	return ctx.Err()
}

// exitError returns the error that the process reported of its initialization, or else its exit status.
func (e *environment) exitError(i *invocation) *Error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.initError != nil {
		return e.initError
	}
	return &Error{"Runtime.ExitError",
		fmt.Sprintf("RequestId: %s Error: Runtime exited: %s", i.id, e.process.ProcessState)}
}

// kill ends the process and its children, and waits until they have ended.
func (e *environment) kill() {
	if !e.ended() { // another process may have its id by now
		e.signal()
	}
	<-e.exited
}

func (e *environment) signal() { _ = syscall.Kill(-e.process.Process.Pid, syscall.SIGKILL) } // none left is fine

func (e *environment) ended() bool {
	select {
	case <-e.exited:
		return true
	default:
		return false
	}
}

// Package lambda implements the embedded cloud's Lambda: functions as child processes that use the Runtime API, each
// process one execution environment. It runs the deployed code, built for the host.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Config has the properties of a function.
type Config struct {
	Account, Region, Name string
	Role                  string        // its ARN, for the source of the credentials
	Code                  string        // the folder that has the executable bootstrap
	Layers                []string      // folders whose files are at /opt on AWS
	MemorySize            int           // in MB; an environment variable of the function, not enforced
	Timeout               time.Duration // zero means Lambda's 3 seconds
	ReservedConcurrency   int           // more invocations at once are throttled; zero reserves nothing
	Concurrency           *Concurrency  // of the account in the Region; nil is without limit
	JSONLogs              bool
	Environment           map[string]string

	Endpoint    string             // AWS_ENDPOINT_URL for the function
	Credentials func() Credentials // asked for once for each environment

	// Log receives every line that an environment writes, and Measure the values of AWS/Lambda's metrics by
	// their names. Several goroutines may call them concurrently. Nil ignores.
	Log     func(Line)
	Measure func(metric string, value float64)
}

// Credentials are those of a session of the function's role.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

const standardTimeout = 3 * time.Second

// Error is an invocation that failed, with the type and message that Lambda gives it.
type Error struct{ Type, Message string }

func (e *Error) Error() string { return e.Type + ": " + e.Message }

var errThrottled = &Error{"TooManyRequestsException", "Rate Exceeded."}

// ErrClosed is the answer of a function that has been closed.
var ErrClosed = errors.New("function is closed")

// Function is a function and its environments. It is a queue.Function.
type Function struct {
	name string
	logs *logs

	mu           sync.Mutex
	config       Config
	opt          string         // where the layers are unpacked; empty for none
	unpacked     []string       // opt, and the folders before it
	environments []*environment // that live
	idle         []*environment // the most recently used last
	invocations  sync.WaitGroup
	busy         int
	closed       bool
	processes    map[string]int // by access key id; also those that have ended
}

// New checks the function and unpacks its layers. Environments start when invocations come; Close ends them.
func New(c Config) (*Function, error) {
	f := &Function{name: c.Name, logs: newLogs(c.Log), processes: map[string]int{}}
	if err := f.configure(c); err != nil {
		return nil, fmt.Errorf("make function %s: %w", c.Name, err)
	}
	return f, nil
}

// Update has the next invocations run in new environments with this configuration, whose Name must be the function's.
// Invocations under way end as they began. After an error nothing has changed.
func (f *Function) Update(c Config) error {
	if err := f.configure(c); err != nil {
		return fmt.Errorf("update function %s: %w", f.name, err)
	}
	return nil
}

func (f *Function) configure(c Config) error {
	if c.Timeout == 0 {
		c.Timeout = standardTimeout
	}
	code, err := filepath.Abs(c.Code)
	if err != nil {
		return err
	}
	c.Code = code
	if _, err := os.Stat(filepath.Join(code, "bootstrap")); err != nil {
		return err
	}
	if err := c.checkEnvironment(); err != nil {
		return err
	}
	opt, err := unpack(c.Layers)
	if err != nil {
		return err
	}
	if err := c.Concurrency.reserve(f, c.ReservedConcurrency); err != nil {
		_ = os.RemoveAll(opt) // as nothing changes; an empty name is no folder
		return err
	}
	f.replace(c, opt)
	return nil
}

// replace takes the configuration and the folder with the layers, and ends the idle environments, which have those of
// before.
func (f *Function) replace(c Config, opt string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.config, f.opt = c, opt
	f.logs.pass(c.Log)
	f.unpacked = append(f.unpacked, opt)
	for _, e := range f.environments {
		e.outdated = true
	}
	for _, e := range f.idle {
		e.kill()
	}
	f.environments = slices.DeleteFunc(f.environments, func(e *environment) bool { return slices.Contains(f.idle, e) })
	f.idle = nil
}

// Invoke runs the function once, in an environment that is warm if there is one. A failed invocation is an
// *Error; the function's timeout counts from here on, a cold start included.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	c, err := f.begin()
	if err != nil {
		if errors.Is(err, errThrottled) {
			c.measure("Throttles", 1)
		}
		return nil, fmt.Errorf("invoke %s: %w", f.name, err)
	}
	defer f.end(c)
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	answer, err := f.invoke(ctx, newInvocation(payload, started.Add(c.Timeout)))
	c.measure("Invocations", 1)
	c.measure("Duration", float64(time.Since(started).Milliseconds()))
	if err != nil {
		c.measure("Errors", 1)
		return nil, fmt.Errorf("invoke %s: %w", f.name, err)
	}
	return answer, nil
}

// begin counts an invocation, or refuses it. It returns the configuration that the function has now.
func (f *Function) begin() (Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return f.config, ErrClosed
	}
	if reserved := f.config.ReservedConcurrency; reserved > 0 && f.busy >= reserved {
		return f.config, errThrottled
	}
	if f.config.ReservedConcurrency == 0 && !f.config.Concurrency.take() {
		return f.config, errThrottled
	}
	f.busy++
	f.invocations.Add(1)
	return f.config, nil
}

// end takes the configuration with which the invocation began.
func (f *Function) end(c Config) {
	if c.ReservedConcurrency == 0 {
		c.Concurrency.release()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	f.invocations.Done()
}

// invoke takes another environment when a warm one ended before it saw the event: that failure belongs to
// the invocation before.
func (f *Function) invoke(ctx context.Context, i *invocation) ([]byte, error) {
	for {
		e, warm, err := f.acquire()
		if err != nil {
			return nil, err
		}
		answer, err := e.run(ctx, i)
		f.release(e)
		if warm && errors.Is(err, errGone) {
			continue
		}
		return answer, err
	}
}

// acquire takes the environment that was used last, or starts one.
func (f *Function) acquire() (e *environment, warm bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, ErrClosed
	}
	if last := len(f.idle) - 1; last >= 0 {
		e, f.idle = f.idle[last], f.idle[:last]
		return e, true, nil
	}
	if e, err = start(f); err != nil {
		return nil, false, fmt.Errorf("start environment: %w", err)
	}
	f.environments = append(f.environments, e)
	f.processes[e.accessKeyID] = e.process.Process.Pid
	return e, false, nil
}

// release keeps an environment for the next invocation, unless its process has ended or the function was updated.
func (f *Function) release(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !e.ended() && !e.outdated {
		f.idle = append(f.idle, e)
		return
	}
	f.environments = slices.DeleteFunc(f.environments, func(other *environment) bool { return other == e })
	if e.outdated {
		e.kill()
	}
}

// Close kills all environments, which fails the invocations under way, and waits for both.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	environments := slices.Clone(f.environments)
	f.mu.Unlock()
	for _, e := range environments {
		e.kill()
	}
	f.invocations.Wait()
	f.config.Concurrency.forget(f)
	for _, folder := range f.unpacked {
		_ = os.RemoveAll(folder) // for temporary files; an empty name is no folder
	}
}

// Process returns the id of the process that was given these credentials.
func (f *Function) Process(accessKeyID string) (pid int, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pid, found = f.processes[accessKeyID]
	return pid, found
}

// Log returns the last lines of the environments, the oldest first.
func (f *Function) Log() []Line { return f.logs.all() }

func (c Config) measure(metric string, value float64) {
	if c.Measure != nil {
		c.Measure(metric, value)
	}
}

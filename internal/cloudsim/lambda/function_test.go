package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
)

// invoke returns the function's response.
func invoke[T any](t *testing.T, f *lambda.Function, do, name string) T {
	t.Helper()
	payload, err := json.Marshal(order{do, name})
	if err != nil {
		t.Fatal(err)
	}
	body, err := f.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("%s: %v", do, err)
	}
	var out T
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("answer %s: %v", body, err)
	}
	return out
}

func TestAnEnvironmentStaysWarm(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	first := invoke[int](t, f, "", "")
	if again := invoke[int](t, f, "", ""); again != first {
		t.Errorf("the second invocation runs in process %d, want %d", again, first)
	}
	f.Close() // reads the rest of the output
	log := f.Log()
	want := fmt.Sprint("handled by ", first)
	if len(log) != 2 || log[0].Text != want || log[0].PID != first {
		t.Errorf("log = %+v, want two lines %q", log, want)
	}
}

func TestInvocationsAtOnceHaveEnvironmentsOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	folder := t.TempDir()
	var pids [2]int
	var both sync.WaitGroup
	for i := range pids {
		both.Go(func() { pids[i] = invoke[int](t, f, "meet", folder) })
	}
	both.Wait()
	if pids[0] == pids[1] {
		t.Errorf("both run in process %d", pids[0])
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	t.Parallel()
	counts := counter{}
	f := function(t, func(c *lambda.Config) { c.ReservedConcurrency, c.Measure = 1, counts.add })
	folder := t.TempDir()
	var one sync.WaitGroup
	one.Go(func() { invoke[int](t, f, "meet", folder) })
	for there := 0; there == 0; { // until the first one runs
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		there = len(entries)
	}
	_, err := f.Invoke(t.Context(), []byte(`{}`))
	if e, ok := errors.AsType[*lambda.Error](err); !ok || e.Type != "TooManyRequestsException" {
		t.Errorf("error = %v, want a throttle", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "release"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	one.Wait()
	if counts.of("Throttles") != 1 || counts.of("Invocations") != 1 || counts.of("Errors") != 0 {
		t.Errorf("counted %v", counts.values)
	}
}

// TestRecordedAccountConcurrency: reservations must leave 100 unreserved, a new account has 10 in all, and functions
// without a reservation share what is left.
func TestRecordedAccountConcurrency(t *testing.T) {
	t.Parallel()
	reserving := func(q *lambda.Concurrency, n int) (*lambda.Function, error) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		code := t.TempDir()
		if err := os.Symlink(self, filepath.Join(code, "bootstrap")); err != nil {
			t.Fatal(err)
		}
		f, err := lambda.New(lambda.Config{
			Account: "111111111111", Region: "eu-west-1", Code: code, ReservedConcurrency: n, Concurrency: q,
		})
		if err == nil {
			t.Cleanup(f.Close)
		}
		return f, err
	}
	refused := func(err error) bool {
		e, ok := errors.AsType[*lambda.Error](err)
		return ok && e.Type == "InvalidParameterValueException"
	}
	if _, err := reserving(lambda.NewConcurrency(lambda.NewAccount), 2); !refused(err) {
		t.Errorf("a reservation in a new account: %v", err)
	}
	q := lambda.NewConcurrency(105)
	first, err := reserving(q, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reserving(q, 3); !refused(err) {
		t.Errorf("a reservation beyond the quota: %v", err)
	}
	first.Close()
	if _, err := reserving(q, 5); err != nil {
		t.Errorf("a reservation in place of one that is gone: %v", err)
	}
	none, err := reserving(lambda.NewConcurrency(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = none.Invoke(t.Context(), []byte(`{}`))
	if e, ok := errors.AsType[*lambda.Error](err); !ok || e.Type != "TooManyRequestsException" {
		t.Errorf("an invocation without concurrency: %v, want a throttle", err)
	}
	shared := lambda.NewConcurrency(1)
	f := function(t, func(c *lambda.Config) { c.Concurrency = shared })
	for range 2 { // the first one gives its execution back
		if _, err := f.Invoke(t.Context(), []byte(`{}`)); err != nil {
			if e, ok := errors.AsType[*lambda.Error](err); ok && e.Type == "TooManyRequestsException" {
				t.Error(err)
			}
		}
	}
}

// counter adds up a function's metrics.
type counter struct {
	mu     sync.Mutex
	values map[string]float64
}

func (c *counter) add(metric string, value float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = map[string]float64{}
	}
	c.values[metric] += value
}

func (c *counter) of(metric string) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[metric]
}

func TestFailedInvocations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, start, do    string
		errorType, message string
		alive              bool // the next invocation is answered by the same process
	}{
		{"an error of the handler keeps the environment", "", "fail", "errorString", "boom", true},
		{"a panic ends it", "", "panic", "string", "boom", false},
		{"an exit in the middle", "", "exit", "Runtime.ExitError", "exit status 7", false},
		{"no answer in time", "", "hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds", false},
		{"a crash at start", "crash", "", "Runtime.ExitError", "exit status 3", false},
		{"a start that reports why it failed", "init error", "", "Config.Missing", "no policy", false},
		{"a start that never asks for an event", "hang", "", "Sandbox.Timedout", "Task timed out", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counts := counter{}
			f := function(t, func(c *lambda.Config) {
				c.Environment["START"], c.Timeout, c.Measure = tt.start, time.Second, counts.add
			})
			before := 0
			if tt.start == "" {
				before = invoke[int](t, f, "", "")
			}
			_, err := f.Invoke(t.Context(), []byte(`{"Do":"`+tt.do+`"}`))
			e, ok := errors.AsType[*lambda.Error](err)
			if !ok || e.Type != tt.errorType || !strings.Contains(e.Message, tt.message) {
				t.Fatalf("error = %v, want %s: %s", err, tt.errorType, tt.message)
			}
			if counts.of("Errors") != 1 {
				t.Errorf("counted %v, want one error", counts.values)
			}
			if tt.start != "" {
				return
			}
			if after := invoke[int](t, f, "", ""); (after == before) != tt.alive {
				t.Errorf("the next invocation ran in process %d, the one before in %d", after, before)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	t.Setenv("AWS_PROFILE", "another")
	layer := t.TempDir()
	if err := os.WriteFile(filepath.Join(layer, "policy.json"), []byte("the policy"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := function(t, func(c *lambda.Config) {
		c.MemorySize, c.JSONLogs, c.Layers = 512, true, []string{layer}
		c.Environment["POLICY"], c.Environment["OPTIONAL"] = "/opt/policy.json", "/optional"
		c.Credentials = func() lambda.Credentials { return lambda.Credentials{"ASIA1", "secret", "token"} }
	})
	if pid, found := f.Process("ASIA1"); found {
		t.Errorf("process %d has credentials before anything is invoked", pid)
	}
	pid := invoke[int](t, f, "", "")
	if got, _ := f.Process("ASIA1"); got != pid {
		t.Errorf("the credentials are those of process %d, want %d", got, pid)
	}
	for name, want := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "autopeer-accept", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
		"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_PROFILE": "", "OPTIONAL": "/optional",
		"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
	} {
		if got := invoke[string](t, f, "variable", name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := invoke[string](t, f, "file", "POLICY"); got != "the policy" {
		t.Errorf("the layer's file has %q", got)
	}
}

// TestUpdate: the next invocations have the new layers and variables; one under way keeps its own.
func TestUpdate(t *testing.T) {
	t.Parallel()
	layer := func(content string) []string {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "policy.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{folder}
	}
	var c lambda.Config
	f := function(t, func(made *lambda.Config) {
		made.Layers, made.Environment["POLICY"] = layer("before"), "/opt/policy.json"
		c = *made
	})
	before := invoke[int](t, f, "", "")
	folder := t.TempDir()
	var underWay sync.WaitGroup
	underWay.Go(func() { invoke[int](t, f, "meet", folder) })
	for there := 0; there == 0; {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		there = len(entries)
	}
	c.Layers, c.Environment = layer("after"), map[string]string{"POLICY": "/opt/policy.json", "WHEN": "after"}
	if err := f.Update(c); err != nil {
		t.Fatal(err)
	}
	if got := invoke[string](t, f, "variable", "WHEN"); got != "after" {
		t.Errorf("the new variable is %q", got)
	}
	if got := invoke[string](t, f, "file", "POLICY"); got != "after" {
		t.Errorf("the layer's file has %q", got)
	}
	invoke[int](t, f, "meet", folder) // lets the one under way end
	underWay.Wait()
	if alive(before) {
		t.Errorf("process %d, which has the layer of before, lives on", before)
	}
	c.Layers = []string{"none"}
	if err := f.Update(c); err == nil {
		t.Error("a layer that isn't there replaces one")
	}
	if got := invoke[string](t, f, "file", "POLICY"); got != "after" {
		t.Errorf("after an update that failed, the layer's file has %q", got)
	}
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	code := t.TempDir()
	if _, err := lambda.New(lambda.Config{Code: code}); err == nil {
		t.Error("a function without a bootstrap is made")
	}
	if err := os.WriteFile(filepath.Join(code, "bootstrap"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lambda.New(lambda.Config{Code: code, Environment: map[string]string{"AWS_REGION": "mars"}}); err == nil {
		t.Error("a function with a reserved variable is made")
	}
	if _, err := lambda.New(lambda.Config{Code: code, Layers: []string{filepath.Join(code, "none")}}); err == nil {
		t.Error("a function without its layer is made")
	}
}

// TestCloseLeavesNoProcess also looks for a process that the function's process started itself.
func TestCloseLeavesNoProcess(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	child := invoke[int](t, f, "child", "")
	parent := invoke[int](t, f, "", "")
	hanging := make(chan error)
	go func() {
		_, err := f.Invoke(t.Context(), []byte(`{"Do":"hang"}`))
		hanging <- err
	}()
	f.Close()
	if err := <-hanging; err == nil {
		t.Error("an invocation under way ends without an error")
	}
	for _, pid := range []int{parent, child} {
		if alive(pid) {
			t.Errorf("process %d lives on", pid)
		}
	}
	if _, err := f.Invoke(t.Context(), nil); !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("error = %v, want ErrClosed", err)
	}
}

// alive gives a killed process a moment, because its parent may not have waited for it yet.
func alive(pid int) bool {
	for range 1000 {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(status), ") Z ") {
			return syscall.Kill(pid, 0) == nil && !strings.Contains(string(status), ") Z ")
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

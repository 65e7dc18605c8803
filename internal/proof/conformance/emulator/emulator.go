// Package emulator starts independent emulators of AWS as child processes on free ports of the loopback address, and
// ends them.
package emulator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// Emulator is a process that serves AWS's APIs.
type Emulator struct {
	URL string

	process *exec.Cmd
	output  tail
	ended   chan struct{}
}

// startup is how long an emulator may take until it answers; on two busy cores they have been seen to take four.
const startup = 60 * time.Second

// Moto starts moto with the virtual environment's Python. Without its images of machines it is ready sooner
// and doesn't grow with every account.
func Moto(ctx context.Context, venv string) (*Emulator, error) {
	return start(ctx, "/moto-api/data.json", func(port string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, venv+"/bin/python", "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
		cmd.Env = append(environment(), "MOTO_EC2_LOAD_DEFAULT_AMIS=false")
		return cmd
	})
}

// MiniStack starts MiniStack, with the services that are asked of it and no others: some listen on ports of their own.
func MiniStack(ctx context.Context, venv string) (*Emulator, error) {
	return start(ctx, "/_ministack/health", func(port string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, venv+"/bin/ministack")
		cmd.Env = append(environment(), "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+port, "SERVICES=ec2,events,sqs,sts",
			"IOT_MTLS_ENABLED=0", "LOG_LEVEL=WARNING")
		return cmd
	})
}

// environment returns the process's environment without the variables for moto, MiniStack and AWS.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
}

func start(ctx context.Context, health string, command func(port string) *exec.Cmd) (*Emulator, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	e := &Emulator{URL: "http://127.0.0.1:" + port, process: command(port), ended: make(chan struct{})}
	e.process.Stdout, e.process.Stderr = &e.output, &e.output
	if err := e.process.Start(); err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	go func() {
		_ = e.process.Wait() // it is killed in the end, which Wait calls an error
		close(e.ended)
	}()
	if err := e.untilReady(ctx, e.URL+health); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// freePort returns a port that no process uses at the moment.
func freePort(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return strconv.Itoa(port), listener.Close()
}

func (e *Emulator) untilReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !answers(ctx, url) {
		select {
		case <-e.ended:
			return fmt.Errorf("%s has ended by itself; its output:\n%s", e.process.Args[0], e.output.String())
		case <-ctx.Done():
			return fmt.Errorf("%s never became ready; its output:\n%s", e.process.Args[0], e.output.String())
		case <-tick.C:
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// Close kills the process, which may take seconds to end by itself, and waits for it.
func (e *Emulator) Close() {
	_ = e.process.Process.Kill() // it may have ended already
	<-e.ended
}

// tail keeps the end of a process's output.
type tail struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

const kept = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept.Write(p)
	t.kept.Next(max(0, t.kept.Len()-kept))
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept.String()
}

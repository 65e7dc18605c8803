package functions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// environment is a process of the runtime interface emulator, which runs one binary as Lambda runs a function.
type environment struct {
	url     string
	process *exec.Cmd
	output  output
	ended   chan struct{}

	mu      sync.Mutex // Lambda gives an execution environment one invocation at a time
	answers []answer   // of all invocations, in order
}

// answer is the emulator's answer to an invocation.
type answer struct {
	event, body string
	status      int
	took        time.Duration
}

// response is the body of an answer: the function's result, or the error that Lambda reports in its place.
type response struct {
	BatchItemFailures       []struct{ ItemIdentifier string }
	ErrorType, ErrorMessage string
}

// start starts the emulator at path with a binary. The variables are the process's whole environment.
func start(ctx context.Context, path, binary string, variables map[string]string) (*environment, error) {
	var addresses [2]string
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(ctx); err != nil {
			return nil, err
		}
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	e := &environment{
		url: "http://" + addresses[0], ended: make(chan struct{}),
		process: exec.CommandContext(ctx, path, "--runtime-interface-emulator-address", addresses[0],
			"--runtime-api-address", addresses[1], binary),
	}
	for name, value := range variables {
		e.process.Env = append(e.process.Env, name+"="+value)
	}
	e.process.Stdout, e.process.Stderr = &e.output, &e.output
	e.process.WaitDelay = time.Second // the binary may outlive the emulator and hold on to its output
	if err := e.process.Start(); err != nil {
		return nil, fmt.Errorf("start the runtime interface emulator: %w", err)
	}
	go func() {
		_ = e.process.Wait() // close kills it
		close(e.ended)
	}()
	return e, e.untilReady(ctx, addresses[0])
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// untilReady waits until the emulator listens. It starts the binary only at the first invocation.
func (e *environment) untilReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-e.ended:
			return fmt.Errorf("the runtime interface emulator ended: %s", e.output.text())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *environment) close() {
	_ = e.process.Process.Kill() // it may have ended already
	<-e.ended
}

// Invoke invokes the function with an event, as the mapping of a queue does. An answer that Lambda reports as a
// function error is an error, after which the mapping keeps all messages.
func (e *environment) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	began := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		e.url+"/2015-03-31/functions/function/invocations", bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(reply.Body)
	if err := errors.Join(err, reply.Body.Close()); err != nil {
		return nil, err
	}
	a := answer{string(event), string(body), reply.StatusCode, time.Since(began)}
	e.answers = append(e.answers, a)
	return body, a.functionError()
}

// functionError returns an error unless the function has returned its result. The emulator has no header
// X-Amz-Function-Error: it answers a failed start with a status, and a timeout with a text.
func (a answer) functionError() error {
	var r response
	if err := json.Unmarshal([]byte(a.body), &r); a.status != http.StatusOK || err != nil || r.ErrorType != "" {
		return fmt.Errorf("function error: status %d: %s", a.status, a.body)
	}
	return nil
}

// failed returns the ids of the messages to deliver again.
func (a answer) failed() []string {
	var r response
	_ = json.Unmarshal([]byte(a.body), &r) // functionError reports a body that is no result
	ids := []string{}
	for _, f := range r.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

// last returns the answer to the last invocation.
func (e *environment) last() answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.answers) == 0 {
		return answer{}
	}
	return e.answers[len(e.answers)-1]
}

// invocations returns the number of invocations that have ended.
func (e *environment) invocations() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.answers)
}

// answerAt returns the answer to the invocation with that index.
func (e *environment) answerAt(i int) answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.answers[i]
}

// worked returns the event of the first invocation. An unrelated message starts no function of a deployed cell.
func (e *environment) worked() string { return e.answerAt(0).event }

// sqsEvent returns the event that Lambda's mapping makes of messages. Their ids are 1, 2, …
func sqsEvent(bodies ...string) []byte {
	var records []any
	for i, body := range bodies {
		records = append(records, map[string]any{
			"messageId": strconv.Itoa(i + 1), "receiptHandle": "handle", "body": body, "eventSource": "aws:sqs",
			"attributes": map[string]string{"ApproximateReceiveCount": "1"},
		})
	}
	event, _ := json.Marshal(map[string]any{"Records": records}) // maps of strings can always be encoded
	return event
}

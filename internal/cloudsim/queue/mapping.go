package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Function is invoked by a mapping; a lambda.Handler of aws-lambda-go is one.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Mapping configures an event source mapping, which brings a queue's messages to a function:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
//
// The function is invoked when the window is over, BatchSize is reached or the next message would make the payload
// larger than 6 MB; that message begins the next batch. The messages of a batch are invisible from their receive on, so
// the queue's visibility timeout has to cover the window and the invocation. AWS recommends six times the function's
// timeout plus the window, and so little as the timeout is accepted.
type Mapping struct {
	BatchSize int // zero means 10; up to 10,000 with a window of a second or more
	// MaximumBatchingWindowInSeconds: how long to gather a batch after its first message
	Window                  time.Duration
	MaxConcurrency          int // 2 to 1000; zero means the 5 batches that Lambda starts with
	ReportBatchItemFailures bool
	Timeout                 time.Duration // of the function; zero means Lambda's 3 seconds
}

const (
	standardBatchSize   = 10
	standardConcurrency = 5
	standardTimeout     = 3 * time.Second
	// pollWait outlasts any run of this cloud: a poller waits until a message comes or it is stopped.
	pollWait = 365 * 24 * time.Hour
)

// Map starts to deliver the messages of a queue to a function. It has Lambda's refusals.
func (s *Service) Map(queueARN string, m Mapping, f Function) (*Poller, error) {
	m.setDefaults()
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("map %s: %w", queueARN, err)
	}
	p, err := s.addPoller(queueARN, m, f)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", queueARN, err)
	}
	p.Resume()
	return p, nil
}

// addPoller makes the refusals that depend on the queue. Lambda's own message for the last one is the same:
// it would hand a message to a second invocation while the first is at work.
func (s *Service) addPoller(queueARN string, m Mapping, f Function) (*Poller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	q := s.queues[name]
	if q == nil {
		return nil, ErrNoQueue
	}
	if visibility := q.seconds("VisibilityTimeout"); visibility < m.Timeout {
		return nil, fmt.Errorf("queue visibility timeout %v is less than function timeout %v", visibility, m.Timeout)
	}
	p := newPoller(s, q, m, f)
	s.pollers = append(s.pollers, p)
	return p, nil
}

func (m *Mapping) setDefaults() {
	if m.BatchSize == 0 {
		m.BatchSize = standardBatchSize
	}
	if m.MaxConcurrency == 0 {
		m.MaxConcurrency = standardConcurrency
	}
	if m.Timeout == 0 {
		m.Timeout = standardTimeout
	}
}

// check holds the numbers to the ranges that Lambda's API documents.
func (m *Mapping) check() error {
	switch {
	case m.BatchSize < 1 || m.BatchSize > 10_000:
		return errors.New("batch size must be from 1 to 10000")
	case m.BatchSize > standardBatchSize && m.Window < time.Second:
		return errors.New("batch size above 10 needs a batching window of at least 1 second")
	case m.Window < 0 || m.Window > 300*time.Second:
		return errors.New("batching window must be from 0 to 300 seconds")
	case m.MaxConcurrency < 2 || m.MaxConcurrency > 1000:
		return errors.New("maximum concurrency must be from 2 to 1000")
	case m.Timeout < 0 || m.Timeout > 900*time.Second:
		return errors.New("function timeout must be at most 900 seconds")
	}
	return nil
}

// Poller is an event source mapping at work.
type Poller struct {
	service  *Service
	queue    *queue
	mapping  Mapping
	function Function

	slots       chan struct{} // holds a token for each batch under way
	invocations sync.WaitGroup
	lifetime    context.Context // of the invocations: ends at Stop
	end         context.CancelFunc
	running     int    // invocations; the service's lock guards it
	endWindow   func() // see opened; the service's lock guards it

	mu      sync.Mutex
	pause   context.CancelFunc // nil while paused
	paused  chan struct{}      // closed when polling has come to its end
	stopped bool
}

func newPoller(s *Service, q *queue, m Mapping, f Function) *Poller {
	p := &Poller{service: s, queue: q, mapping: m, function: f, slots: make(chan struct{}, m.MaxConcurrency)}
	p.lifetime, p.end = context.WithCancel(context.Background())
	return p
}

// Pause stops polling, as disabling a mapping does. Batches that the function already has go on; the messages of a
// batch that is still being gathered are visible again when Pause returns.
func (p *Poller) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pause == nil {
		return
	}
	p.pause()
	<-p.paused
	p.pause = nil
	p.service.mu.Lock()
	p.queue.consumers--
	p.service.mu.Unlock()
	p.service.changed.Notify()
}

// Resume polls again after Pause. After Stop it does nothing.
func (p *Poller) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pause != nil || p.stopped {
		return
	}
	ctx, cancel := context.WithCancel(p.lifetime)
	p.pause, p.paused = cancel, make(chan struct{})
	p.service.mu.Lock()
	p.queue.consumers++
	p.service.mu.Unlock()
	go p.poll(ctx, p.paused)
}

// Drain ends the mapping as a deployment does: invocations under way go on, and it waits for them to return.
func (p *Poller) Drain() {
	p.Pause()
	p.invocations.Wait()
	p.Stop()
}

// Stop ends the mapping: it cancels the invocations under way and waits for them to return.
func (p *Poller) Stop() {
	p.Pause()
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.end()
	p.invocations.Wait()
}

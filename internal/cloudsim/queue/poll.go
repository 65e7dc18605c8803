package queue

import (
	"context"
	"fmt"
	"time"
)

// poll takes a slot before it takes messages, so that none is hidden while no invocation can have it.
func (p *Poller) poll(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch := p.gather(ctx)
		if len(batch) == 0 {
			<-p.slots
			if ctx.Err() != nil {
				return
			}
			continue
		}
		p.count(1)
		p.invocations.Go(func() {
			p.process(batch)
			p.count(-1)
			<-p.slots
		})
	}
}

// count keeps the number of running invocations, on which Settled depends.
func (p *Poller) count(change int) {
	p.service.mu.Lock()
	p.running += change
	p.service.mu.Unlock()
	p.service.changed.Notify()
}

// gather waits for a first message and takes what is there or comes within the batching window.
func (p *Poller) gather(ctx context.Context) []receipted {
	p.service.mu.Lock()
	o := receiveOptions{most: p.mapping.BatchSize, visibility: p.queue.seconds("VisibilityTimeout"), wait: pollWait}
	p.service.mu.Unlock()
	batch := p.service.receive(ctx, p.queue, o)
	deadline := time.Now().Add(p.mapping.Window)
	for len(batch) > 0 && len(batch) < p.mapping.BatchSize && time.Now().Before(deadline) && ctx.Err() == nil {
		o.most = p.mapping.BatchSize - len(batch)
		o.wait = time.Until(deadline)
		batch = append(batch, p.service.receive(ctx, p.queue, o)...)
	}
	return batch
}

// process invokes the function and deletes what it did. The rest comes back when its visibility timeout is
// over: Lambda doesn't shorten it.
func (p *Poller) process(batch []receipted) {
	response, err := p.invoke(batch)
	failed := everything
	switch {
	case err != nil:
	case p.mapping.ReportBatchItemFailures:
		failed = failures(response, batch)
	default:
		failed = nothing
	}
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	for _, m := range batch {
		if !failed(m.id) {
			p.queue.drop(func(other *message) bool { return other.id == m.id && other.receives == m.receives })
		}
	}
}

// invoke makes an error of a panic, which ends a Lambda environment but nothing else, and of an answer that
// comes after the function's timeout.
func (p *Poller) invoke(batch []receipted) (response []byte, err error) {
	payload, err := p.queue.event(batch)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(p.lifetime, p.mapping.Timeout)
	defer cancel()
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("invoke function: panic: %v", reason)
		}
	}()
	response, err = p.function.Invoke(ctx, payload)
	if err == nil {
		err = ctx.Err()
	}
	return response, err
}

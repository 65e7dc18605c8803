package queue

import (
	"context"
	"fmt"
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
		b := p.gather(ctx)
		if ctx.Err() != nil {
			p.release(b)
			<-p.slots
			return
		}
		if len(b.records) == 0 {
			<-p.slots
			continue
		}
		p.count(1)
		p.invocations.Go(func() {
			p.process(b)
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

// process invokes the function and deletes the processed messages. The rest are delivered again after their visibility
// timeout: Lambda doesn't shorten it.
func (p *Poller) process(b *batch) {
	response, err := p.invoke(b)
	failed := everything
	switch {
	case err != nil:
	case p.mapping.ReportBatchItemFailures:
		failed = failures(response, b)
	default:
		failed = nothing
	}
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	p.queue.drop(func(m *message) bool { return b.holds(m) && !failed(m.id) })
}

// invoke makes an error of a panic, which ends a Lambda environment but nothing else, and of an answer that
// comes after the function's timeout.
func (p *Poller) invoke(b *batch) (response []byte, err error) {
	if b.err != nil {
		return nil, b.err
	}
	ctx, cancel := context.WithTimeout(p.lifetime, p.mapping.Timeout)
	defer cancel()
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("invoke function: panic: %v", reason)
		}
	}()
	response, err = p.function.Invoke(ctx, b.payload())
	if err == nil {
		err = ctx.Err()
	}
	return response, err
}

package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

const (
	// maxPayload is Lambda's quota for the payload of a synchronous invocation. The fields that Lambda and SQS add to a
	// message count, too: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	maxPayload = 6 << 20
	// lowTrafficWindow is the time that Lambda may gather in a queue with little traffic, however short the window is:
	// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
	lowTrafficWindow = 20 * time.Second
	// gatherPause bounds the receives of one window: a receive reads the whole queue, so one for each message would make
	// a large batch quadratic.
	gatherPause = 50 * time.Millisecond
)

// batch is the messages of one invocation, encoded as they are added.
type batch struct {
	queue    *queue
	most     int // messages
	records  [][]byte
	receives map[string]int // by message id: how often it had been received, this time included
	size     int            // of the payload in bytes
	full     bool
	err      error // of the encoding; fails the invocation
}

var payloadStart, payloadEnd = []byte(`{"Records":[`), []byte(`]}`)

func newBatch(q *queue, most int) *batch {
	return &batch{queue: q, most: most, receives: map[string]int{}, size: len(payloadStart) + len(payloadEnd)}
}

// admit adds a message, or reports false if it makes the payload too large: then it belongs to the next batch. A
// message alone always fits.
func (b *batch) admit(m receipted) bool {
	record, err := encodeRecord(b.queue.record(m))
	if err != nil {
		b.err = fmt.Errorf("encode event of %s: %w", b.queue.arn, err)
	}
	size := b.size + len(record)
	if len(b.records) > 0 {
		size += len(",")
	}
	if len(b.records) > 0 && size > maxPayload {
		b.full = true
		return false
	}
	b.records = append(b.records, record)
	b.receives[m.id] = m.receives
	b.size = size
	b.full = len(b.records) == b.most
	return true
}

// encodeRecord leaves <, > and & as they are, because Lambda does: escaped they would count six bytes each.
func encodeRecord(r lambdaRecord) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(r)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// payload returns the event that the function gets.
func (b *batch) payload() []byte {
	payload := make([]byte, 0, b.size)
	payload = append(payload, payloadStart...)
	payload = append(payload, bytes.Join(b.records, []byte(","))...)
	return append(payload, payloadEnd...)
}

// holds reports whether the batch has the message by its last receive. After another receive it belongs to another
// batch.
func (b *batch) holds(m *message) bool { return m.receives > 0 && b.receives[m.id] == m.receives }

// gather waits for a first message. It takes the visible messages until the window is over or the batch is full: of
// messages, or of bytes. If ctx ends first, the batch is incomplete.
func (p *Poller) gather(ctx context.Context) *batch {
	b := newBatch(p.queue, p.mapping.BatchSize)
	p.receive(ctx, b, pollWait)
	if len(b.records) == 0 {
		return b
	}
	window, end := context.WithTimeout(ctx, p.window())
	defer end()
	p.opened(end)
	defer p.opened(nil)
	for !b.full && sleep(window, nil, gatherPause) {
		p.receive(window, b, pollWait)
	}
	return b
}

// opened keeps the function that ends the open window, nil while there is none.
func (p *Poller) opened(end func()) {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	p.endWindow = end
}

func (p *Poller) window() time.Duration {
	w := p.mapping.Window
	if w > 0 && p.service.switches.LowTrafficWindow {
		w = max(w, lowTrafficWindow)
	}
	return w
}

func (p *Poller) receive(ctx context.Context, b *batch, wait time.Duration) {
	p.service.mu.Lock()
	visibility := p.queue.seconds("VisibilityTimeout")
	p.service.mu.Unlock()
	p.service.receive(ctx, p.queue, receiveOptions{
		most: b.most - len(b.records), visibility: visibility, wait: wait, admit: b.admit,
	})
}

// release makes the messages of a batch visible again that no invocation will have. They have been received all the
// same.
func (p *Poller) release(b *batch) {
	if len(b.records) == 0 {
		return
	}
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	now := time.Now()
	for _, m := range p.queue.messages {
		if b.holds(m) {
			m.visibleAt = now
		}
	}
	p.queue.notify()
	p.service.changed.Notify()
}

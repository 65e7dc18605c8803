package queue

import (
	"strconv"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// queue is one queue and its messages, the oldest first. The service's lock guards it.
type queue struct {
	arn        arn
	attributes map[string]string
	policy     iam.Policy
	redrive    redrivePolicy
	created    time.Time
	modified   time.Time
	purged     time.Time
	messages   []*message
	wake       chan struct{} // closed when a message may have become visible
	consumers  int           // event source mappings that are polling
}

// message is a message in a queue. It is in flight while it has been received and isn't visible.
type message struct {
	id           string
	body         string
	attributes   map[string]MessageAttribute
	sender       string
	sent         time.Time
	visibleAt    time.Time
	firstReceive time.Time
	receives     int
	deadLetterOf string // ARN of the queue that it failed in
}

func (m *message) visible(now time.Time) bool { return !m.visibleAt.After(now) }

func (m *message) inFlight(now time.Time) bool { return m.receives > 0 && !m.visible(now) }

// delayed reports whether the message hasn't become visible for the first time.
func (m *message) delayed(now time.Time) bool { return m.receives == 0 && !m.visible(now) }

// seconds reads an attribute that is a number; configure has checked it.
func (q *queue) seconds(attribute string) time.Duration {
	n, _ := strconv.Atoi(q.attributes[attribute])
	return time.Duration(n) * time.Second
}

// notify makes those who wait for a message look again.
func (q *queue) notify() {
	close(q.wake)
	q.wake = make(chan struct{})
}

// add puts a message at the end. Standard queues promise no order; this one's makes runs repeatable.
func (q *queue) add(m *message) {
	q.messages = append(q.messages, m)
	q.notify()
}

// expire drops messages that are older than the queue's retention period.
func (q *queue) expire(now time.Time) {
	oldest := now.Add(-q.seconds("MessageRetentionPeriod"))
	q.drop(func(m *message) bool { return m.sent.Before(oldest) })
}

// drop removes messages in place and keeps the order of the rest.
func (q *queue) drop(which func(*message) bool) {
	kept := q.messages[:0]
	for _, m := range q.messages {
		if !which(m) {
			kept = append(kept, m)
		}
	}
	clear(q.messages[len(kept):])
	q.messages = kept
}

func (q *queue) find(id string) *message {
	for _, m := range q.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

// nextVisible returns the time at which the first invisible message becomes visible, if there is one.
func (q *queue) nextVisible(now time.Time) (at time.Time, found bool) {
	for _, m := range q.messages {
		if !m.visible(now) && (!found || m.visibleAt.Before(at)) {
			at, found = m.visibleAt, true
		}
	}
	return at, found
}

// count returns the numbers of the Approximate… attributes.
func (q *queue) count(now time.Time) (visible, inFlight, delayed int) {
	for _, m := range q.messages {
		switch {
		case m.visible(now):
			visible++
		case m.inFlight(now):
			inFlight++
		default:
			delayed++
		}
	}
	return visible, inFlight, delayed
}

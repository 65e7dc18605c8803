package queue

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

type receiveInput struct {
	QueueURL                    string `json:"QueueUrl"`
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
}

type receivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string           `json:",omitempty"`
	MD5OfMessageAttributes string                      `json:",omitempty"`
	MessageAttributes      map[string]MessageAttribute `json:",omitempty"`
}

type receiveOutput struct {
	Messages []receivedMessage `json:",omitempty"`
}

// receipted is a message as one receive took it out: a copy, which the queue's own life doesn't change.
type receipted struct {
	message
	handle string
}

// receiveMessage answers with fewer messages than asked for rather than wait for more, and with none when the
// wait is over: an empty answer is no error.
func (s *Service) receiveMessage(ctx context.Context, in receiveInput) (receiveOutput, error) {
	call := apicall.From(ctx)
	s.mu.Lock()
	q, err := s.open(call, in.QueueURL)
	var o receiveOptions
	if err == nil {
		o, err = q.receiveOptions(in)
	}
	s.mu.Unlock()
	if err != nil {
		return receiveOutput{}, err
	}
	var out receiveOutput
	for _, m := range s.receive(ctx, q, o) {
		out.Messages = append(out.Messages, m.render(in))
	}
	return out, nil
}

type receiveOptions struct {
	most       int
	visibility time.Duration
	wait       time.Duration
	// admit, if not nil, is asked about each message before it is received. False ends the receive, and the message stays.
	admit func(receipted) bool
}

func (q *queue) receiveOptions(in receiveInput) (receiveOptions, error) {
	o := receiveOptions{
		most: 1, visibility: q.seconds("VisibilityTimeout"), wait: q.seconds("ReceiveMessageWaitTimeSeconds"),
	}
	if n := in.MaxNumberOfMessages; n != nil {
		if *n < 1 || *n > maxBatch {
			return o,
				invalidParameter("Value for parameter MaxNumberOfMessages is invalid. Reason: Must be " +
					"between 1 and 10, if provided.")
		}
		o.most = *n
	}
	err := override(&o.visibility, "VisibilityTimeout", in.VisibilityTimeout, limits["VisibilityTimeout"])
	if err == nil {
		err = override(&o.wait, "WaitTimeSeconds", in.WaitTimeSeconds, limits["ReceiveMessageWaitTimeSeconds"])
	}
	return o, err
}

func override(d *time.Duration, name string, seconds *int, l limit) error {
	if seconds == nil {
		return nil
	}
	if *seconds < l.least || *seconds > l.most {
		return invalidParameter("Value for parameter " + name + " is invalid.")
	}
	*d = time.Duration(*seconds) * time.Second
	return nil
}

// receive receives messages. It waits for the first up to the options' time and until the context ends.
func (s *Service) receive(ctx context.Context, q *queue, o receiveOptions) []receipted {
	deadline := time.Now().Add(o.wait)
	for {
		s.mu.Lock()
		now := time.Now()
		taken, refused := s.take(q, o, now)
		wake := q.wake
		next, due := q.nextVisible(now)
		s.mu.Unlock()
		if len(taken) > 0 || refused || !now.Before(deadline) {
			return taken
		}
		if !due || next.After(deadline) {
			next = deadline
		}
		if !sleep(ctx, wake, next.Sub(now)) {
			return nil
		}
	}
}

// sleep reports false when the context ended first.
func sleep(ctx context.Context, wake <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// take hands out visible messages until o.admit refuses one. One that has been received as often as the redrive policy
// lets it moves to the dead-letter queue instead. Callers hold the lock.
func (s *Service) take(q *queue, o receiveOptions, now time.Time) (taken []receipted, refused bool) {
	q.expire(now)
	var exhausted []*message
	for _, m := range q.messages {
		if len(taken) == o.most || refused {
			break
		}
		switch {
		case !m.visible(now):
		case s.exhausted(q, m):
			exhausted = append(exhausted, m)
		default:
			received := *m
			r := received.receive(now, o.visibility)
			if refused = o.admit != nil && !o.admit(r); !refused {
				*m = received
				taken = append(taken, r)
			}
		}
	}
	s.bury(q, exhausted)
	return taken, refused
}

func (m *message) receive(now time.Time, visibility time.Duration) receipted {
	if m.receives == 0 {
		m.firstReceive = now
	}
	m.receives++
	m.visibleAt = now.Add(visibility)
	return receipted{*m, receipt{m.id, m.receives}.String()}
}

// exhausted is false where the dead-letter queue has been deleted: the message then stays and is received again.
func (s *Service) exhausted(q *queue, m *message) bool {
	return q.redrive.after > 0 && m.receives >= q.redrive.after && s.queues[q.redrive.target] != nil
}

// bury keeps the id, the body, the time of sending, which counts towards the dead-letter queue's retention, and the
// number of receives, which goes on there as recorded.
func (s *Service) bury(q *queue, exhausted []*message) {
	if len(exhausted) == 0 {
		return
	}
	buried := map[*message]bool{}
	for _, m := range exhausted {
		buried[m] = true
	}
	q.drop(func(m *message) bool { return buried[m] })
	for _, m := range exhausted {
		m.deadLetterOf = q.arn.String()
		s.queues[q.redrive.target].add(m)
	}
	s.changed.Notify()
}

// render returns the requested parts of a message. The checksum covers the attributes that the receiver sees.
func (m receipted) render(in receiveInput) receivedMessage {
	attributes := m.chosen(in.MessageAttributeNames)
	return receivedMessage{
		MessageID: m.id, ReceiptHandle: m.handle, Body: m.body, MD5OfBody: checksum([]byte(m.body)),
		Attributes:        pick(m.system(), slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)),
		MessageAttributes: attributes, MD5OfMessageAttributes: attributesChecksum(attributes),
	}
}

// system returns SQS's own attributes of a message; times are in milliseconds.
func (m message) system() map[string]string {
	values := map[string]string{
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
		"SenderId":                         m.sender,
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.firstReceive.UnixMilli(), 10),
	}
	if m.deadLetterOf != "" {
		values["DeadLetterQueueSourceArn"] = m.deadLetterOf
	}
	return values
}

// pick leaves of the system attributes those that are asked for by name, or all.
func pick(values map[string]string, names []string) map[string]string {
	if !slices.Contains(names, "All") {
		maps.DeleteFunc(values, func(name, _ string) bool { return !slices.Contains(names, name) })
	}
	return values
}

// chosen is the message's own attributes as the receiver asks for them: All, .*, a name, or a prefix with .*.
func (m message) chosen(names []string) map[string]MessageAttribute {
	chosen := map[string]MessageAttribute{}
	for name, a := range m.attributes {
		if slices.ContainsFunc(names, func(want string) bool { return wants(want, name) }) {
			chosen[name] = a
		}
	}
	return chosen
}

func wants(want, name string) bool {
	prefix, wild := strings.CutSuffix(want, ".*")
	return want == "All" || want == name || (wild && strings.HasPrefix(name, prefix))
}

package queue

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// permission is the action that a policy names: a batch needs the one of its single call.
func permission(action string) string { return strings.TrimSuffix(action, "Batch") }

type sendEntry struct {
	ID                string `json:"Id"`
	MessageBody       string
	DelaySeconds      *int
	MessageAttributes map[string]MessageAttribute
}

type sendMessageInput struct {
	QueueURL string `json:"QueueUrl"`
	sendEntry
}

type sendOutput struct {
	ID                     string `json:"Id,omitempty"`
	MessageID              string `json:"MessageId"`
	MD5OfMessageBody       string
	MD5OfMessageAttributes string `json:",omitempty"`
}

func (s *Service) sendMessage(ctx context.Context, in sendMessageInput) (sendOutput, error) {
	call := apicall.From(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(call, in.QueueURL)
	if err != nil {
		return sendOutput{}, err
	}
	return s.send(q, call.Account, in.sendEntry)
}

// send is one message, alone or of a batch. Callers hold the lock.
func (s *Service) send(q *queue, sender string, in sendEntry) (sendOutput, error) {
	if err := q.checkMessage(in); err != nil {
		return sendOutput{}, err
	}
	delay := q.seconds("DelaySeconds")
	if in.DelaySeconds != nil {
		delay = time.Duration(*in.DelaySeconds) * time.Second
	}
	m := s.put(q, in.MessageBody, in.MessageAttributes, sender, delay)
	return sendOutput{
		ID: in.ID, MessageID: m.id,
		MD5OfMessageBody: checksum([]byte(m.body)), MD5OfMessageAttributes: attributesChecksum(m.attributes),
	}, nil
}

// checkMessage makes the refusals that concern one message:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (q *queue) checkMessage(in sendEntry) error {
	most, _ := strconv.Atoi(q.attributes["MaximumMessageSize"])
	switch {
	case in.MessageBody == "":
		return missingParameter("MessageBody")
	case in.size() > most:
		return invalidParameter(fmt.Sprintf("One or more parameters are invalid. Reason: Message must be "+
			"shorter than %d bytes.", most))
	case in.DelaySeconds != nil && (*in.DelaySeconds < 0 || *in.DelaySeconds > limits["DelaySeconds"].most):
		return invalidParameter("Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.")
	case len(in.MessageAttributes) > maxBatch:
		return invalidParameter("Number of message attributes exceeds the allowed maximum of 10.")
	}
	for name, a := range in.MessageAttributes {
		if !a.valid() {
			return invalidParameter("The message attribute '" + name + "' is invalid.")
		}
	}
	return nil
}

// size counts a message's attributes too, name and type included, as SQS does.
func (in sendEntry) size() int {
	n := len(in.MessageBody)
	for name, a := range in.MessageAttributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

type sendBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []sendEntry
}

// sendMessageBatch holds the sum of its entries to the limit of one message.
func (s *Service) sendMessageBatch(ctx context.Context, in sendBatchInput) (batchOutput[sendOutput], error) {
	call := apicall.From(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(call, in.QueueURL)
	if err != nil {
		return batchOutput[sendOutput]{}, err
	}
	total := 0
	for _, e := range in.Entries {
		total += e.size()
	}
	if most := limits["MaximumMessageSize"].most; total > most {
		return batchOutput[sendOutput]{}, refuse("BatchRequestTooLong",
			fmt.Sprintf("Batch requests cannot be longer than %d bytes.", most))
	}
	return each(in.Entries, func(e sendEntry) string { return e.ID },
		func(e sendEntry) (sendOutput, error) { return s.send(q, call.Account, e) })
}

// receipt is a receipt handle: it is good for one receive of one message.
type receipt struct {
	id       string
	receives int
}

func (r receipt) String() string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", r.id, r.receives))
}

// parseReceipt refuses handles that this cloud can't have issued. A handle of a deleted message is well-formed.
func parseReceipt(handle string) (receipt, error) {
	text, _ := base64.StdEncoding.DecodeString(handle)
	id, count, found := strings.Cut(string(text), ":")
	receives, err := strconv.Atoi(count)
	if !found || err != nil {
		return receipt{}, invalidReceipt(handle)
	}
	return receipt{id, receives}, nil
}

type receiptEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int
}

type receiptInput struct {
	QueueURL string `json:"QueueUrl"`
	receiptEntry
}

type receiptBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []receiptEntry
}

type entryID struct {
	ID string `json:"Id"`
}

func (s *Service) deleteMessage(ctx context.Context, in receiptInput) (empty, error) {
	return empty{}, s.withQueue(ctx, in.QueueURL, func(q *queue) error { return s.remove(q, in.receiptEntry) })
}

func (s *Service) deleteMessageBatch(ctx context.Context, in receiptBatchInput) (out batchOutput[entryID], err error) {
	err = s.withQueue(ctx, in.QueueURL, func(q *queue) error {
		out, err = eachReceipt(in.Entries, func(e receiptEntry) error { return s.remove(q, e) })
		return err
	})
	return out, err
}

func (s *Service) changeVisibility(ctx context.Context, in receiptInput) (empty, error) {
	return empty{}, s.withQueue(ctx, in.QueueURL, func(q *queue) error { return s.postpone(q, in.receiptEntry) })
}

func (s *Service) changeVisibilityBatch(ctx context.Context,
	in receiptBatchInput) (out batchOutput[entryID], err error) {
	err = s.withQueue(ctx, in.QueueURL, func(q *queue) error {
		out, err = eachReceipt(in.Entries, func(e receiptEntry) error { return s.postpone(q, e) })
		return err
	})
	return out, err
}

func eachReceipt(entries []receiptEntry, do func(receiptEntry) error) (batchOutput[entryID], error) {
	return each(entries, func(e receiptEntry) string { return e.ID },
		func(e receiptEntry) (entryID, error) { return entryID{e.ID}, do(e) })
}

// withQueue does something with a queue that the caller names, under the lock.
func (s *Service) withQueue(ctx context.Context, url string, do func(*queue) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(apicall.From(ctx), url)
	if err != nil {
		return err
	}
	return do(q)
}

// remove succeeds also for a message that is gone. With the handle of an earlier receive it succeeds and
// leaves the message, which SQS documents as possible:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
func (s *Service) remove(q *queue, in receiptEntry) error {
	r, err := parseReceipt(in.ReceiptHandle)
	if err != nil {
		return err
	}
	q.drop(func(m *message) bool { return m.id == r.id && m.receives == r.receives })
	s.changed.Notify()
	return nil
}

// postpone changes when a message becomes visible; 0 seconds mean now. As recorded, the handle of the latest receive is
// good for it also after the visibility timeout, which the guide doesn't mention: the message is in flight again.
func (s *Service) postpone(q *queue, in receiptEntry) error {
	r, err := parseReceipt(in.ReceiptHandle)
	if err != nil {
		return err
	}
	most := limits["VisibilityTimeout"].most
	if in.VisibilityTimeout == nil || *in.VisibilityTimeout < 0 || *in.VisibilityTimeout > most {
		return invalidParameter(fmt.Sprintf("VisibilityTimeout must be from 0 to %d.", most))
	}
	now := time.Now()
	m := q.find(r.id)
	if m == nil || m.receives != r.receives {
		return refuse("MessageNotInflight", "The message referred to isn't in flight.")
	}
	m.visibleAt = now.Add(time.Duration(*in.VisibilityTimeout) * time.Second)
	q.notify()
	return nil
}

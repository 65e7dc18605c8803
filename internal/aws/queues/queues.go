// Package queues sends messages to the functions' SQS queues and postpones messages that failed.
package queues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Queues are the queues of a cell that a function uses.
type Queues struct {
	client *sqs.Client
	urls   map[function.Name]string
}

// New returns the queues with the URLs, one for each function to which messages are sent.
func New(client *sqs.Client, urls map[function.Name]string) *Queues {
	return &Queues{client: client, urls: urls}
}

// Send sends messages to the function's queue. After an error, which is always Retryable, some of them may have
// been sent.
func (q *Queues) Send(ctx context.Context, to function.Name, messages ...[]byte) error {
	return q.SendLater(ctx, to, 0, messages...)
}

// atOnce and bytesAtOnce are the number of messages that SQS accepts in one call, and the size of all of them that it
// has accepted everywhere since before it accepted more.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const (
	atOnce      = 10
	bytesAtOnce = 256 << 10
)

// SendLater sends messages to the function's queue, which delivers them after the delay, in whole seconds and at
// most 15 minutes. After an error, which is always Retryable, some of them may have been sent: a call that SQS refuses
// keeps no other from being made.
func (q *Queues) SendLater(ctx context.Context, to function.Name, delay time.Duration, messages ...[]byte) error {
	var faults []error
	for len(messages) > 0 {
		n := together(messages)
		faults = append(faults, q.send(ctx, q.urls[to], delay, messages[:n]))
		messages = messages[n:]
	}
	return errors.Join(faults...)
}

// together returns the number of the first messages that fit into one call, at least one.
func together(messages [][]byte) int {
	n, size := 0, 0
	for ; n < min(len(messages), atOnce); n++ {
		if size += len(messages[n]); n > 0 && size > bytesAtOnce {
			break
		}
	}
	return n
}

func (q *Queues) send(ctx context.Context, url string, delay time.Duration, messages [][]byte) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(url)}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(m)), DelaySeconds: int32(delay.Seconds()),
		})
	}
	out, err := q.client.SendMessageBatch(ctx, in)
	if err != nil {
		return fmt.Errorf("send to %s: %w", url, err)
	}
	return refused(url, out.Failed)
}

// refused returns an error for the entries that SQS didn't accept although the call succeeded.
func refused(url string, failed []types.BatchResultErrorEntry) error {
	var all []error
	for _, f := range failed {
		all = append(all, fmt.Errorf("%s: %s: %s", url, aws.ToString(f.Code), aws.ToString(f.Message)))
	}
	return errors.Join(all...)
}

// Source is the queue that feeds a function.
type Source struct {
	client *sqs.Client
	url    string
}

// NewSource returns the queue with the URL.
func NewSource(client *sqs.Client, url string) *Source { return &Source{client: client, url: url} }

// Hide makes received messages visible again after d, in whole seconds. After an error, which is always Retryable,
// some of them may be hidden.
func (s *Source) Hide(ctx context.Context, d time.Duration, receiptHandles ...string) error {
	var tasks []parallel.Task
	for some := range slices.Chunk(receiptHandles, atOnce) {
		tasks = append(tasks, func(ctx context.Context) error { return s.hide(ctx, d, some) })
	}
	return parallel.Do(ctx, tasks...)
}

func (s *Source) hide(ctx context.Context, d time.Duration, receiptHandles []string) error {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(s.url)}
	for i, handle := range receiptHandles {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(handle), VisibilityTimeout: int32(d.Seconds()),
		})
	}
	out, err := s.client.ChangeMessageVisibilityBatch(ctx, in)
	if err != nil {
		return err
	}
	return refused(s.url, out.Failed)
}

// Package dispatch puts messages on the queues of functions, as a sweep does for those who are to repair what it
// has found.
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
)

// Queues are the URLs of a cell's queues.
type Queues struct {
	client *sqs.Client
	own    string
	others map[function.Name]string
}

// New returns the queues with these URLs; own is the sender's.
func New(client *sqs.Client, own string, others map[function.Name]string) *Queues {
	return &Queues{client: client, own: own, others: others}
}

// Tell puts messages on a function's queue. After an error some of them may be there.
func (q *Queues) Tell(ctx context.Context, who function.Name, messages ...[]byte) error {
	return q.send(ctx, q.others[who], 0, messages)
}

// TellMyself puts messages on the sender's own queue, from which they are delivered later: by 15 minutes at most.
func (q *Queues) TellMyself(ctx context.Context, after time.Duration, messages ...[]byte) error {
	return q.send(ctx, q.own, after, messages)
}

// SQS takes ten messages, and one megabyte, at once; what is sent here has some hundreds of bytes, or as much as
// a message may have.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const atOnce = 10

func (q *Queues) send(ctx context.Context, url string, after time.Duration, messages [][]byte) error {
	for some := range slices.Chunk(messages, atOnce) {
		in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(url)}
		for i, m := range some {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(m)), DelaySeconds: int32(after.Seconds()),
			})
		}
		out, err := q.client.SendMessageBatch(ctx, in)
		if err != nil {
			return fmt.Errorf("send to %s: %w", url, err)
		}
		if err := refused(url, out.Failed); err != nil {
			return err
		}
	}
	return nil
}

// refused gathers the entries that SQS didn't take although the call succeeded.
func refused(url string, failed []types.BatchResultErrorEntry) error {
	var all []error
	for _, f := range failed {
		all = append(all, fmt.Errorf("send to %s: %s: %s", url, aws.ToString(f.Code), aws.ToString(f.Message)))
	}
	return errors.Join(all...)
}

package queues

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// SQS is the queue that feeds the function.
type SQS struct {
	client *sqs.Client
	url    string
}

// NewSQS returns the queue with the URL.
func NewSQS(client *sqs.Client, url string) *SQS { return &SQS{client: client, url: url} }

// Hide makes the message visible again after d, in whole seconds.
func (q *SQS) Hide(ctx context.Context, receiptHandle string, d time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: aws.String(q.url), ReceiptHandle: aws.String(receiptHandle), VisibilityTimeout: int32(d.Seconds()),
	})
	return err
}

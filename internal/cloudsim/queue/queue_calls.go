package queue

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
}

type queueURL struct {
	QueueURL string `json:"QueueUrl"`
}

type empty struct{}

// createQueue answers a repetition with the queue that is there, if the attributes given are as they are.
func (s *Service) createQueue(ctx context.Context, in createQueueInput) (queueURL, error) {
	caller := apicall.From(ctx).Caller
	if in.QueueName == "" {
		return queueURL{}, missingParameter("QueueName")
	}
	if strings.HasSuffix(in.QueueName, ".fifo") || in.Attributes["FifoQueue"] != "" {
		return queueURL{}, invalidParameter("The embedded cloud has standard queues only.")
	}
	if !validName.MatchString(in.QueueName) {
		return queueURL{},
			invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := arn{region: caller.Region, account: caller.Account, name: in.QueueName}
	if q := s.queues[name]; q != nil {
		if sameAttributes(q, in.Attributes) {
			return queueURL{name.url()}, nil
		}
		e := refuse("QueueNameExists", "A queue already exists with the same name and a different value for an attribute.")
		e.QueryCode = "QueueAlreadyExists"
		return queueURL{}, e
	}
	if deleted, found := s.deleted[name]; found && time.Since(deleted) < nameInterval {
		return queueURL{}, refuse("QueueDeletedRecently",
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	q := &queue{arn: name, attributes: map[string]string{}, created: time.Now(), wake: make(chan struct{})}
	q.setDefaults()
	if err := s.configure(q, in.Attributes); err != nil {
		return queueURL{}, err
	}
	s.queues[name] = q
	return queueURL{name.url()}, nil
}

// nameInterval is how long SQS refuses to create a queue with the name of one that was deleted.
const nameInterval = 60 * time.Second

// deleteQueue takes the messages along. SQS takes up to 60 seconds for it and this cloud none.
func (s *Service) deleteQueue(ctx context.Context, in queueURL) (empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(apicall.From(ctx), in.QueueURL)
	if err != nil {
		return empty{}, err
	}
	delete(s.queues, q.arn)
	s.deleted[q.arn] = time.Now()
	q.messages = nil
	q.notify()
	s.changed.Notify()
	return empty{}, nil
}

// FreeName lets a queue be created with the ARN of one that was deleted, without the wait that SQS demands.
func (s *Service) FreeName(queueARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	delete(s.deleted, name)
}

type getQueueURLInput struct {
	QueueName              string
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId"`
}

// getQueueURL finds another account's queue too, if that queue's policy lets it.
func (s *Service) getQueueURL(ctx context.Context, in getQueueURLInput) (queueURL, error) {
	call := apicall.From(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	owner := cmp.Or(in.QueueOwnerAWSAccountID, call.Account)
	q, err := s.open(call, arn{region: call.Region, account: owner, name: in.QueueName}.url())
	if err != nil {
		return queueURL{}, err
	}
	return queueURL{q.arn.url()}, nil
}

type getQueueAttributesInput struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

type attributesOutput struct {
	Attributes map[string]string `json:"Attributes,omitempty"`
}

func (s *Service) getQueueAttributes(ctx context.Context, in getQueueAttributesInput) (attributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(apicall.From(ctx), in.QueueURL)
	if err != nil {
		return attributesOutput{}, err
	}
	now := time.Now()
	q.expire(now)
	values, err := q.describe(in.AttributeNames, now)
	return attributesOutput{values}, err
}

type setQueueAttributesInput struct {
	QueueURL   string `json:"QueueUrl"`
	Attributes map[string]string
}

// setQueueAttributes takes effect at once; SQS gives itself up to 60 seconds.
func (s *Service) setQueueAttributes(ctx context.Context, in setQueueAttributesInput) (empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(apicall.From(ctx), in.QueueURL)
	if err != nil {
		return empty{}, err
	}
	return empty{}, s.configure(q, in.Attributes)
}

type listQueuesInput struct {
	QueueNamePrefix string
	MaxResults      int
	NextToken       string
}

type listQueuesOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:"NextToken,omitempty"`
}

// listQueues shows the caller's own queues of the region called, in order of name.
func (s *Service) listQueues(ctx context.Context, in listQueuesInput) (listQueuesOutput, error) {
	const most = 1000
	caller := apicall.From(ctx).Caller
	from, _ := strconv.Atoi(in.NextToken)
	s.mu.Lock()
	defer s.mu.Unlock()
	var urls []string
	for name := range s.queues {
		if name.account == caller.Account && name.region == caller.Region &&
			strings.HasPrefix(name.name, in.QueueNamePrefix) {
			urls = append(urls, name.url())
		}
	}
	slices.Sort(urls)
	urls = urls[min(max(from, 0), len(urls)):]
	size := cmp.Or(in.MaxResults, most)
	if size < 1 || size > most {
		return listQueuesOutput{}, invalidParameter("MaxResults must be from 1 to 1000.")
	}
	if len(urls) <= size {
		return listQueuesOutput{QueueURLs: urls}, nil
	}
	return listQueuesOutput{QueueURLs: urls[:size], NextToken: strconv.Itoa(from + size)}, nil
}

// purgeInterval is how long SQS refuses to purge a queue again.
const purgeInterval = 60 * time.Second

// purgeQueue also drops messages in flight. SQS takes up to 60 seconds for it, this cloud none.
func (s *Service) purgeQueue(ctx context.Context, in queueURL) (empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.open(apicall.From(ctx), in.QueueURL)
	if err != nil {
		return empty{}, err
	}
	if time.Since(q.purged) < purgeInterval {
		return empty{}, refuse("PurgeQueueInProgress",
			"Only one PurgeQueue operation on "+q.arn.name+" is allowed every 60 seconds.")
	}
	q.purged = time.Now()
	q.messages = nil
	s.changed.Notify()
	return empty{}, nil
}

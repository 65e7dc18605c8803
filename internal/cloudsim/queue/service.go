// Package queue implements the embedded cloud's SQS, standard queues only, and Lambda's event source mappings, which
// deliver the messages of a queue to a function.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/cloudsim/notifier"
)

// Options configure a Service; the zero value has no shared notifier.
type Options struct {
	Notifier *notifier.Notifier // notified whenever a message or a function's invocation comes or goes
	IAM      *iam.Registry      // nil knows no roles
	Switches Switches
}

// Switches decide questions that AWS's documentation leaves open. Their zero values are the likelier answers; a client
// must live with both.
type Switches struct {
	// LowTrafficWindow lets a mapping with a batching window gather for at least 20 seconds, which Lambda may do in a
	// queue with little traffic.
	LowTrafficWindow bool
}

// Service is SQS for all accounts and regions.
type Service struct {
	changed  *notifier.Notifier
	iam      *iam.Registry
	switches Switches
	protocol awsjson.Service

	mu      sync.Mutex
	queues  map[arn]*queue
	deleted map[arn]time.Time // the latest deletion of each name
	pollers []*Poller
	tasks   []*moveTask // the oldest first

	mappings []named // that Lambda's API shows

	lifetime context.Context // of the tasks: ends at Close
	end      context.CancelFunc
	moving   sync.WaitGroup
}

// New returns an SQS without queues. Close stops its event source mappings.
func New(o Options) *Service {
	if o.Notifier == nil {
		o.Notifier = &notifier.Notifier{}
	}
	s := &Service{
		changed: o.Notifier, iam: o.IAM, switches: o.Switches, queues: map[arn]*queue{}, deleted: map[arn]time.Time{},
	}
	s.lifetime, s.end = context.WithCancel(context.Background())
	s.protocol = awsjson.Service{Version: "1.0", Allow: s.allow, Actions: map[string]awsjson.Action{
		"CreateQueue":                  awsjson.Write(s.createQueue),
		"DeleteQueue":                  awsjson.Write(s.deleteQueue),
		"GetQueueUrl":                  awsjson.Read(s.getQueueURL),
		"GetQueueAttributes":           awsjson.Read(s.getQueueAttributes),
		"SetQueueAttributes":           awsjson.Write(s.setQueueAttributes),
		"ListQueues":                   awsjson.Read(s.listQueues),
		"PurgeQueue":                   awsjson.Write(s.purgeQueue),
		"SendMessage":                  awsjson.Write(s.sendMessage),
		"SendMessageBatch":             awsjson.Write(s.sendMessageBatch),
		"ReceiveMessage":               awsjson.Write(s.receiveMessage),
		"DeleteMessage":                awsjson.Write(s.deleteMessage),
		"DeleteMessageBatch":           awsjson.Write(s.deleteMessageBatch),
		"ChangeMessageVisibility":      awsjson.Write(s.changeVisibility),
		"ChangeMessageVisibilityBatch": awsjson.Write(s.changeVisibilityBatch),
		"StartMessageMoveTask":         awsjson.Write(s.startMove),
		"ListMessageMoveTasks":         awsjson.Read(s.listMoves),
		"CancelMessageMoveTask":        awsjson.Write(s.cancelMove),
	}}
	return s
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.protocol.ServeHTTP(w, r) }

// Close stops all event source mappings and redrives, and waits for the functions that the mappings invoked.
func (s *Service) Close() {
	s.end()
	s.moving.Wait()
	s.mu.Lock()
	pollers := s.pollers
	s.mu.Unlock()
	for _, p := range pollers {
		p.Stop()
	}
}

// Settled reports whether the mapped functions have nothing to do: none is running, and no queue with a
// mapping that polls has a message, visible or not. A queue without one, such as a dead-letter queue, doesn't count.
func (s *Service) Settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pollers {
		if p.running > 0 {
			return false
		}
	}
	for _, q := range s.queues {
		q.expire(time.Now())
		if q.consumers > 0 && len(q.messages) > 0 {
			return false
		}
	}
	return true
}

// Source is the service, and its resource, that delivers a message on behalf of an account.
type Source struct {
	Service string // events.amazonaws.com
	ARN     string // of the rule
	Account string // of the rule
}

// Deliver puts another service's message into a queue. Unlike an account's own call it always needs the queue
// policy's permission. The error is ErrNoQueue or ErrNoPermissions.
func (s *Service) Deliver(queueARN string, from Source, body string, attributes map[string]MessageAttribute) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	q := s.queues[name]
	if q == nil {
		return ErrNoQueue
	}
	err := s.iam.Authorize(iam.Request{
		Principal: iam.Principal{Service: from.Service}, Action: "sqs:SendMessage", Resource: queueARN, Owner: name.account,
		Keys: iam.Keys{"aws:SourceArn": {from.ARN}, "aws:SourceAccount": {from.Account}},
	}, q.policy)
	if err != nil {
		return ErrNoPermissions
	}
	s.put(q, body, attributes, from.Service, q.seconds("DelaySeconds"))
	return nil
}

// put adds a new message. Callers hold the lock.
func (s *Service) put(q *queue, body string, attributes map[string]MessageAttribute, sender string,
	delay time.Duration) *message {
	now := time.Now()
	m := &message{
		id: apicall.UUID(), body: body, attributes: attributes, sender: sender, sent: now, visibleAt: now.Add(delay),
	}
	q.add(m)
	s.changed.Notify()
	return m
}

// open finds the queue that a caller names by its URL and checks that it may do this with it.
// Callers hold the lock.
func (s *Service) open(call *apicall.Call, url string) (*queue, error) {
	if url == "" {
		return nil, missingParameter("QueueUrl")
	}
	name, ok := parseURL(url, call.Caller)
	q := s.queues[name]
	if !ok || q == nil {
		return nil, noQueue()
	}
	if err := s.permits(call, q); err != nil {
		return nil, accessDenied(err)
	}
	return q, nil
}

// permits asks the policies of the caller's role and of the queue. SQS writes the action in lower case when it
// refuses; policies are compared without regard to case.
func (s *Service) permits(call *apicall.Call, q *queue) error {
	return s.iam.Authorize(iam.Request{
		Principal: iam.Principal{Account: call.Account, ARN: call.ARN},
		Action:    "sqs:" + strings.ToLower(permission(call.Action)), Resource: q.arn.String(), Owner: q.arn.account,
		Keys: iam.Keys{"aws:SecureTransport": {strconv.FormatBool(!call.Plaintext)}},
	}, q.policy)
}

// allow asks for calls that are not about a queue that is there already.
func (s *Service) allow(ctx context.Context, action string, body []byte) error {
	call := apicall.From(ctx)
	var in struct{ QueueName string }
	switch action {
	case "CreateQueue":
		_ = json.Unmarshal(body, &in) // the action itself reports a mistake
	case "ListQueues":
		in.QueueName = "*"
	default:
		return nil
	}
	name := arn{region: call.Region, account: call.Account, name: in.QueueName}
	if err := s.permits(call, &queue{arn: name}); err != nil {
		return accessDenied(err)
	}
	return nil
}

// MayPoll returns an error if a function's role doesn't allow Lambda to poll the queue:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
func (s *Service) MayPoll(roleARN, queueARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	q := s.queues[name]
	if q == nil {
		return ErrNoQueue
	}
	who := iam.PrincipalOf(roleARN)
	for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		call := &apicall.Call{Action: action, Caller: apicall.Caller{Account: who.Account, ARN: roleARN}}
		if err := s.permits(call, q); err != nil {
			return fmt.Errorf("the provided execution role does not have permissions to call %s on SQS: %w", action, err)
		}
	}
	return nil
}

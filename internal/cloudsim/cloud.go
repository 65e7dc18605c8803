// Package cloudsim provides the embedded cloud: EC2, EventBridge, SQS, S3, Systems Manager, IAM, CloudTrail and
// Lambda's event source mappings for any number of accounts and Regions, behind AWS's own wire protocols. It is a test
// bench with the calls that autopeer's code makes, and imports nothing else of autopeer.
package cloudsim

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/cloudsim/notifier"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/cloudsim/s3"
)

// Options configure a Cloud. The zero value is a cloud where everything happens once and at once.
type Options struct {
	// EC2 makes the EC2 that reports its mutating calls to the trail. Nil makes a cloud without EC2.
	EC2 func(trail apicall.Trail) http.Handler
	// Events configures EventBridge and CloudTrail; its Queues, Notifier and IAM are set by New.
	Events events.Options
	Queues queue.Switches
}

// Cloud is an http.RoundTripper, for clients in the same process, and an http.Handler, for those that need
// an endpoint. The account, region and service of a request are those of its signature's credential scope;
// the signature itself isn't verified, so any secret will do.
type Cloud struct {
	EC2    http.Handler
	Events *events.Service
	Queues *queue.Service
	S3     *s3.Service
	IAM    *iam.Registry

	services map[string]service
	changed  notifier.Notifier

	mu        sync.Mutex
	keys      map[string]key // minted, by access key id
	calls     []apicall.Call
	claims    map[PhysicalID]string // the stack of each resource
	injectors []*injector
}

// New returns an empty cloud. Close ends its background work.
func New(o Options) *Cloud {
	c := &Cloud{keys: map[string]key{}, claims: map[PhysicalID]string{}, IAM: iam.NewRegistry()}
	c.Queues = queue.New(queue.Options{Notifier: &c.changed, IAM: c.IAM, Switches: o.Queues})
	o.Events.Queues, o.Events.Notifier, o.Events.IAM = c.Queues, &c.changed, c.IAM
	c.Events = events.New(o.Events)
	c.S3 = s3.New(c.IAM)
	if o.EC2 != nil {
		c.EC2 = o.EC2(c.Events.Trail)
	}
	c.services = c.endpoints()
	return c
}

// Close stops event source mappings, waiting for the functions that they invoked, and drops the events that
// haven't been delivered. It leaves no goroutine behind.
func (c *Cloud) Close() {
	c.Queues.Close()
	c.Events.Close()
}

// Settle waits until nothing is under way: no event on its way to a target, no message in a queue that a mapping polls,
// no invocation. It also waits for work that is only due later, such as a message that becomes visible after its
// visibility timeout, but not for messages in queues that no mapping polls. It returns the context's error if that ends
// first.
func (c *Cloud) Settle(ctx context.Context) error {
	return c.changed.WaitUntil(ctx, func() bool { return c.Events.Settled() && c.Queues.Settled() })
}

// Calls is the log of all requests so far, in the order in which they were answered.
func (c *Cloud) Calls() []apicall.Call { return c.Since(0) }

// Mark remembers a place in the log, for Since.
func (c *Cloud) Mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls)
}

// Since is the part of the log after a Mark.
func (c *Cloud) Since(mark int) []apicall.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls[mark:])
}

func (c *Cloud) log(call apicall.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

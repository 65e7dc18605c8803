// Package local deploys the cells of a policy on the embedded cloud: from the CDK app's templates with the functions as
// processes, or quickly, from the same rules, with the functions in this process.
package local

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/bus"
	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Cell is one deployed cell.
type Cell struct {
	naming
	// Mappings bring messages to the functions; pausing one holds its function back.
	Mappings map[function.Name]*queue.Poller
	// DeadLetters are the URLs of the dead-letter queues.
	DeadLetters map[function.Name]string
	// Bus is the stack with the event bus, and Stack the one with the functions; nil where the functions run in this
	// process.
	Bus, Stack *cfn.Stack

	missed, invocations atomic.Int64
	watch               *queue.Poller // nil without a watcher
}

// Config returns the SDK's configuration for a principal of the cell on the embedded cloud. Its retryer is the
// functions' own but for two things. It doesn't learn EC2's rate: rounding makes that sleep for no time at all, over
// and over, which on a test's virtual clock never ends. And its pauses aren't random: on that clock, calls that fail at
// one instant would draw them in an order that is up to Go's scheduler.
func Config(cloud *cloudsim.Cloud, cell peering.Cell, accessKeyID string) aws.Config {
	return aws.Config{
		Region:      string(cell.Region),
		Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, "any", ""),
		HTTPClient:  &http.Client{Transport: cloud},
		Retryer:     func() aws.Retryer { return retry.NewStandard(bootstrap.Patient, steadily) },
	}
}

// steadily makes each pause the mean of the pauses that the SDK draws.
func steadily(o *retry.StandardOptions) {
	o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
		return min(time.Second<<attempt/2, retry.DefaultMaxBackoff), nil
	})
}

// EC2 returns a client with the credentials of the cell's account.
func EC2(cloud *cloudsim.Cloud, cell peering.Cell) *ec2.Client {
	return ec2.NewFromConfig(Config(cloud, cell, string(cell.Account)))
}

// Deploy deploys all cells of the policy with functions in this process, which can run on a virtual clock. It
// takes no template and enforces no role. Watch, if not nil, is given every event that autopeer announces; fate, if
// not nil, decides over the lives of functions.
func Deploy(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, by peering.Installation, watch Watch,
	fate Fate) ([]*Cell, error) {
	var cells []*Cell
	for _, c := range p.Cells() { // all buses first: a rule can't forward to one that isn't there
		if err := (naming{c, by}).makeBus(ctx, cloud, p); err != nil {
			return nil, fmt.Errorf("deploy %s: %w", c, err)
		}
	}
	for _, c := range p.Cells() {
		cell, err := deploy(ctx, cloud, p, naming{c, by}, fate)
		if err == nil && watch != nil {
			err = cell.watchBus(ctx, cloud, watch)
		}
		if err != nil {
			return nil, fmt.Errorf("deploy %s: %w", c, err)
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// Undeploy removes rules, buses and mappings of cells whose functions run in this process. The queues stay, with
// their messages, for the next Deploy.
func Undeploy(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, cells []*Cell) error {
	for _, c := range cells {
		for _, f := range function.All { // in order: each stop waits for the function's present invocation
			c.Mappings[f].Stop()
		}
	}
	return removeRules(ctx, cloud, p, cells)
}

// Supersede does the same, but for invocations that are under way: they go on beside the next Deploy's, as on AWS. The
// function that it returns blocks until they have ended.
func Supersede(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, cells []*Cell) (ended func(), err error) {
	for _, c := range cells {
		for _, f := range function.All {
			c.Mappings[f].Pause()
		}
	}
	return func() {
		for _, c := range cells {
			for _, f := range function.All {
				c.Mappings[f].Drain()
			}
		}
	}, removeRules(ctx, cloud, p, cells)
}

func removeRules(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, cells []*Cell) error {
	for _, c := range cells {
		if c.watch != nil {
			c.watch.Stop()
		}
		if err := c.removeRules(ctx, eventbridge.NewFromConfig(Config(cloud, c.Cell, string(c.Account))), p); err != nil {
			return fmt.Errorf("undeploy %s: %w", c.Cell, err)
		}
	}
	return nil
}

func deploy(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, n naming, fate Fate) (*Cell, error) {
	cfg := Config(cloud, n.Cell, string(n.Account))
	made := &Cell{naming: n, Mappings: map[function.Name]*queue.Poller{}, DeadLetters: map[function.Name]string{}}
	client := sqs.NewFromConfig(cfg)
	urls := map[function.Name]string{}
	for _, f := range function.All {
		dead, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(n.queue(f) + "-dead-letters")})
		if err != nil {
			return nil, err
		}
		made.DeadLetters[f] = *dead.QueueUrl
		if urls[f], err = n.makeQueue(ctx, client, f); err != nil {
			return nil, err
		}
	}
	for _, f := range function.All {
		var err error
		if made.Mappings[f], err = made.start(cloud, p.ForCell(n.Cell, n.By), f, urls, fate); err != nil {
			return nil, err
		}
	}
	if err := n.makeRules(ctx, eventbridge.NewFromConfig(cfg), p); err != nil {
		return nil, err
	}
	stack := cfn.NewOperation(cloud, string(n.Account), string(n.Region), wiring.StackName(string(n.By), n.Cell))
	return made, stack.Report(cfn.CreateComplete, "") // CloudFormation would be done by now
}

// start runs a function in this process, with credentials of its own, and feeds it from its queue.
func (c *Cell) start(cloud *cloudsim.Cloud, p *policy.Policy, f function.Name, urls map[function.Name]string,
	fate Fate) (*queue.Poller, error) {
	role := fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", c.Account, wiring.RoleName(c.By, f, c.Cell), f)
	key, _ := cloud.Mint(string(c.Account), role)
	cfg := Config(cloud, c.Cell, key)
	begin := func(h lambdasqs.Handle) lambdasqs.Handle { return h }
	if fate != nil {
		cfg.HTTPClient = &http.Client{Transport: fated{cloud, fate}}
		begin = inOrder
	}
	messages := sqs.NewFromConfig(cfg)
	handle := Handlers(c.Cell, p, Edges{
		Network: ec2net.New(ec2.NewFromConfig(cfg)),
		Bus:     bus.New(eventbridge.NewFromConfig(cfg), string(c.By), time.Now, nil),
		Queues:  queues.New(messages, urls),
		Missed:  func(events int) { c.missed.Add(int64(events)) }, SweepInterval: wiring.DefaultSweepInterval,
	})[f]
	handler := lambdasqs.Handler(func() {}, queues.NewSource(messages, urls[f]), func(int) {}, begin(handle))
	return cloud.Queues.Map(c.arn("sqs", c.queue(f)), queue.Mapping{
		BatchSize: wiring.BatchSize(f), Window: wiring.Window(f), MaxConcurrency: wiring.MaxConcurrency,
		ReportBatchItemFailures: true, Timeout: wiring.FunctionTimeout,
	}, mortal{lambda.NewHandler(handler), c, f})
}

// inOrder begins the work of a batch at different instants: of work that begins at one, Go's scheduler would decide
// which is first, so that a run on a virtual clock couldn't be repeated.
func inOrder(handle lambdasqs.Handle) lambdasqs.Handle {
	return func(ctx context.Context, h hint.Hint) error {
		name := fnv.New32a()
		_, _ = fmt.Fprint(name, h.Key())
		time.Sleep(time.Duration(name.Sum32() % uint32(time.Millisecond)))
		return handle(ctx, h)
	}
}

// Missed is how many events sweeps have missed; only of functions in this process.
func (c *Cell) Missed() int { return int(c.missed.Load()) }

// Hold keeps the function of every cell from being invoked until the returned function is called.
func Hold(cells []*Cell, f function.Name) (release func()) {
	for _, c := range cells {
		c.Mappings[f].Pause()
	}
	return func() {
		for _, c := range slices.Clone(cells) {
			c.Mappings[f].Resume()
		}
	}
}

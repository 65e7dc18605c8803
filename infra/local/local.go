// Package local stands up the cells of a policy on the embedded cloud: as the CDK app's templates have them, with
// functions that are processes, or quickly and from the same wiring, with functions in this process.
package local

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/infra/wiring"
	"github.com/autopeer/autopeer/internal/accept"
	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/config"
	"github.com/autopeer/autopeer/internal/connect"
	"github.com/autopeer/autopeer/internal/disconnect"
	"github.com/autopeer/autopeer/internal/ec2net"
	"github.com/autopeer/autopeer/internal/lambdasqs"
	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/policy"
)

// Cell is one deployed cell.
type Cell struct {
	peering.Cell
	// Mappings bring messages to the functions; pausing one holds its function back.
	Mappings map[wiring.Function]*queue.Poller
	// DeadLetters are the URLs of the dead-letter queues.
	DeadLetters map[wiring.Function]string
	// Stack has what the template has made; nil where the functions run in this process.
	Stack *cfn.Stack
}

// Config returns the SDK's configuration for a principal of the cell on the embedded cloud. Its retryer is
// the functions' own but for the learning of EC2's rate: rounding makes that sleep for no time at all, over
// and over, which on a test's virtual clock never ends.
func Config(cloud *cloudsim.Cloud, cell peering.Cell, accessKeyID string) aws.Config {
	return aws.Config{
		Region:      string(cell.Region),
		Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, "any", ""),
		HTTPClient:  &http.Client{Transport: cloud},
		Retryer:     func() aws.Retryer { return retry.NewStandard(config.Patient) },
	}
}

// EC2 returns a client with the credentials of the cell's account.
func EC2(cloud *cloudsim.Cloud, cell peering.Cell) *ec2.Client {
	return ec2.NewFromConfig(Config(cloud, cell, string(cell.Account)))
}

// Deploy deploys all cells of the policy with functions in this process, which can run on a virtual clock. It
// takes no template and enforces no role. Watch, if not nil, is given every event that autopeer announces.
func Deploy(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, watch Watch) ([]*Cell, error) {
	var cells []*Cell
	for _, c := range p.Cells() { // all buses first: a rule can't forward to one that isn't there
		if err := makeBus(ctx, cloud, p, c); err != nil {
			return nil, fmt.Errorf("deploy %s: %w", c, err)
		}
	}
	for _, c := range p.Cells() {
		cell, err := deploy(ctx, cloud, p, c)
		if err == nil && watch != nil {
			err = watchBus(ctx, cloud, c, watch)
		}
		if err != nil {
			return nil, fmt.Errorf("deploy %s: %w", c, err)
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

func deploy(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, cell peering.Cell) (*Cell, error) {
	cfg := Config(cloud, cell, string(cell.Account))
	made := &Cell{Cell: cell, Mappings: map[wiring.Function]*queue.Poller{}, DeadLetters: map[wiring.Function]string{}}
	queues := sqs.NewFromConfig(cfg)
	for _, f := range wiring.Functions {
		dead, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(queueName(f) + "-dead-letters")})
		if err != nil {
			return nil, err
		}
		made.DeadLetters[f] = *dead.QueueUrl
		url, err := makeQueue(ctx, queues, cell, queueName(f))
		if err != nil {
			return nil, err
		}
		if made.Mappings[f], err = start(cloud, p.Part(cell), cell, f, url); err != nil {
			return nil, err
		}
	}
	return made, makeRules(ctx, eventbridge.NewFromConfig(cfg), p, cell)
}

func queueName(f wiring.Function) string { return wiring.DefaultPrefix + "-" + string(f) }

// start runs a function in this process, with credentials of its own, and feeds it from its queue.
func start(cloud *cloudsim.Cloud, p *policy.Policy, cell peering.Cell, f wiring.Function, queueURL string) (*queue.Poller, error) {
	role := fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s-%s/%s", cell.Account, wiring.DefaultPrefix, f, f)
	key, _ := cloud.Mint(string(cell.Account), role)
	cfg := Config(cloud, cell, key)
	network := ec2net.New(ec2.NewFromConfig(cfg))
	bus := announce.New(eventbridge.NewFromConfig(cfg), wiring.DefaultPrefix, time.Now)
	handle := map[wiring.Function]lambdasqs.Handle{
		wiring.Accept:     accept.New(cell, p, network, bus, time.Now).Handle,
		wiring.Connect:    connect.New(cell, p, network, bus, time.Now).Handle,
		wiring.Disconnect: disconnect.New(cell, p, network, bus, time.Now).Handle,
	}[f]
	handler := lambdasqs.Handler(func() {}, lambdasqs.NewSQS(sqs.NewFromConfig(cfg), queueURL), handle)
	return cloud.Queues.Map(arn("sqs", cell, queueName(f)), queue.Mapping{
		BatchSize: wiring.BatchSize, MaxConcurrency: wiring.MaxConcurrency,
		ReportBatchItemFailures: true, Timeout: wiring.FunctionTimeout,
	}, lambda.NewHandler(handler))
}

func arn(service string, cell peering.Cell, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, cell.Region, cell.Account, resource)
}

// Hold keeps the function of every cell from being invoked until the returned function is called.
func Hold(cells []*Cell, f wiring.Function) (release func()) {
	for _, c := range cells {
		c.Mappings[f].Pause()
	}
	return func() {
		for _, c := range slices.Clone(cells) {
			c.Mappings[f].Resume()
		}
	}
}

package iammutations_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/aws/bus"
	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	simec2 "github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/sandbox"
)

var (
	one = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	two = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	// three has a department without a peering, and its stacks aren't mutated.
	three = peering.Cell{Account: "333333333333", Region: "us-west-2"}
)

// company is two cells with three departments each and a VPC that the policy doesn't name. One department of each cell
// may request a connection to one of the other cell. A third cell shares no peering with them. A person approves the
// requests of the pair `manual`. Failures are noticed and not reported, because a mutation is meant to cause one.
type company struct {
	*sandbox.Sandbox
	ctx      context.Context // that of the test
	pairs    [4][2]lab.Site  // marketing and finance, sales and legal, audit and board, and two VPCs of hub
	unlisted map[peering.Cell]lab.Site
	island   lab.Site                 // of the third cell
	mappings map[string]*queue.Poller // by role
	seen     int                      // calls in the log that have been looked at
	lost     int                      // events that were not delivered and have been
	reports  bool                     // the policy is in report mode

	mu        sync.Mutex
	announced []outcome.Outcome
}

const policyName = "policy.yaml"

// sweepInterval lets the scenarios start the sweeps: a scheduled sweep runs only while a scenario waits for a day.
const sweepInterval = 24 * time.Hour

// noticed ends a scenario with the failure.
type noticed string

func (c *company) notice(format string, args ...any) { panic(noticed(fmt.Sprintf(format, args...))) }

func (c *company) must(doing string, err error) {
	if err != nil {
		c.notice("%s: %v", doing, err)
	}
}

// by makes a change in the cell with the account's own key.
func (c *company) by(cell peering.Cell, do func(*lab.Person)) {
	p := c.Person(c.ctx, cell)
	do(p)
	c.must("by hand", p.Err())
}

func build(ctx context.Context, reports bool, change func(*simec2.Options)) *company {
	c := &company{
		Sandbox: sandbox.New(change), ctx: ctx, reports: reports, unlisted: map[peering.Cell]lab.Site{},
		mappings: map[string]*queue.Poller{},
	}
	c.Cloud.IAM.Enforce()
	c.pairs[0] = [2]lab.Site{c.site(one, "marketing", 10), c.site(two, "finance", 20)}
	c.pairs[1] = [2]lab.Site{c.site(one, "sales", 30), c.site(two, "legal", 40)}
	c.pairs[manual] = [2]lab.Site{c.site(one, "audit", 70), c.site(two, "board", 80)}
	c.pairs[mesh] = [2]lab.Site{c.site(one, "hub", 90), c.site(two, "hub", 100)}
	c.unlisted[one], c.unlisted[two] = c.site(one, "lab", 50), c.site(two, "lab", 60)
	for at, s := range c.unlisted {
		c.by(at, func(p *lab.Person) { p.DNSHostnames(s.VPC) })
	}
	c.island = c.site(three, "island", 110)
	return c
}

// manual is the pair whose requests a person approves, and mesh the one of a department with itself.
const manual, mesh = 2, 3

func (c *company) site(cell peering.Cell, name string, block int) lab.Site {
	s := lab.Site{Name: name, Cell: cell}
	c.by(cell, func(p *lab.Person) {
		s.VPC = p.VPC(name, fmt.Sprintf("10.%d.0.0/16", block))
		s.Table = s.VPC.Main
		s.Subnet = p.TaggedSubnet(s.VPC, fmt.Sprintf("10.%d.1.0/24", block), map[string]string{"Tier": "private"})
		s.Group = p.Group(s.VPC, name+" servers", map[string]string{"Role": "server"})
		p.ToInternet(s.VPC, s.Table)
		p.RouteListToGateway(s.VPC, s.Table, "198.51.100.0/24") // whose blocks the functions read
		// AWS's own list, too
		_, err := p.EC2.CreateVpcEndpoint(c.ctx, &ec2.CreateVpcEndpointInput{
			VpcId: aws.String(string(s.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
			ServiceName:   aws.String("com.amazonaws." + string(cell.Region) + ".s3"),
			RouteTableIds: []string{string(s.Table)},
		})
		c.must("create an endpoint", err)
	})
	return s
}

// policy is the text of the file that connects the pairs, with everything that asks for permissions.
func (c *company) policy() string {
	var departments, peerings strings.Builder
	for i, pair := range c.pairs {
		a, b := pair[0], pair[1]
		if i == mesh {
			fmt.Fprintf(&departments, "  %s: [%s, %s]\n", a.Name, strings.Trim(a.Member(), "[]"), strings.Trim(b.Member(), "[]"))
			fmt.Fprintf(&peerings, `  - between: [%[1]s, %[1]s]
    dns: true
    allow: [{ from: %[1]s, to: %[1]s, groups: { tags: { Role: server } }, protocol: icmp }]
`, a.Name)
			continue
		}
		fmt.Fprintf(&departments, "  %s: %s\n  %s: %s\n", a.Name, a.Member(), b.Name, b.Member())
		approval := ""
		if i == manual {
			approval = "approval: manual"
		}
		fmt.Fprintf(&peerings, `  - between: [%[1]s, %[2]s]
    %[3]s
    dns: true
    routes:
      %[1]s: { tables: { subnets: { tags: { Tier: private } } } }
      %[2]s: { tables: { subnets: { tags: { Tier: private } } } }
    allow:
      - { from: %[1]s, to: %[2]s, groups: { tags: { Role: server } }, protocol: icmp }
      - { from: %[2]s, to: %[1]s, groups: { tags: { Role: server } }, protocol: tcp, ports: [443] }
`, a.Name, b.Name, approval)
	}
	fmt.Fprintf(&departments, "  %s: %s\n", c.island.Name, c.island.Member())
	mode := policy.EnforceMode
	if c.reports {
		mode = policy.ReportMode
	}
	return fmt.Sprintf("version: 1\nmode: %s\notherwise: reject\ndepartments:\n", mode) + departments.String() +
		"peerings:\n" + peerings.String()
}

// agreed is the state of the network while a pair is connected.
func agreed(pair [2]lab.Site, id peering.ConnectionID) []string {
	a, b := pair[0], pair[1]
	if a.Name == b.Name {
		return append(sandbox.Connected(a, b, id), sandbox.Admits(b.Group, "icmp", a), sandbox.Admits(a.Group, "icmp", b))
	}
	return append(sandbox.Connected(a, b, id), sandbox.Admits(b.Group, "icmp", a), sandbox.Admits(a.Group, "tcp 443", b))
}

// deploy deploys the stacks. Their functions run in this process, with the credentials of their roles.
func (c *company) deploy(stacks []cfn.Source) {
	p, err := policyfile.Parse(policyName, []byte(c.policy()))
	c.must("read the policy", err)
	for _, stack := range stacks {
		_, err := cfn.Deploy(c.ctx, c.Cloud, stack)
		c.must("deploy", err)
	}
	for _, at := range []peering.Cell{one, two, three} {
		for _, f := range function.All {
			c.must("start "+string(f), c.start(p.ForCell(at, wiring.DefaultPrefix), at, f))
		}
	}
}

func (c *company) start(p *policy.Policy, at peering.Cell, f function.Name) error {
	role := roleOf(at, f)
	name := wiring.DefaultPrefix + "-" + string(f)
	queueARN := arn("sqs", at, name)
	if err := c.Cloud.Queues.MayPoll(role, queueARN); err != nil {
		return err
	}
	if err := c.Cloud.IAM.MayWriteLogs(role, arn("logs", at, "log-group:/aws/lambda/"+name)); err != nil {
		return err
	}
	cfg, err := c.as(at, f)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(cfg)
	url := urlOf(at, name)
	handler := lambdasqs.Handler(func() {}, queues.NewSource(client, url), func(int) {},
		handlers(p, at, cfg, c.announce)[f])
	c.mappings[role], err = c.Cloud.Queues.Map(queueARN, queue.Mapping{
		BatchSize: wiring.BatchSize(f), Window: wiring.Window(f), MaxConcurrency: wiring.MaxConcurrency,
		ReportBatchItemFailures: true, Timeout: wiring.FunctionTimeout,
	}, lambda.NewHandler(handler))
	return err
}

func (c *company) announce(o outcome.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.announced = append(c.announced, o)
}

// handlers returns the use cases with these credentials.
func handlers(p *policy.Policy, at peering.Cell, cfg aws.Config,
	announced func(outcome.Outcome)) map[function.Name]lambdasqs.Handle {
	urls := map[function.Name]string{}
	for _, f := range function.All {
		urls[f] = urlOf(at, wiring.DefaultPrefix+"-"+string(f))
	}
	return local.Handlers(at, p, local.Edges{
		Network: ec2net.New(ec2.NewFromConfig(cfg)),
		Bus:     bus.New(eventbridge.NewFromConfig(cfg), wiring.DefaultPrefix, time.Now, announced),
		Queues:  queues.New(sqs.NewFromConfig(cfg), urls),
		Missed:  func(int) {}, SweepInterval: sweepInterval,
	})
}

func urlOf(at peering.Cell, queue string) string {
	return "https://sqs." + string(at.Region) + ".amazonaws.com/" + string(at.Account) + "/" + queue
}

// as returns a configuration with the credentials of a function's role.
func (c *company) as(at peering.Cell, f function.Name) (aws.Config, error) {
	key, _, err := c.Cloud.Assume("lambda.amazonaws.com", roleOf(at, f), string(f))
	return local.Config(c.Cloud, at, key), err
}

func roleOf(at peering.Cell, f function.Name) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s-%s-%s", at.Account, wiring.DefaultPrefix, f, at.Region)
}

func arn(service string, at peering.Cell, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, at.Region, at.Account, resource)
}

// rest waits until nothing is under way, and notices every call that was refused to autopeer, and every event
// that wasn't delivered.
func (c *company) rest() {
	c.must("settle", c.Cloud.Settle(c.ctx))
	calls := c.Cloud.Since(c.seen)
	c.seen += len(calls)
	for _, call := range calls {
		if strings.Contains(call.ARN, ":assumed-role/") &&
			(call.ErrorCode == "UnauthorizedOperation" || strings.HasPrefix(call.ErrorCode, "AccessDenied")) {
			c.notice("%s is refused to %s", call.Action, call.ARN)
		}
	}
	for _, f := range c.undelivered() {
		c.notice("%s doesn't reach %s: %s", f.Rule, f.Target, f.Message)
	}
}

// undelivered are the deliveries that EventBridge has given up since it was asked last.
func (c *company) undelivered() []events.Failure {
	all := c.Cloud.Events.Failures()
	fresh := all[c.lost:]
	c.lost = len(all)
	return fresh
}

// admin is the configuration of the cell's account itself.
func (c *company) admin(at peering.Cell) aws.Config {
	return local.Config(c.Cloud, at, string(at.Account))
}

// permissionsOnly leaves the functions out, which run in this process, and alarms and the like.
func permissionsOnly(t *testing.T, template []byte) []byte {
	t.Helper()
	var all struct {
		Resources map[string]struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal(template, &all); err != nil {
		t.Fatal(err)
	}
	for id, r := range all.Resources {
		if !slices.ContainsFunc([]string{"AWS::IAM::", "AWS::SQS::", "AWS::Events::"}, func(prefix string) bool {
			return strings.HasPrefix(r.Type, prefix)
		}) {
			delete(all.Resources, id)
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

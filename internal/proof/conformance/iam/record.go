package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// stage is the cells of a policy on an embedded cloud that records the decisions of its IAM.
type stage struct {
	*sandbox.Sandbox
	ctx   context.Context // of one run
	stop  func()          // ends ctx: a function that is refused something would try again for minutes
	sites []local.Site
	err   error

	mu       sync.Mutex
	recorded []cloudiam.Evaluation
	refused  bool
}

// limit is far more than a recording takes; one that hangs fails.
const limit = 5 * time.Minute

// record deploys the policy's cells from their templates, has the functions work, and returns each distinct request
// that a role of autopeer or a service made meanwhile. It ends early after a request that the embedded IAM refuses.
func record(ctx context.Context, w *local.Workshop, file string) ([]cloudiam.Evaluation, error) {
	p, err := policyfile.Parse("policy.yaml", []byte(file))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	ids := &local.IDs{}
	s := &stage{ctx: ctx, stop: stop, Sandbox: sandbox.New(func(o *ec2.Options) { o.NewID = ids.New })}
	defer s.Close()
	if s.sites, err = local.Seed(ctx, s.Cloud, ids, p, nil); err != nil {
		return nil, err
	}
	s.Cloud.IAM.Observe(s.add)
	s.err = s.Launch(ctx, w, file, nil)
	s.readQueues()
	s.routeLists()
	s.settle()
	s.stumble(p.Peerings[0])
	for _, entry := range p.Peerings {
		s.play(entry)
	}
	return s.result()
}

func (s *stage) result() ([]cloudiam.Evaluation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused {
		return distinct(s.recorded), nil
	}
	return distinct(s.recorded), s.err
}

// readQueues has each account read the attributes of its cells' queues, so that the policy of each queue decides on one
// call.
func (s *stage) readQueues() {
	for _, c := range s.Cells {
		client := sqs.NewFromConfig(local.Config(s.Cloud, c.Cell, string(c.Account)))
		for _, url := range c.Stack.QueueURLs {
			_, err := client.GetQueueAttributes(s.ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url})
			s.err = errors.Join(s.err, err)
		}
	}
}

// routeLists routes prefix lists in each VPC, whose blocks the functions read: one of a customer, and AWS's own of a
// gateway endpoint.
func (s *stage) routeLists() {
	for _, site := range s.sites {
		s.by(site.Cell, func(p *lab.Person) {
			p.ToInternet(site.VPC, site.VPC.Main)
			p.RouteListToGateway(site.VPC, site.VPC.Main, "198.51.100.0/24")
			p.GatewayEndpoint(site.VPC, "s3", site.VPC.Main)
		})
	}
}

// add is called concurrently. It leaves out the other calls of accounts, and the queue with which the sandbox watches
// the buses.
func (s *stage) add(e cloudiam.Evaluation) {
	isAutopeer := e.Service != "" || strings.Contains(e.ARN, "/"+wiring.DefaultPrefix+"-")
	readsQueue := strings.EqualFold(e.Action, "sqs:GetQueueAttributes")
	if !isAutopeer && !readsQueue || local.IsWatch(e.Resource) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = append(s.recorded, e)
	if !e.Allowed {
		s.refused = true
		s.stop()
	}
}

// distinct leaves out requests that differ from another one only in the name of the session.
func distinct(all []cloudiam.Evaluation) []cloudiam.Evaluation {
	seen := map[string]bool{}
	var some []cloudiam.Evaluation
	for _, e := range all {
		key := fmt.Sprint(e.Account, e.Service, questionOf(e).role(), e.Action, e.Resource, e.Keys, e.Allowed)
		if !seen[key] {
			some = append(some, e)
		}
		seen[key] = true
	}
	return some
}

// site returns the department's first site.
func (s *stage) site(department string) local.Site {
	return s.sites[slices.IndexFunc(s.sites, func(site local.Site) bool { return site.Department == department })]
}

// by lets a person of the cell do something. After an error nothing more is done.
func (s *stage) by(at peering.Cell, do func(*lab.Person)) {
	if s.err != nil {
		return
	}
	p := s.Person(s.ctx, at)
	do(p)
	s.err = p.Err()
}

func (s *stage) settle() {
	if s.err == nil {
		s.err = s.SettleWithoutDelays(s.ctx)
	}
}

func (s *stage) sweep() {
	if s.err == nil {
		s.err = s.Sweep()
	}
	s.settle()
}

// play lets people act, for an entry of the policy, so that the functions call each of their actions.
func (s *stage) play(entry policy.Peering) {
	from, to := s.site(entry.Between[0]), s.site(entry.Between[1])
	if entry.Requester == entry.Between[1] {
		from, to = to, from
	}
	s.routeByHand(from, to)
	s.by(from.Cell, func(p *lab.Person) { p.DNSSupport(from.VPC, false) })
	id := s.connect(entry, from, to)
	s.by(from.Cell, func(p *lab.Person) { p.DNSSupport(from.VPC, true) })
	s.clutter(from, id)
	s.clutter(to, id)
	s.lose(from, to)
	s.remove(to, s.follow(entry, from, to, id))
	s.by(from.Cell, func(p *lab.Person) { p.Request(p.VPC("unlisted", "10.255.0.0/24"), to.Cell, to.VPC, "") })
	s.settle()
}

// stumble has the first call of each function to EC2 fail, so that the function hides the message for a while.
func (s *stage) stumble(entry policy.Peering) {
	stop := s.failFirstCalls()
	defer stop()
	from, to := s.site(entry.Between[0]), s.site(entry.Between[1])
	s.remove(to, s.connect(entry, from, to))
	s.sweep()
}

// routeByHand leaves a route of a connection that autopeer hasn't connected.
func (s *stage) routeByHand(from, to local.Site) {
	release := local.Hold(s.Cells, function.Connect)
	defer release()
	var id peering.ConnectionID
	s.by(from.Cell, func(p *lab.Person) { id = p.Request(from.VPC, to.Cell, to.VPC, "") })
	s.settle()
	s.by(from.Cell, func(p *lab.Person) { p.RouteTo(from.VPC.Main, "192.0.2.0/24", id) })
	s.remove(from, id)
}

func (s *stage) remove(at local.Site, id peering.ConnectionID) {
	s.by(at.Cell, func(p *lab.Person) { p.Delete(id) })
	s.settle()
}

// follow replaces the connection by another one before disconnect has removed the routes of the first.
func (s *stage) follow(entry policy.Peering, from, to local.Site, first peering.ConnectionID) peering.ConnectionID {
	release := local.Hold(s.Cells, function.Disconnect)
	s.by(to.Cell, func(p *lab.Person) { p.Delete(first) })
	second := s.connect(entry, from, to)
	release()
	s.settle()
	return second
}

func (s *stage) connect(entry policy.Peering, from, to local.Site) (id peering.ConnectionID) {
	s.by(from.Cell, func(p *lab.Person) { id = p.Request(from.VPC, to.Cell, to.VPC, "") })
	s.settle()
	if entry.Approval == policy.ManualApproval {
		s.by(to.Cell, func(p *lab.Person) { p.Tag(string(id), map[string]string{peering.TagApproved: "true"}) })
		s.settle()
	}
	return id
}

func (s *stage) failFirstCalls() (stop func()) {
	var mu sync.Mutex
	failed := map[string]bool{}
	return s.Cloud.Inject(func(call apicall.Call) *cloudsim.Failure {
		mu.Lock()
		defer mu.Unlock()
		if call.Service != "ec2" || failed[call.ARN] || !strings.Contains(call.ARN, ":assumed-role/") {
			return nil
		}
		failed[call.ARN] = true
		return &cloudsim.Failure{Code: "IncorrectState", Message: "not now"}
	})
}

// clutter adds a route and a rule to a side that connect takes back.
func (s *stage) clutter(at local.Site, id peering.ConnectionID) {
	s.by(at.Cell, func(p *lab.Person) {
		p.RouteTo(at.VPC.Main, "192.0.2.0/24", id)
		p.AdmitTagged(p.Group(at.VPC, string(id), nil), "tcp", 22, 22, "192.0.2.0/24", map[string]string{
			peering.TagConnection: string(id), peering.TagManaged: wiring.DefaultPrefix,
		})
	})
}

// lose deletes a route without an event, so that a sweep finds and announces the loss.
func (s *stage) lose(at, peer local.Site) {
	s.settle()
	account, region := string(at.Cell.Account), string(at.Cell.Region)
	s.Cloud.Events.StopLogging(account, region)
	defer s.Cloud.Events.StartLogging(account, region)
	s.by(at.Cell, func(p *lab.Person) { p.DeleteRoute(at.VPC.Main, peer.VPC.Block.String()) })
	s.sweep()
}

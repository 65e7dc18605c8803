// Package sandbox provides an embedded cloud with the cells of a policy, and the questions that the demo and the tests
// ask of both.
package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// Sandbox is one cloud. Its methods may be called while functions run.
type Sandbox struct {
	Cloud *cloudsim.Cloud
	Cells []*local.Cell
	Fate  local.Fate // of functions in this process that are deployed from now on; nil lets all live

	stop     func() // of the endpoint; nil while there is none
	policy   *policy.Policy
	launched *local.Launched // nil unless Launch was called

	mu        sync.Mutex
	announced []outcome.Outcome
	way       Way
}

// Way returns the delays after which an event is delivered, once for each; without a delay it is lost. The usual delay
// is that of a cloud without faults.
type Way func(d events.Delivery, usual time.Duration) []time.Duration

// New returns an empty cloud that is quicker than AWS and keeps its order: a request is pending before
// any function receives its event. Change, if not nil, changes EC2's options.
func New(change func(*ec2.Options)) *Sandbox {
	o := ec2.Options{Seed: 1, Delays: ec2.Delays{
		Initiating: 20 * time.Millisecond, Provisioning: 20 * time.Millisecond, Deleting: 20 * time.Millisecond,
	}}
	if change != nil {
		change(&o)
	}
	s := &Sandbox{}
	s.Cloud = cloudsim.New(cloudsim.Options{
		EC2: func(trail apicall.Trail) http.Handler {
			o.Trail = trail
			return ec2.New(o)
		},
		Events: events.Options{Schedule: s.schedule, TargetBus: events.PermittedTargetBus},
	})
	return s
}

// How long events take when nothing goes wrong.
const (
	trailLatency    = 50 * time.Millisecond
	deliveryLatency = 10 * time.Millisecond
)

// SetWay has events delivered otherwise from now on; nil as usual.
func (s *Sandbox) SetWay(way Way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.way = way
}

func (s *Sandbox) schedule(d events.Delivery) []time.Duration {
	usual := deliveryLatency
	if d.Stage == events.FromTrail {
		usual = trailLatency
	}
	s.mu.Lock()
	way := s.way
	s.mu.Unlock()
	if way == nil || local.IsWatch(d.Target) {
		return []time.Duration{usual}
	}
	return way(d, usual)
}

// Close ends the cloud, and the processes that functions are.
func (s *Sandbox) Close() {
	s.Cloud.Close()
	if s.launched != nil {
		s.launched.Close()
	}
	if s.stop != nil {
		s.stop()
	}
}

// Person returns a person with the credentials of the cell's account.
func (s *Sandbox) Person(ctx context.Context, cell peering.Cell) *lab.Person {
	return lab.NewPerson(ctx, cell, local.EC2(s.Cloud, cell))
}

// Deploy checks the policy file and deploys its cells, with functions in this process. Watch may be nil.
func (s *Sandbox) Deploy(ctx context.Context, file string, watch local.Watch) error {
	p, err := policyfile.Parse(policyName, []byte(file))
	if err != nil {
		return err
	}
	s.policy = p
	s.Cells, err = local.Deploy(ctx, s.Cloud, p, wiring.DefaultPrefix, s.recorded(watch), s.Fate)
	return err
}

// DeployBeside deploys another installation with a policy file of its own. Its cells are not among Cells, and its
// announcements reach only watch.
func (s *Sandbox) DeployBeside(ctx context.Context, by peering.Installation, file string,
	watch local.Watch) ([]*local.Cell, error) {
	p, err := policyfile.Parse(policyName, []byte(file))
	if err != nil {
		return nil, err
	}
	return local.Deploy(ctx, s.Cloud, p, by, watch, nil)
}

// Redeploy deploys another policy in place of the one that Deploy has deployed.
func (s *Sandbox) Redeploy(ctx context.Context, file string, watch local.Watch) error {
	if err := local.Undeploy(ctx, s.Cloud, s.policy, s.Cells); err != nil {
		return err
	}
	return s.Deploy(ctx, file, watch)
}

// RedeployBeside does the same while functions with the old policy are at work.
func (s *Sandbox) RedeployBeside(ctx context.Context, file string, watch local.Watch) error {
	if _, err := local.Supersede(ctx, s.Cloud, s.policy, s.Cells); err != nil {
		return err
	}
	return s.Deploy(ctx, file, watch)
}

// Launch checks the policy file and deploys its cells as AWS would have them, with functions that are
// processes. Watch may be nil.
func (s *Sandbox) Launch(ctx context.Context, w *local.Workshop, file string, watch local.Watch) error {
	p, err := policyfile.Parse(policyName, []byte(file))
	if err != nil {
		return err
	}
	var endpoint string
	if endpoint, s.stop, err = local.Serve(ctx, s.Cloud, 0); err != nil {
		return err
	}
	s.launched, err = local.Launch(ctx, s.Cloud, w, endpoint, p, []byte(file), s.recorded(watch))
	s.Cells = s.launched.Cells()
	return err
}

// Update deploys another policy file in place of the one that Launch has deployed. After an error that one is in force.
func (s *Sandbox) Update(ctx context.Context, file string) error {
	p, err := policyfile.Parse(policyName, []byte(file))
	if err != nil {
		return err
	}
	err = s.launched.Update(ctx, p, []byte(file))
	s.Cells = s.launched.Cells()
	return err
}

const policyName = "policy.yaml"

// recorded returns a watch that records the announcements and passes them on.
func (s *Sandbox) recorded(watch local.Watch) local.Watch {
	return func(o outcome.Outcome) {
		s.mu.Lock()
		s.announced = append(s.announced, o)
		s.mu.Unlock()
		if watch != nil {
			watch(o)
		}
	}
}

// Process returns the function, and its process, that made a call.
func (s *Sandbox) Process(call apicall.Call) (function string, pid int, found bool) {
	for _, c := range s.Cells {
		if c.Stack == nil {
			continue
		}
		if function, pid, found = c.Stack.Process(call.AccessKeyID); found {
			return function, pid, true
		}
	}
	return "", 0, false
}

// Sweep lets the sweep of every cell begin now, beside its rhythm.
func (s *Sandbox) Sweep() error {
	for _, c := range s.Cells {
		if err := s.Cloud.Events.Fire(c.SweepRule()); err != nil {
			return err
		}
	}
	return nil
}

// SettleWithoutDelays waits until nothing is under way any more. It delivers the messages of the sweep queues at once
// that were sent with a delay, which saves minutes on a real clock.
func (s *Sandbox) SettleWithoutDelays(ctx context.Context) error {
	settled := make(chan error, 1)
	go func() { settled <- s.Cloud.Settle(ctx) }()
	often := time.NewTicker(20 * time.Millisecond)
	defer often.Stop()
	for {
		select {
		case err := <-settled:
			return err
		case <-often.C:
			for _, c := range s.Cells {
				s.Cloud.Queues.EndDelays(c.SweepQueue())
			}
		}
	}
}

// Announced returns the announcements of that type about the connection, in order.
func (s *Sandbox) Announced(outcomeType outcome.Type, id peering.ConnectionID) []outcome.Outcome {
	return slices.DeleteFunc(s.Announcements(), func(o outcome.Outcome) bool {
		return o.Type != outcomeType || o.Connection != id
	})
}

// Announcements returns all announcements of autopeer.
func (s *Sandbox) Announcements() []outcome.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.announced)
}

// Network returns EC2 as the cell's account sees it.
func (s *Sandbox) Network(cell peering.Cell) *ec2net.Network {
	return ec2net.New(local.EC2(s.Cloud, cell))
}

// Connection returns the connection as the cell sees it, with only its id when it sees none.
func (s *Sandbox) Connection(ctx context.Context, cell peering.Cell,
	id peering.ConnectionID) (peering.Connection, error) {
	found, err := s.Network(cell).Connections(ctx, id)
	if err != nil || len(found) == 0 {
		return peering.Connection{ID: id}, err
	}
	return found[0], nil
}

// Snapshot is the network of the sites, as the Describe calls of all their cells show it.
func (s *Sandbox) Snapshot(ctx context.Context, sites ...lab.Site) (reach.Network, error) {
	var all reach.Network
	vpcs := map[peering.Cell][]peering.VPCID{}
	for _, s := range sites {
		vpcs[s.Cell] = append(vpcs[s.Cell], s.VPC.ID)
	}
	for cell, ids := range vpcs {
		n, err := s.Network(cell).Snapshot(ctx, ids...)
		if err != nil {
			return all, fmt.Errorf("read the network of %s: %w", cell, err)
		}
		all = merge(all, n)
	}
	return all, nil
}

func merge(a, b reach.Network) reach.Network {
	a.VPCs = append(a.VPCs, b.VPCs...)
	a.Subnets = append(a.Subnets, b.Subnets...)
	a.RouteTables = append(a.RouteTables, b.RouteTables...)
	a.NetworkACLs = append(a.NetworkACLs, b.NetworkACLs...)
	a.SecurityGroups = append(a.SecurityGroups, b.SecurityGroups...)
	a.Instances = append(a.Instances, b.Instances...)
	a.Endpoints = append(a.Endpoints, b.Endpoints...)
	for _, c := range b.Connections { // both sides may show one
		if !slices.ContainsFunc(a.Connections, func(o peering.Connection) bool { return o.ID == c.ID }) {
			a.Connections = append(a.Connections, c)
		}
	}
	return a
}

// State returns the routes and rules of the sites' route tables and security groups that were added since they were
// built, as sorted sentences: "rtb-1 routes 10.0.0.0/16 to pcx-1", "sg-1 admits icmp from 10.0.0.0/16".
func (s *Sandbox) State(ctx context.Context, sites ...lab.Site) ([]string, error) {
	n, err := s.Snapshot(ctx, sites...)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, t := range n.RouteTables {
		for _, r := range t.Routes {
			destination := r.Destination.String()
			if r.PrefixList != "" {
				destination = string(r.PrefixList)
			}
			if r.Target != peering.Local && !r.Target.IsInternetGateway() {
				lines = append(lines, fmt.Sprintf("%s routes %s to %s", t.ID, destination, r.Target))
			}
		}
	}
	for _, g := range n.SecurityGroups {
		for _, p := range g.Ingress {
			if from := source(p, g.ID); from != "" {
				lines = append(lines, fmt.Sprintf("%s admits %s from %s", g.ID, ports(p), from))
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil // a route to a prefix list is read once for each block
}

// source leaves out groups' references to themselves, which default groups begin with.
func source(p peering.Permission, of peering.SecurityGroupID) string {
	switch {
	case p.Source.IsValid():
		return p.Source.String()
	case p.Group != of:
		return cmp.Or(string(p.Group), string(p.PrefixList))
	}
	return ""
}

func ports(p peering.Permission) string {
	icmp := p.Protocol == peering.ICMP || p.Protocol == peering.ICMPv6
	switch {
	case p.Protocol == peering.AllProtocols:
		return "all traffic"
	case p.From < 0:
		return string(p.Protocol)
	case icmp && p.To < 0:
		return fmt.Sprintf("%s type %d", p.Protocol, p.From)
	case icmp:
		return fmt.Sprintf("%s type %d code %d", p.Protocol, p.From, p.To)
	case p.From == p.To:
		return fmt.Sprintf("%s %d", p.Protocol, p.From)
	}
	return fmt.Sprintf("%s %d-%d", p.Protocol, p.From, p.To)
}

// Connected is the state of two sites that are connected, all route tables of both and nothing admitted.
func Connected(a, b lab.Site, via peering.ConnectionID) []string {
	lines := []string{Routes(a.Table, b, via), Routes(a.VPC.Main, b, via), Routes(b.Table, a, via),
		Routes(b.VPC.Main, a, via)}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Routes returns State's sentence for a route of the site's block to the connection.
func Routes(table peering.RouteTableID, to lab.Site, via peering.ConnectionID) string {
	return fmt.Sprintf("%s routes %s to %s", table, to.VPC.Block, via)
}

// Admits returns State's sentence for a rule that admits traffic from the site's block.
func Admits(group peering.SecurityGroupID, traffic string, from lab.Site) string {
	return fmt.Sprintf("%s admits %s from %s", group, traffic, from.VPC.Block)
}

// AdmitsGroup returns State's sentence for a rule that admits traffic from another group.
func AdmitsGroup(group peering.SecurityGroupID, traffic string, from peering.SecurityGroupID) string {
	return fmt.Sprintf("%s admits %s from %s", group, traffic, from)
}

// ByAutopeer returns the calls that functions have made since the mark.
func (s *Sandbox) ByAutopeer(mark int) []apicall.Call {
	return slices.DeleteFunc(s.Cloud.Since(mark), func(c apicall.Call) bool {
		return !strings.Contains(c.ARN, ":assumed-role/autopeer-")
	})
}

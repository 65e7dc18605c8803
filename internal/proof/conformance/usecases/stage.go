package usecases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// stage is one scenario on one cloud. The first error stays, and every later step does nothing.
type stage struct {
	*cloud
	scenario
	ctx         context.Context // of the scenario
	err         error
	names       names
	sites       []lab.Site
	asked       []peering.ConnectionID
	deployments []*deployment

	transcript []section
}

// section contains the facts that the cells are shown, or the announcements that they make, after one step, sorted.
type section struct {
	name  string
	lines []string
	empty bool // if all is well
}

// deployment is a cell with its use cases.
type deployment struct {
	peering.Cell
	person    *lab.Person
	announcer *announcer
	handlers  []lambdasqs.Handle // accept, connect, disconnect
}

func newStage(ctx context.Context, c *cloud, sc scenario) (*stage, error) {
	s := &stage{cloud: c, scenario: sc, ctx: ctx}
	for _, cell := range []peering.Cell{sc.requester, sc.accepter} {
		if slices.ContainsFunc(s.deployments, func(d *deployment) bool { return d.Cell == cell }) {
			continue
		}
		cfg, err := c.config(ctx, cell)
		if err != nil {
			return nil, err
		}
		announcer, err := newAnnouncer(ctx, cfg, cell)
		if err != nil {
			return nil, err
		}
		s.deployments = append(s.deployments, &deployment{
			Cell: cell, announcer: announcer, person: lab.NewPerson(ctx, cell, ec2.NewFromConfig(cfg)),
		})
	}
	return s, nil
}

func (s *stage) keep(err error) {
	if s.err == nil {
		s.err = err
	}
}

// in makes a manual change in the cell.
func (s *stage) in(cell peering.Cell, do func(*lab.Person)) {
	for _, d := range s.deployments {
		if d.Cell == cell && s.err == nil {
			do(d.person)
			s.keep(d.person.Err())
		}
	}
}

func (s *stage) build(cell peering.Cell, build func(*lab.Person) lab.Site) (site lab.Site) {
	s.in(cell, func(p *lab.Person) { site = build(p) })
	s.sites = append(s.sites, site)
	s.names.site(site)
	return site
}

// deploy puts the use cases on the stage, with the policy cut to each cell.
func (s *stage) deploy(policy string) {
	if s.err != nil {
		return
	}
	p, err := policyfile.Parse("policy.yaml", []byte(policy))
	if err != nil {
		s.keep(fmt.Errorf("policy:\n%s\n%w", policy, err))
		return
	}
	for _, d := range s.deployments {
		handlers := local.Handlers(d.Cell, p.ForCell(d.Cell, busName), local.Edges{
			Network: ec2net.New(d.person.EC2), Bus: d.announcer,
		})
		d.handlers = []lambdasqs.Handle{handlers[function.Accept], handlers[function.Connect], handlers[function.Disconnect]}
	}
}

func (s *stage) ask(from, to lab.Site) (id peering.ConnectionID) {
	s.in(from.Cell, func(p *lab.Person) { id = p.Ask(from, to, from.Name+" asks "+to.Name) })
	s.names.add(string(id), fmt.Sprintf("connection %d", len(s.asked)+1))
	s.asked = append(s.asked, id)
	return id
}

// event sends a call's event to all cells, and records their announcements and the state afterwards.
func (s *stage) event(step, call string, id peering.ConnectionID, sides ...lab.Site) {
	sides = append(sides, lab.Site{}, lab.Site{})
	lines := s.dispatch(sandbox.Event(call, s.deployments[0].Cell, id, sides[0], sides[1]))
	s.write(step+", announced", lines)
	s.look(step)
}

// again sends the call's event to all cells once more, and records their changes: none.
func (s *stage) again(step, call string, id peering.ConnectionID, sides ...lab.Site) {
	sides = append(sides, lab.Site{}, lab.Site{})
	_, before := s.calls.since(0)
	s.dispatch(sandbox.Event(call, s.deployments[0].Cell, id, sides[0], sides[1]))
	calls, _ := s.calls.since(before)
	s.write(step+", again", calls)
	s.last().empty = true
}

// left records what remains of a connection in the cells: nothing.
func (s *stage) left(step string, id peering.ConnectionID) {
	if s.err != nil {
		return
	}
	var lines []string
	for _, line := range s.last().lines {
		name := s.names.in(string(id))
		if strings.Contains(line, " to "+name) || strings.Contains(line, "="+name) {
			lines = append(lines, line)
		}
	}
	s.write(step+", left", lines)
	s.last().empty = true
}

func (s *stage) last() *section { return &s.transcript[len(s.transcript)-1] }

// dispatch passes the event to every use case of every cell, and returns their announcements and errors.
func (s *stage) dispatch(event string) []string {
	if s.err != nil {
		return nil
	}
	h, err := hint.Parse([]byte(event))
	if err != nil {
		s.keep(err)
		return nil
	}
	var lines []string
	for _, d := range s.deployments {
		if h.Kind != hint.Requested || h.Requester.Cell() == d.Cell {
			lines = append(lines, s.deliver(d, h)...)
		}
	}
	return append(lines, s.carry()...)
}

// carry delivers the messages between the cells, until none is left.
func (s *stage) carry() []string {
	var lines []string
	for again := true; again && s.err == nil; {
		again = false
		for _, d := range s.deployments {
			for _, m := range d.announcer.collect() {
				again = true
				lines = append(lines, s.pass(d.Cell, m)...)
			}
		}
	}
	return lines
}

// pass delivers a message as EventBridge does over one hop.
func (s *stage) pass(from peering.Cell, m message.Message) []string {
	m = m.Sealed()
	event, err := json.Marshal(map[string]any{
		"source": message.Source, "detail-type": m.Type, "account": from.Account, "region": from.Region, "time": time.Now(),
		"detail": m,
	})
	s.keep(err)
	h, err := hint.Parse(event)
	s.keep(err)
	var lines []string
	for _, d := range s.deployments {
		if d.Cell == m.To {
			lines = append(lines, s.deliver(d, h)...)
		}
	}
	return lines
}

// deliver passes the hint to every use case of the cell.
func (s *stage) deliver(d *deployment, h hint.Hint) []string {
	var lines []string
	for _, handle := range d.handlers {
		if err := deliver(s.ctx, handle, h); err != nil {
			lines = append(lines, fmt.Sprintf("%s fails, %s: %v", d.Cell, fault.Of(err), err))
		}
	}
	for _, o := range d.announcer.take() {
		lines = append(lines, outcomeLines(o)...)
	}
	return lines
}

// deliver delivers as a queue does: messages with a transient error are delivered again.
func deliver(ctx context.Context, handle lambdasqs.Handle, h hint.Hint) error {
	var err error
	for range 3 {
		if err = handle(ctx, h); err == nil || fault.Of(err) != fault.Retryable {
			return err
		}
	}
	return err
}

// look records the view of each cell, with calls that are not autopeer's.
func (s *stage) look(step string) {
	var lines []string
	for _, d := range s.deployments {
		if s.err != nil {
			return
		}
		seen, err := s.seenBy(d)
		s.keep(err)
		lines = append(lines, seen...)
	}
	s.write(step+", seen", lines)
}

func (s *stage) seenBy(d *deployment) ([]string, error) {
	var vpcs, ids, lines []string
	for _, site := range s.sites {
		if site.Cell == d.Cell {
			vpcs = append(vpcs, string(site.VPC.ID))
		}
	}
	for _, id := range s.asked {
		ids = append(ids, string(id))
	}
	ofVPCs := []types.Filter{{Name: new("vpc-id"), Values: vpcs}}
	connections, err1 := d.person.EC2.DescribeVpcPeeringConnections(s.ctx,
		&ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: ids})
	tables, err2 := d.person.EC2.DescribeRouteTables(s.ctx, &ec2.DescribeRouteTablesInput{Filters: ofVPCs})
	groups, err3 := d.person.EC2.DescribeSecurityGroups(s.ctx, &ec2.DescribeSecurityGroupsInput{Filters: ofVPCs})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	for _, c := range connections.VpcPeeringConnections {
		lines = append(lines, connectionLines(d.Cell, c)...)
	}
	for _, table := range tables.RouteTables {
		lines = append(lines, tableLines(table)...)
	}
	rules, err := s.rulesOf(d, groups.SecurityGroups)
	return append(lines, rules...), err
}

func (s *stage) rulesOf(d *deployment, groups []types.SecurityGroup) ([]string, error) {
	filter := types.Filter{Name: new("group-id")}
	for _, g := range groups {
		filter.Values = append(filter.Values, *g.GroupId)
	}
	rules, err := d.person.EC2.DescribeSecurityGroupRules(s.ctx,
		&ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{filter}})
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, r := range rules.SecurityGroupRules {
		if !*r.IsEgress && r.ReferencedGroupInfo == nil { // a default group admits itself
			lines = append(lines, ruleLine(r))
		}
	}
	return lines, nil
}

func (s *stage) write(name string, lines []string) {
	for i := range lines {
		lines[i] = s.names.in(lines[i])
	}
	slices.Sort(lines)
	s.transcript = append(s.transcript, section{name: name, lines: lines})
}

package plan_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

var (
	away    = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	distant = peering.VPC{Owner: away.Account, Region: away.Region, ID: "vpc-d", Blocks: prefixes("172.31.0.0/16")}
	newest  = peering.VPC{Owner: away.Account, Region: away.Region, ID: "vpc-n", Blocks: prefixes("10.99.0.0/16")}
	now     = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
)

// requestedBefore is a pending connection that was requested so long before now.
func requestedBefore(d time.Duration, id peering.ConnectionID, requester, accepter peering.VPC) peering.Connection {
	c := between(id, requester, accepter)
	c.Expires = now.Add(7*24*time.Hour - d)
	return c
}

// hub lets vpc-a be connected with each of the others, in either direction.
func hub() *policy.Policy {
	p := &policy.Policy{Installation: installation, Departments: []policy.Department{
		{Name: "hub", Members: []policy.Member{{Cell: here, VPC: asking.ID}}},
	}}
	for _, v := range []peering.VPC{asked, third, distant, newest} {
		name := string(v.ID)
		p.Departments = append(p.Departments, policy.Department{
			Name: name, Members: []policy.Member{{Cell: v.Cell(), VPC: v.ID}},
		})
		p.Peerings = append(p.Peerings, policy.Peering{Between: [2]string{"hub", name}, Allow: []policy.Allow{{
			From: name, To: "hub", Protocol: peering.TCP, Ports: []policy.PortRange{{From: 443, To: 443}},
			Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-a"}},
		}}})
	}
	return p
}

// inHub are the resources of vpc-a, with these connections.
func inHub(living ...peering.Connection) plan.Inventory {
	return plan.Inventory{
		VPCs: []peering.VPC{asking},
		Tables: []peering.RouteTable{
			{ID: "rtb-c", VPC: third.ID}, {
				ID: "rtb-a", VPC: asking.ID, Routes: []peering.Route{{Destination: asking.Blocks[0], Target: peering.Local}},
			},
		},
		Groups: []peering.SecurityGroup{{ID: "sg-c", VPC: third.ID}, {ID: "sg-a", VPC: asking.ID}},
		Living: living,
	}
}

func rejected(c peering.Connection) peering.Connection {
	c.State = peering.Rejected
	return c
}

func TestReserving(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	c := requestedBefore(5*minute, "pcx-m", asking, newest)
	active := func(c peering.Connection) peering.Connection {
		c.State, c.Expires = peering.Active, time.Time{}
		return c
	}
	const reserved, kept = "172.31.0.0/16 and 172.31.0.0/16", ""
	tests := []struct {
		name   string
		other  peering.Connection
		made   plan.Promises
		change func(*plan.Inventory, *policy.Policy)
		want   string // the route and the source of the rule that are added
	}{
		{"an accepted connection without a route", active(between("pcx-x", asking, distant)), nil, nil, reserved},
		{"an accepted connection from the other side", active(between("pcx-x", distant, asking)), nil, nil, reserved},
		{"one that is routed", active(between("pcx-x", asking, distant)), nil, func(i *plan.Inventory, p *policy.Policy) {
			for n := range p.Peerings {
				p.Peerings[n].Adopt = true // or else its plan would be a proposal
			}
			i.Tables[1].Routes = append(i.Tables[1].Routes, peering.Route{
				Destination: prefixes("172.31.9.0/24")[0], Target: "pcx-x",
			})
		}, kept},
		{"the connection itself", active(between("pcx-m", asking, distant)), nil, nil, kept},
		{"one of another VPC", active(between("pcx-x", third, distant)), nil, func(_ *plan.Inventory, p *policy.Policy) {
			p.Peerings = append(p.Peerings, policy.Peering{Between: [2]string{"vpc-c", "vpc-d"}})
		}, kept},
		{"one that the policy doesn't allow", active(between("pcx-x", asking, distant)), nil,
			func(_ *plan.Inventory, p *policy.Policy) {
				p.Peerings = slices.DeleteFunc(p.Peerings, func(e policy.Peering) bool { return e.Between[1] == "vpc-d" })
			}, kept},
		{"one with a conflict", active(between("pcx-x", asking, distant)), nil, func(i *plan.Inventory, _ *policy.Policy) {
			i.Tables[1].Routes = append(i.Tables[1].Routes, peering.Route{
				Destination: prefixes("172.31.9.0/24")[0], Target: "tgw-1",
			})
		}, kept},
		{"an older request of the last minutes", requestedBefore(6*minute, "pcx-x", asking, distant), nil, nil, reserved},
		{"an older request that needs approval", requestedBefore(6*minute, "pcx-x", asking, distant), nil,
			func(_ *plan.Inventory, p *policy.Policy) {
				for i := range p.Peerings {
					p.Peerings[i].Approval = policy.ManualApproval
				}
			}, reserved},
		{"an older request of ten minutes", requestedBefore(10*minute, "pcx-x", asking, distant), nil, nil, kept},
		{"an old request with a promise", requestedBefore(time.Hour, "pcx-x", asking, distant),
			plan.Promises{"pcx-x": nil}, nil, reserved},
		{"a younger request", requestedBefore(4*minute, "pcx-x", asking, distant), nil, nil, kept},
		{"a younger request with a promise", requestedBefore(4*minute, "pcx-x", asking, distant),
			plan.Promises{"pcx-x": nil}, nil, reserved},
		{"a request of the same second, with the smaller id", requestedBefore(5*minute, "pcx-a", asking, distant),
			nil, nil, reserved},
		{"a request of the same second, with the greater id", requestedBefore(5*minute, "pcx-x", asking, distant),
			nil, nil, kept},
		{"a promise of other blocks", requestedBefore(6*minute, "pcx-x", asking, unknown(distant)),
			plan.Promises{"pcx-x": prefixes("172.30.0.0/16")}, nil, "172.30.0.0/16 and 172.30.0.0/16"},
		{"a request whose requester EC2 doesn't show", requestedBefore(6*minute, "pcx-x", unknown(asking), distant),
			nil, nil, reserved},
		{"a request with unknown blocks", requestedBefore(6*minute, "pcx-x", asking, unknown(distant)), nil, nil, kept},
		{"a request that has ended", rejected(requestedBefore(6*minute, "pcx-x", asking, distant)),
			plan.Promises{"pcx-x": nil}, nil, kept},
		{"a request to the cell", requestedBefore(6*minute, "pcx-x", distant, asking),
			plan.Promises{"pcx-x": nil}, nil, kept},
		{"a request within the cell", requestedBefore(6*minute, "pcx-x", asking, asked),
			plan.Promises{"pcx-x": nil}, nil, kept},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i, p := inHub(c, tt.other), hub()
			if tt.change != nil {
				tt.change(&i, p)
			}
			routes, rules := len(i.Tables[1].Routes), len(i.Groups[1].Ingress)
			got := i.Reserving(here, c, p, tt.made, now)
			var added string
			if more := got.Tables[1].Routes[routes:]; len(more) > 0 {
				added = more[0].Destination.String() + " and "
				if more[0].Target != peering.Target(tt.other.ID) {
					t.Errorf("the route leads to %s", more[0].Target)
				}
			}
			if more := got.Groups[1].Ingress[rules:]; len(more) > 0 {
				added += more[0].Source.String()
			}
			if len(got.Tables[0].Routes)+len(got.Groups[0].Ingress) > 0 {
				t.Errorf("Reserving() adds to another VPC: %v, %v", got.Tables[0], got.Groups[0])
			}
			if added != tt.want {
				t.Errorf("Reserving() adds %q, want %q", added, tt.want)
			}
			if len(i.Tables[1].Routes) != routes || len(i.Groups[1].Ingress) != rules {
				t.Error("Reserving() changed the inventory that it was called on")
			}
		})
	}
}

// TestReservingInOrder: accepted connections come first, then the older requests, and one that finds no room takes up
// nothing.
func TestReservingInOrder(t *testing.T) {
	t.Parallel()
	p := hub()
	p.Limits = policy.Limits{Rules: 2}
	third := peering.VPC{
		Owner: away.Account, Region: away.Region, ID: "vpc-t", Blocks: prefixes("10.98.0.0/16", "10.97.0.0/16"),
	}
	p.Departments = append(p.Departments, policy.Department{
		Name: "vpc-t", Members: []policy.Member{{Cell: away, VPC: third.ID}},
	})
	entry := p.Peerings[0]
	entry.Between = [2]string{"hub", "vpc-t"}
	entry.Allow = []policy.Allow{entry.Allow[0]}
	entry.Allow[0].From = "vpc-t"
	p.Peerings = append(p.Peerings, entry)
	accepted := between("pcx-z", asking, distant)
	accepted.State = peering.Provisioning
	c := requestedBefore(time.Minute, "pcx-m", asking, newest)
	i := inHub(c, requestedBefore(2*time.Minute, "pcx-b", asking, third), accepted,
		requestedBefore(3*time.Minute, "pcx-c", asking, third))
	got := i.Reserving(here, c, p, nil, now)
	var targets []string
	for _, r := range got.Tables[1].Routes[1:] {
		targets = append(targets, string(r.Target))
	}
	if diff := cmp.Diff([]string{"pcx-z"}, targets); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	p.Limits = policy.Limits{Rules: 3}
	targets = nil
	for _, r := range i.Reserving(here, c, p, nil, now).Tables[1].Routes[1:] {
		targets = append(targets, string(r.Target))
	}
	if diff := cmp.Diff([]string{"pcx-z", "pcx-c", "pcx-c"}, targets); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestTwinOfRequests(t *testing.T) {
	t.Parallel()
	p, c := hub(), requestedBefore(time.Minute, "pcx-m", asking, distant)
	manual := hub()
	for i := range manual.Peerings {
		manual.Peerings[i].Approval = policy.ManualApproval
	}
	for name, tt := range map[string]struct {
		other peering.Connection
		p     *policy.Policy
		want  bool
	}{
		"an older one in the other direction": {requestedBefore(2*time.Minute, "pcx-x", distant, asking), p, true},
		"an older one that needs approval": {requestedBefore(2*time.Minute, "pcx-x", distant, asking),
			manual, true},
		"an older one that the policy doesn't allow": {requestedBefore(2*time.Minute, "pcx-x", distant, asking),
			&policy.Policy{}, false},
		"an older one that has ended": {rejected(requestedBefore(2*time.Minute, "pcx-x", distant, asking)),
			p, false},
		"a younger one": {requestedBefore(time.Second, "pcx-x", distant, asking), p, false},
		"one of the same time, with a smaller id": {requestedBefore(time.Minute, "pcx-a", distant, asking), p, true},
		"one of the same time, with a greater id": {requestedBefore(time.Minute, "pcx-x", distant, asking), p, false},
	} {
		i := inHub(c, tt.other)
		if got := i.Twin(c, tt.p); (got != nil) != tt.want || got != nil && got.ID != tt.other.ID {
			t.Errorf("%s: Twin() = %v, want one: %v", name, got, tt.want)
		}
	}
}

// TestTwinWithHiddenBlocks: EC2 shows the blocks of another account's VPC on neither request, but its cell has sent
// them with the younger one. They decide under which department the older one would be allowed, unless EC2 shows its
// blocks.
func TestTwinWithHiddenBlocks(t *testing.T) {
	t.Parallel()
	within := func(at peering.VPC, block string) []policy.Member {
		return []policy.Member{{Cell: at.Cell(), Within: netip.MustParsePrefix(block)}}
	}
	const allowed, denied = "172.31.0.0/16", "10.99.0.0/16"
	p := &policy.Policy{
		Departments: []policy.Department{
			{Name: "hub", Members: within(asking, asking.Blocks[0].String())},
			{Name: "none", Members: within(asking, "192.168.0.0/16")},
			{Name: "yes", Members: within(distant, allowed)}, {Name: "no", Members: within(distant, denied)},
		},
		Peerings: []policy.Peering{{Between: [2]string{"hub", "yes"}}, {Between: [2]string{"none", "no"}}},
	}
	with := func(blocks ...string) peering.VPC {
		v := unknown(distant)
		v.Blocks = prefixes(blocks...)
		return v
	}
	for name, tt := range map[string]struct {
		older peering.Connection
		block string
		want  bool
	}{
		"to the cell, allowed":                {between("pcx-a", with(), unknown(asking)), allowed, true},
		"to the cell, denied":                 {between("pcx-a", with(), unknown(asking)), denied, false},
		"to the cell, shown as allowed":       {between("pcx-a", with(allowed), unknown(asking)), denied, true},
		"to the cell, shown as denied":        {between("pcx-a", with(denied), unknown(asking)), allowed, false},
		"to the other cell, allowed":          {between("pcx-a", unknown(asking), with()), allowed, true},
		"to the other cell, denied":           {between("pcx-a", unknown(asking), with()), denied, false},
		"to the other cell, shown as allowed": {between("pcx-a", unknown(asking), with(allowed)), denied, true},
		"to the other cell, shown as denied":  {between("pcx-a", unknown(asking), with(denied)), allowed, false},
	} {
		for by, c := range map[string]peering.Connection{
			"the cell":  requestedBefore(time.Minute, "pcx-m", asking, with(tt.block)),
			"the other": requestedBefore(time.Minute, "pcx-m", with(tt.block), asking),
		} {
			tt.older.State, tt.older.Expires = peering.PendingAcceptance, c.Expires.Add(-time.Minute)
			if got := inHub(c, tt.older).Twin(c, p) != nil; got != tt.want {
				t.Errorf("%s, the younger by %s: Twin() found one: %v, want %v", name, by, got, tt.want)
			}
		}
	}
}

func TestProspects(t *testing.T) {
	t.Parallel()
	p, c := hub(), requestedBefore(time.Minute, "pcx-m", asking, unknown(distant))
	p.Departments[3].Members[0].CIDRs = prefixes("172.31.0.0/16")
	accepted, pending := between("pcx-1", distant, asking), between("pcx-2", asking, newest)
	accepted.State = peering.Active
	i := inHub(c, accepted, pending)
	i.Tables[1].Subnets = []peering.SubnetID{"subnet-1"}
	sides := i.Prospects(here, c, p.Decide(c), p)
	if len(sides) != 1 || sides[0].Role != peering.Requester ||
		!slices.Equal(sides[0].Connection.Accepter.Blocks, prefixes("172.31.0.0/16")) {
		t.Fatalf("Prospects() = %+v, want the requester's side with the declared blocks of the other", sides)
	}
	if sides[0].Peerings != 1 {
		t.Errorf("%d accepted connections, want one", sides[0].Peerings)
	}
	if diff := cmp.Diff([]peering.Subnet{{ID: "subnet-1", VPC: asking.ID}}, sides[0].Subnets, samePrefixes); diff != "" {
		t.Errorf("subnets (-want +got):\n%s", diff)
	}
	i.Subnets = []peering.Subnet{}
	if got := i.Prospects(here, c, p.Decide(c), p)[0].Subnets; len(got) != 0 {
		t.Errorf("subnets = %v, want those that were read: none", got)
	}
}

func TestIsEssential(t *testing.T) {
	t.Parallel()
	block := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, Source: peerBlock}
	for name, tt := range map[string]struct {
		change plan.Change
		want   bool
	}{
		"a route":            {plan.CreateRoute{}, true},
		"a replaced route":   {plan.ReplaceRoute{}, true},
		"a rule for a block": {plan.Authorize{Permissions: []peering.Permission{block}}, true},
		"a rule for a group": {plan.Authorize{Permissions: []peering.Permission{{Protocol: peering.TCP, Group: "sg-x"}}},
			false},
		"the DNS option":  {plan.EnableDNS{}, false},
		"a tag":           {plan.Tag{}, false},
		"a deleted route": {plan.DeleteRoute{}, false},
	} {
		if got := plan.IsEssential(tt.change); got != tt.want {
			t.Errorf("IsEssential(%s) = %v, want %v", name, got, tt.want)
		}
	}
}

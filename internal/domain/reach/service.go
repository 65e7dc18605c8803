package reach

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// https is the port of AWS's services.
const https = 443

// ServiceQuery asks whether an instance reaches a service of AWS in its Region over HTTPS.
type ServiceQuery struct {
	From    peering.InstanceID
	Service string     // the last part of the service's name: s3, ssm
	Public  netip.Addr // one of the service's public addresses
	// Policies decide, in order, on a call that reaches the service: those of the endpoint, the caller and the resource.
	Policies []PolicyCheck
}

// PolicyCheck decides on a call through the endpoint, which is empty for one over the internet. It returns the id or
// name of the policy's owner and the reason of a denial; an empty reason allows.
type PolicyCheck func(via peering.EndpointID) (resource, reason string)

// CheckService follows a call from the primary interface of an instance to the service and the answer back, and names
// the obstacle: a security group, a network ACL, a missing route, private DNS that is off, or a policy.
func (n Network) CheckService(q ServiceQuery) Answer {
	a, via := n.travel(q)
	if !a.Reachable {
		return a
	}
	for _, check := range q.Policies {
		if resource, reason := check(via); reason != "" {
			return Answer{Path: a.Path, Blocker: Blocker{Code: Policy, Resource: resource, Sentence: reason}}
		}
	}
	return a
}

// travel takes the call through the network. An interface endpoint with private DNS takes every call to the service's
// name, whatever the routes are.
func (n Network) travel(q ServiceQuery) (a Answer, via peering.EndpointID) {
	source := n.instance(q.From)
	if source == nil || len(source.Interfaces) == 0 {
		a.Blocker = *packet{}.blocked(NoInstance, q.From, "instance %s is not known here", q.From)
		return a, via
	}
	face := &source.Interfaces[0]
	hasName := func(e peering.Endpoint) bool { return e.VPC == face.VPC && e.PrivateDNS && len(e.Interfaces) > 0 }
	if e := n.endpoint(q.Service, hasName); e != nil {
		return n.enter(q.From, *e), e.ID
	}
	ofFamily := func(a netip.Addr) bool { return a.Is4() == q.Public.Is4() }
	addr := find(face.Addresses, ofFamily)
	if addr == nil {
		a.Blocker = *packet{}.blocked(NoAddress, q.From, "%s has no address of the family of %s", q.From, q.Public)
		return a, via
	}
	p := packet{from: end{*addr, source, face}, to: end{addr: q.Public}, protocol: peering.TCP, port: https}
	table := n.routeTable(face)
	if table == nil {
		a.Blocker = *p.blocked(NoRoute, face.Subnet, "no route table of %s is known here", face.Subnet)
		return a, via
	}
	list, gateway := n.routed(table, q.Service)
	path, blocker := pass(p, n.leaveGroupsTo(list), n.leaveSubnet, n.leaveVPC(q, table, gateway))
	if blocker == nil {
		var back []Hop
		back, blocker = pass(p.answer(), n.enterSubnet)
		path = append(path, back...)
	}
	if blocker != nil {
		return Answer{Path: path, Blocker: *blocker}, via
	}
	return Answer{Reachable: true, Path: path}, gateway
}

func (n Network) endpoint(service string, is func(peering.Endpoint) bool) *peering.Endpoint {
	return find(n.Endpoints, func(e peering.Endpoint) bool { return e.Service == service && is(e) })
}

// enter takes the call to the endpoint's interfaces as to an instance with them.
func (n Network) enter(from peering.InstanceID, e peering.Endpoint) Answer {
	id := peering.InstanceID(e.ID)
	n.Instances = append(slices.Clip(n.Instances), peering.Instance{ID: id, Interfaces: e.Interfaces})
	return n.Check(Query{From: from, ToInstance: id, Protocol: peering.TCP, Port: https})
}

// routed returns the gateway endpoint to which the table routes the service's prefix list, and the list; both are empty
// without one.
func (n Network) routed(t *peering.RouteTable, service string) (list peering.PrefixListID, gateway peering.EndpointID) {
	for _, r := range t.Routes {
		is := func(e peering.Endpoint) bool { return string(e.ID) == string(r.Target) }
		if e := n.endpoint(service, is); e != nil && !r.Blackhole {
			return r.PrefixList, e.ID
		}
	}
	return list, gateway
}

// leaveGroupsTo takes the call out through the groups, where a rule for the service's prefix list admits it too.
func (n Network) leaveGroupsTo(list peering.PrefixListID) check {
	return func(p packet) (Hop, *Blocker) {
		for _, id := range p.from.face.Groups {
			g := n.group(id)
			if g == nil || list == "" {
				continue
			}
			admits := func(r peering.Permission) bool {
				return r.PrefixList == list && p.within(r.Protocol, r.From, r.To, p.port)
			}
			if find(g.Egress, admits) != nil {
				return p.passed(id, "%s admits %s to %s (egress)", id, p.traffic(), list), nil
			}
		}
		return n.leaveGroups(p)
	}
}

// leaveVPC takes the call to the gateway endpoint, or else by a default route to the internet.
func (n Network) leaveVPC(q ServiceQuery, t *peering.RouteTable, gateway peering.EndpointID) check {
	return func(p packet) (Hop, *Blocker) {
		if gateway != "" {
			return p.passed(t.ID, "%s leads to %s by %s", t.ID, q.Service, gateway), nil
		}
		route := mostSpecific(t.Routes, q.Public)
		if route == nil {
			return Hop{}, n.noService(p, q, t)
		}
		if b := q.toInternet(p, t, *route); b != nil {
			return Hop{}, b
		}
		return p.passed(t.ID, "the route to %s in %s leads by %s to the internet", route.Destination, t.ID, route.Target), nil
	}
}

// toInternet returns the obstacle of a call to the internet on its route: only gateways of the VPC itself lead there.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations
func (q ServiceQuery) toInternet(p packet, t *peering.RouteTable, r peering.Route) *Blocker {
	switch {
	case r.Blackhole:
		return p.blocked(Blackhole, t.ID, "the route to %s in %s is a blackhole (%s is not available)",
			r.Destination, t.ID, r.Target)
	case r.Target.IsInternetGateway() && !p.from.face.Public:
		return p.blocked(NoAddress, q.From, "%s leads to %s by %s, but %s has no public address",
			t.ID, q.Service, r.Target, q.From)
	case r.Target.IsInternetGateway(), r.Target.IsNATGateway():
		return nil
	case r.Target.IsConnection():
		return p.blocked(NotTransitive, t.ID, "peering is not transitive: the route to %s in %s leads by %s into a VPC that "+
			"passes nothing on to %s", r.Destination, t.ID, r.Target, q.Service)
	}
	return p.blocked(Elsewhere, t.ID, "the route to %s in %s leads to %s, which is not known here",
		r.Destination, t.ID, r.Target)
}

// noService names the endpoint whose private DNS would lead the call, if the VPC has one.
func (n Network) noService(p packet, q ServiceQuery, t *peering.RouteTable) *Blocker {
	if e := n.endpoint(q.Service, func(e peering.Endpoint) bool { return e.VPC == t.VPC && !e.Gateway }); e != nil {
		return p.blocked(PrivateDNS, e.ID, "private DNS of %s is off, so that the name of %s leads to the internet, "+
			"to which %s has no route", e.ID, q.Service, t.ID)
	}
	return p.blocked(NoRoute, t.ID, "no route in %s leads to %s, neither to its prefix list nor to the internet",
		t.ID, q.Service)
}

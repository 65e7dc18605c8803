package ec2

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// publicService is an address of AWS's services on the internet, which stands for all of them.
var publicService = netip.MustParseAddr("52.95.110.1")

const https = 443

// Exit sends a call of an instance to a service of AWS, such as "s3", through the network as it is. It returns the VPC
// endpoint that the call takes, which is the zero Endpoint over the internet. Or it returns, in one word, the obstacle
// that the call meets first: "no-endpoint" if the service's name leads to the internet, to which the instance's subnet
// has no way.
func (s *Service) Exit(account, instanceID, service string) (via apicall.Endpoint, stoppedBy string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	from := s.sender(instanceID)
	if from == nil || from.account != account {
		return via, noInstance
	}
	if !from.primary().IsValid() { // the service's name has IPv4 addresses alone
		return via, noAddress
	}
	full := from.serviceName(service)
	if e := from.named(full); e != nil {
		return e.shown(), s.enter(from, e)
	}
	to := publicService
	if l := from.serviceList(full); l != nil {
		to = l.entries[0].cidr.Addr()
	}
	if stopped := from.filtered(to); stopped != "" {
		return via, stopped
	}
	if e := from.routed(full); e != nil {
		return e.shown(), ""
	}
	return via, from.leave()
}

// filtered takes a call to an address outside of the VPC, and its answer, through the filters of the interface and its
// subnet.
func (f *face) filtered(to netip.Addr) string {
	p := Packet{To: to, Protocol: "tcp", Port: https}
	switch {
	case !admitted(f, true, p.there(), to, &face{}):
		return stoppedEgress
	case !f.passes(true, p.there(), to):
		return stoppedACL
	}
	for _, back := range p.back(f.acl()) {
		if !f.passes(false, back, to) {
			return returnACL
		}
	}
	return ""
}

func (e *endpoint) shown() apicall.Endpoint {
	return apicall.Endpoint{ID: e.id, VPC: e.vpc.id, Policy: e.policy}
}

// named returns the interface endpoint to which the service's public name leads inside the VPC: one with private DNS.
func (f *face) named(service string) *endpoint {
	for _, e := range f.endpoints {
		if e.vpc == f.subnet.vpc && e.service == service && e.privateDNS && len(e.faces) > 0 {
			return e
		}
	}
	return nil
}

// enter takes the call to one of the endpoint's interfaces, in the sender's own subnet if there is one.
func (s *Service) enter(from *face, e *endpoint) string {
	to := e.faces[0]
	for _, f := range e.faces {
		if f.subnet == from.subnet {
			to = f
		}
	}
	p := Packet{From: from.id, To: to.primary(), Protocol: "tcp", Port: https}
	if stopped := question(from, to, from.primary(), p); stopped != "" {
		return stopped
	}
	return answer(from, to, from.primary(), p)
}

// routed returns the gateway endpoint to which the subnet's table routes the service's prefix list.
func (f *face) routed(service string) *endpoint {
	for _, r := range f.subnet.table().routes {
		if e := f.endpoints[r.target.id]; e != nil && e.service == service {
			return e
		}
	}
	return nil
}

// leave takes the call to the internet: by the VPC's internet gateway with a public address, or by a NAT gateway.
func (f *face) leave() string {
	r := f.subnet.table().best(publicService)
	switch {
	case r == nil || strings.HasPrefix(r.target.id, typeEndpoint.prefix):
		return "no-endpoint"
	case r.target.parameter == targetGateway && f.subnet.vpc.hasGateway(r.target.id):
		if !f.hasPublicAddress() {
			return noAddress
		}
		return ""
	case r.target.parameter == targetNAT:
		n := f.nats[r.target.id]
		if n != nil && !n.private && n.deleted.IsZero() {
			return n.face.leave()
		}
	}
	return blackhole
}

func (f *face) hasPublicAddress() bool {
	return len(f.bound()) > 0 ||
		f.attachment != nil && f.attachment.instance != nil && f.attachment.instance.public().IsValid()
}

// Hosts lists the running instances of an account in a Region, sorted by id.
func (s *Service) Hosts(account, region string) []apicall.Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[accountRegion{account, region}]
	if c == nil {
		return nil
	}
	var all []apicall.Host
	for _, i := range c.instances {
		if i.runs() {
			all = append(all, apicall.Host{Instance: i.id, Profile: i.options.profile})
		}
	}
	slices.SortFunc(all, func(a, b apicall.Host) int { return strings.Compare(a.Instance, b.Instance) })
	return all
}

// PublicImage returns the id of the image in a public parameter of Systems Manager; empty if there is none.
func (*Service) PublicImage(region, parameter string) string {
	for _, i := range publicImages(region) {
		if parameter != "" && i.parameter == parameter {
			return i.id
		}
	}
	return ""
}

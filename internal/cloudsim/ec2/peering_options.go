package ec2

import (
	"slices"
	"strings"
)

// The parameters with the options of each side, and the options.
const (
	requesterOptions = "RequesterPeeringConnectionOptions"
	accepterOptions  = "AccepterPeeringConnectionOptions"
	dnsOption        = "AllowDnsResolutionFromRemoteVpc"
)

// classicLinkOptions belong to a service that AWS has retired. Answers show them, and clients still send them.
var classicLinkOptions = []string{"AllowEgressFromLocalClassicLinkToRemoteVpc",
	"AllowEgressFromLocalVpcToRemoteClassicLink"}

func modifyOptions(r *request) ([]node, error) {
	c, err := r.connection()
	if err != nil {
		return nil, err
	}
	if c.state != stateActive {
		return nil, notPermitted("Peering %s is not active. Peering options can be added only to active peerings.", c.id)
	}
	var nodes []node
	changes := []func(){}
	for _, s := range []struct {
		options string
		name    string
		side    *side
	}{{requesterOptions, "Requester", &c.requester}, {accepterOptions, "Accepter", &c.accepter}} {
		if !r.has(s.options) {
			continue
		}
		change, shown, err := r.sideOptions(c, s.options, s.name, s.side)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
		nodes = append(nodes, group(lowerFirst(s.options), shown...))
	}
	if len(nodes) == 0 {
		return nil, missing(requesterOptions)
	}
	for _, change := range changes {
		change()
	}
	return nodes, nil
}

// sideOptions reads the options of one side, which only its owner may set, from its Region. An option that the request
// leaves out keeps its value.
func (r *request) sideOptions(c *connection, options, name string, s *side) (change func(), shown []node, err error) {
	switch {
	case s.account != r.cell.account:
		return nil, nil, notPermitted("User %s does not have permission to modify the %s side peering options",
			r.cell.account, strings.ToLower(name))
	case s.region != r.cell.region:
		return nil, nil, notPermitted("%s's VPC Peering connection options cannot be modified for a different region", name)
	}
	if err := r.checkClassicLink(c, options); err != nil {
		return nil, nil, err
	}
	wanted := *s
	for _, o := range []struct {
		name  string
		value *bool
	}{{dnsOption, &wanted.dns}, {multipathOption, &wanted.multipath}} {
		if !r.has(options + "." + o.name) {
			continue
		}
		if *o.value, err = r.bool(options + "." + o.name); err != nil {
			return nil, nil, err
		}
		shown = append(shown, leaf(lowerFirst(o.name), *o.value))
	}
	return func() { *s = wanted }, shown, s.mayBecome(c, wanted)
}

// mayBecome refuses options that the connection can't have.
func (s *side) mayBecome(c *connection, wanted side) error {
	switch {
	case wanted.dns && (!c.requester.resolves() || !c.accepter.resolves()):
		return refuse("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
			"DNS hostnames are not enabled for the VPCs of %s", c.id)
	case wanted.multipath && !c.isInterRegion():
		return multipathInside()
	}
	return nil
}

// checkClassicLink refuses ClassicLink's options across Regions with any value, and unknown ones everywhere. How
// EC2 answers them inside a Region since ClassicLink's end isn't recorded: it takes false here, and refuses true.
func (r *request) checkClassicLink(c *connection, options string) error {
	var given []string
	for field := range r.within(options) {
		switch {
		case slices.Contains(classicLinkOptions, field):
			given = append(given, lowerFirst(field))
		case field != dnsOption && field != multipathOption:
			return refuse("UnknownParameter", "The parameter %s.%s is not recognized", options, field)
		}
	}
	slices.Sort(given)
	if c.isInterRegion() && len(given) > 0 {
		return notPermitted("Modifying VPC peering connection options %s is not supported for "+
			"cross-region VPC peering connections",
			strings.Join(given, ", "))
	}
	for _, field := range classicLinkOptions {
		if on, err := r.bool(options + "." + field); err != nil || on {
			return refuse("UnsupportedOperation", "Modifying VPC peering connection options %s is not supported.", field)
		}
	}
	return nil
}

// resolves reports whether the VPC has the attributes that the DNS option needs in both VPCs:
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html.
func (s side) resolves() bool { return s.vpc != nil && s.vpc.dnsHostnames && s.vpc.dnsSupport }

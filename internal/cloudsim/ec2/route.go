package ec2

import (
	"cmp"
	"net/netip"
	"slices"
)

const routeParams = "RouteTableId DestinationCidrBlock DestinationIpv6CidrBlock GatewayId InstanceId VpcPeeringConnectionId LocalTarget"

type route struct {
	destination netip.Prefix
	target      target
	local       bool
}

// target is where a route leads: the parameter that names it, and the id.
type target struct{ parameter, id string }

const (
	targetGateway    = "GatewayId"
	targetInstance   = "InstanceId"
	targetConnection = "VpcPeeringConnectionId"
)

// allRoutes are the local routes, one for each block of the VPC, and then the others.
func (t *table) allRoutes() []*route {
	var all []*route
	for _, b := range t.vpc.blocks {
		if b.isAssociated() {
			all = append(all, &route{destination: b.prefix, target: target{targetGateway, "local"}, local: true})
		}
	}
	return append(all, t.routes...)
}

// find returns the route for exactly this destination, or nil. A local route is a copy.
func (t *table) find(destination netip.Prefix) *route {
	for _, r := range t.allRoutes() {
		if r.destination == destination {
			return r
		}
	}
	return nil
}

func (r *route) inFamily(six bool) string {
	if r.destination.Addr().Is6() != six {
		return ""
	}
	return r.destination.String()
}

// to returns the target's id if it is of this type, as filters have a name for each type.
func (r *route) to(parameter string) string {
	if r.target.parameter != parameter {
		return ""
	}
	return r.target.id
}

func (r *route) origin() string {
	if r.local {
		return "CreateRouteTable"
	}
	return "CreateRoute"
}

// state is computed whenever somebody asks, as a route follows its target without being changed itself.
func (t *table) state(r *route) string {
	alive := r.local
	switch r.target.parameter {
	case targetConnection:
		c := t.connections[r.target.id]
		alive = c != nil && c.state == stateActive
	case targetGateway:
		g := t.vpc.gateways[r.target.id]
		alive = alive || g != nil && g.vpc == t.vpc
	case targetInstance:
		i := t.vpc.instances[r.target.id]
		alive = i != nil && !i.terminated
	}
	if alive {
		return "active"
	}
	return "blackhole"
}

func (t *table) showRoute(r *route) []node {
	field := "destinationCidrBlock"
	if r.destination.Addr().Is6() {
		field = "destinationIpv6CidrBlock"
	}
	return []node{
		leaf(field, r.destination.String()),
		leaf(lowerFirst(r.target.parameter), r.target.id),
		leaf("state", t.state(r)),
		leaf("origin", r.origin()),
	}
}

// routeParams reads the parameters that CreateRoute and ReplaceRoute share.
func (r *request) routeParams() (t *table, destination netip.Prefix, to target, err error) {
	if t, destination, err = r.tableAndDestination(); err != nil {
		return nil, destination, to, err
	}
	to, err = r.target(t)
	return t, destination, to, err
}

func createRoute(r *request) ([]node, error) {
	t, destination, to, err := r.routeParams()
	if err != nil {
		return nil, err
	}
	if there := t.find(destination); there != nil {
		if r.opts.Switches.RouteTwice && there.target == to {
			return done(), nil
		}
		return nil, refuse("RouteAlreadyExists", "The route identified by %s already exists.", destination)
	}
	if err := t.fits(destination, to); err != nil {
		return nil, err
	}
	if t.count(destination.Addr().Is6()) >= r.opts.Quotas.RoutesPerTable {
		return nil, refuse("RouteLimitExceeded", "The maximum number of routes has been reached.")
	}
	t.routes = append(t.routes, &route{destination: destination, target: to})
	return done(), nil
}

// replaceRoute answers InvalidParameterValue, and not InvalidRoute.NotFound, where there is no route.
func replaceRoute(r *request) ([]node, error) {
	t, destination, to, err := r.routeParams()
	if err != nil {
		return nil, err
	}
	there := t.find(destination)
	switch {
	case there == nil:
		return nil, invalidValue("There is no route defined for '%s' in the route table. Use CreateRoute instead.", destination)
	case there.local:
		return nil, localReplaced()
	}
	if err := t.fits(destination, to); err != nil {
		return nil, err
	}
	there.target = to
	return done(), nil
}

func deleteRoute(r *request) ([]node, error) {
	t, destination, err := r.tableAndDestination()
	if err != nil {
		return nil, err
	}
	there := t.find(destination)
	switch {
	case there == nil:
		return nil, refuse("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", destination, t.id)
	case there.local:
		return nil, invalidValue("cannot remove local route %s in route table %s", destination, t.id)
	}
	t.routes = slices.DeleteFunc(t.routes, func(other *route) bool { return other == there })
	return done(), nil
}

// count counts the routes of one family, each of which has the whole quota.
func (t *table) count(six bool) int {
	n := 0
	for _, r := range t.allRoutes() {
		if r.destination.Addr().Is6() == six {
			n++
		}
	}
	return n
}

func (r *request) tableAndDestination() (*table, netip.Prefix, error) {
	t, err := r.table()
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	four, six := r.has("DestinationCidrBlock"), r.has("DestinationIpv6CidrBlock")
	var destination netip.Prefix
	switch {
	case four && six:
		err = combination("The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock")
	case six:
		destination, err = r.cidr("DestinationIpv6CidrBlock")
	default:
		destination, err = r.cidr("DestinationCidrBlock")
	}
	return t, destination, err
}

// target reads the target of a route, which must exist where the caller can see it.
func (r *request) target(t *table) (target, error) {
	var given []target
	for _, parameter := range []string{targetGateway, targetInstance, targetConnection} {
		if id := r.params[parameter]; id != "" {
			given = append(given, target{parameter, id})
		}
	}
	switch {
	case r.has("LocalTarget"):
		return target{}, localReplaced()
	case len(given) == 0:
		return target{}, missing("gatewayId, instanceId or vpcPeeringConnectionId")
	case len(given) > 1:
		return target{}, combination("The request must contain exactly one of gatewayId, instanceId, vpcPeeringConnectionId")
	}
	return given[0], r.reaches(t, given[0])
}

// localReplaced refuses what AWS allows, a local route with another target, as nothing here needs it.
func localReplaced() *refusal {
	return refuse("UnsupportedOperation", "Local routes cannot be replaced here.")
}

// reaches refuses a target that the caller cannot see, or that is in another VPC.
func (r *request) reaches(t *table, to target) error {
	switch to.parameter {
	case targetConnection:
		return r.reachesConnection(t, to.id)
	case targetInstance:
		i, err := lookUp(typeInstance, to.id, r.cell.instances)
		if err == nil && i.subnet.vpc != t.vpc {
			err = differentNetworks(t, to)
		}
		return err
	}
	g, err := lookUp(typeGateway, to.id, r.cell.gateways)
	if err == nil && g.vpc != t.vpc {
		err = differentNetworks(t, to)
	}
	return err
}

func differentNetworks(t *table, to target) *refusal {
	noun := "network gateway" // also of a peering connection
	if to.parameter == targetInstance {
		noun = "instance"
	}
	return invalidValue("route table %s and %s %s belong to different networks", t.id, noun, to.id)
}

// reachesConnection lets a route lead to a connection in any state: it is a blackhole until the connection is
// active. See https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html.
func (r *request) reachesConnection(t *table, id string) error {
	c, err := r.visibleConnection(id)
	if err != nil {
		return err
	}
	if c.requester.vpcID != t.vpc.id && c.accepter.vpcID != t.vpc.id {
		refused := differentNetworks(t, target{targetConnection, id})
		refused.code = cmp.Or(r.opts.Switches.ForeignConnectionCode, refused.code)
		return refused
	}
	return nil
}

// forbidden are the destinations that AWS keeps to itself:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html.
var forbidden = []netip.Prefix{netip.MustParsePrefix("169.254.168.0/22"), netip.MustParsePrefix("fd00:ec2::/32")}

// fits refuses a destination that the table may not route to such a target.
func (t *table) fits(destination netip.Prefix, to target) error {
	for _, f := range forbidden {
		if f.Overlaps(destination) && f.Bits() <= destination.Bits() {
			return invalidValue("The destination CIDR block %s is in the reserved range %s", destination, f)
		}
	}
	if t.isEdge() {
		return t.fitsEdge(destination, to)
	}
	if t.vpc.contains(destination) && to.parameter != targetInstance {
		return invalidValue("Route target is not supported. This route only supports interface and instance targets.")
	}
	return nil
}

// fitsEdge lets the table of a gateway route parts of the VPC to an interface in it, and nothing else.
func (t *table) fitsEdge(destination netip.Prefix, to target) error {
	if to.parameter == targetInstance && t.vpc.contains(destination) {
		return nil
	}
	return invalidValue("Route table %s is associated with a gateway and cannot have a route for %s to %s", t.id, destination, to.id)
}

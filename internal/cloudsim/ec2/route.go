package ec2

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

const routeParams = "RouteTableId DestinationCidrBlock DestinationIpv6CidrBlock " +
	"DestinationPrefixListId GatewayId InstanceId NetworkInterfaceId NatGatewayId EgressOnlyInternetGatewayId " +
	"TransitGatewayId VpcPeeringConnectionId VpcEndpointId CarrierGatewayId LocalGatewayId CoreNetworkArn"

type route struct {
	destination netip.Prefix // invalid for a prefix list
	listID      string       // of the prefix list that is the destination
	target      target
	local       bool // made with the table for a block of the VPC
	propagated  bool // learned by a virtual private gateway
}

// target is where a route leads: the parameter that names it, and the id.
type target struct{ parameter, id string }

const (
	targetGateway    = "GatewayId"
	targetInstance   = "InstanceId"
	targetInterface  = "NetworkInterfaceId"
	targetNAT        = "NatGatewayId"
	targetEgressOnly = "EgressOnlyInternetGatewayId"
	targetTransit    = "TransitGatewayId"
	targetConnection = "VpcPeeringConnectionId"
	targetEndpoint   = "VpcEndpointId"
	targetCarrier    = "CarrierGatewayId"
	targetOutpost    = "LocalGatewayId"
	targetCore       = "CoreNetworkArn"
)

var targetParams = []string{
	targetGateway, targetInstance, targetInterface, targetNAT, targetEgressOnly, targetTransit, targetConnection,
	targetEndpoint, targetCarrier, targetOutpost, targetCore,
}

// destination is that of a route: a block or a prefix list.
type destination struct {
	netip.Prefix
	list *prefixList
}

func (d destination) String() string {
	if d.list != nil {
		return d.list.id
	}
	return d.Prefix.String()
}

func (d destination) six() bool {
	if d.list != nil {
		return d.list.six
	}
	return d.Addr().Is6()
}

// weight returns how much a route to the destination counts against the quota. A prefix list counts as its most
// entries:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-route-tables
func (d destination) weight() int {
	if d.list != nil {
		return d.list.most
	}
	return 1
}

// key is the destination as text. A table has one static route to each destination.
func (r *route) key() string {
	if r.listID != "" {
		return r.listID
	}
	return r.destination.String()
}

// allRoutes are the local routes, one for each block of the VPC, then the static and then the propagated ones.
func (t *table) allRoutes() []*route {
	return slices.Concat(t.localRoutes(), t.routes, t.propagated())
}

// find returns the local or static route for exactly this destination, or nil. A local route is a copy.
func (t *table) find(d destination) *route {
	for _, r := range append(t.localRoutes(), t.routes...) {
		if r.key() == d.String() {
			return r
		}
	}
	return nil
}

func (t *table) refersTo(l *prefixList) bool {
	return slices.ContainsFunc(t.routes, func(r *route) bool { return r.listID == l.id })
}

func (r *route) inFamily(six bool) string {
	if !r.destination.IsValid() || r.destination.Addr().Is6() != six {
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
	switch {
	case r.local:
		return "CreateRouteTable"
	case r.propagated:
		return "EnableVgwRoutePropagation"
	}
	return "CreateRoute"
}

// state is computed for each call, because a route follows its target without being changed itself.
func (t *table) state(r *route) string {
	if r.target == localTarget || t.isAlive(r.target) {
		return "active"
	}
	return "blackhole"
}

// isAlive reports whether the target takes packets from the table's VPC.
func (t *table) isAlive(to target) bool {
	switch to.parameter {
	case targetConnection:
		c := t.connections[to.id]
		return c != nil && c.state == stateActive
	case targetInstance:
		return t.vpc.runs(to.id)
	case targetInterface:
		return t.vpc.uses(to.id)
	case targetNAT:
		return t.vpc.hasNAT(to.id)
	case targetEgressOnly:
		return has(t.vpc.egressOnly, to.id)
	case targetTransit:
		return t.attachmentTo(t.vpc, to.id) != nil
	}
	return t.vpc.hasGateway(to.id) || t.vpc.hasVPN(to.id) || has(t.vpc.endpoints, to.id)
}

func (c *cell) runs(instance string) bool {
	i := c.instances[instance]
	return i != nil && i.runs()
}

// uses reports whether the interface belongs to an instance that runs or to a service.
func (c *cell) uses(id string) bool {
	f := c.faces[id]
	return f != nil && (f.requester != "" || f.hasInstance())
}

func (c *cell) hasNAT(id string) bool {
	n := c.nats[id]
	return n != nil && n.deleted.IsZero()
}

func (t *table) showRoute(r *route) []node {
	var nodes []node
	switch {
	case r.listID != "":
		nodes = append(nodes, leaf("destinationPrefixListId", r.listID))
	case r.destination.Addr().Is6():
		nodes = append(nodes, leaf("destinationIpv6CidrBlock", r.destination.String()))
	default:
		nodes = append(nodes, leaf("destinationCidrBlock", r.destination.String()))
	}
	nodes = append(nodes, leaf(lowerFirst(r.target.parameter), r.target.id))
	nodes = append(nodes, t.besideTarget(r.target)...)
	return append(nodes, leaf("state", t.state(r)), leaf("origin", r.origin()))
}

// besideTarget shows the instance of an interface and the interface of an instance.
func (t *table) besideTarget(to target) []node {
	i, f := t.vpc.instances[to.id], t.vpc.faces[to.id]
	switch {
	case i != nil && !i.terminated:
		return []node{leaf("instanceOwnerId", i.account), leaf("networkInterfaceId", i.faces[0].id)}
	case f != nil && f.attachment != nil:
		return []node{leaf("instanceId", f.attachment.instance.id), leaf("instanceOwnerId", f.attachment.instance.account)}
	}
	return nil
}

// routeParams reads the parameters that CreateRoute and ReplaceRoute share.
func (r *request) routeParams() (t *table, d destination, to target, err error) {
	if t, d, err = r.tableAndDestination(); err != nil {
		return nil, d, to, err
	}
	to, err = r.target(t)
	return t, d, to, err
}

func createRoute(r *request) ([]node, error) {
	t, d, to, err := r.routeParams()
	if err != nil {
		return nil, err
	}
	if there := t.find(d); there != nil {
		if r.opts.Switches.RouteTwice && there.target == to {
			return done(), nil
		}
		return nil, routeExists(d)
	}
	if err := t.fits(d, to); err != nil {
		return nil, err
	}
	if err := r.hasRoom(t, d); err != nil {
		return nil, err
	}
	t.add(d, to)
	return done(), nil
}

func routeExists(d destination) *refusal {
	return refuse("RouteAlreadyExists", "The route identified by %s already exists.", d)
}

func (r *request) hasRoom(t *table, d destination) error {
	if t.count(d.six())+d.weight() > r.opts.Quotas.RoutesPerTable {
		return refuse("RouteLimitExceeded", "The maximum number of routes has been reached.")
	}
	return nil
}

func (t *table) add(d destination, to target) {
	there := &route{destination: d.Prefix, target: to}
	if d.list != nil {
		there.listID = d.list.id
	}
	t.routes = append(t.routes, there)
}

// replaceRoute answers InvalidParameterValue, and not InvalidRoute.NotFound, where there is no static route.
func replaceRoute(r *request) ([]node, error) {
	t, d, to, err := r.routeParams()
	if err != nil {
		return nil, err
	}
	there := t.find(d)
	switch {
	case there == nil:
		return nil, invalidValue("There is no route defined for '%s' in the route table. Use CreateRoute instead.", d)
	case there.isOfEndpoint():
		return nil, endpointRoute(t, d)
	case to == localTarget:
		return done(), t.restoreLocal(there)
	}
	if err := t.fits(d, to); err != nil {
		return nil, err
	}
	if there.local {
		t.replaceLocal(there, to)
	}
	there.target = to
	return done(), nil
}

// deleteRoute doesn't find propagated routes: who ends their propagation removes them.
func deleteRoute(r *request) ([]node, error) {
	t, d, err := r.tableAndDestination()
	if err != nil {
		return nil, err
	}
	there := t.find(d)
	switch {
	case there == nil:
		kind := "cidr-block"
		if d.list != nil {
			kind = "prefix-list-id"
		}
		return nil, refuse("InvalidRoute.NotFound", "no route with destination-%s %s in route table %s", kind, d, t.id)
	case there.local:
		return nil, invalidValue("cannot remove local route %s in route table %s", d, t.id)
	case there.isOfEndpoint():
		return nil, endpointRoute(t, d)
	}
	t.remove(there)
	return done(), nil
}

func (t *table) remove(there *route) {
	t.routes = slices.DeleteFunc(t.routes, func(other *route) bool { return other == there })
}

// isOfEndpoint reports whether a gateway endpoint made the route, which no call but the endpoint's own changes:
// https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html#gateway-endpoint-routing
func (r *route) isOfEndpoint() bool { return strings.HasPrefix(r.target.id, typeEndpoint.prefix) }

func endpointRoute(t *table, d destination) *refusal {
	return invalidValue("cannot modify or remove VPC endpoint route %s in route table %s", d, t.id)
}

// count counts the routes of one family; each family has the whole quota. Propagated ones have a quota of their own.
func (t *table) count(six bool) int {
	n := 0
	for _, r := range append(t.localRoutes(), t.routes...) {
		d := destination{r.destination, t.vpc.allLists()[r.listID]}
		if d.six() == six {
			n += d.weight()
		}
	}
	return n
}

func (r *request) tableAndDestination() (*table, destination, error) {
	t, err := r.table()
	if err != nil {
		return nil, destination{}, err
	}
	var given []string
	for _, name := range []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"} {
		if r.has(name) {
			given = append(given, name)
		}
	}
	var d destination
	switch {
	case len(given) > 1:
		err = combination("The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock, " +
			"destinationPrefixListId")
	case len(given) == 0:
		err = missing("DestinationCidrBlock")
	case given[0] == "DestinationPrefixListId":
		d.list, err = find(typePrefixList, r.params, given[0], r.cell.allLists())
	default:
		d.Prefix, err = r.cidr(given[0])
	}
	return t, d, err
}

// target reads the target of a route, which must exist where the caller can see it.
func (r *request) target(t *table) (target, error) {
	var given []target
	for _, parameter := range targetParams {
		if id := r.params[parameter]; id != "" {
			given = append(given, target{parameter, id})
		}
	}
	local, err := r.bool(localParam)
	if local {
		given = append(given, localTarget)
	}
	switch {
	case err != nil:
		return target{}, err
	case len(given) == 0:
		return target{}, missing("gatewayId, instanceId, networkInterfaceId or vpcPeeringConnectionId")
	case len(given) > 1:
		return target{},
			combination("The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, " +
				"vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId or instanceId")
	}
	return given[0], r.reaches(t, given[0])
}

// reaches refuses a target that the caller cannot see, or that is in another VPC.
func (r *request) reaches(t *table, to target) error {
	switch {
	case to == localTarget:
		return nil
	case to.parameter == targetConnection:
		return r.reachesConnection(t, to.id)
	case foreignTargets[to.parameter].prefix != "":
		return r.refuseForeign(to)
	}
	v, err := r.vpcOf(t, to)
	if err == nil && v != t.vpc {
		err = differentNetworks(t, to)
	}
	return err
}

// vpcOf returns the VPC that the target is in or attached to, nil for a gateway that is detached.
func (r *request) vpcOf(t *table, to target) (*vpc, error) {
	switch to.parameter {
	case targetInstance:
		return r.vpcOfInstance(to.id)
	case targetInterface:
		f, err := lookUp(typeInterface, to.id, r.cell.faces)
		if err != nil {
			return nil, err
		}
		return f.subnet.vpc, nil
	case targetNAT:
		return r.vpcOfNAT(to.id)
	case targetEgressOnly:
		g, err := lookUp(typeEgressOnly, to.id, r.cell.egressOnly)
		if err != nil {
			return nil, err
		}
		return g.vpc, nil
	case targetTransit:
		return t.vpc, r.reachesTransit(t, to.id)
	}
	return r.vpcOfGateway(to.id)
}

// vpcOfInstance refuses an instance with several interfaces, as EC2 does.
func (r *request) vpcOfInstance(id string) (*vpc, error) {
	i, err := lookUp(typeInstance, id, r.cell.instances)
	switch {
	case err != nil:
		return nil, err
	case len(i.faces) > 1:
		return nil, refuse("InvalidInstanceID",
			"There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the operation instead.",
			id)
	}
	return i.subnet.vpc, nil
}

// vpcOfGateway takes internet gateways and virtual private gateways. Codes and texts are those that users of
// CreateRoute quote: https://github.com/ansible-collections/amazon.aws/issues/2631 and
// https://github.com/devopsacademyau/academy/pull/906.
func (r *request) vpcOfGateway(id string) (*vpc, error) {
	if !strings.HasPrefix(id, typeGateway.prefix) && !strings.HasPrefix(id, typeVPN.prefix) {
		return nil, invalidValue("invalid value for parameter gateway-id: %s", id)
	}
	if g := r.cell.gateways[id]; g != nil {
		return g.vpc, nil
	}
	if g := r.cell.vpns[id]; g != nil {
		return g.vpc, nil
	}
	return nil, refuse("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", id)
}

func differentNetworks(t *table, to target) *refusal {
	noun := "network gateway" // also of a peering connection
	switch to.parameter {
	case targetInstance:
		noun = "instance"
	case targetInterface:
		noun = "interface"
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
func (t *table) fits(d destination, to target) error {
	for _, f := range forbidden {
		if f.Overlaps(d.Prefix) && f.Bits() <= d.Bits() {
			return invalidValue("The destination CIDR block %s is in the reserved range %s", d, f)
		}
	}
	switch {
	case t.isEdge():
		return t.fitsEdge(d, to)
	case to.parameter == targetEgressOnly && !d.six():
		return invalidValue("The destination %s isn't an IPv6 CIDR block, which %s requires", d, to.id)
	case d.IsValid() && t.vpc.contains(d.Prefix) && !slices.Contains(intoVPC, to.parameter):
		return invalidValue("Route target is not supported. This route only supports interface and instance targets.")
	}
	return nil
}

// intoVPC are the targets of routes that are more specific than a local one:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
var intoVPC = []string{targetInstance, targetInterface, targetNAT}

// fitsEdge lets the table of a gateway route parts of the VPC to an interface in it, and nothing else.
func (t *table) fitsEdge(d destination, to target) error {
	if (to.parameter == targetInstance || to.parameter == targetInterface) && d.IsValid() && t.vpc.contains(d.Prefix) {
		return nil
	}
	return invalidValue("Route table %s is associated with a gateway and cannot have a route for %s to %s", t.id, d, to.id)
}

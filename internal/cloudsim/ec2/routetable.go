package ec2

import (
	"net/netip"
	"slices"
	"strconv"
)

type table struct {
	*Service
	vpc          *vpc
	id           string
	routes       []*route                // the created ones; local routes follow from the VPC's blocks
	replaced     map[netip.Prefix]target // the targets of local routes that have another one, by destination
	associations []association           // explicit ones; the main table has one without a subnet
	propagating  []*vpnGateway           // their routes are in the table too
}

type association struct {
	id      string
	main    bool
	subnet  *subnet
	gateway *gateway
}

func (a association) isOf(id string) bool { return a.id == id }

// release drops the associations for which gone returns true: their subnets fall back to the main table.
func (t *table) release(gone func(association) bool) {
	t.associations = slices.DeleteFunc(t.associations, gone)
}

// isEdge reports whether the table belongs to a gateway. Such a table has rules of its own:
// https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html.
func (t *table) isEdge() bool {
	return slices.ContainsFunc(t.associations, func(a association) bool { return a.gateway != nil })
}

func createTable(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeTable)
	if err != nil {
		return nil, err
	}
	t := r.addTable(v)
	r.cell.tag(t.id, tags)
	return []node{group("routeTable", showTable(t)...)}, nil
}

func (r *request) addTable(v *vpc) *table {
	t := &table{Service: r.Service, vpc: v, id: r.newID(typeTable.prefix)}
	r.cell.tables[t.id] = t
	return t
}

func deleteTable(r *request) ([]node, error) {
	t, err := r.table()
	if err != nil {
		return nil, err
	}
	if len(t.associations) > 0 {
		return nil, dependency("The routeTable '%s' has dependencies and cannot be deleted.", t.id)
	}
	for _, e := range r.cell.endpoints {
		e.tables = slices.DeleteFunc(e.tables, func(other *table) bool { return other == t })
	}
	r.cell.forget(t.id)
	delete(r.cell.tables, t.id)
	return done(), nil
}

func (r *request) table() (*table, error) {
	return find(typeTable, r.params, "RouteTableId", r.cell.tables)
}

func associateTable(r *request) ([]node, error) {
	t, err := r.table()
	if err != nil {
		return nil, err
	}
	a := association{id: r.newID(typeAssociation.prefix)}
	switch subnet, gateway := r.has("SubnetId"), r.has("GatewayId"); {
	case subnet == gateway:
		return nil, combination("The request must contain exactly one of subnetId, gatewayId")
	case subnet:
		a.subnet, err = r.subnetFor(t)
	default:
		a.gateway, err = r.gatewayFor(t)
	}
	if err != nil {
		return nil, err
	}
	t.associations = append(t.associations, a)
	return []node{leaf("associationId", a.id), associated}, nil
}

var associated = group("associationState", leaf("state", "associated"))

// subnetFor reads the subnet to associate, which must be of the table's VPC and have no other table.
func (r *request) subnetFor(t *table) (*subnet, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	if s.vpc != t.vpc {
		return nil, invalidValue("Route table %s and subnet %s belong to different networks", t.id, s.id)
	}
	if r.isAssociated(func(a association) bool { return a.subnet == s }) {
		return nil, refuse("Resource.AlreadyAssociated",
			"the specified association for route table %s conflicts with an existing association", t.id)
	}
	return s, nil
}

// gatewayFor reads the gateway to associate. The table must be fit to become a gateway's.
func (r *request) gatewayFor(t *table) (*gateway, error) {
	g, err := find(typeGateway, r.params, "GatewayId", r.cell.gateways)
	switch {
	case err != nil:
		return nil, err
	case g.vpc != t.vpc:
		return nil, invalidValue("Route table %s and gateway %s belong to different networks", t.id, g.id)
	case t == t.vpc.main:
		return nil, invalidValue("The main route table %s cannot be associated with a gateway", t.id)
	case r.isAssociated(func(a association) bool { return a.gateway == g }):
		return nil, refuse("Resource.AlreadyAssociated",
			"the specified association for route table %s conflicts with an existing association", t.id)
	}
	for _, route := range append(t.replacedRoutes(), t.routes...) {
		if err := t.fitsEdge(destination{route.destination, r.cell.allLists()[route.listID]}, route.target); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (r *request) isAssociated(matches func(association) bool) bool {
	for _, t := range r.cell.tables {
		if slices.ContainsFunc(t.associations, matches) {
			return true
		}
	}
	return false
}

// findAssociation returns the table that has the association, and the index of the association in it.
func (r *request) findAssociation() (*table, int, error) {
	id, err := r.must("AssociationId")
	if err != nil {
		return nil, 0, err
	}
	if err := typeAssociation.check(id); err != nil {
		return nil, 0, err
	}
	for _, t := range r.cell.tables {
		for i, a := range t.associations {
			if a.isOf(id) {
				return t, i, nil
			}
		}
	}
	return nil, 0, typeAssociation.missing(id)
}

func disassociateTable(r *request) ([]node, error) {
	t, i, err := r.findAssociation()
	if err != nil {
		return nil, err
	}
	if t.associations[i].main {
		return nil, invalidValue("cannot disassociate the main route table association %s", t.associations[i].id)
	}
	t.associations = slices.Delete(t.associations, i, i+1)
	return append(done(), group("associationState", leaf("state", "disassociating"))), nil
}

// replaceTableAssociation gives a subnet another table, or a VPC another main table.
func replaceTableAssociation(r *request) ([]node, error) {
	from, i, err := r.findAssociation()
	if err != nil {
		return nil, err
	}
	to, err := r.table()
	if err != nil {
		return nil, err
	}
	a := from.associations[i]
	if from.vpc != to.vpc {
		return nil, invalidValue("Route table %s and association %s belong to different networks", to.id, a.id)
	}
	from.associations = slices.Delete(from.associations, i, i+1)
	a.id = r.newID(typeAssociation.prefix)
	to.associations = append(to.associations, a)
	if a.main {
		to.vpc.main = to
	}
	return []node{leaf("newAssociationId", a.id), associated}, nil
}

var tableListing = listing[*table]{
	set:          "routeTableSet",
	ids:          "RouteTableId",
	resourceType: typeTable,
	most:         100,
	id:           func(t *table) string { return t.id },
	filters: filters[*table]{
		"route-table-id": one(func(t *table) string { return t.id }),
		"vpc-id":         one(func(t *table) string { return t.vpc.id }),
		"owner-id":       one(func(t *table) string { return t.vpc.account }),
		"association.main": eachAssociation(func(a association) string {
			return strconv.FormatBool(a.main)
		}),
		"association.route-table-association-id": eachAssociation(func(a association) string { return a.id }),
		"association.subnet-id":                  eachAssociation(association.subnetID),
		"association.gateway-id":                 eachAssociation(association.gatewayID),
		"association.route-table-id":             (*table).associatedID,
		"route.destination-cidr-block":           eachRoute(func(r *route) string { return r.inFamily(false) }),
		"route.destination-ipv6-cidr-block":      eachRoute(func(r *route) string { return r.inFamily(true) }),
		"route.vpc-peering-connection-id":        eachRoute(func(r *route) string { return r.to(targetConnection) }),
		"route.gateway-id":                       eachRoute(func(r *route) string { return r.to(targetGateway) }),
		"route.nat-gateway-id":                   eachRoute(func(r *route) string { return r.to(targetNAT) }),
		"route.egress-only-internet-gateway-id":  eachRoute(func(r *route) string { return r.to(targetEgressOnly) }),
		"route.transit-gateway-id":               eachRoute(func(r *route) string { return r.to(targetTransit) }),
		"route.network-interface-id":             eachRoute(func(r *route) string { return r.to(targetInterface) }),
		"route.destination-prefix-list-id":       eachRoute(func(r *route) string { return r.listID }),
		"route.instance-id":                      eachRoute(func(r *route) string { return r.to(targetInstance) }),
		"route.origin":                           eachRoute((*route).origin),
		"route.state":                            (*table).routeStates,
	},
	show: showTable,
}

func (a association) subnetID() string {
	if a.subnet == nil {
		return ""
	}
	return a.subnet.id
}

func (a association) gatewayID() string {
	if a.gateway == nil {
		return ""
	}
	return a.gateway.id
}

func (t *table) associatedID() []string {
	if len(t.associations) == 0 {
		return nil
	}
	return []string{t.id}
}

func eachAssociation(f func(association) string) func(*table) []string {
	return func(t *table) []string { return nonEmpty(t.associations, f) }
}

func eachRoute(f func(*route) string) func(*table) []string {
	return func(t *table) []string { return nonEmpty(t.allRoutes(), f) }
}

func nonEmpty[T any](things []T, f func(T) string) []string {
	var all []string
	for _, t := range things {
		if s := f(t); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func (t *table) routeStates() []string { return nonEmpty(t.allRoutes(), t.state) }

func describeTables(r *request) ([]node, error) {
	return describe(r, tableListing, sorted(r.cell.tables))
}

// showTable lists explicit associations only: EC2 does not show which subnets the main table serves.
func showTable(t *table) []node {
	return []node{
		leaf("routeTableId", t.id),
		leaf("vpcId", t.vpc.id),
		leaf("ownerId", t.vpc.account),
		listOf("routeSet", t.allRoutes(), t.showRoute),
		listOf("associationSet", t.associations, t.showAssociation),
		listOf("propagatingVgwSet", t.propagating, func(g *vpnGateway) []node { return []node{leaf("gatewayId", g.id)} }),
		t.vpc.taggedNode(t.id),
	}
}

func (t *table) showAssociation(a association) []node {
	nodes := []node{leaf("routeTableAssociationId", a.id), leaf("routeTableId", t.id), leaf("main", a.main), associated}
	nodes = append(nodes, optional("subnetId", a.subnetID())...)
	return append(nodes, optional("gatewayId", a.gatewayID())...)
}

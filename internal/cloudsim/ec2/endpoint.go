package ec2

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// endpoint is a VPC endpoint for a service of AWS: a gateway endpoint by routes to the service's prefix list, or an
// interface endpoint by network interfaces. https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html
type endpoint struct {
	*cell
	id         string
	vpc        *vpc
	service    string
	isGateway  bool
	policy     string
	tables     []*table // of a gateway endpoint
	faces      []*face  // of an interface endpoint
	groups     []*securityGroup
	privateDNS bool
	created    time.Time
}

var typeEndpoint = resourceType{
	"vpce-", "vpc-endpoint", "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointId.Malformed", "Vpc Endpoint Id",
}

const endpointParams = "VpcEndpointType VpcId ServiceName PolicyDocument RouteTableId SubnetId SecurityGroupId " +
	"IpAddressType DnsOptions PrivateDnsEnabled TagSpecification"

const modifyEndpointParams = "VpcEndpointId ResetPolicy PolicyDocument AddRouteTableId RemoveRouteTableId " +
	"AddSubnetId RemoveSubnetId AddSecurityGroupId RemoveSecurityGroupId IpAddressType DnsOptions PrivateDnsEnabled"

// openPolicy is the policy of an endpoint that is created without one:
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-default
const openPolicy = `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*",` +
	`"Resource":"*"}]}`

// interfaceServices have interface endpoints.
var interfaceServices = []string{
	"ec2", "ec2messages", "ecr.api", "ecr.dkr", "events", "execute-api", "kms", "lambda", "logs",
	"monitoring", "s3", "secretsmanager",
	"sns", "sqs", "ssm", "ssmmessages", "sts",
}

func (c *cell) serviceName(short string) string { return "com.amazonaws." + c.region + "." + short }

func createEndpoint(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeEndpoint)
	if err != nil {
		return nil, err
	}
	e := &endpoint{cell: r.cell, vpc: v, policy: openPolicy, created: r.now}
	if err := r.readService(e); err != nil {
		return nil, err
	}
	if e.policy, err = r.policy(e.policy); err != nil {
		return nil, err
	}
	read := r.readInterfaceEndpoint
	if e.isGateway {
		read = r.readGatewayEndpoint
	}
	if err := read(e); err != nil {
		return nil, err
	}
	e.id = r.newID(typeEndpoint.prefix)
	r.cell.endpoints[e.id] = e
	r.cell.tag(e.id, tags)
	for _, t := range e.tables {
		e.route(t)
	}
	r.place(e.faces, "VPC Endpoint Interface "+e.id)
	return []node{group("vpcEndpoint", showEndpoint(e)...)}, nil
}

// readService reads type and name of the service, which is a gateway endpoint's by default.
func (r *request) readService(e *endpoint) error {
	var err error
	if e.service, err = r.must("ServiceName"); err != nil {
		return err
	}
	kind, available := orText(r.params["VpcEndpointType"], gatewayType), r.cell.endpointTypes(e.service)
	e.isGateway = kind == gatewayType
	switch {
	case !oneOf(kind, "Gateway Interface GatewayLoadBalancer Resource ServiceNetwork Tunnel"):
		return refuse("InvalidVpcEndpointType", "The VPC endpoint type '%s' is not valid", kind)
	case len(available) == 0:
		return refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", e.service)
	case !slices.Contains(available, kind):
		return refuse("InvalidParameter", "Endpoint type (%s) does not match available service types ([%s]).",
			kind, strings.Join(available, ", "))
	}
	return nil
}

const (
	gatewayType   = "Gateway"
	interfaceType = "Interface"
)

// endpointTypes returns the types of endpoints that a service has.
func (c *cell) endpointTypes(service string) []string {
	var all []string
	for _, s := range c.endpointServices() {
		if s.name == service {
			all = append(all, s.kind)
		}
	}
	return all
}

func (r *request) policy(otherwise string) (string, error) {
	p := r.params["PolicyDocument"]
	switch {
	case p == "":
		return otherwise, nil
	case !json.Valid([]byte(p)):
		return "", refuse("InvalidPolicyDocument", "Policy document is not valid JSON")
	}
	return p, nil
}

func (r *request) readGatewayEndpoint(e *endpoint) error {
	if r.has("SubnetId") || r.has("SecurityGroupId") {
		return onlyInterface()
	}
	var err error
	e.tables, err = r.endpointTables(e, "RouteTableId")
	return err
}

func onlyInterface() *refusal {
	return refuse("InvalidParameter",
		"Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.")
}

// endpointTables reads the tables that are to get a route to the service.
func (r *request) endpointTables(e *endpoint, parameter string) ([]*table, error) {
	var tables []*table
	d := destination{list: e.serviceList(e.service)}
	for _, id := range r.list(parameter) {
		t, err := lookUp(typeTable, id, r.cell.tables)
		switch {
		case err != nil:
			return nil, err
		case t.vpc != e.vpc:
			return nil, refuse("InvalidParameter", "Route table %s does not belong to VPC %s", id, e.vpc.id)
		case t.find(d) != nil:
			return nil, refuse("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s",
				id, d)
		}
		if err := r.hasRoom(t, d); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func (e *endpoint) route(t *table) {
	t.add(destination{list: e.serviceList(e.service)}, target{targetGateway, e.id})
}

func (e *endpoint) unroute(t *table) {
	t.routes = slices.DeleteFunc(t.routes, func(there *route) bool { return there.target.id == e.id })
}

func (r *request) readInterfaceEndpoint(e *endpoint) error {
	if r.has("RouteTableId") {
		return refuse("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.")
	}
	var err error
	if e.groups, err = r.instanceGroups(e.vpc); err != nil {
		return err
	}
	if r.has("SubnetId") {
		if e.faces, err = r.serviceFaces(e.vpc, r.list("SubnetId"), kindEndpoint); err != nil {
			return err
		}
	}
	e.secure()
	wanted := !strings.HasSuffix(e.service, ".s3")
	if r.has("PrivateDnsEnabled") {
		if wanted, err = r.bool("PrivateDnsEnabled"); err != nil {
			return err
		}
	}
	if !wanted {
		return nil
	}
	return r.nameDNS(e)
}

// secure gives the endpoint's interfaces its groups.
func (e *endpoint) secure() {
	for _, f := range e.faces {
		f.groups = slices.Clone(e.groups)
	}
}

// nameDNS turns private DNS on, for which the VPC needs both DNS attributes, and which one endpoint of a service has.
func (r *request) nameDNS(e *endpoint) error {
	if !e.vpc.dnsSupport || !e.vpc.dnsHostnames {
		return refuse("InvalidParameter",
			"Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s",
			e.vpc.id)
	}
	for _, other := range r.cell.endpoints {
		if other != e && other.vpc == e.vpc && other.service == e.service && other.privateDNS {
			return refuse("InvalidParameter",
				"private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s",
				e.dnsName(), e.vpc.id)
		}
	}
	e.privateDNS = true
	return nil
}

func (e *endpoint) short() string { return strings.TrimPrefix(e.service, e.serviceName("")) }

func (e *endpoint) dnsName() string { return e.short() + "." + e.region + ".amazonaws.com" }

func modifyEndpoint(r *request) ([]node, error) {
	e, err := find(typeEndpoint, r.params, "VpcEndpointId", r.cell.endpoints)
	if err != nil {
		return nil, err
	}
	changed := *e
	if reset, err := r.bool("ResetPolicy"); err != nil {
		return nil, err
	} else if reset {
		changed.policy = openPolicy
	}
	if changed.policy, err = r.policy(changed.policy); err != nil {
		return nil, err
	}
	modify := r.modifyInterfaceEndpoint
	if e.isGateway {
		modify = r.modifyGatewayEndpoint
	}
	if err := modify(e, &changed); err != nil {
		return nil, err
	}
	*e = changed
	return done(), nil
}

func (r *request) modifyGatewayEndpoint(e, changed *endpoint) error {
	for _, parameter := range []string{"AddSubnetId", "RemoveSubnetId", "AddSecurityGroupId", "RemoveSecurityGroupId"} {
		if r.has(parameter) {
			return onlyInterface()
		}
	}
	added, err := r.endpointTables(e, "AddRouteTableId")
	if err != nil {
		return err
	}
	var removed []*table
	for _, id := range r.list("RemoveRouteTableId") {
		t, err := lookUp(typeTable, id, r.cell.tables)
		if err != nil {
			return err
		}
		removed = append(removed, t)
	}
	changed.tables = slices.DeleteFunc(slices.Clone(e.tables), func(t *table) bool { return slices.Contains(removed, t) })
	for _, t := range removed {
		e.unroute(t)
	}
	for _, t := range added {
		e.route(t)
	}
	changed.tables = append(changed.tables, added...)
	return nil
}

func (r *request) modifyInterfaceEndpoint(e, changed *endpoint) error {
	if r.has("AddRouteTableId") || r.has("RemoveRouteTableId") {
		return refuse("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.")
	}
	gone := r.list("RemoveSubnetId")
	changed.faces = slices.DeleteFunc(slices.Clone(e.faces), func(f *face) bool {
		return slices.Contains(gone, f.subnet.id)
	})
	var added []*face
	var err error
	if r.has("AddSubnetId") {
		if added, err = r.serviceFaces(e.vpc, r.list("AddSubnetId"), kindEndpoint); err != nil {
			return err
		}
	}
	if changed.groups, err = r.endpointGroups(e); err != nil {
		return err
	}
	if err := r.switchDNS(changed); err != nil {
		return err
	}
	for _, f := range e.faces {
		if !slices.Contains(changed.faces, f) {
			f.remove()
		}
	}
	r.place(added, "VPC Endpoint Interface "+e.id)
	changed.faces = append(changed.faces, added...)
	changed.secure()
	return nil
}

func (r *request) switchDNS(changed *endpoint) error {
	if !r.has("PrivateDnsEnabled") {
		return nil
	}
	wanted, err := r.bool("PrivateDnsEnabled")
	if changed.privateDNS = false; err != nil || !wanted {
		return err
	}
	return r.nameDNS(changed)
}

func (r *request) endpointGroups(e *endpoint) ([]*securityGroup, error) {
	gone := r.list("RemoveSecurityGroupId")
	groups := slices.DeleteFunc(slices.Clone(e.groups), func(g *securityGroup) bool { return slices.Contains(gone, g.id) })
	for _, id := range r.list("AddSecurityGroupId") {
		g, err := lookUp(typeGroup, id, r.cell.groups)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return nil, refuse("InvalidParameter", "An interface endpoint must have at least one security group.")
	}
	return groups, nil
}

// deleteEndpoints deletes those that exist, and lists the others.
func deleteEndpoints(r *request) ([]node, error) {
	ids := r.list("VpcEndpointId")
	if len(ids) == 0 {
		return nil, missing("VpcEndpointId")
	}
	var unknown [][]node
	for _, id := range ids {
		e := r.cell.endpoints[id]
		if e == nil {
			unknown = append(unknown, []node{leaf("resourceId", id), group("error",
				leaf("code", "InvalidVpcEndpoint.NotFound"), leaf("message", "The VpcEndpoint Id '"+id+"' does not exist"))})
			continue
		}
		for _, t := range e.tables {
			e.unroute(t)
		}
		for _, f := range e.faces {
			f.remove()
		}
		r.cell.forget(id)
		delete(r.cell.endpoints, id)
	}
	return []node{list("unsuccessful", unknown...)}, nil
}

var endpointListing = listing[*endpoint]{
	set:          "vpcEndpointSet",
	ids:          "VpcEndpointId",
	resourceType: typeEndpoint,
	most:         1000,
	id:           func(e *endpoint) string { return e.id },
	filters: filters[*endpoint]{
		"vpc-endpoint-id":    one(func(e *endpoint) string { return e.id }),
		"vpc-endpoint-type":  one((*endpoint).kind),
		"vpc-endpoint-state": one(func(*endpoint) string { return stateAvailable }),
		"vpc-id":             one(func(e *endpoint) string { return e.vpc.id }),
		"service-name":       one(func(e *endpoint) string { return e.service }),
		"service-region":     one(func(e *endpoint) string { return e.region }),
		"ip-address-type":    one(func(*endpoint) string { return "ipv4" }),
	},
	show: showEndpoint,
}

func (e *endpoint) kind() string {
	if e.isGateway {
		return gatewayType
	}
	return interfaceType
}

func describeEndpoints(r *request) ([]node, error) {
	return describe(r, endpointListing, sorted(r.cell.endpoints))
}

// showEndpoint shows the state in lower case, as EC2 does, although its model has it capitalized.
func showEndpoint(e *endpoint) []node {
	nodes := []node{
		leaf("vpcEndpointId", e.id),
		leaf("vpcEndpointType", e.kind()),
		leaf("vpcId", e.vpc.id),
		leaf("serviceName", e.service),
		leaf("state", stateAvailable),
		leaf("policyDocument", e.policy),
		itemsOf("routeTableIdSet", nonEmpty(e.tables, func(t *table) string { return t.id })),
		itemsOf("subnetIdSet", subnetsOf(e.faces)),
		itemsOf("networkInterfaceIdSet", nonEmpty(e.faces, func(f *face) string { return f.id })),
		listOf("groupSet", e.groups, func(g *securityGroup) []node {
			return []node{leaf("groupId", g.id), leaf("groupName", g.name)}
		}),
		leaf("privateDnsEnabled", e.privateDNS),
		leaf("requesterManaged", false),
		leaf("creationTimestamp", e.created),
		leaf("ownerId", e.account),
		e.taggedNode(e.id),
	}
	if e.isGateway {
		return append(nodes, list("dnsEntrySet"))
	}
	return append(nodes, leaf("ipAddressType", "ipv4"), group("dnsOptions", leaf("dnsRecordIpType", "ipv4")),
		listOf("dnsEntrySet", e.dnsEntries(), func(name string) []node { return []node{leaf("dnsName", name)} }))
}

func (e *endpoint) dnsEntries() []string {
	names := []string{e.id + "." + e.short() + "." + e.region + ".vpce.amazonaws.com"}
	if e.privateDNS {
		names = append(names, e.dnsName())
	}
	return names
}

// endpointService is a service of AWS, once for each type of endpoint that it has.
type endpointService struct{ name, kind string }

func (c *cell) endpointServices() []endpointService {
	var all []endpointService
	for _, l := range sorted(c.amazonLists()) {
		if l.service != "" {
			all = append(all, endpointService{l.name, gatewayType})
		}
	}
	for _, s := range interfaceServices {
		all = append(all, endpointService{c.serviceName(s), interfaceType})
	}
	return all
}

// describeEndpointServices shows the services by name and type.
func describeEndpointServices(r *request) ([]node, error) {
	byName := filters[endpointService]{
		"service-name": one(func(s endpointService) string { return s.name }),
		"service-type": one(func(s endpointService) string { return s.kind }),

		"owner":                      one(func(endpointService) string { return "amazon" }),
		"service-region":             one(func(endpointService) string { return r.cell.region }),
		"supported-ip-address-types": one(func(endpointService) string { return "ipv4" }),
	}
	conditions := conditions(r.params)
	if err := byName.check(conditions); err != nil {
		return nil, err
	}
	wanted := r.list("ServiceName")
	var found []endpointService
	for _, s := range r.cell.endpointServices() {
		if (len(wanted) == 0 || slices.Contains(wanted, s.name)) && byName.accept(s, nil, conditions) {
			found = append(found, s)
		}
	}
	if len(found) == 0 && len(wanted) > 0 {
		return nil, refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", wanted[0])
	}
	names := nonEmpty(found, func(s endpointService) string { return s.name })
	slices.Sort(names)
	return []node{
		itemsOf("serviceNameSet", slices.Compact(names)),
		listOf("serviceDetailSet", found, r.showService),
	}, nil
}

func (r *request) showService(s endpointService) []node {
	return []node{
		leaf("serviceName", s.name),
		list("serviceType", []node{leaf("serviceType", s.kind)}),
		leaf("serviceRegion", r.cell.region),
		itemsOf("availabilityZoneSet", []string{r.cell.region + "a", r.cell.region + "b", r.cell.region + "c"}),
		leaf("owner", "amazon"),
		leaf("vpcEndpointPolicySupported", true),
		leaf("acceptanceRequired", false),
		leaf("managesVpcEndpoints", false),
		itemsOf("supportedIpAddressTypeSet", []string{"ipv4"}),
	}
}

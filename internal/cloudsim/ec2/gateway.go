package ec2

import "slices"

type gateway struct {
	*cell
	id  string
	vpc *vpc // nil while detached
}

func createGateway(r *request) ([]node, error) {
	tags, err := r.specified(typeGateway)
	if err != nil {
		return nil, err
	}
	g := r.addGateway()
	r.cell.tag(g.id, tags)
	return []node{group("internetGateway", showGateway(g)...)}, nil
}

func (r *request) addGateway() *gateway {
	g := &gateway{cell: r.cell, id: r.newID(typeGateway.prefix)}
	r.cell.gateways[g.id] = g
	return g
}

func (r *request) gatewayAndVPC() (*gateway, *vpc, error) {
	g, err := find(typeGateway, r.params, "InternetGatewayId", r.cell.gateways)
	if err != nil {
		return nil, nil, err
	}
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	return g, v, err
}

func attachGateway(r *request) ([]node, error) {
	g, v, err := r.gatewayAndVPC()
	if err != nil {
		return nil, err
	}
	if g.vpc != nil {
		return nil, refuse("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.id, g.vpc.id)
	}
	for _, other := range r.cell.gateways {
		if other.vpc == v {
			return nil, invalidValue("Network %s already has an internet gateway attached", v.id)
		}
	}
	g.vpc = v
	return done(), nil
}

// detachGateway leaves the routes to the gateway, which are blackholes from then on.
func detachGateway(r *request) ([]node, error) {
	g, v, err := r.gatewayAndVPC()
	if err != nil {
		return nil, err
	}
	if g.vpc != v {
		return nil, refuse("Gateway.NotAttached", "resource %s is not attached to network %s", g.id, v.id)
	}
	if v.hasPublicAddresses() {
		return nil, dependency("Network %s has some mapped public address(es). "+
			"Please unmap those public address(es) before detaching the gateway.", v.id)
	}
	g.vpc = nil
	for _, t := range r.cell.tables {
		t.release(func(a association) bool { return a.gateway == g })
	}
	return done(), nil
}

// hasPublicAddresses reports whether an interface in the VPC has an elastic IP address or an instance's public one.
func (v *vpc) hasPublicAddresses() bool {
	return slices.ContainsFunc(sorted(v.faces), func(f *face) bool { return f.subnet.vpc == v && f.hasPublicAddress() })
}

func deleteGateway(r *request) ([]node, error) {
	g, err := find(typeGateway, r.params, "InternetGatewayId", r.cell.gateways)
	if err != nil {
		return nil, err
	}
	if g.vpc != nil {
		return nil, dependency("The internetGateway '%s' has dependencies and cannot be deleted.", g.id)
	}
	r.cell.forget(g.id)
	delete(r.cell.gateways, g.id)
	return done(), nil
}

var gatewayListing = listing[*gateway]{
	set:          "internetGatewaySet",
	ids:          "InternetGatewayId",
	resourceType: typeGateway,
	most:         1000,
	id:           func(g *gateway) string { return g.id },
	filters: filters[*gateway]{
		"internet-gateway-id": one(func(g *gateway) string { return g.id }),
		"owner-id":            one(func(g *gateway) string { return g.account }),
		"attachment.vpc-id":   (*gateway).attachedTo,
		"attachment.state":    (*gateway).attachmentState,
	},
	show: showGateway,
}

func (g *gateway) attachedTo() []string {
	if g.vpc == nil {
		return nil
	}
	return []string{g.vpc.id}
}

func (g *gateway) attachmentState() []string {
	if g.vpc == nil {
		return nil
	}
	return []string{stateAvailable}
}

func describeGateways(r *request) ([]node, error) {
	return describe(r, gatewayListing, sorted(r.cell.gateways))
}

func showGateway(g *gateway) []node {
	return []node{
		leaf("internetGatewayId", g.id),
		leaf("ownerId", g.account),
		listOf("attachmentSet", g.attachedTo(), func(vpc string) []node {
			return []node{leaf("vpcId", vpc), leaf("state", stateAvailable)}
		}),
		g.taggedNode(g.id),
	}
}

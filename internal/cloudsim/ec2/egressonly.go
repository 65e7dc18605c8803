package ec2

// egressOnlyGateway lets IPv6 traffic out of a VPC. It belongs to its VPC from the beginning:
// https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
type egressOnlyGateway struct {
	*cell
	id  string
	vpc *vpc
}

var typeEgressOnly = resourceType{
	"eigw-", "egress-only-internet-gateway", "InvalidGatewayID.NotFound",
	"InvalidEgressOnlyInternetGatewayId.Malformed", "eigw ID",
}

func createEgressOnly(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeEgressOnly)
	if err != nil {
		return nil, err
	}
	g := &egressOnlyGateway{cell: r.cell, id: r.newID(typeEgressOnly.prefix), vpc: v}
	r.cell.egressOnly[g.id] = g
	r.cell.tag(g.id, tags)
	return []node{group("egressOnlyInternetGateway", showEgressOnly(g)...)}, nil
}

// deleteEgressOnly leaves the routes to the gateway, which are blackholes from then on.
func deleteEgressOnly(r *request) ([]node, error) {
	g, err := find(typeEgressOnly, r.params, "EgressOnlyInternetGatewayId", r.cell.egressOnly)
	if err != nil {
		return nil, err
	}
	r.cell.forget(g.id)
	delete(r.cell.egressOnly, g.id)
	return []node{leaf("returnCode", true)}, nil
}

var egressOnlyListing = listing[*egressOnlyGateway]{
	set:          "egressOnlyInternetGatewaySet",
	ids:          "EgressOnlyInternetGatewayId",
	resourceType: typeEgressOnly,
	most:         255,
	id:           func(g *egressOnlyGateway) string { return g.id },
	filters:      filters[*egressOnlyGateway]{},
	show:         showEgressOnly,
}

func describeEgressOnly(r *request) ([]node, error) {
	return describe(r, egressOnlyListing, sorted(r.cell.egressOnly))
}

func showEgressOnly(g *egressOnlyGateway) []node {
	return []node{
		leaf("egressOnlyInternetGatewayId", g.id),
		list("attachmentSet", []node{leaf("vpcId", g.vpc.id), leaf("state", "attached")}),
		g.taggedNode(g.id),
	}
}

package ec2

import (
	"net/netip"
	"slices"
)

const (
	transitTableParam       = "TransitGatewayRouteTableId"
	transitPairParams       = transitTableParam + " TransitGatewayAttachmentId"
	transitRouteParams      = transitPairParams + " DestinationCidrBlock Blackhole"
	transitAttachmentParams = "TransitGatewayId VpcId SubnetIds Options TagSpecifications"
	modifyAttachmentParams  = "TransitGatewayAttachmentId AddSubnetIds RemoveSubnetIds Options"
)

func createTransitRoute(r *request) ([]node, error) {
	t, route, err := r.newTransitRoute()
	if err != nil {
		return nil, err
	}
	if t.staticRoute(route.Prefix) >= 0 {
		return nil, refuse("RouteAlreadyExists", "Route %s already exists in Transit Gateway Route Table %s.", route, t.id)
	}
	t.static = append(t.static, route)
	return []node{group("route", route.show()...)}, nil
}

func replaceTransitRoute(r *request) ([]node, error) {
	t, route, err := r.newTransitRoute()
	if err != nil {
		return nil, err
	}
	i := t.staticRoute(route.Prefix)
	if i < 0 {
		return nil, t.noRoute(route)
	}
	t.static[i] = route
	return []node{group("route", route.show()...)}, nil
}

func deleteTransitRoute(r *request) ([]node, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, err
	}
	route, err := r.transitDestination()
	if err != nil {
		return nil, err
	}
	i := t.staticRoute(route.Prefix)
	if i < 0 {
		return nil, t.noRoute(route)
	}
	gone := t.static[i]
	t.static = slices.Delete(t.static, i, i+1)
	return []node{group("route", gone.show()...)}, nil
}

func (t *transitTable) noRoute(route *transitRoute) error {
	return refuse("InvalidRoute.NotFound", "Route %s does not exist in Transit Gateway Route Table %s.", route, t.id)
}

// newTransitRoute reads a static route, which leads to an attachment or is a blackhole.
func (r *request) newTransitRoute() (*transitTable, *transitRoute, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, nil, err
	}
	route, err := r.transitDestination()
	if err != nil {
		return nil, nil, err
	}
	blackhole, err := r.bool("Blackhole")
	switch {
	case err != nil:
	case !blackhole:
		route.to, err = r.attachmentOf(t)
	case r.params["TransitGatewayAttachmentId"] != "": // Terraform sends an empty one
		err = combination("The parameter transitGatewayAttachmentId cannot be used with blackhole")
	}
	return t, route, err
}

func (r *request) transitDestination() (*transitRoute, error) {
	text, err := r.must("DestinationCidrBlock")
	if err != nil {
		return nil, err
	}
	block, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, invalidValue("Value (%s) for parameter destinationCidrBlock is invalid.", text)
	}
	return &transitRoute{Prefix: block.Masked(), isStatic: true}, nil
}

// attachmentOf reads an attachment to the transit gateway of the table.
func (r *request) attachmentOf(t *transitTable) (*transitAttachment, error) {
	a, err := r.transitAttachment()
	if err == nil && a.gateway != t.gateway {
		err = typeTransitAttachment.missing(a.id)
	}
	return a, err
}

func (r *request) transitPair() (*transitTable, *transitAttachment, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, nil, err
	}
	a, err := r.attachmentOf(t)
	return t, a, err
}

// associateTransitTable refuses an attachment that is associated, which has to be disassociated first. Users quote the
// code and the text.
func associateTransitTable(r *request) ([]node, error) {
	t, a, err := r.transitPair()
	if err != nil {
		return nil, err
	}
	if a.table != nil {
		return nil, refuse("Resource.AlreadyAssociated",
			"Transit Gateway Attachment %s is already associated to a route table.", a.id)
	}
	a.table = t
	return []node{t.pair("association", a, "associating")}, nil
}

func disassociateTransitTable(r *request) ([]node, error) {
	t, a, err := r.transitPair()
	if err != nil {
		return nil, err
	}
	if a.table != t {
		return nil, refuse("InvalidAssociation.NotFound",
			"Transit Gateway Attachment %s is not associated to Transit Gateway Route Table %s.", a.id, t.id)
	}
	a.table = nil
	return []node{t.pair("association", a, "disassociating")}, nil
}

// enableTransitPropagation has the code and the text that users quote.
func enableTransitPropagation(r *request) ([]node, error) {
	t, a, err := r.transitPair()
	if err != nil {
		return nil, err
	}
	if slices.Contains(t.propagating, a) {
		return nil, refuse("TransitGatewayRouteTablePropagation.Duplicate",
			"Propagation %s already exists in Transit Gateway Route Table %s.", a.id, t.id)
	}
	t.propagating = append(t.propagating, a)
	return []node{t.pair("propagation", a, "enabled")}, nil
}

// disableTransitPropagation has the code that hashicorp/terraform-provider-aws expects.
func disableTransitPropagation(r *request) ([]node, error) {
	t, a, err := r.transitPair()
	if err != nil {
		return nil, err
	}
	i := slices.Index(t.propagating, a)
	if i < 0 {
		return nil, refuse("TransitGatewayRouteTablePropagation.NotFound",
			"Propagation %s does not exist in Transit Gateway Route Table %s.", a.id, t.id)
	}
	t.propagating = slices.Delete(t.propagating, i, i+1)
	return []node{t.pair("propagation", a, "disabled")}, nil
}

// pair shows an association or a propagation.
func (t *transitTable) pair(name string, a *transitAttachment, state string) node {
	return group(name, append(a.showResource(), leaf(transitTableElement, t.id), leaf("state", state))...)
}

const transitTableElement = "transitGatewayRouteTableId"

func getTransitAssociations(r *request) ([]node, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, err
	}
	return describe(r, ofTransitTable("associations", "associated"), t.associated())
}

func getTransitPropagations(r *request) ([]node, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, err
	}
	return describe(r, ofTransitTable("transitGatewayRouteTablePropagations", "enabled"), t.propagating)
}

func ofTransitTable(set, state string) listing[*transitAttachment] {
	return listing[*transitAttachment]{
		set:  set,
		most: 1000,
		id:   attachmentID,
		filters: filters[*transitAttachment]{
			"resource-id":                   one(func(a *transitAttachment) string { return a.vpc.id }),
			"resource-type":                 one(func(*transitAttachment) string { return "vpc" }),
			"transit-gateway-attachment-id": one(attachmentID),
		},
		show: func(a *transitAttachment) []node { return append(a.showResource(), leaf("state", state)) },
	}
}

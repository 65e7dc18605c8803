package ec2

import (
	"slices"
	"time"
)

// transitGateway connects the VPCs that are attached to it.
type transitGateway struct {
	*cell
	id, description string
	created         time.Time
	asn             string
	options         supports
	blocks          []string
	association     *transitTable // the default one, nil without
	propagation     *transitTable // the default one, nil without
}

// transitAttachment is that of a VPC, with a network interface in each of its subnets.
type transitAttachment struct {
	*cell
	id      string
	gateway *transitGateway
	vpc     *vpc
	faces   []*face
	created time.Time
	options supports
	table   *transitTable // with which it is associated, nil without
	deleted time.Time     // zero until then
}

const attachmentFace = "Network Interface for Transit Gateway Attachment "

var (
	typeTransit = resourceType{
		"tgw-", "transit-gateway", "InvalidTransitGatewayID.NotFound",
		"InvalidTransitGatewayID.Malformed", "transitGateway ID",
	}
	typeTransitAttachment = resourceType{
		"tgw-attach-", "transit-gateway-attachment", "InvalidTransitGatewayAttachmentID.NotFound",
		"InvalidTransitGatewayAttachmentID.Malformed",
		"transitGatewayAttachment ID",
	}
)

func createTransit(r *request) ([]node, error) {
	tags, err := r.specified(typeTransit)
	if err != nil {
		return nil, err
	}
	g := &transitGateway{
		cell: r.cell, description: r.params["Description"], created: r.now, asn: defaultASN, options: gatewayDefaults,
	}
	if err := r.transitOptions(g); err != nil {
		return nil, err
	}
	g.id = r.newID(typeTransit.prefix)
	r.cell.transits[g.id] = g
	r.settleTables(g)
	r.cell.tag(g.id, tags)
	return []node{group("transitGateway", showTransit(g, "pending")...)}, nil
}

func deleteTransit(r *request) ([]node, error) {
	g, err := find(typeTransit, r.params, "TransitGatewayId", r.cell.transits)
	if err != nil {
		return nil, err
	}
	for _, a := range r.cell.attachments {
		if a.gateway == g {
			return nil, refuse("IncorrectState", "%s has non-deleted VPC Attachments: %s.", g.id, a.id)
		}
	}
	answer := showTransit(g, "deleting")
	r.cell.forget(g.id)
	for id, t := range r.cell.transitTables {
		if t.gateway == g {
			r.cell.forget(id)
			delete(r.cell.transitTables, id)
		}
	}
	delete(r.cell.transits, g.id)
	return []node{group("transitGateway", answer...)}, nil
}

func attachTransit(r *request) ([]node, error) {
	g, err := find(typeTransit, r.params, "TransitGatewayId", r.cell.transits)
	if err != nil {
		return nil, err
	}
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeTransitAttachment)
	if err != nil {
		return nil, err
	}
	if r.attachmentTo(v, g.id) != nil {
		return nil, refuse("DuplicateTransitGatewayAttachment",
			"%s has non-deleted Transit Gateway Attachments with same VPC ID.", g.id)
	}
	a := &transitAttachment{cell: r.cell, gateway: g, vpc: v, created: r.now}
	if a.options, err = attachmentDefaults.changed(r.within("Options")); err != nil {
		return nil, err
	}
	if a.faces, err = r.serviceFaces(v, r.list("SubnetIds"), kindAttachment); err != nil {
		return nil, err
	}
	a.id = r.newID(typeTransitAttachment.prefix)
	r.cell.attachments[a.id] = a
	r.cell.tag(a.id, tags)
	r.place(a.faces, attachmentFace+a.id)
	a.table = g.association
	if g.propagation != nil {
		g.propagation.propagating = append(g.propagation.propagating, a)
	}
	return []node{group("transitGatewayVpcAttachment", showAttachment(a, "pending")...)}, nil
}

// serviceFaces returns an interface that a service manages for each subnet, each in another zone. They have no ids yet.
func (r *request) serviceFaces(v *vpc, subnets []string, kind string) ([]*face, error) {
	var faces []*face
	for _, id := range subnets {
		s, err := lookUp(typeSubnet, id, r.cell.subnets)
		if err != nil {
			return nil, err
		}
		if s.vpc != v {
			return nil, refuse("InvalidParameter", "The subnet %s does not belong to the VPC %s.", id, v.id)
		}
		if slices.ContainsFunc(faces, func(f *face) bool { return f.subnet.zone == s.zone }) {
			return nil, refuse("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")
		}
		f := &face{cell: r.cell, kind: kind, requester: "amazon-aws", subnet: s}
		if f.addresses, err = s.pick(1, nil); err != nil {
			return nil, err
		}
		faces = append(faces, f)
	}
	if len(faces) == 0 {
		return nil, missing("SubnetIds")
	}
	return faces, nil
}

func (r *request) place(faces []*face, description string) {
	for _, f := range faces {
		f.id, f.description = r.newID(typeInterface.prefix), description
		r.cell.faces[f.id] = f
	}
}

func detachTransit(r *request) ([]node, error) {
	a, err := r.transitAttachment()
	if err != nil {
		return nil, err
	}
	answer := showAttachment(a, "deleting")
	for _, f := range a.faces {
		f.remove()
	}
	for _, t := range r.cell.transitTables {
		t.lose(a)
	}
	r.cell.forget(a.id)
	delete(r.cell.attachments, a.id)
	a.deleted = r.now
	r.cell.detached = append(r.cell.detached, a)
	return []node{group("transitGatewayVpcAttachment", answer...)}, nil
}

func (r *request) transitAttachment() (*transitAttachment, error) {
	return find(typeTransitAttachment, r.params, "TransitGatewayAttachmentId", r.cell.attachments)
}

// attachmentTo returns the attachment of the VPC to the transit gateway, or nil.
func (s *Service) attachmentTo(v *vpc, gateway string) *transitAttachment {
	for _, a := range v.attachments {
		if a.vpc == v && a.gateway.id == gateway {
			return a
		}
	}
	return nil
}

// reachesTransit answers for a gateway that the VPC isn't attached to as for one that doesn't exist:
// https://github.com/hashicorp/terraform-provider-aws/issues/9222
func (r *request) reachesTransit(t *table, id string) error {
	if _, err := lookUp(typeTransit, id, r.cell.transits); err != nil {
		return err
	}
	if r.attachmentTo(t.vpc, id) == nil {
		return typeTransit.missing(id)
	}
	return nil
}

var transitListing = listing[*transitGateway]{
	set:          "transitGatewaySet",
	ids:          "TransitGatewayIds",
	resourceType: typeTransit,
	most:         1000,
	id:           func(g *transitGateway) string { return g.id },
	filters: filters[*transitGateway]{
		"transit-gateway-id": one(func(g *transitGateway) string { return g.id }),
		"owner-id":           one(func(g *transitGateway) string { return g.account }),
		"state":              one(func(*transitGateway) string { return stateAvailable }),

		"options.amazon-side-asn":                    one(func(g *transitGateway) string { return g.asn }),
		"options.auto-accept-shared-attachments":     gatewayOption("AutoAcceptSharedAttachments"),
		"options.default-route-table-association":    gatewayOption(byDefaultAssociated),
		"options.default-route-table-propagation":    gatewayOption(byDefaultPropagated),
		"options.dns-support":                        gatewayOption("DnsSupport"),
		"options.vpn-ecmp-support":                   gatewayOption("VpnEcmpSupport"),
		"options.association-default-route-table-id": func(g *transitGateway) []string { return g.association.ids() },
		"options.propagation-default-route-table-id": func(g *transitGateway) []string { return g.propagation.ids() },
	},
	show: func(g *transitGateway) []node { return showTransit(g, stateAvailable) },
}

func gatewayOption(name string) func(*transitGateway) []string {
	return one(func(g *transitGateway) string { return g.options[name] })
}

const stateAvailable = "available"

func describeTransits(r *request) ([]node, error) {
	return describe(r, transitListing, sorted(r.cell.transits))
}

func showTransit(g *transitGateway, state string) []node {
	return []node{
		leaf("transitGatewayId", g.id),
		leaf("transitGatewayArn", g.arn(typeTransit, g.id)),
		leaf("state", state),
		leaf("ownerId", g.account),
		leaf("description", g.description),
		leaf("creationTime", g.created),
		group("options", slices.Concat([]node{leaf("amazonSideAsn", g.asn)}, g.options.show(),
			g.association.showAs("associationDefaultRouteTableId"), g.propagation.showAs("propagationDefaultRouteTableId"),
			[]node{itemsOf("transitGatewayCidrBlocks", g.blocks)})...),
		g.taggedNode(g.id),
	}
}

var attachmentListing = listing[*transitAttachment]{
	set:          "transitGatewayVpcAttachments",
	ids:          "TransitGatewayAttachmentIds",
	resourceType: typeTransitAttachment,
	most:         1000,
	id:           func(a *transitAttachment) string { return a.id },
	filters: filters[*transitAttachment]{
		"transit-gateway-attachment-id": one(func(a *transitAttachment) string { return a.id }),
		"transit-gateway-id":            one(func(a *transitAttachment) string { return a.gateway.id }),
		"vpc-id":                        one(func(a *transitAttachment) string { return a.vpc.id }),
		"state":                         one((*transitAttachment).state),
	},
	show: func(a *transitAttachment) []node { return showAttachment(a, a.state()) },
}

func (a *transitAttachment) state() string {
	if a.deleted.IsZero() {
		return stateAvailable
	}
	return stateDeleted
}

// describeAttachments shows deleted attachments for a time, because Terraform waits for the state deleted.
func describeAttachments(r *request) ([]node, error) {
	all := sorted(r.cell.attachments)
	for _, a := range r.cell.detached {
		if r.now.Sub(a.deleted) < shownDeleted {
			all = append(all, a)
		}
	}
	return describe(r, attachmentListing, all)
}

func showAttachment(a *transitAttachment, state string) []node {
	return []node{
		leaf("transitGatewayAttachmentId", a.id),
		leaf("transitGatewayId", a.gateway.id),
		leaf("vpcId", a.vpc.id),
		leaf("vpcOwnerId", a.vpc.account),
		leaf("state", state),
		itemsOf("subnetIds", subnetsOf(a.faces)),
		leaf("creationTime", a.created),
		group("options", a.options.show()...),
		a.taggedNode(a.id),
	}
}

func subnetsOf(faces []*face) []string {
	return nonEmpty(faces, func(f *face) string { return f.subnet.id })
}

package ec2

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// transitTable is a route table of a transit gateway. By default, every attachment is associated with the default route
// table and propagates the blocks of its VPC to it: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html
type transitTable struct {
	*cell
	id          string
	gateway     *transitGateway
	created     time.Time
	propagating []*transitAttachment
	static      []*transitRoute
}

var typeTransitTable = resourceType{
	"tgw-rtb-", "transit-gateway-route-table", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed",
	"routeTable ID",
}

// defaultTableID is the id of the route table that is made with the gateway, which has the gateway's number.
func (g *transitGateway) defaultTableID() string {
	return typeTransitTable.prefix + g.id[len(typeTransit.prefix):]
}

// ids returns the table's id, none for nil.
func (t *transitTable) ids() []string {
	if t == nil {
		return nil
	}
	return []string{t.id}
}

// showAs returns the table's id as an element, none for nil.
func (t *transitTable) showAs(name string) []node {
	if t == nil {
		return nil
	}
	return []node{leaf(name, t.id)}
}

func (t *transitTable) isAssociation() bool { return t.gateway.association == t }
func (t *transitTable) isPropagation() bool { return t.gateway.propagation == t }

func createTransitTable(r *request) ([]node, error) {
	g, err := find(typeTransit, r.params, "TransitGatewayId", r.cell.transits)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeTransitTable)
	if err != nil {
		return nil, err
	}
	t := &transitTable{cell: r.cell, id: r.newID(typeTransitTable.prefix), gateway: g, created: r.now}
	r.cell.transitTables[t.id] = t
	r.cell.tag(t.id, tags)
	return []node{group("transitGatewayRouteTable", t.show("pending")...)}, nil
}

func (r *request) transitTable() (*transitTable, error) {
	return find(typeTransitTable, r.params, "TransitGatewayRouteTableId", r.cell.transitTables)
}

// deleteTransitTable refuses a table that attachments are associated with:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTransitGatewayRouteTable.html
func deleteTransitTable(r *request) ([]node, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, err
	}
	if t.isAssociation() || t.isPropagation() {
		// neither the code nor the text is documented
		return nil, refuse("IncorrectState", "%s is a default route table of %s.", t.id, t.gateway.id)
	}
	if associated := t.associated(); len(associated) > 0 {
		return nil, refuse("IncorrectState", "%s has non-deleted associations: %s.", t.id, associated[0].id)
	}
	r.cell.forget(t.id)
	delete(r.cell.transitTables, t.id)
	return []node{group("transitGatewayRouteTable", t.show("deleting")...)}, nil
}

func (t *transitTable) associated() []*transitAttachment {
	return slices.DeleteFunc(sorted(t.attachments), func(a *transitAttachment) bool { return a.table != t })
}

// lose ends the propagation of an attachment that is deleted. Static routes to it become blackholes.
func (t *transitTable) lose(a *transitAttachment) {
	t.propagating = slices.DeleteFunc(t.propagating, func(other *transitAttachment) bool { return other == a })
	for _, s := range t.static {
		if s.to == a {
			s.to = nil
		}
	}
}

var transitTableListing = listing[*transitTable]{
	set:          "transitGatewayRouteTables",
	ids:          "TransitGatewayRouteTableIds",
	resourceType: typeTransitTable,
	most:         1000,
	id:           func(t *transitTable) string { return t.id },
	filters: filters[*transitTable]{
		"transit-gateway-route-table-id":  one(func(t *transitTable) string { return t.id }),
		"transit-gateway-id":              one(func(t *transitTable) string { return t.gateway.id }),
		"state":                           one(func(*transitTable) string { return stateAvailable }),
		"default-association-route-table": one(flag((*transitTable).isAssociation)),
		"default-propagation-route-table": one(flag((*transitTable).isPropagation)),
	},
	show: func(t *transitTable) []node { return t.show(stateAvailable) },
}

func (t *transitTable) show(state string) []node {
	return []node{
		leaf("transitGatewayRouteTableId", t.id), leaf("transitGatewayId", t.gateway.id), leaf("state", state),
		leaf("defaultAssociationRouteTable", t.isAssociation()), leaf("defaultPropagationRouteTable", t.isPropagation()),
		leaf("creationTime", t.created), t.taggedNode(t.id),
	}
}

func describeTransitTables(r *request) ([]node, error) {
	return describe(r, transitTableListing, sorted(r.cell.transitTables))
}

var transitAttachmentListing = listing[*transitAttachment]{
	set:          "transitGatewayAttachments",
	ids:          "TransitGatewayAttachmentIds",
	resourceType: typeTransitAttachment,
	most:         1000,
	id:           func(a *transitAttachment) string { return a.id },
	filters: filters[*transitAttachment]{
		"association.state": func(a *transitAttachment) []string {
			return nonEmpty(a.table.ids(), func(string) string { return "associated" })
		},
		"association.transit-gateway-route-table-id": func(a *transitAttachment) []string { return a.table.ids() },
		"resource-id":                   one(func(a *transitAttachment) string { return a.vpc.id }),
		"resource-owner-id":             one(func(a *transitAttachment) string { return a.vpc.account }),
		"resource-type":                 one(func(*transitAttachment) string { return "vpc" }),
		"state":                         one(func(*transitAttachment) string { return stateAvailable }),
		"transit-gateway-attachment-id": one(func(a *transitAttachment) string { return a.id }),
		"transit-gateway-id":            one(func(a *transitAttachment) string { return a.gateway.id }),
		"transit-gateway-owner-id":      one(func(a *transitAttachment) string { return a.gateway.account }),
	},
	show: func(a *transitAttachment) []node {
		nodes := append(a.showResource(),
			leaf("transitGatewayId", a.gateway.id), leaf("transitGatewayOwnerId", a.gateway.account),
			leaf("resourceOwnerId", a.vpc.account), leaf("state", stateAvailable), leaf("creationTime", a.created),
			a.taggedNode(a.id))
		if a.table == nil {
			return nodes
		}
		return append(nodes,
			group("association", leaf("transitGatewayRouteTableId", a.table.id), leaf("state", "associated")))
	},
}

func describeTransitAttachments(r *request) ([]node, error) {
	return describe(r, transitAttachmentListing, sorted(r.cell.attachments))
}

func (a *transitAttachment) showResource() []node {
	return []node{leaf("transitGatewayAttachmentId", a.id), leaf("resourceId", a.vpc.id), leaf("resourceType", "vpc")}
}

// transitRoute is a static route, or one that an attachment propagates.
type transitRoute struct {
	netip.Prefix
	to       *transitAttachment // nil for a blackhole
	isStatic bool
}

var transitRouteListing = listing[*transitRoute]{
	set:  "routeSet",
	most: 1000,
	id:   func(t *transitRoute) string { return t.String() + " " + strings.Join(t.of(attachmentID), "") },
	filters: filters[*transitRoute]{
		"attachment.transit-gateway-attachment-id": func(t *transitRoute) []string { return t.of(attachmentID) },
		"attachment.resource-id": func(t *transitRoute) []string {
			return t.of(func(a *transitAttachment) string { return a.vpc.id })
		},
		"attachment.resource-type": func(t *transitRoute) []string {
			return t.of(func(*transitAttachment) string { return "vpc" })
		},
		"prefix-list-id": never[*transitRoute],
		"state":          one((*transitRoute).state),
		"type":           one((*transitRoute).kind),
	},
	show: (*transitRoute).show,
}

func attachmentID(a *transitAttachment) string { return a.id }

// of returns a property of the attachment, none for a blackhole.
func (t *transitRoute) of(property func(*transitAttachment) string) []string {
	if t.to == nil {
		return nil
	}
	return []string{property(t.to)}
}

func (t *transitRoute) state() string {
	if t.to == nil {
		return "blackhole"
	}
	return "active"
}

func (t *transitRoute) kind() string {
	if t.isStatic {
		return "static"
	}
	return "propagated"
}

func (t *transitRoute) show() []node {
	nodes := []node{leaf("destinationCidrBlock", t.String()), leaf("type", t.kind()), leaf("state", t.state())}
	if t.to == nil {
		return nodes
	}
	return append(nodes, list("transitGatewayAttachments", t.to.showResource()))
}

// searchTransitRoutes requires a filter, as AWS does:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html
func searchTransitRoutes(r *request) ([]node, error) {
	t, err := r.transitTable()
	if err != nil {
		return nil, err
	}
	all := conditions(r.params)
	if len(all) == 0 {
		return nil, missing("Filter")
	}
	routes := t.routes()
	for _, c := range all {
		how, isSearch := strings.CutPrefix(c.name, searchPrefix)
		if !isSearch {
			continue
		}
		if routes, err = search(routes, how, c.values); err != nil {
			return nil, err
		}
	}
	nodes, err := describe(r.withoutSearch(), transitRouteListing, routes)
	return append(nodes, leaf("additionalRoutesAvailable", false)), err
}

// routes are the static routes and the propagated ones. A static one has priority over one of the same destination.
func (t *transitTable) routes() []*transitRoute {
	all := slices.Clone(t.static)
	for _, a := range t.propagating {
		blocks := a.vpc.associated(false)
		if a.options[ipv6Support] == enabled {
			blocks = append(blocks, a.vpc.associated(true)...)
		}
		for _, b := range blocks {
			if t.staticRoute(b.prefix) < 0 {
				all = append(all, &transitRoute{Prefix: b.prefix, to: a})
			}
		}
	}
	return all
}

// staticRoute returns the index of the static route to the destination, -1 without one.
func (t *transitTable) staticRoute(to netip.Prefix) int {
	return slices.IndexFunc(t.static, func(s *transitRoute) bool { return s.Prefix == to })
}

const searchPrefix = "route-search."

// withoutSearch returns the request without the filters that compare blocks.
func (r *request) withoutSearch() *request {
	inner := *r
	inner.params = maps.Clone(r.params)
	for name, value := range r.params {
		number, isName := strings.CutSuffix(name, ".Name")
		if isName && strings.HasPrefix(value, searchPrefix) {
			maps.DeleteFunc(inner.params, func(n, _ string) bool { return strings.HasPrefix(n, number+".") })
		}
	}
	return &inner
}

// search returns the routes whose destinations fit one of the blocks.
func search(routes []*transitRoute, how string, blocks []string) ([]*transitRoute, error) {
	var all []*transitRoute
	for _, text := range blocks {
		block, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, invalidValue("Value (%s) for parameter %s%s is invalid.", text, searchPrefix, how)
		}
		fits := map[string]func(*transitRoute) bool{
			"exact-match":          func(t *transitRoute) bool { return t.Prefix == block },
			"subnet-of-match":      func(t *transitRoute) bool { return t.Overlaps(block) && t.Bits() >= block.Bits() },
			"supernet-of-match":    func(t *transitRoute) bool { return t.Overlaps(block) && t.Bits() <= block.Bits() },
			"longest-prefix-match": func(t *transitRoute) bool { return t.Prefix == longest(routes, block) },
		}[how]
		if fits == nil {
			return nil, invalidValue("The filter '%s%s' is invalid", searchPrefix, how)
		}
		all = append(all, slices.DeleteFunc(slices.Clone(routes), func(t *transitRoute) bool { return !fits(t) })...)
	}
	return all, nil
}

// longest returns the longest destination that contains the block, the zero Prefix if there is none.
func longest(routes []*transitRoute, block netip.Prefix) netip.Prefix {
	var best netip.Prefix
	for _, t := range routes {
		if t.Overlaps(block) && t.Bits() <= block.Bits() && (!best.IsValid() || t.Bits() > best.Bits()) {
			best = t.Prefix
		}
	}
	return best
}

package ec2

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// A transit gateway has a default route table, with which every attachment is associated and to which it propagates the
// blocks of its VPC: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html

var typeTransitTable = resourceType{
	"tgw-rtb-", "transit-gateway-route-table", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed",
	"routeTable ID",
}

// table is the id of the default route table, which has the gateway's number.
func (g *transitGateway) table() string {
	return typeTransitTable.prefix + g.id[len(typeTransit.prefix):]
}

// transitTables returns the transit gateways by the ids of their tables.
func (c *cell) transitTables() map[string]*transitGateway {
	all := map[string]*transitGateway{}
	for _, g := range c.transits {
		all[g.table()] = g
	}
	return all
}

var transitTableListing = listing[*transitGateway]{
	set:          "transitGatewayRouteTables",
	ids:          "TransitGatewayRouteTableIds",
	resourceType: typeTransitTable,
	most:         1000,
	id:           (*transitGateway).table,
	filters: filters[*transitGateway]{
		"transit-gateway-route-table-id":  one((*transitGateway).table),
		"transit-gateway-id":              one(func(g *transitGateway) string { return g.id }),
		"state":                           one(func(*transitGateway) string { return stateAvailable }),
		"default-association-route-table": one(func(*transitGateway) string { return "true" }),
		"default-propagation-route-table": one(func(*transitGateway) string { return "true" }),
	},
	show: func(g *transitGateway) []node {
		return []node{
			leaf("transitGatewayRouteTableId", g.table()), leaf("transitGatewayId", g.id), leaf("state", stateAvailable),
			leaf("defaultAssociationRouteTable", true), leaf("defaultPropagationRouteTable", true),
			leaf("creationTime", g.created), g.taggedNode(g.table()),
		}
	},
}

func describeTransitTables(r *request) ([]node, error) {
	return describe(r, transitTableListing, sorted(r.cell.transits))
}

var transitAttachmentListing = listing[*transitAttachment]{
	set:          "transitGatewayAttachments",
	ids:          "TransitGatewayAttachmentIds",
	resourceType: typeTransitAttachment,
	most:         1000,
	id:           func(a *transitAttachment) string { return a.id },
	filters: filters[*transitAttachment]{
		"association.state":                          one(func(*transitAttachment) string { return "associated" }),
		"association.transit-gateway-route-table-id": one(func(a *transitAttachment) string { return a.gateway.table() }),
		"resource-id":                                one(func(a *transitAttachment) string { return a.vpc.id }),
		"resource-owner-id":                          one(func(a *transitAttachment) string { return a.vpc.account }),
		"resource-type":                              one(func(*transitAttachment) string { return "vpc" }),
		"state":                                      one(func(*transitAttachment) string { return stateAvailable }),
		"transit-gateway-attachment-id":              one(func(a *transitAttachment) string { return a.id }),
		"transit-gateway-id":                         one(func(a *transitAttachment) string { return a.gateway.id }),
		"transit-gateway-owner-id":                   one(func(a *transitAttachment) string { return a.gateway.account }),
	},
	show: func(a *transitAttachment) []node {
		return append(a.showResource(),
			leaf("transitGatewayId", a.gateway.id), leaf("transitGatewayOwnerId", a.gateway.account),
			leaf("resourceOwnerId", a.vpc.account), leaf("state", stateAvailable), leaf("creationTime", a.created),
			group("association", leaf("transitGatewayRouteTableId", a.gateway.table()), leaf("state", "associated")),
			a.taggedNode(a.id))
	},
}

func describeTransitAttachments(r *request) ([]node, error) {
	return describe(r, transitAttachmentListing, sorted(r.cell.attachments))
}

func (a *transitAttachment) showResource() []node {
	return []node{leaf("transitGatewayAttachmentId", a.id), leaf("resourceId", a.vpc.id), leaf("resourceType", "vpc")}
}

// transitRoute is a route that an attachment propagates.
type transitRoute struct {
	netip.Prefix
	*transitAttachment
}

var transitRouteListing = listing[transitRoute]{
	set:  "routeSet",
	most: 1000,
	id:   func(t transitRoute) string { return t.String() + " " + t.id },
	filters: filters[transitRoute]{
		"attachment.transit-gateway-attachment-id": one(func(t transitRoute) string { return t.id }),
		"attachment.resource-id":                   one(func(t transitRoute) string { return t.vpc.id }),
		"attachment.resource-type":                 one(func(transitRoute) string { return "vpc" }),
		"prefix-list-id":                           never[transitRoute],
		"state":                                    one(func(transitRoute) string { return "active" }),
		"type":                                     one(func(transitRoute) string { return "propagated" }),
	},
	show: func(t transitRoute) []node {
		return []node{
			leaf("destinationCidrBlock", t.String()), leaf("type", "propagated"), leaf("state", "active"),
			list("transitGatewayAttachments", t.showResource()),
		}
	},
}

// searchTransitRoutes requires a filter, as AWS does:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html
func searchTransitRoutes(r *request) ([]node, error) {
	g, err := find(typeTransitTable, r.params, "TransitGatewayRouteTableId", r.cell.transitTables())
	if err != nil {
		return nil, err
	}
	all := conditions(r.params)
	if len(all) == 0 {
		return nil, missing("Filter")
	}
	routes := g.routes()
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

func (g *transitGateway) routes() []transitRoute {
	var all []transitRoute
	for _, a := range g.attachments {
		for _, b := range a.vpc.associated(false) {
			if a.gateway == g {
				all = append(all, transitRoute{b.prefix, a})
			}
		}
	}
	return all
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
func search(routes []transitRoute, how string, blocks []string) ([]transitRoute, error) {
	var all []transitRoute
	for _, text := range blocks {
		block, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, invalidValue("Value (%s) for parameter %s%s is invalid.", text, searchPrefix, how)
		}
		fits := map[string]func(transitRoute) bool{
			"exact-match":          func(t transitRoute) bool { return t.Prefix == block },
			"subnet-of-match":      func(t transitRoute) bool { return t.Overlaps(block) && t.Bits() >= block.Bits() },
			"supernet-of-match":    func(t transitRoute) bool { return t.Overlaps(block) && t.Bits() <= block.Bits() },
			"longest-prefix-match": func(t transitRoute) bool { return t.Prefix == longest(routes, block) },
		}[how]
		if fits == nil {
			return nil, invalidValue("The filter '%s%s' is invalid", searchPrefix, how)
		}
		all = append(all, slices.DeleteFunc(slices.Clone(routes), func(t transitRoute) bool { return !fits(t) })...)
	}
	return all, nil
}

// longest returns the longest destination that contains the block, the zero Prefix if there is none.
func longest(routes []transitRoute, block netip.Prefix) netip.Prefix {
	var best netip.Prefix
	for _, t := range routes {
		if t.Overlaps(block) && t.Bits() <= block.Bits() && (!best.IsValid() || t.Bits() > best.Bits()) {
			best = t.Prefix
		}
	}
	return best
}

package simtest

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// apply enters what a record tells of.
func (l *ledger) apply(r record) {
	l.judge(r.at)
	if r.code != "" {
		return
	}
	if enter := entries[r.call]; enter != nil {
		enter(l, r)
	}
}

var entries = map[string]func(*ledger, record){
	callDeploy: func(l *ledger, r record) { l.policy = r.policy },
	callMain: func(l *ledger, r record) {
		l.addTable(r, r.request.text("routeTableId"), r.request.text("vpcId"), true)
	},

	"CreateVpc":                (*ledger).createVPC,
	"AssociateVpcCidrBlock":    func(l *ledger, r record) { l.changeBlock(r, true) },
	"DisassociateVpcCidrBlock": func(l *ledger, r record) { l.changeBlock(r, false) },

	"CreateSubnet": func(l *ledger, r record) {
		s := r.response.in("subnet")
		l.subnets[s.text("subnetId")] = &subnet{id: s.text("subnetId"), vpc: s.text("vpcId"), cell: r.cell}
	},
	"DeleteSubnet": func(l *ledger, r record) { delete(l.subnets, r.request.text("subnetId")) },
	"CreateRouteTable": func(l *ledger, r record) {
		t := r.response.in("routeTable")
		l.addTable(r, t.text("routeTableId"), t.text("vpcId"), false)
	},
	"DeleteRouteTable":             func(l *ledger, r record) { delete(l.tables, r.request.text("routeTableId")) },
	"AssociateRouteTable":          (*ledger).associate,
	"DisassociateRouteTable":       (*ledger).disassociate,
	"ReplaceRouteTableAssociation": (*ledger).replaceAssociation,

	"CreateRoute":  (*ledger).setRoute,
	"ReplaceRoute": (*ledger).setRoute,
	"DeleteRoute": func(l *ledger, r record) {
		delete(l.tables[r.request.text("routeTableId")].routes, r.destination())
	},

	"CreateSecurityGroup": func(l *ledger, r record) {
		id := r.response.text("groupId")
		l.groups[id] = &group{id: id, vpc: r.request.text("vpcId"), cell: r.cell}
	},
	"DeleteSecurityGroup":           (*ledger).deleteGroup,
	"AuthorizeSecurityGroupIngress": (*ledger).authorize,
	"RevokeSecurityGroupIngress":    (*ledger).revoke,

	"CreateTags": func(l *ledger, r record) { l.tag(r, true) },
	"DeleteTags": func(l *ledger, r record) { l.tag(r, false) },

	"CreateVpcPeeringConnection":        (*ledger).request,
	"AcceptVpcPeeringConnection":        (*ledger).accept,
	"RejectVpcPeeringConnection":        (*ledger).end,
	"DeleteVpcPeeringConnection":        (*ledger).end,
	"ModifyVpcPeeringConnectionOptions": (*ledger).options,
}

func (l *ledger) createVPC(r record) {
	made := r.response.in("vpc")
	v := &vpc{vpcKey: vpcKey{r.cell, made.text("vpcId")}, blocks: []netip.Prefix{made.block("cidrBlock")}}
	l.vpcs[v.vpcKey] = v
}

// changeBlock adds or removes a block, and fails the requests that wait for a VPC and overlap its new block.
func (l *ledger) changeBlock(r record, added bool) {
	v := l.vpcs[vpcKey{r.cell, r.response.text("vpcId")}]
	block := r.response.in("cidrBlockAssociation").block("cidrBlock")
	if !block.IsValid() {
		block = r.response.in("ipv6CidrBlockAssociation").block("ipv6CidrBlock")
	}
	if !added {
		v.blocks = slices.DeleteFunc(slices.Clone(v.blocks), func(b netip.Prefix) bool { return b == block })
		return
	}
	v.blocks = append(slices.Clone(v.blocks), block)
	for _, id := range l.requests {
		if c := l.connections[id]; c.accepter == v.vpcKey && l.state(c, r.at) == pending && l.overlapping(c) {
			c.failed = true
		}
	}
}

func (l *ledger) addTable(r record, id, vpc string, main bool) {
	l.tables[id] = &table{id: id, vpc: vpc, cell: r.cell, main: main, routes: map[netip.Prefix]route{}}
}

func (l *ledger) associate(r record) {
	if s := l.subnets[r.request.text("subnetId")]; s != nil {
		s.table, s.association = r.request.text("routeTableId"), r.response.text("associationId")
	}
}

func (l *ledger) disassociate(r record) {
	for _, s := range l.subnets {
		if s.association == r.request.text("associationId") {
			s.table, s.association = "", ""
		}
	}
}

func (l *ledger) replaceAssociation(r record) {
	for _, s := range l.subnets {
		if s.association == r.request.text("associationId") {
			s.table, s.association = r.request.text("routeTableId"), r.response.text("newAssociationId")
		}
	}
}

func (l *ledger) setRoute(r record) {
	l.tables[r.request.text("routeTableId")].routes[r.destination()] = route{r.target(), r.who != ""}
}

func (l *ledger) deleteGroup(r record) {
	id := r.request.text("groupId")
	delete(l.groups, id)
	for _, rule := range l.rulesOf(id) {
		delete(l.rules, rule.id)
	}
}

func (l *ledger) authorize(r record) {
	for _, rule := range r.madeRules() {
		rule.ours = r.who != ""
		l.rules[rule.id] = rule
		for _, s := range r.request.items("tagSpecificationSet") {
			tags, _ := s.any("tags").([]any)
			for _, t := range tags {
				pair, _ := t.(map[string]any)
				l.setTag(rule.id, fields(pair).text("key"), fields(pair).text("value"))
			}
		}
	}
}

func (l *ledger) revoke(r record) {
	for _, id := range r.revokedRules() {
		delete(l.rules, id)
	}
}

func (l *ledger) tag(r record, set bool) {
	for _, resource := range r.request.items("resourcesSet") {
		for _, t := range r.request.items("tagSet") {
			id := tagKey(resource.text("resourceId"), r.cell)
			if set {
				l.setTag(id, t.text("key"), t.text("value"))
			} else {
				delete(l.tags[id], t.text("key"))
			}
		}
	}
}

func (l *ledger) setTag(id, key, value string) {
	if l.tags[id] == nil {
		l.tags[id] = map[string]string{}
	}
	l.tags[id][key] = value
}

// request enters a connection, unless the answer is one that was there.
func (l *ledger) request(r record) {
	made := r.response.in("vpcPeeringConnection")
	c := &connection{id: made.text("vpcPeeringConnectionId"), created: r.at, dns: map[peering.Role]bool{}}
	c.requester, c.accepter = readEnd(made.in("requesterVpcInfo")), readEnd(made.in("accepterVpcInfo"))
	if l.connections[c.id] == nil {
		l.connections[c.id] = c
		l.requests = append(l.requests, c.id)
	}
}

// accept keeps the first time: a second acceptance may succeed, and changes nothing.
func (l *ledger) accept(r record) {
	if c := l.connections[r.connection()]; c.accepted.IsZero() {
		c.accepted = r.at
	}
}

func (l *ledger) end(r record) { l.connections[r.connection()].ended = r.at }

func (l *ledger) options(r record) {
	c := l.connections[r.connection()]
	for role, name := range map[peering.Role]string{peering.Requester: "requesterPeeringConnectionOptions", peering.Accepter: "accepterPeeringConnectionOptions"} {
		if o := r.request.in(name); o != nil {
			c.dns[role] = o.text("allowDnsResolutionFromRemoteVpc") == "true"
		}
	}
}

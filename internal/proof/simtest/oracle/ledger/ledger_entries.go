package ledger

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Apply enters a record. Calls that failed or that the ledger has no entry for change nothing.
func (l *Ledger) Apply(r Record) {
	l.initiate(r.At)
	if r.Code != "" {
		return
	}
	if enter := entries[r.Call]; enter != nil {
		enter(l, r)
	}
}

// entries change the ledger as a successful call has changed the cloud.
var entries = map[string]func(*Ledger, Record){
	callDeploy: func(l *Ledger, r Record) { l.Policy = r.Policy },
	callMain: func(l *Ledger, r Record) {
		l.addTable(r, r.request.text("routeTableId"), r.request.text("vpcId"), true)
	},

	"CreateVpc":                (*Ledger).createVPC,
	"AssociateVpcCidrBlock":    func(l *Ledger, r Record) { l.changeBlock(r, true) },
	"DisassociateVpcCidrBlock": func(l *Ledger, r Record) { l.changeBlock(r, false) },

	"CreateSubnet": func(l *Ledger, r Record) {
		s := r.response.in("subnet")
		l.Subnets[s.text("subnetId")] = &Subnet{ID: s.text("subnetId"), VPC: VPCKey{r.Cell, s.text("vpcId")}}
	},
	"DeleteSubnet": func(l *Ledger, r Record) { delete(l.Subnets, r.request.text("subnetId")) },
	"CreateRouteTable": func(l *Ledger, r Record) {
		t := r.response.in("routeTable")
		l.addTable(r, t.text("routeTableId"), t.text("vpcId"), false)
	},
	"DeleteRouteTable":             func(l *Ledger, r Record) { delete(l.RouteTables, r.request.text("routeTableId")) },
	"AssociateRouteTable":          (*Ledger).associate,
	"DisassociateRouteTable":       (*Ledger).disassociate,
	"ReplaceRouteTableAssociation": (*Ledger).replaceAssociation,

	"CreateRoute":  (*Ledger).setRoute,
	"ReplaceRoute": (*Ledger).setRoute,
	"DeleteRoute": func(l *Ledger, r Record) {
		delete(l.RouteTables[r.request.text("routeTableId")].Routes, r.Destination())
	},

	"CreateSecurityGroup": func(l *Ledger, r Record) {
		id := r.response.text("groupId")
		l.SecurityGroups[id] = &SecurityGroup{ID: id, VPC: VPCKey{r.Cell, r.request.text("vpcId")}}
	},
	"DeleteSecurityGroup":           (*Ledger).deleteGroup,
	"AuthorizeSecurityGroupIngress": (*Ledger).authorize,
	"RevokeSecurityGroupIngress":    (*Ledger).revoke,

	"CreateTags": func(l *Ledger, r Record) { l.tag(r, true) },
	"DeleteTags": func(l *Ledger, r Record) { l.tag(r, false) },

	"CreateVpcPeeringConnection":        (*Ledger).request,
	"AcceptVpcPeeringConnection":        (*Ledger).accept,
	"RejectVpcPeeringConnection":        (*Ledger).end,
	"DeleteVpcPeeringConnection":        (*Ledger).end,
	"ModifyVpcPeeringConnectionOptions": (*Ledger).options,
}

func (l *Ledger) createVPC(r Record) {
	made := r.response.in("vpc")
	v := &VPC{VPCKey: VPCKey{r.Cell, made.text("vpcId")}, Blocks: []netip.Prefix{made.block("cidrBlock")}}
	l.VPCs[v.VPCKey] = v
}

// changeBlock adds or removes a block. EC2 fails the pending requests to a VPC that overlap its new block.
func (l *Ledger) changeBlock(r Record, added bool) {
	v := l.VPCs[VPCKey{r.Cell, r.response.text("vpcId")}]
	block := r.response.in("cidrBlockAssociation").block("cidrBlock")
	if !block.IsValid() {
		block = r.response.in("ipv6CidrBlockAssociation").block("ipv6CidrBlock")
	}
	if !added {
		v.Blocks = slices.DeleteFunc(slices.Clone(v.Blocks), func(b netip.Prefix) bool { return b == block })
		return
	}
	v.Blocks = append(slices.Clone(v.Blocks), block)
	for _, id := range l.Requests {
		if c := l.Connections[id]; c.Accepter == v.VPCKey && l.State(c, r.At) == Pending && l.overlapping(c) {
			c.failed = true
		}
	}
}

func (l *Ledger) addTable(r Record, id, vpc string, main bool) {
	l.RouteTables[id] = &RouteTable{ID: id, VPC: VPCKey{r.Cell, vpc}, Main: main, Routes: map[netip.Prefix]Route{}}
}

func (l *Ledger) associate(r Record) {
	if s := l.Subnets[r.request.text("subnetId")]; s != nil {
		s.Table, s.Association = r.request.text("routeTableId"), r.response.text("associationId")
	}
}

func (l *Ledger) disassociate(r Record) {
	for _, s := range l.Subnets {
		if s.Association == r.request.text("associationId") {
			s.Table, s.Association = "", ""
		}
	}
}

func (l *Ledger) replaceAssociation(r Record) {
	for _, s := range l.Subnets {
		if s.Association == r.request.text("associationId") {
			s.Table, s.Association = r.request.text("routeTableId"), r.response.text("newAssociationId")
		}
	}
}

func (l *Ledger) setRoute(r Record) {
	l.RouteTables[r.request.text("routeTableId")].Routes[r.Destination()] = Route{r.Target(), r.Function != ""}
}

func (l *Ledger) deleteGroup(r Record) {
	id := r.request.text("groupId")
	delete(l.SecurityGroups, id)
	for _, rule := range l.IngressRulesOf(id) {
		delete(l.Rules, rule.ID)
	}
}

func (l *Ledger) authorize(r Record) {
	for _, rule := range r.MadeRules() {
		l.Rules[rule.ID] = rule
		for _, t := range r.tagSpecifications() {
			l.setTag(rule.ID, t.text("key"), t.text("value"))
		}
	}
}

func (l *Ledger) revoke(r Record) {
	for _, id := range r.RevokedRules() {
		delete(l.Rules, id)
	}
}

func (l *Ledger) tag(r Record, set bool) {
	for _, resource := range r.Tagged() {
		for _, t := range r.request.items("tagSet") {
			id := tagKey(resource, r.Cell)
			if set {
				l.setTag(id, t.text("key"), t.text("value"))
			} else {
				delete(l.Tags[id], t.text("key"))
			}
		}
	}
}

func (l *Ledger) setTag(id, key, value string) {
	if l.Tags[id] == nil {
		l.Tags[id] = map[string]string{}
	}
	l.Tags[id][key] = value
}

// request enters a connection. EC2 answers a repeated request with the connection that exists.
func (l *Ledger) request(r Record) {
	made := r.response.in("vpcPeeringConnection")
	c := &Connection{ID: made.text("vpcPeeringConnectionId"), Created: r.At, DNS: map[peering.Role]bool{}}
	c.Requester, c.Accepter = readVPC(made.in("requesterVpcInfo")), readVPC(made.in("accepterVpcInfo"))
	if l.Connections[c.ID] == nil {
		l.Connections[c.ID] = c
		l.Requests = append(l.Requests, c.ID)
	}
}

// accept keeps the first time: EC2 may let a second acceptance succeed, which has no effect.
func (l *Ledger) accept(r Record) {
	if c := l.Connections[r.Connection()]; c.Accepted.IsZero() {
		c.Accepted = r.At
	}
}

func (l *Ledger) end(r Record) { l.Connections[r.Connection()].ended = r.At }

func (l *Ledger) options(r Record) {
	c := l.Connections[r.Connection()]
	for role, name := range map[peering.Role]string{
		peering.Requester: "requesterPeeringConnectionOptions", peering.Accepter: "accepterPeeringConnectionOptions",
	} {
		if o := r.request.in(name); o != nil {
			c.DNS[role] = o.text("allowDnsResolutionFromRemoteVpc") == "true"
		}
	}
}

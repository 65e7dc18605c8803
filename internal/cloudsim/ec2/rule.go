package ec2

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// rule is one rule of a security group: one source, because EC2 makes one rule for each.
type rule struct {
	traffic
	group       *securityGroup
	id          string
	description string
	peerVPC     string // of the group that it refers to, which may be gone since
}

// traffic identifies a rule in its group. The description doesn't.
type traffic struct {
	egress   bool
	protocol string // tcp, udp, icmp, icmpv6, a number, or -1
	from, to int    // ports, or type and code of ICMP; -1 is all
	source
}

// source is a block, a prefix list or a group; of an egress rule it is the destination.
type source struct {
	cidr    netip.Prefix
	listID  string
	groupID string
	owner   string // of the group
}

// All addresses of a family.
var (
	anywhere     = netip.MustParsePrefix("0.0.0.0/0")
	anywhereIPv6 = netip.MustParsePrefix("::/0")
)

// everything is all traffic from a source.
func everything(from source) traffic {
	return traffic{protocol: "-1", from: -1, to: -1, source: from}
}

func (r *rule) inFamily(six bool) string {
	if !r.cidr.IsValid() || r.cidr.Addr().Is6() != six {
		return ""
	}
	return r.cidr.String()
}

// weight returns how much a rule counts against the quota of the family. A reference to a group counts in both, a
// prefix list as many times as it may have entries:
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html#security-group-size
func (c *cell) weight(t traffic, six bool) int {
	switch {
	case t.groupID != "":
		return 1
	case t.listID != "" && c.allLists()[t.listID].six == six:
		return c.allLists()[t.listID].most
	case t.cidr.IsValid() && t.cidr.Addr().Is6() == six:
		return 1
	}
	return 0
}

// String formats a rule as EC2's message about a duplicate does.
func (t traffic) String() string {
	peer := t.groupID + t.listID // one of them
	if t.cidr.IsValid() {
		peer = t.cidr.String()
	}
	protocol := strings.ToUpper(t.protocol)
	if t.protocol == "-1" {
		protocol = "ALL"
	}
	ports := ""
	if t.from >= 0 {
		ports = fmt.Sprintf(" from port: %d, to port: %d,", t.from, t.to)
	}
	return fmt.Sprintf("peer: %s, %s,%s ALLOW", peer, protocol, ports)
}

// hasPorts reports whether the protocol has ports, or a type and a code.
func (t traffic) hasPorts() bool { return oneOf(t.protocol, "tcp udp icmp icmpv6") }

func (c *cell) rules() []*rule {
	var all []*rule
	for _, g := range sorted(c.groups) {
		all = append(all, g.rules...)
	}
	return all
}

var ruleFilters = filters[*rule]{
	"group-id":               one(func(r *rule) string { return r.group.id }),
	"security-group-rule-id": one(func(r *rule) string { return r.id }),
}

// describeRules refuses a group-id that cannot be one, but finds nothing for one that doesn't exist.
func describeRules(r *request) ([]node, error) {
	for _, c := range conditions(r.params) {
		if c.name != "group-id" {
			continue
		}
		for _, id := range c.values {
			if err := typeGroup.check(id); err != nil && !strings.ContainsAny(id, "*?") {
				return nil, err
			}
		}
	}
	l := listing[*rule]{
		set:          "securityGroupRuleSet",
		ids:          "SecurityGroupRuleId",
		resourceType: typeRule,
		most:         1000,
		id:           func(rule *rule) string { return rule.id },
		filters:      ruleFilters,
		show:         r.showRule,
	}
	return describe(r, l, r.cell.rules())
}

// showRule returns the elements of a rule in the answers of DescribeSecurityGroupRules and
// AuthorizeSecurityGroupIngress.
func (r *request) showRule(rule *rule) []node {
	nodes := append(rule.elements(), leaf("groupOwnerId", rule.group.account))
	if rule.groupID != "" {
		nodes = append(nodes, group("referencedGroupInfo", r.showReference(rule)...))
	}
	return append(nodes, rule.group.taggedNode(rule.id), leaf("securityGroupRuleArn", rule.group.arn(typeRule, rule.id)))
}

// elements are those that the two forms of a rule in answers share. The ports are there also where the protocol has
// none; in the permissions of a group they are left out then.
func (r *rule) elements() []node {
	return slices.Concat([]node{
		leaf("securityGroupRuleId", r.id),
		leaf("groupId", r.group.id),
		leaf("isEgress", r.egress),
		leaf("ipProtocol", r.protocol),
		leaf("fromPort", r.from),
		leaf("toPort", r.to),
	},
		optional("cidrIpv4", r.inFamily(false)),
		optional("cidrIpv6", r.inFamily(true)),
		optional("prefixListId", r.listID),
		optional("description", r.description),
	)
}

// permissionsNode merges rules that differ in their source only, as DescribeSecurityGroups does.
func (r *request) permissionsNode(name string, rules []*rule) node {
	type ports struct {
		protocol string
		from, to int
	}
	var order []ports
	merged := map[ports][]*rule{}
	for _, rule := range rules {
		key := ports{rule.protocol, rule.from, rule.to}
		if merged[key] == nil {
			order = append(order, key)
		}
		merged[key] = append(merged[key], rule)
	}
	return listOf(name, order, func(key ports) []node { return r.showPermission(merged[key]) })
}

func (r *request) showPermission(rules []*rule) []node {
	first := rules[0]
	nodes := []node{leaf("ipProtocol", first.protocol)}
	if first.hasPorts() {
		nodes = append(nodes, leaf("fromPort", first.from), leaf("toPort", first.to))
	}
	var groups, four, six, lists [][]node
	for _, rule := range rules {
		described := optional("description", rule.description)
		switch {
		case rule.groupID != "":
			groups = append(groups, append(r.showReference(rule), described...))
		case rule.listID != "":
			lists = append(lists, append([]node{leaf("prefixListId", rule.listID)}, described...))
		case rule.cidr.Addr().Is4():
			four = append(four, append([]node{leaf("cidrIp", rule.cidr.String())}, described...))
		default:
			six = append(six, append([]node{leaf("cidrIpv6", rule.cidr.String())}, described...))
		}
	}
	return append(nodes, list("groups", groups...), list("ipRanges", four...), list("ipv6Ranges", six...),
		list("prefixListIds", lists...))
}

// showReference shows the referenced group: one of the same VPC by its id and owner alone. Of one in a peer VPC EC2
// shows how it is reached, also if the connection or the group is gone; but then no longer the group's owner:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html
func (r *request) showReference(rule *rule) []node {
	nodes := []node{leaf("groupId", rule.groupID)}
	if r.referenced(rule.source, rule.group.region) != nil {
		nodes = append(nodes, leaf("userId", rule.owner))
	}
	if rule.peerVPC == rule.group.vpc.id {
		return nodes
	}
	nodes = append(nodes, optional("vpcId", rule.peerVPC)...)
	if c := r.between(rule.group.vpc.id, rule.peerVPC); c != nil {
		nodes = append(nodes, leaf("vpcPeeringConnectionId", c.id), leaf("peeringStatus", c.state))
	}
	return nodes
}

// referenced returns the group that a rule refers to, or nil if it is gone.
func (s *Service) referenced(from source, region string) *securityGroup {
	c := s.cells[accountRegion{from.owner, region}]
	if c == nil {
		return nil
	}
	return c.groups[from.groupID]
}

// between returns the connection between two VPCs, or nil. Of several it is the one that is accepted and open, which a
// request in the opposite direction doesn't end, or else the newest that didn't fail.
func (s *Service) between(one, other string) *connection {
	var newest *connection
	for _, c := range slices.Backward(s.requests) {
		switch {
		case !c.joins(one, other) || c.state == stateFailed:
		case c.joined():
			return c
		case newest == nil:
			newest = c
		}
	}
	return newest
}

// inReach reports whether a group of the one VPC can refer to one of the other.
func (s *Service) inReach(one, other string) bool {
	c := s.between(one, other)
	return one == other || c != nil && c.state == stateActive
}

// isStale reports whether the rule admits no traffic any more, because its group is gone or out of reach.
func (s *Service) isStale(rule *rule) bool {
	if rule.groupID == "" {
		return false
	}
	gone := s.referenced(rule.source, rule.group.region) == nil
	return gone || !s.inReach(rule.group.vpc.id, rule.peerVPC)
}

package oracle

import "github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"

// Quotas are EC2's quotas where they differ from the defaults; 0 stands for the default.
type Quotas struct {
	RoutesPerTable, RulesPerGroup, ActivePeeringsPerVPC int
}

// The default quotas of EC2.
const (
	defaultPeerings = 50
	defaultRoutes   = 500
	defaultRules    = 60
)

// isFull reports whether one of the VPCs has as many connections as it may.
func (e End) isFull(c *ledger.Connection) bool {
	j := e.judge()
	return j.countConnections(c.Requester) >= j.peeringQuota() || j.countConnections(c.Accepter) >= j.peeringQuota()
}

// peeringQuota returns how many accepted connections a VPC may have: the quota of EC2, or a lower limit of the policy.
func (j judge) peeringQuota() int {
	return least(defaultPeerings, j.quotas.ActivePeeringsPerVPC, j.Policy.Limits["peerings"])
}

// countConnections returns the number of connections of the VPC that were accepted.
func (j judge) countConnections(v ledger.VPCKey) (n int) {
	for _, c := range j.Connections {
		state := j.stateOf(c)
		if (c.Requester == v || c.Accepter == v) && (state == ledger.Active || state == ledger.Provisioning) {
			n++
		}
	}
	return n
}

// isShort reports whether a route table or a security group has no room for all that is missing in it, by the quotas or
// the policy's limits.
func (s side) isShort() bool {
	for _, t := range s.RouteTablesOf(s.own()) {
		if exceeds(s.routeQuota(), func(ipv6 bool) (int, int) { return s.countRoutes(t, ipv6) }) {
			return true
		}
	}
	for _, g := range s.SecurityGroupsOf(s.own()) {
		if exceeds(s.ruleQuota(), func(ipv6 bool) (int, int) { return s.countRules(g, ipv6) }) {
			return true
		}
	}
	return false
}

// routeQuota returns how many routes of a family autopeer may make in a table: the quota of EC2, or a lower limit of
// the policy.
func (j judge) routeQuota() int {
	return least(defaultRoutes, j.quotas.RoutesPerTable, j.Policy.Limits["routes"])
}

// ruleQuota returns the same for the ingress rules of a security group.
func (j judge) ruleQuota() int {
	return least(defaultRules, j.quotas.RulesPerGroup, j.Policy.Limits["rules"])
}

// exceeds reports whether the missing ones of a family don't fit into the quota, which applies to IPv4 and IPv6 each.
func exceeds(quota int, count func(ipv6 bool) (have, missing int)) bool {
	for _, ipv6 := range []bool{false, true} {
		if have, missing := count(ipv6); missing > 0 && have+missing > quota {
			return true
		}
	}
	return false
}

// countRoutes counts the routes of the family in the table, local ones included, and those that are missing.
func (s side) countRoutes(t *ledger.RouteTable, ipv6 bool) (have, missing int) {
	for _, b := range s.known(s.own(), everything) {
		if b.Addr().Is6() == ipv6 {
			have++
		}
	}
	for dst := range t.Routes {
		if dst.Addr().Is6() == ipv6 {
			have++
		}
	}
	for _, dst := range s.wantedRoutes(t) {
		if _, found := t.Routes[dst]; !found && dst.Addr().Is6() == ipv6 {
			missing++
		}
	}
	return have, missing
}

// countRules counts the ingress rules of the family in the group, and those that are missing. A rule that refers to a
// security group counts in both families.
func (s side) countRules(g *ledger.SecurityGroup, ipv6 bool) (have, missing int) {
	for _, there := range s.IngressRulesOf(g.ID) {
		if countsFor(there.Permission, ipv6) {
			have++
		}
	}
	for _, p := range s.wantedPermissions(g) {
		if countsFor(p, ipv6) && !s.isAdmitted(g, p) {
			missing++
		}
	}
	return have, missing
}

func countsFor(p ledger.Permission, ipv6 bool) bool {
	return !p.Block.IsValid() || p.Block.Addr().Is6() == ipv6
}

// least returns the least of the numbers that are above 0.
func least(n int, others ...int) int {
	for _, o := range others {
		if o > 0 && o < n {
			n = o
		}
	}
	return n
}

package ec2

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// EC2 knows the parameters of a single rule in its calls for ingress rules alone:
// https://github.com/boto/boto3/issues/790.
const (
	ingressParams = "GroupId GroupName IpPermissions IpProtocol FromPort ToPort CidrIp SourceSecurityGroupName " +
		"SourceSecurityGroupOwnerId"
	egressParams = "GroupId IpPermissions"
)

// wanted is a rule that a request names.
type wanted struct {
	traffic
	description string
	described   bool
}

func authorizeIngress(r *request) ([]node, error) { return r.authorize(false) }
func authorizeEgress(r *request) ([]node, error)  { return r.authorize(true) }

func (r *request) authorize(egress bool) ([]node, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	rules, err := r.wanted(g, egress)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeRule)
	if err != nil {
		return nil, err
	}
	if hasTwice(rules) {
		return nil, invalidValue("The same permission must not appear multiple times")
	}
	before := len(g.rules)
	for _, w := range rules {
		if err := r.addRule(g, w); err != nil {
			if !r.opts.Switches.PartialAuthorize {
				g.rules = g.rules[:before]
			}
			return nil, err
		}
	}
	added := g.rules[before:]
	for _, rule := range added {
		r.cell.tag(rule.id, clone(tags))
	}
	return append(done(), listOf("securityGroupRuleSet", added, r.showRule)), nil
}

// hasTwice reports whether a request names one permission twice. Descriptions don't make a difference.
func hasTwice(rules []wanted) bool {
	seen := map[traffic]bool{}
	for _, w := range rules {
		if seen[w.traffic] {
			return true
		}
		seen[w.traffic] = true
	}
	return false
}

// clone keeps the rules that are authorized together from sharing one set of tags.
func clone(tags tagSet) tagSet {
	c := tagSet{}
	for k, v := range tags {
		c[k] = v
	}
	return c
}

// addRule adds a rule. It refuses one that exists, that refers to an unknown group or list, or that exceeds the quota.
func (r *request) addRule(g *securityGroup, w wanted) error {
	if g.indexOf(w.traffic) >= 0 {
		return refuse("InvalidPermission.Duplicate", `the specified rule "%s" already exists`, w.traffic)
	}
	peer, err := r.mayRefer(g, w.source)
	if err != nil {
		return err
	}
	for _, six := range []bool{false, true} {
		if more := g.weight(w.traffic, six); more > 0 && g.count(w.egress, six)+more > r.opts.Quotas.RulesPerGroup {
			return refuse("RulesPerSecurityGroupLimitExceeded",
				"The maximum number of rules per security group has been reached.")
		}
	}
	g.rules = append(g.rules, &rule{
		traffic: w.traffic, group: g, id: r.newID(typeRule.prefix), description: w.description, peerVPC: peer,
	})
	return nil
}

func (g *securityGroup) indexOf(t traffic) int {
	return slices.IndexFunc(g.rules, func(r *rule) bool { return r.traffic == t })
}

func (g *securityGroup) count(egress, six bool) int {
	n := 0
	for _, r := range g.direction(egress) {
		n += g.weight(r.traffic, six)
	}
	return n
}

// mayRefer admits a prefix list of the group's account and region, and a reference to a group of the same VPC or of
// a peer VPC in the same region while the connection is active. It returns that VPC.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
func (r *request) mayRefer(g *securityGroup, to source) (peer string, err error) {
	if to.listID != "" {
		_, err = lookUp(typePrefixList, to.listID, g.allLists())
	}
	if to.groupID == "" {
		return "", err
	}
	other := r.referenced(to, g.region)
	if other == nil {
		return "", typeGroup.missing(to.groupID)
	}
	if !r.inReach(g.vpc.id, other.vpc.id) {
		return "", refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	}
	return other.vpc.id, nil
}

// wanted reads the rules of a request.
func (r *request) wanted(g *securityGroup, egress bool) ([]wanted, error) {
	permissions, err := r.rulePermissions()
	if err != nil {
		return nil, err
	}
	var all []wanted
	for _, p := range permissions {
		t, err := portsOf(p)
		if err != nil {
			return nil, err
		}
		t.egress = egress
		some, err := sourcesOf(p, t, g)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// rulePermissions are those in IpPermissions and those that parameters of their own name: a block with its ports, or a
// group with all of them.
func (r *request) rulePermissions() ([]params, error) {
	permissions := r.items("IpPermissions")
	isBlock := r.has("CidrIp") || r.has("IpProtocol")
	switch {
	case isBlock && r.has("SourceSecurityGroupName"):
		return nil, combination("The parameter sourceSecurityGroupName cannot be used with ipProtocol or cidrIp")
	case isBlock && !r.has("CidrIp"):
		return nil, noSource()
	case isBlock:
		permissions = append(permissions, params{
			"IpProtocol": r.params["IpProtocol"], "FromPort": r.params["FromPort"], "ToPort": r.params["ToPort"],
			"IpRanges.1.CidrIp": r.params["CidrIp"],
		})
	case r.has("SourceSecurityGroupName"):
		permissions = append(permissions, r.fromNamed()...)
	case r.has("SourceSecurityGroupOwnerId"):
		return nil, refuse("MissingParameter", "Source group ID missing.") // https://github.com/aws/aws-sdk-js/issues/417
	}
	if len(permissions) == 0 {
		return nil, missing("ipPermissions")
	}
	return permissions, nil
}

// fromNamed admits all of ICMP, TCP and UDP from the group that the request names:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
func (r *request) fromNamed() []params {
	var all []params
	for _, of := range [][3]string{{"icmp", "-1", "-1"}, {"tcp", "0", "65535"}, {"udp", "0", "65535"}} {
		all = append(all, params{
			"IpProtocol": of[0], "FromPort": of[1], "ToPort": of[2],
			"Groups.1.GroupName": r.params["SourceSecurityGroupName"],
			"Groups.1.UserId":    r.params["SourceSecurityGroupOwnerId"],
		})
	}
	return all
}

// sourceSets are the lists of sources in a permission, and how one member of each is read.
var sourceSets = []struct {
	name string
	read func(fields params, g *securityGroup) (source, error)
}{
	{"IpRanges", func(fields params, _ *securityGroup) (source, error) { return blockSource(fields, "CidrIp") }},
	{"Ipv6Ranges", func(fields params, _ *securityGroup) (source, error) { return blockSource(fields, "CidrIpv6") }},
	{"PrefixListIds", func(fields params, _ *securityGroup) (source, error) { return listSource(fields) }},
	{"Groups", groupSource},
}

// sourcesOf makes a rule of each source that a permission names.
func sourcesOf(p params, t traffic, g *securityGroup) ([]wanted, error) {
	var all []wanted
	for _, set := range sourceSets {
		for _, fields := range p.items(set.name) {
			var err error
			if t.source, err = set.read(fields, g); err != nil {
				return nil, err
			}
			description, described := fields["Description"]
			if err := checkDescription(description); err != nil {
				return nil, err
			}
			all = append(all, wanted{traffic: t, description: description, described: described})
		}
	}
	if len(all) == 0 {
		return nil, noSource()
	}
	return all, nil
}

// noSource is quoted in https://github.com/crossplane-contrib/provider-aws/issues/1496.
func noSource() *refusal {
	return refuse("MissingParameter", "Missing source specification: include source security group or CIDR information")
}

func blockSource(fields params, name string) (source, error) {
	cidr, err := ruleBlock(fields, name)
	return source{cidr: cidr}, err
}

func listSource(fields params) (source, error) {
	id, err := fields.must("PrefixListId")
	if err != nil {
		return source{}, err
	}
	return source{listID: id}, typePrefixList.check(id)
}

func ruleBlock(fields params, name string) (netip.Prefix, error) {
	cidr, err := fields.cidr(name)
	if err != nil && fields[name] != "" {
		err = invalidValue("CIDR block %s is malformed", fields[name])
	}
	return cidr, err
}

func groupSource(fields params, g *securityGroup) (source, error) {
	if !fields.has("GroupId") && fields.has("GroupName") {
		return namedSource(fields, g)
	}
	id, err := fields.must("GroupId")
	if err != nil {
		return source{}, err
	}
	owner := fields["UserId"]
	if owner == "" {
		owner = g.account
	}
	return source{groupID: id, owner: owner}, typeGroup.check(id)
}

// namedSource finds the group by its name in the default VPC, also for a group of another VPC. The pair's VpcId has no
// effect: https://github.com/boto/boto3/issues/569. Without a default VPC, no group goes by its name:
// https://github.com/boto/boto/issues/561.
func namedSource(fields params, g *securityGroup) (source, error) {
	name, owner := fields["GroupName"], orText(fields["UserId"], g.account)
	v := g.defaultVPC()
	if v == nil {
		return source{}, invalidValue("Invalid value '%s' for groupName. You may not reference Amazon VPC security "+
			"groups by name. Please use the corresponding id for this operation.", name)
	}
	other := v.groupNamed(name)
	if other == nil || owner != other.account {
		return source{}, v.noGroupNamed(name)
	}
	return source{groupID: other.id, owner: owner}, nil
}

const descriptionSet = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"

// isDescription allows the characters of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html.
func isDescription(d string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-:/()#,@[]+=&;{}!$*"
	return len(d) <= 255 && !strings.ContainsFunc(d, func(c rune) bool { return !strings.ContainsRune(allowed, c) })
}

func checkDescription(d string) error {
	if !isDescription(d) {
		return invalidValue("Invalid rule description. Valid descriptions are strings less than 256 characters from the "+
			"following set: %s", descriptionSet)
	}
	return nil
}

// protocolNumbers are those that EC2 knows by name and stores by it.
var protocolNumbers = map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}

// portsOf reads protocol and ports under the rules of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html.
func portsOf(p params) (traffic, error) {
	protocol, err := p.must("IpProtocol")
	if err != nil {
		return traffic{}, err
	}
	protocol = strings.ToLower(protocol)
	if name, ok := protocolNumbers[protocol]; ok {
		protocol = name
	}
	t := traffic{protocol: protocol, from: -1, to: -1}
	switch protocol {
	case "tcp", "udp":
		err = t.readPorts(p)
	case "icmp", "icmpv6":
		err = t.readICMP(p)
	default:
		err = checkProtocol(protocol)
	}
	return t, err
}

// checkProtocol admits any number. Ports are of no account with it: all are meant.
func checkProtocol(protocol string) error {
	n, err := strconv.Atoi(protocol)
	if err != nil || n < -1 || n > 255 {
		return invalidValue("Invalid value '%s' for IP protocol. Unknown protocol.", protocol)
	}
	return nil
}

func (t *traffic) readPorts(p params) error {
	if p["FromPort"] == "" || p["ToPort"] == "" {
		return refuse("MissingParameter", "The request must contain the parameters fromPort and toPort for protocol %s",
			t.protocol)
	}
	var err error
	if t.from, t.to, err = fromTo(p); err != nil {
		return err
	}
	if t.from < 0 || t.to > 65535 || t.from > t.to {
		return invalidValue("Invalid TCP/UDP port range (%d:%d)", t.from, t.to)
	}
	return nil
}

func (t *traffic) readICMP(p params) error {
	if p["FromPort"] == "" && p["ToPort"] == "" && t.protocol == "icmpv6" {
		return nil
	}
	if p["FromPort"] == "" || p["ToPort"] == "" {
		return refuse("MissingParameter", "The request must contain the parameters fromPort and toPort for protocol %s",
			t.protocol)
	}
	var err error
	if t.from, t.to, err = fromTo(p); err != nil {
		return err
	}
	if !isICMP(t.from) || !isICMP(t.to) || (t.from == -1 && t.to != -1) {
		return invalidValue("ICMP code (%d) or type (%d) out of range", t.to, t.from)
	}
	return nil
}

// isICMP reports whether n can be a type or a code: -1 means all.
func isICMP(n int) bool { return n >= -1 && n <= 255 }

func fromTo(p params) (from, to int, err error) {
	if from, err = p.int("FromPort", -1); err != nil {
		return 0, 0, err
	}
	to, err = p.int("ToPort", -1)
	return from, to, err
}

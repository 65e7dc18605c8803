package ec2

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
)

type acl struct {
	vpc       *vpc
	id        string
	isDefault bool
	entries   []aclEntry
	bindings  []binding
}

// binding ties a subnet to its network ACL. Each subnet has exactly one.
type binding struct {
	id     string
	subnet *subnet
}

type aclEntry struct {
	number   int
	egress   bool
	protocol string
	allow    bool
	cidr     netip.Prefix
	ports    *span // of TCP and UDP
	icmp     *span // type and code
}

type span struct{ from, to int }

const (
	aclEntryParams = "NetworkAclId RuleNumber Protocol RuleAction Egress CidrBlock Ipv6CidrBlock PortRange Icmp"
	lastEntry      = 32767 // denies all traffic that no other entry matches, and cannot be changed
	mostNumber     = 32766
)

// addACL adds a network ACL. A default one allows everything, any other nothing:
// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html.
func (r *request) addACL(v *vpc, isDefault bool) *acl {
	a := &acl{vpc: v, id: r.newID(typeACL.prefix), isDefault: isDefault}
	a.entries = defaultEntries()
	if !isDefault {
		a.entries = slices.DeleteFunc(a.entries, func(e aclEntry) bool { return e.allow })
	}
	r.cell.acls[a.id] = a
	return a
}

// defaultEntries are those of a new default network ACL, which allow all IPv4 traffic.
func defaultEntries() []aclEntry {
	var entries []aclEntry
	for _, egress := range []bool{true, false} {
		entries = append(entries,
			aclEntry{number: 100, egress: egress, protocol: "-1", allow: true, cidr: anywhere},
			aclEntry{number: lastEntry, egress: egress, protocol: "-1", cidr: anywhere})
	}
	return entries
}

// allowIPv6 adds the rules that AWS adds to a default network ACL, with the numbers that it gives them, in each
// direction whose rules are as they were made:
// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html.
func (a *acl) allowIPv6() {
	made := defaultEntries()
	for _, egress := range []bool{true, false} {
		other := func(e aclEntry) bool { return e.egress != egress }
		if !slices.Equal(slices.DeleteFunc(slices.Clone(a.entries), other), slices.DeleteFunc(slices.Clone(made), other)) {
			continue
		}
		a.entries = append(a.entries,
			aclEntry{number: 101, egress: egress, protocol: "-1", allow: true, cidr: anywhereIPv6},
			aclEntry{number: lastEntry + 1, egress: egress, protocol: "-1", cidr: anywhereIPv6})
	}
}

func (v *vpc) defaultACL() *acl {
	for _, a := range v.acls {
		if a.vpc == v && a.isDefault {
			return a
		}
	}
	return nil
}

func (a *acl) release(s *subnet) {
	a.bindings = slices.DeleteFunc(a.bindings, func(b binding) bool { return b.subnet == s })
}

func (r *request) acl() (*acl, error) {
	return find(typeACL, r.params, "NetworkAclId", r.cell.acls)
}

func createACL(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeACL)
	if err != nil {
		return nil, err
	}
	a := r.addACL(v, false)
	r.cell.tag(a.id, tags)
	return []node{group("networkAcl", showACL(a)...)}, nil
}

func deleteACL(r *request) ([]node, error) {
	a, err := r.acl()
	if err != nil {
		return nil, err
	}
	switch {
	case a.isDefault:
		return nil, invalidValue("cannot delete default network ACL %s", a.id)
	case len(a.bindings) > 0:
		return nil, dependency("The networkAcl '%s' has dependencies and cannot be deleted.", a.id)
	}
	r.cell.forget(a.id)
	delete(r.cell.acls, a.id)
	return done(), nil
}

func replaceACLAssociation(r *request) ([]node, error) {
	to, err := r.acl()
	if err != nil {
		return nil, err
	}
	id, err := r.must("AssociationId")
	if err != nil {
		return nil, err
	}
	for _, from := range r.cell.acls {
		for _, b := range from.bindings {
			if b.id == id {
				return r.move(b.subnet, from, to)
			}
		}
	}
	return nil, typeACLBinding.missing(id)
}

func (r *request) move(s *subnet, from, to *acl) ([]node, error) {
	if from.vpc != to.vpc {
		return nil, invalidValue("Network ACL %s and subnet %s belong to different networks", to.id, s.id)
	}
	from.release(s)
	b := binding{r.newID(typeACLBinding.prefix), s}
	to.bindings = append(to.bindings, b)
	return []node{leaf("newAssociationId", b.id)}, nil
}

func createACLEntry(r *request) ([]node, error) {
	return r.putEntry(func(a *acl, e aclEntry, at int) error {
		if at >= 0 {
			return refuse("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.number)
		}
		a.entries = append(a.entries, e)
		return nil
	})
}

func replaceACLEntry(r *request) ([]node, error) {
	return r.putEntry(func(a *acl, e aclEntry, at int) error {
		if at < 0 {
			return noEntry(e.number)
		}
		a.entries[at] = e
		return nil
	})
}

func noEntry(number int) *refusal {
	return refuse("InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist.", number)
}

func (r *request) putEntry(put func(*acl, aclEntry, int) error) ([]node, error) {
	a, number, egress, err := r.entryKey()
	if err != nil {
		return nil, err
	}
	e, err := r.entry(number, egress)
	if err != nil {
		return nil, err
	}
	if err := put(a, e, a.indexOf(number, egress)); err != nil {
		return nil, err
	}
	slices.SortFunc(a.entries, compareEntries)
	return done(), nil
}

func compareEntries(a, b aclEntry) int {
	return cmp.Or(cmp.Compare(strconv.FormatBool(b.egress), strconv.FormatBool(a.egress)), cmp.Compare(a.number, b.number))
}

func deleteACLEntry(r *request) ([]node, error) {
	a, number, egress, err := r.entryKey()
	if err != nil {
		return nil, err
	}
	at := a.indexOf(number, egress)
	if at < 0 {
		return nil, noEntry(number)
	}
	a.entries = slices.Delete(a.entries, at, at+1)
	return done(), nil
}

func (a *acl) indexOf(number int, egress bool) int {
	return slices.IndexFunc(a.entries, func(e aclEntry) bool { return e.number == number && e.egress == egress })
}

func (r *request) entryKey() (a *acl, number int, egress bool, err error) {
	if a, err = r.acl(); err != nil {
		return nil, 0, false, err
	}
	if _, err = r.must("RuleNumber"); err != nil {
		return nil, 0, false, err
	}
	if number, err = r.int("RuleNumber", 0); err != nil {
		return nil, 0, false, err
	}
	if number < 1 || number > mostNumber {
		return nil, 0, false, invalidValue("The rule number '%d' must be between 1 and %d", number, mostNumber)
	}
	egress, err = r.bool("Egress")
	return a, number, egress, err
}

func (r *request) entry(number int, egress bool) (aclEntry, error) {
	e := aclEntry{number: number, egress: egress}
	var err error
	if e.cidr, err = r.entryBlock(); err != nil {
		return e, err
	}
	switch action := r.params["RuleAction"]; action {
	case "allow", "deny":
		e.allow = action == "allow"
	default:
		return e, invalidValue("Invalid value '%s' for ruleAction", action)
	}
	return e, r.readEntryProtocol(&e)
}

func (r *request) entryBlock() (netip.Prefix, error) {
	switch six := r.has("Ipv6CidrBlock"); {
	case six && r.has("CidrBlock"): // the text isn't documented
		return netip.Prefix{}, combination("The request must contain exactly one of cidrBlock, ipv6CidrBlock")
	case six:
		return r.cidr("Ipv6CidrBlock")
	}
	return r.cidr("CidrBlock")
}

// readEntryProtocol wants the protocol as a number: unlike in a security group, EC2 keeps no names.
func (r *request) readEntryProtocol(e *aclEntry) error {
	protocol, err := r.must("Protocol")
	if err != nil {
		return err
	}
	if err := checkProtocol(protocol); err != nil {
		return err
	}
	e.protocol = protocol
	switch protocol {
	case "6", "17":
		if e.ports, err = r.span("PortRange.From", "PortRange.To"); err == nil && !e.ports.isOfPorts() {
			err = invalidValue("Invalid TCP/UDP port range (%d:%d)", e.ports.from, e.ports.to)
		}
	case "1", "58":
		if e.icmp, err = r.span("Icmp.Type", "Icmp.Code"); err == nil && (!isICMP(e.icmp.from) || !isICMP(e.icmp.to)) {
			err = invalidValue("ICMP code (%d) or type (%d) out of range", e.icmp.to, e.icmp.from)
		}
	}
	return err
}

func (s *span) isOfPorts() bool { return s.from >= 0 && s.to <= 65535 && s.from <= s.to }

// span reads a range that EC2 requires for the protocol.
func (r *request) span(from, to string) (*span, error) {
	for _, name := range []string{from, to} {
		if _, err := r.must(name); err != nil {
			return nil, err
		}
	}
	first, err := r.int(from, -1)
	if err != nil {
		return nil, err
	}
	last, err := r.int(to, -1)
	return &span{first, last}, err
}

var aclListing = listing[*acl]{
	set:          "networkAclSet",
	ids:          "NetworkAclId",
	resourceType: typeACL,
	most:         1000,
	id:           func(a *acl) string { return a.id },
	filters: filters[*acl]{
		"network-acl-id": one(func(a *acl) string { return a.id }),
		"vpc-id":         one(func(a *acl) string { return a.vpc.id }),
		"owner-id":       one(func(a *acl) string { return a.vpc.account }),
		"default":        one(func(a *acl) string { return strconv.FormatBool(a.isDefault) }),
		"association.association-id": func(a *acl) []string {
			return nonEmpty(a.bindings, func(b binding) string { return b.id })
		},
		"association.network-acl-id": func(a *acl) []string {
			return nonEmpty(a.bindings, func(binding) string { return a.id })
		},
		"entry.cidr":            ofEntries(func(e aclEntry) string { return e.inFamily(false) }),
		"entry.ipv6-cidr":       ofEntries(func(e aclEntry) string { return e.inFamily(true) }),
		"entry.egress":          ofEntries(flag(func(e aclEntry) bool { return e.egress })),
		"entry.protocol":        ofEntries(func(e aclEntry) string { return e.protocol }),
		"entry.rule-action":     ofEntries(aclEntry.action),
		"entry.rule-number":     ofEntries(func(e aclEntry) string { return strconv.Itoa(e.number) }),
		"entry.port-range.from": ofEntries(func(e aclEntry) string { return e.ports.start() }),
		"entry.port-range.to":   ofEntries(func(e aclEntry) string { return e.ports.end() }),
		"entry.icmp.type":       ofEntries(func(e aclEntry) string { return e.icmp.start() }),
		"entry.icmp.code":       ofEntries(func(e aclEntry) string { return e.icmp.end() }),
		"association.subnet-id": func(a *acl) []string {
			return nonEmpty(a.bindings, func(b binding) string { return b.subnet.id })
		},
	},
	show: showACL,
}

func ofEntries(f func(aclEntry) string) func(*acl) []string {
	return func(a *acl) []string { return nonEmpty(a.entries, f) }
}

func (e aclEntry) action() string {
	if e.allow {
		return "allow"
	}
	return "deny"
}

func (e aclEntry) inFamily(six bool) string {
	if e.cidr.Addr().Is6() != six {
		return ""
	}
	return e.cidr.String()
}

// start is empty for an entry without the span, which is nil.
func (s *span) start() string {
	if s == nil {
		return ""
	}
	return strconv.Itoa(s.from)
}

// end is empty for an entry without the span, which is nil.
func (s *span) end() string {
	if s == nil {
		return ""
	}
	return strconv.Itoa(s.to)
}

func describeACLs(r *request) ([]node, error) {
	return describe(r, aclListing, sorted(r.cell.acls))
}

func showACL(a *acl) []node {
	return []node{
		leaf("networkAclId", a.id),
		leaf("vpcId", a.vpc.id),
		leaf("ownerId", a.vpc.account),
		leaf("default", a.isDefault),
		listOf("entrySet", a.entries, showEntry),
		listOf("associationSet", a.bindings, func(b binding) []node {
			return []node{leaf("networkAclAssociationId", b.id), leaf("networkAclId", a.id), leaf("subnetId", b.subnet.id)}
		}),
		a.vpc.taggedNode(a.id),
	}
}

func showEntry(e aclEntry) []node {
	field := "cidrBlock"
	if e.cidr.Addr().Is6() {
		field = "ipv6CidrBlock"
	}
	nodes := []node{
		leaf("ruleNumber", e.number),
		leaf("protocol", e.protocol),
		leaf("ruleAction", e.action()),
		leaf("egress", e.egress),
		leaf(field, e.cidr.String()),
	}
	if e.ports != nil {
		nodes = append(nodes, group("portRange", leaf("from", e.ports.from), leaf("to", e.ports.to)))
	}
	if e.icmp != nil {
		nodes = append(nodes, group("icmpTypeCode", leaf("type", e.icmp.from), leaf("code", e.icmp.to)))
	}
	return nodes
}

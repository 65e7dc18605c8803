package ec2

import (
	"net/netip"
	"slices"
	"strings"
)

// prefixList is a customer-managed prefix list. It stays in its first version, as no call here modifies it.
// https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
type prefixList struct {
	*cell
	id      string
	name    string
	six     bool
	most    int // entries, which is also what a rule with the list counts
	entries []listEntry
}

type listEntry struct {
	cidr        netip.Prefix
	description string
}

// The states in which the calls answer, and the one in which a list is afterwards.
const (
	listCreating = "create-in-progress"
	listCreated  = "create-complete"
	listDeleting = "delete-in-progress"
)

func createPrefixList(r *request) ([]node, error) {
	l, err := r.newPrefixList()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typePrefixList)
	if err != nil {
		return nil, err
	}
	l.id = r.newID(typePrefixList.prefix)
	r.cell.lists[l.id] = l
	r.cell.tag(l.id, tags)
	return []node{group("prefixList", l.show(listCreating)...)}, nil
}

func (r *request) newPrefixList() (*prefixList, error) {
	l := &prefixList{cell: r.cell}
	var err error
	if l.name, err = r.listName(); err != nil {
		return nil, err
	}
	if l.six, err = r.listFamily(); err != nil {
		return nil, err
	}
	if l.most, err = r.listSize(); err != nil {
		return nil, err
	}
	l.entries, err = r.listEntries(l)
	return l, err
}

func (r *request) listName() (string, error) {
	name, err := r.must("PrefixListName")
	if err == nil && (len(name) > 255 || strings.HasPrefix(name, "com.amazonaws")) {
		err = invalidValue("The prefix list name '%s' is invalid.", name)
	}
	return name, err
}

func (r *request) listFamily() (six bool, err error) {
	family, err := r.must("AddressFamily")
	if err == nil && family != "IPv4" && family != "IPv6" {
		err = invalidValue("Value (%s) for parameter addressFamily is invalid. Valid values: IPv4, IPv6.", family)
	}
	return family == "IPv6", err
}

// listSize holds to the quota of entries:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-quotas-managed-prefix-lists
func (r *request) listSize() (int, error) {
	const mostEntries = 1000
	if _, err := r.must("MaxEntries"); err != nil {
		return 0, err
	}
	n, err := r.int("MaxEntries", 0)
	if err == nil && (n < 1 || n > mostEntries) {
		err = invalidValue("Value (%d) for parameter maxEntries is invalid. Expecting a value between 1 and %d.", n, mostEntries)
	}
	return n, err
}

func (r *request) listEntries(l *prefixList) ([]listEntry, error) {
	var all []listEntry
	for _, fields := range r.items("Entry") {
		cidr, err := netip.ParsePrefix(fields["Cidr"])
		cidr = cidr.Masked()
		switch {
		case err != nil:
			return nil, invalidValue("CIDR block %s is malformed", fields["Cidr"])
		case cidr.Addr().Is6() != l.six:
			return nil, invalidValue("The CIDR '%s' is not of the prefix list's address family.", cidr)
		case slices.ContainsFunc(all, func(e listEntry) bool { return e.cidr == cidr }):
			return nil, invalidValue("The CIDR '%s' is in the request more than once.", cidr)
		}
		all = append(all, listEntry{cidr, fields["Description"]})
	}
	if len(all) > l.most {
		return nil, refuse("PrefixListMaxEntriesExceeded", "You've reached the maximum number of entries for the prefix list.")
	}
	return all, nil
}

func (r *request) prefixList() (*prefixList, error) {
	return find(typePrefixList, r.params, "PrefixListId", r.cell.lists)
}

// deletePrefixList refuses a list that a security group still refers to:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteManagedPrefixList.html
func deletePrefixList(r *request) ([]node, error) {
	l, err := r.prefixList()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(r.cell.rules(), func(rule *rule) bool { return rule.listID == l.id }) {
		return nil, dependency("The prefix list '%s' is in use and cannot be deleted.", l.id)
	}
	answer := []node{group("prefixList", l.show(listDeleting)...)}
	r.cell.forget(l.id)
	delete(r.cell.lists, l.id)
	return answer, nil
}

func describePrefixLists(r *request) ([]node, error) {
	l := listing[*prefixList]{
		set:          "prefixListSet",
		ids:          "PrefixListId",
		resourceType: typePrefixList,
		least:        1,
		most:         100,
		id:           func(l *prefixList) string { return l.id },
		filters: filters[*prefixList]{
			"owner-id":         one(func(l *prefixList) string { return l.account }),
			"prefix-list-id":   one(func(l *prefixList) string { return l.id }),
			"prefix-list-name": one(func(l *prefixList) string { return l.name }),
		},
		show: func(l *prefixList) []node { return l.show(listCreated) },
	}
	return describe(r, l, sorted(r.cell.lists))
}

func (l *prefixList) show(state string) []node {
	family := "IPv4"
	if l.six {
		family = "IPv6"
	}
	return []node{
		leaf("prefixListId", l.id),
		leaf("addressFamily", family),
		leaf("state", state),
		leaf("prefixListArn", l.arn(typePrefixList, l.id)),
		leaf("prefixListName", l.name),
		leaf("maxEntries", l.most),
		leaf("version", 1),
		l.taggedNode(l.id),
		leaf("ownerId", l.account),
	}
}

func getPrefixListEntries(r *request) ([]node, error) {
	l, err := r.prefixList()
	if err != nil {
		return nil, err
	}
	return describe(r, listing[listEntry]{
		set:   "entrySet",
		least: 1,
		most:  100,
		id:    func(e listEntry) string { return e.cidr.String() },
		show: func(e listEntry) []node {
			return append([]node{leaf("cidr", e.cidr.String())}, optional("description", e.description)...)
		},
	}, l.entries)
}

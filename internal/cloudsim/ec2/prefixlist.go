package ec2

import (
	"net/netip"
	"slices"
	"strings"
)

// prefixList is a prefix list, a customer's or one of AWS's.
// https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
type prefixList struct {
	*cell
	id      string
	name    string
	six     bool
	most    int // entries, which is also the weight of a rule or a route with the list
	entries []listEntry
	// versions are the earlier entries, those of version 1 first.
	versions [][]listEntry
	state    string
	message  string // of a state that isn't the wanted one
	service  string // of AWS's lists, the service that has gateway endpoints
}

type listEntry struct {
	cidr        netip.Prefix
	description string
}

// The states in which the calls answer, and the one in which a list is afterwards.
const (
	listCreating    = "create-in-progress"
	listCreated     = "create-complete"
	listModifying   = "modify-in-progress"
	listModified    = "modify-complete"
	listNotModified = "modify-failed"
	listDeleting    = "delete-in-progress"
	listRestoring   = "restore-in-progress"
	listRestored    = "restore-complete"
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
	l := &prefixList{cell: r.cell, state: listCreated}
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
	if l.entries, err = r.listEntries(l, "Entry"); err != nil {
		return nil, err
	}
	return l, l.fits(l.entries)
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
		err = invalidValue("Value (%d) for parameter maxEntries is invalid. Expecting a value between 1 and %d.",
			n, mostEntries)
	}
	return n, err
}

func (r *request) listEntries(l *prefixList, parameter string) ([]listEntry, error) {
	var all []listEntry
	for _, fields := range r.items(parameter) {
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
		if len(fields["Description"]) > 255 {
			return nil, invalidValue("The description of the entry '%s' is longer than 255 characters.", cidr)
		}
		all = append(all, listEntry{cidr, fields["Description"]})
	}
	return all, nil
}

func (l *prefixList) fits(entries []listEntry) error {
	if len(entries) > l.most {
		return refuse("PrefixListMaxEntriesExceeded", "You've reached the maximum number of entries for the prefix list.")
	}
	return nil
}

// ownList refuses AWS's lists, which no other account can change.
func (r *request) ownList() (*prefixList, error) {
	l, err := find(typePrefixList, r.params, "PrefixListId", r.cell.allLists())
	if err == nil && l.isAmazons() {
		err = notPermitted("The prefix list '%s' is managed by AWS.", l.id)
	}
	return l, err
}

// deletePrefixList refuses a list that a security group or a route table still refers to:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteManagedPrefixList.html
func deletePrefixList(r *request) ([]node, error) {
	l, err := r.ownList()
	if err != nil {
		return nil, err
	}
	if r.isReferred(l) {
		return nil, dependency("The prefix list '%s' is in use and cannot be deleted.", l.id)
	}
	answer := []node{group("prefixList", l.show(listDeleting)...)}
	r.cell.forget(l.id)
	delete(r.cell.lists, l.id)
	return answer, nil
}

func (r *request) isReferred(l *prefixList) bool {
	for _, t := range r.cell.tables {
		if t.refersTo(l) {
			return true
		}
	}
	return slices.ContainsFunc(r.cell.rules(), func(rule *rule) bool { return rule.listID == l.id })
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
			"owner-id":         one((*prefixList).owner),
			"prefix-list-id":   one(func(l *prefixList) string { return l.id }),
			"prefix-list-name": one(func(l *prefixList) string { return l.name }),
		},
		show: func(l *prefixList) []node { return l.show(l.state) },
	}
	return describe(r, l, sorted(r.cell.allLists()))
}

func (l *prefixList) show(state string) []node {
	family := "IPv4"
	if l.six {
		family = "IPv6"
	}
	nodes := []node{
		leaf("prefixListId", l.id),
		leaf("addressFamily", family),
		leaf("state", state),
		leaf("prefixListArn", l.arn(typePrefixList, l.id)),
		leaf("prefixListName", l.name),
		l.taggedNode(l.id),
		leaf("ownerId", l.owner()),
	}
	if l.isAmazons() { // whose size and version aren't shown
		return nodes
	}
	nodes = append(nodes, leaf("maxEntries", l.most), leaf("version", l.version()))
	return append(nodes, optional("stateMessage", l.message)...)
}

func getPrefixListEntries(r *request) ([]node, error) {
	l, err := find(typePrefixList, r.params, "PrefixListId", r.cell.allLists())
	if err != nil {
		return nil, err
	}
	version, err := r.int("TargetVersion", l.version())
	if err != nil {
		return nil, err
	}
	entries, err := l.at(version)
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
	}, entries)
}

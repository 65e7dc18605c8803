package ec2

import (
	"net/netip"
	"slices"
	"strconv"
)

// modifyPrefixList changes the entries, which makes a new version, or name and size, which doesn't:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyManagedPrefixList.html
func modifyPrefixList(r *request) ([]node, error) {
	l, err := r.ownList()
	if err != nil {
		return nil, err
	}
	entries := r.has("AddEntry") || r.has("RemoveEntry")
	if entries && r.has("MaxEntries") {
		return nil,
			combination("You cannot modify the entries and the maximum entries for the prefix list in the same request.")
	}
	if err := r.checkVersion(l, entries); err != nil {
		return nil, err
	}
	changed, err := r.changedList(l, entries)
	if err != nil {
		return nil, err
	}
	*l = changed
	return []node{group("prefixList", l.show(listModifying)...)}, nil
}

func (r *request) changedList(l *prefixList, entries bool) (changed prefixList, err error) {
	changed = *l
	changed.state, changed.message = listModified, ""
	if r.has("PrefixListName") {
		if changed.name, err = r.listName(); err != nil {
			return changed, err
		}
	}
	if entries {
		changed.versions = append(slices.Clip(l.versions), l.entries)
		changed.entries, err = r.changedEntries(l)
		return changed, err
	}
	if r.has("MaxEntries") {
		if changed.most, err = r.listSize(); err != nil {
			return changed, err
		}
		if changed.most < len(l.entries) {
			return changed,
				invalidValue("The maximum number of entries (%d) is less than the number of entries in the prefix list.",
					changed.most)
		}
		r.resize(l, &changed)
	}
	return changed, nil
}

// checkVersion holds the version that the caller knows against the current one. It is required to change entries.
func (r *request) checkVersion(l *prefixList, required bool) error {
	if !r.has("CurrentVersion") {
		if required {
			return missing("CurrentVersion")
		}
		return nil
	}
	if r.params["CurrentVersion"] != strconv.Itoa(l.version()) {
		return refuse("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")
	}
	return nil
}

// changedEntries removes and adds entries. AWS refuses a block in both lists: the resource aws_ec2_managed_prefix_list
// of hashicorp/terraform-provider-aws quotes the refusal, and makes two calls to change a description.
func (r *request) changedEntries(l *prefixList) ([]listEntry, error) {
	entries := slices.Clone(l.entries)
	for _, fields := range r.items("RemoveEntry") {
		i := slices.IndexFunc(entries, func(e listEntry) bool { return e.cidr.String() == fields["Cidr"] })
		if i < 0 {
			return nil, invalidValue("The prefix list does not contain the entry '%s'.", fields["Cidr"])
		}
		entries = slices.Delete(entries, i, i+1)
	}
	added, err := r.listEntries(l, "AddEntry")
	if err != nil {
		return nil, err
	}
	for _, a := range added {
		if slices.ContainsFunc(r.items("RemoveEntry"), func(e params) bool { return e["Cidr"] == a.cidr.String() }) {
			return nil, invalidValue("Request cannot contain Cidr %s in both AddPrefixListEntries and RemovePrefixListEntries",
				a.cidr)
		}
		// An entry that exists gets the new description.
		entries = slices.DeleteFunc(entries, func(e listEntry) bool { return e.cidr == a.cidr })
	}
	entries = append(entries, added...)
	return entries, l.fits(entries)
}

// resize keeps the previous size where a table or a group that refers to the list has no room for the new one: AWS
// accepts the call, and the modification fails.
func (r *request) resize(l, changed *prefixList) {
	before := l.most
	l.most = changed.most
	over := r.overQuota(l)
	l.most = before
	if over {
		changed.most, changed.state = before, listNotModified
		changed.message = "The increased size exceeds the quota of a resource that references the prefix list."
	}
}

func (r *request) overQuota(l *prefixList) bool {
	for _, t := range r.cell.tables {
		if t.refersTo(l) && t.count(l.six) > r.opts.Quotas.RoutesPerTable {
			return true
		}
	}
	for _, rule := range r.cell.rules() {
		if rule.listID == l.id && rule.group.count(rule.egress, l.six) > r.opts.Quotas.RulesPerGroup {
			return true
		}
	}
	return false
}

// at returns the entries of a version, which are kept.
func (l *prefixList) at(version int) ([]listEntry, error) {
	switch {
	case version == l.version():
		return l.entries, nil
	case version < 1 || version > l.version():
		return nil,
			invalidValue("The specified value for version is not valid. The value must be greater than (0) and at most (%d).",
				l.version())
	}
	return l.versions[version-1], nil
}

func (l *prefixList) version() int { return len(l.versions) + 1 }

// contains returns the most specific entry that has the address.
func (l *prefixList) contains(a netip.Addr) (netip.Prefix, bool) {
	var best netip.Prefix
	for _, e := range l.entries {
		if e.cidr.Contains(a) && (!best.IsValid() || e.cidr.Bits() > best.Bits()) {
			best = e.cidr
		}
	}
	return best, best.IsValid()
}

// restorePrefixList makes a new version with the entries of an earlier one:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RestoreManagedPrefixListVersion.html
func restorePrefixList(r *request) ([]node, error) {
	l, err := r.ownList()
	if err != nil {
		return nil, err
	}
	if err := r.checkVersion(l, true); err != nil {
		return nil, err
	}
	if _, err := r.must("PreviousVersion"); err != nil {
		return nil, err
	}
	version, err := r.int("PreviousVersion", 0)
	if err != nil {
		return nil, err
	}
	entries, err := l.at(version)
	if err == nil {
		err = l.fits(entries)
	}
	if err != nil {
		return nil, err
	}
	l.versions = append(slices.Clip(l.versions), l.entries)
	l.entries, l.state, l.message = entries, listRestored, ""
	return []node{group("prefixList", l.show(listRestoring)...)}, nil
}

// getPrefixListAssociations lists the route tables and the security groups that refer to the list.
func getPrefixListAssociations(r *request) ([]node, error) {
	l, err := find(typePrefixList, r.params, "PrefixListId", r.cell.allLists())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, t := range r.cell.tables {
		if t.refersTo(l) {
			ids = append(ids, t.id)
		}
	}
	for _, g := range r.cell.groups {
		if slices.ContainsFunc(g.rules, func(rule *rule) bool { return rule.listID == l.id }) {
			ids = append(ids, g.id)
		}
	}
	return describe(r, listing[string]{
		set:  "prefixListAssociationSet",
		most: 255,
		id:   func(id string) string { return id },
		show: func(id string) []node { return []node{leaf("resourceId", id), leaf("resourceOwner", r.cell.account)} },
	}, ids)
}

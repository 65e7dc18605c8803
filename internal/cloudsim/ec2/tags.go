package ec2

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

type tagSet map[string]string

const mostTags = 50 // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html

func (t tagSet) keys() []string { return slices.Sorted(maps.Keys(t)) }

func (t tagSet) node() node {
	return listOf("tagSet", t.keys(), func(k string) []node {
		return []node{leaf("key", k), leaf("value", t[k])}
	})
}

// specified returns the tags that a request wants on the resource of this type that it creates.
func (r *request) specified(k resourceType) (tagSet, error) {
	tags, err := r.specifiedFor(k)
	return tags[k.resource], err
}

// specifiedFor returns the tags by type of resource, for a request that creates several types.
func (r *request) specifiedFor(kinds ...resourceType) (map[string]tagSet, error) {
	tags := map[string]tagSet{}
	for _, k := range kinds {
		tags[k.resource] = tagSet{}
	}
	for _, spec := range r.tagSpecifications() {
		set, known := tags[spec["ResourceType"]]
		switch {
		case !known:
			return nil, invalidValue("'%s' is not a valid taggable resource type for this operation.", spec["ResourceType"])
		case len(spec.items("Tag")) == 0:
			return nil, invalidValue("Tag specification must have at least one tag")
		}
		if err := set.add(spec.items("Tag")); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// tagSpecifications are under another name in a few calls for transit gateways. A call takes only the name of its own.
func (r *request) tagSpecifications() []params {
	return append(r.items("TagSpecification"), r.items("TagSpecifications")...)
}

// add holds the tags of one request to https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html.
func (t tagSet) add(members []params) error {
	added := map[string]bool{}
	for _, m := range members {
		key := m["Key"]
		switch {
		case key == "" || utf8.RuneCountInString(key) > 127:
			return refuse("InvalidTagKey.Malformed", "Tag key '%s' must have between 1 and 127 characters", key)
		case utf8.RuneCountInString(m["Value"]) > 256:
			return invalidValue("Tag value exceeds the maximum length of 256 characters")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalidValue("Tag keys starting with 'aws:' are reserved for internal use")
		case added[key]:
			return invalidValue("Duplicate tag key '%s' specified.", key)
		}
		t[key], added[key] = m["Value"], true
	}
	if len(t) > mostTags {
		return refuse("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}

// taggedNode is the tags that a resource has in the cell of the caller.
func (c *cell) taggedNode(id string) node { return c.tags[id].node() }

func (c *cell) tag(id string, tags tagSet) {
	if len(tags) > 0 {
		c.tags[id] = tags
	}
}

func createTags(r *request) ([]node, error) {
	if len(r.items("Tag")) == 0 {
		return nil, missing("Tag")
	}
	ids, err := r.tagged()
	if err != nil {
		return nil, err
	}
	changed := map[string]tagSet{}
	for _, id := range ids {
		tags := maps.Clone(r.cell.tags[id])
		if tags == nil {
			tags = tagSet{}
		}
		if err := tags.add(r.items("Tag")); err != nil {
			return nil, err
		}
		changed[id] = tags
	}
	maps.Copy(r.cell.tags, changed)
	return done(), nil
}

// deleteTags deletes a tag that is given with a value only if it has that value, and all tags if none is given.
func deleteTags(r *request) ([]node, error) {
	ids, err := r.tagged()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r.untag(id)
	}
	return done(), nil
}

func (r *request) untag(id string) {
	members := r.items("Tag")
	if len(members) == 0 {
		delete(r.cell.tags, id)
	}
	for _, m := range members {
		value, given := m["Value"]
		if have, ok := r.cell.tags[id][m["Key"]]; ok && (!given || value == have) {
			delete(r.cell.tags[id], m["Key"])
		}
	}
}

// tagged returns the resources that the request names. The caller must see all of them.
func (r *request) tagged() ([]string, error) {
	ids := r.list("ResourceId")
	if len(ids) == 0 {
		return nil, missing("ResourceId")
	}
	for _, id := range ids {
		k, ok := typeOf(id)
		if !ok || k.check(id) != nil {
			return nil, refuse("InvalidID", "The ID '%s' is not valid", id)
		}
		if !r.sees(k, id) {
			return nil, k.missing(id)
		}
	}
	return ids, nil
}

func typeOf(id string) (resourceType, bool) {
	for _, k := range taggable {
		if strings.HasPrefix(id, k.prefix) {
			return k, true
		}
	}
	return resourceType{}, false
}

func (r *request) sees(k resourceType, id string) bool {
	if k == typeConnection {
		return slices.ContainsFunc(r.visible(), func(c *connection) bool { return c.id == id })
	}
	return held[k.prefix](r.cell, id)
}

// held are by prefix of their ids the resources that belong to one cell: whether it has the id.
var held = map[string]func(*cell, string) bool{
	typeVPC.prefix:               func(c *cell, id string) bool { return has(c.vpcs, id) },
	typeSubnet.prefix:            func(c *cell, id string) bool { return has(c.subnets, id) },
	typeGateway.prefix:           func(c *cell, id string) bool { return has(c.gateways, id) },
	typeTable.prefix:             func(c *cell, id string) bool { return has(c.tables, id) },
	typeGroup.prefix:             func(c *cell, id string) bool { return has(c.groups, id) },
	typeACL.prefix:               func(c *cell, id string) bool { return has(c.acls, id) },
	typePrefixList.prefix:        func(c *cell, id string) bool { return has(c.lists, id) },
	typeInstance.prefix:          func(c *cell, id string) bool { return has(c.instances, id) },
	typeInterface.prefix:         func(c *cell, id string) bool { return has(c.faces, id) },
	typeVolume.prefix:            func(c *cell, id string) bool { return has(c.volumes, id) },
	typeDHCP.prefix:              func(c *cell, id string) bool { return id == c.defaultDHCP().id || has(c.dhcp, id) },
	typeAddress.prefix:           func(c *cell, id string) bool { return has(c.addresses, id) },
	typeNAT.prefix:               func(c *cell, id string) bool { return has(c.nats, id) },
	typeEgressOnly.prefix:        func(c *cell, id string) bool { return has(c.egressOnly, id) },
	typeVPN.prefix:               func(c *cell, id string) bool { return has(c.vpns, id) },
	typeEndpoint.prefix:          func(c *cell, id string) bool { return has(c.endpoints, id) },
	typeTransit.prefix:           func(c *cell, id string) bool { return has(c.transits, id) },
	typeKeyPair.prefix:           func(c *cell, id string) bool { return has(c.keys, id) },
	typeReservation.prefix:       func(c *cell, id string) bool { return has(c.reservations, id) },
	typeCustomer.prefix:          func(c *cell, id string) bool { return has(c.customers, id) },
	typeVPNConnection.prefix:     func(c *cell, id string) bool { return has(c.vpnConnections, id) },
	typeTransitTable.prefix:      func(c *cell, id string) bool { return has(c.transitTables, id) },
	typeFlowLog.prefix:           func(c *cell, id string) bool { return has(c.flowLogs, id) },
	typeTransitAttachment.prefix: func(c *cell, id string) bool { return has(c.attachments, id) },
	typeRule.prefix: func(c *cell, id string) bool {
		return slices.ContainsFunc(c.rules(), func(rule *rule) bool { return rule.id == id })
	},
}

func has[T any](m map[string]T, id string) bool {
	_, ok := m[id]
	return ok
}

// taggedPair is one tag of one resource, as DescribeTags lists it.
type taggedPair struct{ id, key, value string }

func (t taggedPair) resourceType() string {
	k, _ := typeOf(t.id)
	return k.resource
}

var tagListing = listing[taggedPair]{
	set:  "tagSet",
	most: 1000,
	id:   func(t taggedPair) string { return t.id + " " + t.key },
	filters: filters[taggedPair]{
		"resource-id":   one(func(t taggedPair) string { return t.id }),
		"resource-type": one(taggedPair.resourceType),
		"key":           one(func(t taggedPair) string { return t.key }),
		"value":         one(func(t taggedPair) string { return t.value }),
	},
	show: func(t taggedPair) []node {
		return []node{leaf("resourceId", t.id), leaf("resourceType", t.resourceType()),
			leaf("key", t.key), leaf("value", t.value)}
	},
}

func describeTags(r *request) ([]node, error) {
	var all []taggedPair
	for id, tags := range r.cell.tags {
		for key, value := range tags {
			all = append(all, taggedPair{id, key, value})
		}
	}
	return describe(r, tagListing, all)
}

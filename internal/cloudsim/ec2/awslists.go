package ec2

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
)

// ownerAWS owns the prefix lists that AWS maintains.
const ownerAWS = "AWS"

// awsLists are the lists of each Region that routes and endpoints use, with their weights in quotas:
// https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
// Their blocks are some of those that AWS publishes in ip-ranges.json.
var awsLists = []struct {
	name, service string // the service of a gateway endpoint
	global        bool   // the name has no Region
	weight        int
	blocks        []string
}{
	{"s3", "s3", false, 1, []string{"52.216.0.0/15", "54.231.0.0/16", "3.5.0.0/19"}},
	{"dynamodb", "dynamodb", false, 1, []string{"52.94.0.0/22", "52.119.224.0/20"}},
	{"cloudfront.origin-facing", "", true, 55, []string{"13.113.196.64/26", "52.46.0.0/22", "120.52.22.96/27"}},
}

// amazonLists returns AWS's own prefix lists by id. They belong to no account.
func (c *cell) amazonLists() map[string]*prefixList {
	owner := &cell{accountRegion: accountRegion{"aws", c.region}, tags: map[string]tagSet{}}
	all := map[string]*prefixList{}
	for _, of := range awsLists {
		l := &prefixList{
			cell: owner, name: "com.amazonaws." + c.region + "." + of.name, service: of.service,
			most: of.weight, state: listCreated,
		}
		if of.global {
			l.name = "com.amazonaws.global." + of.name
		}
		for _, b := range of.blocks {
			l.entries = append(l.entries, listEntry{cidr: netip.MustParsePrefix(b)})
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(l.name)) // a hash takes everything
		l.id = fmt.Sprintf("%s%08x", typePrefixList.prefix, h.Sum32())
		all[l.id] = l
	}
	return all
}

// allLists returns the lists that rules and routes of the cell can refer to.
func (c *cell) allLists() map[string]*prefixList {
	all := c.amazonLists()
	maps.Copy(all, c.lists)
	return all
}

// serviceList returns AWS's list for a service that has gateway endpoints, nil for another service.
func (c *cell) serviceList(service string) *prefixList {
	for _, l := range c.amazonLists() {
		if l.service != "" && l.name == service {
			return l
		}
	}
	return nil
}

func (l *prefixList) isAmazons() bool { return l.account == "aws" }

func (l *prefixList) owner() string {
	if l.isAmazons() {
		return ownerAWS
	}
	return l.account
}

// describeServiceLists answers DescribePrefixLists, which shows the lists of services and no list of a customer.
func describeServiceLists(r *request) ([]node, error) {
	all := slices.DeleteFunc(sorted(r.cell.amazonLists()), func(l *prefixList) bool { return l.service == "" })
	return describe(r, listing[*prefixList]{
		set:          "prefixListSet",
		ids:          "PrefixListId",
		resourceType: typePrefixList,
		most:         1000,
		id:           func(l *prefixList) string { return l.id },
		filters: filters[*prefixList]{
			"prefix-list-id":   one(func(l *prefixList) string { return l.id }),
			"prefix-list-name": one(func(l *prefixList) string { return l.name }),
		},
		show: func(l *prefixList) []node {
			var blocks []netip.Prefix
			for _, e := range l.entries {
				blocks = append(blocks, e.cidr)
			}
			return []node{leaf("prefixListId", l.id), leaf("prefixListName", l.name), itemsOf("cidrSet", blocks)}
		},
	}, all)
}

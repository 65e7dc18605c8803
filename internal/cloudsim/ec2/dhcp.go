package ec2

import (
	"maps"
	"slices"
	"strings"
)

// dhcpOptions is a DHCP options set.
type dhcpOptions struct {
	*cell
	id      string
	options map[string][]string
}

// noDHCPOptions is the id that a VPC without a DHCP options set shows.
const noDHCPOptions = "default"

// dhcpKeys are the options that a set can have:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html
var dhcpKeys = []string{
	"domain-name", "domain-name-servers", "ntp-servers", "netbios-name-servers", "netbios-node-type",
	"ipv6-address-preferred-lease-time",
}

// defaultDHCP is the set of new VPCs, which is there in every account and Region.
func (c *cell) defaultDHCP() *dhcpOptions {
	domain := c.region + ".compute.internal"
	if c.region == "us-east-1" {
		domain = "ec2.internal"
	}
	return &dhcpOptions{cell: c, id: c.derivedID(typeDHCP.prefix, "default"), options: map[string][]string{
		"domain-name": {domain}, "domain-name-servers": {"AmazonProvidedDNS"},
	}}
}

func (c *cell) allDHCP() map[string]*dhcpOptions {
	all := maps.Clone(c.dhcp)
	standard := c.defaultDHCP()
	all[standard.id] = standard
	return all
}

func createDHCP(r *request) ([]node, error) {
	options := map[string][]string{}
	for _, c := range r.items("DhcpConfiguration") {
		key, values := c["Key"], c.list("Value")
		if !slices.Contains(dhcpKeys, key) || len(values) == 0 {
			return nil, invalidValue("Value (%s) for parameter name is invalid. Unknown DHCP option", key)
		}
		for _, v := range values { // the CLI has lists of addresses in one value
			options[key] = append(options[key], strings.Split(v, ",")...)
		}
	}
	if len(options) == 0 {
		return nil, missing("dhcpConfigurationSet")
	}
	for key, values := range options {
		if !fitDHCP(key, values) {
			return nil, invalidValue("Value (%s) for parameter value is invalid. Invalid DHCP option value",
				strings.Join(values, ","))
		}
	}
	tags, err := r.specified(typeDHCP)
	if err != nil {
		return nil, err
	}
	d := &dhcpOptions{cell: r.cell, id: r.newID(typeDHCP.prefix), options: options}
	r.cell.dhcp[d.id] = d
	r.cell.tag(d.id, tags)
	return []node{group("dhcpOptions", showDHCP(d)...)}, nil
}

// fitDHCP allows four servers of each kind, and a node type of RFC 2132:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html.
func fitDHCP(key string, values []string) bool {
	const mostServers = 4
	switch {
	case strings.HasSuffix(key, "-servers"):
		return len(values) <= mostServers
	case key == "netbios-node-type":
		return len(values) == 1 && oneOf(values[0], "1 2 4 8")
	}
	return true
}

func deleteDHCP(r *request) ([]node, error) {
	d, err := find(typeDHCP, r.params, "DhcpOptionsId", r.cell.allDHCP())
	if err != nil {
		return nil, err
	}
	for _, v := range r.cell.vpcs {
		if v.dhcp == d.id {
			return nil, dependency("The dhcpOptions '%s' has dependencies and cannot be deleted.", d.id)
		}
	}
	r.cell.forget(d.id)
	delete(r.cell.dhcp, d.id)
	return done(), nil
}

// associateDHCP takes the set from a VPC if the id is "default".
func associateDHCP(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	if r.params["DhcpOptionsId"] != noDHCPOptions {
		if _, err := find(typeDHCP, r.params, "DhcpOptionsId", r.cell.allDHCP()); err != nil {
			return nil, err
		}
	}
	v.dhcp = r.params["DhcpOptionsId"]
	return done(), nil
}

var dhcpListing = listing[*dhcpOptions]{
	set:          "dhcpOptionsSet",
	ids:          "DhcpOptionsId",
	resourceType: typeDHCP,
	most:         1000,
	id:           func(d *dhcpOptions) string { return d.id },
	filters: filters[*dhcpOptions]{
		"dhcp-options-id": one(func(d *dhcpOptions) string { return d.id }),
		"owner-id":        one(func(d *dhcpOptions) string { return d.account }),
		"key":             (*dhcpOptions).keys,
		"value":           func(d *dhcpOptions) []string { return slices.Concat(slices.Collect(maps.Values(d.options))...) },
	},
	show: showDHCP,
}

func describeDHCP(r *request) ([]node, error) {
	return describe(r, dhcpListing, sorted(r.cell.allDHCP()))
}

func (d *dhcpOptions) keys() []string { return slices.Sorted(maps.Keys(d.options)) }

func showDHCP(d *dhcpOptions) []node {
	return []node{
		leaf("dhcpOptionsId", d.id),
		leaf("ownerId", d.account),
		listOf("dhcpConfigurationSet", d.keys(), func(key string) []node {
			return []node{leaf("key", key), listOf("valueSet", d.options[key], func(v string) []node {
				return []node{leaf("value", v)}
			})}
		}),
		d.taggedNode(d.id),
	}
}

package ec2

import (
	"slices"
	"strings"
)

// zoneLetters are those of the Regions where the zones aren't a, b and c. An account sees a choice of a Region's zones;
// these are as many as AWS has documented.
var zoneLetters = map[string]string{
	"us-east-1":      "abcdef",
	"us-west-1":      "ac",
	"us-west-2":      "abcd",
	"ca-central-1":   "abd",
	"ap-northeast-1": "acd",
	"ap-northeast-2": "abcd",
	"cn-north-1":     "abd",
}

// zone is an Availability Zone.
type zone struct{ name, region string }

func zonesOf(region string) []zone {
	letters := zoneLetters[region]
	if letters == "" {
		letters = "abc"
	}
	var zones []zone
	for _, letter := range letters {
		zones = append(zones, zone{region + string(letter), region})
	}
	return zones
}

func (z zone) id() string { return zoneID(z.name) }

// zone reads the Availability Zone of a new subnet, by name or by id. Without either it is the Region's first.
func (r *request) zone() (string, error) {
	name, id := r.params["AvailabilityZone"], r.params["AvailabilityZoneId"]
	all := zonesOf(r.cell.region)
	switch {
	case name == "" && id == "":
		return all[0].name, nil
	case name != "" && id != "": // AWS documents it for default subnets, and no code
		return "", combination("The parameter availabilityZone cannot be used with the parameter availabilityZoneId")
	}
	for _, z := range all {
		if z.name == name || z.id() == id {
			return z.name, nil
		}
	}
	parameter, value := "availabilityZone", name
	if name == "" {
		parameter, value = "availabilityZoneId", id
	}
	names := make([]string, len(all))
	for i, z := range all {
		names[i] = z.name
		if name == "" {
			names[i] = z.id()
		}
	}
	return "",
		invalidValue("Value (%s) for parameter %s is invalid. Subnets can currently only be created in the following "+
			"availability zones: %s.",
			value, parameter, strings.Join(names, ", "))
}

// named lists things by their names, which AWS doesn't call ids.
type named[T any] struct {
	set, names string // the element with the items, and the parameter with names
	unknown    func(name string) *refusal
	name       func(T) string
	filters    filters[T]
	show       func(T) []node
}

func (l named[T]) describe(r *request, all []T) ([]node, error) {
	cs := conditions(r.params)
	if err := l.filters.check(cs); err != nil {
		return nil, err
	}
	names := r.list(l.names)
	for _, name := range names {
		if !slices.ContainsFunc(all, func(t T) bool { return l.name(t) == name }) {
			return nil, l.unknown(name)
		}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(t T) bool {
		return len(names) > 0 && !slices.Contains(names, l.name(t)) || !l.filters.accept(t, nil, cs)
	})
	return []node{listOf(l.set, all, l.show)}, nil
}

var zoneListing = named[zone]{
	set:     "availabilityZoneInfo",
	names:   "ZoneName",
	unknown: func(name string) *refusal { return invalidValue("Invalid availability zone: [%s]", name) },
	name:    func(z zone) string { return z.name },
	filters: filters[zone]{
		"zone-name":            one(func(z zone) string { return z.name }),
		"zone-id":              one(zone.id),
		"region-name":          one(func(z zone) string { return z.region }),
		"group-name":           one(zone.group),
		"network-border-group": one(func(z zone) string { return z.region }),
		"opt-in-status":        one(func(zone) string { return "opt-in-not-required" }),
		"message":              never[zone],
		"parent-zone-id":       never[zone], // as parent-zone-name: of local zones alone
		"parent-zone-name":     never[zone],
		"state":                one(func(zone) string { return "available" }),
		"zone-type":            one(func(zone) string { return "availability-zone" }),
	},
	show: func(z zone) []node {
		return []node{
			leaf("zoneName", z.name),
			leaf("zoneId", z.id()),
			leaf("zoneState", "available"),
			leaf("zoneType", "availability-zone"),
			leaf("regionName", z.region),
			leaf("groupName", z.group()),
			leaf("networkBorderGroup", z.region),
			leaf("optInStatus", "opt-in-not-required"),
			list("messageSet"),
		}
	},
}

// group is the Region's own group of zones:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html.
func (z zone) group() string { return z.region + "-zg-1" }

// describeZones has no local zones, which AllAvailabilityZones would add.
func describeZones(r *request) ([]node, error) {
	all, ids := zonesOf(r.cell.region), r.list("ZoneId")
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(z zone) bool { return z.id() == id }) {
			return nil, invalidValue("Invalid availability zone-id: [%s]", id)
		}
	}
	if len(ids) > 0 {
		all = slices.DeleteFunc(all, func(z zone) bool { return !slices.Contains(ids, z.id()) })
	}
	return zoneListing.describe(r, all)
}

// Regions that every account has, and those that it can opt in to:
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html.
var (
	standardRegions = strings.Fields(
		`ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1
		eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2`)
	optInRegions = strings.Fields(
		`af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7
		ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1`)
)

var regionListing = named[string]{
	set:     "regionInfo",
	names:   "RegionName",
	unknown: func(name string) *refusal { return invalidValue("Invalid region: [%s]", name) },
	name:    func(region string) string { return region },
	filters: filters[string]{
		"region-name":   one(func(region string) string { return region }),
		"endpoint":      one(endpointOf),
		"opt-in-status": one(optInOf),
	},
	show: func(region string) []node {
		return []node{leaf("regionName", region), leaf("regionEndpoint", endpointOf(region)),
			leaf("optInStatus", optInOf(region))}
	},
}

func endpointOf(region string) string { return "ec2." + region + ".amazonaws.com" }

func optInOf(region string) string {
	if slices.Contains(optInRegions, region) {
		return "not-opted-in"
	}
	return "opt-in-not-required"
}

// describeRegions lists the Region of the call always: it works here in every Region.
func describeRegions(r *request) ([]node, error) {
	every, err := r.bool("AllRegions")
	if err != nil {
		return nil, err
	}
	all := slices.Concat(standardRegions, []string{r.cell.region})
	if every {
		all = slices.Concat(all, optInRegions)
	}
	slices.Sort(all)
	return regionListing.describe(r, slices.Compact(all))
}

// accountAttribute is an attribute of an account with its values.
type accountAttribute struct {
	name   string
	values []string
}

// describeAccount shows an account in the VPC platform, with EC2's first quotas.
func describeAccount(r *request) ([]node, error) {
	standard := "none"
	if v := r.cell.defaultVPC(); v != nil {
		standard = v.id
	}
	listing := named[accountAttribute]{
		set:   "accountAttributeSet",
		names: "AttributeName",
		unknown: func(name string) *refusal {
			return invalidValue("Value (%s) for parameter attribute is invalid. Unknown attribute.", name)
		},
		name: func(a accountAttribute) string { return a.name },
		show: func(a accountAttribute) []node {
			return []node{
				leaf("attributeName", a.name),
				listOf("attributeValueSet", a.values, func(v string) []node { return []node{leaf("attributeValue", v)} }),
			}
		},
	}
	return listing.describe(r, []accountAttribute{
		{"supported-platforms", []string{"VPC"}},
		{"default-vpc", []string{standard}},
		{"max-instances", []string{"20"}},
		{"max-elastic-ips", []string{"5"}},
		{"vpc-max-elastic-ips", []string{"5"}},
		{"vpc-max-security-groups-per-interface", []string{"5"}},
	})
}

// defaultVPC returns nil if the account has deleted it.
func (c *cell) defaultVPC() *vpc {
	for _, v := range c.vpcs {
		if v.isDefault {
			return v
		}
	}
	return nil
}

package ec2

import (
	"maps"
	"net/netip"
	"strconv"
)

// and returns the filters with further ones.
func (f filters[T]) and(further filters[T]) filters[T] {
	all := maps.Clone(f)
	maps.Copy(all, further)
	return all
}

// optionFilters are those of an instance's options and of the fields of its primary interface:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html.
var optionFilters = filters[*instance]{
	"architecture":             one(func(i *instance) string { return imageOf(i.image, i.region).architecture }),
	"availability-zone":        one(func(i *instance) string { return i.subnet.zone }),
	"availability-zone-id":     one(func(i *instance) string { return zoneID(i.subnet.zone) }),
	"ebs-optimized":            one(flag(func(i *instance) bool { return i.options.ebsOptimized })),
	"hypervisor":               one(func(*instance) string { return "xen" }),
	"iam-instance-profile.arn": one(func(i *instance) string { return i.options.profile }),
	"image-id":                 one(func(i *instance) string { return i.image }),
	"instance-lifecycle":       never[*instance],
	"instance-state-code":      one((*instance).stateCode),
	"instance-type":            one(func(i *instance) string { return i.size }),
	"key-name":                 one(func(i *instance) string { return i.options.key }),
	"launch-time":              one(func(i *instance) string { return timestamp(i.options.since) }),
	"monitoring-state":         one(func(i *instance) string { return enabledText(i.options.monitored) }),
	"platform":                 never[*instance], // only of Windows
	"launch-index":             one(func(i *instance) string { return strconv.Itoa(i.index) }),
	"reservation-id":           one(func(i *instance) string { return i.reservation }),
	"root-device-type":         one(func(*instance) string { return "ebs" }),
	"placement-group-name":     never[*instance],
	"product-code":             never[*instance],
	"reason":                   (*instance).stopReason,
	"requester-id":             never[*instance],
	"spot-instance-request-id": never[*instance],
	"state-reason-code":        (*instance).stopCode,
	"usage-operation":          one(func(*instance) string { return "RunInstances" }),
	"tenancy":                  one(func(i *instance) string { return i.options.tenancy }),
	"virtualization-type":      one(func(*instance) string { return "hvm" }),

	"block-device-mapping.volume-id": func(i *instance) []string {
		return nonEmpty(i.options.volumes, func(v *volume) string { return v.id })
	},
	"metadata-options.http-tokens":   one(func(i *instance) string { return i.options.metadata.tokens }),
	"metadata-options.http-endpoint": one(func(i *instance) string { return i.options.metadata.endpoint }),
	"metadata-options.http-put-response-hop-limit": one(func(i *instance) string {
		return strconv.Itoa(i.options.metadata.hops)
	}),
	"private-dns-name-options.hostname-type": one(func(i *instance) string { return i.options.names.kind }),

	"dns-name":            ofPublic((*instance).publicName),
	"instance.group-name": ofPrimary(groupNames),
	"ip-address":          ofPublic(func(i *instance) string { return i.public().String() }),
	"ipv6-address":        ofPrimary(func(f *face) []string { return nonEmpty(f.ipv6, netip.Addr.String) }),
	"private-dns-name":    ofPrimary(func(f *face) []string { return nonEmpty([]*face{f}, (*face).privateName) }),
	"source-dest-check":   ofPrimary(func(f *face) []string { return []string{strconv.FormatBool(!f.unchecked)} }),
}

// faceFilters are those of the interfaces of an instance, which DescribeNetworkInterfaces has without the prefix.
func faceFilters() filters[*instance] {
	all := filters[*instance]{}
	for name, of := range interfaceListing.filters {
		all["network-interface."+name] = ofFaces(of)
	}
	return all
}

func groupNames(f *face) []string {
	return nonEmpty(f.groups, func(g *securityGroup) string { return g.name })
}

// ofPublic is a filter on a property of an instance with a public address.
func ofPublic(f func(*instance) string) func(*instance) []string {
	return func(i *instance) []string {
		if len(i.faces) == 0 || !i.public().IsValid() {
			return nil
		}
		return nonEmpty([]*instance{i}, f)
	}
}

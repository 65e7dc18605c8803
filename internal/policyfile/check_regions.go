package policyfile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// checkRegions reports Regions of no partition, and warns of those that a partition doesn't have yet, each where
// the file names it first.
func (c checker) checkRegions(d *document) {
	var regions []scalar[peering.Region]
	for _, row := range d.Departments.rows {
		for _, m := range row.value.items {
			regions = append(regions, m.Region)
		}
	}
	for _, r := range d.Retired.items {
		regions = append(regions, r.Region)
	}
	slices.SortFunc(regions, func(a, b scalar[peering.Region]) int {
		return cmp.Or(cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	checked := map[peering.Region]bool{}
	for _, r := range regions {
		if r.ok && !checked[r.value] {
			checked[r.value] = true
			c.checkRegion(r)
		}
	}
}

func (c checker) checkRegion(r scalar[peering.Region]) {
	p, found := peering.PartitionOf(r.value)
	switch {
	case !found:
		c.add(r.at, fmt.Sprintf("region: %q is in no partition of AWS", r.text),
			cmp.Or(suggest.Question(r.text, texts(peering.Regions())), "write it like us-east-1, eu-west-1 or us-gov-west-1"))
	case !slices.Contains(p.Regions, r.value):
		c.warn(UnknownRegion, r.at, fmt.Sprintf("region: %q is not among the known Regions of the partition %s",
			r.text, p.Name),
			cmp.Or(suggest.Question(r.text, texts(p.Regions)), "check its name; AWS may have added it since"))
	}
}

// checkPartitions reports a peering between VPCs of two partitions, which AWS never connects. A Region of no
// partition has been reported.
func (c checker) checkPartitions(e entry) {
	for _, a := range c.members[e.Between.names[0].text].items {
		for _, b := range c.members[e.Between.names[1].text].items {
			own, hasOwn := peering.PartitionOf(a.Region.value)
			other, hasOther := peering.PartitionOf(b.Region.value)
			if hasOwn && hasOther && own.Name != other.Name {
				peer := e.Between.names[1].text
				if e.Between.isMesh() {
					peer = "another"
				}
				c.add(e.Between.at, fmt.Sprintf("%s has a VPC in %s (%s), and %s in %s (%s)",
					e.Between.names[0].text, a.Region.text, own.Name, peer, b.Region.text, other.Name),
					"AWS connects no VPCs of two partitions: give each partition departments of its own")
				return
			}
		}
	}
}

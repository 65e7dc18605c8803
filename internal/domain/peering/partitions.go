package peering

import (
	"slices"
	"strings"
)

// Partition is a part of AWS with its own accounts and Regions. Nothing is connected, forwarded or permitted
// between partitions.
type Partition struct {
	Name     string // as in ARNs: "aws"
	Regions  []Region
	prefixes []string // of Regions, each followed by one word and a number
}

// PartitionOf returns the partition of the Region, by the form of its name: also of a Region that the table doesn't
// have yet.
func PartitionOf(r Region) (p Partition, found bool) {
	for _, p := range partitions {
		if slices.ContainsFunc(p.prefixes, func(prefix string) bool { return isNamed(r, prefix) }) {
			return p, true
		}
	}
	return Partition{}, false
}

func isNamed(r Region, prefix string) bool {
	rest, found := strings.CutPrefix(string(r), prefix)
	return found && r.IsValid() && strings.Count(rest, "-") == 1
}

// Regions returns the Regions of all partitions.
func Regions() []Region {
	var all []Region
	for _, p := range partitions {
		all = append(all, p.Regions...)
	}
	return all
}

package peering

import (
	"slices"
	"strings"
)

// Partition is a part of AWS with its own accounts and Regions. Nothing is connected, forwarded or permitted between partitions.
type Partition struct {
	Name     string // as in ARNs: "aws"
	Regions  []Region
	prefixes []string // of Regions, each followed by one word and a number
}

// partitions are those of botocore 1.44.8 of November 2026, data/partitions.json, without the pseudo Regions such as
// aws-global. The prefixes are its regular expressions.
var partitions = []Partition{
	{"aws", []Region{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
		"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1", "us-east-1",
		"us-east-2", "us-west-1", "us-west-2",
	}, []string{"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"}},
	{"aws-cn", []Region{"cn-north-1", "cn-northwest-1"}, []string{"cn-"}},
	{"aws-eusc", []Region{"eusc-de-east-1"}, []string{"eusc-de-"}},
	{"aws-iso", []Region{"us-iso-east-1", "us-iso-west-1"}, []string{"us-iso-"}},
	{"aws-iso-b", []Region{"us-isob-east-1", "us-isob-west-1"}, []string{"us-isob-"}},
	{"aws-iso-e", []Region{"eu-isoe-west-1"}, []string{"eu-isoe-"}},
	{"aws-iso-f", []Region{"us-isof-east-1", "us-isof-south-1"}, []string{"us-isof-"}},
	{"aws-us-gov", []Region{"us-gov-east-1", "us-gov-west-1"}, []string{"us-gov-"}},
}

// PartitionOf returns the partition of the Region, by the form of its name: also of a Region that the table doesn't have yet.
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

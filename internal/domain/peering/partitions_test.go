package peering_test

import (
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestPartitionOf(t *testing.T) {
	t.Parallel()
	tests := map[peering.Region]string{
		"us-east-1": "aws", "mx-central-1": "aws", "us-moon-1": "aws", "cn-north-1": "aws-cn", "cn-moon-12": "aws-cn",
		"us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-moon-1": "aws-iso-b",
		"eu-isoe-west-1":  "aws-iso-e",
		"us-isof-south-1": "aws-iso-f", "eusc-de-east-1": "aws-eusc",
		"xx-east-1": "", "us-navy-east-1": "", "eusc-fr-east-1": "", "eusc-east-1": "", "us-east": "", "us-1": "", "": "",
		"usa-east-1": "",
	}
	for region, want := range tests {
		if p, found := peering.PartitionOf(region); p.Name != want || found != (want != "") {
			t.Errorf("PartitionOf(%s) = %q, %t, want %q", region, p.Name, found, want)
		}
	}
}

func TestEveryRegionIsInItsPartition(t *testing.T) {
	t.Parallel()
	all := peering.Regions()
	if len(all) < 40 {
		t.Errorf("there are %d Regions, want at least 40", len(all))
	}
	for i, r := range all {
		p, _ := peering.PartitionOf(r)
		if !slices.Contains(p.Regions, r) || slices.Contains(all[:i], r) {
			t.Errorf("%s is in %q, whose Regions are %v", r, p.Name, p.Regions)
		}
	}
}

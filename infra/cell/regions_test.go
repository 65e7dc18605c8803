package cell_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	simec2 "github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// acrossRegions has requesters of another Region than the accepter: a VPC by its id, and a range.
const acrossRegions = `
version: 1
departments:
  named:
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }
  ranged:
    - { account: "333333333333", region: us-east-1, within: 10.64.0.0/12 }
  finance:
    - { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000003 }
peerings:
  - between: [named, finance]
  - between: [ranged, finance]
`

// TestAcceptanceAcrossRegions accepts with the role's own credentials while EC2 fills the requester's Region, or that
// of the call, into ec2:RequesterVpc. The policy, by which the function decides, refuses every attack in both cases.
func TestAcceptanceAcrossRegions(t *testing.T) {
	const ownRegion, callRegion = false, true
	in := func(account, region string) peering.Cell {
		return peering.Cell{Account: peering.AccountID(account), Region: peering.Region(region)}
	}
	tests := []struct {
		name    string
		from    peering.Cell
		vpc     string
		listed  bool
		refused map[bool]bool // by the key's Region: ownRegion or callRegion
	}{
		{"a VPC that is named", in("111111111111", "us-east-1"), "vpc-00000000000000001", true, nil},
		{"another VPC of its account, in a third Region", in("111111111111", "ap-south-1"), "vpc-0000000000000000f", false,
			map[bool]bool{ownRegion: true, callRegion: true}},
		{"another VPC of its account, in the accepter's Region", in("111111111111", "eu-west-1"), "vpc-0000000000000000f",
			false, map[bool]bool{ownRegion: true, callRegion: true}},
		{"a VPC in a range", in("333333333333", "us-east-1"), "vpc-0000000000000000f", true, nil},
		// In the Region of the call IAM sees the same ARN as of a VPC that is listed.
		{"a VPC of the range's account, in a third Region", in("333333333333", "ap-south-1"), "vpc-0000000000000000f", false,
			map[bool]bool{ownRegion: true}},
		{"a VPC of the range's account, in the accepter's Region", in("333333333333", "eu-west-1"),
			"vpc-0000000000000000f", false, nil},
		{"a VPC with that block in another account", in("444444444444", "us-east-1"), "vpc-0000000000000000f", false,
			map[bool]bool{ownRegion: true, callRegion: true}},
	}
	for _, tt := range tests {
		for _, filled := range []bool{ownRegion, callRegion} {
			t.Run(fmt.Sprintf("%s, with the call's Region: %v", tt.name, filled), func(t *testing.T) {
				cloud, id := requestFrom(t, tt.from, tt.vpc, filled)
				check(t, acceptance(id)(t.Context(), stolen(t, cloud, acrossRegions, "accept")), tt.refused[filled])
				requester := vpc(tt.from, tt.vpc)
				requester.Blocks = []netip.Prefix{netip.MustParsePrefix("10.64.0.0/16")}
				d := parse(t, acrossRegions).Decide(peering.Connection{
					State: peering.PendingAcceptance, Requester: requester, Accepter: vpc(finance, "vpc-00000000000000003"),
				})
				if listed := d.Verdict == policy.Accept; listed != tt.listed {
					t.Errorf("the policy accepts it: %v, want %v", listed, tt.listed)
				}
			})
		}
	}
}

// requestFrom returns a cloud in which a VPC with that id has asked finance's.
func requestFrom(t *testing.T, from peering.Cell, vpc string,
	callRegionInKeys bool) (*cloudsim.Cloud, peering.ConnectionID) {
	t.Helper()
	ids := &local.IDs{}
	ids.Want(vpc, "vpc-00000000000000003")
	cloud := cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
		return simec2.New(simec2.Options{
			Trail: trail, NewID: ids.New, Switches: simec2.Switches{CallRegionInVPCKeys: callRegionInKeys},
		})
	}})
	t.Cleanup(cloud.Close)
	asker, owner := lab.NewPerson(t.Context(), from, local.EC2(cloud, from)),
		lab.NewPerson(t.Context(), finance, local.EC2(cloud, finance))
	own, asked := asker.VPC("asker", "10.64.0.0/16"), owner.VPC("finance", "10.3.0.0/16")
	id := asker.Request(own, finance, asked, "")
	if asker.Err() != nil || owner.Err() != nil {
		t.Fatal(asker.Err(), owner.Err())
	}
	return cloud, id
}

// TestRegionsOfARequester states the values of the condition: any Region for a VPC, two Regions for a range, one where
// they are the same.
func TestRegionsOfARequester(t *testing.T) {
	for text, want := range map[string][]string{
		acrossRegions: {
			"arn:aws:ec2:*:111111111111:vpc/vpc-00000000000000001",
			"arn:aws:ec2:eu-west-1:333333333333:vpc/*", "arn:aws:ec2:us-east-1:333333333333:vpc/*",
		},
		company: {
			"arn:aws:ec2:*:111111111111:vpc/vpc-00000000000000001", "arn:aws:ec2:*:111111111111:vpc/vpc-00000000000000002",
			"arn:aws:ec2:*:444444444444:vpc/vpc-00000000000000007", "arn:aws:ec2:eu-west-1:333333333333:vpc/*",
		},
	} {
		var got []string
		for _, g := range roleOf(t, stack(t, text, finance), "accept") {
			got = append(got, g.Condition["ArnLike"]["ec2:RequesterVpc"]...)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("requesters are %q, want %q", got, want)
		}
	}
}

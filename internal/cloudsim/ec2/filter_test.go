package ec2_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func TestWildcards(t *testing.T) {
	t.Parallel()
	c := one(t)
	named := func(name string) {
		t.Helper()
		must[*ec2.CreateTagsOutput](t)(c.CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{c.vpc("10.10.0.0/16")}, Tags: []types.Tag{{Key: aws.String("Name"), Value: &name}},
		}))
	}
	for _, name := range []string{"prod", "prods", "production", "", `*prod?\`, "öre"} {
		named(name)
	}
	c.vpc("10.10.0.0/16") // without a name
	tests := []struct {
		name, value string
		want        int
	}{
		{"a star is any characters", "prod*", 3},
		{"also none, and in the middle", "p*d", 1},
		{"several stars", "*ro*i*", 1},
		{"a star alone matches every value of the tag", "*", 6},
		{"a question mark is one character or none", "prod?", 2},
		{"two are up to two", "prod??", 2},
		{"of any alphabet", "?re", 1},
		{"a question mark does not need one", "?prod", 1},
		{"an escaped star is a star", `\*prod*`, 1},
		{"all of them escaped", `\*prod\?\\`, 1},
		{"nothing is empty", "", 1},
		{"a part does not match", "pro", 0},
		{"case counts", "PROD*", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{
				Filters: []types.Filter{filter("tag:Name", tt.value)},
			}))
			if len(out.Vpcs) != tt.want {
				t.Errorf("%s finds %d, want %d", tt.value, len(out.Vpcs), tt.want)
			}
		})
	}
}

func TestTooManyFilters(t *testing.T) {
	t.Parallel()
	c := one(t)
	values := func(n int) types.Filter {
		f := filter("vpc-id")
		for i := range n {
			f.Values = append(f.Values, fmt.Sprintf("vpc-%017x", i))
		}
		return f
	}
	filters := func(n int) []types.Filter {
		var all []types.Filter
		for range n {
			all = append(all, values(1))
		}
		return all
	}
	tests := []struct {
		name    string
		filters []types.Filter
		want    string
	}{
		{"200 values", []types.Filter{values(200)}, "no error"},
		{"201 values", []types.Filter{values(201)}, "FilterLimitExceeded"},
		{"50 filters", filters(50), "no error"},
		{"51 filters", filters(51), "FilterLimitExceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{Filters: tt.filters})
			refused(t, err, tt.want)
		})
	}
}

func TestWildcardsInFiltersOfRules(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	for value, port := range map[string]int32{"pcx-1": 443, "pcx-2": 80, "vpce-1": 22} {
		must[*ec2.AuthorizeSecurityGroupIngressOutput](t)(c.AuthorizeSecurityGroupIngress(t.Context(),
			&ec2.AuthorizeSecurityGroupIngressInput{
				GroupId: &group, IpPermissions: []types.IpPermission{tcp(port, "10.1.0.0/16")},
				TagSpecifications: []types.TagSpecification{{
					ResourceType: types.ResourceTypeSecurityGroupRule,
					Tags:         []types.Tag{{Key: aws.String("autopeer:connection"), Value: &value}},
				}},
			}))
	}
	for value, want := range map[string]int{"pcx-*": 2, "pcx-1": 1, "*-1": 2, "*": 3, "pcx": 0} {
		out := must[*ec2.DescribeSecurityGroupRulesOutput](t)(c.DescribeSecurityGroupRules(t.Context(),
			&ec2.DescribeSecurityGroupRulesInput{
				Filters: []types.Filter{filter("tag:autopeer:connection", value)},
			}))
		if n := len(out.SecurityGroupRules); n != want {
			t.Errorf("%s finds %d rules, want %d", value, n, want)
		}
	}
}

func TestWildcardsInFiltersOfRoutes(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	main, own := p.asking.mainTable(p.requester), p.asking.table(p.requester)
	refused(t, p.asking.route(main, "172.31.0.0/16", p.id), "no error") // a blackhole while the request is pending
	refused(t, p.asking.route(own, "172.31.0.0/16", p.id), "no error")
	p.asking.table(p.requester)
	tests := []struct {
		filters []types.Filter
		want    int
	}{
		{[]types.Filter{filter("route.vpc-peering-connection-id", "pcx-*")}, 2},
		{[]types.Filter{filter("route.vpc-peering-connection-id", "pcx-1*", p.id)}, 2},
		{[]types.Filter{filter("route.vpc-peering-connection-id", "pcx-"), filter("route.state", "*")}, 0},
		{[]types.Filter{filter("route.state", "black*")}, 2},
		{[]types.Filter{filter("route.state", "act???")}, 4},
		{[]types.Filter{filter("route.state", "blackhole"), filter("association.main", "true")}, 1},
	}
	for _, tt := range tests {
		out := must[*ec2.DescribeRouteTablesOutput](t)(p.asking.DescribeRouteTables(t.Context(),
			&ec2.DescribeRouteTablesInput{Filters: tt.filters}))
		if n := len(out.RouteTables); n != tt.want {
			t.Errorf("%s finds %d tables, want %d", *tt.filters[0].Name, n, tt.want)
		}
	}
}

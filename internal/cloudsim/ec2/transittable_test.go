package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// defaultTable returns the id of the default route table of a transit gateway.
func (c client) defaultTable(gateway string) string {
	c.t.Helper()
	in := ec2.DescribeTransitGatewaysInput{TransitGatewayIds: []string{gateway}}
	out := must[*ec2.DescribeTransitGatewaysOutput](c.t)(c.DescribeTransitGateways(c.t.Context(), &in))
	return *out.TransitGateways[0].Options.AssociationDefaultRouteTableId
}

func (c client) searchRoutes(table string, filters ...types.Filter) ([]string, error) {
	out, err := c.SearchTransitGatewayRoutes(c.t.Context(), &ec2.SearchTransitGatewayRoutesInput{
		TransitGatewayRouteTableId: &table, Filters: filters,
	})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range out.Routes {
		all = append(all, *r.DestinationCidrBlock+" "+*r.TransitGatewayAttachments[0].ResourceId)
	}
	return all, nil
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SearchTransitGatewayRoutes.html
func TestAttachmentsPropagateTheirVPCsBlocks(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, other := c.transit(), c.transit()
	big, small := c.vpc("10.0.0.0/16"), c.vpc("10.0.0.0/24")
	attachment := c.transitAttachment(gateway, big, c.subnet(big, "10.0.1.0/24"))
	c.transitAttachment(gateway, small, c.subnet(small, "10.0.0.0/28"))
	table := c.defaultTable(gateway)
	wide, narrow := "10.0.0.0/16 "+big, "10.0.0.0/24 "+small
	for _, tt := range []struct {
		filter types.Filter
		want   []string
	}{
		{filter("type", "propagated"), []string{wide, narrow}},
		{filter("type", "static"), nil},
		{filter("state", "active"), []string{wide, narrow}},
		{filter("attachment.transit-gateway-attachment-id", attachment), []string{wide}},
		{filter("attachment.resource-id", small), []string{narrow}},
		{filter("attachment.resource-type", "vpn"), nil},
		{filter("route-search.exact-match", "10.0.0.0/24"), []string{narrow}},
		{filter("route-search.longest-prefix-match", "10.0.0.1/32"), []string{narrow}},
		{filter("route-search.longest-prefix-match", "10.0.9.1/32"), []string{wide}},
		{filter("route-search.longest-prefix-match", "10.0.0.0/20"), []string{wide}},
		{filter("route-search.longest-prefix-match", "10.1.0.1/32"), nil},
		{filter("route-search.subnet-of-match", "10.0.0.0/20"), []string{narrow}},
		{filter("route-search.supernet-of-match", "10.0.0.0/20"), []string{wide}},
	} {
		got := must[[]string](t)(c.searchRoutes(table, tt.filter, filter("type", "*")))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s %v finds %v, want %v", *tt.filter.Name, tt.filter.Values, got, tt.want)
		}
	}
	if got := must[[]string](t)(c.searchRoutes(c.defaultTable(other), filter("type", "*"))); len(got) != 0 {
		t.Errorf("the other gateway has %v", got)
	}
	_, err := c.searchRoutes(table, filter("route-search.exact-match", "10.0"))
	refused(t, err, "InvalidParameterValue")
	_, err = c.searchRoutes(table, filter("route-search.nearest", "10.0.0.0/8"))
	refused(t, err, "InvalidParameterValue")
	_, err = c.searchRoutes("tgw-rtb-0123456789abcdef0", filter("type", "*"))
	refused(t, err, "InvalidRouteTableID.NotFound")
	_, err = c.searchRoutes(table, []types.Filter{}...)
	refused(t, err, "MissingParameter")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTransitGatewayRouteTables.html
func TestRouteTablesOfTransitGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway := c.transit()
	c.transit()
	table := c.defaultTable(gateway)
	must[*ec2.CreateTagsOutput](t)(c.CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{table}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	}))
	for _, f := range []types.Filter{
		filter("transit-gateway-route-table-id", table), filter("transit-gateway-id", gateway), filter("tag:k", "v"),
	} {
		in := ec2.DescribeTransitGatewayRouteTablesInput{Filters: []types.Filter{
			f, filter("state", "available"), filter("default-association-route-table", "true"),
			filter("default-propagation-route-table", "true"),
		}}
		out := must[*ec2.DescribeTransitGatewayRouteTablesOutput](t)(c.DescribeTransitGatewayRouteTables(t.Context(), &in))
		got := out.TransitGatewayRouteTables
		if len(got) != 1 || *got[0].TransitGatewayRouteTableId != table || len(got[0].Tags) != 1 {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	_, err := c.DescribeTransitGatewayRouteTables(t.Context(), &ec2.DescribeTransitGatewayRouteTablesInput{
		TransitGatewayRouteTableIds: []string{"tgw-rtb-0123456789abcdef0"},
	})
	refused(t, err, "InvalidRouteTableID.NotFound")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTransitGatewayAttachments.html
func TestAttachmentsOfTransitGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, vpc, other := c.transit(), c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16")
	table := c.defaultTable(gateway)
	id := c.transitAttachment(gateway, vpc, c.subnet(vpc, "10.0.1.0/24"))
	c.transitAttachment(c.transit(), other, c.subnet(other, "10.1.1.0/24"))
	for _, f := range []types.Filter{
		filter("transit-gateway-attachment-id", id), filter("transit-gateway-id", gateway), filter("resource-id", vpc),
		filter("association.transit-gateway-route-table-id", table),
	} {
		in := ec2.DescribeTransitGatewayAttachmentsInput{Filters: []types.Filter{
			f, filter("resource-type", "vpc"), filter("resource-owner-id", marketing), filter("state", "available"),
			filter("transit-gateway-owner-id", marketing), filter("association.state", "associated"), filter("tag:Name", "a"),
		}}
		out := must[*ec2.DescribeTransitGatewayAttachmentsOutput](t)(c.DescribeTransitGatewayAttachments(t.Context(), &in))
		got := out.TransitGatewayAttachments
		if len(got) != 1 || *got[0].ResourceId != vpc || *got[0].Association.TransitGatewayRouteTableId != table {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	_, err := c.DescribeTransitGatewayAttachments(t.Context(), &ec2.DescribeTransitGatewayAttachmentsInput{
		TransitGatewayAttachmentIds: []string{"tgw-attach-0123456789abcdef0"},
	})
	refused(t, err, "InvalidTransitGatewayAttachmentID.NotFound")
}

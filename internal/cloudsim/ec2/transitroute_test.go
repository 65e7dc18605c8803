package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (c client) transitTable(gateway string) string {
	c.t.Helper()
	in := ec2.CreateTransitGatewayRouteTableInput{
		TransitGatewayId: &gateway, TagSpecifications: tagged(types.ResourceTypeTransitGatewayRouteTable),
	}
	out := must[*ec2.CreateTransitGatewayRouteTableOutput](c.t)(c.CreateTransitGatewayRouteTable(c.t.Context(), &in))
	return *out.TransitGatewayRouteTable.TransitGatewayRouteTableId
}

func (c client) deleteTransitTable(table string) error {
	in := ec2.DeleteTransitGatewayRouteTableInput{TransitGatewayRouteTableId: &table}
	_, err := c.DeleteTransitGatewayRouteTable(c.t.Context(), &in)
	return err
}

// addTransitRoute adds a blackhole if the attachment is empty.
func (c client) addTransitRoute(table, block, attachment string) error {
	in := ec2.CreateTransitGatewayRouteInput{TransitGatewayRouteTableId: &table, DestinationCidrBlock: &block}
	if attachment == "" {
		in.Blackhole, in.TransitGatewayAttachmentId = aws.Bool(true), aws.String("") // as Terraform sends it
	} else {
		in.TransitGatewayAttachmentId = &attachment
	}
	_, err := c.CreateTransitGatewayRoute(c.t.Context(), &in)
	return err
}

func (c client) dropTransitRoute(table, block string) error {
	in := ec2.DeleteTransitGatewayRouteInput{TransitGatewayRouteTableId: &table, DestinationCidrBlock: &block}
	_, err := c.DeleteTransitGatewayRoute(c.t.Context(), &in)
	return err
}

// transitRoutes returns the destinations with the types and states.
func (c client) transitRoutes(table string) []string {
	c.t.Helper()
	in := ec2.SearchTransitGatewayRoutesInput{
		TransitGatewayRouteTableId: &table, Filters: []types.Filter{filter("type", "*")},
	}
	out := must[*ec2.SearchTransitGatewayRoutesOutput](c.t)(c.SearchTransitGatewayRoutes(c.t.Context(), &in))
	var all []string
	for _, r := range out.Routes {
		all = append(all, *r.DestinationCidrBlock+" "+string(r.Type)+" "+string(r.State))
	}
	return all
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTransitGatewayRoute.html
func TestStaticRoutesOfTransitGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, vpc, other := c.transit(), c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16")
	table := c.defaultTable(gateway)
	id := c.transitAttachment(gateway, vpc, c.subnet(vpc, "10.0.1.0/24"))
	elsewhere := c.transitAttachment(c.transit(), other, c.subnet(other, "10.1.1.0/24"))
	for block, to := range map[string]string{"0.0.0.0/0": id, "10.0.0.0/16": id, "192.0.2.0/24": ""} {
		if err := c.addTransitRoute(table, block, to); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, c.addTransitRoute(table, "0.0.0.0/0", id), "RouteAlreadyExists")
	refused(t, c.addTransitRoute(table, "10.9.0.0/16", elsewhere), "InvalidTransitGatewayAttachmentID.NotFound")
	refused(t, c.addTransitRoute(table, "10.9", id), "InvalidParameterValue")
	want := []string{"0.0.0.0/0 static active", "10.0.0.0/16 static active", "192.0.2.0/24 static blackhole"}
	if got := c.transitRoutes(table); !slices.Equal(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
	replace := ec2.ReplaceTransitGatewayRouteInput{
		TransitGatewayRouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0"), Blackhole: aws.Bool(true),
	}
	must[*ec2.ReplaceTransitGatewayRouteOutput](t)(c.ReplaceTransitGatewayRoute(t.Context(), &replace))
	replace.TransitGatewayAttachmentId = &id
	_, err := c.ReplaceTransitGatewayRoute(t.Context(), &replace)
	refused(t, err, "InvalidParameterCombination")
	if err := c.dropTransitRoute(table, "10.0.0.0/16"); err != nil {
		t.Fatal(err)
	}
	refused(t, c.dropTransitRoute(table, "10.0.0.0/16"), "InvalidRoute.NotFound")
	want = []string{"0.0.0.0/0 static blackhole", "10.0.0.0/16 propagated active", "192.0.2.0/24 static blackhole"}
	if got := c.transitRoutes(table); !slices.Equal(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
}

// TestOwnRouteTablesOfTransitGateways moves an attachment from the default route table to an own one.
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html
func TestOwnRouteTablesOfTransitGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, vpc := c.transit(), c.vpc("10.0.0.0/16")
	id := c.transitAttachment(gateway, vpc, c.subnet(vpc, "10.0.1.0/24"))
	table, own := c.defaultTable(gateway), c.transitTable(gateway)
	refused(t, c.deleteTransitTable(table), "IncorrectState")
	do := func(want string, err error) {
		t.Helper()
		if want != "" {
			refused(t, err, want)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	associate := func(table string) error {
		in := ec2.AssociateTransitGatewayRouteTableInput{TransitGatewayRouteTableId: &table, TransitGatewayAttachmentId: &id}
		_, err := c.AssociateTransitGatewayRouteTable(t.Context(), &in)
		return err
	}
	disassociate := func(table string) error {
		in := ec2.DisassociateTransitGatewayRouteTableInput{
			TransitGatewayRouteTableId: &table, TransitGatewayAttachmentId: &id,
		}
		_, err := c.DisassociateTransitGatewayRouteTable(t.Context(), &in)
		return err
	}
	propagate := func(table string) error {
		in := ec2.EnableTransitGatewayRouteTablePropagationInput{
			TransitGatewayRouteTableId: &table, TransitGatewayAttachmentId: &id,
		}
		_, err := c.EnableTransitGatewayRouteTablePropagation(t.Context(), &in)
		return err
	}
	stop := func(table string) error {
		in := ec2.DisableTransitGatewayRouteTablePropagationInput{
			TransitGatewayRouteTableId: &table, TransitGatewayAttachmentId: &id,
		}
		_, err := c.DisableTransitGatewayRouteTablePropagation(t.Context(), &in)
		return err
	}
	do("Resource.AlreadyAssociated", associate(own))
	do("InvalidAssociation.NotFound", disassociate(own))
	do("", disassociate(table))
	do("", associate(own))
	do("TransitGatewayRouteTablePropagation.NotFound", stop(own))
	do("", propagate(own))
	do("TransitGatewayRouteTablePropagation.Duplicate", propagate(own))
	do("", stop(table))
	for id, want := range map[string]int{table: 0, own: 1} {
		if a, p := c.ofTransitTable(id, vpc); a != want || p != want || len(c.transitRoutes(id)) != want {
			t.Errorf("%s has %d associations and %d propagations, want %d", id, a, p, want)
		}
	}
	do("IncorrectState", c.deleteTransitTable(own))
	do("", c.addTransitRoute(own, "0.0.0.0/0", id))
	must[*ec2.DeleteTransitGatewayVpcAttachmentOutput](t)(c.DeleteTransitGatewayVpcAttachment(t.Context(),
		&ec2.DeleteTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: &id}))
	if got := c.transitRoutes(own); !slices.Equal(got, []string{"0.0.0.0/0 static blackhole"}) {
		t.Errorf("without the attachment, the table has %v", got)
	}
	do("", c.deleteTransitTable(own))
}

// ofTransitTable counts the associations and the propagations of a VPC's attachment.
func (c client) ofTransitTable(table, vpc string) (associations, propagations int) {
	c.t.Helper()
	all := []types.Filter{filter("resource-id", vpc), filter("resource-type", "vpc")}
	as := must[*ec2.GetTransitGatewayRouteTableAssociationsOutput](c.t)(c.GetTransitGatewayRouteTableAssociations(
		c.t.Context(), &ec2.GetTransitGatewayRouteTableAssociationsInput{TransitGatewayRouteTableId: &table, Filters: all}))
	ps := must[*ec2.GetTransitGatewayRouteTablePropagationsOutput](c.t)(c.GetTransitGatewayRouteTablePropagations(
		c.t.Context(), &ec2.GetTransitGatewayRouteTablePropagationsInput{TransitGatewayRouteTableId: &table, Filters: all}))
	return len(as.Associations), len(ps.TransitGatewayRouteTablePropagations)
}

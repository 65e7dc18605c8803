package ec2_test

import (
	"net/netip"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) managed(filters ...types.Filter) types.ManagedPrefixList {
	c.t.Helper()
	out := must[*ec2.DescribeManagedPrefixListsOutput](c.t)(c.DescribeManagedPrefixLists(c.t.Context(),
		&ec2.DescribeManagedPrefixListsInput{Filters: filters}))
	return out.PrefixLists[0]
}

// TestPrefixListRoutes count as the list's most entries:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html.
func TestPrefixListRoutes(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{Quotas: sim.Quotas{RoutesPerTable: 10}}, virginia).accepted(t)
	c, table := p.asking, p.asking.mainTable(p.requester)
	list, large := c.prefixList("IPv4", 8, "172.31.0.0/16"), c.prefixList("IPv4", 9)
	to := func(id string) ec2.CreateRouteInput {
		return ec2.CreateRouteInput{DestinationPrefixListId: &id, VpcPeeringConnectionId: &p.id}
	}
	refused(t, c.create(table, to("pl-0123456789abcdef0")), "InvalidPrefixListID.NotFound")
	refused(t, c.create(table, to(large)), "no error")
	refused(t, c.create(table, to(list)), "RouteLimitExceeded")
	_, err := c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationPrefixListId: &list})
	refused(t, err, "InvalidRoute.NotFound")
	_, err = c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationPrefixListId: &large})
	refused(t, err, "no error")
	refused(t, c.create(table, to(list)), "no error")
	refused(t, c.create(table, to(list)), "RouteAlreadyExists")
	refused(t, c.route(table, "172.31.0.0/16", p.id), "no error") // the tenth
	refused(t, c.route(table, "172.32.0.0/16", p.id), "RouteLimitExceeded")
	out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{filter("route.destination-prefix-list-id", list)},
	}))
	if len(out.RouteTables) != 1 {
		t.Errorf("%d tables have the list", len(out.RouteTables))
	}
	_, err = c.DeleteManagedPrefixList(t.Context(), &ec2.DeleteManagedPrefixListInput{PrefixListId: &list})
	refused(t, err, "DependencyViolation")
	must[*ec2.ModifyManagedPrefixListOutput](t)(c.ModifyManagedPrefixList(t.Context(), &ec2.ModifyManagedPrefixListInput{
		PrefixListId: &list, MaxEntries: aws.Int32(9),
	}))
	if got := c.managed(filter("prefix-list-id", list)); got.State != types.PrefixListStateModifyFailed ||
		*got.MaxEntries != 8 {
		t.Errorf("the list is %+v, want its old size", got)
	}
}

// TestRecordedPrefixListModifications has the codes and texts that users quote:
// https://github.com/hashicorp/terraform-provider-aws/issues/43528 and
// https://github.com/hashicorp/terraform-provider-aws/issues/26034.
func TestRecordedPrefixListModifications(t *testing.T) {
	t.Parallel()
	c := one(t)
	list := c.prefixList("IPv4", 2, "10.1.0.0/16")
	add := []types.AddPrefixListEntry{{Cidr: aws.String("10.2.0.0/16")}}
	modify := func(in ec2.ModifyManagedPrefixListInput) error {
		in.PrefixListId = &list
		_, err := c.ModifyManagedPrefixList(t.Context(), &in)
		return err
	}
	refused(t, modify(ec2.ModifyManagedPrefixListInput{AddEntries: add, CurrentVersion: aws.Int64(2)}),
		"PrefixListVersionMismatch")
	refused(t,
		modify(ec2.ModifyManagedPrefixListInput{AddEntries: add, CurrentVersion: aws.Int64(1), MaxEntries: aws.Int32(3)}),
		"InvalidParameterCombination")
	refused(t, modify(ec2.ModifyManagedPrefixListInput{
		AddEntries:     []types.AddPrefixListEntry{{Cidr: aws.String("10.1.0.0/16")}},
		RemoveEntries:  []types.RemovePrefixListEntry{{Cidr: aws.String("10.1.0.0/16")}},
		CurrentVersion: aws.Int64(1),
	}), "InvalidParameterValue")
	refused(t, modify(ec2.ModifyManagedPrefixListInput{AddEntries: add, CurrentVersion: aws.Int64(1)}), "no error")
	refused(t, modify(ec2.ModifyManagedPrefixListInput{
		AddEntries:     []types.AddPrefixListEntry{{Cidr: aws.String("10.3.0.0/16")}},
		CurrentVersion: aws.Int64(2),
	}), "PrefixListMaxEntriesExceeded")
	refused(t, modify(ec2.ModifyManagedPrefixListInput{
		RemoveEntries: []types.RemovePrefixListEntry{{Cidr: aws.String("10.1.0.0/16")}}, CurrentVersion: aws.Int64(2),
	}), "no error")
	refused(t, modify(ec2.ModifyManagedPrefixListInput{MaxEntries: aws.Int32(5), PrefixListName: aws.String("larger")}),
		"no error")
	got := c.managed(filter("prefix-list-id", list))
	if *got.Version != 3 || *got.MaxEntries != 5 || *got.PrefixListName != "larger" ||
		got.State != types.PrefixListStateModifyComplete {
		t.Errorf("the list is %+v", got)
	}
	for version, want := range map[int64]string{1: "10.1.0.0/16", 3: "10.2.0.0/16"} {
		out := must[*ec2.GetManagedPrefixListEntriesOutput](t)(c.GetManagedPrefixListEntries(t.Context(),
			&ec2.GetManagedPrefixListEntriesInput{PrefixListId: &list, TargetVersion: &version}))
		if len(out.Entries) != 1 || *out.Entries[0].Cidr != want {
			t.Errorf("version %d has %+v, want %s", version, out.Entries, want)
		}
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
func TestPrefixListsOfAWS(t *testing.T) {
	t.Parallel()
	c := one(t)
	got := c.managed(filter("prefix-list-name", s3), filter("owner-id", "AWS"))
	if *got.OwnerId != "AWS" || got.MaxEntries != nil || got.Version != nil {
		t.Errorf("the list is %+v", got)
	}
	if want := "arn:aws:ec2:us-east-1:aws:prefix-list/" + *got.PrefixListId; *got.PrefixListArn != want {
		t.Errorf("its ARN is %s, want %s", *got.PrefixListArn, want)
	}
	_, err := c.ModifyManagedPrefixList(t.Context(), &ec2.ModifyManagedPrefixListInput{
		PrefixListId: got.PrefixListId, MaxEntries: aws.Int32(3),
	})
	refused(t, err, "OperationNotPermitted")
	entries := must[*ec2.GetManagedPrefixListEntriesOutput](t)(c.GetManagedPrefixListEntries(t.Context(),
		&ec2.GetManagedPrefixListEntriesInput{PrefixListId: got.PrefixListId}))
	if len(entries.Entries) == 0 {
		t.Error("the list has no entries")
	}
}

// TestWalkByPriority takes the longest prefix, then static routes, prefix lists and propagated routes, in this order:
// https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
func TestWalkByPriority(t *testing.T) {
	t.Parallel()
	p := newPath(t)
	c, table := p.marketing, p.marketing.mainTable(p.marketVPC)
	walk := func() string {
		t.Helper()
		_, stopped := p.service.Walk(sim.Packet{
			From: p.ids[client4], To: netip.MustParseAddr(vault4), Protocol: "tcp", Port: 443,
		})
		return stopped
	}
	vpn := c.vpn(p.marketVPC)
	p.service.Advertise(vpn, netip.MustParsePrefix("172.31.0.0/16"))
	must[*ec2.EnableVgwRoutePropagationOutput](t)(c.EnableVgwRoutePropagation(t.Context(),
		&ec2.EnableVgwRoutePropagationInput{RouteTableId: &table, GatewayId: &vpn}))
	if got := walk(); got != "" {
		t.Errorf("beside a propagated route: %q", got)
	}
	internet := c.gateway(p.marketVPC)
	list := c.prefixList("IPv4", 5, "172.31.0.0/16")
	p.ok(c.create(table, ec2.CreateRouteInput{DestinationPrefixListId: &list, GatewayId: &internet}))
	if got := walk(); got != "" {
		t.Errorf("beside a prefix list: %q", got)
	}
	_, err := c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{
		RouteTableId: &table, DestinationCidrBlock: aws.String("172.31.0.0/16"),
	})
	p.ok(err)
	if got := walk(); got != "internet" {
		t.Errorf("a prefix list and a propagated route: %q, want internet", got)
	}
	_, err = c.ModifyManagedPrefixList(t.Context(), &ec2.ModifyManagedPrefixListInput{
		PrefixListId: &list, CurrentVersion: aws.Int64(1),
		RemoveEntries: []types.RemovePrefixListEntry{{Cidr: aws.String("172.31.0.0/16")}},
	})
	p.ok(err)
	if got := walk(); got != "beyond" {
		t.Errorf("a propagated route alone: %q, want beyond", got)
	}
	p.service.Advertise(vpn, netip.MustParsePrefix("172.31.1.0/24"))
	p.ok(c.route(table, "172.31.0.0/16", p.connection))
	if got := walk(); got != "beyond" {
		t.Errorf("a longer propagated route: %q, want beyond", got)
	}
}

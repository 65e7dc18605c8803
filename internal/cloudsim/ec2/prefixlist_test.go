package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func entries(cidrs ...string) []types.AddPrefixListEntry {
	var all []types.AddPrefixListEntry
	for _, cidr := range cidrs {
		all = append(all, types.AddPrefixListEntry{Cidr: &cidr, Description: aws.String("for " + cidr)})
	}
	return all
}

func listInput(name, family string, most int32, cidrs ...string) *ec2.CreateManagedPrefixListInput {
	return &ec2.CreateManagedPrefixListInput{
		PrefixListName: &name, AddressFamily: &family, MaxEntries: &most, Entries: entries(cidrs...),
	}
}

// prefixList creates a list and returns its id.
func (c client) prefixList(family string, most int32, cidrs ...string) string {
	c.t.Helper()
	out := must[*ec2.CreateManagedPrefixListOutput](c.t)(c.CreateManagedPrefixList(c.t.Context(),
		listInput("offices", family, most, cidrs...)))
	return *out.PrefixList.PrefixListId
}

func fromList(id string) types.IpPermission {
	return types.IpPermission{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
		PrefixListIds: []types.PrefixListId{{PrefixListId: &id}},
	}
}

func TestPrefixListsAreDescribed(t *testing.T) {
	t.Parallel()
	c := one(t)
	in := listInput("offices", "IPv4", 5, "10.2.0.0/16", "10.1.0.18/16")
	in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypePrefixList, Tags: []types.Tag{
		{Key: aws.String("k"), Value: aws.String("v")},
	}}}
	created := must[*ec2.CreateManagedPrefixListOutput](t)(c.CreateManagedPrefixList(t.Context(), in)).PrefixList
	if created.State != types.PrefixListStateCreateInProgress {
		t.Errorf("Create answers %s", created.State)
	}
	out := must[*ec2.DescribeManagedPrefixListsOutput](t)(c.DescribeManagedPrefixLists(t.Context(),
		&ec2.DescribeManagedPrefixListsInput{
			PrefixListIds: []string{*created.PrefixListId},
		}))
	l := out.PrefixLists[0]
	got := []any{*l.PrefixListName, *l.AddressFamily, l.State, *l.MaxEntries, *l.Version, *l.OwnerId,
		*l.PrefixListArn, *l.Tags[0].Value}
	want := []any{"offices", "IPv4", types.PrefixListStateCreateComplete, int32(5), int64(1), marketing,
		"arn:aws:ec2:us-east-1:111111111111:prefix-list/" + *l.PrefixListId, "v"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	found := must[*ec2.GetManagedPrefixListEntriesOutput](t)(c.GetManagedPrefixListEntries(t.Context(),
		&ec2.GetManagedPrefixListEntriesInput{PrefixListId: l.PrefixListId}))
	var cidrs []string
	for _, e := range found.Entries {
		cidrs = append(cidrs, *e.Cidr+" "+*e.Description)
	}
	if diff := cmp.Diff([]string{"10.1.0.0/16 for 10.1.0.18/16", "10.2.0.0/16 for 10.2.0.0/16"}, cidrs); diff != "" {
		t.Error(diff)
	}
}

func TestFiltersAndPagesOfPrefixLists(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := c.prefixList("IPv4", 5, "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16")
	c.prefixList("IPv6", 1)
	describe := func(in ec2.DescribeManagedPrefixListsInput) ([]types.ManagedPrefixList, error) {
		var all []types.ManagedPrefixList
		pages := ec2.NewDescribeManagedPrefixListsPaginator(c, &in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				return nil, err
			}
			all = append(all, page.PrefixLists...)
		}
		return all, nil
	}
	tests := []struct {
		name   string
		filter types.Filter
		want   int
	}{
		{"by owner", filter("owner-id", marketing), 2},
		{"by id", filter("prefix-list-id", id), 1},
		{"by name", filter("prefix-list-name", "off*"), 2},
		{"by another name", filter("prefix-list-name", "homes"), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := must[[]types.ManagedPrefixList](t)(describe(ec2.DescribeManagedPrefixListsInput{
				Filters: []types.Filter{tt.filter}, MaxResults: aws.Int32(1),
			}))
			if len(got) != tt.want {
				t.Errorf("found %d, want %d", len(got), tt.want)
			}
		})
	}
	_, err := describe(ec2.DescribeManagedPrefixListsInput{MaxResults: aws.Int32(101)})
	refused(t, err, "InvalidParameterValue")
	n := 0
	pages := ec2.NewGetManagedPrefixListEntriesPaginator(c, &ec2.GetManagedPrefixListEntriesInput{
		PrefixListId: &id, MaxResults: aws.Int32(2),
	})
	for pages.HasMorePages() {
		n += len(must[*ec2.GetManagedPrefixListEntriesOutput](t)(pages.NextPage(t.Context())).Entries)
	}
	if n != 3 {
		t.Errorf("pages of two have %d entries in all, want 3", n)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateManagedPrefixList.html
func TestRefusedPrefixLists(t *testing.T) {
	t.Parallel()
	c := one(t)
	get := func(id string) error {
		_, err := c.GetManagedPrefixListEntries(t.Context(), &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id})
		return err
	}
	create := func(in *ec2.CreateManagedPrefixListInput) error {
		_, err := c.CreateManagedPrefixList(t.Context(), in)
		return err
	}
	_, describe := c.DescribeManagedPrefixLists(t.Context(), &ec2.DescribeManagedPrefixListsInput{
		PrefixListIds: []string{"pl-0123456789abcdef0"},
	})
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"entries of both families", create(listInput("x", "IPv4", 2, "10.0.0.0/8", "2001:db8::/32")),
			"InvalidParameterValue"},
		{"an IPv6 list has IPv6 entries", create(listInput("x", "IPv6", 2, "2001:db8::/32")), "no error"},
		{"a family that is none", create(listInput("x", "ipv4", 2)), "InvalidParameterValue"},
		{"the same entry twice", create(listInput("x", "IPv4", 2, "10.0.0.0/8", "10.0.0.1/8")), "InvalidParameterValue"},
		{"an entry that is no block", create(listInput("x", "IPv4", 2, "10.0.0.0/33")), "InvalidParameterValue"},
		{"more entries than the list may have", create(listInput("x", "IPv4", 1, "10.0.0.0/8", "11.0.0.0/8")),
			"PrefixListMaxEntriesExceeded"},
		{"a list for no entries", create(listInput("x", "IPv4", 0)), "InvalidParameterValue"},
		{"a list for more than 1,000 entries", create(listInput("x", "IPv4", 1001)), "InvalidParameterValue"},
		{"a name that is AWS's own", create(listInput("com.amazonaws.x", "IPv4", 1)), "InvalidParameterValue"},
		{"entries of a list that does not exist", get("pl-0123456789abcdef0"), "InvalidPrefixListID.NotFound"},
		{"an id that is none", get("pl-nonsense"), "InvalidPrefixListId.Malformed"},
		{"a list that does not exist", describe, "InvalidPrefixListID.NotFound"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.err, tt.want) })
	}
}

func TestARuleForAPrefixList(t *testing.T) {
	t.Parallel()
	c := one(t)
	group, id := c.group(c.vpc("10.10.0.0/16"), "servers"), c.prefixList("IPv4", 3, "10.1.0.0/16")
	remove := func() error {
		_, err := c.DeleteManagedPrefixList(t.Context(), &ec2.DeleteManagedPrefixListInput{PrefixListId: &id})
		return err
	}
	rules := must[[]types.SecurityGroupRule](t)(c.authorize(group, fromList(id)))
	if got := c.rules(group); aws.ToString(rules[0].PrefixListId) != id ||
		aws.ToString(got[0].PrefixListId) != id || got[0].CidrIpv4 != nil {
		t.Errorf("Authorize answers %+v, then the rule is %+v", rules, got)
	}
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{
			Filters: []types.Filter{filter("ip-permission.prefix-list-id", id)},
		}))
	if got := groups.SecurityGroups[0].IpPermissions; len(got) != 1 || len(got[0].PrefixListIds) != 1 ||
		*got[0].PrefixListIds[0].PrefixListId != id {
		t.Errorf("the group admits %+v", got)
	}
	_, err := c.authorize(group, fromList(id))
	refused(t, err, "InvalidPermission.Duplicate")
	refused(t, remove(), "DependencyViolation")
	revoked := must[*ec2.RevokeSecurityGroupIngressOutput](t)(c.revoke(group, fromList(id))).RevokedSecurityGroupRules
	if len(revoked) != 1 || aws.ToString(revoked[0].PrefixListId) != id {
		t.Errorf("revoked %+v", revoked)
	}
	refused(t, remove(), "no error")
	_, err = c.authorize(group, fromList(id))
	refused(t, err, "InvalidPrefixListID.NotFound")
	_, err = c.authorize(group, fromList("sg-1"))
	refused(t, err, "InvalidPrefixListId.Malformed")
}

func TestAPrefixListIsOfOneAccountAndRegion(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	id := in(t, s, marketing, virginia).prefixList("IPv4", 3)
	for _, c := range []client{in(t, s, finance, virginia), in(t, s, marketing, ireland)} {
		_, err := c.authorize(c.group(c.vpc("10.10.0.0/16"), "servers"), fromList(id))
		refused(t, err, "InvalidPrefixListID.NotFound")
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
func TestAPrefixListCountsAsMuchAsItMayHave(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{Quotas: sim.Quotas{RulesPerGroup: 4}}), marketing, virginia)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	three, two, six := c.prefixList("IPv4", 3, "10.1.0.0/16"), c.prefixList("IPv4", 2), c.prefixList("IPv6", 4)
	must[[]types.SecurityGroupRule](t)(c.authorize(group, fromList(three)))
	_, err := c.authorize(group, fromList(two))
	refused(t, err, "RulesPerSecurityGroupLimitExceeded")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(22, "10.0.0.0/8")))
	_, err = c.authorize(group, tcp(23, "10.0.0.0/8"))
	refused(t, err, "RulesPerSecurityGroupLimitExceeded")
	if _, err := c.authorize(group, fromList(six)); err != nil {
		t.Errorf("an IPv6 list counts with the IPv6 rules: %v", err)
	}
}

func (c client) restore(id string, previous, current int64) (types.ManagedPrefixList, error) {
	out, err := c.RestoreManagedPrefixListVersion(c.t.Context(), &ec2.RestoreManagedPrefixListVersionInput{
		PrefixListId: &id, PreviousVersion: &previous, CurrentVersion: &current,
	})
	if err != nil {
		return types.ManagedPrefixList{}, err
	}
	return *out.PrefixList, nil
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RestoreManagedPrefixListVersion.html
func TestAnEarlierVersionOfAPrefixListComesBackAsANewOne(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := c.prefixList("IPv4", 2, "10.1.0.0/16", "10.2.0.0/16")
	must[*ec2.ModifyManagedPrefixListOutput](t)(c.ModifyManagedPrefixList(t.Context(), &ec2.ModifyManagedPrefixListInput{
		PrefixListId: &id, CurrentVersion: aws.Int64(1),
		RemoveEntries: []types.RemovePrefixListEntry{{Cidr: aws.String("10.1.0.0/16")}},
	}))
	got := must[types.ManagedPrefixList](t)(c.restore(id, 1, 2))
	if got.State != types.PrefixListStateRestoreInProgress || *got.Version != 3 {
		t.Errorf("the answer is %s, version %d", got.State, *got.Version)
	}
	if then := c.managed(filter("prefix-list-id", id)); then.State != types.PrefixListStateRestoreComplete {
		t.Errorf("then the list is %s", then.State)
	}
	in := ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id}
	entries := must[*ec2.GetManagedPrefixListEntriesOutput](t)(c.GetManagedPrefixListEntries(t.Context(), &in))
	if len(entries.Entries) != 2 {
		t.Errorf("the entries are %v", entries.Entries)
	}
	_, err := c.restore(id, 1, 2)
	refused(t, err, "PrefixListVersionMismatch")
	_, err = c.restore(id, 4, 3)
	refused(t, err, "InvalidParameterValue")
	_, err = c.restore("pl-0123456789abcdef0", 1, 1)
	refused(t, err, "InvalidPrefixListID.NotFound")
	must[types.ManagedPrefixList](t)(c.restore(id, 2, 3)) // one entry
	must[*ec2.ModifyManagedPrefixListOutput](t)(c.ModifyManagedPrefixList(t.Context(), &ec2.ModifyManagedPrefixListInput{
		PrefixListId: &id, MaxEntries: aws.Int32(1),
	}))
	_, err = c.restore(id, 1, 4)
	refused(t, err, "PrefixListMaxEntriesExceeded")
	_, err = c.restore(*c.managed(filter("owner-id", "AWS")).PrefixListId, 1, 1)
	refused(t, err, "OperationNotPermitted")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetManagedPrefixListAssociations.html
func TestAPrefixListIsAssociatedWithItsTablesAndGroups(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{PageSize: 1}), marketing, virginia)
	vpc, id := c.vpc("10.0.0.0/16"), c.prefixList("IPv4", 1, "10.1.0.0/16")
	group, table, gateway := c.group(vpc, "web"), c.mainTable(vpc), c.gateway(vpc)
	c.group(vpc, "db")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, fromList(id)))
	refused(t, c.create(table, ec2.CreateRouteInput{DestinationPrefixListId: &id, GatewayId: &gateway}), "no error")
	var got []string
	in := ec2.GetManagedPrefixListAssociationsInput{PrefixListId: &id}
	for pages := ec2.NewGetManagedPrefixListAssociationsPaginator(c, &in); pages.HasMorePages(); {
		page := must[*ec2.GetManagedPrefixListAssociationsOutput](t)(pages.NextPage(t.Context()))
		for _, a := range page.PrefixListAssociations {
			got = append(got, *a.ResourceId+" "+*a.ResourceOwner)
		}
	}
	if diff := cmp.Diff([]string{table + " " + marketing, group + " " + marketing}, got); diff != "" {
		t.Error(diff)
	}
	_, err := c.GetManagedPrefixListAssociations(t.Context(), &ec2.GetManagedPrefixListAssociationsInput{
		PrefixListId: aws.String("pl-0123456789abcdef0"),
	})
	refused(t, err, "InvalidPrefixListID.NotFound")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AddPrefixListEntry.html
func TestDescriptionsOfEntries(t *testing.T) {
	t.Parallel()
	c := one(t)
	for n, code := range map[int]string{255: "no error", 256: "InvalidParameterValue"} {
		in := listInput("offices", "IPv4", 1, "10.1.0.0/16")
		in.Entries[0].Description = aws.String(strings.Repeat("x", n))
		_, err := c.CreateManagedPrefixList(t.Context(), in)
		refused(t, err, code)
	}
}

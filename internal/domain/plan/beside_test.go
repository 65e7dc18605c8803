package plan_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestRoutesBesideStaticOnes: a prefix list and a propagated route with the wanted block stand in the way of a new
// route, which EC2 would prefer to them, and not of one that is there.
func TestRoutesBesideStaticOnes(t *testing.T) {
	t.Parallel()
	listed := func(block string, target peering.Target) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(block), PrefixList: "pl-1", Target: target}
	}
	propagated := func(block string) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(block), Propagated: true, Target: "vgw-1"}
	}
	gone := listed("172.31.0.0/16", other)
	gone.Blackhole = true
	part := listed("172.31.9.0/24", "tgw-1")
	part.Blackhole = true
	left := peering.Route{Destination: peerBlock, Target: other, Blackhole: true}
	empty := peering.Route{PrefixList: "pl-1", Target: "vpce-1"}
	const whole = "172.31.0.0/16"
	const create = "create route 172.31.0.0/16 → pcx-new in rtb-1"
	tests := []struct {
		name   string
		routes []peering.Route
		want   []string
	}{
		{"a list with the block is a conflict", []peering.Route{listed(whole, "tgw-1")},
			[]string{"conflict: 172.31.0.0/16 is already routed to tgw-1 in rtb-1 by the prefix list pl-1, so " +
				"it can't be routed to pcx-new"}},
		{"a list with a part of it is one", []peering.Route{listed("172.31.9.0/24", "tgw-1")},
			[]string{"conflict: 172.31.9.0/24, which is routed to tgw-1 in rtb-1 by the prefix list pl-1, overlaps " +
				"172.31.0.0/16, so that can't be routed to pcx-new"}},
		{"a blackhole of a list too", []peering.Route{part},
			[]string{"conflict: 172.31.9.0/24, which has a blackhole route to tgw-1 in rtb-1 by the prefix list pl-1, " +
				"overlaps 172.31.0.0/16, so that can't be routed to pcx-new"}},
		{"a list to a dead connection is no leftover", []peering.Route{gone},
			[]string{"conflict: 172.31.0.0/16 has a blackhole route to pcx-old in rtb-1 by the prefix list pl-1, so it can't " +
				"be routed to pcx-new"}},
		{"a propagated route is a conflict", []peering.Route{propagated(whole)},
			[]string{"conflict: 172.31.0.0/16 is already routed to vgw-1 in rtb-1 by route propagation, so " +
				"it can't be routed to pcx-new"}},
		{"beside ours both are passed over",
			[]peering.Route{listed(whole, "tgw-1"), propagated(whole), toPeer("pcx-new", false)}, nil},
		{"beside a part of theirs ours isn't enough", []peering.Route{propagated("172.31.9.0/24"), toPeer("pcx-new", false)},
			[]string{"conflict: 172.31.9.0/24, which is routed to vgw-1 in rtb-1 by route propagation, overlaps " +
				"172.31.0.0/16, so that can't be routed to pcx-new"}},
		{"beside a leftover they are in the way", []peering.Route{propagated(whole), left},
			[]string{"conflict: 172.31.0.0/16 is already routed to vgw-1 in rtb-1 by route propagation, so " +
				"it can't be routed to pcx-new"}},
		{"a leftover is replaced though a list leads to the connection", []peering.Route{listed(whole, "pcx-new"), left},
			[]string{"replace route 172.31.0.0/16 → pcx-old by pcx-new in rtb-1"}},
		{"a list that leads to the connection isn't ours", []peering.Route{listed("10.99.0.0/16", "pcx-new")},
			[]string{create}},
		{"a list without blocks", []peering.Route{empty}, []string{create}},
		{"wider lists lead to what nothing else is known of", []peering.Route{listed("172.16.0.0/12", "tgw-1")},
			[]string{create}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) {
				s.Tables = []peering.RouteTable{table("rtb-1", tt.routes...)}
				s.Dead = map[peering.ConnectionID]bool{"pcx-old": true}
			}))
			if diff := cmp.Diff(tt.want, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnreadPrefixLists: a list whose blocks are unknown stands in the way of a new route, and neither in the way of
// one in another table nor of the removals. Its error is one of the side unless EC2 doesn't show the list.
func TestUnreadPrefixLists(t *testing.T) {
	t.Parallel()
	conflict := []string{"conflict: pl-1, which is routed to vpce-1 in rtb-1, may overlap 172.31.0.0/16, " +
		"so that can't be routed to pcx-new: EC2 doesn't show this prefix list"}
	note := []string{"rtb-1 routes pl-1 to vpce-1 beside the routes to the peer: EC2 doesn't show the list, " +
		"and if it has addresses of the peer, traffic to them may go to vpce-1"}
	remove := []string{"delete route 10.99.0.0/16 → pcx-new in rtb-1"}
	ours := []peering.Route{toPeer("pcx-new", false)}
	wide := []peering.Route{{Destination: netip.MustParsePrefix("10.99.0.0/16"), Target: "pcx-new"}}
	unpermitted := []string{"rtb-1 routes pl-1 to vpce-1 beside the routes to the peer: autopeer has no permission to " +
		"read the list, and if it has addresses of the peer, traffic to them may go to vpce-1"}
	gone, denied := fault.Errorf(fault.Denied, "not found"), fault.Errorf(fault.Permanent, "denied")
	throttled := fault.Errorf(fault.Retryable, "throttled")
	unchosen := func(s *plan.Side) { s.Terms.Routes.Tables.Scope = policy.TablesByID }
	none := func(s *plan.Side) { s.Terms.Routes.Tables.Scope = policy.NoTables }
	unreached := func(s *plan.Side) { s.LeftOut = []policy.LeftOut{{Role: peering.Accepter, Block: peerBlock}} }
	hold := func(s *plan.Side) { s.Connection.Tags[peering.TagHold] = "true" }
	for name, tt := range map[string]struct {
		err    error
		routes []peering.Route
		change func(*plan.Side)
		want   []string
		notes  []string
		class  error
	}{
		"a list that EC2 doesn't show":  {gone, nil, nil, conflict, nil, nil},
		"beside a route of ours":        {gone, ours, nil, nil, note, nil},
		"beside a forbidden route":      {gone, wide, nil, slices.Concat(remove, conflict), nil, nil},
		"a denied read":                 {denied, nil, nil, nil, unpermitted, denied},
		"it beside a forbidden route":   {denied, wide, nil, remove, nil, denied},
		"it beside a route of ours":     {denied, ours, nil, nil, unpermitted, nil},
		"a failed read":                 {throttled, nil, nil, nil, nil, throttled},
		"that beside a route of ours":   {throttled, ours, nil, nil, nil, throttled},
		"in a table that gets no route": {denied, nil, unchosen, nil, nil, nil},
		"routes that others make":       {denied, nil, none, nil, nil, nil},
		"without a destination":         {denied, nil, unreached, nil, nil, nil},
		"on hold":                       {denied, nil, hold, nil, unpermitted, nil},
		"with an objection":             {denied, nil, func(s *plan.Side) { s.Closing = true }, nil, unpermitted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := marketing(func(s *plan.Side) {
				unread := peering.Route{PrefixList: "pl-1", Target: "vpce-1"}
				s.Tables = []peering.RouteTable{table("rtb-1", append(slices.Clip(tt.routes), unread)...)}
				s.Tables[0].Unread = map[peering.PrefixListID]error{"pl-1": tt.err}
				s.Tables[0].Subnets = []peering.SubnetID{"subnet-1"}
				if tt.change != nil {
					tt.change(s)
				}
			})
			if diff := cmp.Diff(tt.want, sentences(plan.Connect(s))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if err := s.Unread(); !errors.Is(err, tt.class) || (err == nil) != (tt.class == nil) {
				t.Errorf("Unread() = %v, want %v", err, tt.class)
			}
			if diff := cmp.Diff(tt.notes, s.Notes()); len(tt.want) == 0 && diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNarrowingBesideUnreadPrefixLists keeps the traffic that stays allowed, whether the list can be read later or not.
func TestNarrowingBesideUnreadPrefixLists(t *testing.T) {
	t.Parallel()
	for _, class := range []fault.Class{fault.Denied, fault.Permanent, fault.Retryable} {
		p := plan.Connect(marketing(func(s *plan.Side) {
			s.Terms.Routes.To = prefixes("172.31.1.0/24")
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false),
				peering.Route{PrefixList: "pl-1", Target: "vpce-1"})}
			s.Tables[0].Unread = map[peering.PrefixListID]error{"pl-1": fault.Errorf(class, "unread")}
		}))
		p.Conflicts = nil
		want := []string{"create route 172.31.1.0/24 → pcx-new in rtb-1",
			"then delete route 172.31.0.0/16 → pcx-new in rtb-1"}
		if diff := cmp.Diff(want, sentences(p)); diff != "" {
			t.Errorf("%s: plan (-want +got):\n%s", class, diff)
		}
	}
}

// TestListsInTheWay: those with a block in conflict, each once, and of these the ones that can't be read any more in
// any table.
func TestListsInTheWay(t *testing.T) {
	t.Parallel()
	gone := map[peering.PrefixListID]error{"pl-gone": fault.Errorf(fault.Denied, "not found")}
	s := marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{
			table("rtb-1", listedIn("pl-2", "172.31.1.0/24"), listedIn("pl-1", "172.31.2.0/24"),
				listedIn("pl-9", "10.99.0.0/16")),
			table("rtb-2", listedIn("pl-1", "172.31.2.0/24"), peering.Route{PrefixList: "pl-gone", Target: "igw-1"}),
			table("rtb-3", peering.Route{Destination: netip.MustParsePrefix("172.31.3.0/24"), Target: "igw-1"}),
		}
		s.Tables[1].Unread = gone
	})
	lists := plan.Connect(s).ListsInTheWay()
	if want := []peering.PrefixListID{"pl-1", "pl-2"}; !slices.Equal(want, lists) {
		t.Errorf("ListsInTheWay() = %v, want %v", lists, want)
	}
	if left := s.Unreadable(lists); len(left) > 0 {
		t.Errorf("Unreadable(%v) = %v, want none", lists, left)
	}
	s.Tables[2].Unread = map[peering.PrefixListID]error{"pl-1": fault.Errorf(fault.Permanent, "denied")}
	if left, want := s.Unreadable(lists), []peering.PrefixListID{"pl-1"}; !slices.Equal(want, left) {
		t.Errorf("Unreadable(%v) = %v, want %v", lists, left, want)
	}
}

// listedIn returns a route to the block by the prefix list.
func listedIn(list peering.PrefixListID, block string) peering.Route {
	return peering.Route{Destination: netip.MustParsePrefix(block), PrefixList: list, Target: "igw-1"}
}

// TestPrefixListsTakeUpNoQuota, as EC2 counts them by their size, which a route doesn't show.
func TestPrefixListsTakeUpNoQuota(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Limits = policy.Limits{Routes: 1}
		s.Tables = []peering.RouteTable{table("rtb-1", peering.Route{
			Destination: netip.MustParsePrefix("10.99.0.0/16"), PrefixList: "pl-1", Target: "tgw-1",
		})}
	}))
	if len(p.Shortages) > 0 || len(p.Steps) != 1 {
		t.Errorf("plan has the shortages %v and the steps %v", p.Shortages, p.Steps)
	}
}

package announce_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

var connected = announce.Outcome(outcome.Connected,
	peering.Cell{Account: "111111111111", Region: "us-east-1"},
	peering.Connection{
		ID:        "pcx-1",
		Requester: peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-1"},
		Accepter:  peering.VPC{Owner: "222222222222", Region: "eu-west-1", ID: "vpc-2"},
	},
	policy.Decision{
		Peering:   &policy.Peering{Between: [2]string{"marketing", "finance"}, Line: 11},
		Requester: "marketing", Accepter: "finance", Code: policy.Allowed, Reason: "line 11 of policy.yaml allows it",
	}, "policy.yaml")

func TestObstructed(t *testing.T) {
	t.Parallel()
	block := netip.MustParsePrefix("172.31.0.0/16")
	conflicts := []plan.Conflict{{
		Table: "rtb-1", Wanted: "pcx-1", Destination: block, Route: peering.Route{Destination: block, Target: "tgw-1"},
	}}
	shortages := []plan.Shortage{{
		Resource: "rtb-1", Of: "IPv4 routes", Quota: "routes-ipv4", Have: 500, Need: 2, Limit: 501,
	}}
	o := announce.Obstructed(connected, conflicts, shortages)
	if want := conflicts[0].String(); o.Type != outcome.Conflicting || o.Reason.Code != "route-conflict" ||
		o.Reason.Sentence != want {
		t.Errorf("Obstructed() = %s %+v, want the conflict %q as the reason", o.Type, o.Reason, want)
	}
	if c := o.Conflicts[0]; c.Target != "tgw-1" || c.Wanted != "pcx-1" || len(o.Shortages) != 1 {
		t.Errorf("conflicts = %+v, shortages = %+v; want both targets and the shortage", o.Conflicts, o.Shortages)
	}
	o = announce.Obstructed(connected, nil, shortages)
	if want := shortages[0].String(); o.Type != outcome.Failed || o.Reason.Code != "quota" ||
		o.Reason.Sentence != want || o.Next == "" {
		t.Errorf("Obstructed() = %s %+v, next %q; want the shortage %q as the reason and the next step",
			o.Type, o.Reason, o.Next, want)
	}
}

// TestTheRemedyOfConflicts: blackholes have the commands that delete them, live routes have none, and more specific
// routes have the line of the policy that keeps them.
func TestTheRemedyOfConflicts(t *testing.T) {
	t.Parallel()
	const live = "delete each live route in the way, or leave the wanted destination out of the " +
		"policy's routes with to or except"
	remove := func(table, option, destination string) string {
		return "aws ec2 delete-route --region us-east-1 --route-table-id " + table + " " + option + " " + destination
	}
	at := func(table peering.RouteTableID, destination, wanted, own string, blackhole bool) plan.Conflict {
		return plan.Conflict{Table: table, Destination: netip.MustParsePrefix(wanted), Wanted: "pcx-1", Own: own,
			Route: peering.Route{Destination: netip.MustParsePrefix(destination), Target: "eni-1", Blackhole: blackhole}}
	}
	hidden := func(table peering.RouteTableID, list peering.PrefixListID, blackhole bool) plan.Conflict {
		c := at(table, "172.31.0.0/16", "172.31.0.0/16", "marketing", blackhole)
		c.Route = peering.Route{PrefixList: list, Target: "vpce-1", Blackhole: blackhole}
		return c
	}
	var many []plan.Conflict
	for i := range 12 {
		many = append(many, at("rtb-1", fmt.Sprintf("172.31.%d.0/24", i), "172.31.0.0/16", "marketing", true))
	}
	tests := []struct {
		name      string
		conflicts []plan.Conflict
		want      string
	}{
		{"a live route", []plan.Conflict{at("rtb-1", "172.31.0.0/16", "172.31.0.0/16", "marketing", false)}, live},
		{"a more specific one", []plan.Conflict{at("rtb-1", "172.31.7.0/24", "172.31.0.0/16", "marketing", false)},
			live + "; to keep the route to 172.31.7.0/24, set keep: [172.31.7.0/24] in the peering's routes of marketing"},
		{"a blackhole", []plan.Conflict{at("rtb-1", "172.31.0.0/16", "172.31.0.0/16", "marketing", true)},
			"if the blackhole route isn't needed, in 111111111111: " +
				remove("rtb-1", "--destination-cidr-block", "172.31.0.0/16")},
		{"blackholes of both sides, one for two destinations", []plan.Conflict{
			at("rtb-1", "2001:db8::/64", "2001:db8::/56", "marketing", true),
			at("rtb-1", "2001:db8::/64", "2001:db8::/56", "marketing", true),
			at("rtb-2", "10.0.1.0/24", "10.0.0.0/16", "finance", true),
			at("rtb-3", "10.0.1.0/24", "10.0.0.0/16", "finance", true),
			at("rtb-3", "10.0.2.0/24", "10.0.0.0/16", "finance", true),
		},
			"if the blackhole routes aren't needed, in 111111111111: " +
				remove("rtb-1", "--destination-ipv6-cidr-block", "2001:db8::/64") + "; " +
				remove("rtb-2", "--destination-cidr-block", "10.0.1.0/24") + "; " +
				remove("rtb-3", "--destination-cidr-block", "10.0.1.0/24") + "; " +
				remove("rtb-3", "--destination-cidr-block", "10.0.2.0/24") +
				"; to keep the route to 10.0.1.0/24 or 10.0.2.0/24, set keep: [10.0.1.0/24, 10.0.2.0/24] in " +
				"the peering's routes of finance; to keep the route to 2001:db8::/64, set keep: [2001:db8::/64] in " +
				"the peering's routes of marketing"},
		{"lists that EC2 doesn't show", []plan.Conflict{
			hidden("rtb-1", "pl-1", false), hidden("rtb-2", "pl-1", false), hidden("rtb-2", "pl-2", false),
		}, "have the owner of pl-1 and of pl-2 share it with 111111111111, or delete its routes"},
		{"one beside a live route", []plan.Conflict{
			hidden("rtb-1", "pl-1", false), at("rtb-1", "172.31.0.0/16", "172.31.0.0/16", "marketing", false),
		}, "have the owner of pl-1 share it with 111111111111, or delete its routes; " + live},
		{"one that leads to a blackhole", []plan.Conflict{hidden("rtb-1", "pl-1", true)},
			"if the blackhole route isn't needed, in 111111111111: " + remove("rtb-1", "--destination-prefix-list-id", "pl-1") +
				"; have the owner of pl-1 share it with 111111111111, or delete its routes"},
	}
	for _, tt := range tests {
		if o := announce.Obstructed(connected, tt.conflicts, nil); o.Next != tt.want {
			t.Errorf("%s: next is\n%s\nwant\n%s", tt.name, o.Next, tt.want)
		}
	}
	list, block := announce.Obstructed(connected, []plan.Conflict{hidden("rtb-1", "pl-1", false)}, nil), "172.31.0.0/16"
	if c := list.Conflicts[0]; c.Destination != "pl-1" || c.Overlaps != block {
		t.Errorf("the conflict with a list that EC2 doesn't show is announced as %+v", c)
	}
	inMesh := connected
	inMesh.Peering = &outcome.Entry{Between: [2]string{"marketing", "marketing"}}
	const mesh = "delete each live route in the way; to keep a route in the way, split the VPCs of " +
		"marketing into two departments: only a peering of two departments can choose or keep routes"
	if o := announce.Obstructed(inMesh, tests[1].conflicts, nil); o.Next != mesh {
		t.Errorf("in a mesh: next is\n%s\nwant\n%s", o.Next, mesh)
	}
	o := announce.Obstructed(connected, many, nil)
	if n := strings.Count(o.Next, "delete-route"); n != 10 || strings.Contains(o.Next, "172.31.10.0/24") ||
		len(o.Conflicts) != 12 {
		t.Errorf("next has %d commands, want 10:\n%s", n, o.Next)
	}
	blackhole, route := announce.Obstructed(connected, many[:1], nil), many[0]
	route.Route.Blackhole = false
	if other := announce.Obstructed(connected, []plan.Conflict{route}, nil); !blackhole.Conflicts[0].Blackhole ||
		other.Conflicts[0].Blackhole ||
		other.Sealed(time.Time{}).ID == blackhole.Sealed(time.Time{}).ID {
		t.Errorf("a live route and a blackhole are announced as %+v and %+v", other, blackhole)
	}
}

// TestObjected: the denial of a connection that stays has another id than that of the request, and the next step.
func TestObjected(t *testing.T) {
	t.Parallel()
	request := connected
	request.Type = outcome.Denied
	o := announce.Objected(connected)
	if o.Type != outcome.Denied || !strings.Contains(o.Next, "pcx-1") ||
		o.Sealed(time.Time{}).ID == request.Sealed(time.Time{}).ID {
		t.Errorf("Objected() = %s, next %q; want a denial with an id of its own and the next step", o.Type, o.Next)
	}
}

// TestWithLeftOut: each set of blocks has an id of its own, which doesn't depend on the sentences.
func TestWithLeftOut(t *testing.T) {
	t.Parallel()
	id := func(blocks ...policy.LeftOut) string {
		o := announce.WithLeftOut(connected, blocks)
		if len(o.Notes) != len(blocks) {
			t.Errorf("notes = %q, want one of each block", o.Notes)
		}
		return o.Sealed(time.Time{}).ID
	}
	a, b := policy.LeftOut{Sentence: "a is left out", Key: "a"}, policy.LeftOut{Sentence: "b is left out", Key: "b"}
	reworded := policy.LeftOut{Sentence: "the policy doesn't permit a", Key: "a"}
	different := []string{id(), id(a), id(b), id(a, b)}
	slices.Sort(different)
	if len(slices.Compact(different)) != 4 || id(a) != id(reworded) {
		t.Errorf("ids = %v, want four, and one of the same block in other words", different)
	}
}

// TestUnownedBlackholes: the next step has a command for each route, of either family, and the id depends on the
// routes.
func TestUnownedBlackholes(t *testing.T) {
	t.Parallel()
	four := plan.DeleteRoute{Table: "rtb-1", Destination: netip.MustParsePrefix("172.31.0.0/16"), Via: "pcx-1"}
	six := plan.DeleteRoute{Table: "rtb-1", Destination: netip.MustParsePrefix("2001:db8::/56"), Via: "pcx-1"}
	one, both := announce.UnownedBlackholes(connected, []plan.Change{four}),
		announce.UnownedBlackholes(connected, []plan.Change{four, six})
	const next = "if the routes aren't needed, in 111111111111: aws ec2 delete-route --region us-east-1 " +
		"--route-table-id rtb-1 --destination-cidr-block 172.31.0.0/16; aws ec2 delete-route --region us-east-1 " +
		"--route-table-id rtb-1 --destination-ipv6-cidr-block 2001:db8::/56"
	if both.Next != next || both.Type != outcome.Failed || both.Reason.Code != "unowned-blackhole" ||
		len(both.State) != 2 {
		t.Errorf("UnownedBlackholes() = %s %+v, next %q; want %q", both.Type, both.Reason, both.Next, next)
	}
	if one.Sealed(time.Time{}).ID == both.Sealed(time.Time{}).ID {
		t.Error("one route and two have one id")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	refusal := func(code string) outcome.Outcome {
		err := errors.Join(fault.Keyed("accept|pcx-1|"+code, fault.Errorf(fault.Denied, "accept pcx-1: too many")))
		return announce.Refused(connected, err).Sealed(time.Time{})
	}
	o := refusal("VpcPeeringConnectionsPerVpcLimitExceeded")
	if o.Type != outcome.Failed || o.Reason.Code != "refused" || o.Reason.Sentence != "accept pcx-1: too many" {
		t.Errorf("Refused() = %s %+v", o.Type, o.Reason)
	}
	if other := refusal("RouteLimitExceeded"); other.ID == o.ID {
		t.Error("two refusals for different codes have one id")
	}
}

// recorder keeps the outcomes.
type recorder struct{ outcomes []outcome.Outcome }

func (r *recorder) Announce(_ context.Context, outcomes ...outcome.Outcome) error {
	r.outcomes = append(r.outcomes, outcomes...)
	return nil
}

// TestClosing: the outcome of a removal without drift has an id of its own, which a redelivery repeats, and the outcome
// of the other side has not.
func TestClosing(t *testing.T) {
	t.Parallel()
	found := time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)
	publish := func(h hint.Hint) (ids []string) {
		var r recorder
		requester, accepter := connected, connected
		requester.Side, accepter.Side, accepter.Changes = peering.Requester, peering.Accepter, []string{"revoke sgr-1"}
		if err := announce.Publish(context.Background(), &r, h, requester, accepter); err != nil {
			t.Fatal(err)
		}
		for _, o := range r.outcomes {
			ids = append(ids, o.Sealed(found).ID)
		}
		return ids
	}
	before := publish(hint.Hint{At: found, Side: peering.Accepter})
	closed := publish(hint.Hint{At: found, Side: peering.Accepter, Closes: true})
	if again := publish(hint.Hint{At: found, Side: peering.Accepter, Closes: true}); !slices.Equal(closed, again) {
		t.Errorf("a redelivery has the ids %v, want %v", again, closed)
	}
	if closed[0] != before[0] || closed[1] == before[1] {
		t.Errorf("ids = %v, want the first of %v and another one on the accepter's side", closed, before)
	}
	if later := publish(hint.Hint{At: found.Add(time.Hour), Side: peering.Accepter, Closes: true}); later[1] == closed[1] {
		t.Error("a later removal has the same id")
	}
}

// TestClosingOfDriftBesideAnObstacle has an id of its own as well, with the time of the edit, since it is no repair.
func TestClosingOfDriftBesideAnObstacle(t *testing.T) {
	t.Parallel()
	edited := time.Date(2026, 6, 8, 7, 0, 0, 0, time.UTC)
	h := hint.Hint{At: edited.Add(time.Hour), EditedAt: edited, Side: peering.Accepter, Closes: true, Drift: true}
	for outcomeType, want := range map[outcome.Type]time.Time{outcome.Conflicting: edited, outcome.Connected: {}} {
		o := connected
		o.Type, o.Side = outcomeType, peering.Accepter
		var got recorded
		if err := announce.Publish(t.Context(), &got, h, o); err != nil || !got[0].FoundAt.Equal(want) {
			t.Errorf("%s is found at %s (%v), want %s", outcomeType, got[0].FoundAt, err, want)
		}
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 6, 8, 7, 38, 0, 0, time.UTC)
	side := func(role peering.Role, changes ...string) outcome.Outcome {
		o := connected
		o.Side, o.Changes, o.State, o.Keys = role, changes, []string{"rtb-1 routes 10.0.0.0/8 to pcx-1"},
			[]string{"route|rtb-1"}
		return o
	}
	failed := connected
	failed.Type = outcome.Failed
	obstructed := side(peering.Requester, "revoke sgr-1")
	obstructed.Type = outcome.Conflicting
	tests := []struct {
		name     string
		hint     hint.Hint
		outcomes []outcome.Outcome
		repaired []peering.Role
	}{
		{"an event leads to no repair", hint.Hint{RequestedAt: asked},
			[]outcome.Outcome{side(peering.Requester, "create route")}, nil},
		{"drift on a side is repaired there", hint.Hint{RequestedAt: asked, Drift: true, Side: peering.Requester},
			[]outcome.Outcome{side(peering.Requester), side(peering.Accepter)}, []peering.Role{peering.Requester}},
		{"so is a further side that was changed", hint.Hint{RequestedAt: asked, Drift: true, Side: peering.Requester},
			[]outcome.Outcome{side(peering.Requester), side(peering.Accepter, "create route")},
			[]peering.Role{peering.Requester, peering.Accepter}},
		{"a side that an obstacle keeps from all it should have isn't repaired, and its removals are published",
			hint.Hint{RequestedAt: asked, Drift: true, Side: peering.Requester}, []outcome.Outcome{obstructed}, nil},
		{"a failure repairs nothing", hint.Hint{RequestedAt: asked, Drift: true}, []outcome.Outcome{failed}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r recorder
			if err := announce.Publish(t.Context(), &r, tt.hint, tt.outcomes...); err != nil {
				t.Fatal(err)
			}
			var repaired []peering.Role
			for _, o := range r.outcomes {
				if !o.RequestedAt.Equal(asked) {
					t.Errorf("%s was requested at %v, want %v", o.Type, o.RequestedAt, asked)
				}
				if o.Type == outcome.Repaired {
					repaired = append(repaired, o.Side)
					if o.State != nil || o.Keys != nil || o.Reason.Keys == nil {
						t.Errorf("repair = %+v, want the reason without the state", o)
					}
				}
			}
			if !slices.Equal(repaired, tt.repaired) || len(r.outcomes) != len(tt.outcomes)+len(tt.repaired) {
				t.Errorf("repaired sides = %v of %d outcomes, want %v", repaired, len(r.outcomes), tt.repaired)
			}
		})
	}
}

// TestProposed: removals and additions are apart, in the plan's order, and the id depends on them.
func TestProposed(t *testing.T) {
	t.Parallel()
	ten, eleven := netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("11.0.0.0/16")
	changes := []plan.Change{
		plan.CreateRoute{Table: "rtb-1", Destination: ten, Via: "pcx-1"},
		plan.DeleteRoute{Table: "rtb-1", Destination: eleven, Via: "pcx-1"},
		plan.ReplaceRoute{Table: "rtb-2", Destination: ten, Was: "pcx-0", Via: "pcx-1"},
		plan.Revoke{Group: "sg-1", Connection: "pcx-1", Rules: []peering.RuleID{"sgr-1"}},
		plan.Tag{Connection: "pcx-1", Tags: map[string]string{"a": "b"}},
	}
	o := announce.Proposed(connected, changes)
	if want := []string{changes[1].String(), changes[3].String()}; !slices.Equal(o.Removals, want) {
		t.Errorf("removals %q, want %q", o.Removals, want)
	}
	if want := []string{changes[0].String(), changes[2].String(), changes[4].String()}; !slices.Equal(o.Additions, want) {
		t.Errorf("additions %q, want %q", o.Additions, want)
	}
	id := o.Sealed(time.Time{}).ID
	if again := announce.Proposed(connected, changes).Sealed(time.Time{}.Add(24 * time.Hour)); again.ID != id ||
		o.Type != outcome.Proposed {
		t.Errorf("%s %s, want one id a day later: %s", o.Type, again.ID, id)
	}
	if other := announce.Proposed(connected, changes[:4]).Sealed(time.Time{}); other.ID == id {
		t.Error("the proposal of other changes has the same id")
	}
}

// TestAProposalHasNoTimeOfItsOwn: a sweep that would have forbidden routes removed at once repeats the proposal under
// its id.
func TestAProposalHasNoTimeOfItsOwn(t *testing.T) {
	t.Parallel()
	var published recorder
	h := hint.Hint{Connection: "pcx-1", Closes: true, At: time.Now()}
	if err := announce.Publish(t.Context(), &published, h, announce.Proposed(connected, nil)); err != nil ||
		!published.outcomes[0].FoundAt.IsZero() {
		t.Errorf("found at %s (%v), want no time", published.outcomes[0].FoundAt, err)
	}
}

// TestRepetitionsAreMarked: an outcome that a scheduled sweep has announced again, unless something was changed or
// forbidden rules were removed. The mark changes no id.
func TestRepetitionsAreMarked(t *testing.T) {
	t.Parallel()
	changed := connected
	changed.Changes = []string{"create route"}
	repeated := hint.Hint{Kind: hint.Accepted, Repeated: true}
	closes := repeated
	closes.Closes, closes.At = true, time.Date(2026, 6, 8, 7, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		hint hint.Hint
		o    outcome.Outcome
		want bool
	}{
		"after an event": {hint.Hint{Kind: hint.Accepted}, connected, false},
		"after a sweep":  {repeated, connected, true},
		"after the message of a sweep": {hint.Hint{Kind: hint.Checked, Message: &message.Message{Repeated: true}},
			connected, true},
		"after another message": {hint.Hint{Kind: hint.Checked, Message: &message.Message{}},
			connected, false},
		"after a sweep that led to a change":   {repeated, changed, false},
		"after a sweep that removes something": {closes, connected, false},
	} {
		var got recorded
		if err := announce.Publish(t.Context(), &got, tt.hint, tt.o); err != nil {
			t.Fatal(err)
		}
		if got[0].Repeated != tt.want {
			t.Errorf("%s: repeated = %t, want %t", name, got[0].Repeated, tt.want)
		}
		tt.o.Repeated = true
		if with := tt.o.Sealed(time.Time{}); with.ID != connected.Sealed(time.Time{}).ID {
			t.Errorf("%s: a repetition has an id of its own", name)
		}
	}
}

// recorded are the outcomes that were announced.
type recorded []outcome.Outcome

// Announce records the outcomes.
func (r *recorded) Announce(_ context.Context, outcomes ...outcome.Outcome) error {
	*r = append(*r, outcomes...)
	return nil
}

// TestTheChangeThatAllowsADeniedConnection is that of its peering, where it has one: a pair of departments has one
// peering at most.
func TestTheChangeThatAllowsADeniedConnection(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"not-listed":      "add a peering to the policy",
		"wrong-direction": "remove requester from the peering in line 7 of policy.yaml",
		"multipath":       "set multipath: true for the peering in line 7 of policy.yaml",
	} {
		denied := connected
		denied.Type, denied.Reason.Code = outcome.Denied, code
		if denied.Peering = nil; code != "not-listed" {
			denied.Peering = &outcome.Entry{File: "policy.yaml", Line: 7}
		}
		for _, isConnected := range []bool{true, false} {
			if o := announce.ActiveDenied(denied, isConnected, nil); !strings.Contains(o.Next, want) {
				t.Errorf("%s: next is %q, want %q", code, o.Next, want)
			}
		}
	}
}

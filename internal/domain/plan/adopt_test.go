package plan_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// surplus is a route that the policy doesn't want, in a part of the wanted block.
var surplus = leading("172.31.1.0/24", peering.Target(via))

// byHand is a side that a person has connected, with one route that the policy doesn't want.
func byHand(s *plan.Side) {
	s.Connection.Tags = map[string]string{peering.TagName: mine}
	s.Tables = []peering.RouteTable{table("rtb-1", surplus), table("rtb-2")}
}

func madeBy(by peering.Installation, c peering.ConnectionID) []peering.IngressRule {
	r := ruleOf(c, "sgr-1", "sg-elsewhere")
	r.Tags[peering.TagManaged] = string(by)
	return []peering.IngressRule{r}
}

// TestAdoption: without evidence of the installation, the plan that removes a route is proposed and not carried out.
func TestAdoption(t *testing.T) {
	t.Parallel()
	remove := "delete route 172.31.1.0/24 → pcx-new in rtb-1"
	proposal := []string{
		remove, "create route 172.31.0.0/16 → pcx-new in rtb-1", "create route 172.31.0.0/16 → pcx-new in rtb-2",
		"tag pcx-new with autopeer:managed=blue",
	}
	steps := []string{
		"create route 172.31.0.0/16 → pcx-new in rtb-1", "create route 172.31.0.0/16 → pcx-new in rtb-2",
		"tag pcx-new with autopeer:managed=blue", "then " + remove,
	}
	tagged := func(key, value string) func(*plan.Side) {
		return func(s *plan.Side) { s.Connection.Tags[key] = value }
	}
	tests := []struct {
		name           string
		change         func(*plan.Side)
		proposed, made []string
	}{
		{"neither evidence nor consent", func(*plan.Side) {}, proposal, nil},
		{"another installation's rule", func(s *plan.Side) { s.Rules = madeBy("green", via) }, proposal, nil},
		{"a rule for another connection", func(s *plan.Side) { s.Rules = madeBy(installation, "pcx-old") }, proposal, nil},
		{"another value of the tag", tagged(peering.TagAdopt, "yes"), proposal, nil},
		{"the tag of another installation", tagged(peering.TagManaged, "green"), proposal, nil},
		{"the tag of the installation", tagged(peering.TagManaged, string(installation)), nil,
			slices.Concat(steps[:2], steps[3:])},
		{"a rule of the other side in the cell", func(s *plan.Side) { s.Rules = madeBy(installation, via) }, nil, steps},
		{"a rule of the side", func(s *plan.Side) {
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Terms.Allow = allowing(443, 443)
		}, nil, steps},
		{"a person's consent", tagged(peering.TagAdopt, "true"), nil, steps},
		{"the policy's consent", func(s *plan.Side) { s.Terms.Adopt = true }, nil, steps},
		{"without tags of connections", func(s *plan.Side) { s.Terms.Tags = policy.NoTags }, proposal[:3], nil},
		{"only additions", func(s *plan.Side) { s.Tables[0].Routes = nil }, nil, steps[:3]},
		{"a route that is wanted", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer(peering.Target(via), false)), table("rtb-2")}
		}, nil, steps[1:3]},
		{"a dead connection's blackhole", func(s *plan.Side) {
			s.Tables, s.Dead = []peering.RouteTable{table("rtb-1", toPeer(other, true))},
				map[peering.ConnectionID]bool{"pcx-old": true}
		}, nil, []string{"replace route 172.31.0.0/16 → pcx-old by pcx-new in rtb-1", steps[2]}},
		{"another connection's route", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", leading("10.99.0.0/16", "pcx-other"))}
		}, nil, []string{steps[0], steps[2]}},
		{"routes that the policy leaves to others", func(s *plan.Side) {
			s.Terms.Routes.Tables.Scope = policy.NoTables
		}, nil, steps[2:3]},
		{"rules of a dead connection", func(s *plan.Side) {
			s.Tables = nil
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Ours, s.Old = nil, []peering.IngressRule{ruleOf("pcx-old", "sgr-1", "sg-1")}
			s.Old[0].Permission = s.Groups[0].Ingress[0]
			s.Terms.Allow = allowing(443, 443)
		}, nil, []string{"revoke sgr-1 in sg-1", steps[2], "then authorize tcp 443 from 172.31.0.0/16 in sg-1"}},
		{"a conflict, which leaves a narrower route for now", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", leading("172.31.1.0/24", peering.Target(via))),
				table("rtb-2", inTheWay)}
		}, nil, nil},
		{"a conflict beside a rule of a dead connection", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer(peering.Target(via), false)), table("rtb-2", inTheWay)}
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Ours, s.Old = nil, []peering.IngressRule{ruleOf("pcx-old", "sgr-1", "sg-1")}
			s.Old[0].Permission = s.Groups[0].Ingress[0]
			s.Terms.Allow = allowing(443, 443)
		}, nil, steps[2:3]},
		{"an objection, which leaves a narrower route for now", func(s *plan.Side) {
			s.Closing = true
			s.Tables = []peering.RouteTable{table("rtb-1", leading("172.31.1.0/24", peering.Target(via)))}
		}, nil, nil},
		{"a removal alone", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", surplus, toPeer(peering.Target(via), false))}
		}, []string{remove, proposal[3]}, nil},
		{"a hold, which would leave the removal", func(s *plan.Side) {
			s.Connection.Tags[peering.TagHold] = "true"
			s.Tables[0] = table("rtb-1", leading("10.99.0.0/16", peering.Target(via)))
		}, []string{"delete route 10.99.0.0/16 → pcx-new in rtb-1"}, nil},
		{"a conflict, which would leave the removal", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", leading("10.99.0.0/16", peering.Target(via))),
				table("rtb-2", inTheWay)}
		}, []string{"delete route 10.99.0.0/16 → pcx-new in rtb-1", proposal[3]}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) { byHand(s); tt.change(s) }))
			if diff := cmp.Diff(tt.proposed, texts(p.Proposal)); diff != "" || p.NeedsConsent() != (tt.proposed != nil) {
				t.Errorf("needs consent: %v; proposal (-want +got):\n%s", p.NeedsConsent(), diff)
			}
			if diff := cmp.Diff(tt.made, sentences(plan.Plan{Steps: p.Steps})); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if p.NeedsConsent() && (p.State != nil || p.Waits) {
				t.Errorf("the state is %v, and additions wait: %v; want neither in a proposal", p.State, p.Waits)
			}
		})
	}
}

// TestAProposalLacks its additions, except for a tag.
func TestAProposalLacks(t *testing.T) {
	t.Parallel()
	remove := plan.DeleteRoute{Table: "rtb-1", Via: via}
	for name, tt := range map[string]struct {
		changes []plan.Change
		want    bool
	}{
		"none":           {nil, false},
		"a removal":      {[]plan.Change{remove}, false},
		"a tag":          {[]plan.Change{remove, plan.Tag{}}, false},
		"the DNS option": {[]plan.Change{remove, plan.EnableDNS{}}, true},
		"a route":        {[]plan.Change{remove, plan.CreateRoute{}}, true},
	} {
		p := plan.Plan{Proposal: tt.changes}
		if got := p.Lacks(); got != tt.want || len(p.Intended()) != len(tt.changes) {
			t.Errorf("%s: lacks: %v, want %v; intended %v", name, got, tt.want, p.Intended())
		}
	}
}

// TestAProposalHasTheChangesThatConsentAllows: the changes with consent are those that are proposed without it,
// removals first. With evidence, or without the removal of a route, consent makes no difference.
func TestAProposalHasTheChangesThatConsentAllows(t *testing.T) {
	proposed := 0
	rapid.Check(t, func(t *rapid.T) {
		consenting := drawMaybeClosing(t)
		s := consenting
		s.Terms.Adopt = false
		with, without := plan.Connect(consenting), plan.Connect(s)
		hasEvidence := s.Connection.Tags[peering.TagManaged] != "" || len(s.Ours) > 0
		removes := slices.ContainsFunc(with.Changes(), func(c plan.Change) bool { _, ok := c.(plan.DeleteRoute); return ok })
		waits := with.IsObstructed() || s.Closing || s.Connection.IsHeld()
		// a surplus route stays for now, and nothing becomes evidence
		if !hasEvidence && waits && with.OnlyTags() && len(without.Steps) == 0 {
			with.Steps = nil
		}
		if hasEvidence || !removes && (!waits || !without.NeedsConsent()) {
			if diff := cmp.Diff(everything(with), everything(without)); diff != "" || without.NeedsConsent() {
				t.Fatalf("needs consent: %v (-with +without):\n%s", without.NeedsConsent(), diff)
			}
			return
		}
		proposed++
		if diff := cmp.Diff(slices.Sorted(slices.Values(texts(with.Changes()))),
			slices.Sorted(slices.Values(texts(without.Proposal)))); diff != "" || len(without.Steps) > 0 {
			t.Fatalf("steps %v; proposed (-with consent +without):\n%s", without.Steps, diff)
		}
		if isSorted := slices.IsSortedFunc(without.Proposal, removalsFirst); !isSorted {
			t.Fatalf("proposed %v, want removals first", texts(without.Proposal))
		}
	})
	if proposed < 3 {
		t.Errorf("%d sides have a proposal", proposed)
	}
}

func removalsFirst(a, b plan.Change) int {
	switch {
	case plan.Removes(a) == plan.Removes(b):
		return 0
	case plan.Removes(a):
		return -1
	}
	return 1
}

func texts(changes []plan.Change) []string {
	var all []string
	for _, c := range changes {
		all = append(all, c.String())
	}
	return all
}

// TestBothSidesInOneCell: the tag of one side would be evidence for the other, so both are proposed. It is one change.
func TestBothSidesInOneCell(t *testing.T) {
	t.Parallel()
	requester := func(change func(*plan.Side)) plan.Side { return marketing(func(s *plan.Side) { byHand(s); change(s) }) }
	accepter := func(change func(*plan.Side)) plan.Side {
		return marketing(func(s *plan.Side) {
			byHand(s)
			s.Role, s.Connection.Accepter.Blocks = peering.Accepter, s.Connection.Requester.Blocks
			s.Connection.Requester.Blocks = []netip.Prefix{peerBlock}
			s.Tables = []peering.RouteTable{table("rtb-3")}
			change(s)
		})
	}
	tag := "tag pcx-new with autopeer:managed=blue"
	create := []string{"create route 172.31.0.0/16 → pcx-new in rtb-3"}
	tests := []struct {
		name                     string
		sides                    []plan.Side
		proposed, made           []string // of the first side
		otherProposed, otherMade []string
	}{
		{"one side removes a route", []plan.Side{requester(func(s *plan.Side) {
			s.Tables = s.Tables[:1]
		}), accepter(func(*plan.Side) {})},
			[]string{"delete route 172.31.1.0/24 → pcx-new in rtb-1", "create route 172.31.0.0/16 → pcx-new in rtb-1", tag},
			nil, create, nil},
		{"the other side removes one", []plan.Side{accepter(func(*plan.Side) {}), requester(func(s *plan.Side) {
			s.Tables = s.Tables[:1]
		})},
			append(slices.Clone(create), tag), nil,
			[]string{"delete route 172.31.1.0/24 → pcx-new in rtb-1", "create route 172.31.0.0/16 → pcx-new in rtb-1"}, nil},
		{"a complete side comes first", []plan.Side{
			accepter(func(s *plan.Side) {
				s.Tables = []peering.RouteTable{table("rtb-3", toPeer(peering.Target(via), false))}
			}),
			requester(func(s *plan.Side) { s.Tables = s.Tables[:1] }),
		}, []string{tag}, nil,
			[]string{"delete route 172.31.1.0/24 → pcx-new in rtb-1", "create route 172.31.0.0/16 → pcx-new in rtb-1"}, nil},
		{"an obstacle stops the tag of the first side", []plan.Side{
			requester(func(s *plan.Side) { s.Tables[1] = table("rtb-2", inTheWay) }), accepter(func(*plan.Side) {}),
		}, nil, nil, append(slices.Clone(create), tag), nil},
		{"neither does", []plan.Side{accepter(func(*plan.Side) {}), requester(func(s *plan.Side) {
			s.Tables = s.Tables[1:]
		})},
			nil, append(slices.Clone(create), tag), nil, []string{"create route 172.31.0.0/16 → pcx-new in rtb-2"}},
		{"the other side has nothing to change", []plan.Side{requester(func(s *plan.Side) {
			s.Tables = s.Tables[:1]
		}), accepter(func(s *plan.Side) { s.Tables = nil })},
			[]string{"delete route 172.31.1.0/24 → pcx-new in rtb-1", "create route 172.31.0.0/16 → pcx-new in rtb-1", tag},
			nil, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plans := plan.ConnectSides(tt.sides...)
			got := [][]string{texts(plans[0].Proposal), sentences(plan.Plan{Steps: plans[0].Steps}), texts(plans[1].Proposal),
				sentences(plan.Plan{Steps: plans[1].Steps})}
			if diff := cmp.Diff([][]string{tt.proposed, tt.made, tt.otherProposed, tt.otherMade}, got); diff != "" {
				t.Errorf("proposal and steps of each side (-want +got):\n%s", diff)
			}
		})
	}
	if plans := plan.ConnectSides(); len(plans) > 0 {
		t.Errorf("no sides have the plans %v", plans)
	}
}

// TestBeyond: the VPCs to read are those of untagged accepted connections without a known route.
func TestBeyond(t *testing.T) {
	t.Parallel()
	c := requestedBefore(0, "pcx-m", asking, asked)
	active := func(c peering.Connection) peering.Connection { c.State = peering.Active; return c }
	with := func(change func(*peering.Connection)) []peering.Connection {
		o := active(between("pcx-x", third, asking))
		change(&o)
		return []peering.Connection{o}
	}
	routed := []peering.RouteTable{{
		ID: "rtb-a", VPC: asking.ID, Routes: []peering.Route{{Destination: third.Blocks[0], Target: "pcx-x"}},
	}}
	for name, tt := range map[string]struct {
		living []peering.Connection
		tables []peering.RouteTable
		want   []peering.VPCID
	}{
		"none":            {nil, nil, nil},
		"an accepted one": {with(func(*peering.Connection) {}), nil, []peering.VPCID{third.ID}},
		"one in the other direction": {[]peering.Connection{active(between("pcx-x", asked, third))}, nil,
			[]peering.VPCID{third.ID}},
		"two with one VPC": {[]peering.Connection{active(between("pcx-x", asked, third)),
			active(between("pcx-y", asking, third))}, nil, []peering.VPCID{third.ID}},
		"one with a route": {with(func(*peering.Connection) {}), routed, nil},
		"a pending one":    {with(func(o *peering.Connection) { o.State = peering.PendingAcceptance }), nil, nil},
		"a tagged one": {with(func(o *peering.Connection) {
			o.Tags = map[string]string{peering.TagManaged: "green"}
		}), nil, nil},
		"the connection itself": {with(func(o *peering.Connection) { o.ID = "pcx-m" }), nil, nil},
		"one of other VPCs":     {[]peering.Connection{active(between("pcx-x", third, newest))}, nil, nil},
		"one to another cell":   {[]peering.Connection{active(between("pcx-x", asking, distant))}, nil, nil},
		"one of the same VPCs":  {[]peering.Connection{active(between("pcx-x", asking, asked))}, nil, nil},
	} {
		got := plan.Inventory{Living: tt.living, Tables: tt.tables}.Beyond(here, c)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: Beyond() = %v, want %v", name, got, tt.want)
		}
	}
}

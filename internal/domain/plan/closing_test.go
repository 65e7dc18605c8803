package plan_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func leading(destination string, target peering.Target) peering.Route {
	return peering.Route{Destination: netip.MustParsePrefix(destination), Target: target}
}

func tcp(from, to int32, source string) peering.Permission {
	return peering.Permission{Protocol: peering.TCP, From: from, To: to, Source: netip.MustParsePrefix(source)}
}

// group is sg-1 with these rules of ours.
func group(s *plan.Side, ours ...peering.Permission) {
	s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: ours}}
	for i, p := range ours {
		r := ruleOf(via, peering.RuleID("sgr-"+string(rune('1'+i))), "sg-1")
		r.Permission = p
		s.Ours = append(s.Ours, r)
	}
}

// allowing lets sources reach ports of sg-1.
func allowing(from, to int32, sources ...string) []policy.Allow {
	return []policy.Allow{{
		Protocol: peering.TCP, Ports: []policy.PortRange{{From: from, To: to}},
		Sources: policy.Sources{Blocks: prefixes(sources...)},
		Groups:  policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
	}}
}

// inTheWay is the instance's route in the peer's block that obstructs the side.
var inTheWay = leading("172.31.1.66/32", "eni-1")

const conflicting = "conflict: 172.31.1.66/32, which is routed to eni-1 in rtb-1, overlaps 172.31.0.0/16, so that " +
	"can't be routed to pcx-new"

func TestClosing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string
	}{
		{"a rule that no entry allows goes beside a conflict, and the wanted route stays", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false), inTheWay)}
			group(s, tcp(443, 443, "172.31.0.0/16"))
		}, []string{"revoke sgr-1 in sg-1", conflicting, "state: rtb-1 routes 172.31.0.0/16 to pcx-new"}},
		{"so does a route that isn't wanted", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", inTheWay, leading("10.99.0.0/16", "pcx-new"))}
		}, []string{"delete route 10.99.0.0/16 → pcx-new in rtb-1", conflicting}},
		{"additions and options wait, and the tag that is evidence of a connected side does not", func(s *plan.Side) {
			s.Tables, s.Connection.Tags, s.Terms.DNS, s.Connection.RequesterDNS = []peering.RouteTable{table("rtb-1", inTheWay),
				table("rtb-2")}, nil, true, nil
			group(s, tcp(22, 22, "172.31.0.0/16"))
			s.Terms.Allow = allowing(443, 443)
		},
			[]string{"revoke sgr-1 in sg-1", "tag pcx-new with Name=marketing <> finance, autopeer:managed=blue", conflicting}},
		{"a rule goes beside a shortage of another resource", func(s *plan.Side) {
			s.Tables, s.Limits.Routes = []peering.RouteTable{table("rtb-1", leading("10.50.0.0/16", "igw-1"))}, 1
			group(s, tcp(22, 22, "172.31.0.0/16"))
		}, []string{"revoke sgr-1 in sg-1", "shortage: rtb-1 has 1 of 1 IPv4 routes and needs 1 more"}},
		{"a rule goes although the policy objects to the connection, and conflicts don't matter then", func(s *plan.Side) {
			s.Tables, s.Closing = []peering.RouteTable{table("rtb-1", inTheWay)}, true
			group(s, tcp(22, 22, "172.31.0.0/16"))
		}, []string{"revoke sgr-1 in sg-1"}},
		{"a rule that admits a part of the allowed traffic stays until it can be replaced", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false), inTheWay)}
			group(s, tcp(443, 443, "172.31.1.0/24"))
			s.Terms.Allow = allowing(443, 443, "172.31.0.0/16")
		},
			[]string{conflicting, "state: rtb-1 routes 172.31.0.0/16 to pcx-new",
				"state: sg-1 admits tcp 443 from 172.31.1.0/24"}},
		{"so does a route", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", leading("172.31.9.0/24", "pcx-new"), inTheWay)}
		}, []string{conflicting, "state: rtb-1 routes 172.31.9.0/24 to pcx-new"}},
		{"the rule of a dead connection waits with the one that replaces it", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", inTheWay)}
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Ours, s.Old = nil, s.Ours
			s.Terms.Allow = allowing(443, 443)
		}, []string{conflicting, "state: sg-1 admits tcp 443 from 172.31.0.0/16"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, described(plan.Connect(marketing(tt.change)))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// described leaves out the keys of the state.
func described(p plan.Plan) []string {
	all := sentences(p)
	for _, s := range p.Shortages {
		all = append(all, "shortage: "+s.String())
	}
	for _, s := range stateSentences(p) {
		all = append(all, "state: "+s)
	}
	return all
}

// TestNarrowing: the narrower part is added before the wider one goes, beside a conflict too.
func TestNarrowing(t *testing.T) {
	t.Parallel()
	const narrower = "conflict: 172.31.1.66/32, which is routed to eni-1 in rtb-1, overlaps 172.31.1.0/24, so that " +
		"can't be routed to pcx-new"
	narrowed := func(routes ...peering.Route) func(*plan.Side) {
		return func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", append(routes, toPeer("pcx-new", false))...)}
			s.Terms.Routes.To = prefixes("172.31.1.0/24")
		}
	}
	rules := func(ours []peering.Permission, allow []policy.Allow) func(*plan.Side) {
		return func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false), inTheWay)}
			group(s, ours...)
			s.Terms.Allow = allow
		}
	}
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string
	}{
		{"of a route", narrowed(),
			[]string{"create route 172.31.1.0/24 → pcx-new in rtb-1", "then delete route 172.31.0.0/16 → pcx-new in rtb-1"}},
		{"of a route around another one, which keeps its traffic", narrowed(inTheWay),
			[]string{"create route 172.31.1.0/24 → pcx-new in rtb-1",
				"then delete route 172.31.0.0/16 → pcx-new in rtb-1", narrower}},
		{"not to a destination that is another target's", narrowed(leading("172.31.1.0/24", "eni-1")),
			[]string{"delete route 172.31.0.0/16 → pcx-new in rtb-1",
				"conflict: 172.31.1.0/24 is already routed to eni-1 in rtb-1, so it can't be routed to pcx-new"}},
		{"not into traffic that another target has", narrowed(inTheWay, leading("172.31.0.0/20", "igw-1")),
			[]string{"delete route 172.31.0.0/16 → pcx-new in rtb-1", narrower}},
		{"of a rule's block",
			rules([]peering.Permission{tcp(443, 443, "172.31.0.0/16")}, allowing(443, 443, "172.31.1.0/24")),
			[]string{"authorize tcp 443 from 172.31.1.0/24 in sg-1", "then revoke sgr-1 in sg-1", conflicting}},
		{"of a rule's ports", rules([]peering.Permission{tcp(0, 65535, "172.31.0.0/16")}, allowing(443, 444)),
			[]string{"authorize tcp 443-444 from 172.31.0.0/16 in sg-1", "then revoke sgr-1 in sg-1", conflicting}},
		{"to the traffic that two rules admit together",
			rules([]peering.Permission{tcp(1, 99, "172.31.0.0/17"), tcp(50, 200, "172.31.0.0/16"),
				tcp(1, 60, "172.31.128.0/17")},
				allowing(40, 150, "172.31.0.0/16")),
			[]string{"authorize tcp 40-150 from 172.31.0.0/16 in sg-1", "then revoke sgr-1, sgr-2, sgr-3 in sg-1", conflicting}},
		{"not of a rule that is widened elsewhere",
			rules([]peering.Permission{tcp(443, 445, "172.31.0.0/16")}, allowing(444, 446, "172.31.1.0/24")),
			[]string{"revoke sgr-1 in sg-1", conflicting}},
		{"not to a rule that a dead connection has left, which EC2 has only once", func(s *plan.Side) {
			rules([]peering.Permission{tcp(443, 443, "172.31.0.0/16"), tcp(443, 443, "172.31.1.0/24")},
				allowing(443, 443, "172.31.1.0/24"))(s)
			s.Ours, s.Old = s.Ours[:1], s.Ours[1:]
		}, []string{"revoke sgr-1 in sg-1", conflicting}},
		{"not of another group's rule", func(s *plan.Side) {
			rules([]peering.Permission{tcp(443, 443, "172.31.0.0/16")}, allowing(443, 443, "172.31.1.0/24"))(s)
			s.Groups = append(s.Groups, peering.SecurityGroup{ID: "sg-2"})
			s.Terms.Allow[0].Groups.IDs = []peering.SecurityGroupID{"sg-2"}
		}, []string{"revoke sgr-1 in sg-1", conflicting}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, sentences(plan.Connect(marketing(tt.change)))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNarrowingInAFullGroup: additions that fit come first, the rest follows the removal, and closing wins where they
// don't fit.
func TestNarrowingInAFullGroup(t *testing.T) {
	t.Parallel()
	wide := tcp(443, 443, "172.31.0.0/16")
	tests := []struct {
		name    string
		limit   int
		sources []string
		closing bool
		want    []string
	}{
		{"one of one", 1, []string{"172.31.1.0/24"}, false,
			[]string{"revoke sgr-1 in sg-1", "then authorize tcp 443 from 172.31.1.0/24 in sg-1",
				"state: sg-1 admits tcp 443 from 172.31.1.0/24"}},
		{"two of two", 2, []string{"172.31.1.0/24", "172.31.2.0/24"}, false, []string{
			"authorize tcp 443 from 172.31.1.0/24 in sg-1", "then revoke sgr-1 in sg-1",
			"then then authorize tcp 443 from 172.31.2.0/24 in sg-1",
			"state: sg-1 admits tcp 443 from 172.31.1.0/24", "state: sg-1 admits tcp 443 from 172.31.2.0/24",
		}},
		{"two of one", 1, []string{"172.31.1.0/24", "172.31.2.0/24"}, false, []string{
			"revoke sgr-1 in sg-1", "then authorize tcp 443 from 172.31.1.0/24 in sg-1",
			"shortage: sg-1 has 1 of 1 ingress rules for IPv4 and needs 1 more", "state: sg-1 admits tcp 443 from 172.31.1.0/24",
		}},
		{"two of one beside an objection", 1, []string{"172.31.1.0/24", "172.31.2.0/24"}, true, []string{
			"revoke sgr-1 in sg-1", "then authorize tcp 443 from 172.31.1.0/24 in sg-1",
			"shortage: sg-1 has 1 of 1 ingress rules for IPv4 and needs 1 more", "state: sg-1 admits tcp 443 from 172.31.1.0/24",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) {
				group(s, wide)
				s.Terms.Allow, s.Limits.Rules, s.Closing = allowing(443, 443, tt.sources...), tt.limit, tt.closing
			}))
			if diff := cmp.Diff(tt.want, described(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAdditionsThatKeepTrafficComeFirst where there isn't room for both.
func TestAdditionsThatKeepTrafficComeFirst(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		group(s, tcp(443, 443, "172.31.0.0/16"))
		s.Terms.Allow, s.Limits.Rules = append(allowing(22, 22, "172.31.0.0/16"), allowing(443, 443, "172.31.1.0/24")...), 2
	}))
	want := []string{"authorize tcp 443 from 172.31.1.0/24 in sg-1", "then revoke sgr-1 in sg-1",
		"then then authorize tcp 22 from 172.31.0.0/16 in sg-1"}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestAPartWithoutRoomIsNamedBesideAConflict, although the whole plan, which waits, would have had the room.
func TestAPartWithoutRoomIsNamedBesideAConflict(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false), inTheWay)}
		group(s, tcp(443, 443, "172.31.5.0/24"), tcp(443, 443, "172.31.5.0/25"), tcp(80, 80, "172.31.0.0/16"))
		s.Terms.Allow, s.Limits.Rules = append(allowing(443, 443, "172.31.5.0/24"),
			allowing(80, 80, "172.31.1.0/24", "172.31.2.0/24")...), 3
	}))
	want := []string{
		"revoke sgr-3 in sg-1", "then authorize tcp 80 from 172.31.1.0/24 in sg-1", conflicting,
		"shortage: sg-1 has 3 of 3 ingress rules for IPv4 and needs 1 more", "state: rtb-1 routes 172.31.0.0/16 to pcx-new",
		"state: sg-1 admits tcp 443 from 172.31.5.0/24", "state: sg-1 admits tcp 443 from 172.31.5.0/25",
		"state: sg-1 admits tcp 80 from 172.31.1.0/24",
	}
	if diff := cmp.Diff(want, described(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestOnlyAdditionsAreOneStep, as are removals that no addition replaces.
func TestOnlyAdditionsAreOneStep(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1"), table("rtb-2", leading("10.99.0.0/16", "pcx-new"))}
		s.Connection.Tags = map[string]string{peering.TagManaged: string(installation)}
		s.Terms.DNS, s.Connection.RequesterDNS = true, nil
		group(s, tcp(22, 22, "172.31.0.0/16"))
		s.Terms.Allow = allowing(443, 443)
	}))
	if len(p.Steps) != 1 || len(p.Changes()) != 7 {
		t.Errorf("steps = %v, want one of seven changes", p.Steps)
	}
}

// TestTagsComeFirstAndDNSLast, since tags are evidence, and EC2 may refuse the DNS option for good.
func TestTagsComeFirstAndDNSLast(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Connection.Tags, s.Terms.Adopt, s.Terms.DNS, s.Connection.RequesterDNS = nil, true, true, nil
		s.Tables, s.Terms.Routes.To = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))},
			prefixes("172.31.1.0/24")
	}))
	want := []string{
		"create route 172.31.1.0/24 → pcx-new in rtb-1", "tag pcx-new with Name=marketing <> finance, autopeer:managed=blue",
		"then delete route 172.31.0.0/16 → pcx-new in rtb-1", "then let the peer resolve names of the requester of pcx-new",
	}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestWithoutBlocks: while EC2 shows the blocks of one side alone, only rules that no entry names go.
func TestWithoutBlocks(t *testing.T) {
	t.Parallel()
	for name, hide := range map[string]func(*peering.Connection){
		"the peer's": func(c *peering.Connection) { c.Accepter.Blocks = nil },
		"the own":    func(c *peering.Connection) { c.Requester.Blocks = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) {
				s.Tables, s.Connection.Tags = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false),
					leading("10.99.0.0/16", "pcx-new")), table("rtb-2")}, nil
				group(s, tcp(443, 443, "172.31.0.0/16"), tcp(443, 443, "10.99.0.0/16"), tcp(400, 443, "172.31.0.0/16"),
					tcp(22, 22, "172.31.0.0/16"))
				s.Terms.Allow = allowing(443, 443)
				hide(&s.Connection)
			}))
			if diff := cmp.Diff([]string{"revoke sgr-4 in sg-1"}, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

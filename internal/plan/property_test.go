package plan_test

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/cidr"
	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/plan"
	"github.com/autopeer/autopeer/internal/policy"
)

// blocks is a universe small enough for routes, blocks and sources to meet.
var blocks = prefixes("10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/16", "10.2.0.0/16", "2001:db8:0:1::/64", "2001:db8:0:2::/64")

func drawSide(t *rapid.T) plan.Side { return drawSideOf(t, blocks) }

func drawSideOf(t *rapid.T, blocks []netip.Prefix) plan.Side {
	block := rapid.SampledFrom(blocks)
	target := rapid.SampledFrom([]peering.Target{peering.Target(via), other, "pcx-live", "igw-1", "eni-1"})
	route := rapid.Custom(func(t *rapid.T) peering.Route {
		r := peering.Route{Destination: block.Draw(t, "destination"), Target: target.Draw(t, "target"), Blackhole: rapid.Bool().Draw(t, "blackhole")}
		r.Blackhole = r.Blackhole && r.Target != peering.Target(via)
		return r
	})
	id := 0
	tableOf := rapid.Custom(func(t *rapid.T) peering.RouteTable {
		id++
		routes := rapid.SliceOfNDistinct(route, 0, 4, func(r peering.Route) netip.Prefix { return r.Destination }).Draw(t, "routes")
		return peering.RouteTable{ID: peering.RouteTableID(fmt.Sprintf("rtb-%d", id)), Main: id == 1, Gateway: rapid.IntRange(0, 5).Draw(t, "gateway") == 0, Routes: routes}
	})
	permission := rapid.Custom(func(t *rapid.T) peering.Permission {
		p := peering.Permission{Protocol: peering.TCP, Source: block.Draw(t, "source")}
		p.From = rapid.Int32Range(1, 3).Draw(t, "port")
		p.To = p.From
		return p
	})
	group := rapid.Custom(func(t *rapid.T) peering.SecurityGroup {
		id++
		return peering.SecurityGroup{ID: peering.SecurityGroupID(fmt.Sprintf("sg-%d", id)), Tags: map[string]string{"Role": "server"},
			Ingress: rapid.SliceOfNDistinct(permission, 0, 4, rapid.ID).Draw(t, "ingress")}
	})
	s := plan.Side{
		Role: peering.Requester, Own: "a", Peer: "b",
		Connection: peering.Connection{ID: via, State: peering.Active, Accepter: peering.VPC{Blocks: rapid.SliceOfNDistinct(block, 0, 3, rapid.ID).Draw(t, "peer")}},
		Terms: policy.Terms{
			Routes: policy.Routes{
				Tables: policy.Tables{Scope: rapid.SampledFrom([]policy.TableScope{policy.AllTables, policy.MainTable}).Draw(t, "scope")},
				To:     rapid.SliceOfNDistinct(block, 0, 2, rapid.ID).Draw(t, "to"),
				Except: rapid.SliceOfNDistinct(block, 0, 2, rapid.ID).Draw(t, "except"),
			},
			DNS: rapid.Bool().Draw(t, "dns"),
		},
		Tables: rapid.SliceOfN(tableOf, 0, 3).Draw(t, "tables"),
		Groups: rapid.SliceOfN(group, 0, 3).Draw(t, "groups"),
		Dead:   map[peering.ConnectionID]bool{"pcx-old": true},
	}
	for range rapid.IntRange(0, 3).Draw(t, "allows") {
		port := rapid.Int32Range(1, 3).Draw(t, "port")
		s.Terms.Allow = append(s.Terms.Allow, policy.Allow{Protocol: peering.TCP, Groups: policy.Groups{Tags: map[string]string{"Role": "server"}},
			Ports: []policy.PortRange{{From: port, To: port}}, Sources: policy.Sources{Blocks: rapid.SliceOfN(block, 0, 2).Draw(t, "sources")}})
	}
	for _, g := range s.Groups { // some of what is there is ours
		for i, p := range g.Ingress {
			if rapid.Bool().Draw(t, "ours") {
				s.Ours = append(s.Ours, peering.IngressRule{ID: peering.RuleID(fmt.Sprintf("sgr-%s-%d", g.ID, i)), Group: g.ID, Permission: p})
			}
		}
	}
	return s
}

// carryOut does to the side what EC2 would.
func carryOut(s plan.Side, changes []plan.Change) plan.Side {
	s.Tables, s.Groups, s.Ours = slices.Clone(s.Tables), slices.Clone(s.Groups), slices.Clone(s.Ours)
	for _, c := range changes {
		switch c := c.(type) {
		case plan.CreateRoute:
			setRoute(s.Tables, c.Table, c.Destination, peering.Target(c.Via))
		case plan.ReplaceRoute:
			setRoute(s.Tables, c.Table, c.Destination, peering.Target(c.Via))
		case plan.DeleteRoute:
			setRoute(s.Tables, c.Table, c.Destination, "")
		case plan.Authorize:
			for _, p := range c.Permissions {
				s.Ours = append(s.Ours, peering.IngressRule{ID: peering.RuleID(fmt.Sprintf("sgr-new-%d", len(s.Ours))), Group: c.Group, Permission: p})
				editGroup(s.Groups, c.Group, func(have []peering.Permission) []peering.Permission { return append(have, p) })
			}
		case plan.Revoke:
			s.Ours = slices.DeleteFunc(s.Ours, func(r peering.IngressRule) bool {
				gone := slices.Contains(c.Rules, r.ID)
				if gone {
					editGroup(s.Groups, r.Group, func(have []peering.Permission) []peering.Permission {
						return slices.DeleteFunc(have, func(p peering.Permission) bool { return p == r.Permission })
					})
				}
				return gone
			})
		case plan.Tag:
			s.Connection.Tags = c.Tags
		case plan.EnableDNS:
			on := true
			s.Connection.RequesterDNS = &on
		}
	}
	return s
}

func setRoute(tables []peering.RouteTable, id peering.RouteTableID, dst netip.Prefix, target peering.Target) {
	for i := range tables {
		if tables[i].ID != id {
			continue
		}
		tables[i].Routes = slices.DeleteFunc(slices.Clone(tables[i].Routes), func(r peering.Route) bool { return r.Destination == dst })
		if target != "" {
			tables[i].Routes = append(tables[i].Routes, peering.Route{Destination: dst, Target: target})
		}
	}
}

func editGroup(groups []peering.SecurityGroup, id peering.SecurityGroupID, edit func([]peering.Permission) []peering.Permission) {
	for i := range groups {
		if groups[i].ID == id {
			groups[i].Ingress = edit(slices.Clone(groups[i].Ingress))
		}
	}
}

func TestACarriedOutPlanLeavesNothingToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		if len(p.Conflicts) > 0 {
			return
		}
		if again := plan.Connect(carryOut(s, p.Changes)); len(again.Changes) > 0 || len(again.Conflicts) > 0 {
			t.Fatalf("a second plan has %v", words(again))
		}
	})
}

func TestTheOrderOfInputIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		shuffled := s
		random := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		shuffled.Tables, shuffled.Groups, shuffled.Ours = shuffle(random, s.Tables), shuffle(random, s.Groups), shuffle(random, s.Ours)
		shuffled.Connection.Accepter.Blocks = shuffle(random, s.Connection.Accepter.Blocks)
		for i := range shuffled.Tables {
			shuffled.Tables[i].Routes = shuffle(random, shuffled.Tables[i].Routes)
		}
		if diff := cmp.Diff(words(plan.Connect(s)), words(plan.Connect(shuffled))); diff != "" {
			t.Fatalf("another order, another plan:\n%s", diff)
		}
	})
}

func shuffle[T any](random *rand.Rand, all []T) []T {
	all = slices.Clone(all)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func TestNoPlanTouchesWhatIsNotOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		if len(p.Conflicts) > 0 && len(p.Changes) > 0 {
			t.Fatalf("a side with a conflict is changed: %v", words(p))
		}
		after := carryOut(s, p.Changes)
		for i, before := range s.Tables {
			for _, r := range before.Routes {
				live := !r.Blackhole || r.Target != other
				if live && r.Target != peering.Target(via) && !slices.Contains(after.Tables[i].Routes, r) {
					t.Fatalf("%s lost %v", before.ID, r)
				}
			}
		}
		for i, before := range s.Groups {
			for _, perm := range before.Ingress {
				ours := slices.ContainsFunc(s.Ours, func(r peering.IngressRule) bool { return r.Group == before.ID && r.Permission == perm })
				if !ours && !slices.Contains(after.Groups[i].Ingress, perm) {
					t.Fatalf("%s lost %v", before.ID, perm)
				}
			}
		}
	})
}

func TestNothingIsOpenedThatThePolicyDoesNotName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		peer := s.Connection.Accepter.Blocks
		for _, c := range plan.Connect(s).Changes {
			switch c := c.(type) {
			case plan.CreateRoute:
				if !cidr.Covers(peer, c.Destination) || !wanted(s.Terms.Routes, peer, c.Destination) {
					t.Fatalf("%s, and the peer has %v, of which the policy wants %+v", c, peer, s.Terms.Routes)
				}
			case plan.Authorize:
				for _, p := range c.Permissions {
					if !cidr.Covers(peer, p.Source) || !named(s.Terms.Allow, p) {
						t.Fatalf("%s, and the policy doesn't say so", c)
					}
				}
			}
		}
	})
}

// wanted says it in other words than the plan does: chosen, and with no address that is excluded.
func wanted(r policy.Routes, peer []netip.Prefix, dst netip.Prefix) bool {
	chosen := r.To
	if len(chosen) == 0 {
		chosen = peer
	}
	return slices.Contains(chosen, dst) && !slices.ContainsFunc(r.Except, dst.Overlaps)
}

func named(allows []policy.Allow, p peering.Permission) bool {
	return slices.ContainsFunc(allows, func(a policy.Allow) bool {
		source := a.Sources.IsAll() || slices.Contains(a.Sources.Blocks, p.Source)
		return source && a.Protocol == p.Protocol && slices.Contains(a.Ports, policy.PortRange{From: p.From, To: p.To})
	})
}

func TestDisconnectAfterConnectRestoresTheStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		for i := range s.Tables { // nothing of the connection is there at the start, and no leftover
			s.Tables[i].Routes = slices.DeleteFunc(s.Tables[i].Routes, func(r peering.Route) bool { return r.Target == peering.Target(via) || r.Blackhole })
		}
		s.Ours = nil
		after := carryOut(s, plan.Connect(s).Changes)
		gone := carryOut(after, plan.Disconnect(plan.Remains{Connection: via, Tables: after.Tables, Rules: after.Ours}).Changes)
		if diff := cmp.Diff(inventory(s), inventory(gone)); diff != "" {
			t.Fatalf("not as at the start (-want +got):\n%s", diff)
		}
	})
}

func inventory(s plan.Side) []string {
	var all []string
	for _, table := range s.Tables {
		for _, r := range table.Routes {
			all = append(all, fmt.Sprintf("%s %s %s", table.ID, r.Destination, r.Target))
		}
	}
	for _, g := range s.Groups {
		for _, p := range g.Ingress {
			all = append(all, fmt.Sprintf("%s %v", g.ID, p))
		}
	}
	slices.Sort(all)
	return all
}

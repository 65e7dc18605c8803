package plan_test

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// drawMaybeClosing draws a side to which the policy objects now and then, or whose connection is on hold.
func drawMaybeClosing(t *rapid.T) plan.Side {
	s := drawSide(t)
	s.Closing = rapid.IntRange(0, 3).Draw(t, "closing") == 0
	if rapid.IntRange(0, 3).Draw(t, "hold") == 0 {
		s = onHold(s)
	}
	return s
}

// onHold returns the side with its connection on hold.
func onHold(s plan.Side) plan.Side {
	s.Connection.Tags = maps.Clone(s.Connection.Tags)
	if s.Connection.Tags == nil {
		s.Connection.Tags = map[string]string{}
	}
	s.Connection.Tags[peering.TagHold] = "true"
	return s
}

// withoutSwaps returns the side without quotas, without rules for which EC2 has no room beside the same one of this
// connection, which are those of dead connections and stale ones, and without blackholes that disconnect will delete.
func withoutSwaps(s plan.Side) plan.Side {
	s.Limits = policy.Limits{Routes: 1000, Rules: 1000}
	s.Old, s.Dead, s.Ours = nil, nil, slices.Clone(s.Ours)
	for i := range s.Ours {
		s.Ours[i].Stale = false
	}
	return s
}

func waits(s plan.Side, p plan.Plan) bool {
	return s.Closing || s.Connection.IsHeld() || p.IsObstructed()
}

// packet is one packet from the peer, or from a group or prefix list whose addresses are unknown.
type packet struct {
	protocol   peering.Protocol
	port, code int32
	from       netip.Addr
	group      peering.SecurityGroupID
	list       peering.PrefixListID
}

// addresses has one of each part into which the blocks of mixed divide each other.
var addresses = func() []netip.Addr {
	var all []netip.Addr
	for _, a := range []string{
		"10.0.1.5", "10.0.1.200", "10.0.2.5", "10.1.0.5", "10.2.0.5", "10.9.0.5", "8.8.8.8",
		"2001:db8:0:1::5", "2001:db8:0:2::5", "2001:db8:9::5", "2002::5",
	} {
		all = append(all, netip.MustParseAddr(a))
	}
	return all
}()

// packets has one of each part into which the permissions of mixed divide each other.
var packets = func() []packet {
	var all []packet
	for _, p := range []packet{
		{protocol: "tcp", port: 22}, {protocol: "tcp", port: 443}, {protocol: "tcp", port: 80}, {protocol: "udp", port: 22},
		{protocol: "udp", port: 443},
		{protocol: "udp", port: 80}, {protocol: "icmp", port: 8}, {protocol: "icmp", port: 3, code: 4},
		{protocol: "icmp", port: 3, code: 1},
		{protocol: "icmpv6", port: 8}, {protocol: "icmpv6", port: 3, code: 4},
		{protocol: "icmpv6", port: 3, code: 1}, {protocol: "50"},
	} {
		for _, a := range addresses {
			p.from = a
			all = append(all, p)
		}
		p.from = netip.Addr{}
		for _, g := range []peering.SecurityGroupID{"sg-peer-1", "sg-peer-2"} {
			p.group = g
			all = append(all, p)
		}
		p.group = ""
		for _, l := range []peering.PrefixListID{"pl-1", "pl-2"} {
			p.list = l
			all = append(all, p)
		}
	}
	return all
}()

func (p packet) isIn(m peering.Permission) bool {
	if p.group != m.Group || p.list != m.PrefixList || p.from.IsValid() && !m.Source.Contains(p.from) {
		return false
	}
	switch {
	case m.Protocol == peering.AllProtocols:
		return true
	case m.Protocol != p.protocol:
		return false
	case p.protocol == "icmp" || p.protocol == "icmpv6":
		return m.From < 0 || m.From == p.port && (m.To < 0 || m.To == p.code)
	}
	return m.From <= p.port && p.port <= m.To
}

func (p packet) isAdmitted(by []peering.Permission) bool { return slices.ContainsFunc(by, p.isIn) }

// admittedByUs returns the permissions of our rules in the group.
func admittedByUs(s plan.Side, g peering.SecurityGroupID) []peering.Permission {
	var all []peering.Permission
	for _, r := range s.Ours {
		if r.Group == g && !r.Stale {
			all = append(all, r.Permission)
		}
	}
	return all
}

func wantedBy(s plan.Side, g peering.SecurityGroup) []peering.Permission {
	return slices.DeleteFunc(everyPermission(), func(p peering.Permission) bool { return !wantsRule(s, g, p) })
}

// targetOf is where the table leads: the most specific route counts.
func targetOf(t peering.RouteTable, a netip.Addr) peering.Target {
	best := peering.Route{}
	for _, r := range t.Routes {
		if r.Destination.IsValid() && r.Destination.Contains(a) &&
			(!best.Destination.IsValid() || r.Destination.Bits() > best.Destination.Bits()) {
			best = r
		}
	}
	return best.Target
}

// isRouted reports whether the terms route the address to the connection.
func isRouted(s plan.Side, t peering.RouteTable, a netip.Addr) bool {
	return slices.ContainsFunc(mixed.routed, func(dst netip.Prefix) bool {
		return dst.Contains(a) && wantsRoute(s, t, dst)
	})
}

// TestAnObstacleKeepsNothingOpen: for every obstacle, forbidden traffic is closed after the plan.
func TestAnObstacleKeepsNothingOpen(t *testing.T) {
	all, obstructed := 0, map[[3]bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := drawMaybeClosing(t)
		p := plan.Connect(s)
		all++
		if p.Closes() {
			obstructed[[3]bool{s.Closing, len(p.Conflicts) > 0, len(p.Shortages) > 0}]++
		}
		after := carryOut(t, s, p)
		for _, g := range after.Groups {
			ours, want := admittedByUs(after, g.ID), wantedBy(s, g)
			for _, each := range packets {
				if each.isAdmitted(ours) && !each.isAdmitted(want) {
					t.Fatalf("%s still admits %+v by a rule of ours; the terms are %+v, and the plan was %v", g.ID, each,
						s.Terms.Allow, everything(p))
				}
			}
		}
		if s.Terms.Routes.Tables.Scope == policy.NoTables {
			return
		}
		for _, table := range after.Tables {
			for _, r := range table.Routes {
				for _, a := range addresses {
					if isOurRoute(r) && r.Destination.Contains(a) && !isRouted(s, table, a) {
						t.Fatalf("%s still has %v; the terms are %+v, and the plan was %v", table.ID, r, s.Terms.Routes, everything(p))
					}
				}
			}
		}
	})
	if all >= 1000 && len(obstructed) < 4 {
		t.Errorf("%d sides are closed beside %v; want some beside each obstacle", all, obstructed)
	}
}

// TestAnObstructedSideOpensNothing: at no moment is traffic routed or admitted that was not before.
func TestAnObstructedSideOpensNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawMaybeClosing(t)
		p := plan.Connect(s)
		if !waits(s, p) {
			return
		}
		for _, after := range moments(t, s, p) {
			for i, table := range after.Tables {
				for _, a := range addresses {
					if to := targetOf(table, a); to != targetOf(s.Tables[i], a) && to == peering.Target(via) {
						t.Fatalf("%s leads %s to the connection; the plan was %v", table.ID, a, everything(p))
					}
				}
			}
			for i, g := range after.Groups {
				for _, each := range packets {
					if each.isAdmitted(g.Ingress) && !each.isAdmitted(s.Groups[i].Ingress) {
						t.Fatalf("%s admits %+v; the plan was %v", g.ID, each, everything(p))
					}
				}
			}
			if s.Connection.DNS(s.Role) != after.Connection.DNS(s.Role) {
				t.Fatalf("an option is changed: %v", everything(p))
			}
			connected := len(s.Ours) > 0 || slices.ContainsFunc(s.Tables, func(table peering.RouteTable) bool {
				return slices.ContainsFunc(table.Routes, isOurRoute)
			})
			if (!connected || s.Connection.IsHeld()) && !cmp.Equal(s.Connection.Tags, after.Connection.Tags) {
				t.Fatalf("a side without a route or rule, or on hold, is tagged: %v", everything(p))
			}
		}
	})
}

// TestAllowedTrafficIsNeverCut, after any step, while quotas have room. Beside an obstacle that holds for each wanted
// rule that opens nothing: one that admits more than before has to wait.
func TestAllowedTrafficIsNeverCut(t *testing.T) {
	narrowed := 0
	rapid.Check(t, func(t *rapid.T) {
		s := withoutSwaps(drawMaybeClosing(t))
		p := plan.Connect(s)
		if waits(s, p) && len(p.Steps) > 1 {
			narrowed++
		}
		for _, after := range moments(t, s, p) {
			for i, table := range after.Tables {
				for _, a := range addresses {
					before := targetOf(s.Tables[i], a) == peering.Target(via)
					if before && isRouted(s, table, a) && targetOf(table, a) != peering.Target(via) {
						t.Fatalf("%s doesn't lead %s to the connection for a while; the plan was %v", table.ID, a, everything(p))
					}
				}
			}
			for i, g := range after.Groups {
				ours, stays := admittedByUs(s, g.ID), staying(s, s.Groups[i], waits(s, p))
				for _, each := range packets {
					if each.isAdmitted(ours) && each.isAdmitted(stays) && !each.isAdmitted(g.Ingress) {
						t.Fatalf("%s doesn't admit %+v for a while; the plan was %v", g.ID, each, everything(p))
					}
				}
			}
		}
	})
	if narrowed == 0 {
		t.Error("no obstructed side is narrowed")
	}
}

// staying returns the wanted permissions of the group, beside an obstacle only those that open nothing.
func staying(s plan.Side, g peering.SecurityGroup, obstructed bool) []peering.Permission {
	ours := admittedByUs(s, g.ID)
	return slices.DeleteFunc(wantedBy(s, g), func(p peering.Permission) bool {
		return obstructed &&
			slices.ContainsFunc(packets, func(each packet) bool { return each.isIn(p) && !each.isAdmitted(ours) })
	})
}

// TestAnObstructedPlanIsRepeatedWithoutChanges, and with the same state and obstacles, from which the announcement's id
// is made. A part for which a quota has no room is named only by the plan that closes the rest.
func TestAnObstructedPlanIsRepeatedWithoutChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawMaybeClosing(t)
		p := plan.Connect(s)
		if !waits(s, p) {
			return
		}
		again := plan.Connect(carryOut(t, s, p))
		if len(again.Steps) > 0 {
			t.Fatalf("the first plan is %v, the second %v", everything(p), everything(again))
		}
		if again.Waits != p.Waits {
			t.Fatalf("additions wait: %v, and after the plan %v; the plan was %v", p.Waits, again.Waits, everything(p))
		}
		if s.Closing || s.Connection.IsHeld() || len(again.Shortages) < len(p.Shortages) {
			p.Shortages, again.Shortages = nil, nil
		}
		p.Steps = nil
		if diff := cmp.Diff(everything(p), everything(again)); diff != "" {
			t.Fatalf("a second plan differs (-first +second):\n%s", diff)
		}
	})
}

// TestWithoutBlocksNothingIsRemovedThatBlocksCouldWant, for any blocks.
func TestWithoutBlocksNothingIsRemovedThatBlocksCouldWant(t *testing.T) {
	removed := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		blind := plan.Connect(withPeerBlocks(s, nil))
		after := carryOut(t, s, blind)
		removed += len(blind.Changes())
		if slices.ContainsFunc(blind.Changes(), func(c plan.Change) bool { _, revokes := c.(plan.Revoke); return !revokes }) {
			t.Fatalf("without blocks the plan is %v", everything(blind))
		}
		for i, g := range after.Groups {
			for _, each := range packets {
				lost := each.isAdmitted(s.Groups[i].Ingress) && !each.isAdmitted(g.Ingress)
				if lost && each.isAdmitted(wantedBy(s, g)) {
					t.Fatalf("%s no longer admits %+v, which the terms allow with the peer's blocks: %v",
						g.ID, each, everything(blind))
				}
			}
		}
	})
	if removed == 0 {
		t.Error("nothing is ever removed")
	}
}

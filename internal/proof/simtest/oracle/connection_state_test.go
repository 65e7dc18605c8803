package oracle_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// endCase is the end of a run with a scene, in which the result of pcx-1 was announced unless announced is false.
type endCase struct {
	name    string
	prepare func(scene, *oracle.End)
	want    string
}

func checkEnds(t *testing.T, announced bool, tests []endCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			e := oracle.End{Ledger: s.Ledger, Now: now, Deployed: begun, Calmed: begun.Add(10 * time.Minute)}
			if announced {
				e.Announcements = []oracle.Announcement{announcement("Peering Accepted", blueCell, "")}
			}
			tt.prepare(s, &e)
			if got := e.CheckConnection("pcx-1"); got != tt.want {
				t.Errorf("CheckConnection() =\n     %q\nwant %q", got, tt.want)
			}
		})
	}
}

// announcement returns one about pcx-1 that was published half an hour ago, after the last fault.
func announcement(detailType string, cell peering.Cell, side peering.Role) oracle.Announcement {
	return oracle.Announcement{
		At: now.Add(-30 * time.Minute), DetailType: detailType, Connection: "pcx-1", Cell: cell, Side: side,
	}
}

func withNote(a oracle.Announcement, note string) oracle.Announcement {
	a.Notes = append(slices.Clone(a.Notes), note)
	return a
}

// connected prepares an end with the scene connected, changed by some more.
func connected(more ...func(scene)) func(scene, *oracle.End) {
	return func(s scene, _ *oracle.End) {
		s.connect()
		for _, change := range more {
			change(s)
		}
	}
}

func TestADeadConnectionLeavesNothing(t *testing.T) {
	t.Parallel()
	died := func(s scene, remaining func(scene)) {
		s.delete("pcx-1")
		remaining(s)
	}
	nothing := func(scene) {}
	checkEnds(t, true, []endCase{
		{"nothing is left", func(s scene, _ *oracle.End) { died(s, nothing) }, ""},
		{"a route is left", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.route("rtb-blue", "10.1.0.0/16", "pcx-1") })
		},
			"the route 10.1.0.0/16 in rtb-blue remains of pcx-1"},
		{"a rule is left", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.rule("sgr-1", "sg-red", https, "pcx-1") })
		},
			"the rule sgr-1 in sg-red remains of pcx-1"},
		{"a rule that a person has made stays", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.rule("sgr-1", "sg-red", https, "") })
		}, ""},
		{"a route in a VPC of no department stays", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-1") })
			s.member("red").VPC = "vpc-other"
		}, ""},
		{"a route in a VPC outside the range of a department stays", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-1") })
			s.member("red").VPC, s.member("red").Within = "", prefixes("10.9.0.0/16")[0]
		}, ""},
		{"a route in a VPC inside the range of a department is left", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-1") })
			s.member("red").VPC, s.member("red").Within = "", prefixes("10.0.0.0/12")[0]
		}, "the route 10.2.0.0/16 in rtb-red remains of pcx-1"},
		{"a route in a cell without autopeer stays", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.route("rtb-green", "10.2.0.0/16", "pcx-1") })
		}, ""},
		{"a rule in a cell without autopeer stays", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.rule("sgr-1", "sg-green", https, "pcx-1") })
		}, ""},
		{"a route in a cell without autopeer stays, though the VPC has the id of a department's",
			func(s scene, _ *oracle.End) {
				died(s, func(s scene) { s.route("rtb-green", "10.2.0.0/16", "pcx-1") })
				s.RouteTables["rtb-green"].VPC.ID = red.ID
			}, ""},
		{"a route to a gateway stays", func(s scene, _ *oracle.End) {
			died(s, func(s scene) { s.route("rtb-red", "10.2.0.0/16", "igw-1") })
		}, ""},
	})
}

func TestAPendingConnectionHasAReason(t *testing.T) {
	t.Parallel()
	accepts := "pcx-1 is pending, but the policy accepts it"
	active := func(s scene, id string, from, to ledger.VPCKey) { s.request(id, from, to); s.accept(id) }
	checkEnds(t, true, []endCase{
		{"the policy accepts it", func(scene, *oracle.End) {}, accepts},
		{"it needs approval", func(s scene, _ *oracle.End) { s.peering().Manual = true }, ""},
		{"a person has approved", func(s scene, _ *oracle.End) {
			s.peering().Manual = true
			s.tagConnection(blueCell, peering.TagApproved, "true")
		}, accepts},
		{"the policy rejects it", func(s scene, _ *oracle.End) {
			s.Policy.Peerings, s.Policy.Reject = nil, true
		}, "pcx-1 is pending, but the policy rejects it"},
		{"the policy leaves it alone", func(s scene, _ *oracle.End) { s.Policy.Peerings = nil }, ""},
		{"the policy rejects others", func(s scene, _ *oracle.End) { s.peering().Manual, s.Policy.Reject = true, true }, ""},
		{"autopeer isn't deployed where it would be rejected", func(s scene, _ *oracle.End) {
			s.Policy.Reject = true
			s.member("blue").Cell = greenCell
		}, ""},
		{"connections of other VPCs don't count", func(s scene, e *oracle.End) {
			other := ledger.VPCKey{Cell: greenCell, ID: "vpc-other"}
			s.vpc(other, "10.4.0.0/16")
			active(s, "pcx-2", green, other)
			e.Quotas.ActivePeeringsPerVPC = 1
		}, accepts},
		{"a connection that is provisioning counts", func(s scene, e *oracle.End) {
			active(s, "pcx-2", blue, green)
			s.Connections["pcx-2"].Accepted = now
			e.Quotas.ActivePeeringsPerVPC = 1
		}, ""},
		{"49 connections are fewer than EC2 lets a VPC have", func(s scene, _ *oracle.End) {
			for i := range 49 {
				active(s, fmt.Sprintf("pcx-other-%d", i), ledger.VPCKey{Cell: greenCell, ID: fmt.Sprint("vpc-", i)}, blue)
			}
		}, accepts},
		{"50 connections are all that EC2 lets a VPC have", func(s scene, _ *oracle.End) {
			for i := range 50 {
				active(s, fmt.Sprintf("pcx-other-%d", i), ledger.VPCKey{Cell: greenCell, ID: fmt.Sprint("vpc-", i)}, blue)
			}
		}, ""},
		{"a connection in the opposite direction is active", func(s scene, _ *oracle.End) {
			active(s, "pcx-2", blue, red)
		}, ""},
		{"a connection in the opposite direction is dead", func(s scene, _ *oracle.End) {
			active(s, "pcx-2", blue, red)
			s.delete("pcx-2")
		}, accepts},
		{"an older request in the opposite direction is pending", func(s scene, _ *oracle.End) {
			s.request("pcx-0", blue, red)
		}, ""},
		{"a younger request in the opposite direction is pending", func(s scene, _ *oracle.End) {
			s.request("pcx-0", blue, red)
			s.Connections["pcx-0"].Created = begun.Add(time.Second)
		}, accepts},
		{"of two requests of one second the lower id is the older one", func(s scene, _ *oracle.End) {
			s.request("pcx-2", blue, red)
		}, accepts},
		{"an older request in the opposite direction is not allowed", func(s scene, _ *oracle.End) {
			s.request("pcx-0", blue, red)
			s.peering().Requester = "red"
		}, accepts},
		{"autopeer isn't deployed in the accepter's cell", func(s scene, _ *oracle.End) {
			s.member("blue").Cell = greenCell
		}, ""},
		{"a route conflicts", func(s scene, _ *oracle.End) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.route("rtb-blue", "10.1.0.0/24", "igw-1")
		}, ""},
		{"the accepter has as many connections as EC2 lets it", func(s scene, e *oracle.End) {
			active(s, "pcx-2", blue, green)
			e.Quotas.ActivePeeringsPerVPC = 1
		}, ""},
		{"the requester has as many connections as the policy lets it", func(s scene, _ *oracle.End) {
			active(s, "pcx-2", green, red)
			s.Policy.Limits = map[string]int{"peerings": 1}
		}, ""},
		{"a dead connection doesn't count", func(s scene, e *oracle.End) {
			active(s, "pcx-2", blue, green)
			s.delete("pcx-2")
			e.Quotas.ActivePeeringsPerVPC = 1
		}, accepts},
		{"the route table has no room for the expected routes", func(s scene, e *oracle.End) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			e.Quotas.RoutesPerTable = 1 // the local route
		}, ""},
		{"the security group has no room for the expected rules", func(s scene, e *oracle.End) {
			s.peering().Allow = []plainpolicy.Allow{{
				From: "red", To: "blue", IDs: []string{"sg-blue"}, Protocol: "tcp", Sources: prefixes("10.1.0.0/16"),
			}}
			s.rule("sgr-9", "sg-blue", https, "")
			e.Quotas.RulesPerGroup = 1
		}, ""},
		{"a route conflicts on the requester's side", func(s scene, _ *oracle.End) {
			s.route("rtb-red", "10.2.0.0/24", "igw-1")
		}, ""},
		{"a wider route on the requester's side leads elsewhere", func(s scene, _ *oracle.End) {
			s.route("rtb-red", "10.0.0.0/8", "igw-1")
		}, accepts},
		{"the requester's security group has no room for the rules", func(s scene, _ *oracle.End) {
			s.rule("sgr-9", "sg-red", ledger.Permission{Protocol: "-1", From: -1, To: -1, Block: https.Block}, "")
			s.Policy.Limits = map[string]int{"rules": 1}
		}, ""},
		{"an earlier request of the two VPCs waits", func(s scene, _ *oracle.End) { s.rival(-time.Second) }, ""},
		{"a later request of the two VPCs waits", func(s scene, _ *oracle.End) { s.rival(time.Second) }, accepts},
		{"a later request of the two VPCs was accepted", func(s scene, _ *oracle.End) {
			s.rival(time.Second)
			s.accept("pcx-2")
		}, ""},
		{"an earlier request of the two VPCs is dead", func(s scene, _ *oracle.End) {
			s.rival(-time.Second)
			s.delete("pcx-2")
		}, accepts},
	})
}

func TestOtherStates(t *testing.T) {
	t.Parallel()
	checkEnds(t, true, []endCase{
		{"provisioning doesn't last", func(s scene, e *oracle.End) {
			s.accept("pcx-1")
			e.Now = begun.Add(time.Minute)
		}, "pcx-1 is still provisioning"},
		{"initiating doesn't last", func(_ scene, e *oracle.End) { e.Now = begun }, "pcx-1 is still initiating"},
	})
}

func TestAnActiveConnectionIsAsThePolicyWantsIt(t *testing.T) {
	t.Parallel()
	checkEnds(t, true, []endCase{
		{"it is", connected(), ""},
		{"a route is missing", connected(func(s scene) {
			clear(s.RouteTables["rtb-blue"].Routes)
		}), "the accepter side of pcx-1: rtb-blue has no route to 10.1.0.0/16"},
		{"a route is too much", connected(func(s scene) { s.route("rtb-red", "10.9.0.0/16", "pcx-1") }),
			"the requester side of pcx-1: rtb-red still has a route to 10.9.0.0/16, which the policy forbids"},
		{"a route is narrower than the wanted one", connected(func(s scene) { s.route("rtb-red", "10.2.1.0/24", "pcx-1") }),
			"the requester side of pcx-1: rtb-red has a route to 10.2.1.0/24 that the policy doesn't want"},
		{"other routes stay", connected(func(s scene) { s.route("rtb-red", "0.0.0.0/0", "igw-1") }), ""},
		{"a rule is missing", connected(func(s scene) {
			clear(s.Rules)
		}), "the requester side of pcx-1: sg-red has no rule for tcp 443 to 443 from 10.2.0.0/16"},
		{"a person's rule with the permission suffices", connected(func(s scene) { clear(s.Tags["sgr-1"]) }), ""},
		{"a rule is too much", connected(func(s scene) { s.peering().Allow = nil }),
			"the requester side of pcx-1: sg-red still has a rule for tcp 443 to 443 from " +
				"10.2.0.0/16, which the policy forbids"},
		{"a rule is narrower than the wanted one", connected(func(s scene) {
			s.rule("sgr-2", "sg-red", ledger.Permission{Protocol: "tcp", From: 443, To: 443, Block: prefixes("10.2.1.0/24")[0]},
				"pcx-1")
		}),
			"the requester side of pcx-1: sg-red has a rule for tcp 443 to 443 from 10.2.1.0/24 that the policy doesn't want"},
		{"other rules of a person stay", connected(func(s scene) {
			s.rule("sgr-9", "sg-red", ledger.Permission{Protocol: "-1", Block: https.Block}, "")
		}), ""},
		{"all security groups are checked", connected(func(s scene) {
			s.SecurityGroups["sg-web"] = &ledger.SecurityGroup{ID: "sg-web", VPC: red}
			s.peering().Allow = append(s.peering().Allow, plainpolicy.Allow{
				From: "blue", To: "red", IDs: []string{"sg-web"}, Protocol: "all",
			})
		}), "the requester side of pcx-1: sg-web has no rule for -1 -1 to -1 from 10.2.0.0/16"},
		{"a rule that refers to a group may be missing", connected(func(s scene) {
			s.peering().Allow = append(s.peering().Allow, plainpolicy.Allow{
				From: "blue", To: "red", IDs: []string{"sg-red"}, Protocol: "tcp", SourceGroups: []string{"sg-blue"},
			})
		}), ""},
		{"it isn't managed in a cell", connected(func(s scene) {
			delete(s.Tags["pcx-1@"+redCell.String()], peering.TagManaged)
		}),
			"the requester side of pcx-1: the connection has no tags in the cell"},
		{"it has no name in a cell", connected(func(s scene) { delete(s.Tags["pcx-1@"+blueCell.String()], peering.TagName) }),
			"the accepter side of pcx-1: the connection has no tags in the cell"},
		{"a cell without autopeer may lack everything", connected(func(s scene) {
			s.Policy.Departments = s.Policy.Departments[:1]
			clear(s.RouteTables["rtb-blue"].Routes)
		}), ""},
		{"the policy has no peering and keeps connections", connected(func(s scene) { s.Policy.Peerings = nil }), ""},
		{"the policy has no peering and disconnects, but not in a cell without autopeer", connected(func(s scene) {
			s.Policy.Departments, s.Policy.Peerings, s.Policy.Disconnect = s.Policy.Departments[:1], nil, true
			clear(s.RouteTables["rtb-red"].Routes)
			clear(s.Rules)
			s.rule("sgr-2", "sg-blue", https, "pcx-1")
		}), ""},
		{"the policy has no peering and disconnects", connected(func(s scene) {
			s.Policy.Peerings, s.Policy.Disconnect = nil, true
		}),
			"the requester side of pcx-1: the route 10.2.0.0/16 in rtb-red remains of pcx-1"},
	})
}

func TestTheDNSOptionIsSet(t *testing.T) {
	t.Parallel()
	const want = "the requester side of pcx-1: the DNS option isn't set"
	dns := func(set bool, announced ...oracle.Announcement) func(scene, *oracle.End) {
		return func(s scene, e *oracle.End) {
			s.connect()
			s.peering().DNS = true
			s.Connections["pcx-1"].DNS[peering.Requester] = set
			s.Connections["pcx-1"].DNS[peering.Accepter] = true
			e.Announcements = append(e.Announcements, announced...)
		}
	}
	asConnected := announcement("Peering Connected", redCell, peering.Requester)
	before := asConnected
	before.At = begun
	another := asConnected
	another.Connection = "pcx-2"
	checkEnds(t, true, []endCase{
		{"on a side that was announced as connected", dns(false, asConnected), want},
		{"but not on the other side", dns(false, announcement("Peering Connected", blueCell, peering.Accepter)), ""},
		{"but not if that was under an earlier policy", dns(false, before), ""},
		{"but not if it was announced otherwise", dns(false, announcement("Drift Found", redCell, peering.Requester)), ""},
		{"but not if another connection was", dns(false, another), ""},
		{"but not if EC2 refused it since",
			dns(false, asConnected, announcement("Peering Failed", redCell, peering.Requester)), ""},
		{"but not if a note describes the refusal",
			dns(false, withNote(asConnected, "the DNS option of the requester is not set: ")), ""},
		{"also with another note", dns(false, withNote(asConnected, "rtb-1 serves no subnet: ")), want},
		{"also if EC2 refused it before", dns(false, announcement("Peering Failed", redCell, peering.Requester), asConnected),
			want},
		{"it is", dns(true, asConnected), ""},
	})
}

func TestConflictsAndShortagesAreAnnounced(t *testing.T) {
	t.Parallel()
	conflict := connected(func(s scene) {
		clear(s.RouteTables["rtb-red"].Routes)
		s.route("rtb-red", "10.2.3.0/24", "igw-1")
	})
	// No room for the route of rtb-red.
	short := func(s scene, e *oracle.End) {
		s.connect()
		clear(s.RouteTables["rtb-red"].Routes)
		e.Quotas.RoutesPerTable = 1
	}
	with := func(prepare func(scene, *oracle.End), a oracle.Announcement) func(scene, *oracle.End) {
		return func(s scene, e *oracle.End) {
			prepare(s, e)
			e.Announcements = append(e.Announcements, a)
		}
	}
	early := func(a oracle.Announcement) oracle.Announcement { a.At = begun.Add(5 * time.Minute); return a }
	another := announcement("Peering Conflicting", redCell, "")
	another.Connection = "pcx-2"
	// No room for a rule that refers to a group, which is all that is missing.
	shortOfReference := connected(func(s scene) {
		s.peering().Allow = append(s.peering().Allow, plainpolicy.Allow{
			From: "blue", To: "red", IDs: []string{"sg-red"}, Protocol: "tcp", SourceGroups: []string{"sg-blue"},
		})
		s.Policy.Limits = map[string]int{"rules": 1}
	})
	const (
		conflictWant = "the requester side of pcx-1: it conflicts with the route 10.2.3.0/24 in " +
			"rtb-red, which wasn't announced"
		shortWant = "the requester side of pcx-1: a quota doesn't suffice, which wasn't announced"
	)
	checkEnds(t, true, []endCase{
		{"a conflict without an announcement", conflict, conflictWant},
		{"a conflict", with(conflict, announcement("Peering Conflicting", redCell, "")), ""},
		{"a conflict of the other cell", with(conflict, announcement("Peering Conflicting", blueCell, "")), conflictWant},
		{"a conflict that was announced before the last fault",
			with(conflict, early(announcement("Peering Conflicting", redCell, ""))), conflictWant},
		{"a failure isn't a conflict", with(conflict, announcement("Peering Failed", redCell, "")), conflictWant},
		{"a conflict of another connection", with(conflict, another), conflictWant},
		{"a conflict with the route of a dead connection is none", connected(func(s scene) {
			s.request("pcx-2", red, green)
			s.delete("pcx-2")
			s.route("rtb-red", "10.2.3.0/24", "pcx-2")
		}), ""},
		{"a conflict with the route of a pending connection", connected(func(s scene) {
			s.request("pcx-2", red, green)
			s.route("rtb-red", "10.2.3.0/24", "pcx-2")
		}), conflictWant},

		{"a shortage without an announcement", short, shortWant},
		{"a shortage", with(short, announcement("Peering Failed", redCell, "")), ""},
		{"a shortage that was announced before the last fault",
			with(short, early(announcement("Peering Failed", redCell, ""))), shortWant},
		{"a shortage by the policy's limit", func(s scene, e *oracle.End) {
			short(s, e)
			e.Quotas.RoutesPerTable, s.Policy.Limits = 0, map[string]int{"routes": 1}
		}, shortWant},
		{"a shortage of rules", connected(func(s scene) {
			clear(s.Rules)
			s.rule("sgr-9", "sg-red", ledger.Permission{Protocol: "-1", From: -1, To: -1, Block: https.Block}, "")
			s.Policy.Limits = map[string]int{"rules": 1}
		}), shortWant},
		{"a full table that lacks nothing", func(s scene, e *oracle.End) { s.connect(); e.Quotas.RoutesPerTable = 1 }, ""},
		{"a shortage for a rule that refers to a group without an announcement", shortOfReference, shortWant},
		{"a shortage for a rule that refers to a group, announced at any time, also before the deployment",
			func(s scene, e *oracle.End) {
				with(shortOfReference, early(announcement("Peering Failed", redCell, "")))(s, e)
				e.Deployed = begun.Add(10 * time.Minute)
			}, ""},
		{"a policy's limit above the quota", func(s scene, e *oracle.End) {
			short(s, e)
			s.Policy.Limits = map[string]int{"routes": 9}
		}, shortWant},
		{"a group that is full of rules of the other family", connected(func(s scene) {
			clear(s.Rules)
			for i := range 60 {
				s.rule(fmt.Sprintf("sgr-other-%d", i), "sg-red",
					ledger.Permission{Protocol: "tcp", From: i, To: i, Block: prefixes("2600::/56")[0]}, "")
			}
		}), "the requester side of pcx-1: sg-red has no rule for tcp 443 to 443 from 10.2.0.0/16"},
		{"a group that is full of rules that refer to groups", connected(func(s scene) {
			clear(s.Rules)
			fillGroup(s, 60)
		}), shortWant},
		{"a group with room for one more rule", connected(func(s scene) {
			clear(s.Rules)
			fillGroup(s, 59)
		}), "the requester side of pcx-1: sg-red has no rule for tcp 443 to 443 from 10.2.0.0/16"},
		{"a table that is full of routes", connected(func(s scene) { fillTable(s, 499) }), shortWant},
		{"a table whose VPC has a local route of the other family", connected(func(s scene) {
			s.block(red, "2600:1::/56")
			clear(s.RouteTables["rtb-red"].Routes)
			s.Policy.Limits = map[string]int{"routes": 2}
			s.route("rtb-blue", "2600:1::/56", "pcx-1")
		}), "the requester side of pcx-1: rtb-red has no route to 10.2.0.0/16"},
		{"a group that is full of rules that refer to groups lacks an IPv6 rule", connected(func(s scene) {
			s.block(blue, "2600:2::/56")
			s.route("rtb-red", "2600:2::/56", "pcx-1")
			fillGroup(s, 60)
		}), shortWant},
		{"a table with room for one more route", connected(func(s scene) { fillTable(s, 498) }),
			"the requester side of pcx-1: rtb-red has no route to 10.2.0.0/16"},
		{"a shortage of IPv6 routes alone", connected(func(s scene) {
			s.block(red, "2600:1::/56")
			s.block(blue, "2600:2::/56")
			s.Policy.Limits = map[string]int{"routes": 2}
			s.route("rtb-red", "2600:9::/56", "igw-1")
		}), shortWant},
		{"wanted permissions that a person has admitted need no room", connected(func(s scene) {
			s.Policy.Limits = map[string]int{"rules": 2}
			s.peering().Allow[0].Ports = [][2]int{{443, 443}, {22, 22}}
		}), "the requester side of pcx-1: sg-red has no rule for tcp 22 to 22 from 10.2.0.0/16"},
		{"the families are counted apart", func(s scene, e *oracle.End) {
			s.connect()
			for i := range 5 {
				s.route("rtb-red", fmt.Sprintf("2600:%d::/56", i), "igw-1")
			}
			clear(s.RouteTables["rtb-blue"].Routes)
			s.route("rtb-blue", "10.1.0.0/16", "pcx-1")
			delete(s.RouteTables["rtb-red"].Routes, prefixes("10.2.0.0/16")[0])
			e.Quotas.RoutesPerTable = 2
		}, "the requester side of pcx-1: rtb-red has no route to 10.2.0.0/16"},
	})
}

// fillGroup adds rules to sg-red that refer to groups.
func fillGroup(s scene, n int) {
	for i := range n {
		s.rule(fmt.Sprintf("sgr-other-%d", i), "sg-red",
			ledger.Permission{Protocol: "tcp", From: i, To: i, Group: "sg-other"}, "")
	}
}

// fillTable replaces all routes of rtb-red by others.
func fillTable(s scene, n int) {
	clear(s.RouteTables["rtb-red"].Routes)
	for i := range n {
		s.route("rtb-red", fmt.Sprintf("10.100.%d.%d/32", i/250, i%250), "igw-1")
	}
}

func TestBlocksThatAreNotPermittedAreAnnounced(t *testing.T) {
	t.Parallel()
	const want = "the requester side of pcx-1: 100.64.0.0/16 of vpc-blue isn't permitted, which wasn't announced"
	prepare := func(s scene, e *oracle.End, notes ...string) *oracle.Announcement {
		s.connect()
		s.member("blue").CIDRs = prefixes("10.2.0.0/16")
		s.block(blue, "100.64.0.0/16")
		e.Calmed = begun
		inBlue := announcement("Peering Connected", blueCell, peering.Accepter)
		inBlue.Notes = []string{"100.64.0.0/16 of vpc-blue is neither routed nor admitted: blue has only 10.2.0.0/16"}
		a := announcement("Peering Connected", redCell, peering.Requester)
		a.Notes = notes
		e.Announcements = []oracle.Announcement{inBlue, a}
		return &e.Announcements[1]
	}
	const note = "100.64.0.0/16 of vpc-blue is neither routed nor admitted: blue has only 10.2.0.0/16"
	checkEnds(t, false, []endCase{
		{"announced", func(s scene, e *oracle.End) { prepare(s, e, "another note", note) }, ""},
		{"without a note", func(s scene, e *oracle.End) { prepare(s, e) }, want},
		{"with another note", func(s scene, e *oracle.End) { prepare(s, e, "another note") }, want},
		{"for another connection", func(s scene, e *oracle.End) { prepare(s, e, note).Connection = "pcx-2" }, want},
		{"by another cell", func(s scene, e *oracle.End) { prepare(s, e, note).Cell = greenCell }, want},
		{"for the other side", func(s scene, e *oracle.End) { prepare(s, e, note).Side = peering.Accepter }, want},
		{"before the last fault", func(s scene, e *oracle.End) { prepare(s, e, note).At = begun }, want},
		{"the block is permitted", func(s scene, e *oracle.End) {
			prepare(s, e)
			s.member("blue").CIDRs = append(s.member("blue").CIDRs, prefixes("100.64.0.0/10")...)
			s.route("rtb-red", "100.64.0.0/16", "pcx-1")
			s.rule("sgr-2", "sg-red",
				ledger.Permission{Protocol: "tcp", From: 443, To: 443, Block: prefixes("100.64.0.0/16")[0]}, "pcx-1")
		}, ""},
	})
}

func TestTheResultOfARequestIsAnnounced(t *testing.T) {
	t.Parallel()
	const want = "the result of the request pcx-1 was never announced"
	// A pending request that waits for approval, which announces nothing.
	waits := func(s scene) { s.peering().Manual = true }
	checkEnds(t, false, []endCase{
		{"without an announcement", func(s scene, _ *oracle.End) { s.connect() }, want},
		{"another connection's doesn't count", func(s scene, e *oracle.End) {
			s.connect()
			a := announcement("Peering Connected", redCell, peering.Requester)
			a.Connection = "pcx-2"
			e.Announcements = []oracle.Announcement{a}
		}, want},
		{"drift is no result", func(s scene, e *oracle.End) {
			s.connect()
			e.Announcements = []oracle.Announcement{announcement("Drift Found", redCell, peering.Requester)}
		}, want},
		{"a denial is", func(s scene, e *oracle.End) {
			s.connect()
			e.Announcements = []oracle.Announcement{announcement("Peering Denied", redCell, "")}
		}, ""},
		{"there are dead letters", func(s scene, e *oracle.End) { s.connect(); e.DeadLetters = true }, ""},
		{"the policy was deployed after the request", func(s scene, e *oracle.End) {
			s.connect()
			e.Deployed = begun.Add(time.Second)
		}, ""},
		{"autopeer is in neither cell", func(s scene, _ *oracle.End) {
			s.delete("pcx-1")
			s.member("red").Cell, s.member("blue").Cell = greenCell, greenCell
		}, ""},
		{"autopeer isn't in the requester's cell, so it gets no event", func(s scene, _ *oracle.End) {
			s.delete("pcx-1")
			s.member("red").Cell = greenCell
		}, ""},
		{"autopeer is in neither cell of a pending request", func(s scene, _ *oracle.End) {
			s.member("red").Cell, s.member("blue").Cell = greenCell, greenCell
		}, ""},
		{"autopeer isn't in the accepter's cell", func(s scene, _ *oracle.End) {
			s.delete("pcx-1")
			s.member("blue").Cell = greenCell
		}, want},
		{"autopeer isn't in the requester's cell, and a sweep finds the pending request", func(s scene, _ *oracle.End) {
			s.member("red").Cell = greenCell
		}, want},

		{"an event was lost, and the request is over", func(s scene, e *oracle.End) {
			s.delete("pcx-1")
			e.LostEvents = map[string]bool{"pcx-1": true}
		}, ""},
		{"an event was lost, and a sweep finds the pending request", func(s scene, e *oracle.End) {
			waits(s)
			e.LostEvents = map[string]bool{"pcx-1": true}
		}, want},
		{"an event was lost, and the sweep comes later", func(s scene, e *oracle.End) {
			waits(s)
			e.LostEvents = map[string]bool{"pcx-1": true}
			e.Now = begun.Add(35 * time.Minute)
		}, ""},
		{"an event was lost, and the sweep failed", func(s scene, e *oracle.End) {
			waits(s)
			e.LostEvents, e.FailedSweeps = map[string]bool{"pcx-1": true}, map[peering.Cell]bool{blueCell: true}
		}, ""},
		{"an event was lost, and the requester's sweep failed", func(s scene, e *oracle.End) {
			waits(s)
			e.LostEvents, e.FailedSweeps = map[string]bool{"pcx-1": true}, map[peering.Cell]bool{redCell: true}
		}, ""},
		{"an event was lost, and the sweep has come just now", func(s scene, e *oracle.End) {
			waits(s)
			e.LostEvents = map[string]bool{"pcx-1": true}
			e.Now = begun.Add(35*time.Minute + 1)
		}, want},
		{"an event was lost, and the request has a conflict", func(s scene, e *oracle.End) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.route("rtb-blue", "10.1.0.0/24", "igw-1")
			e.LostEvents = map[string]bool{"pcx-1": true}
		}, ""},
	})
}

package oracle_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// callCase is a call in a scene that prepare has changed.
type callCase struct {
	name    string
	prepare func(scene)
	call    ledger.Record
	want    string
}

func checkCalls(t *testing.T, tests []callCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			if tt.prepare != nil {
				tt.prepare(s)
			}
			if got := oracle.CheckCall(s.Ledger, oracle.Quotas{}, tt.call); got != tt.want {
				t.Errorf("CheckCall(%s) =\n     %q\nwant %q", tt.call.Call, got, tt.want)
			}
		})
	}
}

func TestOnlySomeFunctionsMayMakeACall(t *testing.T) {
	t.Parallel()
	checkCalls(t, []callCase{
		{
			"no function deletes a connection", nil,
			record("disconnect", redCell, "DeleteVpcPeeringConnection", object{"vpcPeeringConnectionId": "pcx-1"}, nil),
			"autopeer-disconnect called DeleteVpcPeeringConnection, which no function may call",
		},
		{
			"connect doesn't accept", nil,
			record("connect", blueCell, "AcceptVpcPeeringConnection", object{"vpcPeeringConnectionId": "pcx-1"}, nil),
			"autopeer-connect called AcceptVpcPeeringConnection, which only [accept] may call",
		},
		{
			"disconnect doesn't create routes", scene.connect,
			record("disconnect", redCell, "CreateRoute",
				object{"routeTableId": "rtb-red", "destinationCidrBlock": "10.2.0.0/16", "vpcPeeringConnectionId": "pcx-1"}, nil),
			"autopeer-disconnect called CreateRoute, which only [connect] may call",
		},
		{
			"the sweep doesn't delete routes", scene.connect,
			record("sweep", redCell, "DeleteRoute", object{"routeTableId": "rtb-red", "destinationCidrBlock": "10.2.0.0/16"},
				nil),
			"autopeer-sweep called DeleteRoute, which only [connect disconnect] may call",
		},
	})
}

func TestAcceptingARequest(t *testing.T) {
	t.Parallel()
	const (
		noPeering = "pcx-1 was accepted, but no peering lets vpc-red in 111111111111/us-east-1 request a connection to " +
			"vpc-blue in 222222222222/us-east-1"
		wrongBlocks  = "pcx-1 was accepted, but the CIDR blocks of its VPCs overlap or are not those in the policy"
		withoutLeave = "pcx-1 was accepted without approval"
	)
	manual := func(s scene) { s.peering().Manual = true }
	checkCalls(t, []callCase{
		{"the policy has a peering", nil, accept(blueCell), ""},
		{"the connection was never requested", func(s scene) {
			delete(s.Connections, "pcx-1")
		}, accept(blueCell), "pcx-1 was accepted, but was never requested"},
		{"there is no policy", func(s scene) { s.Policy = nil }, accept(blueCell), noPeering},
		{"the policy has no peering", func(s scene) { s.Policy.Peerings = nil }, accept(blueCell), noPeering},
		{"the requester is of no department", func(s scene) {
			s.member("red").VPC = "vpc-other"
		}, accept(blueCell), noPeering},
		{"a VPC of another account has the requester's id", func(s scene) {
			s.member("red").Cell = greenCell
		}, accept(blueCell), noPeering},
		{"the other department must request", func(s scene) { s.peering().Requester = "blue" }, accept(blueCell), noPeering},
		{"this department must request", func(s scene) { s.peering().Requester = "red" }, accept(blueCell), ""},
		{"the peering lists the departments in the other order", func(s scene) {
			s.peering().A, s.peering().B = "blue", "red"
		}, accept(blueCell), ""},
		{"the peering is of red and another", func(s scene) { s.peering().B = "green" }, accept(blueCell), noPeering},
		{"the peering is of another and blue", func(s scene) { s.peering().A = "green" }, accept(blueCell), noPeering},
		{"the peering is of blue and another", func(s scene) {
			s.peering().A, s.peering().B = "blue", "green"
		}, accept(blueCell), noPeering},
		{"the peering is of another and red", func(s scene) {
			s.peering().A, s.peering().B = "green", "red"
		}, accept(blueCell), noPeering},
		{"the blocks of two VPCs of the cell overlap", func(s scene) {
			s.member("red").Cell = blueCell
			inBlue := ledger.VPCKey{Cell: blueCell, ID: red.ID}
			s.VPCs[inBlue] = &ledger.VPC{VPCKey: inBlue, Blocks: prefixes("10.2.128.0/17")}
			s.Connections["pcx-1"].Requester = inBlue
		}, accept(blueCell), wrongBlocks},
		{"the accepter has a block that its cidrs leave out", func(s scene) {
			s.member("blue").CIDRs = prefixes("10.2.0.0/17")
		}, accept(blueCell), wrongBlocks},
		{"the accepter has a further block of its department", func(s scene) {
			s.member("blue").CIDRs = prefixes("10.2.0.0/16")
			s.block(blue, "100.64.0.0/16")
			s.Policy.Add("blue", plainpolicy.Member{
				Cell: blueCell, Within: prefixes("10.9.0.0/16")[0], Also: prefixes("100.64.0.0/10"),
			})
		}, accept(blueCell), ""},
		{"the accepter has the blocks of its cidrs", func(s scene) {
			s.member("blue").CIDRs = prefixes("10.2.0.0/15")
		}, accept(blueCell), ""},
		{"the cidrs of another department don't matter", func(s scene) {
			other := plainpolicy.Member{Cell: blueCell, VPC: blue.ID, CIDRs: prefixes("10.7.0.0/16")}
			s.Policy.Departments = append([]plainpolicy.Department{{Name: "other", Members: []plainpolicy.Member{other}}},
				s.Policy.Departments...)
		}, accept(blueCell), ""},
		{"the cidrs of another VPC of the department don't matter", func(s scene) {
			other := plainpolicy.Member{Cell: blueCell, VPC: "vpc-other", CIDRs: prefixes("10.7.0.0/16")}
			elsewhere := plainpolicy.Member{Cell: greenCell, VPC: blue.ID, CIDRs: prefixes("10.7.0.0/16")}
			s.Policy.Departments[1].Members = []plainpolicy.Member{other, elsewhere, *s.member("blue")}
		}, accept(blueCell), ""},
		{"the requester has a block that its cidrs leave out", func(s scene) {
			s.member("red").CIDRs = prefixes("10.1.0.0/17")
		}, accept(blueCell), wrongBlocks},

		{"no person has approved", manual, accept(blueCell), withoutLeave},
		{"a person has approved", func(s scene) {
			manual(s)
			s.tagConnection(blueCell, peering.TagApproved, "true")
		}, accept(blueCell), ""},
		{"the tag is false", func(s scene) {
			manual(s)
			s.tagConnection(blueCell, peering.TagApproved, "false")
		}, accept(blueCell), withoutLeave},
		{"the tag is in the requester's cell", func(s scene) {
			manual(s)
			s.tagConnection(redCell, peering.TagApproved, "true")
		}, accept(blueCell), withoutLeave},

		{"a route for the destination exists", func(s scene) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.route("rtb-blue", "10.1.0.0/24", "igw-1")
		}, accept(blueCell), "pcx-1 was accepted, but it conflicts with the route 10.1.0.0/24 in rtb-blue"},
		{"a wider route to an internet gateway doesn't conflict", func(s scene) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.route("rtb-blue", "10.0.0.0/8", "igw-1")
		}, accept(blueCell), ""},
		{"a wider route to an active connection exists", func(s scene) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.request("pcx-2", blue, green)
			s.accept("pcx-2")
			s.route("rtb-blue", "10.0.0.0/8", "pcx-2")
		}, accept(blueCell), "pcx-1 was accepted, but it conflicts with the route 10.0.0.0/8 in rtb-blue"},
		{"a route to a pending connection conflicts", func(s scene) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.request("pcx-2", blue, green)
			s.route("rtb-blue", "10.1.0.0/16", "pcx-2")
		}, accept(blueCell), "pcx-1 was accepted, but it conflicts with the route 10.1.0.0/16 in rtb-blue"},
		{"a route to the request itself doesn't conflict", func(s scene) {
			s.route("rtb-blue", "10.1.0.0/16", "pcx-1")
		}, accept(blueCell), ""},
		{"a route of a dead connection doesn't conflict", func(s scene) {
			s.member("red").CIDRs = prefixes("10.1.0.0/16")
			s.request("pcx-2", blue, green)
			s.delete("pcx-2")
			s.route("rtb-blue", "10.1.0.0/16", "pcx-2")
		}, accept(blueCell), ""},
		{"the peer's blocks are known if its VPC is of the same cell", func(s scene) {
			s.member("red").Cell = blueCell
			inBlue := ledger.VPCKey{Cell: blueCell, ID: red.ID}
			s.VPCs[inBlue] = &ledger.VPC{VPCKey: inBlue, Blocks: prefixes("10.1.0.0/16")}
			s.Connections["pcx-1"].Requester = inBlue
			s.route("rtb-blue", "10.1.0.0/16", "igw-1")
		}, accept(blueCell), "pcx-1 was accepted, but it conflicts with the route 10.1.0.0/16 in rtb-blue"},
		{"a destination that isn't the requester's is not wanted", func(s scene) {
			s.peering().Routes["blue"] = plainpolicy.Routing{To: prefixes("10.2.0.0/17")}
			s.block(blue, "10.2.0.0/20")
		}, accept(blueCell), ""},
		{"a route elsewhere for a source alone doesn't conflict", func(s scene) {
			s.peering().Routes["blue"] = plainpolicy.Routing{To: prefixes("10.1.9.0/24")}
			s.peering().Allow = []plainpolicy.Allow{{
				From: "red", To: "blue", IDs: []string{"sg-blue"}, Protocol: "tcp", Sources: prefixes("10.1.7.0/24"),
			}}
			s.route("rtb-blue", "10.1.7.0/24", "igw-1")
		}, accept(blueCell), ""},
	})
}

func TestRejectingARequest(t *testing.T) {
	t.Parallel()
	const want = "pcx-1 was rejected, but the policy doesn't reject it"
	unlisted := func(s scene) { s.Policy.Reject, s.Policy.Peerings = true, nil }
	checkCalls(t, []callCase{
		{"the policy rejects requests without a peering", unlisted, reject(blueCell), ""},
		{"the policy leaves requests without a peering alone", func(s scene) {
			s.Policy.Peerings = nil
		}, reject(blueCell), want},
		{"the policy has a peering", func(s scene) { s.Policy.Reject = true }, reject(blueCell), want},
		{"the policy has a peering that asks for approval", func(s scene) {
			s.Policy.Reject, s.peering().Manual = true, true
		}, reject(blueCell), want},
		{"the request is unknown", func(s scene) { unlisted(s); delete(s.Connections, "pcx-1") }, reject(blueCell), want},
		{"a VPC has no peering with itself", func(s scene) {
			s.Policy.Reject = true
			for _, department := range []string{"red", "blue"} {
				m := s.member(department)
				m.Cell, m.VPC, m.Within = blueCell, "", prefixes("10.0.0.0/8")[0]
			}
			s.Connections["pcx-1"].Requester = blue
		}, reject(blueCell), ""},
		{"there is no policy", func(s scene) { s.Policy = nil }, reject(blueCell), want},
	})
}

func TestTaggingAConnection(t *testing.T) {
	t.Parallel()
	const notAllowed = "pcx-1 was tagged, but the policy doesn't allow the connection"
	active := func(s scene) { s.accept("pcx-1") }
	checkCalls(t, []callCase{
		{"an active connection is marked as managed", active, createTags(peering.TagManaged, "autopeer"), ""},
		{"it gets a name", active, createTags(peering.TagName, "red <> blue"), ""},
		{"it keeps the name that it has", func(s scene) { active(s); s.tagConnection(redCell, peering.TagName, "mine") },
			createTags(peering.TagName, "red <> blue"), "pcx-1 was tagged with Name, which autopeer must not set"},
		{"a name in the other cell doesn't matter", func(s scene) {
			active(s)
			s.tagConnection(blueCell, peering.TagName, "mine")
		},
			createTags(peering.TagName, "red <> blue"), ""},
		{"autopeer doesn't approve", active, createTags(peering.TagApproved, "true"),
			"pcx-1 was tagged with autopeer:approved, which autopeer must not set"},
		{"the connection is pending", nil, createTags(peering.TagManaged, "autopeer"), notAllowed},
		{"the connection is provisioning", func(s scene) {
			s.Connections["pcx-1"].Accepted = now
		}, createTags(peering.TagManaged, "autopeer"), notAllowed},
		{"the connection is dead", func(s scene) {
			active(s)
			s.delete("pcx-1")
		}, createTags(peering.TagManaged, "autopeer"), notAllowed},
		{"the policy has no peering", func(s scene) {
			active(s)
			s.Policy.Peerings = nil
		}, createTags(peering.TagManaged, "autopeer"), notAllowed},
		{"there is no policy", func(s scene) {
			active(s)
			s.Policy = nil
		}, createTags(peering.TagManaged, "autopeer"), notAllowed},
	})
}

func TestChangingTheDNSOption(t *testing.T) {
	t.Parallel()
	const want = "the DNS option of pcx-1 was changed, but the policy doesn't set it"
	checkCalls(t, []callCase{
		{"the policy sets it", func(s scene) { s.accept("pcx-1"); s.peering().DNS = true }, modifyOptions(), ""},
		{"the policy doesn't", func(s scene) { s.accept("pcx-1") }, modifyOptions(), want},
		{"the connection isn't active", func(s scene) { s.peering().DNS = true }, modifyOptions(), want},
	})
}

func TestCreatingARoute(t *testing.T) {
	t.Parallel()
	const want = "10.2.0.0/16 was routed to pcx-1 in rtb-red, but the policy doesn't want the route"
	active := func(s scene) { s.accept("pcx-1") }
	checkCalls(t, []callCase{
		{"the policy allows the connection", active, changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16"), ""},
		{"the connection isn't active", nil, changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16"), want},
		{"the destination is a part of the peer's block", active, changeRoute("CreateRoute", "rtb-red", "10.2.0.0/24"),
			"10.2.0.0/24 was routed to pcx-1 in rtb-red, but the policy doesn't want the route"},
		{"the route table is of another cell", active, changeRoute("CreateRoute", "rtb-blue", "10.2.0.0/16"),
			"10.2.0.0/16 was routed to pcx-1 in rtb-blue, but the policy doesn't want the route"},
		{"the route table is unknown", active, changeRoute("CreateRoute", "rtb-none", "10.2.0.0/16"),
			"10.2.0.0/16 was routed to pcx-1 in rtb-none, but the policy doesn't want the route"},
		{"the blocks overlap", func(s scene) {
			active(s)
			s.block(blue, "10.1.5.0/24")
		}, changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16"), want},
		{"the requester has a block that its cidrs leave out", func(s scene) {
			active(s)
			s.member("red").CIDRs = prefixes("10.1.0.0/17")
		},
			changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16"), ""},
		{"the peer has another block that its cidrs leave out", func(s scene) {
			active(s)
			s.member("blue").CIDRs = prefixes("10.2.0.0/16")
			s.block(blue, "100.64.0.0/16")
		}, changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16"), ""},
		{"the route table is of another VPC of the cell", func(s scene) {
			active(s)
			s.vpc(ledger.VPCKey{Cell: redCell, ID: "vpc-pink"}, "10.4.0.0/16")
		}, changeRoute("CreateRoute", "rtb-pink", "10.2.0.0/16"),
			"10.2.0.0/16 was routed to pcx-1 in rtb-pink, but the policy doesn't want the route"},
		{"the peer has a block that its cidrs leave out", func(s scene) {
			active(s)
			s.member("blue").CIDRs = prefixes("10.2.0.0/17")
		}, changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16"), want},
		{"the target is a gateway", active,
			record("connect", redCell, "CreateRoute",
				object{"routeTableId": "rtb-red", "destinationCidrBlock": "10.2.0.0/16", "gatewayId": "igw-1"}, nil),
			"10.2.0.0/16 was routed to igw-1 in rtb-red, but the policy doesn't want the route"},
	})
}

func TestReplacingARoute(t *testing.T) {
	t.Parallel()
	replace := changeRoute("ReplaceRoute", "rtb-red", "10.2.0.0/16")
	another := func(s scene) {
		s.accept("pcx-1")
		s.request("pcx-2", red, green)
		s.accept("pcx-2")
		s.route("rtb-red", "10.2.0.0/16", "pcx-2")
	}
	checkCalls(t, []callCase{
		{"the route leads to a dead connection", func(s scene) { another(s); s.delete("pcx-2") }, replace, ""},
		{"the route leads to an active connection", another, replace,
			"the route 10.2.0.0/16 → pcx-2 in rtb-red was replaced, but it isn't left from a dead connection"},
		{"the route leads to a pending connection", func(s scene) {
			another(s)
			s.Connections["pcx-2"].Accepted = time.Time{}
		}, replace,
			"the route 10.2.0.0/16 → pcx-2 in rtb-red was replaced, but it isn't left from a dead connection"},
		{"the route leads to a gateway", func(s scene) {
			s.accept("pcx-1")
			s.route("rtb-red", "10.2.0.0/16", "igw-1")
		}, replace,
			"the route 10.2.0.0/16 → igw-1 in rtb-red was replaced, but it isn't left from a dead connection"},
		{"the policy doesn't want the new route", func(s scene) {
			another(s)
			s.delete("pcx-2")
			s.Policy.Peerings = nil
		}, replace,
			"10.2.0.0/16 was routed to pcx-1 in rtb-red, but the policy doesn't want the route"},
	})
}

func TestDeletingARoute(t *testing.T) {
	t.Parallel()
	remove := record("disconnect", redCell, "DeleteRoute",
		object{"routeTableId": "rtb-red", "destinationCidrBlock": "10.2.0.0/16"}, nil)
	const route = "the route 10.2.0.0/16 → pcx-1 in rtb-red was deleted, but "
	unlisted := func(s scene) { s.connect(); s.Policy.Peerings = nil }
	checkCalls(t, []callCase{
		{"the policy wants the route", scene.connect, remove, route + "the policy wants it"},
		{"the policy wants the route, and disconnects others", func(s scene) {
			s.connect()
			s.Policy.Disconnect = true
		}, remove, route + "the policy wants it"},
		{"the connection is unknown", func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-9") }, remove, ""},
		{"there is no policy", func(s scene) { s.connect(); s.Policy = nil }, remove,
			route + "the policy neither allows nor removes the connection"},
		{"the VPC may be of a department by its range", func(s scene) {
			s.connect()
			s.delete("pcx-1")
			s.member("red").VPC, s.member("red").Within = "", prefixes("10.9.0.0/16")[0]
		}, remove, ""},
		{"the connection isn't active yet", func(s scene) {
			s.connect()
			s.Policy.Peerings, s.Policy.Disconnect = nil, true
			s.Connections["pcx-1"].Accepted = now
		}, remove, route + "the policy neither allows nor removes the connection"},
		{"the connection is dead", func(s scene) { s.connect(); s.delete("pcx-1") }, remove, ""},
		{"the policy routes elsewhere", func(s scene) {
			s.connect()
			s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.0.0/24")}
		}, remove,
			route[:len(route)-6] + " before there was another one to 10.2.0.0/24, which the policy allows before and after"},
		{"the policy routes elsewhere, where the other route is", func(s scene) {
			s.connect()
			s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.0.0/24")}
			s.route("rtb-red", "10.2.0.0/24", "pcx-1")
		}, remove, ""},
		{"the policy routes elsewhere, where a part leads to a gateway before and after", func(s scene) {
			s.connect()
			s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.0.0/24")}
			s.route("rtb-red", "10.2.0.0/23", "igw-1")
		}, remove, ""},
		{"the policy routes elsewhere, and the last addresses have no other route", func(s scene) {
			s.connect()
			s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.0.0/24")}
			s.route("rtb-red", "10.2.0.0/25", "pcx-1")
		}, remove,
			route[:len(route)-6] + " before there was another one to 10.2.0.0/24, which the policy allows before and after"},
		{"the policy routes elsewhere, and the table is full", func(s scene) {
			s.connect()
			s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.0.0/24")}
			s.Policy.Limits = map[string]int{"routes": 2}
		}, remove, ""},
		{"the policy routes elsewhere in other tables", func(s scene) {
			s.connect()
			s.peering().Routes["red"] = plainpolicy.Routing{Tables: []string{"rtb-other"}}
		}, remove, ""},
		{"the policy routes elsewhere, and the blocks overlap", func(s scene) {
			s.connect()
			s.overlap()
			s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.9.0.0/16")}
		}, remove, ""},
		{"the policy has no peering and disconnects", func(s scene) { unlisted(s); s.Policy.Disconnect = true }, remove, ""},
		{"the policy has no peering and keeps connections", unlisted, remove,
			route + "the policy neither allows nor removes the connection"},
		{"the connection was never managed", func(s scene) {
			unlisted(s)
			s.Policy.Disconnect = true
			clear(s.Tags["pcx-1@"+redCell.String()])
			clear(s.Rules)
		}, remove,
			route + "the policy neither allows nor removes the connection"},
		{"only a rule is evidence", func(s scene) {
			unlisted(s)
			s.Policy.Disconnect = true
			clear(s.Tags["pcx-1@"+redCell.String()])
		}, remove, ""},
		{"a cell of the connection retires", func(s scene) {
			unlisted(s)
			s.Policy.Retired = []peering.Cell{blueCell}
		}, remove, ""},
		{"another cell retires", func(s scene) { unlisted(s); s.Policy.Retired = []peering.Cell{greenCell} }, remove,
			route + "the policy neither allows nor removes the connection"},
		{"the connection is so new that EC2 may not show it", func(s scene) {
			unlisted(s)
			s.Connections["pcx-1"].Created = now.Add(-20*time.Second + 1)
		}, remove, ""},
		{"the connection is just old enough to be shown", func(s scene) {
			unlisted(s)
			s.Connections["pcx-1"].Created = now.Add(-20 * time.Second)
		}, remove,
			route + "the policy neither allows nor removes the connection"},
		{"the route leads to a gateway", func(s scene) { s.connect(); s.route("rtb-red", "10.2.0.0/16", "igw-1") }, remove,
			"the route 10.2.0.0/16 → igw-1 in rtb-red was deleted, but it leads to no connection"},
		{"the VPC is of no department", func(s scene) {
			s.connect()
			s.delete("pcx-1")
			clear(s.Tags)
			s.member("red").VPC = "vpc-other"
		}, remove,
			"a route of vpc-red was deleted, but the VPC belongs to no department, and nothing " +
				"shows that autopeer made the route"},
		{"the VPC is of no department any more", func(s scene) {
			s.connect()
			s.delete("pcx-1")
			s.member("red").VPC = "vpc-other"
		}, remove, ""},
		{"the route table was deleted meanwhile", func(s scene) { delete(s.RouteTables, "rtb-red") }, remove, ""},
	})
}

func TestMakingARule(t *testing.T) {
	t.Parallel()
	active := func(s scene) { s.accept("pcx-1") }
	ssh := https
	ssh.From, ssh.To = 22, 22
	wider := https
	wider.Block = netip.MustParsePrefix("10.0.0.0/8")
	checkCalls(t, []callCase{
		{"the policy wants it", active, authorize(https, "pcx-1"), ""},
		{"a mesh wants it", func(s scene) { active(s); s.mesh() }, authorize(https, "pcx-1"), ""},
		{"a mesh that the policy doesn't have", func(s scene) {
			active(s)
			s.mesh()
			s.peering().B = "blue"
		}, authorize(https, "pcx-1"),
			`sg-red was made to admit tcp 443 to 443 from 10.2.0.0/16 for "pcx-1", but the policy doesn't want the rule`},
		{"a source of the VPC itself", func(s scene) {
			active(s)
			s.mesh()
			s.peering().Allow[0].Sources = prefixes("10.1.0.0/24")
		}, authorize(https, "pcx-1"),
			`sg-red was made to admit tcp 443 to 443 from 10.2.0.0/16 for "pcx-1", but the policy doesn't want the rule`},
		{"other ports", active, authorize(ssh, "pcx-1"),
			`sg-red was made to admit tcp 22 to 22 from 10.2.0.0/16 for "pcx-1", but the policy doesn't want the rule`},
		{"a wider source", active, authorize(wider, "pcx-1"),
			`sg-red was made to admit tcp 443 to 443 from 10.0.0.0/8 for "pcx-1", but the policy doesn't want the rule`},
		{"without a tag", active, authorize(https, ""),
			`sg-red was made to admit tcp 443 to 443 from 10.2.0.0/16 for "", but the policy doesn't want the rule`},
		{"the connection isn't active", nil, authorize(https, "pcx-1"),
			`sg-red was made to admit tcp 443 to 443 from 10.2.0.0/16 for "pcx-1", but the policy doesn't want the rule`},
		{"the group was deleted", func(s scene) { active(s); delete(s.SecurityGroups, "sg-red") }, authorize(https, "pcx-1"),
			`sg-red was made to admit tcp 443 to 443 from 10.2.0.0/16 for "pcx-1", but the policy doesn't want the rule`},
		{"the group is of another VPC", func(s scene) {
			active(s)
			s.SecurityGroups["sg-red"].VPC = green
		}, authorize(https, "pcx-1"),
			`sg-red was made to admit tcp 443 to 443 from 10.2.0.0/16 for "pcx-1", but the policy doesn't want the rule`},
	})
}

func TestRevokingARule(t *testing.T) {
	t.Parallel()
	const needed = "sgr-1 of sg-red was revoked, but pcx-1 still needs it"
	unlisted := func(s scene) { s.connect(); s.Policy.Peerings = nil }
	// A rule that the policy wants, which refers to a security group of the peer.
	referring := func(s scene) {
		s.connect()
		s.peering().Allow[0].SourceGroups = []string{"sg-blue"}
		s.Rules["sgr-1"].Permission = ledger.Permission{Protocol: "tcp", From: 443, To: 443, Group: "sg-blue"}
	}
	checkCalls(t, []callCase{
		{"the policy wants it", scene.connect, revoke(), needed},
		{"the policy doesn't want it", func(s scene) { s.connect(); s.peering().Allow = nil }, revoke(), ""},
		{"the policy wants a part of it", func(s scene) {
			s.connect()
			s.peering().Allow[0].Sources = prefixes("10.2.0.0/24")
		}, revoke(),
			"sgr-1 of sg-red was revoked before there was another rule for tcp 443 to 443 from 10.2.0.0/24, which the policy " +
				"allows before and after"},
		{"the policy wants a part of it, for which there is a rule", func(s scene) {
			s.connect()
			s.peering().Allow[0].Sources = prefixes("10.2.0.0/24")
			s.rule("sgr-2", "sg-red", ledger.Permission{Protocol: "tcp", From: 0, To: 500, Block: prefixes("10.2.0.0/24")[0]},
				"")
		}, revoke(), ""},
		{"the policy wants a part of it, and the group is full", func(s scene) {
			s.connect()
			s.peering().Allow[0].Sources = prefixes("10.2.0.0/24")
			s.Policy.Limits = map[string]int{"rules": 1}
		}, revoke(), ""},
		{"the policy wants two parts of it, and the group has room for one", func(s scene) {
			s.connect()
			s.peering().Allow[0].Sources = prefixes("10.2.0.0/24", "10.2.1.0/24")
			s.Policy.Limits = map[string]int{"rules": 2}
		}, revoke(), ""},
		{"the policy wants a part of it, and the group has room for that alone", func(s scene) {
			s.connect()
			s.peering().Allow[0].Sources = prefixes("10.2.0.0/24")
			s.peering().Allow = append(s.peering().Allow, plainpolicy.Allow{
				From: "blue", To: "red", IDs: []string{"sg-red"}, Protocol: "tcp", SourceGroups: []string{"sg-blue"},
			})
			s.Policy.Limits = map[string]int{"rules": 3}
		}, revoke(),
			"sgr-1 of sg-red was revoked before there was another rule for tcp 443 to 443 from 10.2.0.0/24, which the policy " +
				"allows before and after"},
		{"the policy wants a part of it with more ports", func(s scene) {
			s.connect()
			s.peering().Allow[0].Sources, s.peering().Allow[0].Ports = prefixes("10.2.0.0/24"), [][2]int{{443, 444}}
		}, revoke(), ""},
		{"the blocks overlap", func(s scene) {
			s.connect()
			s.overlap()
			s.peering().Allow = nil
		}, revoke(), ""},
		{"the connection is dead", func(s scene) { s.connect(); s.delete("pcx-1") }, revoke(), ""},
		{"a person has made it", func(s scene) { s.connect(); clear(s.Tags["sgr-1"]) }, revoke(),
			"sgr-1 of sg-red was revoked, but it has no connection tag, so autopeer hasn't made it"},
		{"the rule is unknown", nil, revoke(), "an unknown rule was revoked: sgr-1"},
		{"all rules of a call are checked", func(s scene) {
			s.connect()
			s.rule("sgr-2", "sg-red", ledger.Permission{Protocol: "tcp", From: 22, To: 22, Block: https.Block}, "pcx-1")
		}, revoke("sgr-2", "sgr-1"), needed},
		{"disconnect revokes too", func(s scene) { s.connect(); s.delete("pcx-1") },
			record("disconnect", redCell, "RevokeSecurityGroupIngress", nil,
				object{"revokedSecurityGroupRuleSet": items(object{"securityGroupRuleId": "sgr-1"})}), ""},
		{"there is no policy", func(s scene) { s.connect(); s.Policy = nil }, revoke(), needed},
		{"the policy has no peering and keeps connections", unlisted, revoke(), needed},
		{"the policy has no peering and disconnects", func(s scene) {
			unlisted(s)
			s.Policy.Disconnect = true
		}, revoke(), ""},
		{"it refers to a group of the peer", referring, revoke(), needed},
		{"it refers to a group that was deleted", func(s scene) {
			referring(s)
			delete(s.SecurityGroups, "sg-blue")
		}, revoke(), ""},
		{"it refers to a group of a VPC that is no peer", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = green
		}, revoke(), ""},
		{"it refers to a group of the VPC itself, which is no source", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = red
		}, revoke(), ""},
		{"it refers to a group of a VPC that requested a connection", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = green
			s.request("pcx-2", green, red)
			s.accept("pcx-2")
		}, revoke(), needed},
		{"it refers to a group of a peer's peer", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = green
			s.request("pcx-2", green, blue)
			s.accept("pcx-2")
		}, revoke(), ""},
		{"it refers to a group of a VPC with which another has a connection", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = green
			s.request("pcx-2", blue, green)
			s.accept("pcx-2")
		}, revoke(), ""},
		{"it refers to a group of a VPC other than one that requested a connection", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = green
			s.request("pcx-2", ledger.VPCKey{Cell: redCell, ID: "vpc-pink"}, red)
			s.accept("pcx-2")
		}, revoke(), ""},
		{"it refers to a group of a former peer", func(s scene) {
			referring(s)
			s.SecurityGroups["sg-blue"].VPC = green
			s.request("pcx-2", red, green)
			s.accept("pcx-2")
			s.delete("pcx-2")
		}, revoke(), ""},
	})
}

package reach_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// question is a row of the tables: a query to a world after some steps, and the sentence that answers it.
type question struct {
	name  string
	steps step
	query reach.Query
	code  reach.Code // empty where it is reachable
	want  string     // the blocker's sentence
}

// ask runs the questions, each on a world of its own.
func ask(t *testing.T, base step, questions []question) {
	t.Helper()
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			got := new(world).after(base, q.steps).Check(q.query)
			if got.Blocker.Code != q.code || got.Blocker.Sentence != q.want {
				t.Errorf("Check(%+v) =\n%s: %s\nwant\n%s: %s", q.query, got.Blocker.Code, got.Blocker.Sentence, q.code, q.want)
			}
			if got.Reachable != (q.code == "") {
				t.Errorf("Check(%+v).Reachable = %v with blocker %q", q.query, got.Reachable, got.Blocker.Code)
			}
		})
	}
}

var (
	threeDepartments = steps(
		vpc("marketing", "10.10.0.0/16"), vpc("finance", "172.31.0.0/16"), vpc("developer", "10.20.0.0/16"),
		route("rtb-marketing", "0.0.0.0/0 igw-1"),
	)
	marketingPeered = peer("marketing", "finance")
	marketingRouted = steps(marketingPeered,
		route("rtb-marketing", "172.31.0.0/16 pcx-marketingfinance"),
		route("rtb-finance", "10.10.0.0/16 pcx-marketingfinance"))
	marketingDone = steps(marketingRouted, ingress("sg-finance", icmpFrom("10.10.0.0/16")))
	developerDone = steps(peer("developer", "finance"),
		route("rtb-developer", "172.31.0.0/16 pcx-developerfinance"),
		route("rtb-finance", "10.20.0.0/16 pcx-developerfinance"),
		ingress("sg-finance", icmpFrom("10.20.0.0/16")))
)

func TestMarketingFinance(t *testing.T) {
	t.Parallel()
	const (
		noRoute = "no route in rtb-marketing leads to 172.31.0.0/16 (0.0.0.0/0 leads to igw-1)"
		denied  = "network ACL acl-finance rule 90 denies icmp from 10.10.0.5 (ingress of subnet-finance)"
	)
	denyICMP := acl("acl-finance", entry(90, false, false, icmpFrom("0.0.0.0/0")))
	ask(t, threeDepartments, []question{
		{"before anything there is no route", nil, ping("marketing", "finance"), reach.NoRoute, noRoute},
		{"a connection alone carries nothing", marketingPeered, ping("marketing", "finance"), reach.NoRoute, noRoute},
		{"routes alone do not open the group", marketingRouted, ping("marketing", "finance"), reach.Ingress,
			"sg-finance admits no icmp from 10.10.0.0/16"},
		{"with routes and a rule ping works, and the answer needs no rule", marketingDone,
			ping("marketing", "finance"), "", ""},
		{"traffic without an agreement stays closed", marketingDone, tcp("marketing", "finance", 22), reach.Ingress,
			"sg-finance admits no tcp 22 from 10.10.0.0/16"},
		{"a rule has a direction", marketingDone, ping("finance", "marketing"), reach.Ingress,
			"sg-marketing admits no icmp from 172.31.0.0/16"},
		{"the policy may open the other direction", steps(marketingDone, ingress("sg-marketing", icmpFrom("172.31.0.0/16"))),
			ping("finance", "marketing"), "", ""},
		{"a second connection works on the same table", steps(marketingDone, developerDone),
			ping("developer", "finance"), "", ""},
		{"a second connection leaves the first alone", steps(marketingDone, developerDone),
			ping("marketing", "finance"), "", ""},
		{"two spokes do not reach one another", steps(marketingDone, developerDone),
			ping("marketing", "developer"), reach.NotTransitive,
			"peering is not transitive: vpc-marketing and vpc-developer are peered with vpc-finance and not with one another; " +
				"no route in rtb-marketing leads to 10.20.0.0/16 (0.0.0.0/0 leads to igw-1)"},
		{"a route through the hub does not help the spokes",
			steps(marketingDone, developerDone, route("rtb-marketing", "10.20.0.0/16 pcx-marketingfinance")),
			ping("marketing", "developer"), reach.NotTransitive,
			"peering is not transitive: the route to 10.20.0.0/16 in rtb-marketing leads by " +
				"pcx-marketingfinance into vpc-finance, which does not hold 10.20.0.5 and passes nothing on"},
		{"spokes with a connection of their own lack only the route",
			steps(marketingDone, developerDone, peer("marketing", "developer"), state(peering.PendingAcceptance)),
			ping("marketing", "developer"), reach.NoRoute,
			"no route in rtb-marketing leads to 10.20.0.0/16 (0.0.0.0/0 leads to igw-1)"},
		{"a network ACL is named with its rule", steps(marketingDone, denyICMP), ping("marketing", "finance"),
			reach.NetworkACL, denied},
	})
}

func TestTwoByHand(t *testing.T) {
	t.Parallel()
	base := steps(vpc("1", "10.1.0.0/16"), vpc("2", "10.2.0.0/16"),
		ingress("sg-2", tcpFrom("0.0.0.0/0", 22, 22)),
		peer("1", "2"), route("rtb-1", "10.2.0.0/16 pcx-12"), route("rtb-2", "10.1.0.0/16 pcx-12"))
	ask(t, base, []question{
		{"ping fails on a group that admits ssh only", nil, ping("1", "2"), reach.Ingress,
			"sg-2 admits no icmp from 10.1.0.0/16"},
		{"ssh works", nil, tcp("1", "2", 22), "", ""},
		{"ping works once it is admitted", ingress("sg-2", icmpFrom("10.1.0.0/16")), ping("1", "2"), "", ""},
	})
	ask(t, steps(vpc("1", "10.1.0.0/16"), vpc("2", "10.1.0.0/16"), peer("1", "2"), state(peering.Failed)), []question{
		{"of two VPCs with the same blocks each sees only itself", nil, ping("1", "2"), reach.Elsewhere,
			"10.1.0.5 belongs to subnet-1 itself, but i-2 is in vpc-2"},
	})
}

func TestSubnetOnly(t *testing.T) {
	t.Parallel()
	base := steps(vpc("a", "10.1.0.0/16"), vpc("b", "10.2.0.0/16"), subnet("other", "a", 7),
		ingress("sg-a", tcpFrom("203.0.113.9/32", 22, 22)), ingress("sg-b", tcpFrom("10.1.0.0/24", 22, 22)),
		peer("a", "b"), route("rtb-a", "10.2.0.0/24 pcx-ab"), route("rtb-b", "10.1.0.0/24 pcx-ab"))
	ask(t, base, []question{
		{"ssh works from the subnet", nil, tcp("a", "b", 22), "", ""},
		{"ssh does not work from another subnet", nil, tcp("other", "b", 22), reach.Ingress,
			"sg-b admits no tcp 22 from 10.1.7.5"},
		{"without a route back there is no answer", ingress("sg-b", tcpFrom("10.1.0.0/16", 22, 22)),
			tcp("other", "b", 22), reach.NoRoute,
			"no route back in rtb-b leads to 10.1.7.5"},
		{"another subnet of the peer is not routed", subnet("b2", "b", 7), tcp("a", "b2", 22), reach.NoRoute,
			"no route in rtb-a leads to 10.2.7.5"},
	})
}

func TestDefaultVPC(t *testing.T) {
	t.Parallel()
	base := steps(vpc("1", "10.1.0.0/16"), vpc("default", "172.31.0.0/16"), implicit("rtb-1"), implicit("rtb-default"),
		ingress("sg-default", icmpFrom("10.1.0.0/16")), peer("1", "default"),
		route("rtb-default", "10.1.0.0/16 pcx-1default"))
	ask(t, base, []question{
		{"a main table without the route blocks the subnets that use it", nil, ping("1", "default"), reach.NoRoute,
			"no route in rtb-1 leads to 172.31.0.0/16"},
		{"both main tables serve the subnets without an association", route("rtb-1", "172.31.0.0/16 pcx-1default"),
			ping("1", "default"), "", ""},
	})
}

package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// readsList reports whether a function reads the blocks of a prefix list.
func readsList(c apicall.Call) bool {
	return c.Action == "GetManagedPrefixListEntries" && strings.Contains(c.ARN, "autopeer-")
}

// failsToRead has EC2 answer the functions with the code instead of the blocks of a list.
func failsToRead(t *sandboxtest.T, code string) (end func()) {
	return t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
		if !readsList(c) {
			return nil
		}
		return &cloudsim.Failure{Code: code}
	})
}

// TestAListToALoadBalancersEndpoint is a conflict as one to any other target: EC2 shows the endpoint of a Gateway Load
// Balancer as it shows a gateway endpoint, and the peer's traffic would bypass the inspection behind it.
func TestAListToALoadBalancersEndpoint(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var list peering.PrefixListID
		t.ByHand(accepter, func(p *lab.Person) { list = p.PrefixList("inspected", "10.10.0.0/16") })
		tables := fmt.Sprintf(`<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
			<routeTableSet><item><routeTableId>%s</routeTableId><vpcId>%s</vpcId>
			<routeSet><item><destinationPrefixListId>%s</destinationPrefixListId><gatewayId>vpce-0123456789abcdef0</gatewayId>
			<state>active</state></item></routeSet></item></routeTableSet>
			</DescribeRouteTablesResponse>`, f.Table, f.VPC.ID, list)
		end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			for _, value := range c.Params {
				if c.Action == "DescribeRouteTables" && value == string(f.VPC.ID) {
					return &cloudsim.Failure{Answer: tables}
				}
			}
			return nil
		})
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if accepter != one && (len(o.Conflicts) != 1 || o.Conflicts[0].Target != "vpce-0123456789abcdef0") {
			t.Errorf("conflicts = %+v, want the route to the endpoint", o.Conflicts)
		}
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		end()
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAListThatEC2DoesNotShow, because its owner no longer shares it, is a conflict of new routes: its own routes may
// still work. Routes that exist stay without an announcement.
func TestAListThatEC2DoesNotShow(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var list peering.PrefixListID
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			list = p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		end := failsToRead(t, "InvalidPrefixListID.NotFound")
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		remedy := "have the owner of " + string(list) + " share it"
		if len(o.Conflicts) != 1 || o.Conflicts[0].Destination != string(list) || !strings.Contains(o.Next, remedy) {
			t.Errorf("conflicts = %+v, next %q, want the list %s", o.Conflicts, o.Next, list)
		}
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		end()
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		defer failsToRead(t, "InvalidPrefixListID.NotFound")()
		mark, announced := t.Cloud.Mark(), len(t.Announced(outcome.Conflicting, pcx))
		time.Sleep(2 * time.Hour)
		t.Unchanged(mark)
		if n := len(t.Announced(outcome.Conflicting, pcx)); n != announced {
			t.Errorf("%d conflicts are announced, want the %d of before", n, announced)
		}
		t.InDeadLetters(0)
	})
}

// TestAListThatCannotBeRead keeps new routes from its own table, and nothing else: routes and rules that the policy
// doesn't allow are removed, and another VPC of the cell is connected.
func TestAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for code, lasts := range map[string]bool{"UnauthorizedOperation": true, "InternalError": false} {
		t.Run(code, func(t *testing.T) {
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) { cannotBeRead(t, accepter, code, lasts) })
		})
	}
}

func cannotBeRead(t *sandboxtest.T, accepter peering.Cell, code string, lasts bool) {
	m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
	policy := func(lines ...string) string {
		return company(m, f, d) + entry("marketing", "finance", lines...) + entry("marketing", "developer", "dns: false")
	}
	t.Policy(policy(ping))
	t.ByHand(accepter, func(p *lab.Person) {
		p.ToInternet(f.VPC, f.Table)
		p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
	})
	pcx := t.Ask(m, f)
	t.Settle()
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	end := failsToRead(t, code)
	seen := len(t.Announcements())
	t.Redeploy(policy("dns: false"))
	t.ByHand(accepter, func(p *lab.Person) {
		p.DeleteRoute(f.Table, "10.10.0.0/16")
		p.RouteTo(f.VPC.Main, "10.99.0.0/16", pcx)
	})
	other := t.Ask(m, d)
	time.Sleep(2 * time.Minute)
	left := append(routed(m, pcx, f.VPC.Block), routesBlock(f.VPC.Main, "10.10.0.0/16", pcx))
	beside := append(routed(m, other, d.VPC.Block), routed(d, other, m.VPC.Block)...)
	t.Holds(append(left, beside...)...)
	if !lasts {
		end()
	}
	time.Sleep(time.Hour)
	if lasts {
		t.Holds(append(left, beside...)...)
		if n, err := t.DeadLetters(t.Ctx); err != nil || n == 0 {
			t.Errorf("%d messages rest in dead-letter queues, %v, want those of the side", n, err)
		}
		end()
		time.Sleep(time.Hour)
	} else {
		t.InDeadLetters(0)
	}
	t.Holds(slices.Concat(routed(m, pcx, f.VPC.Block), routed(f, pcx, m.VPC.Block), beside)...)
	for _, o := range t.Announcements()[seen:] {
		if o.Type == outcome.Conflicting {
			t.Errorf("announced %+v, although no conflict is known", o)
		}
	}
}

// TestATakebackReadsNoList: the removal of a failed attempt's additions needs no blocks of lists.
func TestATakebackReadsNoList(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "CreateRoute" || c.Params["RouteTableId"] != string(f.Table) {
				return nil
			}
			return &cloudsim.Failure{Code: "RouteLimitExceeded"}
		})()
		pcx := t.Ask(m, f)
		time.Sleep(10 * time.Second)
		t.Holds(routed(m, pcx, f.VPC.Block)...)
		n := map[string]int{}
		for _, c := range t.ByAutopeer(0) {
			if c.Account == string(accepter.Account) && strings.Contains(c.ARN, "autopeer-connect") {
				n[c.Action]++
			}
		}
		if n["DeleteRoute"] == 0 || n["GetManagedPrefixListEntries"] != n["DescribeSecurityGroups"] {
			t.Errorf("connect made the calls %v, want one read of the list for each read of the groups", n)
		}
	})
}

// TestListsOfGatewayEndpoints are read once for all tables, and conflict with no private block. A peer with public
// addresses inside the list is noted, and one with addresses that the list has a part of is a conflict.
func TestListsOfGatewayEndpoints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		block    string // of the peer, beside its own
		conflict string
		note     string
	}{
		"a private block":            {"10.77.0.0/16", "", ""},
		"addresses of S3":            {"54.231.9.0/24", "", "beside 54.231.0.0/16 of pl-"},
		"addresses that S3 has, too": {"54.231.0.0/16", "54.231.0.0/16", ""},
	} {
		t.Run(name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				t.ByHand(one, func(p *lab.Person) { p.AddBlock(m.VPC, tt.block) })
				_, err := t.Person(t.Ctx, accepter).EC2.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
					VpcId: aws.String(string(f.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
					ServiceName:   aws.String("com.amazonaws." + string(accepter.Region) + ".s3"),
					RouteTableIds: []string{string(f.Table), string(f.VPC.Main)},
				})
				t.Must(err)
				pcx := t.Ask(m, f)
				t.Settle()
				t.Sweep()
				if conflicts := t.Announced(outcome.Conflicting, pcx); (len(conflicts) > 0) != (tt.conflict != "") ||
					tt.conflict != "" && conflicts[0].Conflicts[0].Destination != tt.conflict {
					t.Errorf("conflicts %+v, want %q", conflicts, tt.conflict)
				}
				noted := slices.ContainsFunc(t.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool {
					return tt.note != "" && strings.Contains(strings.Join(o.Notes, " "), tt.note)
				})
				if noted != (tt.note != "") {
					t.Errorf("announced %+v, want the note %q", t.Announced(outcome.Connected, pcx), tt.note)
				}
				reads, tables := len(calls(t, "DescribePrefixLists")), len(calls(t, "DescribeRouteTables"))
				if others := len(calls(t, "GetManagedPrefixListEntries")); reads == 0 || reads > tables || others > 0 {
					t.Errorf("%d reads of the lists, and %d of their entries, beside %d of route tables", reads, others, tables)
				}
			})
		})
	}
}

// TestEitherReadOfAGatewayEndpointsList is enough to connect its VPC: a service control policy may deny the other one.
func TestEitherReadOfAGatewayEndpointsList(t *testing.T) {
	t.Parallel()
	for _, denied := range []string{"GetManagedPrefixListEntries", "DescribePrefixLists"} {
		t.Run(denied, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				for _, service := range []string{"s3", "dynamodb"} {
					_, err := t.Person(t.Ctx, accepter).EC2.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
						VpcId: aws.String(string(f.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
						ServiceName:   aws.String("com.amazonaws." + string(accepter.Region) + "." + service),
						RouteTableIds: []string{string(f.Table), string(f.VPC.Main)},
					})
					t.Must(err)
				}
				defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
					if c.Action != denied || !strings.Contains(c.ARN, "autopeer-") {
						return nil
					}
					return &cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403}
				})()
				pcx := t.Ask(m, f)
				t.Settle()
				t.Sweep()
				want := routesBlock(f.Table, "10.10.0.0/16", pcx)
				if said := t.Announced(outcome.Connected, pcx); !slices.ContainsFunc(said, func(o outcome.Outcome) bool {
					return slices.Contains(o.State, want)
				}) {
					t.Errorf("announced %+v, want that %s", said, want)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// TestARequestWaitsForAList that can't be read, without an announcement of a conflict, and is accepted afterwards.
func TestARequestWaitsForAList(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		end := failsToRead(t, "UnauthorizedOperation")
		pcx := t.Ask(m, f)
		time.Sleep(time.Hour)
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		if announced := t.Announced(outcome.Conflicting, pcx); len(announced) > 0 {
			t.Errorf("announced %+v, although no conflict is known", announced)
		}
		end()
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestTheEndOfAFailedRead is no end of an obstacle: the side is repaired, and announced as any other.
func TestTheEndOfAFailedRead(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		pcx := t.Ask(m, f)
		t.Settle()
		end := failsToRead(t, "InternalError")
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		time.Sleep(3 * time.Hour)
		end()
		time.Sleep(3 * time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		for _, o := range t.Announced(outcome.Connected, pcx) {
			if !o.FoundAt.IsZero() {
				t.Errorf("announced %+v, want no end of an obstacle", o)
			}
		}
	})
}

// TestASideThatLacksNoRoute is repaired and announced while a permission to read a list is missing, with a note and
// without dead letters.
func TestASideThatLacksNoRoute(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		pcx := t.Ask(m, f)
		t.Settle()
		defer failsToRead(t, "UnauthorizedOperation")()
		t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		time.Sleep(3 * time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.InDeadLetters(0)
		t.AnnouncedOnce(outcome.Repaired, pcx)
		if said := t.Announced(outcome.Connected, pcx); !slices.ContainsFunc(said, func(o outcome.Outcome) bool {
			return strings.Contains(strings.Join(o.Notes, "\n"), "autopeer has no permission to read the list")
		}) {
			t.Errorf("announced %+v, want a note about the list", said)
		}
	})
}

// TestASweepReportsAListThatItCannotRead after it has sent its other findings: its message fails, and a rule that the
// policy doesn't allow is removed although no event reports it.
func TestASweepReportsAListThatItCannotRead(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		pcx := t.Ask(m, f)
		t.Settle()
		t.DropCalls()
		end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if !readsList(c) || !strings.Contains(c.ARN, "autopeer-sweep") {
				return nil
			}
			return &cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403}
		})
		tags := map[string]string{peering.TagConnection: string(pcx), peering.TagManaged: "autopeer"}
		t.ByHand(accepter, func(p *lab.Person) { p.AdmitTagged(f.Group, "tcp", 22, 22, "10.10.0.0/16", tags) })
		t.Must(t.Sandbox.Sweep())
		time.Sleep(time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		time.Sleep(time.Hour)
		if n, err := t.DeadLetters(t.Ctx); err != nil || n == 0 {
			t.Errorf("%d messages rest in dead-letter queues, %v, want those of the sweep", n, err)
		}
		end()
		time.Sleep(2 * time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if len(t.Announced(outcome.DriftFound, pcx)) == 0 {
			t.Error("the missing route was not announced as drift")
		}
	})
}

// TestAListThatCannotBeReadRepeatsNoEnd: the sweeps fail because of one VPC's list, and the end of another side's
// obstacle, which they have sent, is announced once.
func TestAListThatCannotBeReadRepeatsNoEnd(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
		t.Policy(company(m, f, d) + entry("marketing", "finance", ping) + entry("marketing", "developer", "dns: false"))
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(d.VPC, d.Table)
			p.RouteListToGateway(d.VPC, d.Table, "192.0.2.0/24")
		})
		pcx, other := t.Ask(m, f), t.Ask(m, d)
		t.Settle()
		beside := append(routed(m, other, d.VPC.Block), routed(d, other, m.VPC.Block)...)
		t.Holds(append(sandboxtest.Pinging(m, f, pcx), beside...)...)
		toServer(t, f, quarantined)
		time.Sleep(time.Hour)
		defer failsToRead(t, "UnauthorizedOperation")()
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
		time.Sleep(5 * time.Hour)
		ends := map[string]bool{}
		for _, o := range t.Announced(outcome.Connected, pcx) {
			if o.Side == peering.Accepter && !o.FoundAt.IsZero() {
				ends[o.ID] = true
			}
		}
		if len(ends) != 1 {
			t.Errorf("the end of the obstacle is announced under %d ids, want one", len(ends))
		}
	})
}

// TestAnObstacleBesideAListThatCannotBeRead is announced by each sweep as any other, and so is its end once the list is
// read. That holds for a side that lacks a route, whose repair waits for the list, and for one that lacks none.
func TestAnObstacleBesideAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, lacks := range map[string]bool{"a route is missing": true, "no route is missing": false} {
		t.Run(name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) { besideUnread(t, accepter, lacks) })
		})
	}
}

func besideUnread(t *sandboxtest.T, accepter peering.Cell, lacks bool) {
	m, f := t.Company(one, accepter)
	t.ByHand(accepter, func(p *lab.Person) {
		p.ToInternet(f.VPC, f.Table)
		p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
	})
	pcx := t.Ask(m, f)
	t.Settle()
	end := failsToRead(t, "UnauthorizedOperation")
	toServer(t, f, quarantined)
	if lacks {
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
	}
	time.Sleep(3 * time.Hour)
	repeated := 0
	for _, o := range t.Announced(outcome.Conflicting, pcx) {
		if o.Repeated {
			repeated++
		}
	}
	if repeated < 3 {
		t.Errorf("the conflict is repeated %d times in three hours, want once by each sweep", repeated)
	}
	t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
	time.Sleep(time.Hour)
	end()
	time.Sleep(2 * time.Hour)
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	isEnd := func(o outcome.Outcome) bool { return o.Side == peering.Accepter && !o.FoundAt.IsZero() }
	said := slices.Concat(t.Announced(outcome.Connected, pcx), t.Announced(outcome.Repaired, pcx))
	if !slices.ContainsFunc(said, isEnd) {
		t.Errorf("announced %+v, want the end of the obstacle", said)
	}
}

package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
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
	routeList(t, f, "192.0.2.0/24")
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
		routeList(t, f, "192.0.2.0/24")
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

// TestARequestWaitsForAList that can't be read, without an announcement of a conflict, and is accepted afterwards.
func TestARequestWaitsForAList(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		routeList(t, f, "192.0.2.0/24")
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
		routeList(t, f, "192.0.2.0/24")
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
		routeList(t, f, "192.0.2.0/24")
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
		routeList(t, f, "192.0.2.0/24")
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
		routeList(t, d, "192.0.2.0/24")
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
	routeList(t, f, "192.0.2.0/24")
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

// TestAProposalBesideAListThatCannotBeRead is announced in spite of the missing permission: the routes that people made
// wait for a person's consent, and not for the list.
func TestAProposalBesideAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		routeList(t, f, "192.0.2.0/24")
		defer failsToRead(t, "UnauthorizedOperation")()
		pcx, _ := handMade(t, m, f)
		t.ByHand(accepter, func(p *lab.Person) { p.RouteTo(f.Table, "192.168.0.0/24", pcx) })
		time.Sleep(time.Hour)
		o := waiting(t, pcx, 0)[peering.Accepter]
		if len(o.Removals) == 0 || !strings.Contains(o.Reason.Sentence, "until autopeer can read the prefix lists") {
			t.Errorf("proposed %+v, want the removals and the wait for the list", o)
		}
	})
}

// TestAListThatCannotBeReadAnyMoreEndsNoObstacle: a conflict with one of its blocks lasts, and its end is announced to
// neither owner before the list is read again. That holds for a side that is repaired meanwhile as well.
func TestAListThatCannotBeReadAnyMoreEndsNoObstacle(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"UnauthorizedOperation", "InvalidPrefixListID.NotFound", "InternalError"} {
		for name, repaired := range map[string]bool{code: false, code + " beside a repair": true} {
			t.Run(name, func(t *testing.T) {
				betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) { notReadAnyMore(t, accepter, code, repaired) })
			})
		}
	}
}

func notReadAnyMore(t *sandboxtest.T, accepter peering.Cell, code string, repaired bool) {
	m, f := t.Company(one, accepter)
	pcx := t.Ask(m, f)
	t.Settle()
	list := routeList(t, f, "10.10.9.0/24")
	time.Sleep(time.Hour)
	t.AnnouncedOnce(outcome.Conflicting, pcx)
	end := failsToRead(t, code)
	if repaired {
		t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
	}
	time.Sleep(3 * time.Hour)
	if ends := endsOf(t, pcx); ends != "" {
		t.Errorf("announced %q, although the conflict lasts", ends)
	}
	end()
	time.Sleep(time.Hour)
	_, err := t.Person(t.Ctx, accepter).EC2.DeleteRoute(t.Ctx, &ec2.DeleteRouteInput{
		RouteTableId: aws.String(string(f.Table)), DestinationPrefixListId: aws.String(string(list)),
	})
	t.Must(err)
	time.Sleep(time.Hour)
	if ends := endsOf(t, pcx); !strings.Contains(ends, "complete") || !strings.Contains(ends, "accepter") {
		t.Errorf("announced %q, want the end of the conflict to both owners", ends)
	}
}

// endsOf returns the sides and codes of the announcements that an obstacle of the connection has ended.
func endsOf(t *sandboxtest.T, pcx peering.ConnectionID) (ends string) {
	for _, o := range t.Announced(outcome.Connected, pcx) {
		if !o.FoundAt.IsZero() {
			ends += string(o.Side) + " " + o.Reason.Code + ", "
		}
	}
	return ends
}

// TestASweepThatCannotReadAListRepeatsNoReminder: the redeliveries of its message look for the list alone. Few of them
// are handled together with a message that asks for more.
func TestASweepThatCannotReadAListRepeatsNoReminder(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
		t.Policy(company(m, f, d) + entry("marketing", "finance", ping) + entry("marketing", "developer", "dns: false"))
		routeList(t, d, "192.0.2.0/24")
		pcx := t.Ask(m, f)
		t.Ask(m, d)
		t.Settle()
		toServer(t, f, quarantined)
		time.Sleep(time.Hour)
		inThreeHours := func() int {
			before := len(t.Announced(outcome.Conflicting, pcx))
			time.Sleep(3 * time.Hour)
			return len(t.Announced(outcome.Conflicting, pcx)) - before
		}
		usual := inThreeHours()
		defer failsToRead(t, "UnauthorizedOperation")()
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(d.Table, "10.10.0.0/16") })
		if n := inThreeHours(); usual == 0 || n > usual*3/2 {
			t.Errorf("the conflict is announced %d times in three hours, want about %d as usual", n, usual)
		}
		if n, err := t.DeadLetters(t.Ctx); err != nil || n == 0 {
			t.Errorf("%d messages rest in dead-letter queues, %v, want those of the sweeps", n, err)
		}
		t.NoSweeps()
		time.Sleep(time.Hour)
		for range 2 {
			before := len(t.Announced(outcome.Conflicting, pcx))
			t.Must(t.Deliver(t.Ctx, accepter, function.Sweep,
				`{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}`))
			time.Sleep(time.Minute)
			if n := len(t.Announced(outcome.Conflicting, pcx)) - before; n == 0 {
				t.Error("a sweep that a person started announces nothing, want the conflict")
			}
		}
	})
}

// TestAThrottledReadOfAGatewayEndpointsList is no missing permission, although a service control policy denies the
// other call that reads the list: the announcement waits, and has no note about the list.
func TestAThrottledReadOfAGatewayEndpointsList(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		_, err := t.Person(t.Ctx, accepter).EC2.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
			VpcId: aws.String(string(f.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
			ServiceName:   aws.String("com.amazonaws." + string(accepter.Region) + ".s3"),
			RouteTableIds: []string{string(f.Table)},
		})
		t.Must(err)
		pcx := t.Ask(m, f)
		t.Settle()
		defer failsToRead(t, "UnauthorizedOperation")()
		end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "DescribePrefixLists" || !strings.Contains(c.ARN, "autopeer-") {
				return nil
			}
			return &cloudsim.Failure{Code: "InternalError"}
		})
		seen := len(t.Announcements())
		t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		time.Sleep(5 * time.Minute)
		end()
		time.Sleep(time.Hour)
		t.AnnouncedOnce(outcome.Repaired, pcx)
		for _, o := range t.Announcements()[seen:] {
			if len(o.Notes) > 0 {
				t.Errorf("announced the notes %q, want none", o.Notes)
			}
		}
	})
}

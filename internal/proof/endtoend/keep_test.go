package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// keeping is a policy that declares the routes of Finance as meant.
func keeping(m, f lab.Site, kept ...string) string {
	return between(m, f, fmt.Sprintf("routes: { finance: { keep: [%s] } }", strings.Join(kept, ", ")), ping)
}

// elsewhere describes the route of the site's table that leads the destination elsewhere, as sandbox.State does.
func elsewhere(t *sandboxtest.T, s lab.Site, destination string) string {
	t.Helper()
	tables, err := t.Network(s.Cell).RouteTables(t.Ctx, s.VPC.ID)
	t.Must(err)
	for _, table := range tables {
		for _, r := range table.Routes {
			if table.ID == s.Table && r.Destination.String() == destination {
				return routesBlock(table.ID, destination, peering.ConnectionID(r.Target))
			}
		}
	}
	t.Fatalf("%s has no route to %s", s.Table, destination)
	return ""
}

// TestKeptRoutes are no conflict in either cell's check, nor afterwards, and stay. A route inside a kept one is a
// conflict, and so is the kept one again once the policy no longer has it.
func TestKeptRoutes(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		const around = "10.10.1.0/24"
		toServer(t, f, around)
		kept := elsewhere(t, f, around)
		t.Policy(keeping(m, f, around))
		pcx := t.Ask(m, f)
		t.Settle()
		connected := append(sandboxtest.Pinging(m, f, pcx), kept)
		t.Holds(connected...)
		note := slices.ContainsFunc(t.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool {
			return o.Side == peering.Accepter && slices.ContainsFunc(o.Notes, func(n string) bool {
				return strings.HasPrefix(n, around+" stays routed to ") && strings.Contains(n, string(f.Table))
			})
		})
		if announced := t.Announced(outcome.Conflicting, pcx); !note || len(announced) > 0 {
			t.Errorf("the connection has the note: %v; announced as conflicting: %+v", note, announced)
		}

		mark := t.Cloud.Mark()
		hintAll(t, one, pcx, m, f)
		toServer(t, f, quarantined)
		inside := elsewhere(t, f, quarantined)
		t.Sweep()
		t.Unchanged(mark)
		t.Holds(append(slices.Clip(connected), inside)...)
		conflicting := func() []string {
			var destinations []string
			for _, o := range t.Announced(outcome.Conflicting, pcx) {
				for _, c := range o.Conflicts {
					destinations = append(destinations, c.Destination)
				}
			}
			slices.Sort(destinations)
			return slices.Compact(destinations)
		}
		if got := conflicting(); !slices.Equal(got, []string{quarantined}) {
			t.Errorf("conflicts with %v, want %s", got, quarantined)
		}
		t.Redeploy(keeping(m, f, quarantined))
		t.Sweep()
		t.Unchanged(mark)
		if got := conflicting(); !slices.Equal(got, []string{around, quarantined}) {
			t.Errorf("with another policy there are conflicts with %v, want %s too", got, around)
		}
	})
}

// TestAKeptRouteOfTheRequester: the check before acceptance of the requester's cell keeps routes as well.
func TestAKeptRouteOfTheRequester(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.1.66/32") })
		before := gatewayRoutes(t, m)
		t.Policy(between(m, f, "routes: { marketing: { keep: [172.31.1.66/32] } }", ping))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if after := gatewayRoutes(t, m); !slices.Equal(before, after) {
			t.Errorf("the table's other routes were %v and are %v", before, after)
		}
	})
}

// TestABlackholeIsAConflictWithItsRemedy: the announcement of the route's cell has the command that deletes it, and the
// key of the policy that keeps it. Either one makes room.
func TestABlackholeIsAConflictWithItsRemedy(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			gone := p.Server("gone", f.Subnet, "172.31.1.99", f.Group)
			p.RouteToServer(f.Table, "10.10.0.0/16", gone)
			p.RouteToServer(f.Table, quarantined, gone)
			p.Terminate(gone)
		})
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(elsewhere(t, f, "10.10.0.0/16"), elsewhere(t, f, quarantined))
		var announced []outcome.Outcome
		for _, o := range t.Announced(outcome.Conflicting, pcx) {
			if o.Cell == accepter && o.Reason.Code == "route-conflict" {
				announced = append(announced, o)
			}
		}
		if len(announced) == 0 {
			t.Fatal("the conflict is not announced")
		}
		o := announced[0]
		remove := func(destination string) string {
			return fmt.Sprintf("aws ec2 delete-route --region %s --route-table-id %s --destination-cidr-block %s",
				accepter.Region, f.Table, destination)
		}
		isKnown := len(o.Conflicts) == 2 && o.Conflicts[0].Blackhole && o.Conflicts[1].Blackhole &&
			strings.Contains(o.Reason.Sentence, "has a blackhole route to ")
		if !isKnown ||
			!strings.Contains(o.Next,
				fmt.Sprintf("in %s: %s; %s", accepter.Account, remove("10.10.0.0/16"), remove(quarantined))) ||
			!strings.HasSuffix(o.Next, "set keep: ["+quarantined+"] in the peering's routes of finance") {
			t.Errorf("announced %q, next %q, with %+v", o.Reason.Sentence, o.Next, o.Conflicts)
		}
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		t.Redeploy(keeping(m, f, quarantined))
		t.Sweep()
		t.Holds(append(sandboxtest.Pinging(m, f, pcx), elsewhere(t, f, quarantined))...)
	})
}

// TestADeclaredConflictIsAnnouncedAsEnded: a person follows the remedy of a conflict on a connected side and declares
// the route as meant. Nothing is changed, and the side is announced with its note once after each deployment.
func TestADeclaredConflictIsAnnouncedAsEnded(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		toServer(t, f, quarantined)
		time.Sleep(time.Hour)
		for _, policy := range []string{keeping(m, f, quarantined), keeping(m, f, quarantined, "10.10.2.0/24")} {
			seen, mark := len(t.Announcements()), t.Cloud.Mark()
			t.Redeploy(policy)
			time.Sleep(25 * time.Hour)
			t.Unchanged(mark)
			n := 0
			for _, o := range t.Announcements()[seen:] {
				if o.Connection != pcx || o.Type != outcome.Connected || o.Repeated {
					t.Errorf("announced %+v", o)
				}
				if o.Side == peering.Accepter && len(o.Notes) == 1 &&
					strings.HasPrefix(o.Notes[0], quarantined+" stays routed to ") {
					n++
				}
			}
			if n != 1 {
				t.Errorf("the side with the kept route is announced %d times, want once", n)
			}
		}
	})
}

package endtoend_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// editing edits the table for a while, every so often. No peering concerns its VPC.
func editing(t *sandboxtest.T, cell peering.Cell, other lab.Site, every, during time.Duration) {
	t.Helper()
	for i := range int(during / every) {
		t.ByHand(cell, func(p *lab.Person) { p.RouteToGateway(other.VPC, other.VPC.Main, fmt.Sprintf("198.18.%d.0/24", i)) })
		time.Sleep(every)
	}
	t.ByHand(cell, func(p *lab.Person) {
		for i := range int(during / every) {
			p.DeleteRoute(other.VPC.Main, fmt.Sprintf("198.18.%d.0/24", i))
		}
	})
}

// repairs returns the drift that was announced since the mark.
func repairs(t *sandboxtest.T, mark int) []outcome.Outcome {
	return slices.DeleteFunc(slices.Clone(t.Announcements()[mark:]), func(o outcome.Outcome) bool {
		return o.Type != outcome.Repaired && o.Type != outcome.DriftFound
	})
}

// TestAnEditIsForgotten, also while other edits go on: a policy that is deployed later isn't announced as its repair.
func TestAnEditIsForgotten(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		other := t.Build(two, lab.Developer)
		t.ByHand(two, func(p *lab.Person) { p.ToInternet(other.VPC, other.VPC.Main) })
		pcx := t.Ask(m, f)
		time.Sleep(time.Hour)
		t.ByHand(two, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		editing(t, two, other, 20*time.Second, 15*time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		mark := len(t.Announcements())
		t.Redeploy(between(m, f, "routes: { finance: { to: [10.10.1.0/24] } }", ping))
		editing(t, two, other, 20*time.Second, 5*time.Minute)
		if all := repairs(t, mark); len(all) > 0 {
			t.Errorf("a deployment is announced as a repair: %+v", all)
		}
	})
}

// TestARemovedPeeringWhileEditsGoOn is closed in time.
func TestARemovedPeeringWhileEditsGoOn(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{12 * time.Second, 20 * time.Second, 40 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				other := t.Build(two, lab.Developer)
				t.ByHand(two, func(p *lab.Person) { p.ToInternet(other.VPC, other.VPC.Main) })
				t.Ask(m, f)
				time.Sleep(time.Hour + 2*time.Minute) // just after a scheduled sweep
				file := lab.PingPolicy(m, f, lab.Site{})
				t.Redeploy(file[:strings.Index(file, "peerings:")] + "peerings: []\nremoved: disconnect\n")
				editing(t, two, other, every, 7*time.Minute)
				t.Holds()
			})
		})
	}
}

// TestManyPeeringsRemovedAtOnce are no drift, which would sound the alarm repeated-repairs.
func TestManyPeeringsRemovedAtOnce(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		f := t.Build(two, lab.Finance)
		departments := clientsOf(f)
		t.Policy(departments + "\n" + entry("clients", "finance"))
		for i := range 6 {
			t.Ask(client(t, i), f)
		}
		time.Sleep(time.Hour + 2*time.Minute)
		t.Redeploy(departments + " []\nremoved: disconnect\n")
		time.Sleep(10 * time.Minute)
		t.Holds()
		if all := repairs(t, 0); len(all) > 0 {
			t.Errorf("announced as drift: %+v", all)
		}
	})
}

// clientsOf returns a policy by which all VPCs in 10.0.0.0/8 are clients of Finance, without the peerings.
func clientsOf(f lab.Site) string {
	return fmt.Sprintf("version: 1\ndepartments:\n  finance: %s\n  clients: [{ account: %q, region: %s, within: "+
		"10.0.0.0/8 }]\npeerings:", f.Member(), one.Account, one.Region)
}

// TestAnEditAfterAHold is drift, however soon after.
func TestAnEditAfterAHold(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{2 * time.Second, 17 * time.Second, 35 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f, pcx := heldSince(t, 5*time.Minute)
				t.ByHand(two, func(p *lab.Person) { p.Untag(string(pcx), peering.TagHold) })
				time.Sleep(after)
				t.ByHand(two, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
				time.Sleep(time.Minute)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.AnnouncedOnce(outcome.Repaired, pcx)
			})
		})
	}
}

// TestAnEditBesideAHold of another connection, with a rule in the same group, is drift, also if EC2 shows it late.
func TestAnEditBesideAHold(t *testing.T) {
	t.Parallel()
	var late time.Duration
	sandboxtest.Run(t, sandboxtest.EditsShownLate(&late), func(t *sandboxtest.T) {
		f := t.Build(two, lab.Finance)
		t.Policy(clientsOf(f) + "\n" +
			entry("clients", "finance",
				"allow: [{ from: clients, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }]"))
		held, other := t.Ask(client(t, 1), f), t.Ask(client(t, 2), f)
		time.Sleep(time.Hour)
		hold(t, two, held)
		time.Sleep(2 * time.Minute)
		t.ByHand(two, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.1.0.0/16") })
		time.Sleep(30 * time.Minute)
		late = 20 * time.Second
		t.ByHand(two, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.2.0.0/16") })
		time.Sleep(time.Minute)
		late = 0
		t.AnnouncedOnce(outcome.Repaired, other)
	})
}

// TestARefusedRemovalOnHold is made later, and is no drift.
func TestARefusedRemovalOnHold(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		time.Sleep(time.Hour)
		hold(t, two, pcx)
		time.Sleep(5 * time.Minute)
		began := time.Now()
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action == "DeleteRoute" && strings.Contains(c.ARN, "autopeer-connect") && time.Since(began) < 40*time.Minute {
				return &cloudsim.Failure{Code: "RequestLimitExceeded", Status: http.StatusServiceUnavailable}
			}
			return nil
		})()
		t.ByHand(two, func(p *lab.Person) { p.RouteTo(f.Table, "99.0.0.0/8", pcx) })
		time.Sleep(90 * time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if all := repairs(t, 0); len(all) > 0 {
			t.Errorf("announced as drift: %+v", all)
		}
	})
}

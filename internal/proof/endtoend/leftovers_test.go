package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestARuleWithoutOurTagIsNoLeftover: a rule that names a dead connection and lacks the tag of the installation belongs
// to another principal. It stays, also where a new connection wants the same permission.
func TestARuleWithoutOurTagIsNoLeftover(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		dead := t.Ask(m, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.Delete(dead) })
		t.Settle()
		t.Holds()
		t.ByHand(f.Cell, func(p *lab.Person) {
			p.AdmitTagged(f.Group, "icmp", -1, -1, m.VPC.Block.String(), map[string]string{peering.TagConnection: string(dead)})
		})
		mark := t.Cloud.Mark()
		t.Ask(m, f)
		t.Settle()
		t.Sweep()
		if slices.ContainsFunc(t.ByAutopeer(mark), func(c apicall.Call) bool {
			return c.Action == "RevokeSecurityGroupIngress"
		}) {
			t.Error("the rule of another principal was revoked")
		}
	})
}

// TestARefusedSourceGroupKeepsNoRouteAway: a side whose only rules are for a source group that EC2 doesn't find gets a
// deleted route back.
func TestARefusedSourceGroupKeepsNoRouteAway(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "protocol: icmp }",
			"protocol: icmp, sources: [sg-00000000000000abc] }", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(near, func(p *lab.Person) { p.DeleteRoute(f.Table, m.VPC.Block.String()) })
		t.Sweep()
		for range 2 {
			time.Sleep(time.Hour)
		}
		t.Holds(sandbox.Connected(m, f, pcx)...)
	})
}

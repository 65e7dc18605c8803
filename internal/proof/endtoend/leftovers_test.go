package endtoend_test

import (
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestARuleWithoutOurTagIsNoLeftover: a rule that names a dead connection and lacks the tag of the installation belongs to another
// principal. It stays, also where a new connection wants the same permission.
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
		if slices.ContainsFunc(t.ByAutopeer(mark), func(c apicall.Call) bool { return c.Action == "RevokeSecurityGroupIngress" }) {
			t.Error("the rule of another principal was revoked")
		}
	})
}

package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAProposalBesideAListThatCannotBeRead is announced in spite of the missing permission: the routes that people made
// wait for a person's consent, and not for the list.
func TestAProposalBesideAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
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

package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestStatesOfConnectionsShownLate: AWS was recorded to show a connection as missing after Create, as
// pending-acceptance after Accept and as active after Delete (aws/eks-hybrid#162, terraform-provider-aws#28705, #4140).
// The end is the same.
func TestStatesOfConnectionsShownLate(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"Create", "Accept", "Delete", ""} {
		late := func(o *ec2.Options) {
			o.ShowLate = func(c apicall.Call) time.Duration {
				if strings.HasPrefix(c.Action, action) && strings.Contains(c.Action, "VpcPeeringConnection") {
					return 20 * time.Second
				}
				return 0
			}
		}
		t.Run(action+"VpcPeeringConnection", func(t *testing.T) {
			everywhere(t, late, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.AnnouncedOnce(outcome.Accepted, pcx)
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.Holds()
			})
		})
	}
}

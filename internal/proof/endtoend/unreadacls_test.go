package endtoend_test

import (
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

// TestNetworkACLsThatCannotBeRead keep the announcement of a connected side from being made, and no change: neither the
// removal of a forbidden rule nor a repair. The same holds for subnets, which only network ACLs need here.
func TestNetworkACLsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for action, code := range map[string]string{
		"DescribeNetworkAcls": "UnauthorizedOperation", "DescribeSubnets": "InternalError",
	} {
		t.Run(action, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				pcx := t.Ask(m, f)
				t.Settle()
				end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
					if c.Action != action || !strings.Contains(c.ARN, "autopeer-connect") {
						return nil
					}
					return &cloudsim.Failure{Code: code}
				})
				tags := map[string]string{peering.TagConnection: string(pcx), peering.TagManaged: "autopeer"}
				t.ByHand(accepter, func(p *lab.Person) {
					p.AdmitTagged(f.Group, "tcp", 22, 22, "10.10.0.0/16", tags)
					p.DeleteRoute(f.Table, "10.10.0.0/16")
				})
				time.Sleep(5 * time.Minute)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				if said := t.Announced(outcome.Repaired, pcx); len(said) > 0 {
					t.Errorf("announced %+v before the network ACLs are read", said)
				}
				end()
				time.Sleep(10 * time.Minute)
				t.AnnouncedOnce(outcome.Repaired, pcx)
				t.InDeadLetters(0)
			})
		})
	}
}

package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTheEndOfAnObstacleWithoutDNS is announced to both owners, although EC2 still refuses the DNS option of the side.
func TestTheEndOfAnObstacleWithoutDNS(t *testing.T) {
	t.Parallel()
	for name, events := range map[string]bool{"with events": true, "without events": false} {
		t.Run(name, func(t *testing.T) {
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.Policy(between(m, f, "dns: true", lines(pingLine)))
				pcx := t.Ask(m, f)
				t.Settle()
				toServer(t, f, quarantined)
				time.Sleep(time.Hour)
				t.AnnouncedOnce(outcome.Conflicting, pcx)
				if !events {
					t.DropCalls()
				}
				t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
				time.Sleep(time.Hour)
				if ends := endsOf(t, pcx); !strings.Contains(ends, "complete") || !strings.Contains(ends, "accepter") {
					t.Errorf("announced %q, want the end of the conflict to both owners", ends)
				}
			})
		})
	}
}

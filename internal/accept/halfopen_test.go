package accept_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAnObstacleFromBeforeTheAcceptanceIsNoHalfOpenConnection: the result of a check arrives late, after the obstacle
// was removed and the connection accepted and connected.
func TestAnObstacleFromBeforeTheAcceptanceIsNoHalfOpenConnection(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		before := time.Now()
		time.Sleep(time.Minute)
		pcx := t.Ask(m, f)
		t.Settle()
		t.InState(one, pcx, peering.Active)
		c := peering.Connection{
			ID: pcx, Requester: peering.VPC{Owner: one.Account, Region: one.Region, ID: m.VPC.ID},
			Accepter: peering.VPC{Owner: two.Account, Region: two.Region, ID: f.VPC.ID},
		}
		c.State = peering.PendingAcceptance
		late := message.New(message.SideChecked, c, peering.Accepter, before)
		late.Code, late.Blocks, late.Assumed = message.RouteConflict, []netip.Prefix{m.VPC.Block}, []netip.Prefix{f.VPC.Block}
		detail, _ := json.Marshal(late.Sealed())
		event, _ := json.Marshal(map[string]any{"version": "0", "id": "x", "source": message.Source,
			"detail-type": string(late.Type),
			"account":     one.Account, "region": one.Region, "time": before.UTC().Format(time.RFC3339),
			"detail": json.RawMessage(detail)})
		if err := t.Deliver(t.Context(), two, function.Accept, string(event)); err != nil {
			t.Fatal(err)
		}
		t.Settle()
		for _, o := range t.Announced(outcome.Conflicting, pcx) {
			t.Errorf("announced %s: %s", o.Reason.Code, o.Reason.Sentence)
		}
	})
}

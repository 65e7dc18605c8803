package endtoend_test

import (
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAStoppedCell changes nothing for days, and does the waiting work once its event source mappings are enabled
// again.
func TestAStoppedCell(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		ended := t.Ask(m, f)
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, ended)...)
		var starts []func()
		for _, name := range function.All {
			starts = append(starts, t.Hold(name))
		}
		mark := t.Cloud.Mark()
		t.ByHand(one, func(p *lab.Person) { p.Delete(ended) })
		time.Sleep(time.Hour)
		pcx := t.Ask(m, f)
		time.Sleep(3 * 24 * time.Hour)
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(mark)
		t.InDeadLetters(0)
		for _, start := range starts {
			start()
		}
		time.Sleep(25 * time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.InDeadLetters(0)
	})
}

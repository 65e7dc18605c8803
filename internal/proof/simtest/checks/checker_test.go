package checks

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

func TestAPolicyHoldsUntilItsFunctionsHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(report.New(1), ec2.Options{})
		before, after := &plainpolicy.Policy{}, &plainpolicy.Policy{}
		check := func(from, to time.Time, want ...*plainpolicy.Policy) {
			t.Helper()
			var got []*plainpolicy.Policy
			c.holds(from, to, func(p *plainpolicy.Policy) bool { got = append(got, p); return false })
			if !slices.Equal(got, want) {
				t.Errorf("%d policies hold, want %d", len(got), len(want))
			}
		}
		began := time.Now()
		c.Enter(ledger.Deployment(began, before))
		c.Deployed(nil)
		time.Sleep(time.Minute)
		c.Enter(ledger.Deployment(time.Now(), after))
		check(began, began, before)
		time.Sleep(time.Second)
		check(time.Now(), time.Now(), before, after)
		c.Deployed(before)
		time.Sleep(time.Second)
		check(time.Now(), time.Now(), after)
		check(time.Now().Add(-time.Second), time.Now(), before, after)
	})
}

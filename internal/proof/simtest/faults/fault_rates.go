package faults

import "github.com/autopeer/autopeer/internal/proof/simtest/random"

// Rates are how often faults occur. The zero value stands for a cloud without faults.
type Rates struct {
	throttled, failed, unknown, dropped, hung, slow int  // of a thousand calls
	stubborn                                        bool // throttling goes on for minutes
	killed                                          int  // of a thousand invocations
	lost, doubled, late                             int  // of a hundred events
	stale                                           int  // of a hundred connections that a person changes
}

// DrawRates draws the faults of a run. Some runs have none.
func DrawRates(d random.Source) Rates {
	if d.Chance(15) {
		return Rates{}
	}
	most := random.Pick(d, 5, 15, 40)
	r := Rates{
		throttled: d.IntN(most), failed: d.IntN(most), unknown: d.IntN(most), dropped: d.IntN(most), hung: d.IntN(most/4 + 1),
		slow: d.IntN(most), killed: d.IntN(4 * most),
		stale: random.Pick(d, 0, 20, 50),
	}
	if d.Chance(8) {
		r.throttled, r.stubborn = 200, true // some calls use up all their attempts
	}
	if d.Chance(70) {
		r.lost, r.doubled, r.late = d.IntN(20), d.IntN(20), d.IntN(30)
	}
	return r
}

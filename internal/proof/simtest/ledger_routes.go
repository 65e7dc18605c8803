package simtest

import (
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/lab"
)

// verify holds the ledger itself against what EC2 shows. It costs as much as a run, so that some must do.
func (r *run) verify() {
	if r.seed%verified != 0 {
		return
	}
	var sites []lab.Site
	for _, s := range r.sites {
		sites = append(sites, siteOf(s.VPCKey))
	}
	shown, err := r.State(r.ctx, sites...)
	if err != nil {
		r.report.Fail(nil, "what there is can't be read: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.Ledger.RouteLines()
	for _, line := range shown {
		if strings.Contains(line, " routes ") && !slices.Contains(known, line) {
			r.report.Fail(nil, "EC2 shows what the ledger doesn't have: %s", line)
		}
	}
	for _, line := range known {
		if !slices.Contains(shown, line) && !strings.Contains(line, " to igw-") {
			r.report.Fail(nil, "the ledger has what EC2 doesn't show: %s", line)
		}
	}
}

// verified is how many seeds there are to one after which the ledger is verified.
const verified = 20

package checks

import (
	"slices"
	"strings"
)

// CompareRoutes checks the ledger itself against the lines of sandbox.State about all VPCs.
func (c *Checker) CompareRoutes(shown []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.journal.RouteLines()
	for _, line := range shown {
		if strings.Contains(line, " routes ") && !slices.Contains(known, line) {
			c.report.Fail(nil, "EC2 has a route that the ledger lacks: %s", line)
		}
	}
	for _, line := range known {
		if !slices.Contains(shown, line) && !strings.Contains(line, " to igw-") {
			c.report.Fail(nil, "the ledger has a route that EC2 lacks: %s", line)
		}
	}
}

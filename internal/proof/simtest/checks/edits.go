package checks

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/proof/simtest/faults"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// freeing are the calls of disconnect that a sweep follows, because they may make room for a side that waits.
var freeing = []string{"DeleteRoute", "RevokeSecurityGroupIngress"}

// checkEdit checks that the event for which a rule starts a sweep isn't about a change by autopeer itself: a sweep
// whose repairs start another one would go on without end.
func (c *Checker) checkEdit(d events.Delivery) {
	if d.Event.Source != "aws.ec2" {
		return
	}
	rec, err := ledger.ParseRecord(faults.CellOf(d.Event), d.Event.Detail, time.Now())
	if err != nil {
		c.report.Fail(nil, "a sweep is started by an event that can't be read: %v", err)
		return
	}
	if rec.Function == "" || rec.Function == "disconnect" && slices.Contains(freeing, rec.Call) {
		return
	}
	c.report.Fail(rec.Subjects(), "%s starts a sweep in %s because autopeer-%s called %s", d.Rule,
		cellOfQueue(d.Target), rec.Function, rec.Call)
}

package rush

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// check compares the final state with the wanted one.
func (r *rush) check(ctx context.Context) error {
	if err := r.checkNetwork(ctx); err != nil {
		return err
	}
	dead, err := r.DeadLetters(ctx)
	if err != nil {
		return fmt.Errorf("count dead letters: %w", err)
	}
	if dead > 0 {
		r.complain("%d messages rest in dead-letter queues", dead)
	}
	for _, f := range r.Cloud.Events.Failures() {
		r.complain("rule %s could not deliver to %s: %s", f.Rule, f.Target, f.Code)
	}
	for _, c := range r.ByAutopeer(r.mark) {
		if isRefusal(c.ErrorCode) {
			r.complain("%s by %s is refused: %s", c.Action, c.ARN, c.ErrorCode)
		}
	}
	r.checkAlarms()
	r.checkPace()
	r.checkFlat()
	return nil
}

func (r *rush) complain(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

func (r *rush) checkNetwork(ctx context.Context) error {
	sites := r.company.sites()
	state, err := r.State(ctx, sites...)
	if err != nil {
		return err
	}
	n, err := r.Snapshot(ctx, sites...)
	if err != nil {
		return err
	}
	for _, c := range n.Connections {
		if c.State != peering.Active {
			r.complain("%s is %s", c.ID, c.State)
		}
	}
	for _, t := range n.RouteTables {
		for _, route := range t.Routes {
			if route.Blackhole {
				r.complain("%s is a blackhole in %s", route.Destination, t.ID)
			}
		}
	}
	count, wrong := r.ledger.judge(state)
	r.count, r.wrong = count, append(r.wrong, wrong...)
	return nil
}

// isRefusal is about missing permissions.
func isRefusal(code string) bool {
	return strings.HasPrefix(code, "Unauthorized") || strings.HasPrefix(code, "AccessDenied")
}

func (r *rush) checkAlarms() {
	for _, c := range r.Cells {
		for _, a := range c.Stack.Alarms() {
			if a.State == cloudwatch.Sounding {
				r.complain("alarm %s of %s is raised with %v: %s", a.Name, c.Cell, slices.Max(a.Values), a.Description)
			}
		}
	}
}

// checkPace: a machine that is too busy to ask in time proves nothing.
func (r *rush) checkPace() {
	if late := r.Within + r.Within/10; r.asking > late {
		r.complain("the requests took %.1f s instead of %.1f s", r.asking.Seconds(), r.Within.Seconds())
	}
}

// mostGrowth limits the growth of a process that has settled: Go collects its garbage when the heap has doubled.
const mostGrowth = 1.2

// checkFlat checks that the processes don't grow with the requests.
func (r *rush) checkFlat() {
	half, end := r.growth()
	if end.megabytes() > mostGrowth*half.megabytes() || end.threadsEach() > mostGrowth*half.threadsEach() {
		r.complain("a process has grown from %.1f MB with %.1f threads at half time to %.1f MB with %.1f threads",
			half.megabytes(), half.threadsEach(), end.megabytes(), end.threadsEach())
	}
	if r.after.goroutines > r.before.goroutines {
		r.complain("the embedded cloud had %d goroutines before the requests, and has %d",
			r.before.goroutines, r.after.goroutines)
	}
}

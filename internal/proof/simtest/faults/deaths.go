package faults

import (
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// death is the instant at which a process is killed; the zero value lets it live.
type death struct {
	at  time.Time
	how local.Death
}

// Death kills some invocations of the functions that were deployed at that instant. It draws by the invocation, which
// each deployment counts from one, and kills by the time, because the order of concurrent calls is up to Go's
// scheduler.
func (i *Injector) Death(s local.Step, deployed time.Time) local.Death {
	i.mu.Lock()
	defer i.mu.Unlock()
	name := fmt.Sprint(s.Cell, s.Invocation, deployed.UnixNano())
	drawn, known := i.deaths[name]
	if !known {
		drawn = i.drawDeath(s, name)
		i.deaths[name] = drawn
	}
	if drawn.how == local.Lives || time.Now().Before(drawn.at) {
		return local.Lives
	}
	return drawn.how
}

func (i *Injector) drawDeath(s local.Step, name string) death {
	d := i.draws.Next("death", name)
	if d.IntN(1000) >= i.rates.killed {
		return death{}
	}
	i.observer.Killed(s.Cell, s.Function)
	i.report.Remark(fmt.Sprintf("autopeer-%s in %s is about to be killed", s.Function, s.Cell))
	return death{time.Now().Add(d.Duration(0, 200*time.Millisecond)), random.Pick(d, local.DiesBefore, local.DiesAfter)}
}

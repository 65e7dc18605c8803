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

// Deployed separates the invocations of functions that were deployed just now from earlier ones.
func (i *Injector) Deployed() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if now := time.Now(); now != i.deployed {
		i.deployedBefore, i.deployed = i.deployed, now
	}
}

// deployment returns the time of the deployment that an invocation belongs to. Calls of the very moment of a deployment count as
// earlier, because whether they come before or after it is up to Go's scheduler.
func (i *Injector) deployment() time.Time {
	if i.deployed.Equal(time.Now()) {
		return i.deployedBefore
	}
	return i.deployed
}

// Death kills some invocations. It draws by the invocation and kills by the time, because the order of concurrent calls
// is up to Go's scheduler.
func (i *Injector) Death(s local.Step) local.Death {
	i.mu.Lock()
	defer i.mu.Unlock()
	name := fmt.Sprint(s.Cell, s.Invocation, i.deployment().UnixNano())
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

package faults

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// Deliver returns after which delays an event is delivered: once, twice, late, or never.
func (i *Injector) Deliver(d events.Delivery, usual time.Duration) []time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	f := i.draws.Always(nameOf(d), time.Now().Format(time.RFC3339Nano))
	once := usual + f.Duration(0, 20*time.Millisecond)
	switch {
	case d.Event.Source == "aws.events":
		return []time.Duration{once} // EventBridge retries the event of a schedule for a day
	case d.Stage == events.FromTrail && i.silent[CellOf(d.Event)], f.Chance(i.rates.lost):
		i.report.Note(lostEvent{d})
		i.observer.LostEvent(connectionID.FindAllString(string(d.Event.Detail), -1))
		return nil
	case f.Chance(i.rates.doubled):
		return []time.Duration{once, once + f.Duration(0, time.Minute)}
	case f.Chance(i.rates.late):
		return []time.Duration{once + f.Duration(0, random.Pick(f, latest(d.Event)...))}
	}
	return []time.Duration{once}
}

// nameOf is the same for deliveries that differ by random ids alone. Several events may be on their way at one instant,
// in an order that is up to Go's scheduler.
func nameOf(d events.Delivery) string {
	e := d.Event
	detail := randomID.ReplaceAllLiteralString(string(e.Detail), "")
	return strings.Join([]string{string(d.Stage), d.Target, d.Rule, e.DetailType, e.Account, e.Region, detail}, " ")
}

var randomID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// latest returns how late an event may be. EventBridge retries messages between cells for ten minutes, and a queue may
// keep one for longer: autopeer has to recognize those that are too old.
func latest(e events.Event) []time.Duration {
	if e.Source == message.Source {
		return []time.Duration{time.Second, 30 * time.Second, 12 * time.Minute, time.Hour}
	}
	return []time.Duration{time.Second, 30 * time.Second, 5 * time.Minute}
}

// CellOf returns the cell in which the event happened.
func CellOf(e events.Event) peering.Cell {
	return peering.Cell{Account: peering.AccountID(e.Account), Region: peering.Region(e.Region)}
}

// ToggleTrail lets the trail of a picked cell log no more, or all trails log again if one doesn't. Without lost events
// there is no such fault.
func (i *Injector) ToggleTrail(pick func() peering.Cell) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.silent) > 0 {
		clear(i.silent)
		return
	}
	if i.rates.lost > 0 {
		i.silent[pick()] = true
		i.report.Remark("the trail of a cell stops logging")
	}
}

// lostEvent is the history's line about an event that is not delivered.
type lostEvent struct{ events.Delivery }

func (l lostEvent) String() string {
	return fmt.Sprintf("event lost on its way to %s: %s of %s/%s %s", l.Target, l.Event.DetailType, l.Event.Account,
		l.Event.Region, summary(l.Event.Detail))
}

// summary returns the call and the first connection of a CloudTrail event.
func summary(detail []byte) string {
	name := ""
	if _, rest, found := strings.Cut(string(detail), `"eventName":"`); found {
		name, _, _ = strings.Cut(rest, `"`)
	}
	return name + " " + strings.Join(connectionID.FindAllString(string(detail), 1), " ")
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/logkey"
)

// observer finds the incidents of deployed cells: in the logs of their functions, in their dead-letter queues and
// in their alarms. It must not be used while the cells are deployed.
type observer struct {
	cloud   *cloudsim.Cloud
	lines   map[string]lambda.Line      // the last line of each function that was read
	letters map[string]int              // messages in each dead-letter queue
	alarms  map[string]cloudwatch.State // of each alarm
	looked  time.Time                   // at the alarms
}

func newObserver(cloud *cloudsim.Cloud) *observer {
	return &observer{cloud: cloud, lines: map[string]lambda.Line{}, letters: map[string]int{},
		alarms: map[string]cloudwatch.State{}}
}

// alarmsEvery is the interval at which alarms are evaluated: the shortest one of CloudWatch.
const alarmsEvery = 10 * time.Second

// next returns the incidents since the last call.
func (w *observer) next(cells []*local.Cell, now time.Time) []incident {
	var all []incident
	evaluates := now.Sub(w.looked) >= alarmsEvery
	if evaluates {
		w.looked = now
	}
	for _, c := range cells {
		if c.Stack == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(c.Stack.Functions)) {
			all = append(all, w.failures(c.Cell, name, c.Stack.Functions[name].Log())...)
		}
		for _, name := range slices.Sorted(maps.Keys(c.Stack.QueueURLs)) {
			all = append(all, w.deadLetters(c.Cell, name)...)
		}
		if evaluates {
			all = append(all, w.changed(c.Cell, c.Stack.Alarms())...)
		}
	}
	return all
}

// failures returns the failed messages in the lines of the function's log that are new.
func (w *observer) failures(cell peering.Cell, name string, lines []lambda.Line) []incident {
	key := cell.String() + " " + name
	if i := slices.Index(lines, w.lines[key]); i >= 0 {
		lines = lines[i+1:]
	}
	var all []incident
	for _, l := range lines {
		w.lines[key] = l
		if i, ok := failure(l.Text); ok {
			i.cell, i.name = cell, name
			all = append(all, i)
		}
	}
	return all
}

// failure returns the incident that a line of a function's log reports. A decision that was announced is none.
func failure(line string) (incident, bool) {
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil || fields["message"] != "message failed" ||
		fields[logkey.Fault] == fault.Denied.String() {
		return incident{}, false
	}
	deliveries, _ := fields[logkey.Deliveries].(float64)
	i := incident{kind: retry, text: fmt.Sprintf("%v (delivery %v of at most %d)",
		fields[logkey.Error], deliveries, wiring.MaxReceives)}
	if deliveries >= wiring.MaxReceives {
		i.kind = failed
	}
	return i, true
}

// deadLetters returns an incident if the dead-letter queue, or the queue of undelivered events, has more messages
// than before.
func (w *observer) deadLetters(cell peering.Cell, queue string) []incident {
	if !strings.HasSuffix(queue, "-dead-letters") && !strings.HasSuffix(queue, "-undelivered") {
		return nil
	}
	key := cell.String() + " " + queue
	n, _ := w.cloud.Queues.Backlog(fmt.Sprintf("arn:aws:sqs:%s:%s:%s", cell.Region, cell.Account, queue))
	before := w.letters[key]
	w.letters[key] = n
	if n <= before {
		return nil
	}
	return []incident{{deadLetter, queue, cell,
		fmt.Sprintf("%d more, %d in all; docs/runbook.md has the remedy", n-before, n)}}
}

// changed returns the alarms that have begun or ended.
func (w *observer) changed(cell peering.Cell, alarms []cloudwatch.Status) []incident {
	var all []incident
	for _, a := range alarms {
		key := cell.String() + " " + a.Name
		before := cmp.Or(w.alarms[key], cloudwatch.OK)
		w.alarms[key] = a.State
		switch {
		case a.State == cloudwatch.Sounding && before != cloudwatch.Sounding:
			all = append(all, incident{alarmOn, a.Name, cell, a.Description})
		case a.State != cloudwatch.Sounding && before == cloudwatch.Sounding:
			all = append(all, incident{alarmOff, a.Name, cell, a.Description})
		}
	}
	return all
}

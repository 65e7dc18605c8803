package checks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// exchange is the most messages about a request that one cause leads to: the result of a check, a question, its answer,
// and the acceptance.
const exchange = 4

// freeCauses is the number of causes that every request may have: the request itself, and one more, such as its
// approval. A request thus has up to eight messages.
const freeCauses = 2

// flood limits the messages about a request in a minute, from all causes together. If many events come twice, an
// endless exchange has endless causes.
const flood = 60

// traffic counts the messages of cells about one request, and their causes.
type traffic struct {
	ids    map[string]bool // of the messages; a message that is sent again has the same
	latest []time.Time     // of the messages of the last minute
	causes int
}

// add counts a message.
func (t *traffic) add(id string, at time.Time) {
	t.latest = append(slices.DeleteFunc(t.latest, func(old time.Time) bool { return at.Sub(old) >= time.Minute }), at)
	if t.ids[id] {
		t.causes++ // the call was repeated
	}
	t.ids[id] = true
}

// isTooMuch reports whether the messages are more than their causes explain: eight, and four more for each cause after
// the second. A cause is anything but the first delivery of a message that wakes up accept, connect or sweep in one of
// the two cells: an event, a scheduled sweep, the second delivery of anything, an invocation that failed, a deployment.
// Without any of these, and before the second round of scheduled sweeps, the bound is eight. A message that causes
// messages without end breaks it at once.
func (t *traffic) isTooMuch() bool { return len(t.ids) > exchange*max(t.causes, freeCauses) }

func (c *Checker) trafficOf(id string) *traffic {
	t := c.messages[id]
	if t == nil {
		t = &traffic{ids: map[string]bool{}, causes: c.sweepsBefore(id)}
		c.messages[id] = t
	}
	return t
}

// lateSweep is how long before a request the event of a sweep may be sent that finds the request.
const lateSweep = 10 * time.Minute

// sweepsBefore returns the number of sweeps that may find a new request although their events were sent before it.
func (c *Checker) sweepsBefore(id string) (n int) {
	o := c.journal.Connections[id]
	for cell, times := range c.sweeps {
		if o == nil || cell != o.Requester.Cell && cell != o.Accepter.Cell {
			continue
		}
		for _, at := range times {
			if at.Before(o.Created) && o.Created.Sub(at) < lateSweep {
				n++
			}
		}
	}
	return n
}

// Delivered counts a message that leaves the bus of its sender, or the cause for messages that an event is where it
// reaches the queue of a function. Times is how often it will arrive.
func (c *Checker) Delivered(d events.Delivery, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isMessage := d.Event.Source == message.Source
	toBus := strings.Contains(d.Target, ":event-bus/")
	switch {
	case isMessage && toBus:
		c.sent(d.Event)
		c.cause(connectionIDs.FindAllString(string(d.Event.Detail), 1), times-1)
	case isMessage:
		c.cause(connectionIDs.FindAllString(string(d.Event.Detail), 1), times-1)
	case toBus, strings.HasSuffix(d.Target, string(function.Disconnect)): // disconnect sends no messages
	case strings.HasSuffix(d.Target, string(function.Sweep)):
		c.checkEdit(d)
		cell := cellOfQueue(d.Target)
		for range times {
			c.sweeps[cell] = append(c.sweeps[cell], time.Now())
		}
		c.cause(c.connectionsOf(cell), times)
	default:
		c.cause(connectionIDs.FindAllString(string(d.Event.Detail), -1), times)
	}
}

var connectionIDs = regexp.MustCompile(`pcx-[0-9a-f]{17}`)

// sent counts a message and checks the bound.
func (c *Checker) sent(e events.Event) {
	var m message.Message
	if err := json.Unmarshal(e.Detail, &m); err != nil {
		c.report.Fail(nil, "a cell sent a message that can't be read: %v", err)
		return
	}
	id := string(m.Connection)
	t := c.trafficOf(id)
	t.add(m.ID, time.Now())
	c.report.Note(messageNote{e.Account + "/" + e.Region, m, e.DetailType})
	if t.isTooMuch() {
		c.report.Fail([]string{id}, "%d messages between cells about %s, at most %d have a cause", len(t.ids), id,
			exchange*max(t.causes, freeCauses))
	}
	if n := len(t.latest); n > flood {
		c.report.Fail([]string{id}, "%d messages between cells about %s in a minute, want at most %d", n, id, flood)
	}
}

// cause counts causes of messages about the connections.
func (c *Checker) cause(connections []string, times int) {
	slices.Sort(connections)
	for _, id := range slices.Compact(connections) {
		c.trafficOf(id).causes += max(times, 0)
	}
}

// Forged counts an event that a person puts into a queue.
func (c *Checker) Forged(connection string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cause([]string{connection}, 1)
}

// failed counts the cause that an invocation of a function is that comes again, for the connections that it may be
// about.
func (c *Checker) failed(cell peering.Cell, f, connection string) {
	if f == string(function.Disconnect) {
		return
	}
	if connection != "" {
		c.cause([]string{connection}, 1)
		return
	}
	c.cause(c.connectionsOf(cell), 1)
}

// connectionsOf returns the ids of the connections with a side in the cell.
func (c *Checker) connectionsOf(cell peering.Cell) []string {
	var ids []string
	for _, id := range c.journal.Requests {
		if o := c.journal.Connections[id]; o.Requester.Cell == cell || o.Accepter.Cell == cell {
			ids = append(ids, id)
		}
	}
	return ids
}

// cellOfQueue returns the cell in the ARN of a queue.
func cellOfQueue(arn string) peering.Cell {
	parts := strings.Split(arn, ":")
	return peering.Cell{Account: peering.AccountID(parts[4]), Region: peering.Region(parts[3])}
}

// messageNote is the history's line about a message between cells.
type messageNote struct {
	cell string
	message.Message
	detailType string
}

func (n messageNote) String() string {
	return fmt.Sprintf("%s sends %s %s of %s: %s, blocks %s, assumed %s, answers %q", n.cell, n.detailType, n.ID,
		n.Connection, n.Code, n.Blocks, n.Assumed, n.Answers)
}

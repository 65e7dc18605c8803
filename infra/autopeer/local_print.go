package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// printer prints the announcements and incidents of the cells. Its methods are safe for concurrent use.
type printer struct {
	out io.Writer
	now func() time.Time

	mu      sync.Mutex
	printed map[string]bool // the ids of announcements
}

func newPrinter(out io.Writer, now func() time.Time) *printer {
	return &printer{out: out, now: now, printed: map[string]bool{}}
}

// label is the width of the first column of a block's further lines, which begin below the announcement.
const label = 9

// outcome prints an announcement in one piece. A repetition under the same id is left out.
func (p *printer) outcome(o outcome.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.printed[o.ID] {
		return
	}
	p.printed[o.ID] = true
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-20s  %s\n", p.now().Format(time.TimeOnly), o.Type, headline(o))
	write := func(name string, lines ...string) {
		for _, line := range lines {
			fmt.Fprintf(&b, "          %-*s  %s\n", label, name, line)
		}
	}
	write("reason", o.Reason.Sentence)
	write("changed", o.Changes...)
	if len(o.Changes) == 0 {
		write("state", o.State...)
	}
	write("obstacle", obstacles(o)...)
	write("remove", o.Removals...)
	write("add", o.Additions...)
	write("wanted", o.Wanted...)
	write("edited by", o.EditedBy...)
	write("note", o.Notes...)
	if o.Next != "" {
		write("next", o.Next)
	}
	_, _ = io.WriteString(p.out, b.String())
}

// headline returns the departments, the side, the cell and the connection.
func headline(o outcome.Outcome) string {
	where := "in " + o.Cell.String()
	if o.Side != "" {
		where = fmt.Sprintf("%s's side in %s", o.Side, o.Cell)
	}
	line := fmt.Sprintf("%s  %s  %s", pairOf(o), where, o.Connection)
	if o.SecondsSinceRequest > 0 && (o.Type == outcome.Accepted || o.Type == outcome.Connected) {
		line += fmt.Sprintf("  %.1f s after the request", o.SecondsSinceRequest)
	}
	return line
}

// pairOf returns "marketing → finance", with the VPC in place of a department that isn't known. A connection that
// EC2 no longer shows has neither.
func pairOf(o outcome.Outcome) string {
	if o.Requester == nil || o.Accepter == nil {
		return "VPCs no longer shown"
	}
	name := func(p *outcome.Party) string {
		if p.Department == "" {
			return string(p.VPC) + " (no department)"
		}
		return p.Department
	}
	return name(o.Requester) + " → " + name(o.Accepter)
}

// obstacles returns a sentence for each conflict and shortage, and two parts for each network ACL rule.
func obstacles(o outcome.Outcome) []string {
	var all []string
	for _, c := range o.Conflicts {
		line := fmt.Sprintf("%s routes %s to %s, and not to %s", c.RouteTable, c.Destination, c.Target, c.Wanted)
		if c.Overlaps != "" {
			line += ", which overlaps " + c.Overlaps
		}
		all = append(all, line)
	}
	for _, s := range o.Shortages {
		all = append(all, fmt.Sprintf("%s has %d of %d %s and needs %d more",
			s.Resource, s.Have, s.Limit, s.Of, s.Need))
	}
	for _, b := range o.Obstructions {
		all = append(all, b.Sentence+"; "+b.Remedy)
	}
	return all
}

// incident prints a failure in a cell that is not announced.
func (p *printer) incident(i incident) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("%s  %-20s  %s in %s: %s\n", p.now().Format(time.TimeOnly), i.kind, i.name, i.cell, i.text)
	_, _ = io.WriteString(p.out, line)
}

// incident is a failed message, a dead letter or a change of an alarm.
type incident struct {
	kind string
	name string // of the function, the queue or the alarm
	cell peering.Cell
	text string
}

// The kinds of incidents.
const (
	retry      = "Retry"
	failed     = "Message Failed"
	deadLetter = "Dead Letter"
	alarmOn    = "Alarm"
	alarmOff   = "Alarm Over"
)

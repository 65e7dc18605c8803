package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// Announced checks an outcome that autopeer has published.
func (c *Checker) Announced(o outcome.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	a := oracle.Announcement{
		At: now, DetailType: string(o.Type), Code: o.Reason.Code, Connection: string(o.Connection), Cell: o.Cell,
		Side: o.Side, Notes: o.Notes, Next: o.Next, Changed: len(o.Changes) > 0,
	}
	c.outcomes, c.announcements = append(c.outcomes, o), append(c.announcements, a)
	c.report.Note(announced{o})
	if why := c.checkAnnouncement(a); why != "" {
		c.report.Fail([]string{a.Connection}, "%s", why)
	}
	if o.Type != outcome.Connected || c.journal.Connections[a.Connection] == nil {
		return
	}
	for _, line := range o.State { // each by itself: a person may have undone one before another was done
		holds := func(l *ledger.Ledger, _ time.Time) bool { return oracle.HasRoute(l, line, a.Connection) }
		if !holds(c.journal.Ledger, now) && !c.journal.WasEver(now, memory, holds) {
			c.report.Fail([]string{a.Connection}, "%s was announced as connected, but it is not true that %s",
				a.Connection, line)
		}
	}
}

// latency is the longest time from an outcome to its announcement.
const latency = time.Second

// checkAnnouncement returns the error in an announcement by the policy that was entered last, if it has one by all
// policies that its function may have had; or else "".
func (c *Checker) checkAnnouncement(a oracle.Announcement) string {
	now := c.journal.Ledger
	isTrue := func(p *plainpolicy.Policy) bool { return oracle.CheckAnnouncement(now.Beside(now, p), a) == "" }
	if why := oracle.CheckAnnouncement(now, a); why != "" && !c.holds(a.At.Add(-latency), a.At, isTrue) {
		return why
	}
	return ""
}

// announced is the history's line about an outcome.
type announced struct{ outcome.Outcome }

func (a announced) String() string {
	return fmt.Sprintf("announced in %s: %s of %s %s: %s %v", a.Cell, a.Type, a.Connection, a.Side,
		a.Reason.Sentence, a.Changes)
}

// lineOfFile is the part of a sentence that may change between repetitions: where the policy has an entry.
var lineOfFile = regexp.MustCompile(`line \d+`)

// messageOfEC2 is EC2's text about a refusal, before the code in parentheses. EC2 has several texts for one code.
var messageOfEC2 = regexp.MustCompile(`: [^:]+ (\([A-Za-z]+\.[A-Za-z]+\))`)

// checkIDs checks that different announcements have different ids, and that repetitions have one. A repetition also
// names the same departments.
func (c *Checker) checkIDs() {
	byText, byID := map[string]string{}, map[string]string{}
	for _, o := range c.outcomes {
		text := textOf(o)
		repetition := text + department(o.Requester) + department(o.Accepter)
		if id, again := byText[repetition]; again && id != o.ID {
			c.report.Fail([]string{string(o.Connection)}, "%s of %s was announced twice with different ids",
				o.Type, o.Connection)
		}
		if before, again := byID[o.ID]; again && before != text {
			c.report.Fail([]string{string(o.Connection)}, "different announcements of %s have the same id", o.Connection)
		}
		byText[repetition], byID[o.ID] = o.ID, text
	}
}

// textOf returns the parts of an announcement on which its id depends. Of the notes, it depends on those about blocks
// that the policy doesn't permit, and on those about refused changes.
func textOf(o outcome.Outcome) string {
	notes := slices.DeleteFunc(slices.Clone(o.Notes), func(n string) bool {
		return !strings.Contains(n, "neither routed nor admitted") && !oracle.IsOfRefusal(n)
	})
	text := fmt.Sprint(o.Type, o.Connection, o.Cell, o.Side, o.Reason, o.State, notes, o.Conflicts, o.Shortages,
		o.Obstructions, o.Wanted, o.Removals, o.Additions, o.FoundAt, o.Next)
	return lineOfFile.ReplaceAllString(messageOfEC2.ReplaceAllString(text, " $1"), "a line")
}

func department(p *outcome.Party) string {
	if p == nil {
		return ""
	}
	return " " + p.Department
}

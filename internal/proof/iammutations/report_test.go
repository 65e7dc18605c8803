package iammutations_test

import (
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

// workInReportMode has autopeer propose the changes of every kind, in both directions: every read is needed, and
// nothing is changed.
func (c *company) workInReportMode() {
	for i, pair := range c.pairs {
		for _, ends := range [][2]lab.Site{pair, {pair[1], pair[0]}} {
			c.proposeAll(ends, i == 0)
		}
	}
	for _, ends := range [][2]lab.Site{c.pairs[0], {c.pairs[0][1], c.pairs[0][0]}} {
		id := c.ask(c.unlisted[ends[0].Cell], ends[1])
		c.proposes(ends[1].Cell, id, "reject "+string(id))
		c.by(ends[1].Cell, func(p *lab.Person) { p.Reject(id) })
		c.rest()
		c.stumbleInReportMode()
		c.leave(c.pairs[0][0], c.pairs[0][1])
		c.leave(c.unlisted[ends[0].Cell], c.unlisted[ends[1].Cell])
	}
}

// leave leaves a person's routes of a connection that is deleted. Of the VPCs that the policy names, the removal is
// proposed, and the others are announced by the sweep.
func (c *company) leave(from, to lab.Site) {
	id := c.ask(from, to)
	c.by(to.Cell, func(p *lab.Person) { p.Accept(id) })
	c.rest()
	for _, s := range []lab.Site{from, to} {
		c.by(s.Cell, func(p *lab.Person) { p.RouteTo(s.Table, "192.0.2.0/24", id) })
	}
	c.remove(from, id)
	c.sweep()
	c.rest()
	for _, s := range []lab.Site{from, to} {
		if s == c.unlisted[s.Cell] {
			c.announces(s.Cell, id, "unowned-blackhole")
		} else {
			c.proposes(s.Cell, id, "delete route 192.0.2.0/24")
		}
		c.by(s.Cell, func(p *lab.Person) { p.DeleteRoute(s.Table, "192.0.2.0/24") })
	}
	c.rest()
}

// announces notices that the cell hasn't announced the connection with the code.
func (c *company) announces(at peering.Cell, id peering.ConnectionID, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.announced, func(o outcome.Outcome) bool {
		return o.Cell == at && o.Connection == id && o.Reason.Code == code
	}) {
		c.notice("%s doesn't announce %s of %s", at, code, id)
	}
}

// proposeAll requests a connection, which a person accepts and routes, and deletes it.
func (c *company) proposeAll(ends [2]lab.Site, withRules bool) {
	from, to := ends[0], ends[1]
	if withRules { // that are in the way, and may be those of a dead connection
		for i, s := range ends {
			c.by(s.Cell, func(p *lab.Person) { p.Admit(s.Group, "icmp", -1, -1, ends[1-i].VPC.Block.String()) })
			c.by(s.Cell, func(p *lab.Person) { p.Admit(s.Group, "tcp", 443, 443, ends[1-i].VPC.Block.String()) })
		}
	}
	id := c.ask(from, to)
	c.proposes(to.Cell, id, "accept "+string(id))
	c.by(to.Cell, func(p *lab.Person) { p.Accept(id) })
	c.rest()
	for _, s := range ends {
		c.proposes(s.Cell, id, "create route")
		c.clutter(s, id)
	}
	c.sweep()
	c.rest()
	for _, s := range ends {
		c.proposes(s.Cell, id, "delete route 192.0.2.0/24")
	}
	c.remove(from, id)
	c.sweep()
	c.rest()
	for _, s := range ends {
		c.proposes(s.Cell, id, "revoke")
		c.tidy(s)
	}
	if withRules {
		for i, s := range ends {
			c.by(s.Cell, func(p *lab.Person) { p.Expel(s.Group, "icmp", -1, -1, ends[1-i].VPC.Block.String()) })
			c.by(s.Cell, func(p *lab.Person) { p.Expel(s.Group, "tcp", 443, 443, ends[1-i].VPC.Block.String()) })
		}
	}
	c.rest()
	c.expect()
	c.unchanged()
}

// tidy removes the clutter by hand.
func (c *company) tidy(s lab.Site) {
	c.by(s.Cell, func(p *lab.Person) { p.DeleteRoute(s.Table, "192.0.2.0/24") })
	c.by(s.Cell, func(p *lab.Person) { p.Expel(s.Group, "tcp", 22, 22, "192.0.2.0/24") })
}

// proposes notices that the cell hasn't proposed a change that begins like this for the connection.
func (c *company) proposes(at peering.Cell, id peering.ConnectionID, change string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.announced {
		if o.Type != outcome.Proposed || o.Connection != id {
			continue
		}
		for _, list := range [][]string{o.Removals, o.Additions} {
			for _, text := range list {
				if o.Cell == at && strings.HasPrefix(text, change) {
					return
				}
			}
		}
	}
	c.notice("%s doesn't propose to %s for %s", at, change, id)
}

// unchanged notices a call of a function that changes anything.
func (c *company) unchanged() {
	for _, call := range c.Cloud.Since(0) {
		if call.Service == "ec2" && call.Mutating && strings.Contains(call.ARN, ":assumed-role/autopeer-") {
			c.notice("%s by %s", call.Action, call.ARN)
		}
	}
}

// stumbleInReportMode makes each function fail at first, so that it hides its message for a while.
func (c *company) stumbleInReportMode() {
	stumbled, stop := c.failFirstCalls()
	defer stop()
	pair := c.pairs[1]
	id := c.ask(pair[0], pair[1])
	c.by(pair[1].Cell, func(p *lab.Person) { p.Accept(id) })
	c.rest()
	c.sweep()
	c.rest()
	c.remove(pair[0], id)
	for _, at := range []peering.Cell{one, two} {
		for _, f := range function.All {
			if !stumbled[stumblerARN(stumbled, at, f)] {
				c.notice("%s of %s didn't stumble", f, at)
			}
		}
	}
}

// stumblerARN returns the session of the function's role among those that stumbled.
func stumblerARN(stumbled map[string]bool, at peering.Cell, f function.Name) string {
	for arn := range stumbled {
		if strings.Contains(arn, string(at.Account)+":assumed-role/autopeer-"+string(f)+"-") {
			return arn
		}
	}
	return ""
}

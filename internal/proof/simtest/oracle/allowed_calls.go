package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// CheckCall returns the rule that a successful call of autopeer breaks in the state right before it, in a sentence; ""
// if autopeer may make the call.
func CheckCall(l *ledger.Ledger, q Quotas, rec ledger.Record) string {
	check := callChecks[rec.Call]
	if check == nil {
		return fmt.Sprintf("autopeer-%s called %s, which no function may call", rec.Function, rec.Call)
	}
	if want := callers[rec.Call]; !slices.Contains(want, rec.Function) {
		return fmt.Sprintf("autopeer-%s called %s, which only %v may call", rec.Function, rec.Call, want)
	}
	j := judge{l, rec.At, q}
	if why := j.checkReported(rec); why != "" {
		return why
	}
	return check(j, rec)
}

// callChecks check the calls that autopeer may make.
var callChecks = map[string]func(judge, ledger.Record) string{
	"AcceptVpcPeeringConnection":        judge.checkAccept,
	"RejectVpcPeeringConnection":        judge.checkReject,
	"CreateRoute":                       judge.checkCreateRoute,
	"ReplaceRoute":                      judge.checkReplaceRoute,
	"DeleteRoute":                       judge.checkDeleteRoute,
	"AuthorizeSecurityGroupIngress":     judge.checkAuthorize,
	"RevokeSecurityGroupIngress":        judge.checkRevoke,
	"CreateTags":                        judge.checkTags,
	"ModifyVpcPeeringConnectionOptions": judge.checkOptions,
}

// callers are the functions that may make a call.
var callers = map[string][]string{
	"AcceptVpcPeeringConnection":        {"accept"},
	"RejectVpcPeeringConnection":        {"accept"},
	"CreateRoute":                       {"connect"},
	"ReplaceRoute":                      {"connect"},
	"DeleteRoute":                       {"connect", "disconnect"},
	"AuthorizeSecurityGroupIngress":     {"connect"},
	"RevokeSecurityGroupIngress":        {"connect", "disconnect"},
	"CreateTags":                        {"connect"},
	"ModifyVpcPeeringConnectionOptions": {"connect"},
}

func (j judge) checkAccept(rec ledger.Record) string {
	c := j.Connections[rec.Connection()]
	if c == nil {
		return rec.Connection() + " was accepted, but was never requested"
	}
	readings := j.readings(c)
	allowed := allowing(readings)
	switch {
	case len(readings) == 0:
		return fmt.Sprintf("%s was accepted, but no peering lets %s in %s request a connection to %s in %s", c.ID,
			c.Requester.ID, c.Requester.Cell, c.Accepter.ID, c.Accepter.Cell)
	case len(allowed) == 0:
		return c.ID + " was accepted, but the CIDR blocks of its VPCs overlap or are not those in the policy"
	case needApproval(allowed) && !j.isApproved(c):
		return c.ID + " was accepted without approval"
	case j.isHeld(c, rec.Cell):
		return c.ID + " was accepted, but it is on hold"
	}
	for _, by := range allowed {
		if _, found := j.conflict(c, by, rec.Cell); !found {
			return ""
		}
	}
	route, _ := j.conflict(c, allowed[0], rec.Cell)
	return fmt.Sprintf("%s was accepted, but it conflicts with %s", c.ID, route)
}

// conflict returns a route that conflicts with one of the cell's sides.
func (j judge) conflict(c *ledger.Connection, by reading, cell peering.Cell) (route string, found bool) {
	for _, role := range c.Roles(cell) {
		if route, found := j.side(c, role, by).conflict(); found {
			return route, true
		}
	}
	return "", false
}

func (j judge) checkReject(rec ledger.Record) string {
	c := j.Connections[rec.Connection()]
	if c == nil || j.Policy == nil || !j.Policy.Reject || len(j.readings(c)) > 0 {
		return rec.Connection() + " was rejected, but the policy doesn't reject it"
	}
	return ""
}

func (j judge) checkTags(rec ledger.Record) string {
	for _, id := range rec.Tagged() {
		sides := j.allowedSides(id, rec.Cell)
		switch {
		case len(sides) == 0:
			return id + " was tagged, but the policy doesn't allow the connection"
		case anyHeld(sides):
			return id + " was tagged, but it is on hold"
		}
		if why := j.checkConsent("a tag was set", id, rec.Cell); why != "" {
			return why
		}
		for _, key := range rec.TagKeys() {
			isNamed := j.TagsOn(j.Connections[id], rec.Cell)[peering.TagName] != ""
			if key != peering.TagManaged && (key != peering.TagName || isNamed) {
				return fmt.Sprintf("%s was tagged with %s, which autopeer must not set", id, key)
			}
		}
	}
	return ""
}

func (j judge) checkOptions(rec ledger.Record) string {
	sides := j.allowedSides(rec.Connection(), rec.Cell)
	if anyHeld(sides) {
		return "the DNS option of " + rec.Connection() + " was changed, but the connection is on hold"
	}
	if why := j.checkConsent("the DNS option was changed", rec.Connection(), rec.Cell); why != "" {
		return why
	}
	for _, s := range sides {
		if s.reading.peering.DNS {
			return ""
		}
	}
	return "the DNS option of " + rec.Connection() + " was changed, but the policy doesn't set it"
}

// allowedSides returns the sides of an active connection that the cell owns; none if the policy doesn't allow it.
func (j judge) allowedSides(id string, cell peering.Cell) []side {
	c := j.Connections[id]
	if c == nil || j.stateOf(c) != ledger.Active {
		return nil
	}
	by := j.read(c)
	if !by.allows() {
		return nil
	}
	var sides []side
	for _, role := range c.Roles(cell) {
		sides = append(sides, j.side(c, role, by))
	}
	return sides
}

// maintainedSides returns the cell's sides of an active connection on which autopeer removes forbidden routes and
// rules: those of allowedSides, and those that autopeer connected before the blocks of the VPCs overlapped.
func (j judge) maintainedSides(id string, cell peering.Cell) []side {
	c := j.Connections[id]
	if c == nil || j.stateOf(c) != ledger.Active {
		return nil
	}
	by := j.read(c)
	if !j.isMaintained(c, by, cell) {
		return nil
	}
	var sides []side
	for _, role := range c.Roles(cell) {
		sides = append(sides, j.side(c, role, by))
	}
	return sides
}

func (j judge) isMaintained(c *ledger.Connection, by reading, cell peering.Cell) bool {
	return by.allows() || by.peering != nil && !by.undeclared && by.overlap && j.hasEvidence(c.ID, cell)
}

// Unseen is how long EC2 may not show a new connection to autopeer.
const Unseen = 20 * time.Second

// mayDisconnect reports whether autopeer may delete all routes and rules of the connection in the cell. A function that
// is not shown a new connection takes it for deleted.
func (j judge) mayDisconnect(id string, cell peering.Cell) bool {
	if j.isDead(id) {
		return true
	}
	c := j.Connections[id]
	return j.isRemoved(c, cell) || j.mayBeUnseen(c)
}

func (j judge) mayBeUnseen(c *ledger.Connection) bool { return j.now.Sub(c.Created) < Unseen }

// isRemoved reports whether the policy wants a connection disconnected because no peering names it any more. The cell
// must have evidence that autopeer connected it.
func (j judge) isRemoved(c *ledger.Connection, cell peering.Cell) bool {
	closes := j.Policy != nil &&
		(j.Policy.Disconnect || j.Policy.IsRetired(c.Requester.Cell) || j.Policy.IsRetired(c.Accepter.Cell))
	return closes && j.stateOf(c) == ledger.Active && j.read(c).peering == nil && j.hasEvidence(c.ID, cell)
}

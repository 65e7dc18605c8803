package announce

import (
	"fmt"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Outcome returns the cell's outcome of the connection, filled from the decision: both parties, the entry of the
// policy file, and the decision's code and sentence as the reason.
func Outcome(t outcome.Type, cell peering.Cell, c peering.Connection, d policy.Decision, file string) outcome.Outcome {
	o := outcome.Outcome{
		Type: t, Connection: c.ID, Cell: cell,
		Requester: party(d.Requester, c.Requester),
		Accepter:  party(d.Accepter, c.Accepter),
	}
	o = o.Because(string(d.Code), d.Reason, d.Key())
	if d.Peering != nil {
		o.Peering = &outcome.Entry{Between: d.Peering.Between, File: file, Line: d.Peering.Line}
	}
	return o
}

func party(department string, v peering.VPC) *outcome.Party {
	return &outcome.Party{Department: department, Account: v.Owner, Region: v.Region, VPC: v.ID}
}

// Obstructed returns o with the conflicts and shortages that obstruct its connection. The first of them is the
// reason; conflicts come before shortages. There has to be at least one.
func Obstructed(o outcome.Outcome, conflicts []plan.Conflict, shortages []plan.Shortage) outcome.Outcome {
	for _, c := range conflicts {
		o.Conflicts = append(o.Conflicts, conflict(c))
	}
	for _, s := range shortages {
		o.Shortages = append(o.Shortages, outcome.Shortage(s))
	}
	if len(conflicts) > 0 {
		o.Type = outcome.Conflicting
		o.Next = remedy(o, conflicts)
		var keys []string
		if isOfMesh(o) { // the next step depends on it
			keys = []string{"mesh"}
		}
		return o.Because("route-conflict", conflicts[0].String(), keys...)
	}
	o.Type = outcome.Failed
	o.Next = "raise the quota and set it under limits, or free capacity; the next sweep retries"
	return o.Because("quota", shortages[0].String())
}

func conflict(c plan.Conflict) outcome.Conflict {
	out := outcome.Conflict{
		RouteTable: c.Table, Destination: c.Route.Destination.String(),
		Target: c.Route.Target, Wanted: peering.Target(c.Wanted), Blackhole: c.Route.Blackhole,
	}
	if c.IsHidden() {
		out.Destination = string(c.Route.PrefixList)
	}
	if c.Destination != c.Route.Destination {
		out.Overlaps = c.Destination.String()
	}
	return out
}

// WithLeftOut returns o with a note of each block that is not permitted. The id depends on these blocks, so that
// each set is announced once.
func WithLeftOut(o outcome.Outcome, blocks []policy.LeftOut) outcome.Outcome {
	for _, l := range blocks {
		o.Notes = append(o.Notes, l.Sentence)
		o.Keys = append(o.Keys, l.Key)
	}
	return o
}

// ApprovalRequested returns o as a request for a person's approval, with the command that gives it.
func ApprovalRequested(o outcome.Outcome) outcome.Outcome {
	o.Type = outcome.AskApproval
	o.Next = fmt.Sprintf("to approve, in %s: aws ec2 create-tags --region %s --resources %s --tags Key=%s,Value=true",
		o.Accepter.Account, o.Accepter.Region, o.Connection, peering.TagApproved)
	return o
}

// MultipathDenied returns o, the denial of a request that allows multipath resilience, with the next step. A second
// request returns the first one while that is pending, so the first one has to be deleted.
func MultipathDenied(o outcome.Outcome) outcome.Outcome {
	o.Next = fmt.Sprintf("delete %s and request the connection again without AllowMultipathResilience, or set "+
		"multipath: true for the peering", o.Connection)
	return o
}

// AlreadyConnected returns o as the denial of a request for two VPCs that another connection connects already, or
// that an older request asks for.
func AlreadyConnected(o outcome.Outcome, by peering.Connection) outcome.Outcome {
	o.Type = outcome.Denied
	o.Next = fmt.Sprintf("delete or reject %s, or delete %s first", o.Connection, by.ID)
	if !by.State.IsAccepted() {
		return o.Because("already-requested",
			fmt.Sprintf("%s is an older request for the same two VPCs, and EC2 accepts only one", by.ID), string(by.ID))
	}
	return o.Because("already-connected",
		fmt.Sprintf("%s connects the two VPCs already, and EC2 accepts no second connection", by.ID), string(by.ID))
}

// ActiveDenied returns o, the denial of an active connection, with the next step: connected reports whether there
// is evidence that autopeer connected it, and routes are the deletions of the routes to it. Its id differs from
// that of the denied request.
func ActiveDenied(o outcome.Outcome, connected bool, routes []plan.Change) outcome.Outcome {
	o.Reason.Keys = append(o.Reason.Keys, "active")
	switch {
	case connected:
		o.Reason.Keys = append(o.Reason.Keys, "connected") // the next step depends on it
		o.Next = fmt.Sprintf("autopeer has connected %s, and its routes and rules stay: delete it, %s, or set removed: "+
			"disconnect; to delete it: %s", o.Connection, allowing(o), deletion(o))
	case len(routes) > 0:
		var commands []string
		o, commands = withRoutes(o, routes)
		o.Next = fmt.Sprintf("%s is active and has routes, and nothing shows that autopeer added them: %s, "+
			"or delete it and, in %s: %s", o.Connection, allowing(o), o.Cell.Account,
			strings.Join(append(commands, deletion(o)), "; "))
	default:
		o.Next = fmt.Sprintf("%s is active without routes and rules of autopeer: %s, or delete it: %s",
			o.Connection, allowing(o), deletion(o))
	}
	return o
}

// allowing returns the change to the policy after which it allows the denied connection.
func allowing(o outcome.Outcome) string {
	switch {
	case o.Peering == nil:
	case o.Reason.Code == string(policy.WrongDirection):
		return fmt.Sprintf("remove requester from the peering in line %d of %s", o.Peering.Line, o.Peering.File)
	case o.Reason.Code == string(policy.Multipath):
		return fmt.Sprintf("set multipath: true for the peering in line %d of %s", o.Peering.Line, o.Peering.File)
	}
	return "add a peering to the policy"
}

// withRoutes returns o with the routes as its state, and the commands that delete them.
func withRoutes(o outcome.Outcome, deletions []plan.Change) (_ outcome.Outcome, commands []string) {
	for _, d := range deletions {
		r, ok := d.(plan.DeleteRoute)
		if !ok {
			continue
		}
		o.State = append(o.State, fmt.Sprintf("%s routes %s to %s", r.Table, r.Destination, r.Via))
		o.Keys = append(o.Keys, d.Key())
		commands = append(commands, deletionOfRoute(o, r.Table, peering.Route{Destination: r.Destination}))
	}
	return o, commands
}

// deletionOfRoute returns the command that deletes the route in the cell of o.
func deletionOfRoute(o outcome.Outcome, table peering.RouteTableID, r peering.Route) string {
	option, destination := "--destination-cidr-block", r.Destination.String()
	switch {
	case r.PrefixList != "":
		option, destination = "--destination-prefix-list-id", string(r.PrefixList)
	case r.Destination.Addr().Is6():
		option = "--destination-ipv6-cidr-block"
	}
	return fmt.Sprintf("aws ec2 delete-route --region %s --route-table-id %s %s %s",
		o.Cell.Region, table, option, destination)
}

// Objected returns o, the denial of an active connection that the policy names and objects to, with the next step.
// Its id differs from that of the denied request.
func Objected(o outcome.Outcome) outcome.Outcome {
	o.Type = outcome.Denied
	o.Next = fmt.Sprintf("fix the cause or delete %s; until then autopeer removes the routes and rules that the policy "+
		"doesn't allow, and adds none", o.Connection)
	o.Reason.Keys = append(o.Reason.Keys, "active")
	return o
}

// OnHold returns o as the denial of a connection that a person has put on hold in the cell of o, with the command
// that ends the hold. Its id depends on the side, and on whether the connection is accepted.
func OnHold(o outcome.Outcome, state peering.State) outcome.Outcome {
	o.Type = outcome.Denied
	o.Next = fmt.Sprintf("to end the hold, in %s: aws ec2 delete-tags --region %s --resources %s --tags Key=%s",
		o.Cell.Account, o.Cell.Region, o.Connection, peering.TagHold)
	sentence := fmt.Sprintf("%s has the tag %s=true in %s, so autopeer doesn't accept it",
		o.Connection, peering.TagHold, o.Cell)
	if !state.IsAccepted() {
		return o.Because("hold", sentence)
	}
	sentence = fmt.Sprintf("%s has the tag %s=true in %s, so autopeer adds nothing to it there; removals go on",
		o.Connection, peering.TagHold, o.Cell)
	return o.Because("hold", sentence, "active")
}

// OfAnotherInstallation returns o as a conflict with the installation that manages the connection.
func OfAnotherInstallation(o outcome.Outcome, other peering.Installation) outcome.Outcome {
	o.Type = outcome.Conflicting
	o.Next = fmt.Sprintf("remove the peering from the policy of one of the two installations; the tag %s of the "+
		"connection or of its rules names %s", peering.TagManaged, other)
	return o.Because("other-installation",
		fmt.Sprintf("%s is managed by the installation %s in %s, so this installation doesn't change it", o.Connection,
			other, o.Cell), string(other))
}

// LostTags returns o as a failure to recognize a rule, with the command that revokes it. If the policy allows the
// rule, connect adds it again.
func LostTags(o outcome.Outcome, r plan.UntaggedRule) outcome.Outcome {
	o.Type = outcome.Failed
	o.Next = fmt.Sprintf("in %s: aws ec2 revoke-security-group-ingress --region %s --group-id %s --ip-permissions '%s'; "+
		"the next sweep adds the rule again if the policy allows it",
		o.Cell.Account, o.Cell.Region, r.Group, r.ToRevoke())
	return o.Because("untagged-rule", r.String(), r.Key())
}

// UnownedBlackholes returns o as a failure to remove blackholes to its connection, with the commands that delete
// them. The deletions are those of at least one route.
func UnownedBlackholes(o outcome.Outcome, deletions []plan.Change) outcome.Outcome {
	o, commands := withRoutes(o, deletions)
	o.Type = outcome.Failed
	o.Next = fmt.Sprintf("if the routes aren't needed, in %s: %s", o.Cell.Account, strings.Join(commands, "; "))
	return o.Because("unowned-blackhole",
		fmt.Sprintf("%s no longer exists, %s, and nothing shows that autopeer connected it", o.Connection,
			blackholes(len(deletions))))
}

func blackholes(n int) string {
	if n == 1 {
		return "a blackhole route to it remains"
	}
	return fmt.Sprintf("%d blackhole routes to it remain", n)
}

// refused is the code of a call that EC2 refused.
const refused = "refused"

// Refused returns o as a failure for the reason that EC2 gave.
func Refused(o outcome.Outcome, err error) outcome.Outcome {
	o.Type = outcome.Failed
	return o.Because(refused, err.Error(), fault.Keys(err)...)
}

// repairs returns a Repaired outcome for each side that is repaired, after a finding of drift on the hint's side,
// or on both sides if that is empty. Changes alone don't show the repair, because a function may be killed before
// it announces. The time of the finding or of the edit, which redeliveries of the message repeat, is part of the
// id.
func repairs(outcomes []outcome.Outcome, h hint.Hint) []outcome.Outcome {
	var repaired []outcome.Outcome
	for _, o := range outcomes {
		if o.Lacks && len(o.Changes) == 0 { // the missing part may be the drift
			continue
		}
		if isRight(o.Type) && (h.Side == "" || o.Side == h.Side || len(o.Changes) > 0) {
			o.Type, o.FoundAt, o.EditedBy = outcome.Repaired, found(h), h.EditedBy
			o.State, o.Notes, o.Obstructions, o.Keys = nil, nil, nil, nil
			repaired = append(repaired, o)
		}
	}
	return repaired
}

// isRight reports whether the outcome leaves nothing to repair.
func isRight(t outcome.Type) bool {
	return t == outcome.Accepted || t == outcome.Connected || t == outcome.Disconnected
}

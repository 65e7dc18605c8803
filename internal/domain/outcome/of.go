package outcome

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Of returns what the cell says about the connection, filled from the decision: both parties, the entry
// of the policy, and the decision's code and sentence as the reason.
func Of(kind Kind, cell peering.Cell, c peering.Connection, d policy.Decision, file string) Outcome {
	o := Outcome{
		Kind: kind, Connection: c.ID, Cell: cell,
		Requester: party(d.Requester, c.Requester),
		Accepter:  party(d.Accepter, c.Accepter),
		Reason:    Reason{Code: string(d.Code), Sentence: d.Reason},
	}
	if d.Peering != nil {
		o.Peering = &Entry{Between: d.Peering.Between, File: file, Line: d.Peering.Line}
	}
	return o
}

func party(department string, v peering.VPC) *Party {
	return &Party{Department: department, Account: v.Owner, Region: v.Region, VPC: v.ID}
}

// Because returns o with another reason.
func (o Outcome) Because(code, sentence string) Outcome {
	o.Reason = Reason{Code: code, Sentence: sentence}
	return o
}

// Obstructed returns o as what keeps it from being done: the conflicts, or else the shortages, the first of
// which is the reason's sentence.
func (o Outcome) Obstructed(conflicts []plan.Conflict, shortages []plan.Shortage) Outcome {
	for _, c := range conflicts {
		o.Conflicts = append(o.Conflicts, conflict(c))
	}
	for _, s := range shortages {
		o.Shortages = append(o.Shortages, Shortage(s))
	}
	if len(conflicts) > 0 {
		o.Kind = Conflicting
		return o.Because("route-conflict", conflicts[0].String())
	}
	o.Kind = Failed
	o.Next = "have the quota raised and tell the policy so in limits, or make room; the next sweep comes back to it"
	return o.Because("quota", shortages[0].String())
}

func conflict(c plan.Conflict) Conflict {
	out := Conflict{
		RouteTable: c.Table, Destination: c.Route.Destination.String(),
		Target: c.Route.Target, Wanted: peering.Target(c.Wanted),
	}
	if c.Destination != c.Route.Destination {
		out.Overlaps = c.Destination.String()
	}
	return out
}

// Asking returns o as a request for a person's approval, with how to give it.
func (o Outcome) Asking() Outcome {
	o.Kind = AskApproval
	o.Next = fmt.Sprintf("to approve, in %s: aws ec2 create-tags --region %s --resources %s --tags Key=%s,Value=true",
		o.Accepter.Account, o.Accepter.Region, o.Connection, peering.TagApproved)
	return o
}

// Repairs returns, of what a function says after it was told of drift on a side, or on none in particular, what is
// right again. What it changed doesn't tell: it may have been killed before it could say so.
func Repairs(said []Outcome, side peering.Role) []Outcome {
	var all []Outcome
	for _, o := range said {
		right := o.Kind == Accepted || o.Kind == Connected || o.Kind == Disconnected
		if right && (side == "" || o.Side == side || len(o.Changes) > 0) {
			o.Kind, o.State, o.Notes, o.Obstructions = Repaired, nil, nil, nil
			all = append(all, o)
		}
	}
	return all
}

// Refused returns o as a failure for the reason that EC2 gave, a quota say.
func (o Outcome) Refused(err error) Outcome {
	o.Kind = Failed
	return o.Because("refused", err.Error())
}

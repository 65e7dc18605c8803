package outcome

import (
	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/plan"
	"github.com/autopeer/autopeer/internal/policy"
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

// Blocked returns o with the conflicts, the first of which is the reason's sentence.
func (o Outcome) Blocked(conflicts []plan.Conflict) Outcome {
	for _, c := range conflicts {
		o.Conflicts = append(o.Conflicts, Conflict{
			RouteTable: c.Table, Destination: c.Route.Destination.String(),
			Target: c.Route.Target, Wanted: peering.Target(c.Wanted),
		})
	}
	return o.Because("route-conflict", conflicts[0].String())
}

// Refused returns o as a failure for the reason that EC2 gave, a quota say.
func (o Outcome) Refused(err error) Outcome {
	o.Kind = Failed
	return o.Because("refused", err.Error())
}

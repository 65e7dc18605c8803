package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

func acrossAccounts(s *stage) { across(s, oneInVirginia, twoInVirginia) }
func acrossRegions(s *stage)  { across(s, oneInVirginia, oneInParis) }
func acrossBoth(s *stage)     { across(s, oneInVirginia, twoInParis) }

// across is marketing-finance with each side in a cell of its own.
func across(s *stage, marketing, finance peering.Cell) {
	m, f := s.build(marketing, lab.Marketing), s.build(finance, lab.Finance)
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	mark := s.Cloud.Mark()
	pcx := s.connectStepByStep(m, f, "Marketing <> Finance")
	s.exactly("all tables of both have the route, the group admits ICMP from Marketing, and that is all",
		append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))...)
	s.check("each cell announces its own side as connected",
		spoke(s.Announced(outcome.Connected, pcx), marketing, finance),
		"it does not")
	calls := s.ByAutopeer(mark)
	s.showProcesses(calls)
	s.checkCallers(calls, m, f)
	s.steal(m)
	s.checkTags(pcx, m, f)
	s.takeBack(m, f, pcx)
}

func spoke(announced []outcome.Outcome, cells ...peering.Cell) bool {
	for _, c := range cells {
		if !slices.ContainsFunc(announced, func(o outcome.Outcome) bool { return o.Cell == c }) {
			return false
		}
	}
	return true
}

// checkCallers checks the callers, accounts and Regions in the embedded cloud's log of calls.
func (s *stage) checkCallers(calls []apicall.Call, m, f lab.Site) {
	accepted := where(calls, "AcceptVpcPeeringConnection", "")
	s.check("the accepter's account accepts, in the accepter's region", slices.Equal(accepted, []string{f.Cell.String()}),
		"it was "+strings.Join(accepted, ", "))
	for _, side := range []lab.Site{m, f} {
		wrote := where(calls, "CreateRoute", string(side.Table))
		s.check(fmt.Sprintf("the route in %s is written by its own cell %s", side.Table, side.Cell),
			slices.Equal(wrote, []string{side.Cell.String()}), "it was "+strings.Join(wrote, ", "))
	}
	strangers := slices.DeleteFunc(slices.Clone(calls), func(call apicall.Call) bool {
		return strings.Contains(call.ARN, "::"+call.Account+":assumed-role/autopeer-")
	})
	s.check(fmt.Sprintf("all %d calls are made with a role of the cell's own account", len(calls)),
		len(calls) > 0 && len(strangers) == 0, fmt.Sprintf("%d are not", len(strangers)))
}

// where returns the cells in which the call succeeded, each once; for a route, those that wrote to the table.
func where(calls []apicall.Call, action, table string) []string {
	var cells []string
	for _, call := range calls {
		cell := call.Account + "/" + call.Region
		if call.Action == action && call.ErrorCode == "" && (table == "" || call.Params["RouteTableId"] == table) &&
			!slices.Contains(cells, cell) {
			cells = append(cells, cell)
		}
	}
	return cells
}

// checkTags: a tag is seen only in the account and region in which it was made.
func (s *stage) checkTags(pcx peering.ConnectionID, m, f lab.Site) {
	asked, answered := s.connection(m.Cell, pcx).Tags, s.connection(f.Cell, pcx).Tags
	s.check("the requester's own name for it stays on the requester's side",
		asked[peering.TagName] == "Marketing <> Finance", "it is "+asked[peering.TagName])
	s.check("the accepter's side has a name of its own", answered[peering.TagName] == "marketing <> finance",
		"it is "+answered[peering.TagName])
	s.check("each side is marked as managed",
		asked[peering.TagManaged] == wiring.DefaultPrefix && answered[peering.TagManaged] == wiring.DefaultPrefix,
		"one is not")
}

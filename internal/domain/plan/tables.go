package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Select returns the route tables of a VPC that the scope chooses, and a note for each table or subnet that the scope
// names and the VPC lacks. A gateway route table is never chosen: EC2 refuses routes to a connection there.
// https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
func Select(scope policy.Tables, tables []peering.RouteTable, subnets []peering.Subnet) (
	map[peering.RouteTableID]bool, []string,
) {
	switch scope.Scope {
	case policy.MainTable:
		return choose(tables, func(t peering.RouteTable) bool { return t.Main }), nil
	case policy.TablesByID:
		chosen := choose(tables, func(t peering.RouteTable) bool { return slices.Contains(scope.IDs, t.ID) })
		return chosen, lacking(scope.IDs, chosen)
	case policy.TablesByTag:
		chosen := choose(tables, func(t peering.RouteTable) bool { return hasTags(t.Tags, scope.Tags) })
		return chosen, noneChosen(chosen, "route table", scope.Tags)
	case policy.SubnetTables:
		return tablesOf(*scope.Subnets, tables, subnets)
	}
	return choose(tables, func(peering.RouteTable) bool { return true }), nil
}

func choose(tables []peering.RouteTable, is func(peering.RouteTable) bool) map[peering.RouteTableID]bool {
	chosen := map[peering.RouteTableID]bool{}
	for _, t := range tables {
		if !t.Gateway && is(t) {
			chosen[t.ID] = true
		}
	}
	return chosen
}

// tablesOf returns the tables that serve the chosen subnets: the one that a subnet is associated with, or
// the main table for a subnet that has no association of its own.
func tablesOf(want policy.Subnets, tables []peering.RouteTable, subnets []peering.Subnet) (
	map[peering.RouteTableID]bool, []string,
) {
	var ids []peering.SubnetID
	for _, s := range subnets {
		if slices.Contains(want.IDs, s.ID) || (len(want.Tags) > 0 && hasTags(s.Tags, want.Tags)) {
			ids = append(ids, s.ID)
		}
	}
	serves := func(t peering.RouteTable) bool {
		return slices.ContainsFunc(ids, func(id peering.SubnetID) bool { return TableOf(id, tables) == t.ID })
	}
	found := map[peering.SubnetID]bool{}
	for _, id := range ids {
		found[id] = true
	}
	return choose(tables, serves), slices.Concat(lacking(want.IDs, found), noneChosen(found, "subnet", want.Tags))
}

// TableOf returns the table that serves a subnet, "" if it isn't in the list.
func TableOf(subnet peering.SubnetID, tables []peering.RouteTable) peering.RouteTableID {
	var main peering.RouteTableID
	for _, t := range tables {
		if slices.Contains(t.Subnets, subnet) {
			return t.ID
		}
		if t.Main {
			main = t.ID
		}
	}
	return main
}

func hasTags(have, want map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}

func lacking[ID ~string](want []ID, found map[ID]bool) []string {
	var notes []string
	for _, id := range want {
		if !found[id] {
			notes = append(notes, fmt.Sprintf("the VPC has no %s", id))
		}
	}
	return notes
}

func noneChosen[ID ~string](chosen map[ID]bool, noun string, tags map[string]string) []string {
	if len(chosen) > 0 || len(tags) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the VPC has no %s tagged %s", noun, tagWords(tags))}
}

func tagWords(tags map[string]string) string {
	words := ""
	for i, k := range slices.Sorted(maps.Keys(tags)) {
		if i > 0 {
			words += ", "
		}
		words += k + "=" + tags[k]
	}
	return words
}

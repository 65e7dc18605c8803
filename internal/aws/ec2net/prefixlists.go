package ec2net

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/parallel"
)

// prefixList has the blocks of a list, or the error of reading them.
type prefixList struct {
	blocks []netip.Prefix
	err    error
}

// withPrefixLists returns the tables with one route for each block instead of the routes to prefix lists. It reads
// each list once, those of gateway endpoints as well: a route table doesn't distinguish these from the endpoints of
// Gateway Load Balancers, to which routes lead by lists of customers. An error concerns only the routes to its list.
func (n *Network) withPrefixLists(ctx context.Context, tables []peering.RouteTable) []peering.RouteTable {
	lists, endpoints := listsIn(tables)
	services, unread := n.serviceBlocks(ctx, endpoints...)
	var reads []parallel.Task
	for _, id := range slices.Sorted(maps.Keys(lists)) {
		l := lists[id]
		if l.blocks = services[id]; len(l.blocks) > 0 {
			continue
		}
		reads = append(reads, func(ctx context.Context) error {
			l.err = parallel.Contained(ctx, parallel.Read(&l.blocks, n.listedBlocks, id))
			if l.err != nil && slices.Contains(endpoints, id) {
				l.err = errors.Join(l.err, unread)
			}
			return nil
		})
	}
	_ = parallel.Do(ctx, reads...) // each list keeps its own error
	for i, t := range tables {
		tables[i] = spread(t, lists)
	}
	return tables
}

// listsIn returns the lists of the tables' routes, and the sorted ids of those that lead to an endpoint.
func listsIn(tables []peering.RouteTable) (all map[peering.PrefixListID]*prefixList, endpoints []peering.PrefixListID) {
	all = map[peering.PrefixListID]*prefixList{}
	for _, t := range tables {
		for _, r := range t.Routes {
			if r.PrefixList == "" {
				continue
			}
			all[r.PrefixList] = new(prefixList)
			if r.Target.IsEndpoint() {
				endpoints = append(endpoints, r.PrefixList)
			}
		}
	}
	slices.Sort(endpoints)
	return all, slices.Compact(endpoints)
}

// serviceBlocks returns the blocks of those lists that are AWS's own, with one call. It returns none with an error: the
// lists are then read one by one, as those of customers. So for a VPC with gateway endpoints one of the two permissions
// is enough.
func (n *Network) serviceBlocks(
	ctx context.Context, lists ...peering.PrefixListID,
) (map[peering.PrefixListID][]netip.Prefix, error) {
	found, err := byValues(ctx, "prefix-list-id", lists,
		func(ctx context.Context, filters ...types.Filter) ([]types.PrefixList, error) {
			pages := ec2.NewDescribePrefixListsPaginator(n.client, &ec2.DescribePrefixListsInput{
				Filters: filters, MaxResults: aws.Int32(pageSize),
			})
			of := func(o *ec2.DescribePrefixListsOutput) []types.PrefixList { return o.PrefixLists }
			return collect(ctx, "describe prefix lists", pages, of, func(l types.PrefixList) types.PrefixList { return l })
		})
	if err != nil {
		return nil, err
	}
	blocks := map[peering.PrefixListID][]netip.Prefix{}
	for _, l := range found {
		id := peering.PrefixListID(aws.ToString(l.PrefixListId))
		for _, c := range l.Cidrs {
			blocks[id] = append(blocks[id], prefix(&c))
		}
	}
	return blocks, nil
}

// spread returns the table with a route for each block of its prefix lists, and with the errors of the lists. A route
// to a list without blocks stays as it is.
func spread(t peering.RouteTable, lists map[peering.PrefixListID]*prefixList) peering.RouteTable {
	var routes []peering.Route
	for _, r := range t.Routes {
		l, isListed := lists[r.PrefixList]
		if isListed && l.err != nil {
			t = withUnread(t, r.PrefixList, l.err)
		}
		if !isListed || len(l.blocks) == 0 {
			routes = append(routes, r)
			continue
		}
		for _, b := range l.blocks {
			r.Destination = b
			routes = append(routes, r)
		}
	}
	t.Routes = routes
	return t
}

func withUnread(t peering.RouteTable, id peering.PrefixListID, err error) peering.RouteTable {
	if t.Unread == nil {
		t.Unread = map[peering.PrefixListID]error{}
	}
	t.Unread[id] = err
	return t
}

// listedBlocks returns the blocks of the lists. The error is Denied for a list that EC2 doesn't show: it was deleted,
// or its owner no longer shares it, and its routes may still work.
func (n *Network) listedBlocks(ctx context.Context, lists ...peering.PrefixListID) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, id := range lists {
		pages := ec2.NewGetManagedPrefixListEntriesPaginator(n.client, &ec2.GetManagedPrefixListEntriesInput{
			PrefixListId: aws.String(string(id)), MaxResults: aws.Int32(listPageSize),
		})
		blocks, err := collect(ctx, "read prefix list "+string(id), pages, listEntries,
			func(e types.PrefixListEntry) netip.Prefix { return prefix(e.Cidr) })
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidPrefixListID.NotFound" {
			err = fault.As(fault.Denied, err)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, blocks...)
	}
	return all, nil
}

func listEntries(o *ec2.GetManagedPrefixListEntriesOutput) []types.PrefixListEntry { return o.Entries }

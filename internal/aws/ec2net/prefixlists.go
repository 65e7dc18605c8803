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

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/parallel"
)

// readPrefixLists replaces the routes to prefix lists in the tables by one route for each block. Those of gateway
// endpoints stay without blocks: the lists of their services have public addresses alone, and most VPCs have such a
// route.
func (n *Network) readPrefixLists(ctx context.Context, tables []peering.RouteTable) error {
	blocks := map[peering.PrefixListID]*[]netip.Prefix{}
	for _, t := range tables {
		for _, r := range t.Routes {
			if hasBlocks(r) {
				blocks[r.PrefixList] = new([]netip.Prefix)
			}
		}
	}
	if len(blocks) == 0 {
		return nil
	}
	var reads []parallel.Task
	for _, id := range slices.Sorted(maps.Keys(blocks)) {
		reads = append(reads, parallel.Read(blocks[id], n.listedBlocks, id))
	}
	if err := parallel.Do(ctx, reads...); err != nil {
		return err
	}
	for i, t := range tables {
		tables[i].Routes = nil
		for _, r := range t.Routes {
			tables[i].Routes = append(tables[i].Routes, spread(r, blocks)...)
		}
	}
	return nil
}

func hasBlocks(r peering.Route) bool { return r.PrefixList != "" && !r.Target.IsEndpoint() }

// spread returns a route for each block of the route's prefix list, and the route itself if it has none.
func spread(r peering.Route, blocks map[peering.PrefixListID]*[]netip.Prefix) []peering.Route {
	if !hasBlocks(r) || len(*blocks[r.PrefixList]) == 0 {
		return []peering.Route{r}
	}
	var routes []peering.Route
	for _, b := range *blocks[r.PrefixList] {
		r.Destination = b
		routes = append(routes, r)
	}
	return routes
}

// listedBlocks returns the blocks of the lists. A list that is gone, or no longer shared with the account, has none.
func (n *Network) listedBlocks(ctx context.Context, lists ...peering.PrefixListID) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, id := range lists {
		pages := ec2.NewGetManagedPrefixListEntriesPaginator(n.client, &ec2.GetManagedPrefixListEntriesInput{
			PrefixListId: aws.String(string(id)), MaxResults: aws.Int32(listPageSize),
		})
		blocks, err := collect(ctx, "read prefix list "+string(id), pages, listEntries,
			func(e types.PrefixListEntry) netip.Prefix { return prefix(e.Cidr) })
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidPrefixListID.NotFound" {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, blocks...)
	}
	return all, nil
}

func listEntries(o *ec2.GetManagedPrefixListEntriesOutput) []types.PrefixListEntry { return o.Entries }

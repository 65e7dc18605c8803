package sweep

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/observe"
	"github.com/autopeer/autopeer/internal/parallel"
)

// observed lists the cell's connections and the resources of their VPCs.
type observed struct {
	connections []peering.Connection          // alive, expired and deleted
	blackholes  []peering.RouteTable          // the tables of departments' VPCs that have any
	others      map[peering.ConnectionID]bool // the connections for which only other installations have rules
	plan.Inventory
}

// observe takes two rounds of list calls, whatever the number of connections.
func (s *Sweeper) observe(ctx context.Context) (observed, error) {
	var current observed
	err := parallel.Do(ctx,
		parallel.Read(&current.connections, s.network.ConnectionsIn, peering.PendingAcceptance, peering.Provisioning, peering.Active, peering.Expired, peering.Deleted),
		func(ctx context.Context) (err error) {
			current.blackholes, err = s.network.RouteTablesWithBlackholes(ctx)
			return err
		},
		func(ctx context.Context) (err error) {
			current.Rules, err = s.network.OurIngressRules(ctx)
			return err
		},
	)
	if err != nil {
		return current, err
	}
	current.blackholes = slices.DeleteFunc(current.blackholes, func(t peering.RouteTable) bool { return !s.concerns(t.VPC) })
	resources, err := s.reader.Read(ctx, s.vpcs(current.connections)...)
	current.others = peering.OthersAlone(s.policy.Installation, current.Rules)
	resources.Rules = peering.RulesOf(s.policy.Installation, current.Rules)
	current.Inventory = resources
	for _, c := range current.connections {
		if c.State.IsAccepted() {
			current.Accepted = append(current.Accepted, c)
		}
	}
	return current, err
}

func readerOf(n Network, p *policy.Policy) observe.Reader {
	r := observe.ReaderOf(n, p)
	r.VPCs = n.VPCs
	return r
}

func (s *Sweeper) concerns(vpc peering.VPCID) bool {
	return s.policy.Concerns(peering.VPC{Owner: s.cell.Account, Region: s.cell.Region, ID: vpc})
}

// vpcs returns the VPCs of the cell's departments that have a connection, sorted.
func (s *Sweeper) vpcs(connections []peering.Connection) []peering.VPCID {
	var ids []peering.VPCID
	for _, c := range connections {
		ids = append(ids, s.cell.Own(c.Requester, c.Accepter)...)
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id peering.VPCID) bool { return !s.concerns(id) })
}

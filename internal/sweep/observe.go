package sweep

import (
	"context"
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/observe"
	"github.com/autopeer/autopeer/internal/parallel"
)

// observed lists the cell's connections and the resources of their VPCs.
type observed struct {
	connections []peering.Connection                           // alive, expired and deleted
	blackholes  []peering.RouteTable                           // the tables that have any
	read        []peering.VPC                                  // the VPCs with their blocks
	named       map[peering.VPCID]bool                         // of those that were read: the policy names them
	rules       map[peering.ConnectionID][]peering.IngressRule // of every connection, made by any installation
	untagged    hint.Untagged                                  // the connections whose tag was just deleted
	edits       hint.Edits                                     // the latest ones, by any principal
	plan.Inventory
}

// rulesOf returns the rules that were made for the connection, by any installation.
func (o observed) rulesOf(c peering.ConnectionID) []peering.IngressRule { return o.rules[c] }

// editable returns the ids of the route tables and groups of the VPCs.
func (o observed) editable(vpcs ...peering.VPCID) []string {
	var ids []string
	for _, t := range o.Tables {
		if slices.Contains(vpcs, t.VPC) {
			ids = append(ids, string(t.ID))
		}
	}
	for _, g := range o.Groups {
		if slices.Contains(vpcs, g.VPC) {
			ids = append(ids, string(g.ID))
		}
	}
	return ids
}

// wasConnected reports whether EC2 shows the dead connection, or the installation connected it. Any other
// connection may be a new request that EC2 doesn't show yet.
func (o observed) wasConnected(id peering.ConnectionID, by peering.Installation) bool {
	isShown := slices.ContainsFunc(o.connections, func(c peering.Connection) bool { return c.ID == id })
	return isShown || peering.Connection{ID: id}.IsConnectedBy(by, o.rulesOf(id))
}

// shown returns the connection as EC2 shows it, or with only its id.
func (o observed) shown(id peering.ConnectionID) peering.Connection {
	for _, c := range o.connections {
		if c.ID == id {
			return c
		}
	}
	return peering.Connection{ID: id}
}

// known returns the connections that EC2 shows and, with only their ids, those that only a blackhole or a rule names.
func (o observed) known() []peering.Connection {
	ids := map[peering.ConnectionID]bool{}
	for id := range o.rules {
		ids[id] = true
	}
	for _, t := range o.blackholes {
		for _, r := range t.Routes {
			if r.Blackhole && r.Target.IsConnection() {
				ids[peering.ConnectionID(r.Target)] = true
			}
		}
	}
	for _, c := range o.connections {
		delete(ids, c.ID)
	}
	all := slices.Clone(o.connections)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		all = append(all, peering.Connection{ID: id})
	}
	return all
}

// observe reads in two rounds of list calls, for any number of connections. The error is the first one of the network.
func (s *Sweeper) observe(ctx context.Context, due hint.Sweep) (observed, error) {
	current := observed{untagged: due.Untagged, edits: due.Edits}
	err := parallel.Do(ctx,
		parallel.Read(&current.connections, s.network.ConnectionsIn, peering.PendingAcceptance, peering.Provisioning,
			peering.Active, peering.Expired, peering.Deleting, peering.Deleted),
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
	current.rules = byConnection(current.Rules)
	vpcs := s.vpcs(current)
	var resources plan.Inventory
	var others []peering.VPC
	err = parallel.Do(ctx,
		func(ctx context.Context) (err error) {
			resources, err = s.reader.Read(ctx, vpcs...)
			return err
		},
		func(ctx context.Context) (err error) {
			others, err = s.withBlackholes(ctx, current, vpcs)
			return err
		},
	)
	resources.Rules = current.Rules
	current.Inventory, current.read = resources, slices.Concat(resources.VPCs, others)
	current.named = s.named(current.read)
	for _, c := range current.connections {
		if c.State.IsAccepted() || c.State == peering.PendingAcceptance {
			current.Living = append(current.Living, c)
		}
	}
	return current, err
}

func byConnection(rules []peering.IngressRule) map[peering.ConnectionID][]peering.IngressRule {
	all := map[peering.ConnectionID][]peering.IngressRule{}
	for _, r := range rules {
		all[r.Connection()] = append(all[r.Connection()], r)
	}
	return all
}

// withBlackholes returns the VPCs with a blackhole, except those that are read anyway and those in no department.
func (s *Sweeper) withBlackholes(ctx context.Context, current observed, read []peering.VPCID) ([]peering.VPC, error) {
	var ids []peering.VPCID
	for _, t := range current.blackholes {
		if s.concerns(t.VPC) && !slices.Contains(read, t.VPC) {
			ids = append(ids, t.VPC)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	return s.network.VPCs(ctx, slices.Compact(ids)...)
}

func (s *Sweeper) named(vpcs []peering.VPC) map[peering.VPCID]bool {
	named := map[peering.VPCID]bool{}
	for _, v := range vpcs {
		named[v.ID] = s.policy.Concerns(v)
	}
	return named
}

func readerOf(n Network, p *policy.Policy) observe.Reader {
	r := observe.ReaderOf(n, p)
	r.VPCs = n.VPCs
	return r
}

func (s *Sweeper) concerns(vpc peering.VPCID) bool { return s.policy.Concerns(s.vpc(vpc)) }

// vpc returns a VPC of the cell whose blocks aren't known.
func (s *Sweeper) vpc(id peering.VPCID) peering.VPC {
	return peering.VPC{Owner: s.cell.Account, Region: s.cell.Region, ID: id}
}

// vpcs returns the VPCs of the cell that have a connection and are a department's or connected by the installation,
// sorted.
func (s *Sweeper) vpcs(current observed) []peering.VPCID {
	var ids []peering.VPCID
	for _, c := range current.connections {
		connected := c.State.IsAccepted() &&
			current.untagged.Restored(c).IsConnectedBy(s.policy.Installation, current.rulesOf(c.ID))
		for _, id := range s.cell.Own(c.Requester, c.Accepter) {
			if s.concerns(id) || connected && !s.policy.IsThirdParty(s.vpc(id)) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

package accept

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/observe"
	"github.com/autopeer/autopeer/internal/parallel"
)

// observed is the connection as the cell sees it, with the blocks of the cell's own VPCs, and the resources of these.
// The connection is nil while EC2 doesn't show it.
type observed struct {
	connection *peering.Connection
	plan.Inventory
}

// observe reads the connection and, at the same time, the resources of the VPCs that the hint names. It reads again
// where the connection turns out to have others.
func (a *Accepter) observe(ctx context.Context, h hint.Hint) (observed, error) {
	var found []peering.Connection
	var inventory plan.Inventory
	hinted := a.reads(h.Requester, h.Accepter)
	err := parallel.Do(ctx,
		parallel.Read(&found, a.network.Connections, h.Connection),
		parallel.Read(&inventory, hinted.reader.Read, hinted.vpcs...),
	)
	if err != nil || len(found) == 0 {
		return observed{}, err
	}
	c := found[0]
	if named := a.reads(c.Requester, c.Accepter); !hinted.cover(named) {
		if inventory, err = named.reader.Read(ctx, named.vpcs...); err != nil {
			return observed{}, err
		}
	}
	c = inventory.WithBlocks(c)
	return observed{&c, inventory}, nil
}

// reads are the VPCs of the cell to read: with all that a side is planned from where the cell decides, and only for
// their blocks where the accepter's cell does.
type reads struct {
	vpcs    []peering.VPCID
	decides bool
	reader  observe.Reader
}

func (a *Accepter) reads(requester, accepter peering.VPC) reads {
	r := reads{vpcs: a.cell.Own(requester, accepter), decides: accepter.Cell() == a.cell}
	if r.decides {
		r.reader = observe.ReaderOf(a.network, a.policy)
		r.reader.Accepted = a.network.AcceptedConnectionsOf
	}
	r.reader.VPCs = a.network.VPCs
	return r
}

// cover reports whether nothing is missing from r that o would read.
func (r reads) cover(o reads) bool { return slices.Equal(r.vpcs, o.vpcs) && (r.decides || !o.decides) }

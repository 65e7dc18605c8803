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
// if the connection has other VPCs.
func (a *Accepter) observe(ctx context.Context, h hint.Hint) (observed, error) {
	var found []peering.Connection
	var inventory plan.Inventory
	hinted, reader := a.cell.Own(h.Requester, h.Accepter), a.reader()
	err := parallel.Do(ctx,
		parallel.Read(&found, a.network.Connections, h.Connection),
		parallel.Read(&inventory, reader.Read, hinted...),
	)
	if err != nil || len(found) == 0 {
		return observed{}, err
	}
	c := found[0]
	if named := a.cell.Own(c.Requester, c.Accepter); !slices.Equal(named, hinted) {
		if inventory, err = reader.Read(ctx, named...); err != nil {
			return observed{}, err
		}
	}
	inventory.Living = a.recent.corrected(inventory.Living, a.now())
	if beyond := inventory.Beyond(a.cell, c); len(beyond) > 0 {
		tables, err := a.network.RouteTables(ctx, beyond...)
		if err != nil {
			return observed{}, err
		}
		inventory.Tables = append(inventory.Tables, tables...)
	}
	c = inventory.WithBlocks(c)
	return observed{&c, inventory}, nil
}

func (a *Accepter) reader() observe.Reader {
	r := observe.ReaderOf(a.network, a.policy)
	r.VPCs, r.Living = a.network.VPCs, a.network.LivingConnectionsOf
	return r
}

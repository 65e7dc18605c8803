package accept

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/together"
	"github.com/autopeer/autopeer/internal/trail"
)

// sight is what the cell sees of a request: the connection, with the blocks of its own VPCs, and their
// route tables. The connection is nil while EC2 doesn't show it.
type sight struct {
	connection *peering.Connection
	tables     []peering.RouteTable
}

type surroundings struct {
	vpcs   []peering.VPC
	tables []peering.RouteTable
}

// observe reads the connection and, at the same time, the cell's VPCs that the hint names. Where the hint
// turns out to be wrong about them it reads again, those that the connection names.
func (a *Accepter) observe(ctx context.Context, hint trail.Hint) (sight, error) {
	var found []peering.Connection
	var around surroundings
	hinted := a.cell.Own(hint.Requester, hint.Accepter)
	err := together.Do(ctx,
		together.Into(&found, func(ctx context.Context) ([]peering.Connection, error) {
			return a.network.Connections(ctx, hint.Connection)
		}),
		together.Into(&around, func(ctx context.Context) (surroundings, error) { return a.around(ctx, hinted) }),
	)
	if err != nil || len(found) == 0 {
		return sight{}, err
	}
	c := found[0]
	if named := a.cell.Own(c.Requester, c.Accepter); !slices.Equal(named, hinted) {
		if around, err = a.around(ctx, named); err != nil {
			return sight{}, err
		}
	}
	c.Requester, c.Accepter = around.fill(c.Requester), around.fill(c.Accepter)
	return sight{connection: &c, tables: around.tables}, nil
}

// around reads the VPCs and their route tables together.
func (a *Accepter) around(ctx context.Context, vpcs []peering.VPCID) (surroundings, error) {
	var s surroundings
	if len(vpcs) == 0 {
		return s, nil
	}
	err := together.Do(ctx,
		together.Into(&s.vpcs, func(ctx context.Context) ([]peering.VPC, error) { return a.network.VPCs(ctx, vpcs...) }),
		together.Into(&s.tables, func(ctx context.Context) ([]peering.RouteTable, error) { return a.network.RouteTables(ctx, vpcs...) }),
	)
	return s, err
}

// fill gives a VPC of the cell its blocks, which a pending connection doesn't show.
func (s surroundings) fill(v peering.VPC) peering.VPC {
	for _, known := range s.vpcs {
		if known.Same(v) {
			return known
		}
	}
	return v
}

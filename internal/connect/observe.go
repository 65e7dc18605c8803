package connect

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/observe"
	"github.com/autopeer/autopeer/internal/parallel"
)

// observed is the connection as the cell sees it, and the resources of the cell's VPCs. The connection is nil while EC2
// doesn't show it.
type observed struct {
	connection *peering.Connection
	plan.Inventory
	unreadACLs error // of the network ACLs, on which no change depends
}

// observe reads the connection, our rules for it and, at the same time, the resources of the VPCs that the hint names.
// It reads again if the connection has other VPCs.
func (c *Connector) observe(ctx context.Context, h hint.Hint) (observed, error) {
	var current observed
	var found []peering.Connection
	var rules []peering.IngressRule
	hinted, reader := c.cell.Own(h.Requester, h.Accepter), withoutFault(c.reader, &current.unreadACLs)
	err := parallel.Do(ctx,
		parallel.Read(&found, c.network.Connections, h.Connection),
		parallel.Read(&rules, c.network.IngressRules, h.Connection),
		parallel.Read(&current.Inventory, reader.Read, hinted...),
	)
	if err != nil || len(found) == 0 {
		return observed{}, err
	}
	current.connection = &found[0]
	if named := c.cell.Own(found[0].Requester, found[0].Accepter); !slices.Equal(named, hinted) {
		current.Inventory, err = reader.Read(ctx, named...)
	}
	current.Rules = rules
	return current, err
}

// readerOf reads network ACLs only where the policy has rules whose traffic they may deny, and subnets for these or
// where the policy chooses route tables by them.
func readerOf(n Network, p *policy.Policy) observe.Reader {
	r := observe.ReaderOf(n, p)
	if p.Admits() {
		r.ACLs, r.Subnets = n.NetworkACLs, n.Subnets
	}
	return r
}

// withoutFault returns the reader whose error for network ACLs is stored in unread, so that changes don't wait for it.
func withoutFault(r observe.Reader, unread *error) observe.Reader {
	acls := r.ACLs
	if acls == nil {
		return r
	}
	r.ACLs = func(ctx context.Context, vpcs ...peering.VPCID) (all []peering.NetworkACL, _ error) {
		all, *unread = acls(ctx, vpcs...)
		return all, nil
	}
	return r
}

package connect

import (
	"context"
	"errors"
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
	unread unread
}

// unread has the errors of the resources on which an announcement depends, and no change.
type unread struct{ acls, subnets error }

func (u unread) fault() error { return errors.Join(u.acls, u.subnets) }

// observe reads the connection, our rules for it and, at the same time, the resources of the VPCs that the hint names.
// It reads again if the connection has other VPCs.
func (c *Connector) observe(ctx context.Context, h hint.Hint) (observed, error) {
	var current observed
	var found []peering.Connection
	var rules []peering.IngressRule
	hinted, reader := c.cell.Own(h.Requester, h.Accepter), c.readerFor(&current.unread)
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

// readerFor returns the reader that stores the errors of network ACLs in u, so that changes don't wait for them, and
// those of subnets as well unless the policy chooses route tables by them.
func (c *Connector) readerFor(u *unread) observe.Reader {
	r := c.reader
	r.ACLs = withoutFault(r.ACLs, &u.acls)
	if !c.policy.ChoosesSubnets() {
		r.Subnets = withoutFault(r.Subnets, &u.subnets)
	}
	return r
}

type list[T any] = func(context.Context, ...peering.VPCID) ([]T, error)

// withoutFault returns the list whose error is stored in fault instead, nil for nil.
func withoutFault[T any](read list[T], fault *error) list[T] {
	if read == nil {
		return nil
	}
	return func(ctx context.Context, vpcs ...peering.VPCID) (all []T, _ error) {
		all, *fault = read(ctx, vpcs...)
		return all, nil
	}
}

package ec2net

import (
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Connections returns those of the connections that EC2 shows in the cell. It reads by filter, because one unknown
// id would fail a call by ids. The error is Permanent for a missing permission or a refused parameter, and otherwise
// Retryable.
func (n *Network) Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error) {
	found, err := byValues(ctx, "vpc-peering-connection-id", ids, n.connectionsBy)
	// Emulators that don't implement filters answer with other connections.
	return slices.DeleteFunc(found, func(c peering.Connection) bool { return !slices.Contains(ids, c.ID) }), err
}

// ConnectionsIn returns the cell's connections in these states. EC2's filter doesn't know initiating-request. The
// error has the classes of Connections.
func (n *Network) ConnectionsIn(ctx context.Context, states ...peering.State) ([]peering.Connection, error) {
	return n.connectionsBy(ctx, filter("status-code", states...))
}

// ConnectionsOf returns the connections in any state whose requester or accepter is one of the VPCs. The error has
// the classes of Connections.
func (n *Network) ConnectionsOf(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Connection, error) {
	return n.connectionsOf(ctx, vpcs)
}

// LivingConnectionsOf returns those of ConnectionsOf that are pending, being provisioned or active. The error has
// the classes of Connections.
func (n *Network) LivingConnectionsOf(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Connection, error) {
	return n.connectionsOf(ctx, vpcs, filter("status-code",
		peering.PendingAcceptance, peering.Provisioning, peering.Active))
}

// connectionsOf makes two concurrent reads, because EC2 has a filter for each end and none for both.
func (n *Network) connectionsOf(ctx context.Context, vpcs []peering.VPCID, further ...types.Filter) (
	[]peering.Connection, error,
) {
	var requested, received []peering.Connection
	by := func(ctx context.Context, filters ...types.Filter) ([]peering.Connection, error) {
		return n.connectionsBy(ctx, append(filters, further...)...)
	}
	err := parallel.Do(ctx,
		func(ctx context.Context) (err error) {
			requested, err = byValues(ctx, "requester-vpc-info.vpc-id", vpcs, by)
			return err
		},
		func(ctx context.Context) (err error) {
			received, err = byValues(ctx, "accepter-vpc-info.vpc-id", vpcs, by)
			return err
		},
	)
	return distinct(append(requested, received...)), err
}

// distinct returns each connection once: one between two VPCs of the list is found by both of its ends.
func distinct(connections []peering.Connection) []peering.Connection {
	found := map[peering.ConnectionID]bool{}
	return slices.DeleteFunc(connections, func(c peering.Connection) bool {
		again := found[c.ID]
		found[c.ID] = true
		return again
	})
}

func (n *Network) connectionsBy(ctx context.Context, filters ...types.Filter) ([]peering.Connection, error) {
	client := multipathClient{n.client, map[peering.ConnectionID]bool{}}
	pages := ec2.NewDescribeVpcPeeringConnectionsPaginator(client, &ec2.DescribeVpcPeeringConnectionsInput{
		Filters: filters, MaxResults: aws.Int32(pageSize),
	})
	items := func(o *ec2.DescribeVpcPeeringConnectionsOutput) []types.VpcPeeringConnection {
		return o.VpcPeeringConnections
	}
	found, err := collect(ctx, "describe peering connections", pages, items, connection)
	for i := range found {
		found[i].RequesterMultipath = client.allowed[found[i].ID]
	}
	return found, err
}

// Accept accepts a pending connection, which becomes active later. The error is Denied, with a key, for a quota or
// another connection of the two VPCs, Permanent for a missing permission, and otherwise Retryable.
func (n *Network) Accept(ctx context.Context, id peering.ConnectionID) error {
	_, err := n.client.AcceptVpcPeeringConnection(ctx,
		&ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
	return classify(action{"accept " + string(id), "accept|" + string(id)}, err)
}

// Reject rejects a pending connection. The error has the classes of Accept.
func (n *Network) Reject(ctx context.Context, id peering.ConnectionID) error {
	_, err := n.client.RejectVpcPeeringConnection(ctx,
		&ec2.RejectVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
	return classify(action{"reject " + string(id), "reject|" + string(id)}, err)
}

func connection(c types.VpcPeeringConnection) peering.Connection {
	out := peering.Connection{
		ID:      peering.ConnectionID(aws.ToString(c.VpcPeeringConnectionId)),
		Expires: aws.ToTime(c.ExpirationTime),
		Tags:    tagsOf(c.Tags),
	}
	if c.Status != nil {
		out.State, out.Message = peering.State(c.Status.Code), aws.ToString(c.Status.Message)
	}
	out.Requester, out.RequesterDNS = end(c.RequesterVpcInfo)
	out.Accepter, out.AccepterDNS = end(c.AccepterVpcInfo)
	return out
}

func end(info *types.VpcPeeringConnectionVpcInfo) (peering.VPC, *bool) {
	if info == nil {
		return peering.VPC{}, nil
	}
	v := peering.VPC{
		Owner:  peering.AccountID(aws.ToString(info.OwnerId)),
		Region: peering.Region(aws.ToString(info.Region)),
		ID:     peering.VPCID(aws.ToString(info.VpcId)),
		Blocks: endBlocks(info),
	}
	if info.PeeringOptions == nil {
		return v, nil
	}
	return v, info.PeeringOptions.AllowDnsResolutionFromRemoteVpc
}

func endBlocks(info *types.VpcPeeringConnectionVpcInfo) []netip.Prefix {
	var blocks []netip.Prefix
	for _, b := range info.CidrBlockSet {
		blocks = append(blocks, prefix(b.CidrBlock))
	}
	for _, b := range info.Ipv6CidrBlockSet {
		blocks = append(blocks, prefix(b.Ipv6CidrBlock))
	}
	return primaryFirst(prefix(info.CidrBlock), blocks)
}

// primaryFirst returns the primary block and after it the others, sorted. It returns nil where AWS shows no primary
// block, which means that the blocks are not known.
func primaryFirst(primary netip.Prefix, blocks []netip.Prefix) []netip.Prefix {
	if !primary.IsValid() {
		return nil
	}
	others := slices.DeleteFunc(cidr.Sorted(blocks), func(b netip.Prefix) bool { return b == primary })
	return slices.Insert(others, 0, primary)
}

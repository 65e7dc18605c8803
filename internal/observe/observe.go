// Package observe reads the resources of a cell's VPCs that plans are made from.
package observe

import (
	"context"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Reader has one function for each kind of resource. A kind whose function is nil is not read. Every function
// returns the resources of the VPCs that exist and leaves out unknown IDs.
type Reader struct {
	VPCs    func(context.Context, ...peering.VPCID) ([]peering.VPC, error)
	Tables  func(context.Context, ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets func(context.Context, ...peering.VPCID) ([]peering.Subnet, error)
	Groups  func(context.Context, ...peering.VPCID) ([]peering.SecurityGroup, error)
	ACLs    func(context.Context, ...peering.VPCID) ([]peering.NetworkACL, error)
	Living  func(context.Context, ...peering.VPCID) ([]peering.Connection, error)
}

// Network lists the resources that every plan is made from. Errors have a class of package fault; an error without a
// class is Retryable.
type Network interface {
	RouteTables(context.Context, ...peering.VPCID) ([]peering.RouteTable, error)
	SecurityGroups(context.Context, ...peering.VPCID) ([]peering.SecurityGroup, error)
	Subnets(context.Context, ...peering.VPCID) ([]peering.Subnet, error)
}

// ReaderOf returns the reader of route tables and security groups, and of subnets where the policy chooses route tables
// by them.
func ReaderOf(n Network, p *policy.Policy) Reader {
	r := Reader{Tables: n.RouteTables, Groups: n.SecurityGroups}
	if p.ChoosesSubnets() {
		r.Subnets = n.Subnets
	}
	return r
}

// Read reads all kinds concurrently, which costs one round trip. Without a VPC it reads nothing. The error is the
// first one of the Reader's functions, with its class.
func (r Reader) Read(ctx context.Context, vpcs ...peering.VPCID) (plan.Inventory, error) {
	var found plan.Inventory
	if len(vpcs) == 0 {
		return found, nil
	}
	var reads []parallel.Task
	reads = add(reads, &found.VPCs, r.VPCs, vpcs)
	reads = add(reads, &found.Tables, r.Tables, vpcs)
	reads = add(reads, &found.Subnets, r.Subnets, vpcs)
	reads = add(reads, &found.Groups, r.Groups, vpcs)
	reads = add(reads, &found.ACLs, r.ACLs, vpcs)
	reads = add(reads, &found.Living, r.Living, vpcs)
	err := parallel.Do(ctx, reads...)
	return found, err
}

func add[T any](
	reads []parallel.Task, dst *[]T, list func(context.Context, ...peering.VPCID) ([]T, error), vpcs []peering.VPCID,
) []parallel.Task {
	if list == nil {
		return reads
	}
	return append(reads, parallel.Read(dst, list, vpcs...))
}

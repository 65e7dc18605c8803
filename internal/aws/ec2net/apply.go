package ec2net

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// Apply makes one change. It first reads a route or rule that is to be removed or replaced. The error is
//   - Retryable for a call that EC2 throttles, for a resource or state that EC2 doesn't show yet, for unknown
//     codes, and with fault.ErrOutdated if another process has changed the same route or rule;
//   - Permanent for a missing permission and for parameters that EC2 refuses;
//   - Denied, with a key, for a quota, a second connection of the VPCs, or, marked by fault.Lacking, a missing
//     source group, prefix list or VPC attribute.
func (n *Network) Apply(ctx context.Context, change plan.Change) error {
	var err error
	switch c := change.(type) {
	case plan.CreateRoute:
		err = n.createRoute(ctx, c)
	case plan.ReplaceRoute:
		err = n.replaceRoute(ctx, c)
	case plan.DeleteRoute:
		err = n.deleteRoute(ctx, c)
	case plan.Authorize:
		err = n.authorize(ctx, c)
	case plan.Revoke:
		err = n.revoke(ctx, c)
	case plan.EnableDNS:
		err = n.enableDNS(ctx, c)
	case plan.Tag:
		err = n.tag(ctx, c)
	default:
		return fault.Errorf(fault.Permanent, "%s: EC2 has no call for a %T", change, change)
	}
	return classify(action{change.String(), change.Key()}, err)
}

func (n *Network) createRoute(ctx context.Context, c plan.CreateRoute) error {
	in := &ec2.CreateRouteInput{RouteTableId: aws.String(string(c.Table)),
		VpcPeeringConnectionId: aws.String(string(c.Via))}
	in.DestinationCidrBlock, in.DestinationIpv6CidrBlock = byFamily(c.Destination)
	_, err := n.client.CreateRoute(ctx, in)
	return err
}

func (n *Network) replaceRoute(ctx context.Context, c plan.ReplaceRoute) error {
	still, err := n.stillRouted(ctx, c.Table, c.Destination, c.Was)
	if err != nil {
		return err
	}
	if !still { // deleted, or replaced by another principal
		return fmt.Errorf("it no longer leads to %s: %w", c.Was, fault.ErrOutdated)
	}
	in := &ec2.ReplaceRouteInput{RouteTableId: aws.String(string(c.Table)),
		VpcPeeringConnectionId: aws.String(string(c.Via))}
	in.DestinationCidrBlock, in.DestinationIpv6CidrBlock = byFamily(c.Destination)
	_, err = n.client.ReplaceRoute(ctx, in)
	return err
}

func (n *Network) deleteRoute(ctx context.Context, c plan.DeleteRoute) error {
	if still, err := n.stillRouted(ctx, c.Table, c.Destination, peering.Target(c.Via)); err != nil || !still {
		return err
	}
	in := &ec2.DeleteRouteInput{RouteTableId: aws.String(string(c.Table))}
	in.DestinationCidrBlock, in.DestinationIpv6CidrBlock = byFamily(c.Destination)
	_, err := n.client.DeleteRoute(ctx, in)
	if gone, ok := errors.AsType[smithy.APIError](err); ok && gone.ErrorCode() == "InvalidRoute.NotFound" {
		return nil
	}
	return err
}

// stillRouted reads the route again, because EC2 deletes and replaces by destination, even if the target has
// changed. docs/security.md describes the remaining race.
func (n *Network) stillRouted(ctx context.Context, table peering.RouteTableID, dst netip.Prefix, to peering.Target) (
	bool, error,
) {
	tables, err := n.routeTables(ctx, filter("route-table-id", table))
	if err != nil {
		return false, err
	}
	for _, t := range tables {
		for _, r := range t.Routes {
			if r.Destination == dst && r.Target == to {
				return true, nil
			}
		}
	}
	return false, nil
}

func byFamily(p netip.Prefix) (v4, v6 *string) {
	if p.Addr().Is4() {
		return aws.String(p.String()), nil
	}
	return nil, aws.String(p.String())
}

func (n *Network) authorize(ctx context.Context, c plan.Authorize) error {
	in := &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: aws.String(string(c.Group)),
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSecurityGroupRule,
			Tags: sdkTags(map[string]string{
				peering.TagConnection: string(c.Connection), peering.TagManaged: string(c.By),
			}),
		}},
	}
	for _, p := range c.Permissions {
		in.IpPermissions = append(in.IpPermissions, sdkPermission(p, c))
	}
	_, err := n.client.AuthorizeSecurityGroupIngress(ctx, in)
	return sourceGone(c, err)
}

func sdkPermission(p peering.Permission, c plan.Authorize) types.IpPermission {
	out := types.IpPermission{IpProtocol: aws.String(string(p.Protocol))}
	if p.Protocol != peering.AllProtocols {
		out.FromPort, out.ToPort = aws.Int32(p.From), aws.Int32(p.To)
	}
	description := aws.String(c.Description)
	switch {
	case p.Group != "":
		out.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String(string(p.Group)),
			UserId: aws.String(string(c.Peer)), Description: description}}
	case p.PrefixList != "":
		out.PrefixListIds = []types.PrefixListId{{PrefixListId: aws.String(string(p.PrefixList)), Description: description}}
	case p.Source.Addr().Is4():
		out.IpRanges = []types.IpRange{{CidrIp: aws.String(p.Source.String()), Description: description}}
	default:
		out.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(p.Source.String()), Description: description}}
	}
	return out
}

// sourceGone makes err Denied if the missing resource is the referenced group or prefix list of the policy. EC2 has
// the same code for the group that gets the rule, but that group has just been read.
func sourceGone(c plan.Authorize, err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || c.Permissions[0].Source.IsValid() || !isNotFound(api.ErrorCode()) {
		return err
	}
	return fault.Keyed(api.ErrorCode(), fault.Lacking(fault.Errorf(fault.Denied, "%s (%s)",
		api.ErrorMessage(), api.ErrorCode())))
}

func isNotFound(code string) bool { return strings.HasSuffix(code, ".NotFound") }

// revoke revokes the rules that still have the tags of the change. If the change has any other rule, it returns
// ErrOutdated: the plan was made for a rule that no longer exists or is no longer autopeer's.
func (n *Network) revoke(ctx context.Context, c plan.Revoke) error {
	ids, err := n.stillTagged(ctx, c)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		in := &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(string(c.Group)), SecurityGroupRuleIds: ids}
		if _, err := n.client.RevokeSecurityGroupIngress(ctx, in); err != nil {
			return err
		}
	}
	if missing := len(c.Rules) - len(ids); missing > 0 {
		return fmt.Errorf("%d of %d rules were deleted or have lost the tags of the installation %s and of %s: %w",
			missing, len(c.Rules), c.By, c.Connection, fault.ErrOutdated)
	}
	return nil
}

// stillTagged reads the rules again and returns the ids of those that have the tags of the change. EC2 revokes by
// id, and IAM has no condition on a rule's tags. docs/security.md describes the remaining race.
func (n *Network) stillTagged(ctx context.Context, c plan.Revoke) ([]string, error) {
	rules, err := byValues(ctx, "security-group-rule-id", c.Rules, n.ingressRules)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range c.Rules {
		if slices.ContainsFunc(rules, func(r peering.IngressRule) bool { return r.ID == id && isTagged(r, c) }) {
			ids = append(ids, string(id))
		}
	}
	return ids, nil
}

// isTagged also requires a connection, because a rule without tags must not match a change without one.
func isTagged(r peering.IngressRule, c plan.Revoke) bool {
	return r.Group == c.Group && r.Connection() != "" && r.Connection() == c.Connection && r.MadeBy() == c.By
}

// enableDNS sends only the option of the cell's side: EC2 refuses the other side's option from this account, and the
// ClassicLink options between Regions.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcPeeringConnectionOptions.html
func (n *Network) enableDNS(ctx context.Context, c plan.EnableDNS) error {
	on := &types.PeeringConnectionOptionsRequest{AllowDnsResolutionFromRemoteVpc: aws.Bool(true)}
	in := &ec2.ModifyVpcPeeringConnectionOptionsInput{VpcPeeringConnectionId: aws.String(string(c.Connection))}
	if c.Role == peering.Requester {
		in.RequesterPeeringConnectionOptions = on
	} else {
		in.AccepterPeeringConnectionOptions = on
	}
	_, err := n.client.ModifyVpcPeeringConnectionOptions(ctx, in)
	return withoutDNS(notActiveYet(err))
}

// withoutDNS marks err as Lacking if one of the two VPCs has no DNS host names or no DNS support. EC2 has one code
// for both.
func withoutDNS(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != dnsDisabled {
		return err
	}
	return fault.Keyed(api.ErrorCode(), fault.Lacking(fault.Errorf(fault.Denied, "%s (%s)",
		api.ErrorMessage(), api.ErrorCode())))
}

// notActiveYet makes err Retryable if EC2 doesn't know yet that the connection is active. EC2 has the same code,
// OperationNotPermitted, for options that it always refuses, so only the text distinguishes the two:
// "Peering pcx-… is not active. Peering options can be added only to active peerings."
func notActiveYet(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if ok && api.ErrorCode() == "OperationNotPermitted" && strings.Contains(api.ErrorMessage(), "is not active") {
		return fmt.Errorf("%s (%s)", api.ErrorMessage(), api.ErrorCode())
	}
	return err
}

func (n *Network) tag(ctx context.Context, c plan.Tag) error {
	_, err := n.client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{string(c.Connection)},
		Tags: sdkTags(c.Tags)})
	return err
}

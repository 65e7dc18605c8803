package usecases

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

// names replaces ids, which differ on each cloud, by names.
type names struct{ pairs []string }

func (n *names) add(id, name string) {
	if id != "" {
		n.pairs = append(n.pairs, id, name)
	}
}

func (n *names) site(s lab.Site) {
	n.add(string(s.VPC.ID), s.Name)
	n.add(string(s.VPC.Main), s.Name+"'s main table")
	n.add(string(s.Table), s.Name+"'s table")
	n.add(string(s.Subnet), s.Name+"'s subnet")
	n.add(string(s.Group), s.Name+"'s group")
}

var others = regexp.MustCompile(`\b(sgr|igw|acl|rtb|sg|subnet|vpc)-[0-9a-f]{8,17}\b|RequestID: [^,]*`)

// in returns the text with names. The id of a resource without a name, such as a rule, becomes its prefix.
func (n *names) in(text string) string {
	text = strings.NewReplacer(n.pairs...).Replace(text)
	return others.ReplaceAllString(text, "$1-…")
}

// connectionLines returns the facts that a cell is shown of a connection, one a line.
func connectionLines(cell peering.Cell, c types.VpcPeeringConnection) []string {
	lines := []string{fmt.Sprintf("%s sees %s as %s", cell, *c.VpcPeeringConnectionId, c.Status.Code)}
	for _, t := range c.Tags {
		lines = append(lines, fmt.Sprintf("%s sees the tag %s=%s of %s", cell, *t.Key, *t.Value, *c.VpcPeeringConnectionId))
	}
	for role, side := range map[string]*types.VpcPeeringConnectionVpcInfo{
		"requester": c.RequesterVpcInfo, "accepter": c.AccepterVpcInfo,
	} {
		lines = append(lines,
			sideLines(fmt.Sprintf("%s sees the %s of %s, %s,", cell, role, *c.VpcPeeringConnectionId, c.Status.Code), side)...)
	}
	return lines
}

func sideLines(who string, side *types.VpcPeeringConnectionVpcInfo) []string {
	lines := []string{fmt.Sprintf("%s as %s of %s in %s", who, aws.ToString(side.VpcId), aws.ToString(side.OwnerId),
		aws.ToString(side.Region))}
	blocks := []string{aws.ToString(side.CidrBlock)}
	for _, b := range side.CidrBlockSet {
		blocks = append(blocks, aws.ToString(b.CidrBlock))
	}
	slices.Sort(blocks)
	for _, b := range slices.Compact(blocks) {
		if b != "" {
			lines = append(lines, who+" with "+b)
		}
	}
	if o := side.PeeringOptions; o != nil && aws.ToBool(o.AllowDnsResolutionFromRemoteVpc) {
		lines = append(lines, who+" resolving names for its peer")
	}
	return lines
}

// tableLines returns the routes of a table without those of the VPC's own blocks.
func tableLines(t types.RouteTable) []string {
	var lines []string
	for _, r := range t.Routes {
		target := aws.ToString(r.VpcPeeringConnectionId) + aws.ToString(r.GatewayId)
		if target == string(peering.Local) {
			continue
		}
		line := fmt.Sprintf("%s routes %s to %s", *t.RouteTableId, aws.ToString(r.DestinationCidrBlock), target)
		if r.State == types.RouteStateBlackhole {
			line += ", a blackhole"
		}
		lines = append(lines, line)
	}
	return lines
}

func ruleLine(r types.SecurityGroupRule) string {
	source := aws.ToString(r.CidrIpv4)
	if r.ReferencedGroupInfo != nil {
		source += aws.ToString(r.ReferencedGroupInfo.GroupId)
	}
	line := fmt.Sprintf("%s admits %s %d-%d from %s, described as %q", *r.GroupId, *r.IpProtocol, aws.ToInt32(r.FromPort),
		aws.ToInt32(r.ToPort), source, aws.ToString(r.Description))
	for _, t := range r.Tags {
		line += fmt.Sprintf(", tagged %s=%s", *t.Key, *t.Value)
	}
	return line
}

// outcomeLines returns the facts of an announcement, one a line.
func outcomeLines(o outcome.Outcome) []string {
	who := fmt.Sprintf("%s announces %s of %s", o.Cell, o.Type, o.Connection)
	if o.Side != "" {
		who += " as " + string(o.Side)
	}
	lines := []string{fmt.Sprintf("%s: %s, %s", who, o.Reason.Code, o.Reason.Sentence)}
	if o.Peering != nil {
		lines = append(lines, fmt.Sprintf("%s by line %d", who, o.Peering.Line))
	}
	for _, p := range []*outcome.Party{o.Requester, o.Accepter} {
		if p != nil {
			lines = append(lines, fmt.Sprintf("%s with %s, %s of %s/%s", who, p.Department, p.VPC, p.Account, p.Region))
		}
	}
	for about, facts := range map[string][]string{"state": o.State, "change": o.Changes, "note": o.Notes} {
		for _, fact := range facts {
			lines = append(lines, fmt.Sprintf("%s, %s: %s", who, about, fact))
		}
	}
	for _, c := range o.Conflicts {
		lines = append(lines,
			fmt.Sprintf("%s, conflict: %s routes %s to %s instead of %s", who, c.RouteTable, c.Destination, c.Target, c.Wanted))
	}
	return lines
}

package explain

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// End is one end of a request.
type End struct {
	Text       string // as given
	Department string // "" for VPCs in none
	vpcs       []vpcs // at least one
}

// example is an end as account/Region/CIDR, for messages.
const example = "111111111111/us-east-1/10.0.0.0/16"

// Find returns the end that a text names: a department, the ID of a VPC that the policy names, or the primary block
// of a VPC as account/Region/CIDR. The block may be a part of the declared blocks of a VPC. The error is "problem;
// fix".
func Find(p *policy.Policy, text string) (End, error) {
	all := survey(p)
	departmentOf := func(v vpcs) string {
		x, _ := pair(p, v, v)
		return p.DepartmentOf(x)
	}
	e := End{Text: text}
	switch {
	case strings.Contains(text, "/"):
		v, err := parseBlock(p, text)
		if err != nil {
			return End{}, err
		}
		e.vpcs = []vpcs{v.namedIn(all)}
	case peering.VPCID(text).IsValid():
		e.vpcs = slices.DeleteFunc(slices.Clone(all), func(v vpcs) bool { return v.id != peering.VPCID(text) })
		if len(e.vpcs) == 0 {
			return End{}, fmt.Errorf("%s doesn't name %s; %s", p.File, text, unnamed(text, all))
		}
	case strings.HasPrefix(text, "vpc-"):
		return End{}, fmt.Errorf("invalid VPC ID %q; want vpc- and 8 or 17 hex digits", text)
	default:
		e.vpcs = slices.DeleteFunc(all, func(v vpcs) bool { return departmentOf(v) != text })
		if len(e.vpcs) == 0 {
			return End{}, fmt.Errorf("%s has no department %s; %s", p.File, text, departments(p, text))
		}
	}
	e.Department = departmentOf(e.vpcs[0])
	return e, nil
}

// departments suggests departments that the text may mean.
func departments(p *policy.Policy, text string) string {
	names := make([]string, len(p.Departments))
	for i, d := range p.Departments {
		names[i] = d.Name
	}
	if len(names) == 0 {
		return "it has none"
	}
	return suggest.Fix(text, names)
}

// unnamed is the fix for the ID of a VPC that the policy doesn't name.
func unnamed(text string, all []vpcs) string {
	var named []string
	for _, v := range all {
		if v.id != "" {
			named = append(named, string(v.id))
		}
	}
	return cmp.Or(suggest.Question(text, named), "give its account, Region and primary block, such as "+example)
}

// checkRegion reports a Region that is probably mistyped: the policy doesn't name it, and AWS has no Region of that
// name,
// but one of a similar name. AWS may have added a Region that has no similar name.
func checkRegion(p *policy.Policy, region peering.Region, text string) error {
	var known []string
	for _, r := range peering.Regions() {
		known = append(known, string(r))
	}
	for _, d := range p.Departments {
		for _, m := range d.Members {
			if !slices.Contains(known, string(m.Region)) {
				known = append(known, string(m.Region))
			}
		}
	}
	if slices.Contains(known, string(region)) {
		return nil
	}
	if question := suggest.Question(string(region), known); question != "" {
		return fmt.Errorf("unknown Region %q in %q; %s", region, text, question)
	}
	if _, found := peering.PartitionOf(region); !found {
		return fmt.Errorf("region %q in %q is in no partition of AWS; want one such as us-east-1", region, text)
	}
	return nil
}

// parseBlock parses account/Region/CIDR.
func parseBlock(p *policy.Policy, text string) (vpcs, error) {
	parts := strings.SplitN(text, "/", 3)
	if len(parts) < 3 {
		return vpcs{}, fmt.Errorf("invalid end %q; want a department, a VPC ID, or account/Region/CIDR such as %s",
			text, example)
	}
	v := vpcs{Cell: peering.Cell{Account: peering.AccountID(parts[0]), Region: peering.Region(parts[1])}}
	block, err := netip.ParsePrefix(parts[2])
	switch {
	case !v.Account.IsValid():
		return vpcs{}, fmt.Errorf("invalid account %q in %q; want twelve digits", parts[0], text)
	case !v.Region.IsValid():
		return vpcs{}, fmt.Errorf("invalid Region %q in %q; want one such as us-east-1", parts[1], text)
	case err != nil || !block.Addr().Is4():
		return vpcs{}, fmt.Errorf("invalid block %q in %q; want the primary IPv4 block of a VPC, such as 10.0.0.0/16",
			parts[2], text)
	case block != block.Masked():
		return vpcs{}, fmt.Errorf("invalid block %q in %q, which has bits set after the prefix; the block is %s",
			parts[2], text, block.Masked())
	}
	v.known = []netip.Prefix{block}
	return v, checkRegion(p, v.Region, text)
}

// namedIn returns the VPC that the policy names and declares to have the block, or else v.
func (v vpcs) namedIn(all []vpcs) vpcs {
	i := slices.IndexFunc(all, func(o vpcs) bool {
		return o.id != "" && o.Cell == v.Cell && cidr.Covers(o.known, v.known[0])
	})
	if i < 0 {
		return v
	}
	return all[i]
}

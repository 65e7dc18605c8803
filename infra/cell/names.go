package cell

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// naming gives the names and ARNs of the resources of one cell. Names are fixed, so that policies can
// contain the ARNs of resources in other stacks.
type naming struct {
	peering.Cell
	prefix string
}

// partition is the first part of every ARN after "arn". newSpec refuses a cell whose Region has none.
func partition(region peering.Region) string {
	p, _ := peering.PartitionOf(region)
	return p.Name
}

func arn(service string, c peering.Cell, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition(c.Region), service, c.Region, c.Account, resource)
}

// arn is the ARN of a resource of the cell.
func (p naming) arn(service, resource string) string { return arn(service, p.Cell, resource) }

// global is the ARN of a resource that an account has once for all Regions.
func (p naming) global(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s::%s:%s", partition(p.Region), service, p.Account, resource)
}

func (p naming) bus(c peering.Cell) string { return arn("events", c, "event-bus/"+p.prefix) }

func (p naming) name(thing string) string { return p.prefix + "-" + thing }

func (p naming) function(f function.Name) string { return p.name(string(f)) }

func (p naming) logGroup(f function.Name) string { return "/aws/lambda/" + p.function(f) }

// globalName is the name of a resource that an account has once for all Regions.
func (p naming) globalName(thing string) string { return p.name(thing) + "-" + string(p.Region) }

// role is the ARN of the role for a function, or for forwarding, in a cell of the installation.
func (p naming) role(c peering.Cell, user string) string {
	of := naming{c, p.prefix}
	return of.global("iam", "role/"+of.globalName(user))
}

func (p naming) ruleName(r wiring.Rule) string { return p.name(r.Name) }

// ruleARN differs between buses:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
func (p naming) ruleARN(r wiring.Rule) string {
	if r.Bus == wiring.DefaultBus {
		return p.arn("events", "rule/"+p.ruleName(r))
	}
	return p.arn("events", "rule/"+p.prefix+"/"+p.ruleName(r))
}

// account is the principal that stands for a whole account.
func account(c peering.Cell, id string) string {
	return fmt.Sprintf("arn:%s:iam::%s:root", partition(c.Region), id)
}

// vpcARN is the ARN that EC2 compares in the keys ec2:Vpc, ec2:RequesterVpc and ec2:AccepterVpc. IAM has no
// condition on blocks, so a range stands for all VPCs of its cell; the function checks the blocks.
func vpcARN(c peering.Cell, id peering.VPCID) string {
	if id == "" {
		id = "*"
	}
	return arn("ec2", c, "vpc/"+string(id))
}

// requesterARNs returns the values of ec2:RequesterVpc that stand for a department's VPCs in requests to the
// accepter's cell. Between Regions it is unknown whether EC2 fills in the requester's own Region or that of the
// call, which is the accepter's. A VPC's id is unique, so its Region is left open. A range is every VPC of an
// account, so it gets these two Regions and no third one.
func requesterARNs(m policy.Member, accepter peering.Cell) []string {
	if m.VPC != "" {
		return []string{fmt.Sprintf("arn:%s:ec2:*:%s:vpc/%s", partition(accepter.Region), m.Account, m.VPC)}
	}
	return unique([]string{vpcARN(m.Cell, ""), vpcARN(peering.Cell{Account: m.Account, Region: accepter.Region}, "")})
}

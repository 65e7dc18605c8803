package demo

import (
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

// departments is the lab of infra/departments, as its stacks made it.
type departments struct {
	marketing, finance, developer lab.Site
	stacks                        []*cfn.Stack // in the order of their creation
}

// labStacks deploys the lab's stacks into the cell.
func (s *stage) labStacks(cell peering.Cell) departments {
	folder, err := s.workshop.SynthesizeLab(s.ctx, cell)
	s.must("the lab is synthesized", err)
	sources, err := cfn.ReadAssembly(folder)
	s.must("read the lab's stacks", err)
	var d departments
	for _, source := range sources {
		stack, err := cfn.Deploy(s.ctx, s.Cloud, source)
		s.must("stack "+source.Name+" is created", err)
		d.stacks = append(d.stacks, stack)
		s.note("deploys", "", "stack "+source.Name+": "+source.Region+" of "+source.Account)
	}
	d.marketing, d.finance, d.developer = s.site(cell, d.stacks, "Marketing"), s.site(cell, d.stacks, "Finance"),
		s.site(cell, d.stacks, "Developer")
	s.own = s.state()
	return d
}

// site is the department's network, which its stack has made.
func (s *stage) site(cell peering.Cell, stacks []*cfn.Stack, name string) lab.Site {
	stack := stacks[slices.IndexFunc(stacks, func(stack *cfn.Stack) bool {
		return strings.HasSuffix(stack.Name, strings.ToLower(name))
	})]
	return s.build(cell, func(p *lab.Person) lab.Site {
		site := lab.Site{
			Name: name, Cell: cell, VPC: p.ExistingVPC(peering.VPCID(stack.Outputs["VpcId"])),
			Server: peering.InstanceID(stack.Outputs["ServerId"]),
			Subnet: peering.SubnetID(stack.Physical("Subnet")), Table: peering.RouteTableID(stack.Physical("RouteTable")),
			Group: peering.SecurityGroupID(stack.Physical("ServerSecurityGroup")),
		}
		return site
	})
}

// deleteLab deletes the lab's stacks.
func (s *stage) deleteLab(d departments) error {
	for _, stack := range slices.Backward(d.stacks) {
		if err := stack.Delete(s.ctx); err != nil {
			return err
		}
		s.note("deploys", "", "stack "+stack.Name+" is deleted")
	}
	return nil
}

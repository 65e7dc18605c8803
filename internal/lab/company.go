package lab

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Site is one department's network: a VPC with a server in a subnet of its own.
type Site struct {
	Name   string
	Cell   peering.Cell
	VPC    VPC
	Table  peering.RouteTableID // that serves the server's subnet
	Subnet peering.SubnetID
	Group  peering.SecurityGroupID // the server's
	Server peering.InstanceID
}

// Member is the site as a department's only member, as the policy file writes it.
func (s Site) Member() string {
	return fmt.Sprintf("[{ account: %q, region: %s, vpc: %s }]", s.Cell.Account, s.Cell.Region, s.VPC.ID)
}

// Marketing builds 10.10.0.0/16 with a public subnet.
func Marketing(p *Person) Site {
	s := Site{Name: "Marketing", Cell: p.Cell, VPC: p.VPC("Marketing", "10.10.0.0/16")}
	s.Subnet = p.Subnet(s.VPC, "MarketingPublicSubnet", "10.10.1.0/24")
	s.Table = p.RouteTable(s.VPC, "MarketingPublic", s.Subnet)
	p.ToInternet(s.VPC, s.Table)
	s.Group = p.Group(s.VPC, "MarketingServerSecurityGroup", nil)
	s.Server = p.Server("MarketingServer", s.Subnet, "10.10.1.10", s.Group)
	return s
}

// Finance builds 172.31.0.0/16 with a private subnet. Its server's group is tagged Role=finance-server.
func Finance(p *Person) Site {
	s := Site{Name: "Finance", Cell: p.Cell, VPC: p.VPC("Finance", "172.31.0.0/16")}
	s.Subnet = p.Subnet(s.VPC, "FinancePrivateSubnet", "172.31.1.0/24")
	s.Table = p.RouteTable(s.VPC, "FinancePrivate", s.Subnet)
	s.Group = p.Group(s.VPC, "FinanceServerSecurityGroup", map[string]string{"Role": "finance-server"})
	s.Server = p.Server("FinanceServer", s.Subnet, "172.31.1.10", s.Group)
	return s
}

// Developer builds 10.20.0.0/16 with nothing but its main route table.
func Developer(p *Person) Site {
	s := Site{Name: "Developer", Cell: p.Cell, VPC: p.VPC("Developer", "10.20.0.0/16")}
	s.Subnet, s.Table = p.Subnet(s.VPC, "DeveloperSubnet", "10.20.1.0/24"), s.VPC.Main
	s.Group = p.Group(s.VPC, "DeveloperServerSecurityGroup", nil)
	s.Server = p.Server("DeveloperServer", s.Subnet, "10.20.1.10", s.Group)
	return s
}

// ByHand builds a VPC as one does in the first lesson: one public subnet, one server that admits SSH alone.
// The server's group is tagged Lesson=name.
func ByHand(p *Person, name, block, subnet, address string) Site {
	s := Site{Name: name, Cell: p.Cell, VPC: p.VPC(name, block)}
	s.Subnet = p.Subnet(s.VPC, name+" subnet", subnet)
	s.Table = p.RouteTable(s.VPC, name+" public", s.Subnet)
	p.ToInternet(s.VPC, s.Table)
	s.Group = p.Group(s.VPC, name+" server", map[string]string{"Lesson": name})
	p.Admit(s.Group, "tcp", 22, 22, "0.0.0.0/0")
	s.Server = p.Server(name+" server", s.Subnet, address, s.Group)
	return s
}

// PingPolicy is a policy file that lets each of the others ping Finance's servers. Sites are named
// marketing, finance and developer; one without a VPC is left out.
func PingPolicy(marketing, finance, developer Site) string {
	departments := fmt.Sprintf("version: 1\ndepartments:\n  marketing: %s\n  finance: %s\n",
		marketing.Member(), finance.Member())
	peerings := "peerings:\n" + pingPeering("marketing")
	if developer.VPC.ID != "" {
		departments += fmt.Sprintf("  developer: %s\n", developer.Member())
		peerings += pingPeering("developer")
	}
	return departments + peerings
}

func pingPeering(from string) string {
	return fmt.Sprintf(`  - between: [%s, finance]
    allow:
      - { from: %[1]s, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
`, from)
}

// Ask requests a peering connection between two sites.
func (p *Person) Ask(from, to Site, name string) peering.ConnectionID {
	return p.Request(from.VPC, to.Cell, to.VPC, name)
}

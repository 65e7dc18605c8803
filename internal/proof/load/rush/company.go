package rush

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// company is the sites of each department. The first two departments peer with each other, and the next two.
type company [][]lab.Site

var regions = []peering.Region{"us-east-1", "us-west-2", "eu-west-1", "eu-west-3"}

const accounts = 5

// cells are five accounts in four Regions each, shuffled: the two of a pair differ in account, Region or both.
func cells() []peering.Cell {
	var all []peering.Cell
	for i := range accounts {
		account := strings.Repeat(fmt.Sprint(i+1), 12)
		for _, r := range regions {
			all = append(all, peering.Cell{Account: peering.AccountID(account), Region: r})
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// site builds one VPC of a department: a subnet with a table of its own beside the main one, and a group.
func site(p *lab.Person, department, i int) lab.Site {
	s := lab.Site{Name: name(department), Cell: p.Cell}
	s.VPC = p.VPC(fmt.Sprintf("%s-%d", s.Name, i), fmt.Sprintf("10.%d.%d.0/20", department, 16*i))
	s.Subnet = p.Subnet(s.VPC, s.Name, fmt.Sprintf("10.%d.%d.0/24", department, 16*i))
	s.Table = p.RouteTable(s.VPC, s.Name, s.Subnet)
	s.Group = p.Group(s.VPC, s.Name, map[string]string{"Role": "server"})
	return s
}

func name(department int) string { return fmt.Sprintf("department-%d", department+1) }

// policy lets the two departments of each pair ask each other, and reach the other's servers.
func (c company) policy() string {
	var departments, peerings strings.Builder
	for d, sites := range c {
		fmt.Fprintf(&departments, "  %s:\n", name(d))
		for _, s := range sites {
			fmt.Fprintf(&departments, "    - { account: %q, region: %s, vpc: %s }\n", s.Cell.Account, s.Cell.Region, s.VPC.ID)
		}
	}
	for d := 0; d+1 < len(c); d += 2 {
		a, b := name(d), name(d+1)
		fmt.Fprintf(&peerings, "  - between: [%s, %s]\n    allow:\n", a, b)
		for _, way := range [][2]string{{a, b}, {b, a}} {
			fmt.Fprintf(&peerings,
				"      - { from: %s, to: %s, groups: { tags: { Role: server } }, protocol: tcp, ports: [443] }\n", way[0], way[1])
		}
	}
	return "version: 1\ndepartments:\n" + departments.String() + "peerings:\n" + peerings.String()
}

// pair returns the requester and the accepter of the nth request. Consecutive requests are between different pairs of
// departments, and no two between the same VPCs.
func (c company) pair(n int) (from, to lab.Site) {
	pairs, vpcs := len(c)/2, len(c[0])
	department, round := 2*(n%pairs), n/pairs
	return c[department][round%vpcs], c[department+1][(round+round/vpcs)%vpcs]
}

// agreed returns the state of two sites that are connected as the policy allows, in the form of sandbox.State.
func agreed(a, b lab.Site, via peering.ConnectionID) []string {
	return append(sandbox.Connected(a, b, via), sandbox.Admits(a.Group, "tcp 443", b),
		sandbox.Admits(b.Group, "tcp 443", a))
}

func (c company) sites() []lab.Site { return slices.Concat(c...) }

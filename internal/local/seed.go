package local

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/lab"
)

// Site is the network of one member of a department: the resources that the policy names, and a server.
type Site struct {
	Department string
	Cell       peering.Cell
	VPC        lab.VPC
	Server     peering.InstanceID
	Address    netip.Addr
}

// Seed builds a network for every member of every department that has none among the known ones, with the ids, tags and
// blocks that the policy names, so that its connections can be asked for. The cloud must take its ids from ids. It
// returns the new sites, after an error those that were built.
func Seed(ctx context.Context, cloud *cloudsim.Cloud, ids *IDs, p *policy.Policy, known []Site) ([]Site, error) {
	s := seeder{ctx: ctx, cloud: cloud, ids: ids, policy: p}
	for _, site := range known {
		s.used = append(s.used, site.VPC.Block)
	}
	for _, d := range p.Departments {
		for _, m := range d.Members {
			s.used = append(s.used, m.CIDRs...)
			if m.Within.IsValid() {
				s.used = append(s.used, m.Within)
			}
		}
	}
	for _, d := range p.Departments {
		for i, m := range d.Members {
			if slices.ContainsFunc(known, func(site Site) bool { return site.isOf(d, m) }) {
				continue
			}
			site, err := s.site(d, m, i == 0)
			if err != nil {
				return s.sites, fmt.Errorf("build a network for %s: %w", d.Name, err)
			}
			s.sites = append(s.sites, site)
		}
	}
	return s.sites, nil
}

// isOf reports whether the site is the network of the member, whose department may have had another name if it names
// the VPC.
func (s Site) isOf(d policy.Department, m policy.Member) bool {
	if m.VPC != "" {
		return s.Cell == m.Cell && s.VPC.ID == m.VPC
	}
	return s.Cell == m.Cell && s.Department == d.Name && (!m.Within.IsValid() || m.Within.Overlaps(s.VPC.Block))
}

type seeder struct {
	ctx    context.Context // a seeder lives as long as one call
	cloud  *cloudsim.Cloud
	ids    *IDs
	policy *policy.Policy
	used   []netip.Prefix
	sites  []Site
}

// site builds a VPC with a subnet and a server. Resources that the policy names by id exist once, with the first
// member.
func (s *seeder) site(d policy.Department, m policy.Member, first bool) (Site, error) {
	block, err := s.block(m)
	if err != nil {
		return Site{}, err
	}
	if m.VPC != "" {
		s.ids.Want(string(m.VPC))
	}
	p := lab.NewPerson(s.ctx, m.Cell, EC2(s.cloud, m.Cell))
	v := p.VPC(d.Name, block.String())
	p.DNSHostnames(v)
	subnet := p.Subnet(v, d.Name, subnetOf(block).String())
	if tables, named := s.tables(d.Name); named && first {
		s.tablesAndSubnets(p, v, tables, block)
	}
	groups := s.groups(p, v, d.Name, first)
	address := subnetOf(block).Addr()
	for range 10 {
		address = address.Next()
	}
	profile, err := s.profile(m.Account)
	if err != nil {
		return Site{}, err
	}
	server := p.ServerAs(&profile, d.Name+"-server", subnet, address.String(), groups...)
	return Site{Department: d.Name, Cell: m.Cell, VPC: v, Server: server, Address: address}, p.Err()
}

// serverRole lets the agent of Systems Manager connect, and a person try S3 with a server's credentials.
const (
	serverTrust = `{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
	"Principal": {"Service": "ec2.amazonaws.com", "AWS": "%s"}}]}`
	serverRole = `{"Statement": [{"Effect": "Allow", "Resource": "*",
	"Action": ["s3:*", "ssm:*", "ssmmessages:*", "ec2messages:*"]}]}`
)

// profile returns the name of the instance profile, and of its role, that all servers of the account have.
func (s *seeder) profile(account peering.AccountID) (string, error) {
	const name = "server"
	trust := fmt.Sprintf(serverTrust, account)
	if err := s.cloud.IAM.PutRole(string(account), name, trust, serverRole); err != nil {
		return "", err
	}
	s.cloud.IAM.PutProfile("arn:aws:iam::"+string(account)+":instance-profile/"+name, name)
	return name, nil
}

// block returns the block that the member declares, or else the first free /16.
func (s *seeder) block(m policy.Member) (netip.Prefix, error) {
	for _, c := range m.CIDRs {
		if c.Addr().Is4() {
			return netip.PrefixFrom(c.Addr(), max(c.Bits(), 16)), nil
		}
	}
	if m.Within.IsValid() && m.Within.Addr().Is4() {
		return netip.PrefixFrom(m.Within.Addr(), max(m.Within.Bits(), 16)), nil
	}
	for i := range 256 {
		free := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16)
		if _, _, taken := cidr.Overlap(s.used, []netip.Prefix{free}); !taken {
			s.used = append(s.used, free)
			return free, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("no /16 of 10.0.0.0/8 is free for line %d", m.Line)
}

func subnetOf(block netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(block.Addr(), max(block.Bits(), 24))
}

func (s *seeder) tables(department string) (policy.Tables, bool) {
	for _, entry := range s.policy.Peerings {
		if r, ok := entry.Routes[department]; ok {
			return r.Tables, true
		}
	}
	return policy.Tables{}, false
}

// tablesAndSubnets makes the tables and subnets that the policy chooses for routes.
func (s *seeder) tablesAndSubnets(p *lab.Person, v lab.VPC, t policy.Tables, block netip.Prefix) {
	next := subnetOf(block)
	more := func(id peering.SubnetID, tags map[string]string) peering.SubnetID {
		next = netip.PrefixFrom(lastOf(next).Next(), next.Bits())
		if id != "" {
			s.ids.Want(string(id))
		}
		return p.TaggedSubnet(v, next.String(), tags)
	}
	for _, id := range t.IDs {
		s.ids.Want(string(id))
		p.RouteTable(v, "", more("", nil))
	}
	if len(t.Tags) > 0 {
		p.TagTable(p.RouteTable(v, "", more("", nil)), t.Tags)
	}
	if t.Subnets == nil {
		return
	}
	for _, id := range t.Subnets.IDs {
		more(id, nil)
	}
	if len(t.Subnets.Tags) > 0 {
		more("", t.Subnets.Tags)
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	last := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		last[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(last)
}

// groups makes the security groups that admit traffic to the department's server.
func (s *seeder) groups(p *lab.Person, v lab.VPC, department string, first bool) []peering.SecurityGroupID {
	var groups []peering.SecurityGroupID
	for _, entry := range s.policy.Peerings {
		for i, a := range entry.Allow {
			if a.To != department {
				continue
			}
			if first {
				for _, id := range a.Groups.IDs {
					s.ids.Want(string(id))
				}
			}
			name := fmt.Sprintf("%s-%d-%d", department, entry.Line, i)
			for range max(len(a.Groups.IDs), 1) {
				groups = append(groups, p.Group(v, fmt.Sprintf("%s-%d", name, len(groups)), a.Groups.Tags))
			}
		}
	}
	if len(groups) == 0 {
		groups = append(groups, p.Group(v, department, nil))
	}
	return groups
}

package simtest

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// site is a VPC as it was built, with what it belongs to as far as the first policy says.
type site struct {
	ledger.VPCKey
	nth        int
	primary    netip.Prefix
	gateway    string
	department string // empty for one that no policy names
	ranged     bool   // the policy names it by a range
}

// drawEC2 draws how EC2 behaves.
func drawEC2(d random.Source, newID func(string) string) func(*ec2.Options) {
	return func(o *ec2.Options) {
		o.NewID = newID
		o.Throttle = d.Chance(20)
		if d.Chance(20) {
			o.PageSize = random.Pick(d, 1, 2, 5)
		}
		// Mostly shorter than it takes until somebody is told: what isn't there yet is looked for again and again.
		soon := 40 * time.Millisecond
		o.Delays = ec2.Delays{
			Initiating: d.Duration(time.Millisecond, random.Pick(d, soon, soon, soon, time.Second)), Provisioning: d.Duration(time.Millisecond, random.Pick(d, soon, soon, soon, 10*time.Second)),
			Deleting: d.Duration(time.Millisecond, random.Pick(d, soon, 20*time.Second)),
		}
		if d.Chance(20) {
			o.Delays.Propagation = d.Duration(time.Second, 20*time.Second)
		}
		if d.Chance(20) {
			o.Quotas = ec2.Quotas{RoutesPerTable: random.Pick(d, 0, 6), RulesPerGroup: random.Pick(d, 0, 4), ActivePeeringsPerVPC: random.Pick(d, 0, 1, 2)}
		}
		o.Switches = ec2.Switches{
			AcceptTwice: d.Chance(50), RouteTwice: d.Chance(50), RemoteOptions: d.Chance(50), DeletingEverywhere: d.Chance(50),
			// PartialAuthorize stays off: what it leaves behind, no record tells.
			Duplicate: random.Pick(d, ec2.DuplicateRefused, ec2.DuplicateRefused, ec2.DuplicateExisting, ec2.DuplicateFails),
		}
	}
}

// ids counts, for each kind of resource. An id that is wanted is taken first, so that two accounts have the same.
type ids struct {
	made   map[string]int
	wanted string
}

func (i *ids) next(prefix string) string {
	if prefix == "vpc-" && i.wanted != "" {
		id := i.wanted
		i.wanted = ""
		return id
	}
	i.made[prefix]++
	return fmt.Sprintf("%s%017x", prefix, i.made[prefix])
}

// build makes the cells and their VPCs.
func (r *run) build() {
	var all []peering.Cell
	for _, account := range []peering.AccountID{"111111111111", "222222222222", "333333333333", "444444444444"}[:r.Between(2, 4)] {
		for _, region := range []peering.Region{"us-east-1", "eu-west-1", "ap-southeast-2"}[:r.Between(1, 3)] {
			all = append(all, peering.Cell{Account: account, Region: region})
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	r.cells = all[:min(len(all), random.Pick(r.Source, 2, 2, 2, 3, 3, 4))]
	for i := range r.Between(3, 5) {
		r.addSite(i)
	}
}

// addSite makes a VPC. Now and then it has the block of an earlier one, or another account's id.
func (r *run) addSite(i int) {
	s := &site{nth: i, VPCKey: ledger.VPCKey{Cell: random.Pick(r.Source, r.cells...)}}
	s.primary = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(16 * i), 0, 0}), 16) // at most six
	overlapping := false
	if i > 0 && r.Chance(15) {
		s.primary, overlapping = random.Pick(r.Source, r.sites...).primary, true
	}
	if other := r.twinOf(s); other != "" {
		r.ids.wanted = other
	}
	s.ranged = !overlapping && r.Chance(25)
	s.ID = element(r.must(s.Cell, "CreateVpc", "CidrBlock", s.primary.String()), "vpcId")
	main := element(r.must(s.Cell, "DescribeRouteTables", "Filter.1.Name", "vpc-id", "Filter.1.Value.1", s.ID), "routeTableId")
	r.take(ledger.MainTable(time.Now(), s.VPCKey, main))
	r.sites = append(r.sites, s)
	r.furnish(s)
}

// twinOf returns the id of a VPC of another account, now and then.
func (r *run) twinOf(s *site) string {
	others := slices.DeleteFunc(slices.Clone(r.sites), func(o *site) bool { return o.Account == s.Account })
	if len(others) == 0 || !r.Chance(20) {
		return ""
	}
	id := random.Pick(r.Source, others...).ID
	if slices.ContainsFunc(r.sites, func(o *site) bool { return o.Cell == s.Cell && o.ID == id }) {
		return ""
	}
	return id
}

// furnish gives a VPC blocks, subnets, route tables and security groups.
func (r *run) furnish(s *site) {
	if r.Chance(80) {
		r.must(s.Cell, "ModifyVpcAttribute", "VpcId", s.ID, "EnableDnsHostnames.Value", "true")
	}
	if r.Chance(30) {
		r.addBlock(s)
	}
	s.gateway = element(r.must(s.Cell, "CreateInternetGateway"), "internetGatewayId")
	r.must(s.Cell, "AttachInternetGateway", "VpcId", s.ID, "InternetGatewayId", s.gateway)
	for range r.Between(0, 2) {
		r.addSubnet(s)
	}
	for range r.Between(1, 2) {
		r.addGroup(s)
	}
}

// addBlock associates a second block: of the VPC's own neighborhood, from elsewhere, one that others may have too, or
// IPv6.
func (r *run) addBlock(s *site) {
	a := s.primary.Addr().As4()
	switch r.IntN(4) {
	case 0:
		r.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "CidrBlock", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, a[1] + byte(r.Between(1, 3)), 0, 0}), 16).String())
	case 1:
		r.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "CidrBlock", fmt.Sprintf("100.64.%d.0/20", 16*s.nth))
	case 2:
		r.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "CidrBlock", "100.127.0.0/16")
	default:
		r.act(s.Cell, "AssociateVpcCidrBlock", "VpcId", s.ID, "AmazonProvidedIpv6CidrBlock", "true")
	}
}

// addSubnet makes a subnet, most with a route table of its own.
func (r *run) addSubnet(s *site) {
	a := s.primary.Addr().As4()
	r.subnets++
	block := netip.PrefixFrom(netip.AddrFrom4([4]byte{a[0], a[1], byte(r.subnets), 0}), 24) // far fewer than 256 in a run
	answer, err := r.ask(s.Cell, "CreateSubnet", "VpcId", s.ID, "CidrBlock", block.String())
	if err != nil {
		return
	}
	subnet := element(answer, "subnetId")
	r.drawTag(s.Cell, subnet, "Tier", "private", "public")
	if r.Chance(70) {
		table := r.addTable(s)
		r.act(s.Cell, "AssociateRouteTable", "RouteTableId", table, "SubnetId", subnet)
	}
}

func (r *run) addTable(s *site) string {
	table := element(r.must(s.Cell, "CreateRouteTable", "VpcId", s.ID), "routeTableId")
	r.drawTag(s.Cell, table, "Tier", "private", "public")
	return table
}

func (r *run) addGroup(s *site) {
	r.groups++
	group := element(r.must(s.Cell, "CreateSecurityGroup", "VpcId", s.ID, "GroupName", "g"+strconv.Itoa(r.groups), "GroupDescription", "a group"), "groupId")
	r.drawTag(s.Cell, group, "Role", "web", "db")
}

// drawTag gives the resource one of the values, or leaves it without.
func (r *run) drawTag(cell peering.Cell, id, key string, values ...string) {
	if n := r.IntN(len(values) + 1); n < len(values) {
		r.act(cell, "CreateTags", tagged(id, key, values[n])...)
	}
}

// act makes a call that may be refused.
func (r *run) act(cell peering.Cell, action string, params ...string) {
	_, _ = r.ask(cell, action, params...) // the ledger has what became of it
}

var (
	connectionID  = regexp.MustCompile(`pcx-[0-9a-f]{17}`)
	associationID = regexp.MustCompile(`vpc-cidr-assoc-[0-9a-f]{17}`)
)

package oracle_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// The VPCs of a scene, in two accounts of one Region, and another Region's.
var (
	redCell   = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	blueCell  = peering.Cell{Account: "222222222222", Region: "us-east-1"}
	greenCell = peering.Cell{Account: "333333333333", Region: "eu-west-1"}

	red   = ledger.VPCKey{Cell: redCell, ID: "vpc-red"}
	blue  = ledger.VPCKey{Cell: blueCell, ID: "vpc-blue"}
	green = ledger.VPCKey{Cell: greenCell, ID: "vpc-green"}
)

// begun is the instant of the request of each connection in a scene; now is that of the call or the end that is judged.
var (
	begun = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	now   = begun.Add(time.Hour)
)

// scene is a ledger to be changed by a test. In the first, departments red and blue have a peering, red has requested
// pcx-1 to blue, and nothing is accepted or connected.
type scene struct{ *ledger.Ledger }

func newScene() scene {
	s := scene{ledger.New(time.Second, time.Second)}
	s.vpc(red, "10.1.0.0/16")
	s.vpc(blue, "10.2.0.0/16")
	s.vpc(green, "10.3.0.0/16")
	s.Policy = &plainpolicy.Policy{
		Departments: []plainpolicy.Department{
			{Name: "red", Members: []plainpolicy.Member{{Cell: redCell, VPC: red.ID}}},
			{Name: "blue", Members: []plainpolicy.Member{{Cell: blueCell, VPC: blue.ID}}},
		},
		Peerings: []plainpolicy.Peering{{A: "red", B: "blue", Routes: map[string]plainpolicy.Routing{},
			Allow: []plainpolicy.Allow{
				{From: "blue", To: "red", IDs: []string{"sg-red"}, Protocol: "tcp", Ports: [][2]int{{443, 443}}},
			}}},
	}
	s.request("pcx-1", red, blue)
	return s
}

// peering returns the one peering of the scene.
func (s scene) peering() *plainpolicy.Peering { return &s.Policy.Peerings[0] }

// mesh makes both VPCs of pcx-1 members of red, which has a peering with itself.
func (s scene) mesh() {
	s.Policy.Departments[0].Members = append(s.Policy.Departments[0].Members, s.Policy.Departments[1].Members...)
	s.Policy.Departments = s.Policy.Departments[:1]
	s.peering().B, s.peering().Allow[0].From = "red", "red"
}

// member returns the one member of red, or of blue.
func (s scene) member(department string) *plainpolicy.Member {
	for i, d := range s.Policy.Departments {
		if d.Name == department {
			return &s.Policy.Departments[i].Members[0]
		}
	}
	panic("no department " + department)
}

// vpc adds a VPC with a main route table and a security group that are named after it, as in rtb-red and sg-red.
func (s scene) vpc(v ledger.VPCKey, blocks ...string) {
	s.VPCs[v] = &ledger.VPC{VPCKey: v}
	for _, b := range blocks {
		s.block(v, b)
	}
	name := strings.TrimPrefix(v.ID, "vpc-")
	s.table(v, "rtb-"+name).Main = true
	s.SecurityGroups["sg-"+name] = &ledger.SecurityGroup{ID: "sg-" + name, VPC: v}
}

func (s scene) block(v ledger.VPCKey, block string) {
	s.VPCs[v].Blocks = append(s.VPCs[v].Blocks, netip.MustParsePrefix(block))
}

func (s scene) table(v ledger.VPCKey, id string) *ledger.RouteTable {
	t := &ledger.RouteTable{ID: id, VPC: v, Routes: map[netip.Prefix]ledger.Route{}}
	s.RouteTables[id] = t
	return t
}

func (s scene) subnet(v ledger.VPCKey, id, table string) {
	s.Subnets[id] = &ledger.Subnet{ID: id, VPC: v, Table: table}
}

func (s scene) route(table, dst, target string) {
	s.RouteTables[table].Routes[netip.MustParsePrefix(dst)] = ledger.Route{Target: target}
}

// rule adds an ingress rule that is tagged with the connection unless that is "".
func (s scene) rule(id, group string, p ledger.Permission, connection string) {
	s.Rules[id] = &ledger.Rule{ID: id, Group: group, Permission: p}
	if connection != "" {
		s.tag(id, peering.TagConnection, connection)
	}
}

func (s scene) tag(id, key, value string) {
	if s.Tags[id] == nil {
		s.Tags[id] = map[string]string{}
	}
	s.Tags[id][key] = value
}

// tagConnection tags pcx-1 in the cell.
func (s scene) tagConnection(cell peering.Cell, key, value string) {
	s.tag("pcx-1@"+cell.String(), key, value)
}

func (s scene) request(id string, from, to ledger.VPCKey) {
	s.Connections[id] = &ledger.Connection{
		ID: id, Requester: from, Accepter: to, Created: begun, DNS: map[peering.Role]bool{},
	}
	s.Requests = append(s.Requests, id)
}

// rival adds the request pcx-2 in the other direction, that long after pcx-1. EC2 has initiated both.
func (s scene) rival(after time.Duration) {
	s.request("pcx-2", blue, green)
	c := s.Connections["pcx-2"]
	c.Created = begun.Add(after)
	s.State(c, begun.Add(time.Minute))
	c.Accepter = red
}

func (s scene) accept(id string) { s.Connections[id].Accepted = begun.Add(time.Minute) }

// overlap adds a block of blue to red, after EC2 has initiated pcx-1.
func (s scene) overlap() {
	s.State(s.Connections["pcx-1"], begun.Add(time.Minute))
	s.block(red, "10.2.9.0/24")
}

// delete deletes a connection.
func (s scene) delete(id string) {
	s.Apply(record("", redCell, "DeleteVpcPeeringConnection", object{"vpcPeeringConnectionId": id}, nil))
}

// connect connects both sides of pcx-1 as the policy of the scene wants it.
func (s scene) connect() {
	s.accept("pcx-1")
	s.route("rtb-red", "10.2.0.0/16", "pcx-1")
	s.route("rtb-blue", "10.1.0.0/16", "pcx-1")
	s.rule("sgr-1", "sg-red", https, "pcx-1")
	for _, cell := range []peering.Cell{redCell, blueCell} {
		s.tagConnection(cell, peering.TagManaged, "autopeer")
		s.tagConnection(cell, peering.TagName, "red <> blue")
	}
}

// https is the permission that the policy of a scene wants in sg-red.
var https = ledger.Permission{Protocol: "tcp", From: 443, To: 443, Block: netip.MustParsePrefix("10.2.0.0/16")}

type object map[string]any

// record returns a record of a call that a function has made in the cell at the instant now; of a person without one.
func record(function string, cell peering.Cell, call string, request, response object) ledger.Record {
	arn := "arn:aws:iam::111111111111:user/alice"
	if function != "" {
		arn = fmt.Sprintf("arn:aws:sts::%s:assumed-role/autopeer-%s-%s/%s", cell.Account, function, cell.Region, function)
	}
	body, err := json.Marshal(object{
		"eventName": call, "userIdentity": object{"arn": arn}, "requestParameters": request, "responseElements": response,
	})
	if err != nil {
		panic(err)
	}
	r, err := ledger.ParseRecord(cell, body, now)
	if err != nil {
		panic(err)
	}
	return r
}

func items(all ...object) object { return object{"items": all} }

func accept(cell peering.Cell) ledger.Record {
	return record("accept", cell, "AcceptVpcPeeringConnection", object{"vpcPeeringConnectionId": "pcx-1"}, nil)
}

func reject(cell peering.Cell) ledger.Record {
	return record("accept", cell, "RejectVpcPeeringConnection", object{"vpcPeeringConnectionId": "pcx-1"}, nil)
}

// changeRoute returns the record of a call for a route to pcx-1 that its function connect has made in red's cell.
func changeRoute(call, table, dst string) ledger.Record {
	return record("connect", redCell, call,
		object{"routeTableId": table, destinationParameter(dst): dst, "vpcPeeringConnectionId": "pcx-1"}, nil)
}

func destinationParameter(dst string) string {
	if strings.Contains(dst, ":") {
		return "destinationIpv6CidrBlock"
	}
	return "destinationCidrBlock"
}

// authorize returns the record of a call that has made one rule in sg-red, tagged with the connection unless that is
// "".
func authorize(p ledger.Permission, connection string) ledger.Record {
	request := object{"groupId": "sg-red"}
	if connection != "" {
		tag := object{"key": peering.TagConnection, "value": connection}
		request["tagSpecificationSet"] = items(object{"resourceType": "security-group-rule", "tags": []object{tag}})
	}
	rule := object{
		"securityGroupRuleId": "sgr-new", "groupId": "sg-red", "ipProtocol": p.Protocol, "fromPort": p.From, "toPort": p.To,
		"cidrIpv4": p.Block.String(),
	}
	return record("connect", redCell, "AuthorizeSecurityGroupIngress", request,
		object{"securityGroupRuleSet": items(rule)})
}

// revoke returns the record of a call that has revoked the rules of sg-red; sgr-1 without any.
func revoke(ids ...string) ledger.Record {
	var revoked []object
	for _, id := range ids {
		revoked = append(revoked, object{"securityGroupRuleId": id})
	}
	if len(ids) == 0 {
		revoked = []object{{"securityGroupRuleId": "sgr-1"}}
	}
	return record("connect", redCell, "RevokeSecurityGroupIngress", object{"groupId": "sg-red"},
		object{"revokedSecurityGroupRuleSet": items(revoked...)})
}

func createTags(key, value string) ledger.Record {
	return record("connect", redCell, "CreateTags",
		object{"resourcesSet": items(object{"resourceId": "pcx-1"}), "tagSet": items(object{"key": key, "value": value})},
		nil)
}

func modifyOptions() ledger.Record {
	return record("connect", redCell, "ModifyVpcPeeringConnectionOptions", object{"vpcPeeringConnectionId": "pcx-1"}, nil)
}

func prefixes(all ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

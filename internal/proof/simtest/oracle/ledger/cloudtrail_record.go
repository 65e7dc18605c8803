package ledger

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// Record is one write call as CloudTrail records it. Events may be lost, but records are complete: the ledger follows
// from them alone.
type Record struct {
	At       time.Time
	Function string // of autopeer that made the call; empty for a person
	Cell     peering.Cell
	Call     string
	Code     string // EC2's error code; empty if the call succeeded
	request  fields
	response fields
	Policy   *plainpolicy.Policy // of a deployment; nil in all records of CloudTrail
}

// The calls of the records that don't come from CloudTrail.
const (
	callDeploy = "Deploy"
	callMain   = "MainTable" // CreateVpc doesn't return its id
)

// Deployment returns a record of a policy that replaces the one that was deployed.
func Deployment(at time.Time, p *plainpolicy.Policy) Record {
	return Record{At: at, Call: callDeploy, Policy: p}
}

// MainTable returns a record of a VPC's main route table.
func MainTable(at time.Time, v VPCKey, id string) Record {
	return Record{At: at, Cell: v.Cell, Call: callMain, request: fields{"vpcId": v.ID, "routeTableId": id}}
}

// ParseRecord parses the detail of a CloudTrail event that was recorded in the cell.
func ParseRecord(cell peering.Cell, body []byte, at time.Time) (Record, error) {
	var detail struct {
		EventName, AWSRegion, ErrorCode     string
		RequestParameters, ResponseElements fields
		UserIdentity                        struct{ ARN string }
	}
	if err := json.Unmarshal(body, &detail); err != nil {
		return Record{}, fmt.Errorf("parse a CloudTrail record: %w", err)
	}
	return Record{
		At: at, Function: FunctionOf(detail.UserIdentity.ARN), Cell: cell,
		Call: detail.EventName, Code: detail.ErrorCode, request: detail.RequestParameters.unwrapped().ordered(),
		response: detail.ResponseElements.unwrapped(),
	}, nil
}

// FunctionOf returns the name of the autopeer function that has assumed the role, which is named after the function and
// its Region; "" for any other caller.
func FunctionOf(arn string) string {
	_, session, _ := strings.Cut(arn, ":assumed-role/autopeer-")
	role, _, _ := strings.Cut(session, "/")
	function, _, _ := strings.Cut(role, "-")
	return function
}

// body returns the request and the response as JSON.
func (r Record) body() string {
	body, _ := json.Marshal([]fields{r.request, r.response}) // has come from JSON
	return string(body)
}

func (r Record) String() string {
	if r.Policy != nil {
		return "policy deployed\n" + r.Policy.YAML()
	}
	who := "autopeer-" + r.Function
	if r.Function == "" {
		who = "a person"
	}
	text := fmt.Sprintf("%s in %s: %s %s", who, r.Cell, r.Call, flat(r.request))
	made := connectionID.FindString(r.body())
	switch {
	case r.Code != "":
		return text + " was refused: " + r.Code
	case made != "" && r.Call == "CreateVpcPeeringConnection":
		return text + " → " + made
	}
	return text
}

// flat returns the members of a request as one line, sorted by name.
func flat(f fields) string {
	text := fmt.Sprint(map[string]any(f))
	text = strings.NewReplacer("map[", "", "]", "", "items:[", "", "items:", "").Replace(text)
	return text
}

// Connection returns the id of the peering connection that is a parameter of the call; "" if there is none.
func (r Record) Connection() string { return r.request.text("vpcPeeringConnectionId") }

// Destination returns the destination of the route that the call changes.
func (r Record) Destination() netip.Prefix {
	return r.request.block("destinationCidrBlock", "destinationIpv6CidrBlock")
}

// Target returns the id of the connection or the internet gateway that a new route leads to.
func (r Record) Target() string {
	if id := r.request.text("vpcPeeringConnectionId"); id != "" {
		return id
	}
	return r.request.text("gatewayId")
}

// readRule returns a security group rule of a response.
func readRule(f fields) *Rule {
	return &Rule{
		ID: f.text("securityGroupRuleId"), Group: f.text("groupId"), Egress: f.text("isEgress") == "true",
		Permission: Permission{
			Protocol: f.text("ipProtocol"), From: f.number("fromPort"), To: f.number("toPort"),
			Block: f.block("cidrIpv4", "cidrIpv6"), Group: f.in("referencedGroupInfo").text("groupId"),
		},
	}
}

// readVPC returns the VPC of one side of a connection.
func readVPC(f fields) VPCKey {
	return VPCKey{peering.Cell{Account: peering.AccountID(f.text("ownerId")), Region: peering.Region(f.text("region"))},
		f.text("vpcId")}
}

// ConnectionTag returns the id of the connection that new security group rules are tagged with; "" without the tag.
func (r Record) ConnectionTag() string {
	for _, t := range r.tagSpecifications() {
		if t.text("key") == peering.TagConnection {
			return t.text("value")
		}
	}
	return ""
}

// tagSpecifications returns the tags of the resources that the call makes.
func (r Record) tagSpecifications() []fields {
	var all []fields
	for _, s := range r.request.items("tagSpecificationSet") {
		tags, _ := s.any("tags").([]any)
		for _, t := range tags {
			pair, _ := t.(map[string]any)
			all = append(all, pair)
		}
	}
	return all
}

// Subjects returns the ids of the connections, route tables and security groups that the record names.
func (r Record) Subjects() []string {
	ids := connectionID.FindAllString(r.body(), -1)
	for _, name := range []string{"routeTableId", "groupId"} {
		if id := r.request.text(name); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// RouteTable returns the id of the route table that the call changes.
func (r Record) RouteTable() string { return r.request.text("routeTableId") }

// MadeRules returns the security group rules that the call has made.
func (r Record) MadeRules() []*Rule {
	var all []*Rule
	for _, f := range r.response.items("securityGroupRuleSet") {
		all = append(all, readRule(f))
	}
	return all
}

// RevokedRules returns the ids of the security group rules that the call has revoked.
func (r Record) RevokedRules() []string {
	var ids []string
	for _, f := range r.response.items("revokedSecurityGroupRuleSet") {
		ids = append(ids, f.text("securityGroupRuleId"))
	}
	return ids
}

// Tagged returns the ids of the resources whose tags the call changes.
func (r Record) Tagged() []string {
	var ids []string
	for _, f := range r.request.items("resourcesSet") {
		ids = append(ids, f.text("resourceId"))
	}
	return ids
}

// TagKeys returns the keys of the tags that the call changes.
func (r Record) TagKeys() []string {
	var keys []string
	for _, f := range r.request.items("tagSet") {
		keys = append(keys, f.text("key"))
	}
	return keys
}

var connectionID = regexp.MustCompile(`pcx-[0-9a-f]{17}`)

package simtest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// record is one call that may have changed something, as CloudTrail tells of it whether or not anybody is told: the
// only thing from which is known what took effect.
type record struct {
	at       time.Time
	who      string // the function; empty for a person
	cell     peering.Cell
	call     string
	code     string // of the refusal
	request  fields
	response fields
	policy   *plainPolicy // of a deployment, which is none of CloudTrail's
}

// The calls of records that CloudTrail does not have.
const (
	callDeploy = "Deploy"
	callMain   = "MainTable" // CreateVpc doesn't name it
)

// deployment returns the record that the policy is deployed in place of the one before.
func deployment(at time.Time, p *plainPolicy) record {
	return record{at: at, call: callDeploy, policy: p}
}

// mainTable returns the record of a VPC's main route table.
func mainTable(at time.Time, v vpcKey, id string) record {
	return record{at: at, cell: v.Cell, call: callMain, request: fields{"vpcId": v.id, "routeTableId": id}}
}

// readRecord parses the detail of a CloudTrail event that was logged in the cell. A call that was refused has a code.
func readRecord(cell peering.Cell, body []byte, at time.Time) (record, error) {
	var detail struct {
		EventName, AWSRegion, ErrorCode     string
		RequestParameters, ResponseElements fields
		UserIdentity                        struct{ ARN string }
	}
	if err := json.Unmarshal(body, &detail); err != nil {
		return record{}, fmt.Errorf("read record: %w", err)
	}
	return record{
		at: at, who: functionOf(detail.UserIdentity.ARN), cell: cell,
		call: detail.EventName, code: detail.ErrorCode, request: detail.RequestParameters.unwrapped().ordered(), response: detail.ResponseElements.unwrapped(),
	}, nil
}

// functionOf returns the name of autopeer's function that has the role, or nothing.
func functionOf(arn string) string {
	_, session, _ := strings.Cut(arn, ":assumed-role/autopeer-")
	function, _, _ := strings.Cut(session, "/")
	return function
}

// about returns the ids of connections and VPCs that the record names.
func (r record) about() string {
	body, _ := json.Marshal([]fields{r.request, r.response}) // has come from JSON
	return string(body)
}

func (r record) String() string {
	who := "autopeer-" + r.who
	if r.who == "" {
		who = "somebody"
	}
	words := fmt.Sprintf("%s in %s: %s %s", who, r.cell, r.call, words(r.request))
	if r.policy != nil {
		return words + "\n" + r.policy.yaml()
	}
	if r.code != "" {
		return words + " is refused: " + r.code
	}
	if made := connectionID.FindString(r.about()); made != "" && r.call == "CreateVpcPeeringConnection" {
		return words + " → " + made
	}
	return words
}

// words are the members of a request, flat and in order of their names.
func words(f fields) string {
	text := fmt.Sprint(map[string]any(f))
	text = strings.NewReplacer("map[", "", "]", "", "items:[", "", "items:", "").Replace(text)
	return text
}

func (r record) connection() string { return r.request.text("vpcPeeringConnectionId") }

func (r record) destination() netip.Prefix {
	return r.request.block("destinationCidrBlock", "destinationIpv6CidrBlock")
}

func (r record) target() string {
	if id := r.request.text("vpcPeeringConnectionId"); id != "" {
		return id
	}
	return r.request.text("gatewayId")
}

func readRule(f fields) *rule {
	return &rule{
		id: f.text("securityGroupRuleId"), group: f.text("groupId"), egress: f.text("isEgress") == "true",
		permission: permission{
			protocol: f.text("ipProtocol"), from: f.number("fromPort"), to: f.number("toPort"),
			block: f.block("cidrIpv4", "cidrIpv6"), group: f.in("referencedGroupInfo").text("groupId"),
		},
	}
}

func readEnd(f fields) vpcKey {
	return vpcKey{peering.Cell{Account: peering.AccountID(f.text("ownerId")), Region: peering.Region(f.text("region"))}, f.text("vpcId")}
}

// ruleTag is the connection for which new rules are tagged.
func (r record) ruleTag() string {
	for _, s := range r.request.items("tagSpecificationSet") {
		tags, _ := s.any("tags").([]any)
		for _, t := range tags {
			pair, _ := t.(map[string]any)
			if fields(pair).text("key") == peering.TagConnection {
				return fields(pair).text("value")
			}
		}
	}
	return ""
}

// subjects are the connections and tables that a record names.
func (r record) subjects() []string {
	ids := connectionID.FindAllString(r.about(), -1)
	for _, name := range []string{"routeTableId", "groupId"} {
		if id := r.request.text(name); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// routeTable returns the route table that the call changes.
func (r record) routeTable() string { return r.request.text("routeTableId") }

// madeRules returns the security group rules that the call has made.
func (r record) madeRules() []*rule {
	var all []*rule
	for _, f := range r.response.items("securityGroupRuleSet") {
		all = append(all, readRule(f))
	}
	return all
}

// revokedRules returns the ids of the security group rules that the call has revoked.
func (r record) revokedRules() []string {
	var ids []string
	for _, f := range r.response.items("revokedSecurityGroupRuleSet") {
		ids = append(ids, f.text("securityGroupRuleId"))
	}
	return ids
}

// tagged returns the ids of the resources whose tags the call changes.
func (r record) tagged() []string {
	var ids []string
	for _, f := range r.request.items("resourcesSet") {
		ids = append(ids, f.text("resourceId"))
	}
	return ids
}

// tagKeys returns the keys of the tags that the call changes.
func (r record) tagKeys() []string {
	var keys []string
	for _, f := range r.request.items("tagSet") {
		keys = append(keys, f.text("key"))
	}
	return keys
}

var connectionID = regexp.MustCompile(`pcx-[0-9a-f]{17}`)

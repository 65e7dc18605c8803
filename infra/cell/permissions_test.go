package cell_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// grant is one statement of a role. Lists of one may be bare strings in a template.
type grant struct {
	Sid, Effect      string
	Action, Resource list
	Condition        map[string]map[string]list
}

type list []string

func (l *list) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

type role []grant

// roleOf returns all statements of a function's role.
func roleOf(t *testing.T, template assertions.Template, function string) role {
	t.Helper()
	for _, r := range resources(t, template, "AWS::IAM::Role") {
		if strings.HasPrefix(r.Properties["RoleName"].(string), "autopeer-"+function+"-") {
			return grants(t, r.Properties["Policies"])
		}
	}
	t.Fatalf("no role of %s", function)
	return nil
}

func grants(t *testing.T, policies any) role {
	t.Helper()
	data, err := json.Marshal(policies)
	if err != nil {
		t.Fatal(err)
	}
	var documents []struct{ PolicyDocument struct{ Statement role } }
	if err := json.Unmarshal(data, &documents); err != nil {
		t.Fatal(err)
	}
	var all role
	for _, d := range documents {
		all = append(all, d.PolicyDocument.Statement...)
	}
	return all
}

// allows asks IAM, with nothing else that could allow it.
func (r role) allows(t *testing.T, action, resource string, keys map[string]string) bool {
	t.Helper()
	document, err := json.Marshal(map[string]any{"Statement": r})
	if err != nil {
		t.Fatal(err)
	}
	p, err := iam.ParseIdentity(document)
	if err != nil {
		t.Fatal(err)
	}
	request := iam.Request{Action: action, Resource: resource, Keys: iam.Keys{}}
	for key, value := range keys {
		request.Keys[key] = []string{value}
	}
	return p.Decide(request) == iam.Allowed
}

func vpc(c peering.Cell, id string) peering.VPC {
	return peering.VPC{Owner: c.Account, Region: c.Region, ID: peering.VPCID(id)}
}

func arnOf(v peering.VPC) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:vpc/%s", v.Region, v.Owner, v.ID)
}

// TestAcceptMayAcceptTheRequestsThatThePolicyAccepts asks the policy and the role about every pair of VPCs, listed or
// not, with the tag that approves, another value of it or none.
func TestAcceptMayAcceptTheRequestsThatThePolicyAccepts(t *testing.T) {
	p := parse(t, company)
	vpcs := []peering.VPC{
		vpc(marketing, "vpc-00000000000000001"), vpc(marketing, "vpc-00000000000000002"),
		vpc(finance, "vpc-00000000000000003"),
		vpc(finance, "vpc-00000000000000004"), vpc(finance, "vpc-00000000000000006"), vpc(developer, "vpc-00000000000000005"),
		vpc(peering.Cell{Account: "444444444444", Region: "eu-west-1"}, "vpc-00000000000000007"),
		vpc(finance, "vpc-00000000000000008"),
		vpc(marketing, "vpc-0000000000000000f"), vpc(finance, "vpc-0000000000000000f"),
	}
	accepted := map[string]int{} // by the value of the tag
	for _, c := range p.Cells() {
		r := roleOf(t, stack(t, company, c), "accept")
		for _, pcx := range requests(vpcs, "", "true", "false", "True") {
			if pcx.Accepter.Cell() != c {
				continue
			}
			d := p.Decide(pcx)
			want := d.Verdict == policy.Accept && d.Manages(peering.Accepter)
			for _, filled := range []peering.Region{pcx.Requester.Region, c.Region} {
				if got := mayAccept(t, r, pcx, filled); got != want {
					t.Errorf("the role of %s lets %s ask %s with tags %v and Region %s: %v, want %v", c, arnOf(pcx.Requester),
						arnOf(pcx.Accepter), pcx.Tags, filled, got, want)
				}
			}
			if want {
				accepted[pcx.Tags[peering.TagApproved]]++
			}
		}
	}
	if accepted[""] == 0 || accepted["true"] <= accepted[""] || accepted["false"] != accepted[""] {
		t.Errorf("accepted %v; want some without a tag, and more with the one that approves", accepted)
	}
}

// TestAcceptMayAcceptTheRequestsOfAMesh asks the policy and the roles of a mesh about every pair of VPCs.
func TestAcceptMayAcceptTheRequestsOfAMesh(t *testing.T) {
	const mesh = `
version: 1
departments:
  hub:
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000002 }
    - { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000003 }
  audited: [{ account: "111111111111", region: us-east-1, vpc: vpc-00000000000000004 }, { account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000005 }]
  legal: [{ account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000006 }]
peerings:
  - between: [hub, hub]
  - { between: [audited, audited], approval: manual }
  - { between: [legal, hub], requester: legal }
`
	p := parse(t, mesh)
	vpcs := []peering.VPC{
		vpc(marketing, "vpc-00000000000000001"), vpc(marketing, "vpc-00000000000000002"),
		vpc(finance, "vpc-00000000000000003"),
		vpc(marketing, "vpc-00000000000000004"), vpc(finance, "vpc-00000000000000005"), vpc(finance, "vpc-00000000000000006"),
		vpc(marketing, "vpc-00000000000000003"), vpc(finance, "vpc-0000000000000000f"),
	}
	accepted := 0
	for _, c := range p.Cells() {
		r := roleOf(t, stack(t, mesh, c), "accept")
		for _, pcx := range requests(vpcs, "", "true") {
			// A VPC with itself isn't tested: its blocks overlap, so that EC2 has nothing to accept.
			if pcx.Accepter.Cell() != c || pcx.Requester.Same(pcx.Accepter) {
				continue
			}
			want := p.Decide(pcx).Verdict == policy.Accept
			if got := mayAccept(t, r, pcx, pcx.Requester.Region); got != want {
				t.Errorf("the role of %s lets %s ask %s with tags %v: %v, want %v", c, arnOf(pcx.Requester),
					arnOf(pcx.Accepter), pcx.Tags, got, want)
			}
			if want {
				accepted++
			}
		}
	}
	if want := 2*(6+3) + 2; accepted != want {
		t.Errorf("%d pairs are accepted, want %d", accepted, want)
	}
}

// requests are between all pairs of the VPCs, each with every value of the tag that approves.
func requests(vpcs []peering.VPC, approvals ...string) []peering.Connection {
	var all []peering.Connection
	for _, a := range vpcs {
		for _, b := range vpcs {
			for _, approved := range approvals {
				all = append(all, peering.Connection{
					ID: "pcx-1", State: peering.PendingAcceptance, Requester: a, Accepter: b,
					Tags: map[string]string{peering.TagApproved: approved},
				})
			}
		}
	}
	return all
}

// mayAccept asks IAM as EC2 does: about the connection and, apart, about the accepter's VPC. The Region is the one that
// EC2 fills in for the requester.
func mayAccept(t *testing.T, r role, c peering.Connection, filled peering.Region) bool {
	t.Helper()
	const action = "ec2:AcceptVpcPeeringConnection"
	requester := c.Requester
	requester.Region = filled
	keys := map[string]string{"ec2:RequesterVpc": arnOf(requester), "ec2:AccepterVpc": arnOf(c.Accepter)}
	for key, value := range c.Tags {
		keys["aws:ResourceTag/"+key] = value
	}
	at := c.Accepter.Cell()
	connection := fmt.Sprintf("arn:aws:ec2:%s:%s:vpc-peering-connection/%s", at.Region, at.Account, c.ID)
	return r.allows(t, action, connection, keys) && r.allows(t, action, arnOf(c.Accepter), nil)
}

func TestRolesReachTheirOwnVPCsOnly(t *testing.T) {
	const (
		table, group, rule = "arn:aws:ec2:eu-west-1:222222222222:route-table/rtb-1",
			"arn:aws:ec2:eu-west-1:222222222222:security-group/sg-1",
			"arn:aws:ec2:eu-west-1:222222222222:security-group-rule/sgr-1"
		connection = "arn:aws:ec2:eu-west-1:222222222222:vpc-peering-connection/pcx-1"
		elsewhere  = "arn:aws:ec2:us-east-1:222222222222:route-table/rtb-1"
	)
	in := func(id string) map[string]string { return map[string]string{"ec2:Vpc": arnOf(vpc(finance, id))} }
	own, other, third := in("vpc-00000000000000003"), in("vpc-0000000000000000f"), in("vpc-00000000000000008")
	asAccepter := map[string]string{"ec2:AccepterVpc": own["ec2:Vpc"], "ec2:RequesterVpc": other["ec2:Vpc"]}
	tagged := func(keys map[string]string, tag string) map[string]string {
		return map[string]string{
			"ec2:AccepterVpc": keys["ec2:AccepterVpc"], "ec2:RequesterVpc": keys["ec2:RequesterVpc"], "aws:TagKeys": tag,
		}
	}
	tests := []struct {
		name             string
		function, action string
		resource         string
		keys             map[string]string
		want             bool
	}{
		{"connect routes in a department's VPC", "connect", "ec2:CreateRoute", table, own, true},
		{"connect doesn't route in another VPC", "connect", "ec2:CreateRoute", table, other, false},
		{"connect doesn't route in a third party's VPC, even of its account", "connect",
			"ec2:CreateRoute", table, third, false},
		{"connect doesn't admit to a third party's groups", "connect",
			"ec2:AuthorizeSecurityGroupIngress", group, third, false},
		{"connect doesn't route in another region", "connect", "ec2:CreateRoute", elsewhere, own, false},
		{"connect replaces a blackhole", "connect", "ec2:ReplaceRoute", table, own, true},
		{"connect admits traffic to a department's groups", "connect", "ec2:AuthorizeSecurityGroupIngress", group, own, true},
		{"connect doesn't admit traffic to another VPC's groups", "connect",
			"ec2:AuthorizeSecurityGroupIngress", group, other, false},
		{"connect tags a rule that it makes", "connect", "ec2:CreateTags", rule,
			map[string]string{"ec2:CreateAction": "AuthorizeSecurityGroupIngress", "aws:TagKeys": "autopeer:connection",
				"aws:RequestTag/autopeer:managed": "autopeer"}, true},
		{"connect marks no rule as another installation's", "connect", "ec2:CreateTags", rule,
			map[string]string{"ec2:CreateAction": "AuthorizeSecurityGroupIngress", "aws:TagKeys": "autopeer:managed",
				"aws:RequestTag/autopeer:managed": "other"}, false},
		{"connect marks no connection as another installation's", "connect", "ec2:CreateTags", connection,
			map[string]string{"ec2:AccepterVpc": own["ec2:Vpc"], "ec2:RequesterVpc": other["ec2:Vpc"],
				"aws:TagKeys": "autopeer:managed", "aws:RequestTag/autopeer:managed": "other"}, false},
		{"connect marks a connection as its own", "connect", "ec2:CreateTags", connection,
			map[string]string{"ec2:AccepterVpc": own["ec2:Vpc"], "ec2:RequesterVpc": other["ec2:Vpc"],
				"aws:TagKeys": "autopeer:managed", "aws:RequestTag/autopeer:managed": "autopeer"}, true},
		{"connect doesn't tag a rule that is there already", "connect", "ec2:CreateTags", rule,
			map[string]string{"aws:TagKeys": "autopeer:connection"}, false},
		{"connect revokes in a department's groups", "connect", "ec2:RevokeSecurityGroupIngress", group, own, true},
		{"connect doesn't revoke in another VPC's groups", "connect", "ec2:RevokeSecurityGroupIngress", group, other, false},
		{"connect names a connection", "connect", "ec2:CreateTags", connection, tagged(asAccepter, "Name"), true},
		{"connect gives a connection no other tag", "connect", "ec2:CreateTags", connection,
			tagged(asAccepter, "CostCenter"), false},
		{"connect can't approve", "connect", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:approved"), false},
		{"accept can't approve", "accept", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:approved"), false},
		{"sweep can't approve", "sweep", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:approved"), false},
		{"accept can't hold", "accept", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"accept can't end a hold", "accept", "ec2:DeleteTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"connect can't hold", "connect", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"connect can't end a hold", "connect", "ec2:DeleteTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"disconnect can't hold", "disconnect", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"disconnect can't end a hold", "disconnect", "ec2:DeleteTags", connection,
			tagged(asAccepter, "autopeer:hold"), false},
		{"sweep can't hold", "sweep", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"sweep can't end a hold", "sweep", "ec2:DeleteTags", connection, tagged(asAccepter, "autopeer:hold"), false},
		{"accept can't adopt", "accept", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:adopt"), false},
		{"accept can't withdraw an adoption", "accept", "ec2:DeleteTags", connection,
			tagged(asAccepter, "autopeer:adopt"), false},
		{"connect can't adopt", "connect", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:adopt"), false},
		{"connect can't withdraw an adoption", "connect", "ec2:DeleteTags", connection,
			tagged(asAccepter, "autopeer:adopt"), false},
		{"disconnect can't adopt", "disconnect", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:adopt"), false},
		{"disconnect can't withdraw an adoption", "disconnect", "ec2:DeleteTags", connection,
			tagged(asAccepter, "autopeer:adopt"), false},
		{"sweep can't adopt", "sweep", "ec2:CreateTags", connection, tagged(asAccepter, "autopeer:adopt"), false},
		{"sweep can't withdraw an adoption", "sweep", "ec2:DeleteTags", connection,
			tagged(asAccepter, "autopeer:adopt"), false},
		{"connect sets the DNS option of a connection of its own", "connect", "ec2:ModifyVpcPeeringConnectionOptions",
			connection, asAccepter, true},
		{"connect doesn't set it on a foreign connection", "connect", "ec2:ModifyVpcPeeringConnectionOptions", connection,
			map[string]string{"ec2:AccepterVpc": other["ec2:Vpc"], "ec2:RequesterVpc": other["ec2:Vpc"]}, false},
		{"connect reads the DNS attributes of a department's VPC", "connect", "ec2:DescribeVpcAttribute",
			own["ec2:Vpc"], nil, true},
		{"connect doesn't read those of another VPC", "connect", "ec2:DescribeVpcAttribute", other["ec2:Vpc"], nil, false},
		{"connect can't accept", "connect", "ec2:AcceptVpcPeeringConnection", connection, asAccepter, false},
		{"accept can't route", "accept", "ec2:CreateRoute", table, own, false},
		{"accept rejects where the policy requires it", "accept", "ec2:RejectVpcPeeringConnection",
			connection, asAccepter, true},
		{"disconnect deletes a route", "disconnect", "ec2:DeleteRoute", table, own, true},
		{"disconnect deletes a route of a VPC that the policy no longer names", "disconnect",
			"ec2:DeleteRoute", table, other, true},
		{"disconnect deletes no route of another account", "disconnect", "ec2:DeleteRoute",
			strings.Replace(table, "222222222222", "111111111111", 1), other, false},
		{"disconnect creates none", "disconnect", "ec2:CreateRoute", table, own, false},
		{"disconnect revokes in a department's groups", "disconnect", "ec2:RevokeSecurityGroupIngress", group, own, true},
		{"disconnect revokes in the groups of a VPC that the policy no longer names", "disconnect",
			"ec2:RevokeSecurityGroupIngress", group, other, true},
		{"disconnect revokes in no other Region", "disconnect", "ec2:RevokeSecurityGroupIngress",
			strings.Replace(group, "eu-west-1", "us-east-1", 1), other, false},
		{"no revocation is permitted on rules, which EC2 doesn't ask about", "connect", "ec2:RevokeSecurityGroupIngress",
			rule, map[string]string{"aws:ResourceTag/autopeer:connection": "pcx-1"}, false},
		{"sweep sends to accept", "sweep", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:222222222222:autopeer-accept",
			nil, true},
		{"sweep sends to itself", "sweep", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:222222222222:autopeer-sweep", nil, true},
		{"sweep sends to no dead-letter queue", "sweep", "sqs:SendMessage",
			"arn:aws:sqs:eu-west-1:222222222222:autopeer-accept-dead-letters", nil, false},
		{"sweep sends to no queue of another cell", "sweep", "sqs:SendMessage",
			"arn:aws:sqs:us-east-1:111111111111:autopeer-accept", nil, false},
		{"accept sends to no queue", "accept", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:222222222222:autopeer-connect",
			nil, false},
		{"functions announce on their own bus", "disconnect", "events:PutEvents",
			"arn:aws:events:eu-west-1:222222222222:event-bus/autopeer", nil, true},
		{"functions announce on no other bus", "disconnect", "events:PutEvents",
			"arn:aws:events:us-east-1:111111111111:event-bus/autopeer", nil, false},
	}
	template := stack(t, company, finance)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := roleOf(t, template, tt.function).allows(t, tt.action, tt.resource, tt.keys); got != tt.want {
				t.Errorf("%s may %s on %s: %v, want %v", tt.function, tt.action, tt.resource, got, tt.want)
			}
		})
	}
}

// isRead reports whether the action changes nothing in EC2.
func isRead(action string) bool {
	return strings.HasPrefix(action, "ec2:Describe") || action == "ec2:GetManagedPrefixListEntries"
}

// TestSweepChangesNothing: of EC2 its role has reads alone.
func TestSweepChangesNothing(t *testing.T) {
	for _, action := range allowed(roleOf(t, stack(t, company, finance), "sweep"), "ec2:") {
		if !isRead(action) {
			t.Errorf("the role allows %s", action)
		}
	}
}

func TestNoRoleRejectsUnlessThePolicyDoes(t *testing.T) {
	r := roleOf(t, stack(t, strings.Replace(company, "otherwise: reject", "otherwise: leave", 1), finance), "accept")
	for _, g := range r {
		if slices.Contains(g.Action, "ec2:RejectVpcPeeringConnection") {
			t.Errorf("%s allows it", g.Sid)
		}
	}
}

func TestOnlyReadsAreOnEverything(t *testing.T) {
	template := stack(t, company, finance)
	for _, function := range append(slices.Clone(function.All), "forward") {
		for _, g := range roleOf(t, template, string(function)) {
			for _, action := range g.Action {
				read := strings.HasPrefix(action, "ec2:Describe") && action != "ec2:DescribeVpcAttribute" // which can name VPCs
				if everything := slices.Contains(g.Resource, "*"); everything != read ||
					strings.Contains(action, "*") || g.Sid == "" {
					t.Errorf("%s: %q allows %s on %v", function, g.Sid, action, g.Resource)
				}
			}
		}
	}
}

// TestARetiredCellOnlyCloses: its disconnect reaches every VPC of the cell, since the policy names none, and none
// elsewhere. Its other functions change nothing in EC2.
func TestARetiredCellOnlyCloses(t *testing.T) {
	retired := peering.Cell{Account: "555555555555", Region: "eu-west-1"}
	template := stack(t, company+"retired: [{ account: \"555555555555\", region: eu-west-1 }]\n", retired)
	for _, f := range []function.Name{function.Accept, function.Connect, function.Sweep} {
		for _, g := range roleOf(t, template, string(f)) {
			for _, action := range g.Action {
				if strings.HasPrefix(action, "ec2:") && !isRead(action) {
					t.Errorf("%s may %s", f, action)
				}
			}
		}
	}
	r := roleOf(t, template, string(function.Disconnect))
	for at, want := range map[peering.Cell]bool{retired: true, finance: false} {
		for action, resource := range map[string]string{
			"ec2:DeleteRoute": "route-table/rtb-1", "ec2:RevokeSecurityGroupIngress": "security-group/sg-1",
		} {
			if got := r.allows(t, action, fmt.Sprintf("arn:aws:ec2:%s:%s:%s", at.Region, at.Account, resource),
				nil); got != want {
				t.Errorf("disconnect may %s in %s: %t, want %t", action, at, got, want)
			}
		}
	}
}

// TestRolesInReportModeOnlyRead: with the mode report of the file, or of all of the cell's peerings unless connections
// of removed peerings are disconnected, no function may change anything in EC2.
func TestRolesInReportModeOnlyRead(t *testing.T) {
	retired := peering.Cell{Account: "555555555555", Region: "eu-west-1"}
	file := strings.Replace(company, "version: 1", "version: 1\nmode: report", 1)
	retiring := file + "retired: [{ account: \"555555555555\", region: eu-west-1 }]\n"
	peerings := strings.NewReplacer(
		"finance]\n", "finance]\n    mode: report\n", "legal]\n", "legal]\n    mode: report\n", "sales]\n",
		"sales]\n    mode: report\n",
		"manage: requester", "manage: requester, mode: report", "manage: accepter", "manage: accepter, mode: report",
	).Replace(company)
	disconnecting := strings.Replace(peerings, "version: 1", "version: 1\nremoved: disconnect", 1)
	oneEnforced := strings.Replace(peerings, "legal]\n    mode: report", "legal]\n    mode: enforce", 1)
	tests := []struct {
		name, policy string
		cell         peering.Cell
		reads        bool
	}{
		{"the file", file, finance, true},
		{"a retired cell of the file", retiring, retired, true},
		{"all peerings", peerings, finance, true},
		{"all peerings, and removed ones are disconnected", disconnecting, finance, false},
		{"one peering is enforced", oneEnforced, finance, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			template := stack(t, tt.policy, tt.cell)
			for _, f := range function.All {
				actions := allowed(roleOf(t, template, string(f)), "ec2:")
				changes := slices.DeleteFunc(slices.Clone(actions), isRead)
				if reads := len(changes) == 0; reads != (tt.reads || f == function.Sweep) || len(actions) == 0 {
					t.Errorf("%s may %v, only reads: %t", f, actions, tt.reads)
				}
			}
		})
	}
}

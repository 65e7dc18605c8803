package cell

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// docs/security.md lists the permissions that can't be narrowed down further, with the reasons. If the cell's part
// of the policy is in report mode, no function has a permission to change anything in EC2.
// https://docs.aws.amazon.com/vpc/latest/peering/security-iam.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html

// acceptPermissions let accept accept exactly the pairs that the policy lists, and those that need an approval only
// with the approving tag, so that even a defect in the function can't accept another request.
func acceptPermissions(p naming, part *policy.Policy) []statement {
	all := append(common(p, function.Accept),
		describe("ReadRequests", "VpcPeeringConnections", "Vpcs", "RouteTables", "Subnets", "SecurityGroups",
			"SecurityGroupRules", "PrefixLists"), p.routedLists())
	if part.Mode == policy.ReportMode {
		return all
	}
	if part.Otherwise == policy.RejectOthers {
		all = append(all, allow("RejectWhatNoPeeringNames", "ec2:RejectVpcPeeringConnection", p.connections()).
			when("ArnLike", "ec2:AccepterVpc", vpcARN(p.Cell, "")))
	}
	listed, manual := pairs(part, p.Cell, ""), pairs(part, p.Cell, policy.ManualApproval)
	all = append(all, p.acceptPairs("AcceptPairs", listed, nil)...)
	all = append(all, p.acceptPairs("AcceptApprovedPairs", manual, approved())...)
	accepters := slices.Concat(slices.Collect(maps.Keys(listed)), slices.Collect(maps.Keys(manual)))
	for i, some := range chunks(unique(accepters)) {
		all = append(all, allow(numbered("AcceptInto", i), "ec2:AcceptVpcPeeringConnection", some))
	}
	return all
}

// approved holds for a connection that a person has tagged.
func approved() condition {
	return condition{"StringEquals": {"aws:ResourceTag/" + peering.TagApproved: "true"}}
}

// connectPermissions let connect change the route tables and groups of the VPCs that a peering names.
func connectPermissions(p naming, part *policy.Policy) []statement {
	all := append(common(p, function.Connect),
		describe("ReadNetwork", "VpcPeeringConnections", "RouteTables", "Subnets", "NetworkAcls", "SecurityGroups",
			"SecurityGroupRules", "PrefixLists"), p.routedLists())
	vpcs := members(part, p.Cell, named(part))
	if len(vpcs) == 0 || part.Mode == policy.ReportMode {
		return all
	}
	for i, some := range chunks(vpcs) {
		all = append(all,
			p.routes(numbered("Route", i), some, "CreateRoute", "ReplaceRoute", "DeleteRoute"),
			p.groups(numbered("AdmitAndExpel", i), some, "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"))
		all = append(all, p.ownSide("TagConnection", i, some, "ec2:CreateTags",
			p.ownTags(peering.TagName, peering.TagManaged))...)
		if wantsDNS(part) {
			all = append(all, allow(numbered("ReadDNSAttributes", i), "ec2:DescribeVpcAttribute", some))
			all = append(all, p.ownSide("SetDNSOption", i, some, "ec2:ModifyVpcPeeringConnectionOptions", nil)...)
		}
	}
	return append(all,
		p.rules("AdmitByRule", "ec2:AuthorizeSecurityGroupIngress"),
		// autopeer recognizes its own rules by this tag, so it may tag only rules that it creates.
		p.rules("TagNewRule", "ec2:CreateTags").
			when("StringEquals", "ec2:CreateAction", "AuthorizeSecurityGroupIngress").
			when("ForAllValues:StringEquals", "aws:TagKeys", []string{peering.TagConnection, peering.TagManaged}).
			when("StringEquals", "aws:RequestTag/"+peering.TagManaged, p.prefix))
}

// disconnectPermissions cover every VPC of the cell: the routes and rules of a former peering must still be removed
// after the policy no longer names its VPCs.
func disconnectPermissions(p naming, part *policy.Policy) []statement {
	all := append(common(p, function.Disconnect),
		describe("ReadRemains", "VpcPeeringConnections", "Vpcs", "RouteTables", "SecurityGroupRules"))
	if part.Mode == policy.ReportMode {
		return all
	}
	return append(all,
		allow("DeleteRoute", "ec2:DeleteRoute", p.arn("ec2", "route-table/*")),
		allow("Expel", "ec2:RevokeSecurityGroupIngress", p.arn("ec2", "security-group/*")))
}

// sweepPermissions let sweep read, and send its findings to the functions of its cell.
func sweepPermissions(p naming) []statement {
	var queues []string
	for _, f := range function.All {
		queues = append(queues, p.arn("sqs", p.function(f)))
	}
	return append(common(p, function.Sweep),
		describe("ReadEverything", "VpcPeeringConnections", "Vpcs", "RouteTables", "Subnets", "SecurityGroups",
			"SecurityGroupRules", "PrefixLists"), p.routedLists(),
		allow("TellFunctions", "sqs:SendMessage", queues))
}

// common returns the permissions of every function: to receive messages, announce outcomes and write logs.
func common(p naming, f function.Name) []statement {
	return []statement{
		allow("TakeMessages", []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
			"sqs:GetQueueAttributes"},
			p.arn("sqs", p.function(f))),
		allow("AnnounceOutcomes", "events:PutEvents", p.bus(p.Cell)).
			when("ForAllValues:StringEquals", "events:source", sources(f)),
		allow("WriteLogs", []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			p.arn("logs", "log-group:"+p.logGroup(f)+":*")),
	}
}

// sources are the sources of the events that the function publishes: accept and connect also send messages to other
// cells.
func sources(f function.Name) []string {
	if f == function.Accept || f == function.Connect {
		return []string{outcome.Source, message.Source}
	}
	return []string{outcome.Source}
}

// trust lets the service assume a role. EventBridge may do so only for this cell's forwarding rules, which it names
// in the two keys. Lambda doesn't document that its pollers supply these keys, so its roles have no condition.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
func (p naming) trust(taker string) statement {
	s := statement{Sid: "TakeOn", Effect: "Allow", Action: "sts:AssumeRole", Principal: service(taker)}
	if taker != eventBridge {
		return s
	}
	rules := p.name(forward + "-*")
	return s.when("StringEquals", "aws:SourceAccount", string(p.Account)).
		when("ArnLike", "aws:SourceArn", []string{p.arn("events", "rule/"+rules),
			p.arn("events", "rule/"+p.prefix+"/"+rules)})
}

// describe allows reads, which EC2 doesn't restrict to resources.
func describe(sid string, things ...string) statement {
	actions := make([]string, len(things))
	for i, thing := range things {
		actions[i] = "ec2:Describe" + thing
	}
	return allow(sid, actions, "*")
}

// routedLists allows reading the blocks of prefix lists that route tables refer to: those of the account, AWS's own,
// and those that another account shares. DescribePrefixLists shows AWS's own alone.
func (p naming) routedLists() statement {
	return allow("ReadPrefixLists", "ec2:GetManagedPrefixListEntries",
		fmt.Sprintf("arn:%s:ec2:%s:*:prefix-list/*", partition(p.Region), p.Region))
}

func (p naming) connections() string { return p.arn("ec2", "vpc-peering-connection/*") }

// routes allows calls on the route tables of the VPCs. EC2 has no key for a route's destination or target.
func (p naming) routes(sid string, vpcs []string, actions ...string) statement {
	return allow(sid, ec2Actions(actions), p.arn("ec2", "route-table/*")).when("ArnLike", "ec2:Vpc", vpcs)
}

// groups allows calls on the security groups of the VPCs. EC2 has no key for a rule's source or ports, and none for the
// tags of a rule that is revoked: the function checks those.
func (p naming) groups(sid string, vpcs []string, actions ...string) statement {
	return allow(sid, ec2Actions(actions), p.arn("ec2", "security-group/*")).when("ArnLike", "ec2:Vpc", vpcs)
}

// rules allows a call on the rules that it adds with tags. EC2 checks them in addition to their group.
func (p naming) rules(sid, action string) statement {
	return allow(sid, action, p.arn("ec2", "security-group-rule/*"))
}

// ownSide allows a call on connections with one of the VPCs on either side.
func (p naming) ownSide(sid string, i int, vpcs []string, action string, also condition) []statement {
	var all []statement
	for _, end := range []string{"Requester", "Accepter"} {
		s := allow(numbered(sid+"As"+end, i), action, p.connections())
		s.Condition = also
		all = append(all, s.when("ArnLike", "ec2:"+end+"Vpc", vpcs))
	}
	return all
}

// ownTags allows only these keys, and only on resources without the tag of another installation, which it can't set
// either.
func (p naming) ownTags(keys ...string) condition {
	return condition{
		"ForAllValues:StringEquals": {"aws:TagKeys": keys},
		"StringEqualsIfExists": {
			"aws:RequestTag/" + peering.TagManaged: p.prefix, "aws:ResourceTag/" + peering.TagManaged: p.prefix,
		},
	}
}

func ec2Actions(names []string) []string {
	actions := make([]string, len(names))
	for i, name := range names {
		actions[i] = "ec2:" + name
	}
	return actions
}

// acceptPairs allows acceptance on connections between listed VPCs. EC2 checks the accepter's VPC separately, and
// another statement allows it. Accepters share a statement only if the same requesters may request all of them,
// because the two conditions of a statement allow every combination of their values.
func (p naming) acceptPairs(sid string, pairs map[string][]string, also condition) []statement {
	var all []statement
	groups := map[string][]string{}
	for accepter, requesters := range pairs {
		key := strings.Join(requesters, " ")
		groups[key] = append(groups[key], accepter)
	}
	for _, key := range sortedKeys(groups) {
		for _, accepters := range chunks(unique(groups[key])) {
			for _, requesters := range chunks(strings.Split(key, " ")) {
				s := allow(numbered(sid, len(all)), "ec2:AcceptVpcPeeringConnection", p.connections())
				s.Condition = also
				all = append(all, s.when("ArnLike", "ec2:AccepterVpc", accepters).when("ArnLike", "ec2:RequesterVpc", requesters))
			}
		}
	}
	return all
}

// pairs maps each VPC of the cell that may accept to those that may request it, sorted, for peerings with this
// approval. It leaves out pairs where a third party accepts. In a mesh with several VPCs in the cell, a VPC is one of
// its own requesters, so that all of them share a statement. EC2 offers no connection of a VPC with itself for
// acceptance.
func pairs(p *policy.Policy, cell peering.Cell, approval policy.Approval) map[string][]string {
	all := map[string][]string{}
	for _, entry := range p.Peerings {
		if entry.Approval != approval || entry.Manage == peering.Requester {
			continue
		}
		for i, requester := range entry.Between {
			if entry.Requester != "" && entry.Requester != requester {
				continue
			}
			accepters, from := members(p, cell, map[string]bool{entry.Between[1-i]: true}), requesters(p, requester, cell)
			if entry.IsMesh() && len(accepters) == 1 {
				from = withoutVPC(from, accepters[0])
			}
			for _, accepter := range accepters {
				all[accepter] = append(all[accepter], from...)
			}
		}
	}
	for accepter, requesters := range all {
		all[accepter] = unique(requesters)
	}
	return all
}

// withoutVPC returns the ARNs without that of the VPC, whichever Region they have; all if the VPC's ARN stands for
// several.
func withoutVPC(arns []string, vpc string) []string {
	id := vpc[strings.LastIndex(vpc, "/"):]
	if strings.Contains(id, "*") {
		return arns
	}
	return slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { return strings.HasSuffix(arn, id) })
}

// named returns the departments that a peering names, except third parties.
func named(p *policy.Policy) map[string]bool {
	names := map[string]bool{}
	for _, entry := range p.Peerings {
		names[entry.Between[0]], names[entry.Between[1]] = true, true
	}
	return withoutThirdParties(names, p)
}

// withoutThirdParties removes third parties. A department is a third party in all its peerings or in none.
func withoutThirdParties(names map[string]bool, p *policy.Policy) map[string]bool {
	for _, entry := range p.Peerings {
		delete(names, entry.ThirdParty())
	}
	return names
}

// members returns the VPCs that the departments have in the cell, as sorted ARNs.
func members(p *policy.Policy, cell peering.Cell, departments map[string]bool) []string {
	var vpcs []string
	for _, d := range p.Departments {
		if !departments[d.Name] {
			continue
		}
		for _, m := range d.Members {
			if m.Cell == cell {
				vpcs = append(vpcs, vpcARN(cell, m.VPC))
			}
		}
	}
	return unique(vpcs)
}

// requesters returns the department's VPCs as ARNs of requesters in the accepter's cell.
func requesters(p *policy.Policy, department string, accepter peering.Cell) []string {
	var vpcs []string
	for _, d := range p.Departments {
		if d.Name != department {
			continue
		}
		for _, m := range d.Members {
			vpcs = append(vpcs, requesterARNs(m, accepter)...)
		}
	}
	return vpcs
}

// unique returns the texts sorted, each once.
func unique(texts []string) []string { return slices.Compact(slices.Sorted(slices.Values(texts))) }

// chunks splits a list so that two of its parts fit into one managed policy.
func chunks(arns []string) [][]string { return slices.Collect(slices.Chunk(arns, 35)) }

// numbered keeps Sids unique in a document; the first needs no number.
func numbered(sid string, i int) string {
	if i == 0 {
		return sid
	}
	return sid + strconv.Itoa(i+1)
}

func wantsDNS(p *policy.Policy) bool {
	return slices.ContainsFunc(p.Peerings, func(entry policy.Peering) bool { return entry.DNS })
}

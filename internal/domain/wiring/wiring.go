// Package wiring defines the EventBridge rules of a cell: which events reach which queue, and which are forwarded
// to other cells. The CDK app and the embedded cloud build the same rules from it.
package wiring

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Bus names the event bus of the cell that a rule is on.
type Bus string

// The buses of a cell. CloudTrail's events reach the default bus. Events of other cells, and the cell's own
// announcements, reach its own bus.
const (
	DefaultBus Bus = "default"
	OwnBus     Bus = "own"
)

// Rule sends the events that match, or an event on a schedule, to one queue of the cell or to another cell's bus.
type Rule struct {
	Name     string // unique on its bus, without prefix
	Bus      Bus
	Pattern  map[string]any // EventBridge's pattern language, ready to be encoded as JSON; nil with a schedule
	Schedule string         // a schedule expression of EventBridge, "rate(15 minutes)"
	Queue    function.Name  // empty for a rule that forwards
	Forward  peering.Cell   // zero for a rule that feeds a queue
	// MaxAge is how long EventBridge tries to deliver an event that may be lost: sweeps repeat it. Zero for events
	// that end in the queue of undelivered ones.
	MaxAge time.Duration
}

// Rules returns the rules of the cell for the installation, in a fixed order. A retired cell only receives
// deletions and sweeps: it accepts and connects nothing, and its counterparts find by their own sweeps that they
// have to close their sides.
func Rules(p *policy.Policy, cell peering.Cell, by peering.Installation, sweepInterval time.Duration) []Rule {
	sweeps := Rule{Name: SweepRule, Bus: DefaultBus, Queue: function.Sweep, Schedule: rate(sweepInterval)}
	if p.IsRetired(cell) {
		return append(local(cell, function.Disconnect), sweeps, deployed(cell, by), untagged(cell))
	}
	counterparts := p.Counterparts(cell)
	rules := append(local(cell, function.All...), sweeps, deployed(cell, by),
		untagged(cell), edited(cell, by), freed(cell, by))
	keys := p.ForCell(cell, "").TagKeys()
	rules = append(rules, tagged(append(keys, peering.TagHold, peering.TagAdopt), cell)...)
	if slices.Contains(keys, peering.TagApproved) {
		rules = append(rules, approved(cell))
	}
	rules = append(rules, foreign(Accounts(counterparts))...)
	rules = append(rules, announced(cell))
	rules = append(rules, fromCounterparts(cell, Accounts(counterparts))...)
	for _, c := range counterparts {
		rules = append(rules, forwardCalls(cell, c), forwardMessages(cell, c))
	}
	return append(rules, unpeered(cell, p.Unpeered(cell), Accounts(counterparts))...)
}

// unpeered returns the rules between the cell and the cells that share no peering with it and reject its requests.
// They forward only the denial of a request. Denials from the accounts of counterparts match the rules for
// counterparts.
func unpeered(cell peering.Cell, cells []peering.Cell, counterparts []string) []Rule {
	senders := slices.DeleteFunc(Accounts(cells), func(a string) bool { return slices.Contains(counterparts, a) })
	var rules []Rule
	for i, some := range atOnce(senders) {
		rules = append(rules, toldRule(numbered("accept-unpeered", i), function.Accept, some, cell, message.SideChecked))
	}
	for _, c := range cells {
		rule := forwardMessages(cell, c)
		rule.Pattern["detail-type"] = []message.Type{message.SideChecked}
		rules = append(rules, rule)
	}
	return rules
}

// rate returns the schedule expression of an interval.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func rate(interval time.Duration) string {
	if n := int(interval.Minutes()); n != 1 {
		return fmt.Sprintf("rate(%d minutes)", n)
	}
	return "rate(1 minute)"
}

// blockCalls change the blocks of a VPC, to which its peers' route tables and security groups refer.
var blockCalls = []string{"AssociateVpcCidrBlock", "DisassociateVpcCidrBlock"}

// calls maps each function to the EC2 calls of its cell whose events it receives.
var calls = map[function.Name][]string{
	function.Accept:     {"CreateVpcPeeringConnection"},
	function.Connect:    {"AcceptVpcPeeringConnection"},
	function.Disconnect: {"DeleteVpcPeeringConnection", "RejectVpcPeeringConnection"},
	function.Sweep: slices.Concat(blockCalls, vpcCalls, []string{
		"CreateSubnet", "DeleteSubnet", "CreateRouteTable", "DeleteRouteTable",
		"AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation",
		"CreateSecurityGroup", "DeleteSecurityGroup",
	}),
}

// vpcCalls end the connections of a VPC, perhaps without an event of their own, or decide about the DNS option of
// both sides.
var vpcCalls = []string{"DeleteVpc", "ModifyVpcAttribute"}

// editCalls change routes, ingress rules and the DNS option of a connection, as connect and disconnect do.
var editCalls = slices.Concat(freeingCalls, []string{
	"CreateRoute", "ReplaceRoute", "AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules",
	"ModifyVpcPeeringConnectionOptions",
})

// freeingCalls may end an obstacle for which a request or a side waits.
var freeingCalls = []string{"DeleteRoute", "RevokeSecurityGroupIngress"}

// foreignCalls maps each function to the calls whose events it receives when counterparts forward them. A request
// isn't among them: the requester's cell sends the result of its check.
var foreignCalls = map[function.Name][]string{
	function.Connect: calls[function.Connect], function.Disconnect: calls[function.Disconnect],
	function.Sweep: slices.Concat(blockCalls, vpcCalls),
}

// local returns the rules for the functions' calls made in the cell itself.
func local(cell peering.Cell, functions ...function.Name) []Rule {
	var rules []Rule
	for _, f := range functions {
		pattern := callPattern([]string{string(cell.Account)}, map[string]any{"eventName": calls[f]})
		pattern["region"] = []string{string(cell.Region)}
		rules = append(rules, Rule{Name: string(f), Bus: DefaultBus, Queue: f, Pattern: pattern})
	}
	return rules
}

// foreign returns the rules for calls that counterparts have forwarded.
func foreign(accounts []string) []Rule {
	var rules []Rule
	for _, f := range function.All {
		if len(foreignCalls[f]) == 0 {
			continue
		}
		for i, some := range atOnce(accounts) {
			pattern := callPattern(some, map[string]any{"eventName": foreignCalls[f]})
			rules = append(rules, Rule{Name: numbered(string(f)+"-forwarded", i), Bus: OwnBus, Queue: f, Pattern: pattern})
		}
	}
	return rules
}

// atOnce splits a list of accounts into parts that fit into one pattern: EventBridge allows 2,048 characters.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
func atOnce(accounts []string) [][]string { return slices.Collect(slices.Chunk(accounts, 100)) }

// announced returns the rule that starts connect when the cell's accept function has announced an acceptance.
func announced(cell peering.Cell) Rule {
	return Rule{Name: "connect-announced", Bus: OwnBus, Queue: function.Connect, Pattern: map[string]any{
		"source":      []string{outcome.Source},
		"detail-type": []string{string(outcome.Accepted)},
		"account":     []string{string(cell.Account)},
		"region":      []string{string(cell.Region)},
	}}
}

// messages maps each function to the messages of other cells that it receives.
var messages = map[function.Name][]message.Type{
	function.Accept:  {message.SideChecked, message.CheckSide},
	function.Connect: {message.Accepted},
}

// fromCounterparts returns the rules for the messages of counterparts to the cell.
func fromCounterparts(cell peering.Cell, accounts []string) []Rule {
	var rules []Rule
	for _, f := range function.All {
		if len(messages[f]) == 0 {
			continue
		}
		for i, some := range atOnce(accounts) {
			rules = append(rules, toldRule(numbered(string(f)+"-told", i), f, some, cell, messages[f]...))
		}
	}
	return rules
}

func toldRule(name string, f function.Name, accounts []string, cell peering.Cell, types ...message.Type) Rule {
	pattern := messagePattern(accounts, cell)
	pattern["detail-type"] = types
	return Rule{Name: name, Bus: OwnBus, Queue: f, Pattern: pattern, MaxAge: message.Lateness}
}

// messagePattern matches messages from the accounts to the cell.
func messagePattern(accounts []string, to peering.Cell) map[string]any {
	return map[string]any{
		"source":  []string{message.Source},
		"account": accounts,
		"detail": map[string]any{"to": map[string]any{
			"account": []string{string(to.Account)}, "region": []string{string(to.Region)},
		}},
	}
}

// tagged returns the rules for tags by which the policy chooses route tables, subnets and groups, and for those by
// which a person approves a request or holds a connection.
func tagged(keys []string, cell peering.Cell) []Rule {
	var rules []Rule
	for some := range slices.Chunk(keys, keysAtOnce) {
		pattern := callPattern([]string{string(cell.Account)}, map[string]any{
			"eventName": []string{"CreateTags", "DeleteTags"},
			"requestParameters": map[string]any{
				"tagSet":       map[string]any{"items": map[string]any{"key": some}},
				"resourcesSet": map[string]any{"items": map[string]any{"resourceId": prefixes("rtb-", "subnet-", "sg-", "pcx-")}},
			},
		})
		pattern["region"] = []string{string(cell.Region)}
		rules = append(rules, Rule{Name: numbered("sweep-tags", len(rules)), Bus: DefaultBus,
			Queue: function.Sweep, Pattern: pattern})
	}
	return rules
}

// approved returns the rule that starts accept when a person approves a request. The sweep gathers events for 15
// seconds, which is long for a person who waits, and remains in case EC2 shows the tag late.
func approved(cell peering.Cell) Rule {
	pattern := callPattern([]string{string(cell.Account)}, map[string]any{
		"eventName": []string{"CreateTags"},
		"requestParameters": map[string]any{
			"tagSet": map[string]any{"items": map[string]any{
				"key": []string{peering.TagApproved}, "value": []string{"true"},
			}},
			"resourcesSet": map[string]any{"items": map[string]any{"resourceId": prefixes("pcx-")}},
		},
	})
	pattern["region"] = []string{string(cell.Region)}
	return Rule{Name: "accept-approved", Bus: DefaultBus, Queue: function.Accept, Pattern: pattern}
}

// untagged returns the rule for deletions of autopeer's own tags by name, and for calls that name no tag: these
// delete all tags of a connection, rule, route table, subnet or group.
func untagged(cell peering.Cell) Rule {
	pattern := callPattern([]string{string(cell.Account)}, map[string]any{
		"eventName": []string{"DeleteTags"},
		"requestParameters": map[string]any{
			"tagSet": map[string]any{"items": map[string]any{"key": []any{peering.TagManaged, peering.TagConnection,
				map[string]any{"exists": false}}}},
			"resourcesSet": map[string]any{"items": map[string]any{"resourceId": prefixes("sgr-", "pcx-",
				"rtb-", "subnet-", "sg-")}},
		},
	})
	pattern["region"] = []string{string(cell.Region)}
	return Rule{Name: "sweep-untagged", Bus: DefaultBus, Queue: function.Sweep, Pattern: pattern}
}

// edited returns the rule for edits of routes, rules and options by any principal but the functions. Users, root
// and AWS services have no session of a role, and a condition on a field's value alone doesn't match an event
// without the field.
func edited(cell peering.Cell, by peering.Installation) Rule {
	var roles []string
	for _, f := range function.All {
		roles = append(roles, roleARN(by, f, cell))
	}
	return editRule("sweep-edited", cell, editCalls, map[string]any{"exists": false},
		map[string]any{"anything-but": roles})
}

// freed returns the rule for deletions by disconnect. It leaves out those by connect, which only removes its own
// additions to a side that it couldn't complete.
func freed(cell peering.Cell, by peering.Installation) Rule {
	return editRule("sweep-freed", cell, freeingCalls, roleARN(by, function.Disconnect, cell))
}

func editRule(name string, cell peering.Cell, calls []string, roles ...any) Rule {
	pattern := callPattern([]string{string(cell.Account)}, map[string]any{
		"eventName":    calls,
		"userIdentity": map[string]any{"sessionContext": map[string]any{"sessionIssuer": map[string]any{"arn": roles}}},
	})
	pattern["region"] = []string{string(cell.Region)}
	return Rule{Name: name, Bus: DefaultBus, Queue: function.Sweep, Pattern: pattern}
}

// deployed returns the rule for deployments of the cell's functions. CloudFormation sends these events without a
// trail. Those about the stack's first creation may be sent before the rule exists.
func deployed(cell peering.Cell, by peering.Installation) Rule {
	stack := fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/",
		partition(cell), cell.Region, cell.Account, StackName(string(by), cell))
	return Rule{Name: "sweep-deployed", Bus: DefaultBus, Queue: function.Sweep, Pattern: map[string]any{
		"source":      []string{"aws.cloudformation"},
		"detail-type": []string{"CloudFormation Stack Status Change"},
		"account":     []string{string(cell.Account)},
		"region":      []string{string(cell.Region)},
		"detail": map[string]any{
			"stack-id": prefixes(stack),
			"status-details": map[string]any{"status": []string{"CREATE_COMPLETE", "UPDATE_COMPLETE",
				"UPDATE_ROLLBACK_COMPLETE"}},
		},
	}}
}

// keysAtOnce is the number of tag keys, of 128 characters each, that fit into one pattern.
const keysAtOnce = 8

func prefixes(all ...string) []any {
	var some []any
	for _, p := range all {
		some = append(some, map[string]any{"prefix": p})
	}
	return some
}

// forwardCalls forwards to a counterpart every acceptance, rejection and deletion, every change of blocks and of a
// VPC as a whole: these name no counterpart, so each counterpart looks up the connection.
func forwardCalls(from, to peering.Cell) Rule {
	pattern := callPattern([]string{string(from.Account)}, map[string]any{
		"eventName": slices.Concat(calls[function.Connect], calls[function.Disconnect], blockCalls, vpcCalls),
	})
	pattern["region"] = []string{string(from.Region)}
	return Rule{Name: forwardName("calls", to), Bus: DefaultBus, Forward: to, Pattern: pattern}
}

// forwardMessages forwards the cell's own messages to the addressee alone. EventBridge drops an event at its second
// hop between buses.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
func forwardMessages(from, to peering.Cell) Rule {
	pattern := messagePattern([]string{string(from.Account)}, to)
	pattern["region"] = []string{string(from.Region)}
	return Rule{Name: forwardName("messages", to), Bus: OwnBus, Forward: to, Pattern: pattern, MaxAge: message.Lateness}
}

// callPattern matches peering calls that succeeded, recorded by CloudTrail in one of the accounts.
func callPattern(accounts []string, detail map[string]any) map[string]any {
	detail["eventSource"] = []string{"ec2.amazonaws.com"}
	detail["errorCode"] = []any{map[string]any{"exists": false}}
	return map[string]any{
		"source":      []string{"aws.ec2"},
		"detail-type": []string{"AWS API Call via CloudTrail"},
		"account":     accounts,
		"detail":      detail,
	}
}

// Accounts returns the accounts of the cells, sorted, each once.
func Accounts(cells []peering.Cell) []string {
	var all []string
	for _, c := range cells {
		all = append(all, string(c.Account))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

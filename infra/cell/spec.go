package cell

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// spec is the content of one cell's stacks as it follows from the policy, without constructs of the CDK. It is compared
// with AWS's quotas.
type spec struct {
	naming
	packed    []byte // the cell's part of the policy, as the functions read it
	rules     []wiring.Rule
	busPolicy []statement
	roles     map[string]grants
}

// forward is the key of the role by which rules send events to other cells.
const forward = "forward"

func newSpec(whole *policy.Policy, cell peering.Cell, o Options) (spec, error) {
	if _, known := peering.PartitionOf(cell.Region); !known {
		return spec{}, fmt.Errorf("%s: the Region is in no partition of AWS, so the stack's ARNs are unknown", cell)
	}
	part := whole.ForCell(cell, peering.Installation(o.Prefix))
	d := spec{naming: naming{cell, o.Prefix}, rules: wiring.Rules(whole, cell, peering.Installation(o.Prefix), o.SweepInterval), roles: map[string]grants{}}
	var err error
	if d.packed, err = part.Encode(); err != nil {
		return spec{}, err
	}
	d.roles[string(function.Accept)] = pack(acceptPermissions(d.naming, part))
	d.roles[string(function.Connect)] = pack(connectPermissions(d.naming, part))
	d.roles[string(function.Disconnect)] = pack(disconnectPermissions(d.naming, part))
	d.roles[string(function.Sweep)] = pack(sweepPermissions(d.naming))
	counterparts := whole.Counterparts(cell)
	d.busPolicy = []statement{onlyFunctions(d.naming, counterparts)}
	if len(counterparts) > 0 {
		d.busPolicy = append(d.busPolicy, busPolicy(d.naming, counterparts, o.Organization)...)
		d.roles[forward] = pack(forwardPermissions(d.naming, counterparts))
	}
	return d, d.quotas()
}

func (d spec) rulesOn(bus wiring.Bus) int {
	n := 0
	for _, r := range d.rules {
		if r.Bus == bus {
			n++
		}
	}
	return n
}

// busPolicy lets the counterparts' accounts send only the events that their rules for this cell forward.
// The id of a statement is unique in the account and Region, over all stacks and buses, so it has the prefix.
// A sender can't lie about aws.ec2: EventBridge keeps the sources that begin with aws to itself.
// ForAllValues also holds for a request without the key, but every event has a source and a detail type.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-restrict-rule.html
func busPolicy(p naming, counterparts []peering.Cell, organization string) []statement {
	forwarded := func(sid, rule, source string, detailTypes ...string) statement {
		s := allow(sid, "events:PutEvents", p.bus(p.Cell)).
			when("ForAllValues:StringEquals", "events:source", source).
			when("ForAllValues:StringEquals", "events:detail-type", detailTypes).
			when("ArnLike", "aws:SourceArn", "arn:"+partition(p.Region)+":events:*:*:rule/"+rule)
		if organization != "" {
			return s.by("*").when("StringEquals", "aws:PrincipalOrgID", organization)
		}
		return s.by(map[string]any{"AWS": principals(p, counterparts)})
	}
	calls, messages := wiring.ForwardNames(p.Cell)
	return []statement{
		forwarded(p.name("CallsThatCounterpartsForward"), p.name(calls), "aws.ec2", "AWS API Call via CloudTrail"),
		forwarded(p.name("MessagesOfCounterparts"), p.prefix+"/"+p.name(messages), message.Source,
			string(message.SideChecked), string(message.CheckSide), string(message.Accepted)),
	}
}

// onlyFunctions denies the bus to every principal of the cell's account except the roles of its functions and the roles by which
// counterparts in other Regions of the account forward. In one account the role's own permission would suffice otherwise. Requests
// of counterparts' accounts and of AWS's services have another aws:PrincipalAccount, or none, and need a statement that allows them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalaccount
func onlyFunctions(p naming, counterparts []peering.Cell) statement {
	var roles []string
	for _, f := range function.All {
		roles = append(roles, p.role(p.Cell, string(f)))
	}
	for _, c := range counterparts {
		if c.Account == p.Account {
			roles = append(roles, p.role(c, forward))
		}
	}
	return statement{Sid: p.name("OnlyTheFunctions"), Effect: "Deny", Action: "events:PutEvents", Resource: p.bus(p.Cell)}.by("*").
		when("StringEquals", "aws:PrincipalAccount", string(p.Account)).
		when("ArnNotLike", "aws:PrincipalArn", roles)
}

func principals(p naming, counterparts []peering.Cell) []string {
	var all []string
	for _, id := range wiring.Accounts(counterparts) {
		all = append(all, account(p.Cell, id))
	}
	return all
}

// forwardPermissions is one statement for some buses at a time, so that they can be spread over policies.
func forwardPermissions(p naming, counterparts []peering.Cell) []statement {
	var buses []string
	for _, c := range counterparts {
		buses = append(buses, p.bus(c))
	}
	var all []statement
	for i, some := range chunks(buses) {
		all = append(all, allow(numbered("SendToCounterparts", i), "events:PutEvents", some))
	}
	return all
}

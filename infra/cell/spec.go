package cell

import (
	"fmt"
	"slices"

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
	d := spec{naming: naming{cell, o.Prefix},
		rules: wiring.Rules(whole, cell, peering.Installation(o.Prefix), o.SweepInterval), roles: map[string]grants{}}
	var err error
	if d.packed, err = part.Encode(); err != nil {
		return spec{}, err
	}
	d.roles[string(function.Accept)] = pack(acceptPermissions(d.naming, part))
	d.roles[string(function.Connect)] = pack(connectPermissions(d.naming, part))
	d.roles[string(function.Disconnect)] = pack(disconnectPermissions(d.naming, part))
	d.roles[string(function.Sweep)] = pack(sweepPermissions(d.naming))
	counterparts, unpeered := whole.Counterparts(cell), whole.Unpeered(cell)
	all := slices.Concat(counterparts, unpeered)
	d.busPolicy = []statement{onlyFunctions(d.naming, all)}
	if len(counterparts) > 0 {
		d.busPolicy = append(d.busPolicy, busPolicy(d.naming, counterparts, o.Organization)...)
	}
	if len(unpeered) > 0 {
		d.busPolicy = append(d.busPolicy, denialPolicy(d.naming, counterparts, unpeered, o.Organization)...)
	}
	if len(all) > 0 {
		d.roles[forward] = pack(forwardPermissions(d.naming, all))
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
// A sender can't forge the source aws.ec2: EventBridge reserves sources that begin with aws.
// ForAllValues also holds for a request without the key, but every event has a source and a detail type.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-restrict-rule.html
func busPolicy(p naming, counterparts []peering.Cell, organization string) []statement {
	accounts := wiring.Accounts(counterparts)
	calls, messages := wiring.ForwardNames(p.Cell)
	return []statement{
		p.forwarded("CallsThatCounterpartsForward", p.name(calls), "aws.ec2", "AWS API Call via CloudTrail").
			from(p, accounts, organization),
		p.forwarded("MessagesOfCounterparts", p.prefix+"/"+p.name(messages), message.Source,
			string(message.SideChecked), string(message.CheckSide), string(message.Accepted)).from(p, accounts, organization),
	}
}

// denialPolicy lets the cells without a peering send the denials of their requests, and nothing else. It is empty
// where the statements for counterparts admit their accounts already.
func denialPolicy(p naming, counterparts, unpeered []peering.Cell, organization string) []statement {
	admitted := wiring.Accounts(counterparts)
	accounts := slices.DeleteFunc(wiring.Accounts(unpeered), func(a string) bool { return slices.Contains(admitted, a) })
	if len(accounts) == 0 || len(admitted) > 0 && organization != "" {
		return nil
	}
	_, messages := wiring.ForwardNames(p.Cell)
	return []statement{
		p.forwarded("DenialsOfOtherCells", p.prefix+"/"+p.name(messages), message.Source, string(message.SideChecked)).
			from(p, accounts, organization),
	}
}

// forwarded allows the events that another cell's rule of this name forwards to the cell.
func (p naming) forwarded(sid, rule, source string, detailTypes ...string) statement {
	return allow(p.name(sid), "events:PutEvents", p.bus(p.Cell)).
		when("ForAllValues:StringEquals", "events:source", source).
		when("ForAllValues:StringEquals", "events:detail-type", detailTypes).
		when("ArnLike", "aws:SourceArn", "arn:"+partition(p.Region)+":events:*:*:rule/"+rule)
}

// from names the senders of forwarded events: the organization if it is known, or else the accounts.
func (s statement) from(p naming, accounts []string, organization string) statement {
	if organization != "" {
		return s.by("*").when("StringEquals", "aws:PrincipalOrgID", organization)
	}
	principals := make([]string, len(accounts))
	for i, id := range accounts {
		principals[i] = account(p.Cell, id)
	}
	return s.by(map[string]any{"AWS": principals})
}

// onlyFunctions denies the bus to every principal of the cell's account except the roles of its functions and the
// roles by which other cells in other Regions of the account forward. In one account the role's own permission
// would suffice otherwise. Requests of other accounts and of AWS's services have another aws:PrincipalAccount, or
// none, and need a statement that allows them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalaccount
func onlyFunctions(p naming, senders []peering.Cell) statement {
	var roles []string
	for _, f := range function.All {
		roles = append(roles, p.role(p.Cell, string(f)))
	}
	for _, c := range senders {
		if c.Account == p.Account {
			roles = append(roles, p.role(c, forward))
		}
	}
	return statement{Sid: p.name("OnlyTheFunctions"), Effect: "Deny", Action: "events:PutEvents",
		Resource: p.bus(p.Cell)}.by("*").
		when("StringEquals", "aws:PrincipalAccount", string(p.Account)).
		when("ArnNotLike", "aws:PrincipalArn", roles)
}

// forwardPermissions returns a statement for each group of buses, so that the statements can be spread over policies.
func forwardPermissions(p naming, addressees []peering.Cell) []statement {
	var buses []string
	for _, c := range addressees {
		buses = append(buses, p.bus(c))
	}
	var all []statement
	for i, some := range chunks(buses) {
		all = append(all, allow(numbered("SendToCounterparts", i), "events:PutEvents", some))
	}
	return all
}

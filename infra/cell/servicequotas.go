package cell

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// The quotas of AWS that a large policy can reach. It can't reach others: a rule has one target, its pattern names
// at most a hundred accounts, and a function's environment is four short values.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	inlinePolicySize  = 10240 // all inline policies of a role together
	managedPolicySize = 6144
	managedPolicies   = 10 // of a role
	busPolicySize     = 10240
	rulesPerBus       = 300
	rulesPerSmallBus  = 100
	stackResources    = 500
	ruleName          = 64 // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
)

// otherResources is an upper bound for the main stack's resources besides its rules: managed policies, queues,
// alarms and so on. The stack of the bus has at most five resources for every policy.
const otherResources = 120

const (
	splitPolicy = "give the cell fewer peerings, by splitting its departments over accounts or the policy over " +
		"installations with prefixes of their own"
	useOrganization = "set organization in the context, which replaces the list of accounts"
	shortenPrefix   = "give the installation a shorter prefix"
)

// QuotaError reports that the policy needs more in a cell than a quota of AWS allows.
type QuotaError struct {
	Cell        peering.Cell
	Resource    string
	Have, Limit int
	Remedy      string
}

// Error returns a sentence.
func (e QuotaError) Error() string {
	return fmt.Sprintf("%s: %s would be %d, and AWS allows %d; %s", e.Cell, e.Resource, e.Have, e.Limit, e.Remedy)
}

// grants are the permissions of a role, split by AWS's size limits.
type grants struct {
	inline  []statement
	managed [][]statement
}

// pack fills the role's inline policy first, which has room for most statements, and then as many managed policies as
// necessary.
func pack(statements []statement) grants {
	var g grants
	for _, s := range statements {
		last := len(g.managed) - 1
		switch {
		case last < 0 && size(append(g.inline, s)) <= inlinePolicySize:
			g.inline = append(g.inline, s)
		case last >= 0 && size(append(g.managed[last], s)) <= managedPolicySize:
			g.managed[last] = append(g.managed[last], s)
		default:
			g.managed = append(g.managed, []statement{s})
		}
	}
	return g
}

// quotas returns the first quota that the spec would exceed.
func (d spec) quotas() error {
	exceeded := func(resource string, have, limit int, remedy string) error {
		if have <= limit {
			return nil
		}
		return QuotaError{d.Cell, resource, have, limit, remedy}
	}
	checks := []error{
		exceeded("the characters of the event bus's policy", size(d.busPolicy), busPolicySize, useOrganization),
		exceeded("the resources of the main stack", otherResources+len(d.rules), stackResources, splitPolicy),
	}
	for _, bus := range []wiring.Bus{wiring.DefaultBus, wiring.OwnBus} {
		checks = append(checks, exceeded(fmt.Sprintf("the rules on the %s bus", bus), d.rulesOn(bus), d.rulesAllowed(),
			splitPolicy+", or have the quota raised"))
	}
	for _, r := range d.rules {
		name := d.ruleName(r)
		checks = append(checks, exceeded("the characters of the rule name "+name, len(name), ruleName, shortenPrefix))
	}
	for _, name := range sortedKeys(d.roles) {
		checks = append(checks, exceeded("the managed policies of the role of "+name, len(d.roles[name].managed),
			managedPolicies, splitPolicy))
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// rulesAllowed is lower in two regions.
func (d spec) rulesAllowed() int {
	if d.Region == "af-south-1" || d.Region == "eu-south-1" {
		return rulesPerSmallBus
	}
	return rulesPerBus
}

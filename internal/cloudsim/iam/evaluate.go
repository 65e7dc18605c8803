package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Principal is who asks: an ARN of an account, or a service.
type Principal struct {
	Account string // empty for a service
	ARN     string // a role's own or a session's, arn:aws:sts::111111111111:assumed-role/name/session
	Service string // events.amazonaws.com, if a service itself asks
}

// Request is the question whether a principal may do something to a resource.
type Request struct {
	Principal
	Action   string // ec2:CreateRoute
	Resource string // ARN, or "*" for calls that AWS doesn't restrict to resources
	Owner    string // account of the resource
	Keys     Keys
}

// Decision is the result of a policy's statements for a request.
type Decision int

// The decisions, each stronger than the one before. Delegated is the decision of a resource's policy that names an
// account and not one of its principals: the account's own policies decide.
const (
	Silent Decision = iota
	Delegated
	Allowed
	Denied
)

// Decide evaluates all statements. An explicit denial wins.
func (p Policy) Decide(r Request) Decision {
	decision := Silent
	for _, s := range p.statements {
		decision = max(decision, s.decide(r))
	}
	return decision
}

// Admits reports whether a statement allows the request to the principal or its account if its conditions hold. The
// request's keys are ignored.
func (p Policy) Admits(r Request) bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool {
		return s.Effect == "Allow" && s.names(r) && s.Principal.covers(r.Principal) != Silent
	})
}

func (s statement) decide(r Request) Decision {
	who := s.Principal.covers(r.Principal)
	switch {
	case who == Silent || !s.names(r) || !s.holds(r.Keys):
		return Silent
	case s.Effect == "Deny":
		return Denied
	}
	return who
}

func (s statement) names(r Request) bool {
	action := func(a string) bool { return Glob(strings.ToLower(a), strings.ToLower(r.Action)) }
	resource := func(a string) bool { return Glob(a, r.Resource) }
	if len(s.NotAction) > 0 && s.NotAction.has(action) || len(s.Action) > 0 && !s.Action.has(action) {
		return false
	}
	return (len(s.NotResource) == 0 || !s.NotResource.has(resource)) && (len(s.Resource) == 0 || s.Resource.has(resource))
}

func (s statement) holds(keys Keys) bool {
	return !slices.ContainsFunc(s.tests, func(t test) bool { return !t.holds(keys) })
}

// covers returns how a statement applies to a principal. One without a principal is of an identity-based policy, and
// applies to every principal with the policy.
func (p principal) covers(who Principal) Decision {
	switch {
	case p.empty() || p.anyone || slices.Contains(p.services, who.Service):
		return Allowed
	case who.Account == "":
		return Silent
	case slices.Contains(p.aws, who.ARN) || slices.Contains(p.aws, who.role().arn()):
		return Allowed
	case slices.Contains(p.aws, who.Account) || slices.Contains(p.aws, "arn:aws:iam::"+who.Account+":root"):
		return Delegated
	}
	return Silent
}

// Refusal is the error of a request that isn't allowed. Its text is the one that AWS's services have in common:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
type Refusal struct {
	Request
	Why string // because no …, with an explicit deny in …
}

func (r *Refusal) Error() string {
	who := r.ARN
	if r.Service != "" {
		who = r.Service
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", who, r.Action, r.Resource, r.Why)
}

// Evaluate decides with the policies of the principal and the one of the resource, which is the zero Policy for
// resources that can have none. Within an account either may allow; between accounts both must; a service
// has the resource's policy alone.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Evaluate(r Request, identity []Policy, resource Policy) error {
	own, theirs := Silent, resource.Decide(r)
	for _, p := range identity {
		own = max(own, p.Decide(r))
	}
	isForeign := r.Account != r.Owner
	switch {
	case own == Denied:
		return &Refusal{r, "with an explicit deny in an identity-based policy"}
	case theirs == Denied:
		return &Refusal{r, "with an explicit deny in a resource-based policy"}
	case isForeign && theirs == Silent:
		return &Refusal{r, "because no resource-based policy allows the " + r.Action + " action"}
	case own == Allowed || theirs == Allowed && (!isForeign || r.Service != ""):
		return nil
	}
	return &Refusal{r, "because no identity-based policy allows the " + r.Action + " action"}
}

// withPrincipal adds the keys that every request of an account's principal has.
func (r Request) withPrincipal() Request {
	keys := Keys{"aws:SecureTransport": {"true"}}
	if r.Account != "" {
		keys["aws:PrincipalAccount"] = []string{r.Account}
		keys["aws:PrincipalArn"] = []string{r.issuer()}
	}
	maps.Copy(keys, r.Keys)
	r.Keys = keys
	return r
}

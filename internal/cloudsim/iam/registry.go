package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Registry has the roles of all accounts. A nil one has none, and lets every principal do what the policies of
// resources don't keep it from.
type Registry struct {
	mu     sync.Mutex
	roles  map[roleName]role
	strict bool
}

type roleName struct{ account, name string }

type role struct {
	trust    Policy
	policies []Policy
	isOpen   bool // made by AssumeRole
}

// NewRegistry returns a registry without roles. Until Enforce is called, credentials that were minted for a
// principal which isn't a role of the registry are as powerful as their account.
func NewRegistry() *Registry { return &Registry{roles: map[roleName]role{}} }

// Enforce leaves principals without a role in the registry no permission at all, accounts' own keys excepted.
func (g *Registry) Enforce() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strict = true
}

// PutRole adds a role, or changes it, with its trust policy and its inline and managed policies.
func (g *Registry) PutRole(account, name, trust string, policies ...string) error {
	var r role
	var err error
	if r.trust, err = ParseResource([]byte(trust)); err != nil {
		return fmt.Errorf("put role %s: trust: %w", name, err)
	}
	for _, document := range policies {
		p, err := ParseIdentity([]byte(document))
		if err != nil {
			return fmt.Errorf("put role %s: %w", name, err)
		}
		r.policies = append(r.policies, p)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roles[roleName{account, name}] = r
	return nil
}

// DeleteRole takes the role's permissions away at once, also from its sessions.
func (g *Registry) DeleteRole(account, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.roles, roleName{account, name})
}

// Authorize decides on a request with the policies of its principal's role and that of the resource. The error
// is a *Refusal.
func (g *Registry) Authorize(r Request, resource Policy) error {
	return Evaluate(r.withPrincipal(), g.identity(r.Principal), resource)
}

// AuthorizeRole decides on what a service does by a role of which it has taken on the permissions, of the
// role's own account.
func (g *Registry) AuthorizeRole(roleARN, action, resource string) error {
	account := PrincipalOf(roleARN)
	return g.Authorize(Request{Principal: account, Action: action, Resource: resource, Owner: account.Account}, Policy{})
}

// MayWriteLogs says whether Lambda can write the log of a function with that role. A role that may not is no
// failure of the function: its lines are lost. The group's ARN is without an asterisk at its end.
func (g *Registry) MayWriteLogs(roleARN, logGroupARN string) error {
	stream := logGroupARN + ":log-stream:latest"
	return errors.Join(g.AuthorizeRole(roleARN, "logs:CreateLogStream", stream), g.AuthorizeRole(roleARN, "logs:PutLogEvents", stream))
}

// MayAssume returns a *Refusal unless the role's trust policy admits the service, with the condition keys that the service
// supplies. It admits all to a role that isn't in the registry, until Enforce is called.
func (g *Registry) MayAssume(service, roleARN string, keys Keys) error {
	r, found, strict := g.find(PrincipalOf(roleARN).role())
	if !found && !strict {
		return nil
	}
	request := Request{Principal: Principal{Service: service}, Action: "sts:AssumeRole", Resource: roleARN, Keys: keys}
	if r.trust.Decide(request) != Allowed {
		return &Refusal{request, "because no resource-based policy allows the sts:AssumeRole action"}
	}
	return nil
}

// AssumeRole returns a *Refusal unless the caller may assume the role. The role's trust policy must name the caller, or the
// caller's account whose own policies must allow the call. Nothing here makes roles that people use: a role that isn't in
// the registry is added as an administrator of its account that trusts every account.
func (g *Registry) AssumeRole(caller Principal, roleARN string, keys Keys) error {
	name := PrincipalOf(roleARN).role()
	r, found, _ := g.find(name)
	if !found {
		r = role{policies: everything, isOpen: true}
	}
	if r.isOpen {
		r.trust = trusting(caller.Account)
	}
	request := Request{Principal: caller, Owner: name.account, Action: "sts:AssumeRole", Resource: roleARN, Keys: keys}
	if r.trust.Decide(request.withPrincipal()) == Silent {
		return &Refusal{request, "because no resource-based policy allows the sts:AssumeRole action"}
	}
	if err := g.Authorize(request, r.trust); err != nil || found {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roles[name] = r
	return nil
}

// trusting is the trust policy that leaves the decision to an account.
func trusting(account string) Policy {
	return Policy{[]statement{{Effect: "Allow", Principal: principal{aws: oneOrMany{account}}, Action: oneOrMany{"sts:AssumeRole"}}}}
}

var everything = []Policy{{[]statement{{Effect: "Allow", Action: oneOrMany{"*"}, Resource: oneOrMany{"*"}}}}}

// identity are the policies of a principal. An account itself may do everything, and is held back by the
// policies of resources only.
func (g *Registry) identity(p Principal) []Policy {
	if p.Service != "" {
		return nil
	}
	r, found, strict := g.find(p.role())
	switch {
	case found:
		return r.policies
	case strict && !p.isAccount():
		return nil
	}
	return everything
}

func (g *Registry) find(name roleName) (r role, found, strict bool) {
	if g == nil {
		return role{}, false, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r, found = g.roles[name]
	return r, found, g.strict
}

// PrincipalOf reads the account out of a principal's ARN.
func PrincipalOf(arn string) Principal {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return Principal{Account: parts[4], ARN: arn}
	}
	return Principal{ARN: arn}
}

// isAccount: a rule without a role acts for its account and has no ARN.
func (p Principal) isAccount() bool { return p.ARN == "" || strings.HasSuffix(p.ARN, ":root") }

// role is the role of which the principal is a session, or which it is.
func (p Principal) role() roleName {
	path := strings.Split(p.ARN[strings.LastIndex(p.ARN, ":")+1:], "/")
	switch {
	case path[0] == "assumed-role" && len(path) > 1:
		return roleName{p.Account, path[1]}
	case path[0] == "role":
		return roleName{p.Account, path[len(path)-1]}
	}
	return roleName{}
}

func (n roleName) arn() string {
	if n.name == "" {
		return ""
	}
	return "arn:aws:iam::" + n.account + ":role/" + n.name
}

// issuer is what aws:PrincipalArn says: of a session, its role.
func (p Principal) issuer() string {
	if role := p.role().arn(); role != "" && slices.Contains(strings.Split(p.ARN, ":"), "sts") {
		return role
	}
	return p.ARN
}

package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Registry has the roles of all accounts. A nil one has none, and allows every principal everything that the policies
// of resources don't deny.
type Registry struct {
	mu       sync.Mutex
	roles    map[roleName]role
	profiles map[string]string // the name of the role, by the ARN of the instance profile
	strict   bool
	observe  func(Evaluation) // nil unless Observe was called
}

// Evaluation is a request that the registry has decided on, with the policies that decided.
type Evaluation struct {
	Request
	Identity       []Policy // of the principal's role; empty for a service
	ResourcePolicy Policy   // the zero Policy for a resource without one; the trust policy for sts:AssumeRole
	Allowed        bool
}

type roleName struct{ account, name string }

type role struct {
	trust    Policy
	policies []Policy
	isOpen   bool // made by AssumeRole
}

// NewRegistry returns a registry without roles. Until Enforce is called, credentials that were minted for a
// principal which isn't a role of the registry are as powerful as their account.
func NewRegistry() *Registry {
	return &Registry{roles: map[roleName]role{}, profiles: map[string]string{}}
}

// Enforce leaves principals without a role in the registry no permission at all, accounts' own keys excepted.
func (g *Registry) Enforce() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strict = true
}

// Observe calls observe after each evaluation from now on. Calls may be concurrent.
func (g *Registry) Observe(observe func(Evaluation)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observe = observe
}

func (g *Registry) report(e Evaluation) {
	if g == nil {
		return
	}
	g.mu.Lock()
	observe := g.observe
	g.mu.Unlock()
	if observe != nil {
		observe(e)
	}
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
	r = r.withPrincipal()
	identity := g.identity(r.Principal)
	err := Evaluate(r, identity, resource)
	g.report(Evaluation{r, identity, resource, err == nil})
	return err
}

// AuthorizeRole decides on an action of a service that has assumed a role, on a resource of the role's own
// account.
func (g *Registry) AuthorizeRole(roleARN, action, resource string) error {
	account := PrincipalOf(roleARN)
	return g.Authorize(Request{Principal: account, Action: action, Resource: resource, Owner: account.Account}, Policy{})
}

// MayWriteLogs returns an error if Lambda can't write the log of a function with that role. The function doesn't fail
// then: its lines are lost. The group's ARN is without an asterisk at its end.
func (g *Registry) MayWriteLogs(roleARN, logGroupARN string) error {
	stream := logGroupARN + ":log-stream:latest"
	return errors.Join(g.AuthorizeRole(roleARN, "logs:CreateLogStream", stream),
		g.AuthorizeRole(roleARN, "logs:PutLogEvents", stream))
}

// MayAssume returns a *Refusal unless the role's trust policy admits the service, with the condition keys that the
// service supplies. It admits all to a role that isn't in the registry, until Enforce is called.
func (g *Registry) MayAssume(service, roleARN string, keys Keys) error {
	r, found, strict := g.find(PrincipalOf(roleARN).role())
	if !found && !strict {
		return nil
	}
	request := Request{Principal: Principal{Service: service}, Action: "sts:AssumeRole", Resource: roleARN, Keys: keys}
	allowed := r.trust.Decide(request) == Allowed
	g.report(Evaluation{request, nil, r.trust, allowed})
	if !allowed {
		return &Refusal{request, "because no resource-based policy allows the sts:AssumeRole action"}
	}
	return nil
}

// AssumeRole returns a *Refusal unless the caller may assume the role. The role's trust policy must name the caller, or
// the caller's account whose own policies must allow the call. Nothing here makes roles that people use: a role that
// isn't in the registry is added as an administrator of its account that trusts every account.
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
	return Policy{
		[]statement{{Effect: "Allow", Principal: principal{aws: oneOrMany{account}}, Action: oneOrMany{"sts:AssumeRole"}}},
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + account +
			`"},"Action":"sts:AssumeRole"}}`,
	}
}

var everything = []Policy{{
	[]statement{{Effect: "Allow", Action: oneOrMany{"*"}, Resource: oneOrMany{"*"}}},
	`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
}}

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

// role returns the principal's role, whether the principal is the role or its session.
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

// issuer returns the value of aws:PrincipalArn: for a session, its role.
func (p Principal) issuer() string {
	if role := p.role().arn(); role != "" && slices.Contains(strings.Split(p.ARN, ":"), "sts") {
		return role
	}
	return p.ARN
}

package iam

import "slices"

// AuthorizeAtEndpoint decides with the policy of the VPC endpoint through which a request came, whether the request
// passes. An empty document is no endpoint, and lets every request pass. The error is a *Refusal, or that of a
// malformed document.
func (g *Registry) AuthorizeAtEndpoint(r Request, document string) error {
	if document == "" {
		return nil
	}
	policy, err := ParseResource([]byte(document))
	if err != nil {
		return err
	}
	switch r = r.withPrincipal(); policy.Decide(r) {
	case Allowed, Delegated:
		return nil
	case Denied:
		return &Refusal{r, "with an explicit deny in a VPC endpoint policy"}
	}
	return &Refusal{r, "because no VPC endpoint policy allows the " + r.Action + " action"}
}

// NamesOnly reports whether every resource that the policy names satisfies the condition.
func (p Policy) NamesOnly(satisfies func(resource string) bool) bool {
	return !slices.ContainsFunc(p.statements, func(s statement) bool {
		return slices.ContainsFunc(slices.Concat(s.Resource, s.NotResource), func(r string) bool { return !satisfies(r) })
	})
}

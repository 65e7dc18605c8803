package iam

// PutProfile gives an instance profile its role, which is one of the same account.
func (g *Registry) PutProfile(arn, role string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.profiles[arn] = role
}

// DeleteProfile removes an instance profile.
func (g *Registry) DeleteProfile(arn string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.profiles, arn)
}

// RoleOfProfile returns the name of an instance profile's role; empty for an unknown profile.
func (g *Registry) RoleOfProfile(arn string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.profiles[arn]
}

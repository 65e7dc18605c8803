package cloudsim

// PhysicalID identifies a resource that CloudFormation makes. It is unique in an account and Region or, if Region is
// empty, in the account.
type PhysicalID struct{ Account, Region, Type, ID string }

// Claim records that the stack makes the resource. It returns the ARN of the stack that has claimed the resource
// before, "" if none has.
func (c *Cloud) Claim(id PhysicalID, stackARN string) (owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if owner = c.claims[id]; owner == "" {
		c.claims[id] = stackARN
	}
	return owner
}

// Release forgets who made the resource.
func (c *Cloud) Release(id PhysicalID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.claims, id)
}

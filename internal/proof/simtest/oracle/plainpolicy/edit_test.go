package plainpolicy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// TestACopyIsIndependent: an edited copy leaves the policy as it was.
func TestACopyIsIndependent(t *testing.T) {
	t.Parallel()
	p := full()
	c := p.Clone()
	if diff := cmp.Diff(p.YAML(), c.YAML()); diff != "" {
		t.Errorf("the copy differs (-want +got):\n%s", diff)
	}
	c.Limits["routes"] = 7
	c.Peerings[0].Routes["red"] = plainpolicy.Routing{}
	c.Peerings[0].Allow[0].Protocol = "udp"
	c.Departments[0].Members[0].VPC = "vpc-other"
	c.RemoveMembers(func(department string, m plainpolicy.Member) bool { return department == "red" && len(m.CIDRs) > 0 })
	c.RemoveDepartment("green")
	c.RemovePeering("blue", "red")
	if diff := cmp.Diff(full().YAML(), p.YAML()); diff != "" {
		t.Errorf("the policy was changed (-want +got):\n%s", diff)
	}
}

func TestRemovals(t *testing.T) {
	t.Parallel()
	p := full()
	if e := p.Between("blue", "red"); e == nil || e.A != "red" {
		t.Errorf("Between() = %v, want the first peering", e)
	}
	p.RemovePeering("blue", "red")
	if p.Between("red", "blue") != nil || len(p.Peerings) != 3 {
		t.Errorf("Peerings = %v, want the other three", p.Peerings)
	}
	p.RemoveMembers(func(department string, _ plainpolicy.Member) bool { return department == "blue" })
	if len(p.Departments) != 2 || len(p.Peerings) != 2 {
		t.Errorf("Departments = %v, Peerings = %v; want those without blue", p.Departments, p.Peerings)
	}
	p.Retire(blue)
	p.Retire(red)
	if !p.IsRetired(blue) || p.IsRetired(red) || !p.IsDeployed(blue) || p.Answers(blue) || !p.Answers(red) {
		t.Errorf("Retired = %v, want only the cell without members to be added", p.Retired)
	}
}

package policy_test

import (
	"fmt"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// large returns the policy of many departments with one VPC in a cell each. The first one has peerings with some of
// them.
func large(departments, peerings int) *policy.Policy {
	p := &policy.Policy{File: "policy.yaml", Otherwise: policy.LeaveOthers}
	for i := range departments {
		p.Departments = append(p.Departments,
			policy.Department{Name: fmt.Sprintf("department-%04d", i), Line: 3*i + 3, Members: []policy.Member{{
				Cell: peering.Cell{Account: peering.AccountID(fmt.Sprintf("%012d", 200000000000+i)), Region: "eu-west-1"},
				VPC:  peering.VPCID(fmt.Sprintf("vpc-%017x", 1<<40+i)), CIDRs: blocks("10.0.0.0/16"), Line: 3*i + 4,
			}}})
		if i > 0 && i <= peerings {
			between := [2]string{p.Departments[0].Name, p.Departments[i].Name}
			p.Peerings = append(p.Peerings, policy.Peering{Between: between, Line: 3*departments + i})
		}
	}
	return p
}

// TestOthersTakeFewBytes: a function decodes its part at each start, and each cell of a policy has one. docs/scale.md
// has the figures.
func TestOthersTakeFewBytes(t *testing.T) {
	t.Parallel()
	p := large(5000, 20)
	part := p.ForCell(p.Departments[0].Members[0].Cell, "autopeer")
	data, err := part.Encode()
	if err != nil {
		t.Fatal(err)
	}
	part.Others = nil
	without, err := part.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const others = 5000 - 21
	if each := (len(data) - len(without)) / others; each > 120 {
		t.Errorf("a part of %d bytes has %d for each of %d other departments, want at most 120", len(data), each, others)
	}
}

func BenchmarkDecodeAPartOf5000Departments(b *testing.B) {
	p := large(5000, 20)
	data, err := p.ForCell(p.Departments[0].Members[0].Cell, "autopeer").Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := policy.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkADenialAmong5000Departments(b *testing.B) {
	p := large(5000, 20)
	part := p.ForCell(p.Departments[0].Members[0].Cell, "autopeer")
	first, last := p.Departments[0].Members[0], p.Departments[4999].Members[0]
	c := request(vpc(first.Cell, first.VPC), vpc(last.Cell, last.VPC))
	for b.Loop() {
		part.Decide(c)
	}
}

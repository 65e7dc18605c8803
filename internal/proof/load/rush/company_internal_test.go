package rush

import (
	"fmt"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// sample20 is a company of 20 departments as build would make it.
func sample20(t *testing.T) company {
	t.Helper()
	var c company
	for d, cell := range cells() {
		var sites []lab.Site
		for i := range Thousand.VPCs {
			sites = append(sites, lab.Site{
				Name: name(d), Cell: cell, VPC: lab.VPC{ID: peering.VPCID(fmt.Sprintf("vpc-%08d%09d", d, i))},
			})
		}
		c = append(c, sites)
	}
	return c
}

func TestRequests(t *testing.T) {
	t.Parallel()
	c := sample20(t)
	pairs, each := map[[2]peering.VPCID]bool{}, map[peering.VPCID]int{}
	for n := range Thousand.Requests {
		from, to := c.pair(n)
		pairs[[2]peering.VPCID{from.VPC.ID, to.VPC.ID}] = true
		each[from.VPC.ID]++
		each[to.VPC.ID]++
	}
	if len(pairs) != Thousand.Requests {
		t.Errorf("%d pairs of VPCs, want each once", len(pairs))
	}
	for vpc, n := range each {
		if n != 10 {
			t.Errorf("%s has %d connections, want 10", vpc, n)
		}
	}
	if len(each) != Thousand.Departments*Thousand.VPCs {
		t.Errorf("%d VPCs take part", len(each))
	}
}

func TestPairsOfCells(t *testing.T) {
	t.Parallel()
	all := cells()
	kinds, distinct := map[string]int{}, map[peering.Cell]bool{}
	for i := 0; i < len(all); i += 2 {
		a, b := all[i], all[i+1]
		distinct[a], distinct[b] = true, true
		kinds[fmt.Sprintf("another account: %v, another region: %v", a.Account != b.Account, a.Region != b.Region)]++
	}
	if len(distinct) != Thousand.Departments || len(kinds) != 3 {
		t.Errorf("%d cells, pairs by kind %v; want %d and all three kinds", len(distinct), kinds, Thousand.Departments)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	p, err := policyfile.Parse("policy.yaml", []byte(sample20(t).policy()))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Cells()) != 20 || len(p.Peerings) != 10 || len(p.Peerings[0].Allow) != 2 {
		t.Errorf("%d cells, %d peerings", len(p.Cells()), len(p.Peerings))
	}
}

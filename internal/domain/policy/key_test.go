package policy_test

import (
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestKeysDifferForSeveralDepartmentsAndNone: a VPC whose blocks aren't known may be in several departments.
func TestKeysDifferForSeveralDepartmentsAndNone(t *testing.T) {
	t.Parallel()
	p := company()
	unknown := vpc(peering.Cell{Account: "777777777777", Region: "eu-west-1"}, "vpc-u")
	none := p.Decide(request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), unknown))
	for _, name := range []string{"first", "second"} {
		block := netip.MustParsePrefix(map[string]string{"first": "10.100.0.0/16", "second": "10.101.0.0/16"}[name])
		p.Departments = append(p.Departments, policy.Department{
			Name: name, Members: []policy.Member{{Cell: unknown.Cell(), Within: block}},
		})
	}
	several := p.Decide(request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), unknown))
	if want := `not-listed|marketing||[]|["marketing" "perhaps first or second"]`; several.Key() != want {
		t.Errorf("Key() = %s, want %s", several.Key(), want)
	}
	if none.Reason == several.Reason || none.Key() == several.Key() {
		t.Errorf("reasons %q and %q have the keys %s and %s, want two", none.Reason, several.Reason,
			none.Key(), several.Key())
	}
}

var officeCell = peering.Cell{Account: "777777777777", Region: "eu-west-1"}

// TestKeysOfDecisions states the keys, from which the ids of announcements are made: a changed key is a changed id.
func TestKeysOfDecisions(t *testing.T) {
	t.Parallel()
	m, f, d := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16"),
		vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		want                string
	}{
		{"the departments of the entry", m, f, "allowed|marketing|finance|[]|[]"},
		{"the departments of an entry that names the requester", f, d, "wrong-direction|finance|developer|[]|[]"},
		{"a possible department of an entry that names the requester", f, vpc(developerCell, "vpc-d"),
			`wrong-direction|finance|developer|[]|["perhaps developer"]`},
		{"a possible department without a peering", vpc(developerCell, "vpc-d"), vpc(developerCell, "vpc-g"),
			`not-listed|developer|guest|[]|["perhaps developer" "guest"]`},
		{"the departments of an entry that needs approval", m, d, "approval-needed|marketing|developer|[]|[]"},
		{"the block of the member", vpc(marketingCell, "vpc-m", "10.11.0.0/16"), f,
			`cidr-mismatch|marketing|finance|[10.11.0.0/16]|["10.10.0.0/16"]`},
		{"two blocks", m, vpc(financeCell, "vpc-f", "10.10.4.0/24"),
			"overlap|marketing|finance|[10.10.0.0/16 10.10.4.0/24]|[]"},
		{"departments without a peering", m, vpc(developerCell, "vpc-g"),
			`not-listed|marketing|guest|[]|["marketing" "guest"]`},
		{"no department of the accepter", m, vpc(financeCell, "vpc-x", "192.168.0.0/16"),
			`not-listed|marketing||[]|["accepter 192.168.0.0/16"]`},
		{"no department of the requester", vpc(marketingCell, "vpc-x", "192.168.0.0/16"), f,
			`not-listed||finance|[]|["requester 192.168.0.0/16"]`},
		{"no department of a VPC whose blocks aren't known", m, vpc(financeCell, "vpc-x"),
			`not-listed|marketing||[]|["accepter"]`},
		{"no department, and a range in the cell", m, vpc(developerCell, "vpc-x", "192.168.0.0/16"),
			`not-listed|marketing||[]|["accepter 192.168.0.0/16" "10.64.0.0/12 (developer)"]`},
		{"no department, and two ranges in the cell", m, vpc(officeCell, "vpc-x", "192.168.0.0/16"),
			`not-listed|marketing||[]|["accepter 192.168.0.0/16" "10.1.0.0/16 (office) and 10.2.0.0/16 (annex)"]`},
		{"possible departments by name", m, vpc(officeCell, "vpc-x"),
			`not-listed|marketing||[]|["marketing" "perhaps annex or office"]`},
		{"no department of either", vpc(marketingCell, "vpc-x", "192.168.0.0/16"),
			vpc(financeCell, "vpc-y", "192.168.0.0/16"),
			`not-listed|||[]|["requester 192.168.0.0/16" "accepter 192.168.0.0/16"]`},
		{"one VPC", m, m, "same-vpc|marketing|marketing|[]|[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := company()
			for _, d := range [][2]string{{"office", "10.1.0.0/16"}, {"annex", "10.2.0.0/16"}} {
				p.Departments = append(p.Departments, policy.Department{
					Name: d[0], Members: []policy.Member{{Cell: officeCell, Within: netip.MustParsePrefix(d[1])}},
				})
			}
			if got := p.Decide(request(tt.requester, tt.accepter)).Key(); got != tt.want {
				t.Errorf("Key() = %q, want %q", got, tt.want)
			}
		})
	}
}

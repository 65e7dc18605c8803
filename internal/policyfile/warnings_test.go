package policyfile_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// TestWarnings: a Region that AWS may have by now and a VPC without declared blocks leave the policy valid. A Region is reported
// once.
func TestWarnings(t *testing.T) {
	t.Parallel()
	const open = "vpc-0a1b2c3d has no cidrs, so every block that its owner adds is routed and admitted; declare its blocks under cidrs"
	const moon = `f:5:42: warning: region us-moon-1 is not among the known Regions of the partition aws; did you mean us-east-1?`
	files := corpus(t, "good", 8)
	tests := []struct {
		name    string
		data    []byte
		isValid bool
		want    []string
	}{
		{"a Region that isn't known", files["region-not-known-yet"], true, []string{"f:2:46: warning: region us-moon-1 is not among the known Regions of the partition aws; did you mean us-east-1?"}},
		{"none", files["example"], true, nil},
		{"VPCs without declared blocks", []byte(`version: 1
departments:
  a:
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d }
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3e, cidrs: [10.0.0.0/16] }
    - { account: "111111111111", region: us-east-1, within: 10.1.0.0/16 }
    - { account: "111111111111", region: eu-west-1, vpc: vpc-0a1b2c3d }
peerings: []
`), true, []string{"f:4:58: warning: " + open, "f:7:58: warning: " + open}},
		{"blocks that are declared wrongly", []byte(`version: 1
departments:
  a: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d, cidrs: [] }]
peerings: []
`), false, nil},
		{"beside a mistake", []byte(`version: 1
departments:
  a:
    # the Region and the account
    - { account: "111111111111", region: us-moon-1, vpc: vpc-1 }
peerings: []
`), false, []string{moon}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, warnings, err := policyfile.Check("f", tt.data)
			if (err == nil) != tt.isValid || (p != nil) != tt.isValid {
				t.Errorf("Check() = %v, %v", p, err)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, fmt.Sprint(w))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

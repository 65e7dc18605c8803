package policyfile_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// TestWarningsBesideMistakes: a Region that AWS may have by now is reported once, beside the mistakes of the file.
func TestWarningsBesideMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file string
		want       []string
	}{
		{"blocks that are declared wrongly", `version: 1
departments:
  a: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d, cidrs: [] }]
peerings: none
`, nil},
		{"a Region with a malformed member", `version: 1
departments:
  a:
    # the Region and the account
    - { account: "1", region: us-moon-1, vpc: vpc-1 }
    - { account: "111111111111", region: us-moon-1, vpc: vpc-1 }
peerings: none
`, []string{"f:5:31: warning: region: \"us-moon-1\" is not among the known Regions of the partition aws; check its name; AWS may have added it since [unknown-region]"}},
		{"a department that may be meant by a name that can't be read", `version: 1
departments:
  alpha: [{ account: "111111111111", region: us-east-1, within: 10.1.0.0/16 }]
  beta: [{ account: "111111111111", region: us-east-1, within: 10.2.0.0/16 }]
  gamma: [{ account: "111111111111", region: us-east-1, within: 10.3.0.0/16 }]
peerings:
  - { between: [alpha, 1], allow: [{ from: alpha, to: beta, groups: { ids: [sg-0a1b2c3d] }, protocol: tcp }] }
`, nil},
		{"a peering whose allow may have another name, or be merged", `version: 1
departments:
  alpha: [{ account: "111111111111", region: us-east-1, within: 10.1.0.0/16 }]
  beta: [{ account: "111111111111", region: us-east-1, within: 10.2.0.0/16 }]
  gamma: [{ account: "111111111111", region: us-east-1, within: 10.3.0.0/16 }]
peerings:
  - { between: [alpha, beta], rules: [] }
  - { <<: *rest, between: [alpha, gamma] }
`, nil},
		{"a source outside the declared blocks, which is a mistake", `version: 1
departments:
  alpha: [{ account: "111111111111", region: us-east-1, within: 10.1.0.0/16 }]
  beta: [{ account: "111111111111", region: us-east-1, within: 10.2.0.0/16 }]
peerings:
  - between: [alpha, beta]
    allow: [{ from: alpha, to: beta, groups: { ids: [sg-0a1b2c3d] }, protocol: tcp, sources: [0.0.0.0/0] }]
`, nil},
		{"a department that is meant by a name with a typing error", `version: 1
departments:
  alpha: [{ account: "111111111111", region: us-east-1, within: 10.1.0.0/16 }]
  beta: [{ account: "111111111111", region: us-east-1, within: 10.2.0.0/16 }]
  gamma: [{ account: "111111111111", region: us-east-1, within: 10.3.0.0/16 }]
peerings:
  - { between: [alpha, beat] }
`, []string{"f:5:3: warning: department gamma is in no peering, so autopeer doesn't connect its VPCs; name it under between, or remove it [unused-department]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, warnings, err := policyfile.Check("f", []byte(tt.file))
			if err == nil || p != nil {
				t.Errorf("Check() = %v, %v, want mistakes", p, err)
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

package policy_test

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, want string }{
		{"a field of another version", `{"file":"p.yaml","exports":{}}`, `unknown field "exports"`},
		{"an unknown field further down", `{"peerings":[{"between":["a","b"],"except":[]}]}`, `unknown field "except"`},
		{"a field that moved", `{"peerings":[{"routes":{"a":{"scope":"main"}}}]}`, `unknown field "scope"`},
		{"a second value", `{"file":"p.yaml"} {"file":"q.yaml"}`, "more data after the policy"},
		{"a stray bracket", `{"file":"p.yaml"}]`, "more data after the policy"},
		{"null", `null`, "null instead of a policy"},
		{"nothing", ``, "EOF"},
		{"a block that is none", `{"departments":[{"members":[{"within":"10.0.0.0/33"}]}]}`, "10.0.0.0/33"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := policy.Decode([]byte(tt.data))
			if err == nil || p != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Decode(%s) = %v, %v, want an error with %q", tt.data, p, err, tt.want)
			}
		})
	}
}

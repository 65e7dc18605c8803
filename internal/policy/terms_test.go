package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/policy"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	there := policy.Allow{From: "marketing", To: "finance", Protocol: "tcp", Line: 1}
	back := policy.Allow{From: "finance", To: "marketing", Protocol: "icmp", Line: 2}
	entry := policy.Peering{
		Between: [2]string{"marketing", "finance"},
		DNS:     true,
		Routes:  map[string]policy.Tables{"marketing": {Scope: policy.MainTable}},
		Allow:   []policy.Allow{there, back},
	}
	tests := []struct {
		name, own, peer string
		want            policy.Terms
	}{
		{"a side gets its tables and the rules towards it", "marketing", "finance",
			policy.Terms{Tables: policy.Tables{Scope: policy.MainTable}, DNS: true, Allow: []policy.Allow{back}}},
		{"tables that nobody chose are all tables", "finance", "marketing",
			policy.Terms{Tables: policy.Tables{Scope: policy.AllTables}, DNS: true, Allow: []policy.Allow{there}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, entry.Terms(tt.own, tt.peer)); diff != "" {
				t.Errorf("Terms(%s, %s) (-want +got):\n%s", tt.own, tt.peer, diff)
			}
		})
	}
}

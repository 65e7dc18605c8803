package policy_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestMaintains: a connection with an objection is kept only if the installation has connected it.
func TestMaintains(t *testing.T) {
	t.Parallel()
	p := &policy.Policy{Installation: "blue"}
	ours := []peering.IngressRule{{
		ID: "sgr-1", Tags: map[string]string{peering.TagConnection: "pcx-1", peering.TagManaged: "blue"},
	}}
	overlap := policy.Decision{Peering: &policy.Peering{}, Verdict: policy.Leave, Code: policy.Overlap}
	tests := []struct {
		name  string
		d     policy.Decision
		tag   string
		rules []peering.IngressRule
		want  bool
	}{
		{"an allowed connection", policy.Decision{Peering: &policy.Peering{}, Verdict: policy.Accept, Code: policy.Allowed},
			"", nil, true},
		{"an overlap without evidence", overlap, "", nil, false},
		{"an overlap of a connection with our tag", overlap, "blue", nil, true},
		{"an overlap of a connection with a rule of ours", overlap, "", ours, true},
		{"an overlap of another installation's connection", overlap, "green", ours, false},
		{"a connection that no peering names", policy.Decision{Verdict: policy.Leave, Code: policy.NotListed},
			"blue", ours, false},
		{"a connection in the wrong direction",
			policy.Decision{Peering: &policy.Peering{}, Verdict: policy.Leave, Code: policy.WrongDirection},
			"blue", ours, false},
	}
	for _, tt := range tests {
		c := peering.Connection{ID: "pcx-1", State: peering.Active}
		if tt.tag != "" {
			c.Tags = map[string]string{peering.TagManaged: tt.tag}
		}
		if got := p.Maintains(c, tt.d, tt.rules); got != tt.want {
			t.Errorf("%s: Maintains() = %v, want %v", tt.name, got, tt.want)
		}
	}
}

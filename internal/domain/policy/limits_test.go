package policy_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestLimitsThatTheFileLeavesOutAreAWSDefaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		limits, want policy.Limits
	}{
		{"no limit is set", policy.Limits{}, policy.Limits{Peerings: 50, Routes: 500, Rules: 60}},
		{"one is raised", policy.Limits{Rules: 120}, policy.Limits{Peerings: 50, Routes: 500, Rules: 120}},
		{"one is lowered", policy.Limits{Routes: 50}, policy.Limits{Peerings: 50, Routes: 50, Rules: 60}},
		{"all are set", policy.Limits{Peerings: 125, Routes: 1000, Rules: 1},
			policy.Limits{Peerings: 125, Routes: 1000, Rules: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.limits.OrDefaults(); got != tt.want {
				t.Errorf("OrDefaults() = %+v, want %+v", got, tt.want)
			}
		})
	}
}

package peering_test

import (
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestWhoHasConnected(t *testing.T) {
	t.Parallel()
	rule := func(of, by string) peering.IngressRule {
		return peering.IngressRule{Tags: map[string]string{peering.TagConnection: of, peering.TagManaged: by}}
	}
	tests := []struct {
		name             string
		tag              string
		rules            []peering.IngressRule
		want             []peering.Installation
		isOurs, isOthers bool // for the installation "ours"
	}{
		{"none without tag and rules", "", nil, nil, false, false},
		{"the tag's installation", "ours", nil, []peering.Installation{"ours"}, true, false},
		{"the tag's, regardless of the rules", "other", []peering.IngressRule{rule("pcx-1", "ours")},
			[]peering.Installation{"other"}, false, true},
		{"the rules' without a tag", "", []peering.IngressRule{rule("pcx-1", "other"), rule("pcx-1", "other")},
			[]peering.Installation{"other"}, false, true},
		{"both without a tag", "", []peering.IngressRule{rule("pcx-1", "other"), rule("pcx-1", "ours")},
			[]peering.Installation{"other", "ours"}, true, false},
		{"another connection's rule is no evidence", "", []peering.IngressRule{rule("pcx-2", "ours")}, nil, false, false},
		{"a rule without a connection has no installation", "", []peering.IngressRule{rule("", "ours")}, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := peering.Connection{ID: "pcx-1", Tags: map[string]string{peering.TagManaged: tt.tag}}
			if got := c.ConnectedBy(tt.rules); !slices.Equal(got, tt.want) {
				t.Errorf("ConnectedBy() = %v, want %v", got, tt.want)
			}
			if got := c.IsConnectedBy("ours", tt.rules); got != tt.isOurs {
				t.Errorf("IsConnectedBy() = %v, want %v", got, tt.isOurs)
			}
			if got := c.IsForeignTo("ours", tt.rules); got != tt.isOthers {
				t.Errorf("IsForeignTo() = %v, want %v", got, tt.isOthers)
			}
		})
	}
}

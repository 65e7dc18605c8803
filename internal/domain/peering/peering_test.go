package peering_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

func ruleFor(id peering.ConnectionID, by peering.Installation) peering.IngressRule {
	tags := map[string]string{peering.TagConnection: string(id)}
	if by != "" {
		tags[peering.TagManaged] = string(by)
	}
	return peering.IngressRule{Tags: tags}
}

func TestOthersAlone(t *testing.T) {
	t.Parallel()
	got := peering.OthersAlone("green", []peering.IngressRule{
		ruleFor("pcx-1", "blue"), ruleFor("pcx-1", "red"),
		ruleFor("pcx-2", "green"), ruleFor("pcx-2", "blue"),
		ruleFor("pcx-3", "blue"), ruleFor("pcx-3", "green"),
		ruleFor("pcx-4", "green"),
		ruleFor("pcx-5", ""), // its tag autopeer:managed was removed
		{Tags: map[string]string{peering.TagManaged: "blue"}},
		{},
	})
	if diff := cmp.Diff(map[peering.ConnectionID]bool{"pcx-1": true}, got); diff != "" {
		t.Errorf("connections with rules of others alone (-want +got):\n%s", diff)
	}
}

func TestTheTagOfAConnectionComesBeforeTheRules(t *testing.T) {
	t.Parallel()
	const id = "pcx-1"
	tests := []struct {
		name  string
		tag   peering.Installation
		rules []peering.Installation // that made them
		want  bool                   // another installation's
	}{
		{"no evidence", "", nil, false},
		{"its own tag", "green", nil, false},
		{"its own tag, and another's rule", "green", []peering.Installation{"blue"}, false},
		{"another's tag", "blue", nil, true},
		{"another's tag, and a rule of its own", "blue", []peering.Installation{"green"}, true},
		{"another's rule", "", []peering.Installation{"blue"}, true},
		{"a rule of its own", "", []peering.Installation{"green"}, false},
		{"a rule of each", "", []peering.Installation{"blue", "green"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := peering.Connection{ID: id}
			if tt.tag != "" {
				c.Tags = map[string]string{peering.TagManaged: string(tt.tag)}
			}
			rules := []peering.IngressRule{ruleFor("pcx-2", "blue")}
			for _, by := range tt.rules {
				rules = append(rules, ruleFor(id, by))
			}
			if got := c.IsOfAnother("green", peering.OthersAlone("green", rules)); got != tt.want {
				t.Errorf("IsOfAnother = %t, want %t", got, tt.want)
			}
		})
	}
}

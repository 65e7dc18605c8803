package mutation_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/proof/mutate/mutation"
)

func TestParseExplanations(t *testing.T) {
	t.Parallel()
	const text = "# for people\n\np f: a\np f: b\n\tThe same\n\tfor both.\np g: c\n\tAnother.\n"
	got, err := mutation.ParseExplanations(text)
	if err != nil {
		t.Fatal(err)
	}
	want := mutation.Explanations{"p f: a": "The same for both.", "p f: b": "The same for both.", "p g: c": "Another."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseExplanations() (-want +got):\n%s", diff)
	}
}

func TestParseExplanationsRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"a reason for nothing", "# a\n\tWhy.\n", "line 2: a reason for nothing"},
		{"a survivor without a reason", "p f: a\n\tWhy.\np f: b\n", "p f: b has no reason"},
		{"a survivor that is explained twice", "p f: a\n\tWhy.\np f: a\n\tWhy.\n", "line 3: p f: a is explained twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := mutation.ParseExplanations(tt.text); err == nil || err.Error() != tt.want {
				t.Errorf("ParseExplanations() = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	a, b := mutation.Mutant{Name: "p f: a", Line: 7}, mutation.Mutant{Name: "p f: b", Line: 8}
	tests := []struct {
		name      string
		explained []string
		tried     []mutation.Result
		want      []string
	}{
		{"a survivor wants an explanation", nil, []mutation.Result{{a, mutation.Survivor}, {b, mutation.Killed}},
			[]string{"survives: p f: a (line 7)"}},
		{"an explained survivor is in order", []string{a.Name}, []mutation.Result{{a, mutation.Survivor}}, nil},
		{"a killed mutant needs none", []string{a.Name}, []mutation.Result{{a, mutation.Killed}},
			[]string{"explained, but doesn't survive: p f: a"}},
		{"a mutant that doesn't compile needs none", []string{a.Name}, []mutation.Result{{a, mutation.Invalid}},
			[]string{"explained, but doesn't survive: p f: a"}},
		{"a mutant that wasn't tried is ignored", []string{a.Name, b.Name}, []mutation.Result{{b, mutation.Survivor}}, nil},
		{"a missing mutant needs none", []string{"p f: c"}, nil, []string{"explained, but there is no such mutant: p f: c"}},
		{"another package's are let be", []string{"p/q f: c"}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			explanations := mutation.Explanations{}
			for _, name := range tt.explained {
				explanations[name] = "why"
			}
			got := explanations.Complaints("p", []mutation.Mutant{a, b}, tt.tried)
			if slices.Sort(got); !slices.Equal(got, tt.want) {
				t.Errorf("Complaints() = %q, want %q", got, tt.want)
			}
		})
	}
}

package policyfile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// FuzzParse: a mistake has a place in the file; a file without one is a policy that travels unchanged, that a
// comment doesn't change, and that the schema takes too.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"good", "bad"} {
		for _, data := range corpus(f, folder, 1) {
			f.Add(data)
		}
	}
	var schema *jsonschema.Schema
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policyfile.Parse("policy.yaml", data)
		if err != nil {
			checkPlaces(t, err, data)
			return
		}
		if schema == nil {
			schema = compile(t)
		}
		if err := validate(schema, data); err != nil {
			t.Errorf("the schema refuses a file that Parse accepts: %v", err)
		}
		encoded := encode(t, p)
		decoded, err := policy.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(encoded), string(encode(t, decoded))); diff != "" {
			t.Errorf("decoded, the policy is another (-was +is):\n%s", diff)
		}
		commented, err := policyfile.Parse("policy.yaml", append(slices.Clip(data), "\n# a comment\n"...))
		if err != nil {
			t.Fatalf("with a comment at its end: %v", err)
		}
		if diff := cmp.Diff(string(encoded), string(encode(t, commented))); diff != "" {
			t.Errorf("with a comment at its end, the policy is another (-was +is):\n%s", diff)
		}
	})
}

func encode(t *testing.T, p *policy.Policy) []byte {
	t.Helper()
	encoded, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func isIn(lines []string, m policyfile.Mistake) bool {
	return m.Line >= 1 && m.Line <= len(lines) && m.Column >= 1 && m.Column <= len(lines[m.Line-1])+1
}

// checkPlaces holds every mistake to a place in the file. The end of a line and of the file are places too.
func checkPlaces(t *testing.T, err error, data []byte) {
	t.Helper()
	var mistakes policyfile.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) == 0 {
		t.Fatalf("Parse() = %v, want Mistakes", err)
	}
	lines := strings.Split(string(data), "\n")
	for _, m := range mistakes {
		if !isIn(lines, m) {
			t.Errorf("%q is not in the file", m)
		}
		if strings.Contains(m.String(), "\n") || m.Problem == "" || m.Fix == "" {
			t.Errorf("%q is not one line with the mistake and its correction", m)
		}
	}
}

package policyfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func FuzzParse(f *testing.F) {
	for _, folder := range []string{"good", "bad"} {
		for _, data := range corpus(f, folder, 1) {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policyfile.Parse("policy.yaml", data)
		if err != nil {
			checkPlaces(t, err, data)
			return
		}
		encoded, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.Decode(encoded); err != nil {
			t.Fatal(err)
		}
	})
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
			t.Errorf("%q is not one line that says what is wrong and what would be right", m)
		}
	}
}

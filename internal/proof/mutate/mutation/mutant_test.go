package mutation_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/proof/mutate/mutation"
)

func TestMutantsOfADeclaration(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, declaration string
		want              []string
	}{
		{"a comparison is decided, and moved by one where it has an order", "func f(a, b int) { print(a < b) }", []string{
			"f: func f(a, b int) { [without print(a < b)] }",
			"f: func f(a, b int) { print([a < b → true]) }",
			"f: func f(a, b int) { print([a < b → false]) }",
			"f: func f(a, b int) { print([a < b → a <= b]) }",
		}},
		{"a condition of two parts is decided by each", "func f(a, b bool) {\n\tif a && !b {\n\t}\n}", []string{
			"f: if [a → true] && !b {", "f: if [a → false] && !b {", "f: if a && ![b → true] {", "f: if a && ![b → false] {",
		}},
		{"a function's bool result is decided", "func f(a bool) (int, bool) {\n\treturn len(x), a\n}", []string{
			"f: return len(x), [a → true]", "f: return len(x), [a → false]",
		}},
		{"a function inside has results of its own", "func f() func() bool {\n\treturn func() bool {\n\t\treturn g()\n\t}\n}",
			[]string{
				"f: return [g() → true]", "f: return [g() → false]",
			}},
		{"a loop's condition is decided", "func f() {\n\tfor g() {\n\t}\n}",
			[]string{"f: for [g() → true] {", "f: for [g() → false] {"}},
		{"a truth turns into its opposite", "func f() bool {\n\treturn true\n}", []string{"f: return [true → false]"}},
		{"operators turn into their opposites", "func f(a, b int) int {\n\treturn a + b*a\n}", []string{
			"f: return [a + b*a → a - b*a]", "f: return a + [b*a → b / a]",
		}},
		{"a number is one more", "const limit = 10", []string{"limit: const limit = [10 → 10 + 1]"}},
		{"a text is empty, and an empty one isn't", "var a, b = \"a\", \"\"", []string{
			`a: var a, b = ["a" → ""], ""`, `a: var a, b = "a", ["" → "?"]`,
		}},
		{"a statement is left out, of an assignment all but its right side",
			"func (v *T) f() {\n\tv.a, v.b = g()\n\tv.g()\n}", []string{
				"T.f: [without v.a, v.b = g()]", "T.f: [without v.g()]",
			}},
		{"a declaration can't be left out", "func f() {\n\ta := g()\n\treturn\n}", nil},
		{"a field is left out", "func (v T[V]) f() T[V] {\n\treturn T[V]{a: b, c: d}\n}", []string{
			"T.f: return T[V]{[without a: b]c: d}", "T.f: return T[V]{a: b, [without c: d]}",
		}},
		{"a value of a switch is left out", "func f(a T) {\n\tswitch a {\n\tcase b, c:\n\t\tg()\n\tdefault:\n\t}\n}",
			[]string{
				"f: [without case b, c]", "f: [without g()]", "f: [without default]",
			}},
		{"a condition of a switch is decided", "func f() {\n\tswitch {\n\tcase g():\n\t}\n}", []string{
			"f: case [g() → true]:", "f: case [g() → false]:",
		}},
		{"a tag is no constant", "var v struct{ A int `json:\"a\"` }", nil},
		{"two that read the same are numbered", "func f() {\n\tg()\n\tg()\n}",
			[]string{"f: [without g()]", "f: [without g()] #2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mutants, err := mutation.Of("p", "p.go", []byte("package p\n\n"+tt.declaration+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range mutants {
				got = append(got, strings.TrimPrefix(m.Name, "p "))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Of() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	const source = "package p\n\nfunc f() bool {\n\tv.a, v.b = g(), T{\n\t\tc: d,\n\t\te: h, // " +
		"last\n\t}\n\treturn g() && h()\n}\n"
	tests := []struct{ name, mutant, old, want string }{
		{"a decided condition is still evaluated", "return [g() → false] && h()", "g() && h()", "(g() && false) && h()"},
		{"an assigned value is still evaluated", "[without v.a, v.b = g(), T{ c: d, e: h, // last }]",
			"v.a, v.b =", "_, _ ="},
		{"the first field", "[without c: d]e: h, // last", "c: d,\n\t\t", ""},
		{"the last field", "[without e: h]}", "e: h, // last\n\t", ""},
	}
	mutants, err := mutation.Of("p", "p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]mutation.Mutant{}
	for _, m := range mutants {
		byName[m.Name] = m
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, ok := byName["p f: "+tt.mutant]
			if !ok {
				t.Fatalf("there is no mutant %q", tt.mutant)
			}
			want := strings.Replace(source, tt.old, tt.want, 1)
			if diff := cmp.Diff(want, string(m.Apply([]byte(source)))); diff != "" {
				t.Errorf("Apply() (-want +got):\n%s", diff)
			}
		})
	}
}

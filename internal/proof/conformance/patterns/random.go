package patterns

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// randomCases returns pairs of patterns and events that are alike enough to match often. The same seed gives the same.
func randomCases(seed uint64, n int) []Case {
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	cases := make([]Case, n)
	for i := range cases {
		cases[i] = Case{Pattern: g.pattern(2, names...), Event: g.event(2)}
	}
	return cases
}

type generator struct{ *rand.Rand }

// names are those of all fields.
var names = []string{"a", "b", "c", "d"}

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

// several joins one to n results of make.
func (g generator) several(n int, make func() string) string {
	parts := []string{make()}
	for range g.IntN(n) {
		parts = append(parts, make())
	}
	return strings.Join(parts, ",")
}

func (g generator) text() string {
	return g.one(`""`, `"a"`, `"ab"`, `"AB"`, `"Ab"`, `"abc"`, `"b"`, `"a*b"`, `"a\\b"`, `"axxb"`, `"10.0.0.7"`,
		`"10.0.1.7"`, `"::1"`, `"2001:db8::7"`, `"1"`, `"null"`, `"é"`, `"É"`)
}

// number is spelled in several ways, which compare by value: AWS was recorded so, against the guide.
func (g generator) number() string {
	return g.one(`0`, `1`, `1.0`, `1e0`, `-1`, `2`, `5`, `10`, `1.5`, `301.8`, `5000000000`, `-5000000000`, `0.000001`)
}

func (g generator) value() string {
	switch g.IntN(6) {
	case 0:
		return g.number()
	case 1:
		return g.one(`null`, `true`, `false`)
	}
	return g.text()
}

// event is an object with some of four fields, nested as deep as that.
func (g generator) event(depth int) string {
	var fields []string
	for _, name := range names {
		if g.IntN(4) > 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", name, g.member(depth)))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (g generator) member(depth int) string {
	switch kind := g.IntN(8); {
	case kind == 0 && depth > 0:
		return g.event(depth - 1)
	case kind == 1:
		return "[" + g.several(3, g.value) + "]"
	case kind == 2:
		return g.one(`[]`, `{}`)
	}
	return g.value()
}

// pattern never has a name both beside $or and in it: to Event Ruler the later one counts, which is documented nowhere.
func (g generator) pattern(depth int, names ...string) string {
	fields, choose := []string{}, len(names) > 2 && g.IntN(6) == 0
	if choose {
		fields = append(fields, fmt.Sprintf(`"$or":[%s,%s]`, g.pattern(depth, names[2:]...), g.pattern(depth, names[2:]...)))
		names = names[:2]
	}
	for _, name := range names {
		if g.IntN(len(names)) == 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", name, g.test(depth)))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (g generator) test(depth int) string {
	if g.IntN(8) == 0 && depth > 0 {
		return g.pattern(depth-1, names...)
	}
	elements := g.several(2, g.element)
	for isBeyondRuler(elements) {
		elements = g.several(2, g.element)
	}
	return "[" + elements + "]"
}

// isBeyondRuler reports combinations that Event Ruler 1.8.1 gets wrong: ["*a*" as a wildcard, "a" in any case] matches
// AB, and it ignores one of two opposite conditions.
func isBeyondRuler(elements string) bool {
	both := func(a, b string) bool { return strings.Contains(elements, a) && strings.Contains(elements, b) }
	return both("wildcard", "equals-ignore-case") || both(`{"exists":true}`, `{"exists":false}`)
}

func (g generator) element() string {
	switch g.IntN(40) {
	case 0:
		return g.mistake()
	case 1, 2, 3, 4, 5, 6, 7, 8, 9:
		return g.value()
	}
	switch g.IntN(7) {
	case 0:
		return fmt.Sprintf(`{"exists":%s}`, g.one("true", "false"))
	case 1:
		return fmt.Sprintf(`{"numeric":[%s]}`, g.comparisons())
	case 2:
		return fmt.Sprintf(`{"cidr":%s}`,
			g.one(`"10.0.0.0/24"`, `"10.0.0.0/8"`, `"10.0.0.7/32"`, `"::/0"`, `"2001:db8::/32"`))
	case 3:
		return fmt.Sprintf(`{"anything-but":%s}`, g.excluded())
	}
	return g.onText()
}

// mistake is something that looks like an element. Some of it is one.
func (g generator) mistake() string {
	return g.one(
		`[]`, `{}`, `["a"]`, `{"nonsense":"a"}`, `{"prefix":"a","suffix":"b"}`, `{"prefix":1}`, `{"suffix":null}`,
		`{"exists":"true"}`, `{"equals-ignore-case":["a"]}`,
		`{"numeric":[]}`, `{"numeric":["<"]}`, `{"numeric":["=","1"]}`, `{"numeric":["!=",1]}`, `{"numeric":["<",5,">",1]}`,
		`{"numeric":[">",5,"<",1]}`, `{"numeric":[">",1,"<",1]}`,
		`{"cidr":"10.0.0.7"}`, `{"cidr":"10.0.0.7/24"}`, `{"cidr":"::1/128"}`, `{"cidr":"a/8"}`, `{"cidr":"10.0.0.0/33"}`,
		`{"wildcard":""}`, `{"wildcard":1}`,
		`{"anything-but":[]}`, `{"anything-but":null}`, `{"anything-but":[true]}`, `{"anything-but":[1,"a"]}`,
		`{"anything-but":["a",{"prefix":"a"}]}`,
		`{"anything-but":{"wildcard":[]}}`, `{"anything-but":{"prefix":[]}}`, `{"anything-but":{"numeric":["<",1]}}`,
		`{"anything-but":{"prefix":{"equals-ignore-case":"a"}}}`,
	)
}

func (g generator) comparisons() string {
	if g.IntN(2) == 0 {
		return fmt.Sprintf(`%q,%s`, g.one("=", "<", "<=", ">", ">="), g.number())
	}
	return fmt.Sprintf(`%q,%s,%q,%s`, g.one(">", ">="), g.one("-1", "0", "1"), g.one("<", "<="), g.one("2", "5", "301.8"))
}

func (g generator) onText() string {
	switch name := g.one("prefix", "suffix", "equals-ignore-case", "wildcard"); name {
	case "wildcard":
		return fmt.Sprintf(`{"wildcard":%s}`, g.wildcard())
	case "equals-ignore-case":
		return fmt.Sprintf(`{%q:%s}`, name, g.text())
	default:
		return fmt.Sprintf(`{%q:%s}`, name, g.one(g.text(), fmt.Sprintf(`{"equals-ignore-case":%s}`, g.text())))
	}
}

func (g generator) wildcard() string {
	// a string can always be encoded
	quoted, _ := json.Marshal(g.one("*", "a*", "*b", "a*b", "*a*", "*x*b", `a\*b`, `a\\b`, "10.0.*",
		"a**", `\x`, "abc", "a*a*b"))
	return string(quoted)
}

func (g generator) excluded() string {
	switch g.IntN(5) {
	case 0:
		return g.text()
	case 1:
		return "[" + g.several(3, g.text) + "]"
	case 2:
		return "[" + g.several(3, g.number) + "]"
	case 3:
		return fmt.Sprintf(`{"wildcard":%s}`, g.one(g.wildcard(), "["+g.wildcard()+","+g.wildcard()+"]"))
	}
	return fmt.Sprintf(`{%q:%s}`, g.one("prefix", "suffix", "equals-ignore-case"),
		g.one(g.text(), "["+g.several(2, g.text)+"]"))
}

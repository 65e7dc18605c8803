package policyfile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// annotations are the keywords of the schema that refuse nothing.
var annotations = []string{"$schema", "$id", "title", "description", "errorMessage"}

// outlined reports whether the rule is one of the few that another one repeats. The schema only outlines addresses,
// which Go parses, and Regions, whose partition Go looks up. The choice between the keys of a member refuses a text as
// well. Without the rule, the message is worse.
func outlined(document any, r rule) bool {
	form, _ := at(document, r.path[:len(r.path)-1]).(map[string]any)
	pattern, _ := form["pattern"].(string)
	return strings.Contains(pattern, "[0-9A-Fa-f.:]+/") || pattern == peering.RegionPattern ||
		r.String() == "properties/departments/additionalProperties/items/type"
}

// rule is one keyword at one place of the schema.
type rule struct {
	path []string
	// isCondition is true inside an if. Without the keyword, the condition holds for more files.
	isCondition bool
}

func (r rule) String() string { return strings.Join(r.path, "/") }

// rules returns the keywords of the schema at the path and below it. An unknown keyword is an error of the test.
func rules(t *testing.T, schema any, at rule) []rule {
	t.Helper()
	below := func(steps ...string) rule {
		isCondition := at.isCondition || steps[0] == "if"
		return rule{append(slices.Clone(at.path), steps...), isCondition}
	}
	if schema == false {
		return []rule{at}
	}
	var all []rule
	for keyword, value := range schema.(map[string]any) {
		switch keyword {
		case "type", "pattern", "enum", "minimum", "maximum", "minItems", "maxItems", "uniqueItems", "minProperties",
			"maxProperties", "oneOf":
			all = append(all, below(keyword))
		case "required":
			for i := range value.([]any) {
				all = append(all, below(keyword, fmt.Sprint(i)))
			}
		case "dependentRequired":
			for key := range value.(map[string]any) {
				all = append(all, below(keyword, key))
			}
		case "properties":
			for key, form := range value.(map[string]any) {
				all = append(all, rules(t, form, below(keyword, key))...)
			}
		case "allOf":
			for i, form := range value.([]any) {
				all = append(all, rules(t, form, below(keyword, fmt.Sprint(i)))...)
			}
		case "items", "propertyNames", "additionalProperties", "if", "then", "else":
			all = append(all, rules(t, value, below(keyword))...)
		default:
			if !slices.Contains(annotations, keyword) {
				t.Fatalf("%s: the test doesn't know the keyword %s", at, keyword)
			}
		}
	}
	return all
}

// without returns the schema without the rule.
func without(t *testing.T, schema []byte, r rule) []byte {
	t.Helper()
	var whole any
	if err := json.Unmarshal(schema, &whole); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(cut(whole, r.path))
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// cut returns the value without the part at the path.
func cut(value any, path []string) any {
	switch v := value.(type) {
	case map[string]any:
		if len(path) == 1 {
			delete(v, path[0])
		} else {
			v[path[0]] = cut(v[path[0]], path[1:])
		}
	case []any:
		var i int
		_, _ = fmt.Sscan(path[0], &i)
		if len(path) == 1 {
			return slices.Delete(v, i, i+1)
		}
		v[i] = cut(v[i], path[1:])
	}
	return value
}

// TestEveryRuleOfTheSchemaIsNeeded takes one keyword after the other out of the schema. Each time, a bad file loses a
// mistake and gets no other at the same place: nothing else states the rule. Without a keyword of a condition, a bad or
// a good file gets one more.
func TestEveryRuleOfTheSchemaIsNeeded(t *testing.T) {
	t.Parallel()
	schema, err := policyfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(schema, &document); err != nil {
		t.Fatal(err)
	}
	all := rules(t, document, rule{})
	if len(all) < 100 {
		t.Errorf("the schema has %d rules, want at least 100", len(all))
	}
	files := corpus(t, "bad", 40)
	maps.Copy(files, corpus(t, "good", 8))
	parse := parserBy(t, schema)
	before := map[string][]policyfile.Mistake{}
	for name, data := range files {
		before[name] = mistakes(t, parse, data)
	}
	worstFirst := slices.SortedFunc(maps.Keys(files), func(a, b string) int { return len(before[b]) - len(before[a]) })
	for _, r := range all {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			weaker := parserBy(t, without(t, schema, r))
			isOutlined := outlined(document, r)
			for _, name := range worstFirst {
				after := mistakes(t, weaker, files[name])
				switch {
				case r.isCondition && len(after) > len(before[name]):
					return
				case isOutlined && !slices.Equal(after, before[name]):
					return
				case isGone(before[name], after):
					return
				}
			}
			t.Error("without the keyword no file of the corpus is reported differently: it is not " +
				"tested, or Go repeats the rule")
		})
	}
}

// at returns the part of a value at the path.
func at(value any, path []string) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			var i int
			_, _ = fmt.Sscan(step, &i)
			value = v[i]
		}
	}
	return value
}

// isGone reports whether a mistake is gone from a place, and that place has no new one.
func isGone(before, after []policyfile.Mistake) bool {
	gone := map[[2]int]bool{}
	for _, m := range before {
		if !slices.Contains(after, m) {
			gone[[2]int{m.Line, m.Column}] = true
		}
	}
	for _, m := range after {
		if !slices.Contains(before, m) {
			delete(gone, [2]int{m.Line, m.Column})
		}
	}
	return len(gone) > 0
}

func parserBy(t *testing.T, schema []byte) func(string, []byte) error {
	t.Helper()
	parse, err := policyfile.ParserBy(schema)
	if err != nil {
		t.Fatal(err)
	}
	return parse
}

func mistakes(t *testing.T, parse func(string, []byte) error, data []byte) policyfile.Mistakes {
	t.Helper()
	err := parse("f", data)
	var all policyfile.Mistakes
	if err != nil && !errors.As(err, &all) {
		t.Fatal(err)
	}
	return all
}

// TestGoRepeatsNoRuleOfTheSchema: where the schema refuses a value, Parse reports the same mistakes and no more.
func TestGoRepeatsNoRuleOfTheSchema(t *testing.T) {
	t.Parallel()
	refused := 0
	for name, data := range corpus(t, "bad", 40) {
		form, err := policyfile.FormMistakes("f", data)
		if err != nil {
			continue // a mistake of YAML
		}
		var all policyfile.Mistakes
		if _, err := policyfile.Parse("f", data); !errors.As(err, &all) {
			t.Errorf("%s: Parse() = %v, want mistakes", name, err)
		}
		if len(form) > 0 {
			refused++
		}
		for _, m := range all {
			isSamePlace := func(f policyfile.Mistake) bool { return f.Line == m.Line && f.Column == m.Column }
			if slices.ContainsFunc(form, isSamePlace) && !slices.Contains(form, m) {
				t.Errorf("%s: Go reports %v, where the schema has refused the value", name, m)
			}
		}
	}
	if refused < 60 {
		t.Errorf("the schema refuses %d bad files, want at least 60", refused)
	}
}

package pattern_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
)

type object = map[string]any

// asks reports whether have matches a pattern that Parse accepted. It follows the documentation word by word, with
// regular expressions for texts and bits for blocks, and shares no code with the package.
func asks(want object, have any) bool {
	if list, ok := have.([]any); ok {
		return slices.ContainsFunc(list, func(e any) bool { return asks(want, e) }) || (len(list) == 0 && asks(want, nil))
	}
	fields, _ := have.(object)
	for name, w := range want {
		if !asksOf(name, w, fields) {
			return false
		}
	}
	return true
}

func asksOf(name string, want any, fields object) bool {
	value, present := fields[name]
	if nested, ok := want.(object); ok {
		return asks(nested, value)
	}
	list := want.([]any)
	if name == "$or" && len(list) > 1 && !slices.ContainsFunc(list, isNoObjectOfFields) {
		return slices.ContainsFunc(list, func(a any) bool { return asks(a.(object), fields) })
	}
	var values []any
	if present {
		values = leaves(value)
	}
	return slices.ContainsFunc(list, func(t any) bool { return holdsForAny(t, values) })
}

// isNoObjectOfFields distinguishes the values of a field named $or from the alternatives of the operator.
func isNoObjectOfFields(alternative any) bool {
	fields, ok := alternative.(object)
	operators := []string{"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but",
		"exists", "numeric", "cidr"}
	return !ok || slices.ContainsFunc(operators, func(o string) bool { return fields[o] != nil })
}

func leaves(value any) []any {
	switch v := value.(type) {
	case object:
		return nil
	case []any:
		var all []any
		for _, e := range v {
			all = append(all, leaves(e)...)
		}
		return all
	}
	return []any{value}
}

func holdsForAny(test any, values []any) bool {
	operator, ok := test.(object)
	if !ok {
		return slices.ContainsFunc(values, func(v any) bool { return isSame(test, v) })
	}
	if operator["exists"] == false {
		return len(values) == 0
	}
	return slices.ContainsFunc(values, func(v any) bool {
		for name, argument := range operator {
			return holds(name, argument, v)
		}
		return false
	})
}

func holds(name string, argument, value any) bool {
	text, isText := value.(string)
	switch name {
	case "exists":
		return true
	case "numeric":
		return compares(argument.([]any), value)
	case "cidr":
		return isInside(argument.(string), text)
	case "anything-but":
		operator, ok := argument.(object)
		for inner, a := range operator {
			return !isText || !slices.ContainsFunc(listOf(a), func(each any) bool { return holds(inner, each, value) })
		}
		return !ok && !slices.ContainsFunc(listOf(argument), func(each any) bool { return isSame(each, value) })
	}
	return isText && expression(name, argument).MatchString(text)
}

// isSame compares numbers by value where EventBridge does, and all else by spelling.
func isSame(literal, value any) bool {
	bound, ok := literal.(json.Number)
	if !ok {
		return literal == value
	}
	return literal == value || compares([]any{"=", bound}, value) && compares([]any{"=", bound}, bound)
}

func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// expression is a string operator as a regular expression.
func expression(operator string, argument any) *regexp.Regexp {
	flags := "(?s)"
	if folded, ok := argument.(object); ok {
		flags, argument = "(?si)", folded["equals-ignore-case"]
	}
	quoted := regexp.QuoteMeta(argument.(string))
	switch operator {
	case "prefix":
		return regexp.MustCompile(flags + "^" + quoted)
	case "suffix":
		return regexp.MustCompile(flags + quoted + "$")
	case "equals-ignore-case":
		return regexp.MustCompile("(?si)^" + quoted + "$")
	}
	// Quoted, an asterisk is \*, an escaped one \\\* and an escaped backslash \\\\.
	wildcards := strings.NewReplacer(`\\\\`, `\\`, `\\\*`, `\*`, `\*`, `.*`)
	return regexp.MustCompile("(?s)^" + wildcards.Replace(quoted) + "$")
}

func compares(terms []any, value any) bool {
	n, ok := value.(json.Number)
	x, err := n.Float64()
	if !ok || err != nil || math.Abs(x) > 5e9 {
		return false
	}
	for pair := range slices.Chunk(terms, 2) {
		bound, _ := pair[1].(json.Number).Float64()
		sign := map[int]string{-1: "<", 0: "=", 1: ">"}[cmp.Compare(x, bound)]
		if !strings.Contains(pair[0].(string), sign) {
			return false
		}
	}
	return true
}

// isInside compares the leading bits.
func isInside(block, text string) bool {
	p, address := netip.MustParsePrefix(block), netip.Addr{}
	if address.UnmarshalText([]byte(text)) != nil || address.Zone() != "" {
		return false
	}
	a, b := address.AsSlice(), p.Addr().AsSlice()
	if len(a) != len(b) {
		return false
	}
	for i := range p.Bits() {
		if bit := byte(0x80) >> (i % 8); a[i/8]&bit != b[i/8]&bit {
			return false
		}
	}
	return true
}

// dotted is a name with a dot, which stands for two names.
var dotted = regexp.MustCompile(`\.[^"]*":`)

// decoded returns the object, unless it has names with dots, or other characters than ASCII: EventBridge doesn't
// document which letters it treats as equal there.
func decoded(data []byte) (fields object, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	// JSON knows no other space
	if decoder.Decode(&fields) != nil || fields == nil || len(bytes.Trim(data[decoder.InputOffset():], " \t\r\n")) > 0 {
		return nil, false
	}
	again, err := json.Marshal(fields)
	return fields, err == nil && !dotted.Match(again) && !bytes.ContainsFunc(again, func(r rune) bool { return r > '~' })
}

// FuzzMatchAgrees holds Match to the naive evaluation.
func FuzzMatchAgrees(f *testing.F) {
	for _, text := range []string{
		`{"source":["aws.ec2"],"detail":{"eventName":["CreateVpcPeeringConnection"],"errorCode":[{"exists":false}]}}`,
		`{"detail":{"responseElements":{"vpcPeeringConnection":{` +
			`"accepterVpcInfo":{"ownerId":[{"anything-but":["111111111111"]}]}}}}}`,
		`{"detail":{"eventName":[{"prefix":{"equals-ignore-case":"create"}},{"anything-but":{"wildcard":["*Vpc*",` +
			`"a\\*"]}}]}}`,
		`{"$or":[{"region":[{"suffix":"-1"}]},{"detail":{"sourceIPAddress":[{"cidr":"10.0.0.0/8"}],"readOnly":[false,` +
			`null]}}]}`,
		`{"detail":{"responseElements":{"vpcPeeringConnection":{"expirationTime":[{"numeric":[">=",0,"<",5e9]}],` +
			`"tagSet":{"items":[{"exists":false}]}}}}}`,
		`{"detail":{"responseElements":{"vpcPeeringConnection":{` +
			`"requesterVpcInfo":{"cidrBlockSet":{"items":{"state":["old"],"cidrBlock":["10.2.0.0/16"]}}}}}}}`,
	} {
		f.Add(text, peeringRequest)
	}
	for _, test := range []string{
		`"ab"`, `5`, `null`, `true`, `{"exists":true}`, `{"exists":false}`, `{"prefix":"a"}`,
		`{"prefix":{"equals-ignore-case":"A"}}`, `{"suffix":"b"}`,
		`{"equals-ignore-case":"AB"}`, `{"wildcard":"*b"}`, `{"wildcard":"a*b*"}`, `{"wildcard":"\\*b"}`,
		`{"numeric":["=",5]}`, `{"numeric":["<",5]}`,
		`{"numeric":[">",0,"<=",5]}`, `{"numeric":[">=",5]}`, `{"cidr":"10.0.0.0/31"}`,
		`{"cidr":"2001:db8::/33"}`, `{"anything-but":"ab"}`,
		`{"anything-but":[5,6]}`, `{"anything-but":{"prefix":["a","b"]}}`, `{"anything-but":{"wildcard":"a*"}}`,
	} {
		for _, value := range []string{
			`"ab"`, `"aB"`, `"abc"`, `"*b"`, `""`, `5`, `5.0`, `0`, `6`, `null`, `true`, `[]`, `{}`, `["ab",5]`, `[{}]`,
			`"10.0.0.1"`, `"10.0.0.2"`, `"2001:db8::1"`,
		} {
			f.Add(`{"a":[`+test+`]}`, `{"a":`+value+`}`)
		}
	}
	f.Fuzz(func(t *testing.T, text, event string) {
		want, ok := decoded([]byte(text))
		have, alsoOK := decoded([]byte(event))
		p, err := pattern.Parse([]byte(text))
		if err != nil || !ok || !alsoOK {
			t.Skip("nothing to compare")
		}
		if got := p.Match([]byte(event)); got != asks(want, have) {
			t.Errorf("Match() = %v, but the naive evaluation returns %v\npattern %s\nevent %s", got, !got, text, event)
		}
	})
}

// FuzzOwnPattern makes a pattern of an event's own values: it matches the event, also with further fields, and
// no longer once a value is another.
func FuzzOwnPattern(f *testing.F) {
	f.Add(peeringRequest)
	f.Add(`{"a":[{"b":1},{"b":null}],"c":{"d":"","e":[true]}}`)
	f.Fuzz(func(t *testing.T, event string) {
		fields, ok := decoded([]byte(event))
		own := patternOf(fields)
		if !ok || len(own) == 0 {
			t.Skip("no values")
		}
		p, err := pattern.Parse(encoded(t, own))
		if err != nil {
			t.Fatalf("Parse(%v): %v", own, err)
		}
		if !p.Match([]byte(event)) {
			t.Errorf("%s doesn't match its own values", event)
		}
		more := maps.Clone(fields)
		more["a field of this event alone"] = "x"
		if !p.Match(encoded(t, more)) {
			t.Errorf("with a further field %s doesn't match any more", event)
		}
		for name := range own {
			other := maps.Clone(fields)
			other[name] = "a value of this event alone"
			if p.Match(encoded(t, other)) {
				t.Errorf("with another value of %q %s still matches", name, event)
			}
		}
	})
}

// patternOf wants every value that stands outside arrays.
func patternOf(fields object) object {
	own := object{}
	for name, value := range fields {
		switch v := value.(type) {
		case []any:
		case object:
			if nested := patternOf(v); len(nested) > 0 {
				own[name] = nested
			}
		default:
			own[name] = []any{v}
		}
	}
	return own
}

func encoded(t *testing.T, fields object) []byte {
	t.Helper()
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

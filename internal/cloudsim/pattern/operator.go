package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// test is one element of a pattern's array: a literal or an operator.
type test struct {
	value  func(leaf any) bool
	absent bool // matches where the event has no such leaf
}

// anyOf is a pattern's array: one test that matches one leaf is enough.
type anyOf []test

func (tests anyOf) match(leaves []any) bool {
	for _, t := range tests {
		if len(leaves) == 0 && t.absent {
			return true
		}
		for _, leaf := range leaves {
			if t.value(leaf) {
				return true
			}
		}
	}
	return false
}

var operators = map[string]func(any) (test, error){
	"prefix":             stringOperator("prefix"),
	"suffix":             stringOperator("suffix"),
	"equals-ignore-case": stringOperator("equals-ignore-case"),
	"wildcard":           stringOperator("wildcard"),
	"anything-but":       parseAnythingBut,
	"exists":             parseExists,
	"numeric":            parseNumeric,
	"cidr":               parseCIDR,
}

// parseTests is an array of a pattern: literals and operators, mixed as one likes.
func parseTests(values []any) (anyOf, error) {
	if len(values) == 0 {
		return nil, errors.New("empty arrays are not allowed")
	}
	if isComplex(wildcardsOf(values)) {
		return nil, errTooComplex
	}
	var tests anyOf
	for _, v := range values {
		t, err := parseTest(v)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return tests, nil
}

// parseTest compares a literal by type and value.
func parseTest(value any) (test, error) {
	switch v := value.(type) {
	case []any:
		return test{}, errors.New("an array can't be inside an array")
	case map[string]any:
		name, argument, err := single(v)
		if err != nil {
			return test{}, err
		}
		parse, known := operators[name]
		if !known {
			return test{}, fmt.Errorf("%q is not an operator", name)
		}
		t, err := parse(argument)
		if err != nil {
			return test{}, fmt.Errorf("%s %w", name, err)
		}
		return t, nil
	default:
		return test{value: func(leaf any) bool { return equal(leaf, v) }}, nil
	}
}

// single is the one key of an operator and its argument.
func single(fields map[string]any) (name string, argument any, err error) {
	if len(fields) != 1 {
		return "", nil, errors.New("an operator is an object with exactly one key")
	}
	for name, argument = range fields {
	}
	return name, argument, nil
}

// parseExists is about the presence of a leaf, whose value may be null.
func parseExists(argument any) (test, error) {
	want, ok := argument.(bool)
	if !ok {
		return test{}, errors.New("must be true or false")
	}
	return test{value: func(any) bool { return want }, absent: !want}, nil
}

// parseCIDR parses a block of IPv4 or IPv6. A value that isn't an address is in no block.
func parseCIDR(argument any) (test, error) {
	text, _ := argument.(string)
	block, err := netip.ParsePrefix(text)
	if err != nil || block.IsSingleIP() { // EventBridge refuses the block of one address
		return test{}, errors.New("must be an address block such as 10.0.0.0/24, of two addresses or more")
	}
	return onStrings(func(s string) bool {
		address, err := netip.ParseAddr(s)
		return err == nil && block.Contains(address)
	}), nil
}

// onStrings makes an operator that no value but a string matches.
func onStrings(f func(string) bool) test {
	return test{value: func(leaf any) bool {
		s, ok := leaf.(string)
		return ok && f(s)
	}}
}

// stringOperator is one of the operators that also stand inside anything-but.
func stringOperator(name string) func(any) (test, error) {
	return func(argument any) (test, error) {
		f, err := parseString(name, argument)
		return onStrings(f), err
	}
}

// parseString is one string operator and its argument.
func parseString(name string, argument any) (func(string) bool, error) {
	if fields, ok := argument.(map[string]any); ok && (name == "prefix" || name == "suffix") {
		return parseFolded(name, fields)
	}
	text, ok := argument.(string)
	if !ok {
		return nil, errors.New("must be a string")
	}
	switch name {
	case "prefix":
		return func(s string) bool { return strings.HasPrefix(s, text) }, nil
	case "suffix":
		return func(s string) bool { return strings.HasSuffix(s, text) }, nil
	case "equals-ignore-case":
		return func(s string) bool { return strings.EqualFold(s, text) }, nil
	default:
		return parseWildcard(text)
	}
}

// parseFolded is {"prefix": {"equals-ignore-case": "x"}}, and the same for a suffix.
func parseFolded(name string, fields map[string]any) (func(string) bool, error) {
	inner, argument, err := single(fields)
	text, ok := argument.(string)
	if err != nil || inner != "equals-ignore-case" || !ok {
		return nil, errors.New("must be a string or equals-ignore-case with a string")
	}
	f, err := parseString(name, strings.ToLower(text))
	return func(s string) bool { return f(strings.ToLower(s)) }, err
}

// parseAnythingBut takes a value, a list of strings or of numbers, or a string operator with a value
// or a list. A missing field is not "anything".
func parseAnythingBut(argument any) (test, error) {
	if fields, ok := argument.(map[string]any); ok {
		return parseAnythingButString(fields)
	}
	excluded, err := sameKind(argument)
	if err != nil {
		return test{}, err
	}
	return test{value: func(leaf any) bool {
		for _, e := range excluded {
			if equal(leaf, e) {
				return false
			}
		}
		return true
	}}, nil
}

func parseAnythingButString(fields map[string]any) (test, error) {
	name, argument, err := single(fields)
	if err != nil {
		return test{}, err
	}
	switch name {
	case "prefix", "suffix", "equals-ignore-case", "wildcard":
	default:
		return test{}, fmt.Errorf("can't be combined with %q", name)
	}
	var excluded []func(string) bool
	for _, a := range list(argument) {
		text, ok := a.(string)
		if !ok || (text == "" && (name == "prefix" || name == "suffix")) {
			return test{}, fmt.Errorf("%s must be a string that isn't empty, or a list of them", name)
		}
		f, err := parseString(name, text)
		if err != nil {
			return test{}, fmt.Errorf("%s %w", name, err)
		}
		excluded = append(excluded, f)
	}
	if len(excluded) == 0 {
		return test{}, fmt.Errorf("%s must not be an empty list", name)
	}
	// A value other than a string doesn't begin with the prefix.
	return test{value: func(leaf any) bool {
		s, ok := leaf.(string)
		return !ok || !slices.ContainsFunc(excluded, func(f func(string) bool) bool { return f(s) })
	}}, nil
}

// list lets a value stand for a list of one.
func list(argument any) []any {
	if values, ok := argument.([]any); ok {
		return values
	}
	return []any{argument}
}

// sameKind refuses lists that mix strings and numbers, as EventBridge does.
func sameKind(argument any) ([]any, error) {
	values := list(argument)
	strs, numbers := 0, 0
	for _, v := range values {
		switch v.(type) {
		case string:
			strs++
		case json.Number:
			numbers++
		}
	}
	if len(values) == 0 || (strs != len(values) && numbers != len(values)) {
		return nil, errors.New("must be a string, a number, or a list of only strings or only numbers")
	}
	return values, nil
}

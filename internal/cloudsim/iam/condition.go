package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keys are the condition keys of a request. Only keys such as aws:TagKeys have more than one value; a key
// that a request doesn't have is absent, not empty.
type Keys map[string][]string

// get ignores the case of keys, as IAM does. Of several spellings that differ from the key, the first one in order of
// name counts.
func (k Keys) get(key string) []string {
	if values, found := k[key]; found {
		return values
	}
	for _, name := range slices.Sorted(maps.Keys(k)) {
		if strings.EqualFold(name, key) {
			return k[name]
		}
	}
	return nil
}

type operator struct {
	match   func(want, got string) bool
	negated bool // holds if no value matches, and if the request lacks the key
}

const operatorNull = "Null"

var operators = map[string]operator{
	"StringEquals":              {match: func(want, got string) bool { return want == got }},
	"StringNotEquals":           {match: func(want, got string) bool { return want == got }, negated: true},
	"StringEqualsIgnoreCase":    {match: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {match: strings.EqualFold, negated: true},
	"StringLike":                {match: Glob},
	"StringNotLike":             {match: Glob, negated: true},
	"Bool":                      {match: strings.EqualFold},
	// ArnEquals and ArnLike behave identically:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
	"ArnEquals":    {match: arnLike},
	"ArnLike":      {match: arnLike},
	"ArnNotEquals": {match: arnLike, negated: true},
	"ArnNotLike":   {match: arnLike, negated: true},
	operatorNull:   {},
}

// How many of a key's values must hold:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
const (
	forAll   = "ForAllValues"
	forAny   = "ForAnyValue"
	ifExists = "IfExists"
)

// test is one operator with one key and the values that are wanted.
type test struct {
	operator
	null       bool
	quantifier string // forAll, forAny, or empty
	optional   bool   // holds where the request lacks the key, unless any value must hold
	key        string
	values     []string
}

func parseTests(conditions map[string]map[string]oneOrMany) ([]test, error) {
	var tests []test
	for name, keys := range conditions {
		t, err := parseOperator(name)
		if err != nil {
			return nil, err
		}
		for t.key, t.values = range keys {
			if err := t.checkQuantifier(name); err != nil {
				return nil, err
			}
			tests = append(tests, t)
		}
	}
	return tests, nil
}

func parseOperator(name string) (test, error) {
	quantifier, base, found := strings.Cut(name, ":")
	if !found {
		quantifier, base = "", name
	}
	base, optional := strings.CutSuffix(base, ifExists)
	o, known := operators[base]
	isNull := base == operatorNull
	if !known || !slices.Contains([]string{"", forAll, forAny}, quantifier) || isNull && base != name {
		return test{}, fmt.Errorf("condition operator %s is not supported", name)
	}
	return test{operator: o, null: isNull, quantifier: quantifier, optional: optional}, nil
}

func (t test) holds(keys Keys) bool {
	got := keys.get(t.key)
	switch {
	case t.null:
		return slices.Contains(t.values, fmt.Sprint(len(got) == 0))
	case len(got) == 0:
		// ForAnyValue doesn't hold without a value, not even with IfExists, as AWS was seen to decide:
		// https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w/foranyvalue-stringequalsifexists-behaving-unexpectedly
		return t.quantifier == forAll || t.quantifier == "" && (t.optional || t.negated)
	case t.quantifier == forAll:
		return !slices.ContainsFunc(got, func(value string) bool { return !t.holdsFor(value) })
	case t.quantifier == forAny:
		return slices.ContainsFunc(got, t.holdsFor)
	}
	// The result of an operator without a quantifier for several values is undefined.
	return len(got) == 1 && t.holdsFor(got[0])
}

func (t test) holdsFor(got string) bool {
	matched := slices.ContainsFunc(t.values, func(want string) bool { return t.match(want, got) })
	return matched != t.negated
}

// arnLike compares the six parts of an ARN one by one, so that an asterisk doesn't reach over a colon.
func arnLike(want, got string) bool {
	const parts = 6
	w, g := strings.SplitN(want, ":", parts), strings.SplitN(got, ":", parts)
	if len(w) != parts || len(g) != parts {
		return false
	}
	for i := range w {
		if !Glob(w[i], g[i]) {
			return false
		}
	}
	return true
}

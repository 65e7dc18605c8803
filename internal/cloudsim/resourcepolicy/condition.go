package resourcepolicy

import (
	"slices"
	"strings"
)

// ifExists is the suffix that makes any operator hold where the request lacks the key.
const ifExists = "IfExists"

type operator struct {
	match   func(want, got string) bool
	negated bool // holds when none of the values matches, and when the request lacks the key
}

var operators = map[string]operator{
	"StringEquals":              {match: equal},
	"StringNotEquals":           {match: equal, negated: true},
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
}

// conditionsHold wants every key of every operator to hold; one of a key's values is enough.
func conditionsHold(conditions map[string]map[string]oneOrMany, keys map[string]string) bool {
	for name, wanted := range conditions {
		base, optional := strings.CutSuffix(name, ifExists)
		for key, values := range wanted {
			got, found := lookup(keys, key)
			if !operators[base].holds(values, got, found, optional) {
				return false
			}
		}
	}
	return true
}

func (o operator) holds(values []string, got string, found, optional bool) bool {
	if !found {
		return optional || o.negated
	}
	matched := slices.ContainsFunc(values, func(want string) bool { return o.match(want, got) })
	return matched != o.negated
}

// lookup ignores the case of keys, as IAM does.
func lookup(keys map[string]string, key string) (string, bool) {
	for k, v := range keys {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

func equal(want, got string) bool { return want == got }

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

// Glob matches * with any characters and ? with any one.
func Glob(pattern, s string) bool {
	star, resume := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

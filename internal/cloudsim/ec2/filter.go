package ec2

import "strings"

// filters are the filters of one Describe call for things of type T: the values of a thing by the filter's name.
type filters[T any] map[string]func(T) []string

// one makes a filter of a property that has a single value.
func one[T any](f func(T) string) func(T) []string {
	return func(t T) []string { return []string{f(t)} }
}

// never is a filter that no thing here matches.
func never[T any](T) []string { return nil }

// condition is one Filter.N of a request.
type condition struct {
	name   string
	values []string
}

func conditions(p params) []condition {
	var cs []condition
	for _, f := range p.items("Filter") {
		cs = append(cs, condition{f["Name"], f.list("Value")})
	}
	return cs
}

// accept reports whether a thing passes every condition. Values of a condition are alternatives, may have wildcards,
// and are case sensitive:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html.
func (f filters[T]) accept(thing T, tags tagSet, cs []condition) bool {
	for _, c := range cs {
		have := f.values(thing, tags, c.name)
		if !anyMatch(c.values, have) {
			return false
		}
	}
	return true
}

func (f filters[T]) values(thing T, tags tagSet, name string) []string {
	if key, ok := strings.CutPrefix(name, "tag:"); ok {
		if v, tagged := tags[key]; tagged {
			return []string{v}
		}
		return nil
	}
	if name == "tag-key" {
		return tags.keys()
	}
	return f[name](thing)
}

const (
	mostFilters = 50
	mostValues  = 200 // of one filter
)

// check refuses filters that the call does not have, that have no value, or that are too many.
func (f filters[T]) check(cs []condition) error {
	if len(cs) > mostFilters {
		return refuse("FilterLimitExceeded", "The request has %d filters, the maximum is %d.", len(cs), mostFilters)
	}
	for _, c := range cs {
		_, known := f[c.name]
		switch {
		case len(c.values) > mostValues:
			return refuse("FilterLimitExceeded", "The filter '%s' has %d values, the maximum is %d.", c.name,
				len(c.values), mostValues)
		case !known && !strings.HasPrefix(c.name, "tag:") && c.name != "tag-key":
			return invalidValue("The filter '%s' is invalid", c.name)
		case len(c.values) == 0:
			return invalidValue("The filter '%s' has no values", c.name)
		}
	}
	return nil
}

func anyMatch(patterns, values []string) bool {
	for _, p := range patterns {
		for _, v := range values {
			if matches(p, v) {
				return true
			}
		}
	}
	return false
}

// matches lets * stand for any characters and ? for one or none. A backslash escapes the next character.
func matches(pattern, value string) bool {
	if !strings.ContainsAny(pattern, `*?\`) {
		return pattern == value
	}
	letters := []rune(value)
	fits := make([]bool, len(letters)+1) // whether the pattern so far fits so many letters
	fits[0] = true
	escaped := false
	for _, p := range pattern {
		if p == '\\' && !escaped {
			escaped = true
			continue
		}
		fits = extend(fits, letters, p, escaped)
		escaped = false
	}
	return fits[len(letters)]
}

// extend returns the fits with one more character of the pattern.
func extend(fits []bool, letters []rune, p rune, escaped bool) []bool {
	next := make([]bool, len(fits))
	for i := range next {
		shorter := i > 0 && fits[i-1]
		switch {
		case escaped || p != '*' && p != '?':
			next[i] = shorter && letters[i-1] == p
		case p == '?':
			next[i] = fits[i] || shorter
		default:
			next[i] = fits[i] || i > 0 && next[i-1]
		}
	}
	return next
}

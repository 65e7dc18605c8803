package ec2

import (
	"strings"
)

// filters are the filters of one Describe call for things of type T: what a thing has under a filter's name.
type filters[T any] map[string]func(T) []string

// one makes a filter of a property that has a single value.
func one[T any](f func(T) string) func(T) []string {
	return func(t T) []string { return []string{f(t)} }
}

// never is a filter on what no thing here has.
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

// accept says whether a thing passes every condition. Values of a condition are alternatives, * and ? in them
// are wildcards, and all is case sensitive:
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

// check refuses filters that the call does not have, or that have no value.
func (f filters[T]) check(cs []condition) error {
	for _, c := range cs {
		_, known := f[c.name]
		switch {
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

// matches goes back to the last * when a later character does not fit, which keeps it linear for one *.
func matches(pattern, value string) bool {
	p, v, star, resume := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			resume++
			p, v = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Package pattern implements EventBridge's event pattern language for rules:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
// PutRule checks the length of patterns, this package doesn't.
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

// Pattern selects the events of a rule. The zero value matches every event; Parse never returns it.
type Pattern struct{ root object }

// Match reports whether the event, a JSON object, has everything that the pattern asks for.
func (p Pattern) Match(event []byte) bool {
	e, err := Read(event)
	return err == nil && p.MatchRead(e)
}

// Event is an event that was read once, to be held against many patterns.
type Event struct{ fields map[string]any }

// Read reads an event, a JSON object.
func Read(event []byte) (Event, error) {
	fields, err := decodeObject(event)
	return Event{fields}, err
}

// MatchRead is Match of an event that Read has returned.
func (p Pattern) MatchRead(e Event) bool { return p.root.matches(e.fields) }

// object is one level of a pattern: all fields must match, and one alternative of each $or.
type object struct {
	leaves   map[string]anyOf
	children map[string]object
	choices  [][]object
}

func (o object) matches(fields map[string]any) bool {
	for name, tests := range o.leaves {
		if !tests.match(leavesOf(fields[name], has(fields, name))) {
			return false
		}
	}
	for name, child := range o.children {
		if !child.matchesValue(fields[name]) {
			return false
		}
	}
	for _, alternatives := range o.choices {
		if !anyMatches(alternatives, fields) {
			return false
		}
	}
	return true
}

// matchesValue takes an array of objects as a match if one of its elements has all of the fields.
// Any other value that isn't an object has no fields, which {"exists": false} matches.
func (o object) matchesValue(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return o.matches(v)
	case []any:
		for _, element := range v {
			if o.matchesValue(element) {
				return true
			}
		}
		return len(v) == 0 && o.matches(nil)
	default:
		return o.matches(nil)
	}
}

func anyMatches(alternatives []object, fields map[string]any) bool {
	for _, alternative := range alternatives {
		if alternative.matches(fields) {
			return true
		}
	}
	return false
}

func has(fields map[string]any, name string) bool {
	_, found := fields[name]
	return found
}

// leavesOf lists the values that operators look at. An object and an empty array have none, and so
// count as absent: exists works on leaf nodes only.
func leavesOf(value any, present bool) []any {
	if !present {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		return nil
	case []any:
		var leaves []any
		for _, element := range v {
			leaves = append(leaves, leavesOf(element, true)...)
		}
		return leaves
	default:
		return []any{v}
	}
}

// decodeObject keeps numbers as they are written, because exact matching compares their spelling.
func decodeObject(data []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected text after the object")
	}
	if fields == nil {
		return nil, errors.New("must be an object, not null")
	}
	return undotted(fields), nil
}

// undotted nests names that dots join, at every depth: EventBridge doesn't distinguish the name a.b from
// a name b inside an a. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
func undotted(fields map[string]any) map[string]any {
	nested := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		put(nested, strings.Split(name, "."), undottedValue(fields[name]))
	}
	return nested
}

func undottedValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return undotted(v)
	case []any:
		for i := range v {
			v[i] = undottedValue(v[i])
		}
	}
	return value
}

// put puts the value where the path leads, beside what is there.
func put(into map[string]any, path []string, value any) {
	name, rest := path[0], path[1:]
	inner, isObject := into[name].(map[string]any)
	switch object, both := value.(map[string]any); {
	case len(rest) > 0 && !isObject:
		inner = map[string]any{}
		into[name] = inner
		fallthrough
	case len(rest) > 0:
		put(inner, rest, value)
	case both && isObject:
		maps.Copy(inner, object)
	default:
		into[name] = value
	}
}

// Package pattern is EventBridge's event pattern language, as rules on an event bus understand it:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
// The limit on a pattern's length belongs to PutRule and isn't checked here.
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Pattern says which events a rule is for. The zero value matches every event; Parse never returns it.
type Pattern struct{ root object }

// Match reports whether the event, a JSON object, has everything that the pattern asks for.
func (p Pattern) Match(event []byte) bool {
	fields, err := decodeObject(event)
	return err == nil && p.root.matches(fields)
}

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
// Whatever else isn't an object has no fields, which {"exists": false} is content with.
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
		return false
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
	return fields, nil
}

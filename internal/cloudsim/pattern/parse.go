package pattern

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxCombinations is the documented limit of the product of the lengths of one pattern's $or arrays.
const maxCombinations = 1000

// Parse parses a pattern. Its error names the place of the mistake, and the reason.
func Parse(data []byte) (Pattern, error) {
	fields, err := decodeObject(data)
	if err != nil {
		return Pattern{}, fmt.Errorf("parse event pattern: %w", err)
	}
	root, err := parseObject(fields)
	if err != nil {
		return Pattern{}, fmt.Errorf("parse event pattern: %w", err)
	}
	if n := root.combinations(); n > maxCombinations {
		return Pattern{}, fmt.Errorf("parse event pattern: $or makes more than %d rule combinations", maxCombinations)
	}
	return Pattern{root}, nil
}

// located is a mistake and the path of field names that leads to it.
type located struct {
	path []string
	err  error
}

func (l *located) Error() string { return strings.Join(l.path, ".") + ": " + l.err.Error() }

// at puts a field's name before the path of a mistake that was found below it.
func at(name string, err error) error {
	if inner, ok := errors.AsType[*located](err); ok {
		return &located{append([]string{name}, inner.path...), inner.err}
	}
	return &located{[]string{name}, err}
}

// parseObject is one level of names. EventBridge refuses an empty one at any depth.
func parseObject(fields map[string]any) (object, error) {
	if len(fields) == 0 {
		return object{}, errors.New("empty objects are not allowed")
	}
	o := object{leaves: map[string]anyOf{}, children: map[string]object{}}
	// In order of name, so that a pattern with two mistakes always gives the same message.
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := o.add(name, fields[name]); err != nil {
			return object{}, at(name, err)
		}
	}
	return o, nil
}

// add sorts a field by the kind of its value, which must be an array or an object.
func (o *object) add(name string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		child, err := parseObject(v)
		o.children[name] = child
		return err
	case []any:
		if name == "$or" && isChoice(v) {
			return o.addChoice(v)
		}
		tests, err := parseTests(v)
		o.leaves[name] = tests
		return err
	default:
		return errors.New("must be an object or an array")
	}
}

// isChoice distinguishes the operator $or from a field of that name: the operator has at least two alternatives, each
// an object of fields.
func isChoice(alternatives []any) bool {
	for _, a := range alternatives {
		fields, ok := a.(map[string]any)
		if !ok {
			return false
		}
		for name := range fields {
			if _, operator := operators[name]; operator {
				return false
			}
		}
	}
	return len(alternatives) > 1
}

// addChoice keeps the alternatives of one $or; an object can have only one, but nested objects their own.
func (o *object) addChoice(alternatives []any) error {
	var choice []object
	for _, a := range alternatives {
		fields, _ := a.(map[string]any)
		alternative, err := parseObject(fields)
		if err != nil {
			return err
		}
		choice = append(choice, alternative)
	}
	o.choices = append(o.choices, choice)
	return nil
}

// combinations stops counting beyond the limit, so that no pattern can make it overflow.
func (o object) combinations() int {
	n := 1
	for _, child := range o.children {
		n = min(n*child.combinations(), maxCombinations+1)
	}
	for _, alternatives := range o.choices {
		sum := 0
		for _, a := range alternatives {
			sum = min(sum+a.combinations(), maxCombinations+1)
		}
		n = min(n*sum, maxCombinations+1)
	}
	return n
}

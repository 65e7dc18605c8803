package policyfile

import (
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"
)

// intend reports keys with a typing error and single values in the place of a list, and then replaces them by the
// intended key or list. The values inside are checked in the same run.
func (r *reader) intend(e *element, s *jsonschema.Schema) {
	s = formOf(e, s)
	if s.Properties != nil && e.byKey != nil {
		r.intendKeys(e, s)
	}
	for _, child := range e.inside {
		if form := inside(s, child); form != nil {
			r.intendList(child, form)
			r.intend(child, form)
		}
	}
}

// intendKeys renames the keys that can only be meant for one that is missing.
func (r *reader) intendKeys(e *element, s *jsonschema.Schema) {
	for _, key := range unknownKeys(e, s) {
		known, found := meant(key.text(), keysOf(s))
		if !found || e.byKey[known] != nil {
			continue
		}
		r.add(key.at(), fmt.Sprintf("%s has no key %s", nameOf(e, s), inQuotes(key.text())),
			fmt.Sprintf("did you mean %s?", known))
		value := e.byKey[key.jsonKey()]
		delete(e.byKey, key.jsonKey())
		value.rename(known)
		e.byKey[known] = value
	}
}

// rename changes the name that messages use, also of the items of a list.
func (e *element) rename(name string) {
	e.name = name
	for _, item := range e.inside {
		if item.key == nil {
			item.rename(name)
		}
	}
}

// intendList turns a mapping into a list of it where the form is a list of mappings, and likewise text and numbers.
func (r *reader) intendList(e *element, form *jsonschema.Schema) {
	isPair := form.MinItems != nil && *form.MinItems > 1
	if form.Type != "array" || isPair {
		return
	}
	shape := e.shape()
	isScalar := shape == "string" || shape == "integer"
	isMappings := form.Items.Type == "object"
	switch {
	case isMappings && shape == "object":
		r.add(e.at(), quoted(e.name)+": the value is a mapping",
			"it must be a list: put a dash before each entry, or brackets around all")
	case !isMappings && isScalar && wordAdvice(e) == "":
		r.add(e.at(), fmt.Sprintf("%s: the value is %s", quoted(e.name), shapeNames[shape]),
			"it must be a list: put brackets around it, as in ["+exampleOf(form.Items)+"]")
	default:
		return
	}
	e.wrap()
}

// exampleOf returns a value from the message of a form: "write it like 10.0.0.0/16".
func exampleOf(form *jsonschema.Schema) string {
	text, _ := form.Extras[message].(string)
	_, example, found := strings.Cut(text, "write it like ")
	if !found {
		_, example, _ = strings.Cut(text, "write ")
	}
	example, _, _ = strings.Cut(example, " or ")
	example, _, _ = strings.Cut(example, ",")
	return example
}

// formOf returns the schema of the element's shape, where it depends on the shape.
func formOf(e *element, s *jsonschema.Schema) *jsonschema.Schema {
	switch {
	case s.If == nil:
		return s
	case e.shape() == s.If.Type:
		return s.Then
	}
	return s.Else
}

// nameOf returns the name of the element in messages.
func nameOf(e *element, s *jsonschema.Schema) string {
	switch {
	case s.Title != "":
		return strings.Replace(s.Title, "a department", quoted(e.name), 1)
	case e.key != nil:
		return quoted(e.name)
	}
	return e.name
}

package policyfile

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// explain reports the violations at the element and at those inside it. It only describes them: the schema
// alone decides which values are valid.
func (r *reader) explain(e *element, s *jsonschema.Schema) {
	if e.isUnknown {
		return
	}
	s = formOf(e, s)
	name := nameOf(e, s)
	for _, v := range e.violations {
		if !e.isPartial || isOfPresent(v) {
			r.refuse(e, s, name, v)
		}
	}
	for _, child := range e.inside {
		if child.key != nil && child.key.isRefused() {
			r.refuseValue(child.key, s.AllOf[0].PropertyNames, child.key.name, "string")
		}
		if form := inside(s, child); form != nil {
			r.explain(child, form)
		}
	}
}

// isOfPresent reports whether the violation concerns a present key, and not a missing one.
func isOfPresent(violation any) bool {
	_, found := violation.(*kind.AdditionalProperties)
	return found
}

// inside returns the schema of an element inside another one. It is nil for keys that the schema doesn't have.
func inside(s *jsonschema.Schema, e *element) *jsonschema.Schema {
	switch {
	case e.key == nil:
		return s.Items
	case s.Properties != nil:
		return s.Properties.Value(e.name)
	}
	return s.AdditionalProperties
}

func (r *reader) refuse(e *element, s *jsonschema.Schema, name string, violation any) {
	switch v := violation.(type) {
	case *kind.FalseSchema:
		r.refuseKey(e)
	case *kind.Required:
		r.refuseMissing(e, name, v.Missing)
	case *kind.AdditionalProperties:
		for _, key := range unknownKeys(e, s) {
			r.add(key.at(), fmt.Sprintf("%s has no key %s", name, inQuotes(key.text())), keyAdvice(e, s, key))
		}
	case *kind.MinProperties, *kind.MaxProperties, *kind.OneOf:
		r.refuseChoice(e, s, name)
	case *kind.DependentRequired:
		r.refuseNeed(e, v)
	case *kind.MinItems, *kind.MaxItems:
		r.refuseLength(e, s, name)
	case *kind.Type:
		r.refuseValue(e, s, name, v.Want...)
	case *kind.Enum:
		r.refuseValue(e, s, name, "string")
	default:
		r.refuseValue(e, s, name, e.shape())
	}
}

// refuseKey reports a key that another one excludes.
func (r *reader) refuseKey(e *element) {
	problem, fix := e.name+" is not allowed here", "leave it out"
	switch e.name {
	case "ports":
		problem, fix = "ports: given for protocol "+e.parent.byKey["protocol"].text(), "only tcp and udp have ports"
	case "types":
		problem, fix = "types: given for protocol "+e.parent.byKey["protocol"].text(), "only icmp and icmpv6 have types"
	case "cidrs":
		problem, fix = "cidrs: given for a range", "cidrs go with vpc; list further blocks under also"
	case "also":
		problem, fix = "also: given for a VPC", "also goes with within; list further blocks under cidrs"
	case "to", "except", "keep":
		problem, fix = e.name+": given beside tables: none, which leaves all routes to others",
			"remove the key "+e.name+", or choose tables"
	case "approval":
		if isMesh(e.parent) {
			return // the mistake is manage
		}
		problem, fix = fmt.Sprintf("approval: given, and %s accepts",
			thirdPartyThatAccepts(e.parent)), "leave approval out: autopeer accepts nothing here"
	}
	r.add(e.at(), problem, fix)
}

// isMesh reports whether the peering names one department twice. Then manage is a mistake in any case.
func isMesh(peering *element) bool {
	between := peering.byKey["between"]
	return between != nil && len(between.inside) == 2 && between.inside[0].text() == between.inside[1].text()
}

// thirdPartyThatAccepts describes the department that a peering names beside its requester.
func thirdPartyThatAccepts(peering *element) string {
	between, requester := peering.byKey["between"], peering.byKey["requester"].text()
	if between != nil && len(between.inside) == 2 {
		for i, side := range between.inside {
			if other := between.inside[1-i].text(); side.text() == requester && other != requester {
				return quoted(other) + ", the third party,"
			}
		}
	}
	return "the third party"
}

// keyAdvice returns the fix for an unknown key.
func keyAdvice(e *element, s *jsonschema.Schema, key *element) string {
	if known, found := meant(key.text(), keysOf(s)); found && e.byKey[known] != nil {
		return fmt.Sprintf("remove it, or move its content to %s in line %d", known, e.byKey[known].key.at().line)
	}
	if example := choiceExample(e, s); example != "" && len(knownKeys(e, s)) == 0 {
		return "it can be " + suggest.Alternatives(keysOf(s)) + ", as in " + example
	}
	return suggest.Fix(key.text(), keysOf(s))
}

// refuseMissing reports the missing keys.
func (r *reader) refuseMissing(e *element, name string, missing []string) {
	for _, key := range missing {
		r.add(e.at(), fmt.Sprintf("%s has no %s", name, key), "add the key "+key)
	}
}

// refuseNeed reports manage without requester. In a mesh both are mistakes.
func (r *reader) refuseNeed(e *element, v *kind.DependentRequired) {
	if isMesh(e) {
		return
	}
	r.add(e.byKey[v.Prop].at(), fmt.Sprintf("%s: given without %s, so the third party can't be determined",
		v.Prop, v.Missing[0]),
		"add the key "+v.Missing[0]+" with the department that requests the connections")
}

// refuseChoice reports keys that don't go together. A key that is missing beside an unknown one isn't reported,
// because the unknown one may be meant for it.
func (r *reader) refuseChoice(e *element, s *jsonschema.Schema, name string) {
	choices := keysOf(s)
	if len(s.OneOf) > 0 {
		choices = []string{s.OneOf[0].Required[0], s.OneOf[1].Required[0]}
	}
	found := slices.DeleteFunc(slices.Clone(choices), func(key string) bool { return e.byKey[key] == nil })
	switch {
	case len(found) == 0 && len(unknownKeys(e, s)) > 0:
	case len(found) > 0:
		r.add(e.at(), fmt.Sprintf("%s has %d keys that exclude each other", name, len(found)),
			"keep only "+suggest.Alternatives(found))
	case len(choices) == 0 && e.name == "departments":
		r.add(e.at(), name+": the mapping is empty",
			"give it a department; only a file that lists cells under retired may have none")
	case len(choices) == 0:
		r.add(e.at(), name+": the mapping is empty", "give it an entry or leave the key out")
	case len(s.OneOf) == 0 && s.MaxProperties == nil:
		r.add(e.at(), name+": the mapping is empty",
			"give it "+suggest.Alternatives(choices)+", or leave "+quoted(e.name)+" out")
	default:
		r.add(e.at(), name+" lacks a required key", "give it "+suggest.Alternatives(choices))
	}
}

// unknownKeys returns the keys that the schema doesn't have.
func unknownKeys(e *element, s *jsonschema.Schema) []*element {
	var unknown []*element
	for _, child := range e.inside {
		if inside(s, child) == nil {
			unknown = append(unknown, child.key)
		}
	}
	return unknown
}

// knownKeys returns the keys that the element has and the schema knows.
func knownKeys(e *element, s *jsonschema.Schema) []string {
	return slices.DeleteFunc(keysOf(s), func(key string) bool { return e.byKey[key] == nil })
}

func keysOf(s *jsonschema.Schema) []string {
	if s.Properties == nil {
		return nil
	}
	return slices.Collect(s.Properties.KeysFromOldest())
}

func (r *reader) refuseLength(e *element, s *jsonschema.Schema, name string) {
	if s.MaxItems != nil {
		problem, fix := fmt.Sprintf("%s: names %d departments", name, len(e.inside)), "a peering is between two"
		if len(e.inside) == 1 {
			problem = name + ": names one department"
			fix += "; to connect the VPCs of one department with one another, name it twice"
		}
		r.add(e.at(), problem, fix)
		return
	}
	r.add(e.at(), name+": the list is empty", "give it an item or leave the key out")
}

// shapeNames has the names of the shapes in messages.
var shapeNames = map[string]string{
	"object": "a mapping", "array": "a list", "string": "text", "integer": "a number", "boolean": "true or false",
	"block": "a block of text", "null": "empty",
}

// shapeHints follow the names for shapes that have no message of their own.
var shapeHints = map[string]string{"object": " of keys to values"}

// refuseValue reports a value of another shape than the allowed ones, or of the wrong form.
func (r *reader) refuseValue(e *element, s *jsonschema.Schema, name string, allowed ...string) {
	shape := e.shape()
	isBare := shape == "integer" || shape == "boolean"
	problem, fix := wrongForm(e, s)
	switch {
	case slices.Contains(allowed, shape), isBare && len(s.Enum) > 0:
	case isBare && s.Pattern == peering.AccountPattern:
		problem, fix = unquoted(e.text())
	case isBare && slices.Contains(allowed, "string"):
		problem = fmt.Sprintf("is %s to YAML", shapeNames[shape])
		if regexp.MustCompile(s.Pattern).MatchString(e.text()) {
			fix = fmt.Sprintf("for text put it in quotes: %q", e.text())
		}
	default:
		r.add(e.at(), shapeProblem(e, s, name), shapeAdvice(e, s, allowed, fix))
		return
	}
	r.add(e.at(), e.problem(problem), fix)
}

// shapeProblem returns the problem of a value of another shape than the allowed ones.
func shapeProblem(e *element, s *jsonschema.Schema, name string) string {
	if s.Title != "" || e.parent == nil {
		return name + " is " + shapeNames[e.shape()]
	}
	return name + ": the value is " + shapeNames[e.shape()]
}

// shapeAdvice returns the fix for a value of another shape than the allowed ones. The form has a fix for values of
// its shape.
func shapeAdvice(e *element, s *jsonschema.Schema, allowed []string, fix string) string {
	switch {
	case len(s.Enum) > 0:
		return fix
	case allowed[0] == "boolean":
		return booleanAdvice(e)
	case allowed[0] == "array":
		return listAdvice(e, s)
	case choiceExample(e, s) != "":
		return choiceAdvice(e, s)
	}
	var names []string
	for _, a := range allowed {
		names = append(names, shapeNames[a])
	}
	return "it must be " + suggest.Alternatives(names) + cmp.Or(shapeHints[allowed[0]], ": "+fix)
}

// wrongForm returns the problem of a value that the schema refuses, and the fix.
func wrongForm(e *element, s *jsonschema.Schema) (problem, fix string) {
	text := e.text()
	schemaMessage, _ := s.Extras[message].(string)
	isID := isGroup(text) || isPrefixList(text)
	switch {
	case len(s.Enum) > 0:
		return "is not known", enumAdvice(e, s)
	case s.Pattern == sourcePattern && isID:
		return "has the wrong form", fmt.Sprintf("write it like %s-0a1b2c3d4e5f60001", text[:2])
	case s.Pattern == sourcePattern && strings.ContainsAny(text, "./:"), s.Pattern == cidrPattern:
		return wrongBlock(text)
	}
	problem, fix = split(schemaMessage)
	return problem, cmp.Or(wordAdvice(e), fix)
}

func wrongBlock(text string) (problem, fix string) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return "has no prefix length", fmt.Sprintf("a single address is %s/%d", text, a.BitLen())
	}
	return split(notCIDR)
}

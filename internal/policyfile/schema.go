package policyfile

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

//go:generate go test -run TestSchemaInDocsIsFresh . -update

// Schema returns the JSON Schema (draft 2020-12) of the file, for editors. It knows the form of every
// value but not how values fit together: what the schema takes, Parse may still refuse.
func Schema() ([]byte, error) {
	s := reflector().ReflectFromType(reflect.TypeFor[document]())
	s.Title = "autopeer policy"
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return append(data, '\n'), nil
}

func reflector() *jsonschema.Reflector {
	return &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true,
		Anonymous: true, DoNotReference: true, ExpandedStruct: true,
	}
}

// schemaOf returns the schema of a part, to be put into that of the whole.
func schemaOf[T any]() *jsonschema.Schema {
	s := reflector().ReflectFromType(reflect.TypeFor[T]())
	s.Version = ""
	return s
}

// JSONSchema says how T is written.
func (scalar[T]) JSONSchema() *jsonschema.Schema {
	k := kindOf[T]()
	var forms []*jsonschema.Schema
	for _, shape := range k.yaml {
		forms = append(forms, k.form(shape))
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return &jsonschema.Schema{OneOf: forms}
}

func (k kind[T]) form(shape string) *jsonschema.Schema {
	switch shape {
	case isBool:
		return &jsonschema.Schema{Type: "boolean"}
	case isNumber:
		return &jsonschema.Schema{Type: "integer", Minimum: k.least, Maximum: k.most}
	}
	s := &jsonschema.Schema{Type: "string", Pattern: k.pattern}
	for _, w := range k.words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// JSONSchema says that the list holds Ts.
func (list[T]) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: schemaOf[T]()}
}

// JSONSchema says that the list holds at least one T.
func (some[T]) JSONSchema() *jsonschema.Schema {
	s := list[T]{}.JSONSchema()
	s.MinItems = new(uint64(1))
	return s
}

// JSONSchema says that the mapping has at least one entry.
func (table[K, V]) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", PropertyNames: scalar[K]{}.JSONSchema(), AdditionalProperties: schemaOf[V](),
		MinProperties: new(uint64(1)),
	}
}

// JSONSchema says that there are two different departments.
func (pair) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "array", Items: schemaOf[scalar[name]](), UniqueItems: true,
		MinItems: new(uint64(2)), MaxItems: new(uint64(2)),
	}
}

// JSONSchema says that it is a word or a choice.
func (tables) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{tables{}.scope.JSONSchema(), schemaOf[tableChoice]()}}
}

// JSONSchemaExtend adds that a member has either vpc or within, and cidrs only with vpc.
func (member) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = exactlyOne("vpc", "within")
	s.DependentRequired = map[string][]string{"cidrs": {"vpc"}}
}

// JSONSchemaExtend adds that there is a key.
func (limits) JSONSchemaExtend(s *jsonschema.Schema) { s.MinProperties = new(uint64(1)) }

// JSONSchemaExtend adds that there is a key.
func (sideRoutes) JSONSchemaExtend(s *jsonschema.Schema) { s.MinProperties = new(uint64(1)) }

// JSONSchemaExtend adds that exactly one key is there.
func (tableChoice) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = exactlyOne("ids", "tags", "subnets")
}

// JSONSchemaExtend adds that exactly one key is there.
func (subnetChoice) JSONSchemaExtend(s *jsonschema.Schema) { s.OneOf = exactlyOne("ids", "tags") }

// JSONSchemaExtend adds that exactly one key is there.
func (groupChoice) JSONSchemaExtend(s *jsonschema.Schema) { s.OneOf = exactlyOne("ids", "tags") }

// JSONSchemaExtend adds that manage needs requester, and that nobody approves where a third party accepts.
func (entry) JSONSchemaExtend(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"manage": {"requester"}}
	s.Not = oneOf("manage", peering.Requester)
	s.Not.Required = []string{"manage", "approval"}
}

// JSONSchemaExtend adds that only tcp and udp have ports, and only icmp and icmpv6 types.
func (allow) JSONSchemaExtend(s *jsonschema.Schema) {
	s.AllOf = []*jsonschema.Schema{
		{If: &jsonschema.Schema{Required: []string{"ports"}}, Then: oneOf("protocol", peering.TCP, peering.UDP)},
		{If: &jsonschema.Schema{Required: []string{"types"}}, Then: oneOf("protocol", peering.ICMP, peering.ICMPv6)},
	}
}

// oneOf says that the key, where it is there, has one of the words.
func oneOf[T any](key string, words ...T) *jsonschema.Schema {
	allowed := &jsonschema.Schema{}
	for _, w := range words {
		allowed.Enum = append(allowed.Enum, w)
	}
	properties := jsonschema.NewProperties()
	properties.Set(key, allowed)
	return &jsonschema.Schema{Properties: properties}
}

func exactlyOne(keys ...string) []*jsonschema.Schema {
	var forms []*jsonschema.Schema
	for _, k := range keys {
		forms = append(forms, &jsonschema.Schema{Required: []string{k}})
	}
	return forms
}

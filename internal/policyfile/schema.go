package policyfile

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/invopop/jsonschema"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// SchemaID is the address of the published schema, which editors can read it from.
const SchemaID = "https://raw.githubusercontent.com/autopeer/autopeer/main/docs/policy.schema.json"

//go:generate go test -run TestSchemaInDocsIsFresh . -update

// Schema returns the JSON Schema (draft 2020-12) of the file, with which Parse and editors check the form of every
// value. The schema can't express relations between values, so Parse may refuse a file that the schema allows. The
// error has no fault class. No policy file causes one.
func Schema() ([]byte, error) {
	s := *form()
	s.Version, s.ID, s.Title = jsonschema.Version, SchemaID, "autopeer policy"
	data, err := json.MarshalIndent(&s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return append(data, '\n'), nil
}

// form returns the schema as it is generated from the types of the document.
var form = sync.OnceValue(schemaOf[document])

func schemaOf[T any]() *jsonschema.Schema {
	reflector := jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true,
		Anonymous: true, DoNotReference: true, ExpandedStruct: true,
	}
	s := reflector.ReflectFromType(reflect.TypeFor[T]())
	s.Version = ""
	return s
}

// JSONSchema returns the form of a T.
func (scalar[T]) JSONSchema() *jsonschema.Schema {
	s := forms[reflect.TypeFor[T]()]
	return &s
}

// JSONSchema allows Ts.
func (list[T]) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: schemaOf[T]()}
}

// JSONSchema requires a T.
func (some[T]) JSONSchema() *jsonschema.Schema {
	s := list[T]{}.JSONSchema()
	s.MinItems = new(uint64(1))
	return s
}

// JSONSchema requires an entry. The form of the keys is stated inside allOf because of the validator: see attach.
func (table[K, V]) JSONSchema() *jsonschema.Schema {
	key := forms[reflect.TypeFor[K]()]
	key.Type = "" // a key is text anyway
	return &jsonschema.Schema{
		Type: "object", AdditionalProperties: schemaOf[V](), MinProperties: new(uint64(1)),
		AllOf: []*jsonschema.Schema{{Description: "The form of the keys.", PropertyNames: &key}},
	}
}

// JSONSchema requires two departments, which may be the same.
func (pair) JSONSchema() *jsonschema.Schema {
	s := list[scalar[name]]{}.JSONSchema()
	s.MinItems, s.MaxItems = new(uint64(2)), new(uint64(2))
	return s
}

// JSONSchema allows a word or a choice.
func (tables) JSONSchema() *jsonschema.Schema {
	choice := schemaOf[tableChoice]()
	choice.Type = "" // that is the condition
	choice.Description = "A choice of route tables, by exactly one of the keys."
	return &jsonschema.Schema{If: &jsonschema.Schema{Type: "object"}, Then: choice, Else: tables{}.scope.JSONSchema()}
}

// JSONSchemaExtend requires a department, except in a file with retired cells, which may be the last ones.
func (document) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Description = "The departments whose VPCs may be connected, and the traffic that may flow between them."
	departments := s.Properties.Value("departments")
	departments.MinProperties = nil
	departments.AdditionalProperties.Description = "The members of the department: single VPCs, and ranges of them."
	s.AllOf = append(s.AllOf, &jsonschema.Schema{
		Description: "Only a file that lists cells under retired may have no department.",
		If:          &jsonschema.Schema{Required: []string{"retired"}},
		Else:        object("departments", &jsonschema.Schema{MinProperties: new(uint64(1))}),
	})
}

// JSONSchemaExtend requires either vpc or within, and allows cidrs only with vpc and also only with within.
func (member) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Title, s.Description = "a member of a department",
		"One VPC of an account and Region, or every VPC there inside a range."
	s.OneOf = []*jsonschema.Schema{
		{Description: "One VPC.", Required: []string{"vpc"}},
		{Description: "Every VPC inside a range.", Required: []string{"within"}},
	}
	forbid(s, "cidrs", "cidrs go with vpc only.", object("vpc", jsonschema.FalseSchema, "within"))
	forbid(s, "also", "also goes with within only.", object("within", jsonschema.FalseSchema, "vpc"))
}

// JSONSchemaExtend gives it a name.
func (retirement) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Title, s.Description = "a retired cell", "An account in a Region that is about to leave the file."
}

// JSONSchemaExtend requires requester with manage, and forbids approval where the third party accepts.
func (entry) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Title, s.Description = "a peering",
		"Two departments that may be connected, or one whose VPCs may be connected with one another."
	s.DependentRequired = map[string][]string{"manage": {"requester"}}
	forbid(s, "approval", "Where a third party accepts, there is no approval.", oneOf("manage", peering.Requester))
}

// JSONSchemaExtend allows ports only for tcp and udp, and types only for icmp and icmpv6.
func (allow) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Title, s.Description = "an allow entry", "Traffic in one direction that security groups admit."
	forbid(s, "ports", "Only tcp and udp have ports.", oneOf("protocol", peering.ICMP, peering.ICMPv6, allProtocols))
	forbid(s, "types", "Only icmp and icmpv6 have types.", oneOf("protocol", peering.TCP, peering.UDP, allProtocols))
}

// JSONSchemaExtend requires a key.
func (limits) JSONSchemaExtend(s *jsonschema.Schema) { s.MinProperties = new(uint64(1)) }

// JSONSchemaExtend requires a key, and forbids destinations of no tables.
func (sideRoutes) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Title, s.MinProperties = "routes of a department", new(uint64(1))
	s.Description = "The route tables of the department, and the blocks that they lead to."
	forbid(s, "to", "Without tables there are no destinations.", oneOf("tables", policy.NoTables))
	forbid(s, "except", "Without tables there are no exclusions.", oneOf("tables", policy.NoTables))
	forbid(s, "keep", "Without tables no route is in the way.", oneOf("tables", policy.NoTables))
}

// JSONSchemaExtend requires exactly one key.
func (choice) JSONSchemaExtend(s *jsonschema.Schema) {
	s.MinProperties, s.MaxProperties = new(uint64(1)), new(uint64(1))
}

// forbid adds that the key is not given where the condition holds.
func forbid(s *jsonschema.Schema, key, description string, condition *jsonschema.Schema) {
	s.AllOf = append(s.AllOf, &jsonschema.Schema{
		Description: description, If: condition, Then: object(key, jsonschema.FalseSchema),
	})
}

// oneOf is the condition that the key is given with one of the values.
func oneOf[T ~string](key string, values ...T) *jsonschema.Schema {
	form := enumForm(values...)
	return object(key, &form, key)
}

// object returns the schema of mappings that have the required keys and, if they have the key, its form.
func object(key string, form *jsonschema.Schema, required ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Properties: jsonschema.NewProperties(), Required: required}
	s.Properties.Set(key, form)
	return s
}

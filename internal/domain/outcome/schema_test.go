package outcome_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

var update = flag.Bool("update", false, "rewrite docs/events.schema.json")

const schemaFile = "../../../docs/events.schema.json"

// TestSchema: the schema is made from the Go type, and open, since fields may be added.
func TestSchema(t *testing.T) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true}
	s := reflector.Reflect(&outcome.Outcome{})
	s.Title = "The detail of an event of source autopeer, version 1"
	want, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go test ./internal/domain/outcome -update", schemaFile)
	}
}

func TestOutcomesConformToTheSchema(t *testing.T) {
	schema, err := validate.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]outcome.Outcome{
		"everything": full(),
		"the least":  outcome.Outcome{Type: outcome.Disconnected, Connection: "pcx-1"}.Because("not-visible", "gone"),
	} {
		data, err := json.Marshal(o.Sealed(now))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(decoded(t, data)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	if err := schema.Validate(decoded(t, []byte(`{"version":"one"}`))); err == nil {
		t.Error("the schema lets everything pass")
	}
}

func decoded(t *testing.T, data []byte) any {
	t.Helper()
	value, err := validate.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

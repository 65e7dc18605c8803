package policyfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/autopeer/autopeer/internal/policyfile"
)

const schemaFile = "../../docs/policy.schema.json"

// unseen are the bad files that a schema takes, because it sees the form of each value and not how values
// fit together, and because YAML is gone before it looks.
var unseen = []string{
	// the writing: quotes, and keys and notations that only YAML has
	"duplicate-department", "duplicate-key", "port-with-leading-zero", "two-documents", "yaml-tag",
	"account-unquoted-leading-zero", "anchor-and-alias",
	// arithmetic on addresses and ports
	"cidr-prefix-too-long", "cidr-host-bits", "cidr-host-bits-ipv6", "cidr-ipv4-in-ipv6", "cidr-malformed",
	"destination-host-bits", "exclusion-malformed", "ports-reversed", "ports-overlap",
	"icmp-from-ipv6", "icmpv6-from-ipv4",
	// references
	"allow-from-is-to", "allow-undefined", "allow-without-part", "between-undefined",
	"between-undefined-among-many", "requester-undefined",
	"requester-without-part", "routes-undefined", "routes-without-part", "peering-of-no-departments",
	"manage-where-requester-is-undefined", "third-party-of-one-another", "third-party-twice-and-once-not",
	"third-party-only-here", "third-party-with-routes",
	"third-party-with-rules", "source-group-of-another-region",
	// duplicates and overlaps
	"allow-twice", "allow-twice-with-types", "cidrs-inside-one-another", "cidrs-listed-twice",
	"declared-inside-another-range", "group-id-twice",
	"peering-of-overlapping-blocks", "peering-twice", "ranges-of-one-department-overlap",
	"range-inside-a-later-range", "ranges-of-two-departments-overlap", "ranges-of-two-departments-overlap-in-ipv6",
	"source-outside", "source-outside-also", "source-twice", "source-group-twice", "source-prefix-list-twice",
	"source-wider-than-department",
	"destination-twice", "destination-inside-another", "destination-excluded", "destination-with-an-exclusion-inside",
	"destination-outside", "destination-outside-a-range", "destination-of-the-own-department",
	"destination-wider-than-department",
	"exclusion-inside-another", "exclusion-of-a-part", "subnet-id-twice",
	"kept-route-outside", "kept-route-in-no-destination", "kept-route-that-is-a-destination",
	"kept-route-of-a-block", "kept-route-excluded",
	"kept-route-twice",
	"tables-id-twice", "types-inside-one-another", "types-twice", "vpc-in-two-departments", "vpc-twice-in-a-department",
	"mode-enforce-in-a-file-that-reports",
	// one department with itself
	"manage-in-a-peering-with-itself", "mesh-across-partitions", "mesh-of-a-third-party",
	"mesh-of-an-undefined-department",
	"mesh-of-overlapping-blocks", "mesh-twice", "mesh-with-a-source-group-of-another-region",
	"mesh-with-requester", "mesh-with-routes",
	"region-of-no-partition", "region-near-none", "everything-is-near", "advice-repeats-no-typing-error",
	"peering-across-partitions", "retired-twice", "retired-with-a-member",
	// evidence
	"tags-none-and-not-adopted", "tags-none-without-evidence",
}

func TestSchemaInDocsIsFresh(t *testing.T) {
	t.Parallel()
	fresh, err := policyfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, fresh, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(stored), string(fresh)); diff != "" {
		t.Errorf("%s is stale, run go generate ./internal/policyfile (-stored +fresh):\n%s", schemaFile, diff)
	}
}

// TestEveryNodeOfTheSchemaIsDescribed, so that editors explain every value and key. Conditions (if, and then and else
// of an entry of allOf) only refer to values that are described elsewhere.
func TestEveryNodeOfTheSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	data, err := policyfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	if document["$id"] != policyfile.SchemaID {
		t.Errorf("$id = %v, want %s", document["$id"], policyfile.SchemaID)
	}
	if n := describedNodes(t, "", document); n < 60 {
		t.Errorf("the schema has %d nodes, want at least 60", n)
	}
}

// describedNodes reports the schemas at the path and below it that have no description, and returns the number of all.
func describedNodes(t *testing.T, path string, schema any) int {
	t.Helper()
	form, isForm := schema.(map[string]any)
	if !isForm {
		return 0 // true or false
	}
	if text, _ := form["description"].(string); !strings.HasSuffix(text, ".") {
		t.Errorf("%s/ has the description %q, want a sentence", path, text)
	}
	n := 1
	for keyword, value := range form {
		below := path + "/" + keyword
		switch keyword {
		case "properties":
			for key, form := range value.(map[string]any) {
				n += describedNodes(t, below+"/"+key, form)
			}
		case "allOf", "oneOf":
			for i, form := range value.([]any) {
				n += describedNodes(t, fmt.Sprintf("%s/%d", below, i), form)
			}
		case "items", "additionalProperties", "propertyNames":
			n += describedNodes(t, below, value)
		case "then", "else":
			if !strings.Contains(path, "/allOf/") {
				n += describedNodes(t, below, value)
			}
		}
	}
	return n
}

func TestSchemaTakesGoodFiles(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for name, data := range corpus(t, "good", 8) {
		if err := validate(schema, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesBadFilesExceptUnseenMistakes(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	files := corpus(t, "bad", 40)
	for name, data := range files {
		err := validate(schema, data)
		if isUnseen := slices.Contains(unseen, name); isUnseen != (err == nil) {
			t.Errorf("%s: the schema returns %v, listed as unseen: %t", name, err, isUnseen)
		}
	}
	for _, name := range unseen {
		if _, found := files[name]; !found {
			t.Errorf("%s is listed as unseen and isn't there", name)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := policyfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("policy.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate checks YAML against the schema as an editor does, as JSON.
func validate(schema *jsonschema.Schema, data []byte) error {
	var document any
	if err := yaml.UnmarshalWithOptions(data, &document, yaml.AllowDuplicateMapKey()); err != nil {
		return err
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

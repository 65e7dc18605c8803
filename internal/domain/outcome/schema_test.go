package outcome_test

import (
	"bytes"
	"cmp"
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
	s.Description = "The outcome of a request, or a change of a connection. A repetition has the same id."
	describe(t, "Outcome", s)
	for name, definition := range s.Definitions {
		describe(t, name, definition)
	}
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

// describe adds the descriptions that editors show. Every property needs one.
func describe(t *testing.T, name string, s *jsonschema.Schema) {
	t.Helper()
	s.Description = cmp.Or(s.Description, descriptions[name])
	if s.Description == "" {
		t.Errorf("%s has no description", name)
	}
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		pair.Value.Description = descriptions[name+"."+pair.Key]
		if pair.Value.Description == "" {
			t.Errorf("%s.%s has no description", name, pair.Key)
		}
	}
}

// descriptions has a description for each type, and for each of its properties.
var descriptions = map[string]string{
	"Outcome.version":      "The version of this format.",
	"Outcome.id":           "The same for each repetition of an event.",
	"Outcome.connection":   "The ID of the peering connection.",
	"Outcome.cell":         "The cell that publishes the event.",
	"Outcome.side":         "requester or accepter; missing if the event is about the whole connection.",
	"Outcome.requester":    "The requester's VPC; missing if EC2 no longer shows the connection.",
	"Outcome.accepter":     "The accepter's VPC; missing if EC2 no longer shows the connection.",
	"Outcome.peering":      "The entry of the policy file that matched; missing if none did.",
	"Outcome.reason":       "The reason of the outcome.",
	"Outcome.state":        "The routes and ingress rules that exist now, as sentences.",
	"Outcome.changes":      "The changes that were made, as sentences; missing on a repetition.",
	"Outcome.conflicts":    "The routes that conflict with wanted routes.",
	"Outcome.shortages":    "The quotas that don't suffice.",
	"Outcome.notes":        "A sentence for each part of the policy that the side lacks although it is connected.",
	"Outcome.obstructions": "The network ACL rules that deny traffic which the policy allows.",
	"Outcome.removals":     "The removals of routes and rules that wait for the consent of a person, as sentences.",
	"Outcome.additions":    "The other changes that wait for the consent of a person, as sentences.",
	"Outcome.repair":       "The function that repairs the drift.",
	"Outcome.wanted":       "The changes that the repair has to make, as sentences.",
	"Outcome.next":         "The next step for a person.",
	"Outcome.foundAt": "The time at which a sweep found the difference, or the end of an obstacle; " +
		"of a reported edit, the time of the edit.",
	"Outcome.editedBy":            "The principals whose edits were repaired: ARNs, or names of AWS services.",
	"Outcome.requestedAt":         "The time of the request, if an event reported it.",
	"Outcome.secondsSinceRequest": "The seconds since the request, if its time is known.",
	"Outcome.repeated":            "Whether a scheduled sweep has the outcome announced again.",
	"Outcome.omitted":             "The number of entries left out of lists that were too long, by field.",

	"Cell":         "An account and Region in which autopeer runs.",
	"Cell.account": "The ID of the account.",
	"Cell.region":  "The Region.",

	"Party":            "One of the two VPCs of the connection.",
	"Party.department": "The department of the VPC; missing if the policy has none for it.",
	"Party.account":    "The ID of the account that owns the VPC.",
	"Party.region":     "The Region of the VPC.",
	"Party.vpc":        "The ID of the VPC.",

	"Entry":         "The place of a peering in the policy file.",
	"Entry.between": "The two departments.",
	"Entry.file":    "The name of the policy file.",
	"Entry.line":    "The line of the entry.",

	"Reason":          "A code for programs and a sentence for people.",
	"Reason.code":     "The code, which keeps its meaning.",
	"Reason.sentence": "The sentence, which may be reworded.",

	"Conflict":             "A route that conflicts with a wanted route. autopeer never replaces it.",
	"Conflict.routeTable":  "The ID of the route table.",
	"Conflict.destination": "The destination of the route: a block, or the ID of a prefix list that EC2 doesn't show.",
	"Conflict.target":      "The target of the route.",
	"Conflict.wanted":      "The wanted target: the peering connection.",
	"Conflict.overlaps":    "The wanted destination, if it differs from that of the route.",
	"Conflict.blackhole":   "Whether the target of the route isn't available.",

	"Shortage":          "A quota of AWS that doesn't suffice.",
	"Shortage.resource": "The ID of the VPC, the route table or the security group.",
	"Shortage.of":       "The resources that the quota counts, in words.",
	"Shortage.quota":    "The quota as a code: peerings, routes-ipv4, routes-ipv6, rules-ipv4 or rules-ipv6.",
	"Shortage.have":     "The number of resources that exist.",
	"Shortage.need":     "The number of resources that are needed in addition.",
	"Shortage.limit":    "The quota.",

	"Obstruction":            "A network ACL rule that denies traffic which the policy allows. autopeer never edits it.",
	"Obstruction.networkAcl": "The ID of the network ACL.",
	"Obstruction.rule":       "The number of the rule, or * for the last one, which denies the rest.",
	"Obstruction.sentence":   "The traffic that is denied, as a sentence.",
	"Obstruction.remedy":     "The change that ends the obstruction.",
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

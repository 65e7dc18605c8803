package cell

import "encoding/json"

// statement is one statement of a policy document. Action and Resource are a string or a list of them.
type statement struct {
	Sid       string
	Effect    string
	Principal any `json:",omitempty"`
	Action    any
	Resource  any       `json:",omitempty"`
	Condition condition `json:",omitempty"`
}

// condition maps operators to keys to the value or values that are wanted.
type condition map[string]map[string]any

// allow is the beginning of most statements.
func allow(sid string, action, resource any) statement {
	return statement{Sid: sid, Effect: "Allow", Action: action, Resource: resource}
}

func (s statement) by(principal any) statement {
	s.Principal = principal
	return s
}

// when adds a condition to the existing ones.
func (s statement) when(operator, key string, values any) statement {
	all := condition{operator: {key: values}}
	for op, keys := range s.Condition {
		if all[op] == nil {
			all[op] = map[string]any{}
		}
		for k, v := range keys {
			all[op][k] = v
		}
	}
	s.Condition = all
	return s
}

// eventBridge is the first part of EventBridge's service principal.
const eventBridge = "events"

func service(name string) map[string]any { return map[string]any{"Service": name + ".amazonaws.com"} }

// onlyTLS denies requests that aren't encrypted in transit.
func onlyTLS(actions, resource any) statement {
	return statement{Sid: "OnlyEncryptedTransport", Effect: "Deny", Action: actions, Resource: resource}.
		by("*").when("Bool", "aws:SecureTransport", "false")
}

func document(statements []statement) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": plain(statements)}
}

// plain converts a value of this package to JSON's basic types, which the CDK requires.
func plain(value any) any {
	var out any
	_ = json.Unmarshal(encoded(value), &out) // it has just been encoded
	return out
}

// encoded returns the JSON of maps, lists and strings, which always have one.
func encoded(value any) []byte {
	data, _ := json.Marshal(value)
	return data
}

// size counts as IAM and EventBridge do: the characters of the document without white space.
func size(statements []statement) int { return len(encoded(document(statements))) }

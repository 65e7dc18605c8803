// Package iam implements the embedded cloud's IAM: policy documents, their evaluation, and the roles of all accounts.
// It refuses to parse anything that it doesn't know, so that no condition is silently ignored.
package iam

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Policy is a parsed document. The zero value has no statements: it neither allows nor denies.
type Policy struct {
	statements []statement
	text       string
}

// String returns the document as it was parsed, empty for the zero value.
func (p Policy) String() string { return p.text }

// statement has the elements of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
type statement struct {
	Sid         string
	Effect      string
	Principal   principal
	Action      oneOrMany
	NotAction   oneOrMany
	Resource    oneOrMany
	NotResource oneOrMany
	Condition   map[string]map[string]oneOrMany

	tests []test // the parsed Condition
}

// ParseIdentity checks a policy of a role: it has no principals, and names resources.
func ParseIdentity(document []byte) (Policy, error) {
	return parse(document, func(s *statement) error {
		switch {
		case !s.Principal.empty():
			return errors.New("an identity-based policy has no principal")
		case len(s.Resource)+len(s.NotResource) == 0:
			return errors.New("resource is required")
		}
		return nil
	})
}

// ParseResource checks a policy of a queue or an event bus, or the trust policy of a role: it names principals.
func ParseResource(document []byte) (Policy, error) {
	return parse(document, func(s *statement) error {
		if s.Principal.empty() {
			return errors.New("principal is required")
		}
		return nil
	})
}

func parse(document []byte, check func(*statement) error) (Policy, error) {
	var d struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strict(document, &d); err != nil {
		return Policy{}, fmt.Errorf("parse policy: %w", err)
	}
	raws, err := statements(d.Statement)
	if err != nil {
		return Policy{}, fmt.Errorf("parse policy: %w", err)
	}
	p := Policy{text: string(document)}
	for i, raw := range raws {
		s, err := parseStatement(raw)
		if err == nil {
			err = check(&s)
		}
		if err != nil {
			return Policy{}, fmt.Errorf("parse policy: statement %s: %w", nameOf(raw, i), err)
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

// statements takes a list and, as IAM does, also a single statement without one.
func statements(raw json.RawMessage) ([]json.RawMessage, error) {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return []json.RawMessage{raw}, nil
	}
	var all []json.RawMessage
	err := json.Unmarshal(raw, &all)
	return all, err
}

// nameOf is how a mistake is found again: by the statement's Sid, or by its number.
func nameOf(raw json.RawMessage, i int) string {
	var s struct{ Sid string }
	_ = json.Unmarshal(raw, &s) // its mistakes were reported before
	return cmp.Or(s.Sid, strconv.Itoa(i+1))
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func parseStatement(raw json.RawMessage) (statement, error) {
	var s statement
	if err := strict(raw, &s); err != nil {
		return s, err
	}
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return s, errors.New("effect must be Allow or Deny")
	case (len(s.Action) == 0) == (len(s.NotAction) == 0):
		return s, errors.New("one of action and not-action is required")
	case len(s.Resource) > 0 && len(s.NotResource) > 0:
		return s, errors.New("resource and not-resource exclude each other")
	case bytes.Contains(raw, []byte("${")):
		return s, errors.New("policy variables are not supported")
	}
	var err error
	s.tests, err = parseTests(s.Condition)
	return s, err
}

// principal is "*", or who is meant by kind.
type principal struct {
	anyone   bool
	aws      oneOrMany
	services oneOrMany
}

func (p principal) empty() bool { return !p.anyone && len(p.aws) == 0 && len(p.services) == 0 }

func (p *principal) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*p = principal{anyone: text == "*"}
		return nil
	}
	var kinds struct{ AWS, Service oneOrMany }
	if err := strict(data, &kinds); err != nil {
		return err
	}
	*p = principal{anyone: slices.Contains(kinds.AWS, "*"), aws: kinds.AWS, services: kinds.Service}
	return nil
}

// oneOrMany is IAM's habit of writing a list of one without its brackets.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	var many []string
	if json.Unmarshal(data, &many) == nil {
		*o = many
		return nil
	}
	var one any
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	switch v := one.(type) {
	case string:
		*o = oneOrMany{v}
	case bool: // of the operators Bool and Null
		*o = oneOrMany{strconv.FormatBool(v)}
	default:
		return fmt.Errorf("%s must be a string or a list of strings", data)
	}
	return nil
}

func (o oneOrMany) has(f func(string) bool) bool { return slices.ContainsFunc(o, f) }

// Glob matches * with any characters and ? with any one.
func Glob(pattern, s string) bool {
	star, resume := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

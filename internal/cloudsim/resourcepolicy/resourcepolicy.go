// Package resourcepolicy evaluates the policies of queues and event buses, as far as autopeer's own need it.
// What it doesn't understand it refuses to parse, so that no condition is ever silently ignored.
package resourcepolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Policy is a parsed document. The zero value has no statements: it neither allows nor denies.
type Policy struct{ statements []statement }

// Request is what somebody wants to do to the resource that has the policy.
type Request struct {
	Account  string // of the principal; empty for a service
	ARN      string // of the principal
	Service  string // events.amazonaws.com, if a service itself asks
	Action   string
	Resource string
	Keys     map[string]string // condition keys, in the case that AWS documents them
}

// Decision is what a policy says of a request.
type Decision int

// The decisions. Silent is not a refusal yet where the caller's own account has the resource.
const (
	Silent Decision = iota
	Allowed
	Denied
)

type statement struct {
	Sid       string
	Effect    string
	Principal principal
	Action    oneOrMany
	Resource  oneOrMany
	Condition map[string]map[string]oneOrMany
}

// Parse checks a policy document.
func Parse(document []byte) (Policy, error) {
	var d struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strict(document, &d); err != nil {
		return Policy{}, fmt.Errorf("parse policy: %w", err)
	}
	statements, err := parseStatements(d.Statement)
	if err != nil {
		return Policy{}, fmt.Errorf("parse policy: %w", err)
	}
	return Policy{statements}, nil
}

// parseStatements takes a list and, as IAM does, also a single statement without one.
func parseStatements(raw json.RawMessage) ([]statement, error) {
	var statements []statement
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	if err := strict(raw, &statements); err != nil {
		return nil, err
	}
	for i, s := range statements {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return statements, nil
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (s statement) check() error {
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return errors.New("effect must be Allow or Deny")
	}
	if s.Principal.empty() || len(s.Action) == 0 {
		return errors.New("principal and action are required")
	}
	for operator := range s.Condition {
		if _, known := operators[strings.TrimSuffix(operator, ifExists)]; !known {
			return fmt.Errorf("condition operator %s is not supported", operator)
		}
	}
	return nil
}

// Decide evaluates all statements: an explicit denial wins.
func (p Policy) Decide(r Request) Decision {
	decision := Silent
	for _, s := range p.statements {
		switch {
		case !s.applies(r):
		case s.Effect == "Deny":
			return Denied
		default:
			decision = Allowed
		}
	}
	return decision
}

func (s statement) applies(r Request) bool {
	return s.Principal.matches(r) &&
		s.Action.has(func(a string) bool { return Glob(strings.ToLower(a), strings.ToLower(r.Action)) }) &&
		(len(s.Resource) == 0 || s.Resource.has(func(a string) bool { return Glob(a, r.Resource) })) &&
		conditionsHold(s.Condition, r.Keys)
}

// principal is "*", or who is meant by kind. An account stands for its root and all of its principals.
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

func (p principal) matches(r Request) bool {
	if p.anyone || slices.Contains(p.services, r.Service) {
		return true
	}
	return r.Account != "" && p.aws.has(func(who string) bool {
		return who == r.Account || who == r.ARN || who == "arn:aws:iam::"+r.Account+":root"
	})
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
	case bool: // of the operator Bool
		*o = oneOrMany{fmt.Sprint(v)}
	default:
		return fmt.Errorf("%s must be a string or a list of strings", data)
	}
	return nil
}

func (o oneOrMany) has(f func(string) bool) bool { return slices.ContainsFunc(o, f) }

// Package iammutations removes single permissions from synthesized templates. Its test runs autopeer without each of
// them and fails where no scenario notices.
package iammutations

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mutation is a template with one statement, action, resource, condition or value of a condition less. A condition that
// is gone allows more, anything else less.
type Mutation struct {
	Name     string // autopeer-accept-us-east-1: ReadRequests without ec2:DescribeVpcs
	Template []byte
}

type object = map[string]any

// Of returns all mutations of the roles, queue policies and bus policies of a template, in a fixed order.
func Of(template []byte) ([]Mutation, error) {
	var all []Mutation
	for i := 0; ; i++ {
		var t object
		if err := json.Unmarshal(template, &t); err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
		cuts := cutsOf(child(t, "Resources"))
		if i == len(cuts) {
			return all, nil
		}
		cuts[i].make()
		changed, err := json.Marshal(t)
		if err != nil {
			return nil, fmt.Errorf("write template: %w", err)
		}
		all = append(all, Mutation{cuts[i].name, changed})
	}
}

// cut is one thing that can be taken out of a template.
type cut struct {
	name string
	make func()
}

func cutsOf(resources object) []cut {
	var all []cut
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		r := child(resources, id)
		properties := child(r, "Properties")
		switch r["Type"] {
		case "AWS::IAM::Role":
			all = append(all, roleCuts(properties)...)
		case "AWS::IAM::ManagedPolicy":
			all = append(all, documentCuts(text(properties["ManagedPolicyName"]), child(properties, "PolicyDocument"))...)
		case "AWS::SQS::QueuePolicy":
			all = append(all, documentCuts("", child(properties, "PolicyDocument"))...)
		case "AWS::Events::EventBusPolicy":
			all = append(all, statementCuts("", child(properties, "Statement"), func() { delete(resources, id) })...)
		}
	}
	return all
}

func roleCuts(properties object) []cut {
	name := text(properties["RoleName"])
	all := documentCuts(name, child(properties, "AssumeRolePolicyDocument"))
	for _, p := range list(properties["Policies"]) {
		all = append(all, documentCuts(name, child(p.(object), "PolicyDocument"))...)
	}
	return all
}

// documentCuts cuts a policy. One without an owner is named after the resource that it is about.
func documentCuts(owner string, document object) []cut {
	var all []cut
	for i, s := range list(document["Statement"]) {
		all = append(all, statementCuts(owner, s.(object), func() {
			document["Statement"] = slices.Delete(slices.Clone(list(document["Statement"])), i, i+1)
		})...)
	}
	return all
}

func statementCuts(owner string, s object, remove func()) []cut {
	if owner == "" {
		owner = afterAccount(text(s["Resource"]))
	}
	name := owner + ": " + text(s["Sid"])
	all := append([]cut{{name, remove}}, valueCuts(name, s, "Action", "")...)
	all = append(all, valueCuts(name, s, "Resource", "")...)
	conditions := child(s, "Condition")
	for _, operator := range slices.Sorted(maps.Keys(conditions)) {
		keys := child(conditions, operator)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			all = append(all, cut{name + " without " + key, func() { delete(keys, key) }})
			all = append(all, valueCuts(name, keys, key, " of "+key)...)
		}
	}
	return all
}

// valueCuts cuts a list. That its only value is gone is another cut already.
func valueCuts(name string, in object, key, of string) []cut {
	values := list(in[key])
	if len(values) < 2 {
		return nil
	}
	var all []cut
	for i, v := range values {
		all = append(all, cut{name + " without " + text(v) + of, func() {
			in[key] = slices.Delete(slices.Clone(values), i, i+1)
		}})
	}
	return all
}

// afterAccount returns the part of an ARN after the Region and the account.
func afterAccount(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return arn
	}
	return parts[2] + " " + parts[5] + " of " + parts[4]
}

func child(o object, key string) object {
	c, _ := o[key].(object)
	return c
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string { return fmt.Sprint(v) }

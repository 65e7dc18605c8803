package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// template has the sections of a template that this package implements. Others are refused.
type template struct {
	AWSTemplateFormatVersion string
	Description              string
	Metadata                 json.RawMessage
	Parameters               map[string]parameter
	Rules                    map[string]rule
	Resources                map[string]resource
	Outputs                  map[string]output
}

type parameter struct {
	Type        string
	Default     string
	Description string
}

// rule holds for the parameters before anything is made:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
type rule struct {
	Assertions []struct {
		Assert            any
		AssertDescription string
	}
}

type resource struct {
	Type       string
	Properties map[string]any
	DependsOn  any             // a logical id or a list of them
	Metadata   json.RawMessage // has no effect
	// A resource with the policy Retain is left behind when the stack no longer has it.
	DeletionPolicy      string
	UpdateReplacePolicy string // for a resource that another one replaces
}

type output struct {
	Description string
	Value       any
}

func parseTemplate(data []byte) (template, error) {
	var t template
	if err := strict(data, &t); err != nil {
		return t, fmt.Errorf("parse template: %w", err)
	}
	if len(t.Resources) == 0 {
		return t, errors.New("parse template: there are no resources")
	}
	return t, nil
}

// strict refuses members that the value has no field for.
func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// order returns the logical ids so that each comes after those to which it refers; otherwise they are sorted.
func (t template) order() ([]string, error) {
	return inOrder(slices.Sorted(maps.Keys(t.Resources)), t.needs)
}

// needs lists the resources that one refers to. A name that is no resource is found when it is resolved.
func (t template) needs(id string) []string {
	r := t.Resources[id]
	names := map[string]bool{}
	references(r.Properties, names)
	switch on := r.DependsOn.(type) {
	case string:
		names[on] = true
	case []any:
		for _, name := range on {
			names[fmt.Sprint(name)] = true
		}
	}
	return among(t.Resources, slices.Sorted(maps.Keys(names)))
}

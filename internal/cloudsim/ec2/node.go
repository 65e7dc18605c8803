package ec2

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
)

// node is an element of an answer. It is written as XML to the caller and, in CloudTrail's shape, as JSON
// to the trail; both have the same names.
type node struct {
	name  string
	value any // string, bool, int or time.Time; nil for an element that contains others
	inner []node
	list  bool // inner are the items of a set
}

func leaf(name string, value any) node { return node{name: name, value: value} }

func group(name string, inner ...node) node { return node{name: name, inner: inner} }

// list is an element whose children are all called item.
func list(name string, items ...[]node) node {
	n := node{name: name, list: true}
	for _, inner := range items {
		n.inner = append(n.inner, node{name: "item", inner: inner})
	}
	return n
}

// listOf is a list with one item for each of things.
func listOf[T any](name string, things []T, show func(T) []node) node {
	items := make([][]node, len(things))
	for i, t := range things {
		items[i] = show(t)
	}
	return list(name, items...)
}

// optional leaves out an element that would be empty.
func optional(name, value string) []node {
	if value == "" {
		return nil
	}
	return []node{leaf(name, value)}
}

// done is the answer of calls without a result.
func done() []node { return []node{leaf("return", true)} }

func (n node) writeXML(b *strings.Builder) {
	b.WriteString("<" + n.name + ">")
	switch {
	case n.value != nil:
		_ = xml.EscapeText(b, []byte(n.text())) // a strings.Builder takes everything
	default:
		for _, child := range n.inner {
			child.writeXML(b)
		}
	}
	b.WriteString("</" + n.name + ">")
}

func (n node) text() string {
	if t, ok := n.value.(time.Time); ok {
		return timestamp(t)
	}
	return fmt.Sprint(n.value)
}

// trailed is the value as CloudTrail keeps it: a set is an object with items, an empty one has none, and
// a time is a number of milliseconds.
func (n node) trailed() any {
	switch v := n.value.(type) {
	case nil:
	case time.Time:
		return v.UnixMilli()
	default:
		return v
	}
	if !n.list {
		return trailedAll(n.inner)
	}
	if len(n.inner) == 0 {
		return map[string]any{}
	}
	items := make([]any, len(n.inner))
	for i, item := range n.inner {
		items[i] = trailedAll(item.inner)
	}
	return map[string]any{"items": items}
}

// sensitive stands on the trail for the values of sensitiveNames: private keys.
const sensitive = "<sensitiveDataRemoved>"

var sensitiveNames = []string{"keyMaterial", "customerGatewayConfiguration", "preSharedKey"}

func trailedAll(nodes []node) map[string]any {
	m := make(map[string]any, len(nodes))
	for _, n := range nodes {
		name := n.name
		if name == "return" {
			name = "_return" // as CloudTrail has it
		}
		m[name] = n.trailed()
		if slices.Contains(sensitiveNames, name) {
			m[name] = sensitive
		}
	}
	return m
}

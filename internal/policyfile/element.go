package policyfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// element is a value of the file or a key: the node that has its place, and the violations of the schema.
type element struct {
	node       ast.Node
	name       string // in messages: the key that it is the value of
	parent     *element
	key        *element            // nil for items of lists and for the root
	inside     []*element          // in the order of the file, without repeated keys
	byKey      map[string]*element // nil unless it is a mapping
	violations []jsonschema.ErrorKind
	isWrapped  bool // taken for a list of the only value inside
	isUnknown  bool // an alias: no check looks at it
	isPartial  bool // a mapping with a merge key: keys that are missing may be in the other one
}

// element returns the node with everything inside it, and reports repeated keys.
func (r *reader) element(n ast.Node, name string, parent *element) *element {
	n = content(n)
	e := &element{node: n, name: name, parent: parent}
	switch n := n.(type) {
	case *ast.AliasNode:
		e.isUnknown = true
	case *ast.SequenceNode:
		for _, item := range n.Values {
			e.inside = append(e.inside, r.element(item, name, e))
		}
	case *ast.MappingNode:
		e.byKey = make(map[string]*element, len(n.Values))
		for _, pair := range n.Values {
			r.addPair(e, pair)
		}
	}
	return e
}

// content returns the value that has an anchor or a tag. These have been reported.
func content(n ast.Node) ast.Node {
	switch outer := n.(type) {
	case *ast.AnchorNode:
		if outer.Value != nil {
			return content(outer.Value)
		}
	case *ast.TagNode:
		if outer.Value != nil {
			return content(outer.Value)
		}
	}
	return n
}

func (r *reader) addPair(e *element, pair *ast.MappingValueNode) {
	switch pair.Key.(type) {
	case *ast.MergeKeyNode, *ast.AliasNode:
		e.isPartial = true
		return
	}
	key := &element{node: content(pair.Key), name: e.name + keySuffix, parent: e}
	if first, found := e.byKey[key.jsonKey()]; found {
		r.add(key.at(), fmt.Sprintf("key %s is given twice", inQuotes(key.text())),
			fmt.Sprintf("keep this one or that of line %d", first.key.at().line))
		first.absorb(r.element(pair.Value, key.text(), e))
		return
	}
	value := r.element(pair.Value, key.text(), e)
	value.key = key
	e.byKey[key.jsonKey()] = value
	e.inside = append(e.inside, value)
}

// absorb adds the entries of a repeated key, so that they are checked too and names that they define are known:
// mappings of a list, and departments. Other values are alternatives: only one is meant.
func (e *element) absorb(again *element) {
	for _, value := range again.inside {
		isEntry := e.shape() == "array" && value.byKey != nil
		isDepartment := e.byKey != nil && e.name == "departments" && value.key != nil && e.byKey[value.key.jsonKey()] == nil
		if !isEntry && !isDepartment {
			continue
		}
		value.parent = e
		e.inside = append(e.inside, value)
		if isDepartment {
			e.byKey[value.key.jsonKey()] = value
		}
	}
}

// at returns where the element begins. A block mapping begins at its first key; the parser gives the colon.
func (e *element) at() position {
	if e.isWrapped {
		return e.inside[0].at()
	}
	if m, ok := e.node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(e.inside) > 0 {
		return e.inside[0].key.at()
	}
	p := e.node.GetToken().Position
	return position{p.Line, p.Column}
}

// text returns a scalar as it is written, without quotes. It is empty for a key that isn't given.
func (e *element) text() string {
	if e == nil {
		return ""
	}
	return e.node.GetToken().Value
}

// isRefused reports whether the schema refuses the element itself. Elements inside may be refused all the same.
func (e *element) isRefused() bool { return len(e.violations) > 0 || e.isPartial }

// json returns the element as the value that the schema checks. The schema can't see how a value is written, so
// blocks of text and numbers that aren't plain digits become null, which it allows nowhere.
func (e *element) json() any {
	switch e.shape() {
	case "object":
		object := make(map[string]any, len(e.inside))
		for key, value := range e.byKey {
			object[key] = value.json()
		}
		return object
	case "array":
		items := make([]any, len(e.inside))
		for i, item := range e.inside {
			items[i] = item.json()
		}
		return items
	case "string":
		return e.text()
	case "boolean":
		return strings.EqualFold(e.text(), "true")
	case "integer":
		if n, err := strconv.Atoi(e.text()); err == nil && strconv.Itoa(n) == e.text() {
			return n
		}
	}
	return nil
}

// jsonKey returns the key for the schema. A key that isn't text begins with a line break, which no key may have.
func (e *element) jsonKey() string {
	if e.shape() != "string" {
		return "\n" + e.text()
	}
	return e.text()
}

// shapes has the type in a schema of each kind of YAML. All others are numbers; block and null, no schema allows.
var shapes = map[ast.NodeType]string{
	ast.MappingType: "object", ast.SequenceType: "array", ast.StringType: "string", ast.BoolType: "boolean",
	ast.LiteralType: "block", ast.NullType: "null",
}

func (e *element) shape() string {
	switch {
	case e.isWrapped:
		return "array"
	case e.isUnknown:
		return "null"
	}
	return cmp.Or(shapes[e.node.Type()], "integer")
}

// wrap turns the element into a list whose only item is the value that it was.
func (e *element) wrap() {
	item := &element{node: e.node, name: e.name, parent: e, inside: e.inside, byKey: e.byKey}
	for _, child := range item.inside {
		child.parent = item
		if child.key != nil {
			child.key.parent = item
		}
	}
	e.inside, e.byKey, e.isWrapped = []*element{item}, nil, true
}

// keySuffix ends the name of a key of a mapping whose keys the file chooses.
const keySuffix = ": key"

// problem returns a problem of the value in the form of messages: `key: "value" problem`. A value that YAML takes for
// a number, or for true or false, has no quotes in the file and none in the message.
func (e *element) problem(text string) string {
	value := inQuotes(e.text())
	isPlain := !slices.Contains([]token.Type{token.SingleQuoteType, token.DoubleQuoteType}, e.node.GetToken().Type)
	if shape := e.shape(); shape == "integer" || shape == "boolean" || isPlain && isDigits(e.text()) {
		value = quoted(e.text())
	}
	switch {
	case strings.HasSuffix(e.name, keySuffix):
		return e.name + " " + value + " " + text
	case e.key != nil && e.parent != nil && e.parent.name == "tags":
		return "tag " + quoted(e.name) + ": " + value + " " + text
	}
	return e.name + ": " + value + " " + text
}

// inQuotes returns a text of the file in quotes, on one line and not too long.
func inQuotes(s string) string {
	if q := quoted(s); strings.HasPrefix(q, `"`) {
		return q
	}
	return `"` + quoted(s) + `"`
}

// quoted returns a text of the file in a form for messages: one line, not too long.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '"' }) || s == "" {
		return fmt.Sprintf("%q", s)
	}
	return s
}

package policyfile

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// reader turns YAML nodes into the types of the document and gathers the mistakes.
type reader struct {
	file     string
	lines    [][]byte
	mistakes Mistakes
}

// readable is a part of the document. What is its name in messages: mostly the key that it is the value of.
type readable interface {
	read(r *reader, n ast.Node, what string)
}

// place returns where a node begins. A block mapping begins at its first key; the parser gives the colon.
func place(n ast.Node) position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return place(m.Values[0].Key)
	}
	p := n.GetToken().Position
	return position{p.Line, p.Column}
}

// shape says what kind of YAML a node is, in words for people.
func shape(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "empty"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode:
		return "text"
	case *ast.LiteralNode:
		return "a block of text"
	}
	return "a number"
}

func isQuoted(n ast.Node) bool {
	t := n.GetToken().Type
	return t == token.SingleQuoteType || t == token.DoubleQuoteType
}

// mapping returns the pairs of n, or nil after noting that n has the wrong shape.
func (r *reader) mapping(n ast.Node, what string) []*ast.MappingValueNode {
	if m, ok := n.(*ast.MappingNode); ok {
		return m.Values
	}
	r.add(place(n), fmt.Sprintf("%s is %s", what, shape(n)), "it is a mapping of keys to values")
	return nil
}

// notEmpty reports a mapping without pairs.
func (r *reader) notEmpty(n ast.Node, what, fix string) {
	if m, isMapping := n.(*ast.MappingNode); isMapping && len(m.Values) == 0 {
		r.add(place(n), what+" is an empty mapping", fix)
	}
}

// sequence returns the items of n, or nil after noting that n has the wrong shape.
func (r *reader) sequence(n ast.Node, what string) []ast.Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		return s.Values
	}
	r.add(place(n), fmt.Sprintf("%s is %s", what, shape(n)), "it is a list, as in [a, b]")
	return nil
}

// property is a field of a document's struct that the file can set.
type property struct {
	key      string
	required bool
	value    readable
}

// properties lists the fields that have a yaml tag. The jsonschema tags say which are required, so that
// the reader and the schema agree.
func properties(object any) []property {
	v := reflect.ValueOf(object).Elem()
	var all []property
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if key, found := f.Tag.Lookup("yaml"); found {
			required := strings.Contains(f.Tag.Get("jsonschema"), "required")
			all = append(all, property{key, required, v.Field(i).Addr().Interface().(readable)})
		}
	}
	return all
}

// object reads a mapping into the fields of the struct that object points to. It reports whether the keys
// are in order; where they aren't, a check for what is missing would only repeat the mistake.
func (r *reader) object(n ast.Node, what string, object any) bool {
	if _, ok := n.(*ast.MappingNode); !ok {
		r.mapping(n, what)
		return false
	}
	known := properties(object)
	seen := map[string]position{}
	fine := true
	for _, pair := range r.mapping(n, what) {
		fine = r.property(pair, what, known, seen) && fine
	}
	for _, p := range known {
		if _, found := seen[p.key]; p.required && !found {
			r.add(place(n), fmt.Sprintf("%s has no %s", what, p.key), "add the key "+p.key)
			fine = false
		}
	}
	return fine
}

// property reads one pair of an object and notes its key as seen. A mistyped key counts as the one that
// was meant.
func (r *reader) property(pair *ast.MappingValueNode, what string, known []property, seen map[string]position) bool {
	key, at := pair.Key.GetToken().Value, place(pair.Key)
	if !r.once(key, at, seen) {
		return false
	}
	keys := make([]string, len(known))
	for i, p := range known {
		keys[i] = p.key
		if p.key == key {
			p.value.read(r, pair.Value, key)
			return true
		}
	}
	r.add(at, fmt.Sprintf("%s has no key %s", what, quoted(key)), suggest(key, keys))
	if meant, found := nearest(key, keys); found {
		seen[meant] = at
	}
	return false
}

// once notes the place of a key and reports whether it is the first of its name.
func (r *reader) once(key string, at position, seen map[string]position) bool {
	first, found := seen[key]
	if found {
		r.add(at, fmt.Sprintf("%s is given twice", quoted(key)),
			fmt.Sprintf("keep this one or that of line %d", first.line))
		return false
	}
	seen[key] = at
	return true
}

// quoted makes any text of the file fit for a message: one line, not too long.
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

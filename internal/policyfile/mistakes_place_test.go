package policyfile_test

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/autopeer/autopeer/internal/domain/suggest"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// place is the part of a file at the position of a mistake.
type place struct {
	path    []string // the keys on the way to it, with typing errors in those of the chapters corrected; nil if unknown
	key     string   // the last key as written
	excerpt string   // the key with its value
}

// placer finds the places of a file.
type placer struct {
	lines  []string
	places map[[2]int]place // by line and column
}

// placesOf returns the places and the departments of a file. A file that isn't YAML has none.
func placesOf(data []byte) (p placer, departments []string) {
	p = placer{strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n"), map[[2]int]place{}}
	file, err := parser.ParseBytes([]byte(strings.Join(p.lines, "\n")), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return p, nil
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			p.walk(doc.Body, []string{}, "", false)
		}
	}
	for _, found := range p.places {
		if len(found.path) == 2 && found.path[0] == "departments" && found.path[1] != "" {
			departments = append(departments, found.path[1])
		}
	}
	slices.Sort(departments)
	return p, slices.Compact(departments)
}

// at returns the place of a mistake.
func (p placer) at(m policyfile.Mistake) place {
	found, isKnown := p.places[[2]int{m.Line, m.Column}]
	for column := m.Column; !isKnown && column > 0; column-- { // a missing value follows its key
		found, isKnown = p.places[[2]int{m.Line, column}]
	}
	if !isKnown || isOfYAML(m) {
		return place{excerpt: short(p.excerpt(m.Line, m.Column, false))}
	}
	return found
}

// isOfYAML reports whether the mistake is one of YAML itself. A repeated key has a place in the policy.
func isOfYAML(m policyfile.Mistake) bool {
	return m.Code == policyfile.Syntax && !strings.HasSuffix(m.Problem, "is given twice")
}

// walk records the places of a node, and of all nodes inside it. A place that is recorded already is of a node that
// encloses this one.
func (p placer) walk(n ast.Node, path []string, key string, isFlow bool) {
	switch n := n.(type) {
	case *ast.AnchorNode:
		p.walk(n.Value, path, key, isFlow)
	case *ast.TagNode:
		p.walk(n.Value, path, key, isFlow)
	case *ast.MappingNode:
		if n.IsFlowStyle {
			p.record(n.GetToken(), path, key, key+": ", isFlow)
		}
		for _, pair := range n.Values {
			name := pair.Key.GetToken().Value
			inside := append(slices.Clone(path), corrected(name))
			p.record(pair.Key.GetToken(), inside, name, "", isFlow || n.IsFlowStyle)
			p.walk(pair.Value, inside, name, isFlow || n.IsFlowStyle)
		}
	case *ast.SequenceNode:
		p.record(n.GetToken(), path, key, key+": ", isFlow)
		for _, item := range n.Values {
			p.walkItem(item, path, key, isFlow || n.IsFlowStyle)
		}
	default:
		p.record(n.GetToken(), path, key, key+": ", isFlow)
	}
}

// walkItem records the places of an item of a list. Its excerpt shows the list with this item alone.
func (p placer) walkItem(n ast.Node, path []string, key string, isFlow bool) {
	m, isMapping := n.(*ast.MappingNode)
	at := n.GetToken().Position
	if !isMapping || m.IsFlowStyle {
		excerpt := short(key + ": [" + p.excerpt(at.Line, at.Column, isFlow) + "]")
		p.places[[2]int{at.Line, at.Column}] = place{path, key, excerpt}
	}
	if isMapping || slices.Contains([]ast.NodeType{ast.SequenceType, ast.AnchorType, ast.TagType}, n.Type()) {
		p.walk(n, path, key, isFlow)
	}
}

func (p placer) record(at *token.Token, path []string, key, before string, isFlow bool) {
	position := [2]int{at.Position.Line, at.Position.Column}
	if _, found := p.places[position]; found {
		return
	}
	if key == "" {
		before = ""
	}
	p.places[position] = place{path, key, short(before + p.excerpt(position[0], position[1], isFlow))}
}

// corrected returns the key of a chapter that the key is meant for.
func corrected(key string) string {
	var parts []string
	for _, c := range chapters {
		parts = append(parts, c.part)
	}
	if near := suggest.Nearest(key, parts); len(near) == 1 {
		return near[0]
	}
	return key
}

// excerpt returns the line from the column on, without a comment. Inside brackets it ends with the value.
func (p placer) excerpt(line, column int, isFlow bool) string {
	text := []rune(p.lines[line-1])
	text = text[min(column-1, len(text)):]
	depth, quote := 0, rune(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.ContainsRune("[{", c):
			depth++
		case isFlow && depth == 0 && strings.ContainsRune(",]}", c), c == '#' && (i == 0 || text[i-1] == ' '):
			return strings.TrimSpace(string(text[:i]))
		case strings.ContainsRune("]}", c):
			depth--
		}
	}
	return strings.TrimSpace(string(text))
}

// short cuts an excerpt to the number of characters that a row shows.
func short(text string) string {
	const shown = 48
	if runes := []rune(text); len(runes) > shown {
		return strings.TrimSpace(string(runes[:shown])) + "…"
	}
	return text
}

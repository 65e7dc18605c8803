// Package mutation applies one change at a time to a package's source and runs the package's own tests. The sources
// themselves are not written: the compiler takes the changed file as an overlay.
package mutation

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"unicode/utf8"
)

// Mutant is a source file with one condition, operator, constant, statement or field other than it was.
type Mutant struct {
	// Name is unique, and stays the same when the mutant's line moves:
	// internal/domain/cidr Contains: return [outer.Bits() <= inner.Bits() → true] && outer.Overlaps(inner)
	Name string
	File string
	Line int
	edit
	body *body // of the function that it is in; nil where it can't be copied
}

// edit puts a text in the place of the bytes from start up to end.
type edit struct {
	start, end int
	text       string
	change     string // the change, for people
}

// body is where the text between a function's braces is.
type body struct {
	start, end  int
	isProcedure bool // without results
}

// Apply returns the source with the change.
func (m Mutant) Apply(source []byte) []byte {
	return slices.Concat(source[:m.start], []byte(m.text), source[m.end:])
}

// Of returns all mutants of one file of the package, in order of their place.
func Of(pkg, file string, source []byte) ([]Mutant, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var all []Mutant
	position := set.File(tree.Pos())
	for _, d := range declarations(tree) {
		f := &finder{source: source, offset: position.Offset}
		ast.Inspect(d.node, f.visit)
		slices.SortStableFunc(f.edits, func(a, b edit) int { return a.start - b.start })
		copied := f.bodyOf(d.node)
		for _, e := range f.edits {
			m := Mutant{
				Name: fmt.Sprintf("%s %s: %s", pkg, d.name, inLine(source, e)), File: file,
				Line: position.Line(position.Pos(e.start)), edit: e,
			}
			if copied != nil && copied.start <= e.start && e.end <= copied.end {
				m.body = copied
			}
			all = append(all, m)
		}
	}
	number(all)
	return all, nil
}

// number numbers the mutants of one function that would have the same name.
func number(all []Mutant) {
	seen := map[string]int{}
	for i := range all {
		name := all[i].Name
		if seen[name]++; seen[name] > 1 {
			all[i].Name = fmt.Sprintf("%s #%d", name, seen[name])
		}
	}
}

type declaration struct {
	name string
	node ast.Node
}

// declarations returns the functions, and the groups of variables and constants by the name of their first.
func declarations(tree *ast.File) []declaration {
	var all []declaration
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			all = append(all, declaration{nameOf(d), d})
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					all = append(all, declaration{v.Names[0].Name, v})
				}
			}
		}
	}
	return all
}

func nameOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	receiver := d.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	return fmt.Sprintf("%s.%s", receiver, d.Name.Name)
}

// bodyOf returns the body of a function, unless it has labels: they can't be there twice.
func (f *finder) bodyOf(n ast.Node) *body {
	d, ok := n.(*ast.FuncDecl)
	if !ok || d.Body == nil {
		return nil
	}
	labels := false
	ast.Inspect(d.Body, func(n ast.Node) bool {
		_, isLabel := n.(*ast.LabeledStmt)
		labels = labels || isLabel
		return true
	})
	if labels {
		return nil
	}
	return &body{f.offset(d.Body.Lbrace) + 1, f.offset(d.Body.Rbrace), d.Type.Results == nil}
}

// inLine shows the change in the line where it is made, with single spaces, so that aligning lines renames no mutant.
func inLine(source []byte, e edit) string {
	from := strings.LastIndexByte(string(source[:e.start]), '\n') + 1
	to := len(source)
	if n := strings.IndexByte(string(source[e.end:]), '\n'); n >= 0 {
		to = e.end + n
	}
	line := string(source[from:e.start]) + "[" + e.change + "]" + string(source[e.end:to])
	return strings.Join(strings.Fields(line), " ")
}

// short is a text in one line of bearable length.
func short(text string) string {
	const longest = 90
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > longest {
		text = string([]rune(text)[:longest]) + "…"
	}
	return text
}

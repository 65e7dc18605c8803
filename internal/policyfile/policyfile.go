// Package policyfile reads and checks the policy's YAML file. It reports all mistakes at once, each with its
// line, its column and a fix, and generates the JSON Schema for editors. The functions never import it: they
// get the checked policy as JSON.
package policyfile

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

// maxSize is far above the size of any policy, and keeps the parser from working for minutes on a wrong file.
const maxSize = 1 << 20

var byteOrderMark = []byte("\ufeff")

// Parse is Check without the warnings.
func Parse(file string, data []byte) (*policy.Policy, error) {
	p, _, err := Check(file, data)
	return p, err
}

// Check reads and checks a policy. The name of the file is used for messages only. Warnings are in the order of
// their places; a policy with warnings is valid. The error is Mistakes, unless the schema of this package doesn't
// compile.
func Check(file string, data []byte) (*policy.Policy, []Warning, error) {
	schema, err := compiled()
	if err != nil {
		return nil, nil, err
	}
	return checkBy(schema, file, data)
}

func checkBy(schema *jsonschema.Schema, file string, data []byte) (*policy.Policy, []Warning, error) {
	r := newReader(file, data)
	var doc document
	if root := r.root(); root != nil {
		r.phase = Form
		r.validate(root, schema)
		r.decode(root, &doc)
		r.phase = Relation
		r.check(&doc)
	}
	var warnings []Warning
	for _, w := range r.warnings.sorted() {
		warnings = append(warnings, Warning(w))
	}
	if len(r.mistakes) > 0 {
		return nil, warnings, r.mistakes.sorted()
	}
	return doc.policy(file), warnings, nil
}

// root returns the only document, or nil after a mistake that prevents checking the rest.
func (r *reader) root() *element {
	if !r.checkText() {
		return nil
	}
	tokens := lexer.Tokenize(string(r.data) + "\n") // at the very end the lexer would overlook a tag
	if !r.checkTokens(tokens) {
		return nil
	}
	// Keys that are given twice are reported with all other mistakes.
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.addSyntax(err)
		return nil
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		r.add(position{1, 1}, "the file is empty", "a policy begins with version: 1")
		return nil
	}
	return r.element(parsed.Docs[0].Body, "the file", nil)
}

func (r *reader) addSyntax(err error) {
	m := SyntaxMistake(r.file, err)
	r.add(position{m.Line, m.Column}, m.Problem, m.Fix)
}

// SyntaxMistake returns the mistake for an error of the YAML parser, at its position or else at the first character.
func SyntaxMistake(file string, err error) Mistake {
	m := Mistake{File: file, Code: Syntax, Line: 1, Column: 1, Problem: "this is not YAML",
		Fix: "check brackets, quotes and indentation"}
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) {
		return m
	}
	if syntax.Token != nil {
		m.Line, m.Column = syntax.Token.Position.Line, syntax.Token.Position.Column
	}
	for _, known := range syntaxProblems {
		if strings.Contains(syntax.Message, known.message) {
			m.Problem, m.Fix = known.problem, known.fix
			break
		}
	}
	return m
}

// syntaxProblems has a problem and a fix for parts of the parser's messages, which name the parser's own terms.
var syntaxProblems = []struct{ message, problem, fix string }{
	{"'}' must be specified", "a comma or } is missing here", "write a comma between entries, and } at the end"},
	{"']' must be specified", "a comma or ] is missing here", "write a comma between items, and ] at the end"},
	{"end token '}'", "this { has no }", "add }"},
	{"end token ']'", "this [ has no ]", "add ]"},
	{"corresponding to ']'", "this ] has no [", "add [, or remove ]"},
	{"corresponding to '}'", "this } has no {", "add {, or remove }"},
	{"-quoted text", "this quote is not closed", "add the quote at the end of the text"},
	{"found character '\t'", "this line is indented with a tab", "indent with spaces"},
}

// Package policyfile reads the policy's YAML file. It reports every mistake of the file at once, each with
// its line and column and with what would be right, and generates the JSON Schema by which editors help.
// The functions never import it: they get the checked policy as JSON.
package policyfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

// maxSize is far above what any organization needs, and keeps a wrong file from being chewed for minutes.
const maxSize = 1 << 20

var byteOrderMark = []byte("\ufeff")

// Parse reads and checks a policy. The name of the file is used for messages only. The error is Mistakes.
func Parse(file string, data []byte) (*policy.Policy, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	r := &reader{file: file, lines: bytes.Split(data, []byte("\n"))}
	root := r.parse(data)
	var doc document
	if root != nil {
		doc.read(r, root, "the file")
		r.check(&doc)
	}
	if len(r.mistakes) > 0 {
		return nil, r.mistakes.sorted()
	}
	return doc.policy(file), nil
}

// parse returns the root of the only document, or nil after a mistake that leaves nothing to look at.
func (r *reader) parse(data []byte) ast.Node {
	if !r.checkText(data) {
		return nil
	}
	tokens := lexer.Tokenize(string(data) + "\n") // at the very end the lexer would overlook a tag
	if !r.checkTokens(tokens) {
		return nil
	}
	// Duplicate keys are for the reader to report, together with all other mistakes.
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.addSyntax(err)
		return nil
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		r.add(position{1, 1}, "the file is empty", "a policy begins with version: 1")
		return nil
	}
	return parsed.Docs[0].Body
}

func (r *reader) addSyntax(err error) {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		p := syntax.Token.Position
		r.add(position{p.Line, p.Column}, "this is not YAML: "+syntax.Message, "mind brackets, quotes and indentation")
		return
	}
	r.add(position{1, 1}, fmt.Sprintf("this is not YAML: %v", err), "mind brackets, quotes and indentation")
}

package policyfile

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// maxDepth is far above the depth of a policy. The parser is recursive, and Go cannot recover from an
// exhausted stack.
const maxDepth = 200

// outsideSubset are the parts of YAML with which one line of a file changes the meaning of another line. A policy
// is reviewed line by line, so the meaning of a line must not depend on another one.
var outsideSubset = map[token.Type]string{
	token.AnchorType:      "anchors are not used in a policy",
	token.AliasType:       "aliases are not used in a policy",
	token.MergeKeyType:    "merge keys are not used in a policy",
	token.TagType:         "YAML tags are not used in a policy",
	token.DirectiveType:   "YAML directives are not used in a policy",
	token.MappingKeyType:  "keys with a question mark are not used in a policy",
	token.DocumentEndType: "a policy is one document, without an end marker",
}

// checkText reports a file that is too large, and text that is not UTF-8. It returns false for a file that is
// not to be tokenized.
func (r *reader) checkText() bool {
	if len(r.data) > maxSize {
		r.add(position{1, 1}, fmt.Sprintf("the file has %d bytes", len(r.data)),
			fmt.Sprintf("a policy has at most %d", maxSize))
		return false
	}
	for i, line := range r.lines {
		if !utf8.Valid(line) {
			r.add(position{i + 1, 1}, "this line is not UTF-8", "save the file as UTF-8")
			return false
		}
	}
	return true
}

// separable are those of outsideSubset that don't prevent checking the rest of the file.
var separable = []token.Type{token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType}

// checkTokens reports every token that a policy doesn't use, or the first place that is nested too deep. It returns
// false if the rest of the file can't be checked.
func (r *reader) checkTokens(tokens token.Tokens) bool {
	fine := true
	var n nesting
	for i, t := range tokens {
		at := position{t.Position.Line, t.Position.Column}
		if problem, found := outsideSubset[t.Type]; found {
			r.add(at, problem, "write it out in full")
			fine = fine && slices.Contains(separable, t.Type)
		}
		if t.Type == token.DocumentHeaderType && i > 0 && tokens[i-1].Type != token.CommentType {
			r.add(at, "a second document begins here", "a policy is one document")
			return false
		}
		if n.add(t) > maxDepth {
			r.add(at, "this is nested too deep", "check brackets and indentation: a policy has fewer than ten levels")
			return false
		}
	}
	return fine
}

// nesting estimates, and never underestimates, how deep a token lies.
type nesting struct {
	line, block, flow int
}

func (n *nesting) add(t *token.Token) int {
	if t.Position.Line != n.line {
		n.line, n.block = t.Position.Line, t.Position.Column
	}
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.flow++
	case token.SequenceEndType, token.MappingEndType:
		n.flow--
	case token.SequenceEntryType, token.MappingValueType:
		if n.flow == 0 {
			n.block++
		}
	}
	if n.flow > 0 {
		return n.flow
	}
	return n.block
}

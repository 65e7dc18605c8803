package pattern

import (
	"errors"
	"strings"
)

// parseWildcard splits the text at its asterisks. A backslash makes an asterisk or a backslash literal.
func parseWildcard(text string) (func(string) bool, error) {
	literals := []string{""}
	star := false
	for i := 0; i < len(text); i++ {
		last := &literals[len(literals)-1]
		switch c := text[i]; {
		case c == '*' && star:
			return nil, errors.New("can't have consecutive wildcard characters")
		case c == '*':
			literals = append(literals, "")
			star = true
			continue
		case c == '\\':
			i++
			if i == len(text) || (text[i] != '*' && text[i] != '\\') {
				return nil, errors.New(`can only escape * and \`)
			}
			*last += text[i : i+1]
		default:
			*last += text[i : i+1]
		}
		star = false
	}
	return func(s string) bool { return matchLiterals(s, literals) }, nil
}

// matchLiterals reports whether s is the literals with anything in between.
func matchLiterals(s string, literals []string) bool {
	first, rest := literals[0], literals[1:]
	if len(rest) == 0 {
		return s == first
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	last := rest[len(rest)-1]
	for _, literal := range rest[:len(rest)-1] {
		_, after, found := strings.Cut(s, literal)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, last)
}

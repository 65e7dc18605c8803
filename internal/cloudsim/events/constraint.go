package events

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// constraint is one of EventBridge's API model on a name. The words for a value that breaks it are recorded in
// https://github.com/localstack/localstack, tests/aws/services/events/test_events.snapshot.json.
type constraint struct {
	most  int
	chars string // those that a name may have, as AWS writes them
	whole *regexp.Regexp
}

func newConstraint(most int, chars string) constraint {
	return constraint{most, chars, regexp.MustCompile("^" + chars + "$")}
}

var (
	busNames  = newConstraint(256, `[/\.\-_A-Za-z0-9]+`)
	ruleNames = newConstraint(64, `[\.\-_A-Za-z0-9]+`)
	targetIDs = ruleNames // EventBridge has the same constraint for both
)

// violations are AWS's words for the value at a place in the request, none if it keeps the constraint.
func (c constraint) violations(value, at string) []string {
	found := lengthViolations("'"+value+"'", at, utf8.RuneCountInString(value), c.most)
	if !c.whole.MatchString(value) {
		found = append(found, violation("'"+value+"'", at, "satisfy regular expression pattern: "+c.chars))
	}
	return found
}

// listViolations are AWS's words for a list that is empty or has more than the most members.
func listViolations(values []string, at string, most int) []string {
	return lengthViolations("'["+strings.Join(values, ", ")+"]'", at, len(values), most)
}

func lengthViolations(value, at string, length, most int) []string {
	switch {
	case length == 0:
		return []string{violation(value, at, "have length greater than or equal to 1")}
	case length > most:
		return []string{violation(value, at, fmt.Sprint("have length less than or equal to ", most))}
	}
	return nil
}

func violation(value, at, must string) string {
	return "Value " + value + " at '" + at + "' failed to satisfy constraint: Member must " + must
}

// refuseViolations returns nil if there is no violation.
func refuseViolations(found []string) error {
	switch len(found) {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: " + found[0])
	}
	return invalid(fmt.Sprint(len(found), " validation errors detected: ", strings.Join(found, "; ")))
}

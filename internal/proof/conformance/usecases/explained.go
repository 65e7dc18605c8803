package usecases

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// explanation matches lines of only one of the clouds, and gives the reason why they are no mistake of ours.
type explanation struct {
	scenario, section, line string // regular expressions that match the whole
	only                    side
	why                     string
}

type side string

const (
	ours   side = "the embedded cloud"
	theirs side = "moto"
)

func (e explanation) covers(scenario string, d difference) bool {
	return e.only == d.only && matches(e.scenario, scenario) && matches(e.section, d.section) && matches(e.line, d.line)
}

func matches(expression, text string) bool {
	return regexp.MustCompile("^(?:" + expression + ")$").MatchString(text)
}

// difference is a line that only one of the clouds wrote down.
type difference struct {
	section, line string
	only          side
}

// differences returns the lines that only one of two sections has.
func differences(embedded, emulated section) []difference {
	return slices.Concat(without(embedded, emulated, ours), without(emulated, embedded, theirs))
}

func at(all []section, i int) section {
	if i < len(all) {
		return all[i]
	}
	return section{}
}

// without returns the lines of a that b hasn't, each as often as that is so.
func without(a, b section, only side) []difference {
	rest := slices.Clone(b.lines)
	var missing []difference
	for _, line := range a.lines {
		if i := slices.Index(rest, line); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		missing = append(missing, difference{section: a.name, line: line, only: only})
	}
	return missing
}

// lacking returns those of the wanted parts of lines that are nowhere in the transcript.
func lacking(transcript []section, wants []string) []string {
	var text strings.Builder
	for _, s := range transcript {
		fmt.Fprintln(&text, strings.Join(s.lines, "\n"))
	}
	return slices.DeleteFunc(slices.Clone(wants), func(w string) bool { return strings.Contains(text.String(), w) })
}

package mutation

import (
	"fmt"
	"os"
	"strings"
)

// Explanations maps the names of survivors to the reasons why they may survive.
type Explanations map[string]string

// ReadExplanations reads the file of ParseExplanations.
func ReadExplanations(file string) (Explanations, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read explanations: %w", err)
	}
	all, err := ParseExplanations(string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return all, nil
}

// ParseExplanations reads lines with names, each group of them followed by the indented lines of its reason.
// Empty lines and those that begin with # are for people.
func ParseExplanations(text string) (Explanations, error) {
	all := Explanations{}
	var group []string
	complete := true
	for i, line := range strings.Split(text, "\n") {
		_, twice := all[line]
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t") && group == nil:
			return nil, fmt.Errorf("line %d: a reason for nothing", i+1)
		case strings.HasPrefix(line, "\t"):
			complete = true
			for _, name := range group {
				all[name] = strings.TrimSpace(all[name] + " " + strings.TrimSpace(line))
			}
		case twice:
			return nil, fmt.Errorf("line %d: %s is explained twice", i+1, line)
		default:
			if complete {
				group, complete = nil, false
			}
			group = append(group, line)
			all[line] = ""
		}
	}
	if !complete {
		return nil, fmt.Errorf("%s has no reason", group[len(group)-1])
	}
	return all, nil
}

// Complaints returns the contradictions between the explanations and the verdicts of a package's mutants. Mutants that
// were not tried cause none.
func (e Explanations) Complaints(pkg string, all []Mutant, tried []Result) []string {
	var complaints []string
	known := map[string]bool{}
	for _, m := range all {
		known[m.Name] = true
	}
	for _, r := range tried {
		_, explained := e[r.Name]
		switch {
		case r.Verdict == Survivor && !explained:
			complaints = append(complaints, fmt.Sprintf("survives: %s (line %d)", r.Name, r.Line))
		case r.Verdict != Survivor && explained:
			complaints = append(complaints, "explained, but doesn't survive: "+r.Name)
		}
	}
	for name := range e {
		if strings.HasPrefix(name, pkg+" ") && !known[name] {
			complaints = append(complaints, "explained, but there is no such mutant: "+name)
		}
	}
	return complaints
}

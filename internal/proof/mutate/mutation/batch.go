package mutation

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// The environment variable that selects one of the mutants in a binary, and the code that reads it.
const (
	environment = "MUTANT"
	chooser     = `package %s

import (
	"os"
	"strconv"
)

var mutantUnderTest, _ = strconv.Atoi(os.Getenv("` + environment + `"))
`
)

// together returns the source with many mutants in it: each function has its body once more for each of its own,
// which are known by their numbers. Building one binary takes longer than testing a hundred mutants.
func together(source []byte, mutants map[int]Mutant) []byte {
	var all bytes.Buffer
	var current *body
	done := 0
	for _, number := range slices.Sorted(maps.Keys(mutants)) {
		m := mutants[number]
		if m.body != current {
			endSwitch(&all, current)
			all.Write(source[done:m.body.start])
			current, done = m.body, m.body.start
			all.WriteString("\nswitch mutantUnderTest {\n")
		}
		changed := m.Apply(source)
		end := m.body.end + len(changed) - len(source)
		fmt.Fprintf(&all, "case %d: {%s\n}\n", number, changed[m.body.start:end])
		if m.body.isProcedure {
			all.WriteString("return\n")
		}
	}
	endSwitch(&all, current)
	all.Write(source[done:])
	return all.Bytes()
}

func endSwitch(all *bytes.Buffer, current *body) {
	if current != nil {
		all.WriteString("}\n")
	}
}

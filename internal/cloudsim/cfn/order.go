package cfn

import (
	"fmt"
	"slices"
)

// inOrder returns the names so that each comes after the names that it needs, and else in the order given. A circle is
// an error.
func inOrder(names []string, needs func(name string) []string) ([]string, error) {
	var sorted []string
	state := map[string]int{} // 1 while its needs are visited, 2 when it is in order
	var visit func(name string) error
	visit = func(name string) error {
		switch state[name] {
		case 1:
			return fmt.Errorf("%s: it depends on itself", name)
		case 2:
			return nil
		}
		state[name] = 1
		for _, needed := range needs(name) {
			if err := visit(needed); err != nil {
				return err
			}
		}
		state[name] = 2
		sorted = append(sorted, name)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

// among returns those of the names that the map has.
func among[V any](all map[string]V, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, found := all[name]; return !found })
}

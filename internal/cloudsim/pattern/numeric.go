package pattern

import (
	"encoding/json"
	"errors"
	"math"
)

// numericBound is the documented range of numeric matching, ±5.0e9.
const numericBound = 5e9

var comparisons = map[string]func(x, bound float64) bool{
	"=":  func(x, bound float64) bool { return x == bound },
	"<":  func(x, bound float64) bool { return x < bound },
	"<=": func(x, bound float64) bool { return x <= bound },
	">":  func(x, bound float64) bool { return x > bound },
	">=": func(x, bound float64) bool { return x >= bound },
}

// parseNumeric takes one comparison, ["<", 10], or a range from below to above, [">", 0, "<=", 5].
func parseNumeric(argument any) (test, error) {
	terms, ok := argument.([]any)
	if !ok || (len(terms) != 2 && len(terms) != 4) {
		return test{}, errors.New("must be a list of one or two comparisons, each with its number")
	}
	first, err := parseComparison(terms[0], terms[1])
	if err != nil {
		return test{}, err
	}
	if len(terms) == 2 {
		return onNumbers(first), nil
	}
	if !oneOf(terms[0], ">", ">=") || !oneOf(terms[2], "<", "<=") {
		return test{}, errors.New("range must go from > or >= to < or <=")
	}
	second, err := parseComparison(terms[2], terms[3])
	if err != nil {
		return test{}, err
	}
	if from, _ := number(terms[1]); !below(from, terms[3]) {
		return test{}, errors.New("range must have its bottom below its top")
	}
	return onNumbers(func(x float64) bool { return first(x) && second(x) }), nil
}

// parseComparison is one sign and its bound.
func parseComparison(operator, bound any) (func(float64) bool, error) {
	name, _ := operator.(string)
	compare, known := comparisons[name]
	if !known {
		return nil, errors.New("comparison must be one of = < <= > >=")
	}
	b, ok := number(bound)
	if !ok {
		return nil, errors.New("bound must be a number from -5.0e9 to 5.0e9")
	}
	return func(x float64) bool { return compare(x, b) }, nil
}

func below(x float64, bound any) bool {
	b, _ := number(bound)
	return x < b
}

func onNumbers(f func(float64) bool) test {
	return test{value: func(leaf any) bool {
		x, ok := number(leaf)
		return ok && f(x)
	}}
}

// number refuses values beyond the range in which EventBridge compares.
func number(value any) (float64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	x, err := n.Float64()
	return x, err == nil && math.Abs(x) <= numericBound
}

// equal compares numbers by their value, as recorded: 300, 300.0 and 3.0e2 are equal, although the guide has them as
// different. Beyond the range in which EventBridge compares numbers, their spelling counts.
func equal(leaf, literal any) bool {
	a, isNumber := number(leaf)
	b, areNumbers := number(literal)
	if isNumber && areNumbers {
		return a == b
	}
	return leaf == literal
}

func oneOf(value any, names ...string) bool {
	for _, name := range names {
		if value == name {
			return true
		}
	}
	return false
}

package policyfile

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// The limits, each a type of its own because AWS grants a different most of each.
type (
	peeringLimit int
	routeLimit   int
	ruleLimit    int
)

// What AWS grants at most.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const (
	mostPeerings = 125
	mostRoutes   = 1000
	mostRules    = 1000
)

func upTo[T ~int](most int32) kind[T] {
	parse := func(text string) (T, string, string) {
		n, fine := parseNumber(text, 1, most)
		if !fine {
			return 0, "is not a quota that AWS grants", fmt.Sprintf("write a whole number from 1 to %d", most)
		}
		return T(n), "", ""
	}
	highest := strconv.Itoa(int(most))
	return kind[T]{yaml: []string{isNumber}, example: highest, least: "1", most: json.Number(highest), parse: parse}
}

package ec2

import (
	"maps"
	"slices"
	"strings"
)

// tokenKey is a client token of one call in one account and Region.
type tokenKey struct {
	accountRegion
	action, token string
}

// tokened is a call with a client token that succeeded, and its answer.
type tokened struct {
	params params
	answer []node
}

// once answers a repetition of a call with the same client token as the call, and changes nothing:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
func (r *request) once(answer func(*request) ([]node, error)) ([]node, error) {
	key := tokenKey{r.cell.accountRegion, r.params["Action"], r.params["ClientToken"]}
	if key.token == "" {
		return answer(r)
	}
	given := maps.Clone(r.params)
	maps.DeleteFunc(given, func(name, _ string) bool {
		return slices.Contains(protocolParams, name) || strings.HasPrefix(name, "X-Amz-")
	})
	if before, found := r.tokens[key]; found {
		if !maps.Equal(before.params, given) {
			return nil, refuse("IdempotentParameterMismatch",
				"The request uses the same client token as a previous, but non-identical request.")
		}
		return before.answer, nil
	}
	nodes, err := answer(r)
	if err == nil {
		r.tokens[key] = tokened{given, nodes}
	}
	return nodes, err
}

package iam

import (
	"fmt"
	"strings"
)

// multivalued holds, in lower case, the condition keys that the Service Authorization Reference of June 2026 types as
// ArrayOfString or ArrayOfARN, limited to the services of the embedded cloud:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html#amazoneventbridge-policy-keys
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys
var multivalued = map[string]bool{
	"aws:tagkeys":        true, // of every service
	"events:source":      true,
	"events:detail-type": true,
	"events:targetarn":   true,
	"events:eventbusarn": true,
}

// checkQuantifier refuses an operator that doesn't state how many values of a multivalued key must match. AWS stores
// such a policy, but documents that the key requires a quantifier and doesn't define the result without one. A
// quantifier on a single-valued key is accepted, as AWS accepts it: IAM Access Analyzer reports it as a security
// warning only.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (t test) checkQuantifier(operator string) error {
	if t.quantifier != "" || t.null || !multivalued[strings.ToLower(t.key)] {
		return nil
	}
	return fmt.Errorf("condition operator %s needs %s: or %s: with the multivalued key %s",
		operator, forAll, forAny, t.key)
}

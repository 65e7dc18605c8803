package ec2net

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/domain/fault"
)

// classes maps EC2's error codes to their class. A code that isn't listed is Retryable. These are left out
// deliberately: throttling, a state that is about to change, a resource that isn't visible yet, and the codes of
// outdated.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var classes = map[string]fault.Class{
	"AccessDenied":                fault.Permanent,
	"AuthFailure":                 fault.Permanent,
	"Blocked":                     fault.Permanent,
	"InvalidClientTokenId":        fault.Permanent,
	"OperationNotPermitted":       fault.Permanent,
	"OptInRequired":               fault.Permanent,
	"SignatureDoesNotMatch":       fault.Permanent,
	"UnauthorizedOperation":       fault.Permanent,
	"InvalidAction":               fault.Permanent,
	"InvalidFilter":               fault.Permanent,
	"InvalidParameter":            fault.Permanent,
	"InvalidParameterCombination": fault.Permanent,
	"InvalidParameterValue":       fault.Permanent,
	"MissingParameter":            fault.Permanent,
	"UnknownParameter":            fault.Permanent,
	"UnsupportedOperation":        fault.Permanent,

	"InvalidVpcPeeringConnectionId.Malformed": fault.Permanent,
	"InvalidPermission.Malformed":             fault.Permanent,
	"InvalidRoute.Malformed":                  fault.Permanent,
	"RouteNotSupported":                       fault.Permanent,

	"ActiveVpcPeeringConnectionPerVpcLimitExceeded": fault.Denied,
	"VpcPeeringConnectionsPerVpcLimitExceeded":      fault.Denied,
	"VpcPeeringConnectionAlreadyExists":             fault.Denied,
	"OutstandingVpcPeeringConnectionLimitExceeded":  fault.Denied,
	"PendingVpcPeeringConnectionLimitExceeded":      fault.Denied,
	"RouteLimitExceeded":                            fault.Denied,
	"ResourceCountLimitExceeded":                    fault.Denied,
	"RulesPerSecurityGroupLimitExceeded":            fault.Denied,
	"TagLimitExceeded":                              fault.Denied,
}

// dnsDisabled is the code for a DNS option that needs attributes which a VPC doesn't have.
const dnsDisabled = "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled"

// outdated are the codes with which EC2 reports that another process has made the same route or rule in the
// meantime, or a different one with the same destination or traffic. Reading again distinguishes the two.
var outdated = map[string]bool{"RouteAlreadyExists": true, "InvalidPermission.Duplicate": true}

// action is an attempted call. Its key identifies it by codes and ids alone.
type action struct{ description, key string }

// classify adds the action to err and gives it its class. A Denied error is announced, so its text leaves out the
// request's id, and its key has the action's key, EC2's code and the ids in EC2's message. A repetition has the same
// text and the same id.
func classify(a action, err error) error {
	if err == nil {
		return nil
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fault.Keyed(a.key, fmt.Errorf("%s: %w", a.description, err))
	}
	if outdated[api.ErrorCode()] {
		return fmt.Errorf("%s: %w (%w)", a.description, err, fault.ErrOutdated)
	}
	class := classes[api.ErrorCode()]
	if class == fault.Denied {
		key := strings.Join(append([]string{a.key, api.ErrorCode()}, ids(api.ErrorMessage())...), "|")
		return fault.Keyed(key, fault.Errorf(class, "%s: %s (%s)", a.description, api.ErrorMessage(), api.ErrorCode()))
	}
	return fault.As(class, fmt.Errorf("%s: %w", a.description, err))
}

// ids returns the ids of resources in a message, in its order: "vpc-0a1b2c3d" of "The VPC 'vpc-0a1b2c3d' has …".
func ids(message string) []string {
	isPart := func(r rune) bool { return r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' }
	words := strings.FieldsFunc(message, func(r rune) bool { return !isPart(r) })
	return slices.DeleteFunc(words, func(word string) bool {
		i := strings.LastIndexByte(word, '-')
		return i < 0 || !strings.ContainsAny(word[i:], "0123456789")
	})
}

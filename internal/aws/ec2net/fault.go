package ec2net

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/domain/fault"
)

// classes maps EC2's error codes to what becomes of the message. A code that isn't here is Retryable, and
// so are on purpose: throttling, a state that is about to change, a thing that isn't visible yet, and what
// outdated lists.
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

	"ActiveVpcPeeringConnectionPerVpcLimitExceeded":         fault.Denied,
	"VpcPeeringConnectionsPerVpcLimitExceeded":              fault.Denied,
	"OutstandingVpcPeeringConnectionLimitExceeded":          fault.Denied,
	"PendingVpcPeeringConnectionLimitExceeded":              fault.Denied,
	"RouteLimitExceeded":                                    fault.Denied,
	"ResourceCountLimitExceeded":                            fault.Denied,
	"RulesPerSecurityGroupLimitExceeded":                    fault.Denied,
	"TagLimitExceeded":                                      fault.Denied,
	"InvalidVpcPeeringConnectionState.DnsHostnamesDisabled": fault.Denied,
}

// outdated are the codes by which EC2 says that somebody else has made the same in the meantime, or something else
// of the same name: looking again tells which.
var outdated = map[string]bool{"RouteAlreadyExists": true, "InvalidPermission.Duplicate": true}

// classify says what was being done, and gives the error its class. The words of a Denied one are
// announced, so they leave out the request's id: a repetition must read the same.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if outdated[api.ErrorCode()] {
		return fmt.Errorf("%s: %w (%w)", doing, err, fault.ErrOutdated)
	}
	class := classes[api.ErrorCode()]
	if class == fault.Denied {
		return fault.Errorf(class, "%s: %s (%s)", doing, api.ErrorMessage(), api.ErrorCode())
	}
	return fault.As(class, fmt.Errorf("%s: %w", doing, err))
}

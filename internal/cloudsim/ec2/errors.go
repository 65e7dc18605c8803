package ec2

import (
	"errors"
	"fmt"
	"net/http"
)

// refusal is an error as EC2 answers it. The codes are those of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
type refusal struct {
	code    string
	message string
	status  int
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// trailCode is the code with the prefix that CloudTrail gives it.
func (r *refusal) trailCode() string {
	if r.status >= http.StatusInternalServerError && r.code != codeThrottled {
		return "Server." + r.code
	}
	return "Client." + r.code
}

const codeThrottled = "RequestLimitExceeded"

func refuse(code, format string, args ...any) *refusal {
	return &refusal{code: code, message: fmt.Sprintf(format, args...), status: http.StatusBadRequest}
}

func invalidValue(format string, args ...any) *refusal {
	return refuse("InvalidParameterValue", format, args...)
}

func missing(name string) *refusal {
	return refuse("MissingParameter", "The request must contain the parameter %s", name)
}

func combination(message string) *refusal {
	return refuse("InvalidParameterCombination", "%s", message)
}

func dependency(format string, args ...any) *refusal {
	return refuse("DependencyViolation", format, args...)
}

func notPermitted(format string, args ...any) *refusal {
	return refuse("OperationNotPermitted", format, args...)
}

func throttled() *refusal {
	return &refusal{code: codeThrottled, message: "Request limit exceeded.", status: http.StatusServiceUnavailable}
}

// wouldSucceed is how a dry run answers, with 412 and not 200.
func wouldSucceed() *refusal {
	return &refusal{
		code: "DryRunOperation", message: "Request would have succeeded, but DryRun flag is set.",
		status: http.StatusPreconditionFailed,
	}
}

// asRefusal converts other errors to an internal error.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return &refusal{code: "InternalError", message: err.Error(), status: http.StatusInternalServerError}
}

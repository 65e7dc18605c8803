package bootstrap

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// attempts is the maximal number of attempts of a throttled call. The invocation's deadline may end them earlier.
const attempts = 10

// Retryer returns the SDK's adaptive retryer, which reduces the rate of calls when EC2 throttles them.
func Retryer() aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, Patient)
	})
}

// Patient leaves out the SDK's retry quota: it runs dry in a burst and, in adaptive mode, is never refilled
// (aws/aws-sdk-go-v2 issue 3550).
func Patient(o *retry.StandardOptions) {
	o.MaxAttempts = attempts
	o.RateLimiter = ratelimit.None
}

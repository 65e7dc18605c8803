package bootstrap

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// attempts is the number of times that a throttled call is tried. The invocation's deadline ends it earlier.
const attempts = 10

// Retryer learns EC2's rate from its throttles.
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

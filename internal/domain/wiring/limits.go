package wiring

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
)

// Limits of a function and its queue. AWS asks that a message stays hidden for six function timeouts. Few environments
// beat many under EC2's throttle, since none can see what the others spend. A message that fails is
// hidden by the function for 2, 4, 8 … 300 seconds, so ten deliveries take thirteen minutes.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
const (
	FunctionTimeout   = 30 * time.Second
	VisibilityTimeout = 6 * FunctionTimeout
	MaxReceives       = 10
	BatchSize         = 10
	MaxConcurrency    = 2
)

// DefaultSweepInterval is the time from one sweep to the next, unless the operator sets another.
const DefaultSweepInterval = 15 * time.Minute

// Delay returns how long a message waits in the function's queue before it is delivered. Changes come in bursts,
// as when a VPC is built, and a block takes seconds to be associated: one sweep, some time after, sees them all.
func Delay(f function.Name) time.Duration {
	if f == function.Sweep {
		return 15 * time.Second
	}
	return 0
}

package wiring

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
)

// Limits of a function and its queue. Few environments beat many under EC2's throttle, since none can see the calls of
// the others. A message that fails is hidden by the function for 2, 4, 8 … 300 seconds, so ten deliveries take 13½
// minutes and the dead letter follows after 18½.
const (
	FunctionTimeout = 30 * time.Second
	MaxReceives     = 10
	MaxConcurrency  = 2
)

// Window returns how long the messages of the function's queue are gathered before it is invoked. Changes come in bursts, as when a VPC is
// built, and a block takes seconds to be associated: one sweep, some time after, sees them all.
func Window(f function.Name) time.Duration {
	if f == function.Sweep {
		return 15 * time.Second
	}
	return 0
}

// BatchSize returns the number of messages that the function is invoked with at most. One sweep serves all of its messages, so it gets
// as many as the payload of an invocation, 6 MB, surely has room for: CloudTrail's records have some kilobytes each.
func BatchSize(f function.Name) int {
	if f == function.Sweep {
		return 1000
	}
	return 10
}

// VisibilityTimeout returns how long a message stays hidden that a function was given and that it neither deletes nor hides itself. AWS
// asks for six function timeouts and the window.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func VisibilityTimeout(f function.Name) time.Duration { return 6*FunctionTimeout + Window(f) }

// DefaultSweepInterval is the time from one sweep to the next, unless the operator sets another.
const DefaultSweepInterval = 15 * time.Minute

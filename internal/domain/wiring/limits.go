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

// Window returns the time for which Lambda gathers messages of the function's queue before it invokes the function.
// Changes come in bursts, for example while a VPC is built, and EC2 takes seconds to associate a block: one sweep
// at the end handles them all.
func Window(f function.Name) time.Duration {
	if f == function.Sweep {
		return 15 * time.Second
	}
	return 0
}

// BatchSize returns the maximal number of messages of one invocation. One sweep serves all of its messages, so it
// gets as many as fit into the payload of an invocation, 6 MB: CloudTrail's records have some kilobytes each.
func BatchSize(f function.Name) int {
	if f == function.Sweep {
		return 1000
	}
	return 10
}

// VisibilityTimeout returns the time for which a received message stays hidden if the function neither deletes nor
// hides it. AWS recommends six function timeouts and the window.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func VisibilityTimeout(f function.Name) time.Duration { return 6*FunctionTimeout + Window(f) }

// DefaultSweepInterval is the time from one sweep to the next, unless the operator sets another.
const DefaultSweepInterval = 15 * time.Minute

package bootstrap

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
)

// CountCalls makes the SDK call called for every attempt of an API call, with whether AWS throttled it. It runs inside
// the retries, so that it also counts throttled attempts before a success.
func CountCalls(cfg *aws.Config, called func(throttled bool)) {
	throttles := retry.IsErrorThrottles(retry.DefaultThrottles)
	count := middleware.FinalizeMiddlewareFunc("CountCalls", func(ctx context.Context, in middleware.FinalizeInput,
		next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleFinalize(ctx, in)
		called(err != nil && throttles.IsErrorThrottle(err) == aws.TrueTernary)
		return out, metadata, err
	})
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(count, "Retry", middleware.After)
	})
}

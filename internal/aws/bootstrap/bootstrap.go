// Package bootstrap holds the startup code shared by the Lambda functions: settings, AWS clients, metrics and the loop
// that receives invocations. It imports no use case.
package bootstrap

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/aws/bus"
	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/aws/metrics"
	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/logkey"
)

// Dependencies are the settings and edges that a use case is made from.
type Dependencies struct {
	Settings
	Network *ec2net.Network
	Bus     *bus.Bus
	SQS     *sqs.Client
	Missed  func(events int)
}

// Run runs a function with the use case until Lambda ends the process. It exits with 1 at cold start, before any
// message is received, if a setting is invalid.
func Run(useCase func(Dependencies) (lambdasqs.Handle, error)) {
	slog.SetDefault(lambdacontext.NewLogger())
	if err := run(useCase); err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
}

func run(useCase func(Dependencies) (lambdasqs.Handle, error)) error {
	settings, err := Parse(os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	aws, wake := AWS(os.Getenv)
	recorder := metrics.New(os.Stdout, lambdacontext.FunctionName, settings.Policy.Installation, time.Now)
	CountCalls(&aws, recorder.Called)
	messages := sqs.NewFromConfig(aws)
	handle, err := useCase(Dependencies{
		Settings: settings,
		Network:  ec2net.New(ec2.NewFromConfig(aws)),
		Bus:      bus.New(eventbridge.NewFromConfig(aws), settings.Bus, time.Now, recorder.Published),
		SQS:      messages,
		Missed:   recorder.Missed,
	})
	if err != nil {
		return err
	}
	source := queues.NewSource(messages, settings.QueueURL)
	lambda.StartHandlerFunc(metrics.PerInvocation(recorder, lambdasqs.Handler(wake, source, recorder.Failing, handle)))
	return nil
}

// the loop that asks Lambda for work. It knows no use case.
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
)

// Parts is what a use case is made of.
type Parts struct {
	Settings
	Network   *ec2net.Network
	Announcer metrics.Announcer
	SQS       *sqs.Client
	Missed    func(events int)
}

// Function starts a function whose work is that of the use case. It returns only if a setting is wrong: at
// cold start, never halfway through a batch.
func Function(useCase func(Parts) (lambdasqs.Handle, error)) error {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := Parse(os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	aws, wake := AWS(os.Getenv)
	recorder := metrics.New(os.Stdout, lambdacontext.FunctionName, time.Now)
	CountCalls(&aws, recorder.Called)
	messages := sqs.NewFromConfig(aws)
	handle, err := useCase(Parts{
		Settings:  settings,
		Network:   ec2net.New(ec2.NewFromConfig(aws)),
		Announcer: recorder.Counted(bus.New(eventbridge.NewFromConfig(aws), settings.Bus, time.Now)),
		SQS:       messages,
		Missed:    recorder.Missed,
	})
	if err != nil {
		return err
	}
	queue := queues.NewSQS(messages, settings.QueueURL)
	lambda.StartHandlerFunc(metrics.PerInvocation(recorder, lambdasqs.Handler(wake, queue, handle)))
	return nil
}

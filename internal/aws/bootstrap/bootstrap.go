// Package start is what the mains of all functions have in common: the settings, the clients, the metrics and
// the loop that asks Lambda for work. It knows no use case.
package start

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/config"
	"github.com/autopeer/autopeer/internal/ec2net"
	"github.com/autopeer/autopeer/internal/lambdasqs"
	"github.com/autopeer/autopeer/internal/metrics"
)

// Parts is what a use case is made of.
type Parts struct {
	config.Settings
	Network   *ec2net.Network
	Announcer metrics.Announcer
	SQS       *sqs.Client
	Missed    func(events int)
}

// Function starts a function whose work is that of the use case. It returns only if a setting is wrong: at
// cold start, never halfway through a batch.
func Function(useCase func(Parts) (lambdasqs.Handle, error)) error {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Parse(os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	aws, wake := config.AWS(os.Getenv)
	recorder := metrics.New(os.Stdout, lambdacontext.FunctionName, time.Now)
	config.CountCalls(&aws, recorder.Called)
	messages := sqs.NewFromConfig(aws)
	handle, err := useCase(Parts{
		Settings:  settings,
		Network:   ec2net.New(ec2.NewFromConfig(aws)),
		Announcer: recorder.Counted(announce.New(eventbridge.NewFromConfig(aws), settings.Bus, time.Now)),
		SQS:       messages,
		Missed:    recorder.Missed,
	})
	if err != nil {
		return err
	}
	queue := lambdasqs.NewSQS(messages, settings.QueueURL)
	lambda.StartHandlerFunc(metrics.PerInvocation(recorder, lambdasqs.Handler(wake, queue, handle)))
	return nil
}

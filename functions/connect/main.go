// Command connect routes and opens the VPC peering connections that have become active.
package main

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
	"github.com/autopeer/autopeer/internal/connect"
	"github.com/autopeer/autopeer/internal/ec2net"
	"github.com/autopeer/autopeer/internal/lambdasqs"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/metrics"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	handler, err := wire(os.Getenv)
	if err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(handler)
}

// wire fails at cold start on a wrong setting, never halfway through a batch.
func wire(getenv func(string) string) (lambdasqs.Func, error) {
	settings, err := config.Parse(getenv, os.ReadFile)
	if err != nil {
		return nil, err
	}
	aws, wake := config.AWS(getenv)
	recorder := metrics.New(os.Stdout, lambdacontext.FunctionName, time.Now)
	config.CountCalls(&aws, recorder.Called)
	bus := recorder.Counted(announce.New(eventbridge.NewFromConfig(aws), settings.Bus, time.Now))
	connector := connect.New(settings.Cell, settings.Policy, ec2net.New(ec2.NewFromConfig(aws)), bus, time.Now)
	return metrics.PerInvocation(recorder, lambdasqs.Handler(wake, lambdasqs.NewSQS(sqs.NewFromConfig(aws), settings.QueueURL), connector.Handle)), nil
}

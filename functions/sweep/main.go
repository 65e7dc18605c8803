// Command sweep finds what events missed, and tells the other functions.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/sweep"
)

func main() {
	err := bootstrap.Function(func(p bootstrap.Parts) (lambdasqs.Handle, error) {
		settings, err := bootstrap.ParseSweep(os.Getenv)
		if err != nil {
			return nil, err
		}
		return sweep.New(p.Cell, p.Policy, settings.Interval, sweep.Parts{
			Network: p.Network, Announcer: p.Announcer, Missed: p.Missed, Now: time.Now,
			Queues: queues.New(p.SQS, p.QueueURL, settings.Queues),
		}).Handle, nil
	})
	if err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
}

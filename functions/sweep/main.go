// Command sweep finds what events missed, and tells the other functions.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/autopeer/autopeer/internal/config"
	"github.com/autopeer/autopeer/internal/dispatch"
	"github.com/autopeer/autopeer/internal/lambdasqs"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/start"
	"github.com/autopeer/autopeer/internal/sweep"
)

func main() {
	err := start.Function(func(p start.Parts) (lambdasqs.Handle, error) {
		settings, err := config.ParseSweep(os.Getenv)
		if err != nil {
			return nil, err
		}
		return sweep.New(p.Cell, p.Policy, settings.Interval, sweep.Parts{
			Network: p.Network, Announcer: p.Announcer, Missed: p.Missed, Now: time.Now,
			Queues: dispatch.New(p.SQS, p.QueueURL, settings.Queues),
		}).Handle, nil
	})
	if err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
}

// Command sweep finds the differences from the policy that events missed and sends them to the other functions.
package main

import (
	"os"
	"time"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/sweep"
)

func main() {
	bootstrap.Run(func(d bootstrap.Dependencies) (lambdasqs.Handle, error) {
		settings, err := bootstrap.ParseSweep(os.Getenv)
		if err != nil {
			return nil, err
		}
		return sweep.New(d.Cell, d.Policy, settings.Interval, sweep.Dependencies{
			Network: d.Network, Queues: queues.New(d.SQS, settings.Queues), Announcer: d.Bus, Missed: d.Missed, Now: time.Now,
		}).Handle, nil
	})
}

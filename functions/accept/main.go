// Command accept accepts the requests for VPC peering connections that the policy allows.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/autopeer/autopeer/internal/accept"
	"github.com/autopeer/autopeer/internal/lambdasqs"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/start"
)

func main() {
	err := start.Function(func(p start.Parts) (lambdasqs.Handle, error) {
		return accept.New(p.Cell, p.Policy, p.Network, p.Announcer, time.Now).Handle, nil
	})
	if err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
}

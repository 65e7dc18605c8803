// Command connect routes and opens the VPC peering connections that have become active.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/connect"
	"github.com/autopeer/autopeer/internal/logkey"
)

func main() {
	err := bootstrap.Function(func(p bootstrap.Parts) (lambdasqs.Handle, error) {
		return connect.New(p.Cell, p.Policy, p.Network, p.Announcer, time.Now).Handle, nil
	})
	if err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
}

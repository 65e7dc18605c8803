// Command disconnect takes back the routes and rules of VPC peering connections that are gone.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/autopeer/autopeer/internal/disconnect"
	"github.com/autopeer/autopeer/internal/lambdasqs"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/start"
)

func main() {
	err := start.Function(func(p start.Parts) (lambdasqs.Handle, error) {
		return disconnect.New(p.Cell, p.Policy, p.Network, p.Announcer, time.Now).Handle, nil
	})
	if err != nil {
		slog.Error("cold start failed", logkey.Error, err.Error())
		os.Exit(1)
	}
}

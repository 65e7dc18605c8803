// Command connect adds routes and ingress rules for the VPC peering connections that have become active.
package main

import (
	"time"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/connect"
)

func main() {
	bootstrap.Run(func(d bootstrap.Dependencies) (lambdasqs.Handle, error) {
		return connect.New(d.Cell, d.Policy, d.Network, d.Bus, time.Now).Handle, nil
	})
}

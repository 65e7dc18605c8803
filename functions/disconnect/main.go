// Command disconnect removes the routes and ingress rules of VPC peering connections that have ended.
package main

import (
	"time"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/disconnect"
)

func main() {
	bootstrap.Run(func(d bootstrap.Dependencies) (lambdasqs.Handle, error) {
		return disconnect.New(d.Cell, d.Policy, d.Network, d.Bus, time.Now).Handle, nil
	})
}

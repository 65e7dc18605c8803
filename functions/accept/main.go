// Command accept accepts the requests for VPC peering connections that the policy allows.
package main

import (
	"time"

	"github.com/autopeer/autopeer/internal/accept"
	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
)

func main() {
	bootstrap.Run(func(d bootstrap.Dependencies) (lambdasqs.Handle, error) {
		return accept.New(d.Cell, d.Policy, d.Network, d.Bus, time.Now).Handle, nil
	})
}

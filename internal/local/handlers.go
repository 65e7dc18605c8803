package local

import (
	"time"

	"github.com/autopeer/autopeer/internal/accept"
	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/aws/ec2net"
	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/connect"
	"github.com/autopeer/autopeer/internal/disconnect"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/sweep"
)

// Edges are the edges of a cell's use cases. Queues and Missed are needed by sweep only.
type Edges struct {
	Network       *ec2net.Network
	Bus           announce.Bus
	Queues        sweep.Queues
	Missed        func(events int)
	SweepInterval time.Duration
}

// Handlers returns the use cases of a cell by function, as the functions' mains make them. The policy is the cell's
// part.
func Handlers(cell peering.Cell, part *policy.Policy, e Edges) map[function.Name]lambdasqs.Handle {
	return map[function.Name]lambdasqs.Handle{
		function.Accept:     accept.New(cell, part, e.Network, e.Bus, time.Now).Handle,
		function.Connect:    connect.New(cell, part, e.Network, e.Bus, time.Now).Handle,
		function.Disconnect: disconnect.New(cell, part, e.Network, e.Bus, time.Now).Handle,
		function.Sweep: sweep.New(cell, part, e.SweepInterval, sweep.Dependencies{
			Network: e.Network, Queues: e.Queues, Announcer: e.Bus, Missed: e.Missed, Now: time.Now,
		}).Handle,
	}
}

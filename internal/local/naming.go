package local

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// naming gives the names of one installation's resources in a cell, as the CDK app gives them.
type naming struct {
	peering.Cell
	By peering.Installation
}

func (n naming) name(of string) string { return string(n.By) + "-" + of }

func (n naming) queue(f function.Name) string { return n.name(string(f)) }

func (n naming) arn(service, resource string) string { return arn(service, n.Cell, resource) }

// busIn is the ARN of the installation's bus in a cell.
func (n naming) busIn(cell peering.Cell) string {
	return arn("events", cell, "event-bus/"+string(n.By))
}

// SweepRule is the ARN of the rule with the schedule of the cell's sweeps.
func (n naming) SweepRule() string { return n.arn("events", "rule/"+n.name(wiring.SweepRule)) }

// SweepQueue is the ARN of the queue of the cell's sweeps.
func (n naming) SweepQueue() string { return n.arn("sqs", n.queue(function.Sweep)) }

// arn returns the ARN of a resource on the embedded cloud, which is the partition aws in every Region.
func arn(service string, cell peering.Cell, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, cell.Region, cell.Account, resource)
}

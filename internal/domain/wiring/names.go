package wiring

import (
	"fmt"
	"strconv"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// DefaultPrefix is the prefix of all names, unless the operator sets another.
const DefaultPrefix = "autopeer"

// StackName returns the name of the CloudFormation stack of a cell, which has everything but the event bus.
func StackName(prefix string, cell peering.Cell) string {
	return fmt.Sprintf("%s-%s-%s", prefix, cell.Account, cell.Region)
}

// BusStackName returns the name of the stack with the event bus of a cell and the bus's policy. The counterparts' rules
// send to this bus, so it is deployed before their cells.
func BusStackName(prefix string, cell peering.Cell) string { return StackName(prefix, cell) + "-bus" }

// RoleName begins the name of a function's role. The Region follows.
func RoleName(by peering.Installation, f function.Name) string { return string(by) + "-" + string(f) }

// SweepRule is the name of the rule with the schedule of the sweeps.
const SweepRule = "sweep-schedule"

// ForwardNames returns the names of the rules by which every counterpart forwards to the cell, the one for
// calls on its default bus and the one for messages on its own.
func ForwardNames(to peering.Cell) (calls, messages string) {
	return forwardName("calls", to), forwardName("messages", to)
}

func forwardName(events string, to peering.Cell) string {
	return "forward-" + events + "-" + string(to.Account) + "-" + string(to.Region)
}

// numbered keeps names unique; the first needs no number.
func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "-" + strconv.Itoa(i+1)
}

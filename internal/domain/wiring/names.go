package wiring

import (
	"fmt"
	"strconv"
	"strings"

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

// RoleName returns the name of the role of a function in a cell. Roles have no Region, so the name has it.
func RoleName(by peering.Installation, f function.Name, cell peering.Cell) string {
	return fmt.Sprintf("%s-%s-%s", by, f, cell.Region)
}

// IsSessionOf reports whether the ARN is that of a session of the function's role.
func IsSessionOf(arn string, by peering.Installation, f function.Name, cell peering.Cell) bool {
	return strings.HasPrefix(arn, fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/",
		partition(cell), cell.Account, RoleName(by, f, cell)))
}

func roleARN(by peering.Installation, f function.Name, cell peering.Cell) string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition(cell), cell.Account, RoleName(by, f, cell))
}

// partition is the first part of every ARN after "arn". The CDK app refuses a cell whose Region has none.
func partition(cell peering.Cell) string {
	p, _ := peering.PartitionOf(cell.Region)
	return p.Name
}

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

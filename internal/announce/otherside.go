package announce

import (
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// reasons has the reason in a sentence for each code of another cell's check.
var reasons = map[message.Code]string{
	message.NotListed:        "its policy has no peering for the two VPCs",
	message.CIDRMismatch:     "its policy doesn't declare a block",
	message.Overlap:          "blocks of the two VPCs overlap",
	message.Multipath:        "its policy doesn't allow the requested multipath resilience",
	message.RouteConflict:    "a route there leads elsewhere",
	message.Quota:            "a quota there doesn't suffice",
	message.AlreadyConnected: "another connection or an older request of the two VPCs exists there",
	message.Refused:          "EC2 refused a change there",
	message.Hold:             "a person has put the connection on hold there",
	message.NeedsAdoption: "the changes there, which remove routes that other principals made, wait " +
		"for the consent of a person",
	message.ReportMode: "the peering is in report mode there",
}

// OtherSide returns o as the outcome of a request that isn't accepted because of the requester's side. That side's
// cell announces the details to its own owner.
func OtherSide(o outcome.Outcome, code message.Code) outcome.Outcome {
	o.Type = typeOf(code)
	cell := peering.Cell{Account: o.Requester.Account, Region: o.Requester.Region}
	o.Next = fmt.Sprintf("the announcement in %s has the remedy", cell)
	if code == message.NotListed || code == message.CIDRMismatch {
		o.Next = fmt.Sprintf("deploy the same policy here and in %s", cell)
	}
	return o.Because("other-side", fmt.Sprintf("%s is not accepted: the requester's side in %s is not ready, because %s",
		o.Connection, cell, reasons[code]), string(code))
}

// HalfOpen returns o as the outcome of an active connection whose other side, in the cell, isn't connected, or only
// partly. Its id depends on the connection and the code alone.
func HalfOpen(o outcome.Outcome, code message.Code, cell peering.Cell, partly bool) outcome.Outcome {
	o.Type = typeOf(code)
	o.Next = fmt.Sprintf("the announcement in %s has the remedy", cell)
	if partly {
		return o.Because("incomplete", fmt.Sprintf("a part of the side of %s in %s is missing, because %s",
			o.Connection, cell, reasons[code]), string(code))
	}
	o.Next += "; to end the connection instead: " + deletion(o)
	return o.Because("half-open", fmt.Sprintf("%s is half-open: the side in %s is not connected, because %s; %s",
		o.Connection, cell, reasons[code], passing("here", "there")), string(code))
}

// NeitherSide returns o as the outcome of an active connection with both sides unconnected. The obstacle here has
// an announcement of its own.
func NeitherSide(o outcome.Outcome, code message.Code, cell peering.Cell) outcome.Outcome {
	o.Type = typeOf(code)
	o.Next = fmt.Sprintf("the announcement in %s has the remedy; to end the connection instead: %s", cell, deletion(o))
	return o.Because("other-side",
		fmt.Sprintf("%s is active and not connected: its side in %s has an obstacle, because %s, and the "+
			"side here isn't connected either",
			o.Connection, cell, reasons[code]), string(code), "active")
}

// Complete returns o as the outcome of an active connection whose other side, in the cell, had an obstacle and was
// found to be connected at that time. Each end of an obstacle has an id of its own.
func Complete(o outcome.Outcome, cell peering.Cell, found time.Time) outcome.Outcome {
	o.FoundAt = found
	return o.Because("complete",
		fmt.Sprintf("the side of %s in %s, which had an obstacle, has all its routes and rules now", o.Connection, cell))
}

// WithHalfOpen returns o, the outcome of a side with an obstacle, with a note of the traffic that passes if the
// side isn't connected.
func WithHalfOpen(o outcome.Outcome, half plan.Side) outcome.Outcome {
	if !half.IsConnected() {
		o.Notes = append(o.Notes, fmt.Sprintf("%s is half-open as long as the other side is connected: %s",
			o.Connection, passing("the other VPC", "here")))
	}
	return o
}

// passing describes the traffic of a half-open connection.
func passing(from, to string) string {
	return fmt.Sprintf("packets from %s reach the VPC %s only where its security groups admit them anyway, "+
		"and answers have no route back", from, to)
}

// Waiting returns o as the outcome of a request that waits for the answer of the other side's cell. While blocks of
// that side aren't known here, an obstacle here may have been found by a message of the other cell, and announced
// then.
func Waiting(o outcome.Outcome, blocksAreKnown bool) outcome.Outcome {
	other := peering.Cell{Account: o.Requester.Account, Region: o.Requester.Region}
	if other == o.Cell {
		other = peering.Cell{Account: o.Accepter.Account, Region: o.Accepter.Region}
	}
	o.Type, o.Repair = outcome.Denied, ""
	o.Next = fmt.Sprintf("if %s announces no obstacle, check that autopeer is deployed there with the same policy", other)
	if !blocksAreKnown {
		o.Next = fmt.Sprintf("if neither %s nor %s announces an obstacle, check that autopeer is deployed in "+
			"%[2]s with the same policy", o.Cell, other)
		return o.Because("no-answer",
			fmt.Sprintf("%s waits for the answer of %s, or for the end of an obstacle that was announced here; an obstacle "+
				"there is announced there",
				o.Connection, other), "blocks")
	}
	return o.Because("no-answer", fmt.Sprintf("%s waits for the answer of %s; an obstacle there is announced there",
		o.Connection, other))
}

func typeOf(code message.Code) outcome.Type {
	switch code {
	case message.RouteConflict:
		return outcome.Conflicting
	case message.Quota, message.Refused:
		return outcome.Failed
	}
	return outcome.Denied
}

// deletion returns the command that deletes the connection of o.
func deletion(o outcome.Outcome) string {
	return fmt.Sprintf("aws ec2 delete-vpc-peering-connection --region %s --vpc-peering-connection-id %s",
		o.Cell.Region, o.Connection)
}

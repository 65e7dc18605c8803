package announce

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// RequestDenied returns o, the policy's denial of a request, with the next step. A request that the policy rejects
// ends, and any other one stays pending.
func RequestDenied(o outcome.Outcome, d policy.Decision, isRetired bool) outcome.Outcome {
	stays := d.Verdict != policy.Reject
	switch d.Code {
	case policy.NotListed:
		o.Next = unlisted(o, stays, isRetired)
		o.Reason.Keys = append(o.Reason.Keys, endings(stays, isRetired)...)
	case policy.WrongDirection:
		o.Next = fmt.Sprintf("have %s request the connection", d.Accepter)
		o.Reason.Keys = append(o.Reason.Keys, endings(stays, false)...)
		if stays {
			o.Next = fmt.Sprintf("delete or reject %s, and %s", o.Connection, o.Next)
		}
	case policy.CIDRMismatch:
		o.Next = "declare the block in the policy and deploy it, or remove the block from the VPC; the next " +
			"sweep checks the request again"
	case policy.Overlap:
		o.Next = fmt.Sprintf("delete or reject %s; %s", o.Connection, renumber)
	case policy.SameVPC:
		o.Next = anotherVPC
	case policy.Multipath:
		return MultipathDenied(o)
	}
	return o
}

// endings are the keys of the facts on which the next step depends beside the reason.
func endings(stays, isRetired bool) (keys []string) {
	if !stays {
		keys = append(keys, "rejected")
	}
	if isRetired {
		keys = append(keys, "retired")
	}
	return keys
}

const (
	renumber = "AWS connects only VPCs whose blocks are apart, so renumber one of the two, or " +
		"share a service by PrivateLink"
	anotherVPC = "request a connection to another VPC"
)

func unlisted(o outcome.Outcome, stays, isRetired bool) string {
	switch {
	case isRetired && stays:
		return fmt.Sprintf("delete or reject %s, because the cell is about to leave the policy", o.Connection)
	case isRetired:
		return "request no connection there, because the cell is about to leave the policy"
	case stays:
		return fmt.Sprintf("if the connection is meant, add it to the policy (autopeer explain prints "+
			"the lines) and deploy it, and the next sweep checks the request again; otherwise delete or reject %s", o.Connection)
	}
	return "if the connection is meant, add it to the policy (autopeer explain prints the lines), deploy it, " +
		"and request the connection again"
}

// RequestEnded returns o, the failure of a request that EC2 has ended, with the next step.
func RequestEnded(o outcome.Outcome, state peering.State) outcome.Outcome {
	switch {
	case o.Reason.Code == string(policy.Overlap):
		o.Next = renumber
	case o.Reason.Code == string(policy.SameVPC):
		o.Next = anotherVPC
	case state == peering.Failed:
		o.Next = "check the IDs, accounts, Regions and blocks of both VPCs, and request the connection again"
	case state == peering.Expired:
		o.Next = "request the connection again if it is still wanted"
	}
	return o
}

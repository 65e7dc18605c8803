// Package message defines the messages by which two cells agree on a connection. They travel over one hop between event
// buses, to the addressee alone, and are no announcements. A message may be lost, repeated, late or forged.
package message

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Source is the EventBridge source of every message.
const Source = "autopeer.cells"

// Version is the version of the detail's JSON that a cell sends and understands. Fields are added without a new
// version.
const Version = 1

// Type is the EventBridge detail-type of a message.
type Type string

// The messages.
const (
	SideChecked Type = "Side Checked"        // whether the sender's side is free
	CheckSide   Type = "Check Side"          // the question for it
	Accepted    Type = "Connection Accepted" // the sender has accepted the connection
)

// Code is the result of a check, of a closed list: a cell learns nothing else about the other cell's network.
type Code string

// The results of a check.
const (
	Ready Code = "ready"
	// the sender's policy has no peering for the VPCs, or not in this direction
	NotListed        Code = "not-listed"
	CIDRMismatch     Code = "cidr-mismatch"     // a block is not the one that the sender's policy declares
	Overlap          Code = "overlap"           // blocks of the two VPCs overlap
	Multipath        Code = "multipath"         // the request allows multipath resilience, and the peering doesn't
	RouteConflict    Code = "route-conflict"    // a route of the sender's leads elsewhere
	Quota            Code = "quota"             // a quota of the sender's doesn't suffice
	AlreadyConnected Code = "already-connected" // another connection or older request of the two VPCs exists
	Refused          Code = "refused"           // EC2 refused a change on the sender's side
	Hold             Code = "hold"              // a person has put the connection on hold on the sender's side
	// changes to routes that others made wait for a person on the sender's side
	NeedsAdoption Code = "needs-adoption"
	ReportMode    Code = "report-mode" // the sender changes nothing on its side, and nothing else is in the way there
)

// IsKnown reports whether the code is on the list.
func (c Code) IsKnown() bool {
	switch c {
	case Ready, NotListed, CIDRMismatch, Overlap, Multipath, RouteConflict, Quota, AlreadyConnected, Refused, Hold,
		NeedsAdoption, ReportMode:
		return true
	}
	return false
}

// VPC names one end of the connection.
type VPC struct {
	Account peering.AccountID `json:"account"`
	Region  peering.Region    `json:"region"`
	ID      peering.VPCID     `json:"vpc"`
}

// Message is the detail of one message.
type Message struct {
	Type       Type                 `json:"-"` // travels as the event's detail-type
	Version    int                  `json:"version"`
	ID         string               `json:"id"`
	To         peering.Cell         `json:"to"`
	Connection peering.ConnectionID `json:"connection"`
	Requester  VPC                  `json:"requester"`
	Accepter   VPC                  `json:"accepter"`
	CheckedAt  time.Time            `json:"checkedAt"` // before the first read
	State      peering.State        `json:"state"`     // of the connection, as the sender was shown it
	// Quiet has the receiver announce nothing unless it changes something: the message repeats one for which
	// nothing was due.
	Quiet bool `json:"quiet,omitempty"`
	// Repeated means that a scheduled sweep of the sender has a lasting outcome announced again.
	Repeated bool `json:"repeated,omitempty"`
	// Partly means that the sender's side of an accepted connection works in part.
	Partly bool `json:"partly,omitempty"`
	// Code is the result of SideChecked.
	Code Code `json:"code,omitempty"`
	// Blocks are the CIDR blocks of the sender's VPC, the primary block first: of SideChecked all, and of CheckSide
	// those that the policy would route.
	Blocks []netip.Prefix `json:"blocks,omitempty"`
	// Assumed are the blocks of the addressee's VPC on which the result of SideChecked rests.
	Assumed []netip.Prefix `json:"assumed,omitempty"`
	// Answers is the ID of the CheckSide that SideChecked answers, empty if it answers none.
	Answers     string    `json:"answers,omitempty"`
	RequestedAt time.Time `json:"requestedAt,omitzero"` // of the connection, if known
}

// New returns a message about the connection to the cell of one of its VPCs. Its time is that before the first read.
func New(t Type, c peering.Connection, to peering.Role, checkedAt time.Time) Message {
	return Message{
		Type: t, Version: Version, To: c.VPC(to).Cell(), Connection: c.ID,
		Requester: vpc(c.Requester), Accepter: vpc(c.Accepter), CheckedAt: checkedAt.UTC(), State: c.State,
	}
}

func vpc(v peering.VPC) VPC { return VPC{v.Owner, v.Region, v.ID} }

// VPC returns the VPC without its blocks.
func (v VPC) VPC() peering.VPC { return peering.VPC{Owner: v.Account, Region: v.Region, ID: v.ID} }

// Sealed returns m with its id, a digest of the message.
func (m Message) Sealed() Message {
	m.ID = ""
	data, _ := json.Marshal([]any{m.Type, m}) // plain values can always be encoded
	sum := sha256.Sum256(data)
	m.ID = hex.EncodeToString(sum[:16])
	return m
}

// Lateness and earliness limit how far a message's times may lie in the past and in the future. Lateness covers
// the delays of EC2 and the queues, earliness the difference of clocks.
const (
	Lateness  = 10 * time.Minute
	earliness = time.Minute
)

// IsFresh reports whether both the time of the check and the time at which EventBridge took the message are recent.
// The first orders honest messages. It proves nothing about a hostile sender.
func (m Message) IsFresh(sentAt, now time.Time) bool {
	for _, t := range []time.Time{m.CheckedAt, sentAt} {
		if age := now.Sub(t); age > Lateness || age < -earliness {
			return false
		}
	}
	return true
}

// Validate returns an error about a message that no cell of this version sends. The error has no fault class: callers
// give it one.
func (m Message) Validate() error {
	switch {
	case m.Type == SideChecked && !m.Code.IsKnown():
		return fmt.Errorf("unknown code %q", m.Code)
	case len(m.Blocks)+len(m.Assumed) > maxBlocks:
		return fmt.Errorf("%d blocks, at most %d are understood", len(m.Blocks)+len(m.Assumed), maxBlocks)
	}
	for _, b := range append(append([]netip.Prefix{}, m.Blocks...), m.Assumed...) {
		if !b.IsValid() || b != b.Masked() {
			return fmt.Errorf("%s is not a CIDR block", b)
		}
	}
	return nil
}

// maxBlocks is more than EC2 grants two VPCs: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const maxBlocks = 200

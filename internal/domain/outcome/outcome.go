// Package outcome is what autopeer says about a connection: the values that are announced as EventBridge
// events, whose JSON is an interface to others, and the ids by which they drop repetitions.
package outcome

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Source is the EventBridge source of every announcement.
const Source = "autopeer"

// Version is the version of the detail's JSON. Fields are added without a new version.
const Version = 1

// Kind is the EventBridge detail-type.
type Kind string

// The kinds of announcement.
const (
	Accepted     Kind = "Peering Accepted"
	Connected    Kind = "Peering Connected"
	Denied       Kind = "Peering Denied"
	Conflicting  Kind = "Peering Conflicting"
	Failed       Kind = "Peering Failed"
	Disconnected Kind = "Peering Disconnected"
	AskApproval  Kind = "Approval Requested"
	DriftFound   Kind = "Drift Found"    // by a sweep: something isn't as the policy says, and no event told
	Repaired     Kind = "Drift Repaired" // what a sweep had found
)

// Outcome is one announcement. A repetition of it carries the same id, whatever was still to do.
type Outcome struct {
	Kind       Kind                 `json:"-"` // travels as the event's detail-type
	Version    int                  `json:"version"`
	ID         string               `json:"id"`
	Connection peering.ConnectionID `json:"connection"`
	Cell       peering.Cell         `json:"cell"`           // who says it
	Side       peering.Role         `json:"side,omitempty"` // the half that it is about; empty for both
	Requester  *Party               `json:"requester,omitempty"`
	Accepter   *Party               `json:"accepter,omitempty"`
	Peering    *Entry               `json:"peering,omitempty"` // the entry of the policy that matched
	Reason     Reason               `json:"reason"`
	State      []string             `json:"state,omitempty"`     // what holds now, one thing a line, sorted
	Changes    []string             `json:"changes,omitempty"`   // what was changed to get there; empty on a repetition
	Conflicts  []Conflict           `json:"conflicts,omitempty"` // what stands in the way
	Shortages  []Shortage           `json:"shortages,omitempty"` // quotas that don't suffice
	Notes      []string             `json:"notes,omitempty"`     // what the policy names and the VPC lacks
	// Obstructions are what network ACLs stop of the traffic that the policy allows.
	Obstructions []Obstruction `json:"obstructions,omitempty"`
	Repair       function.Name `json:"repair,omitempty"` // who has been told to repair what was found
	Wanted       []string      `json:"wanted,omitempty"` // what a repair has to change
	Next         string        `json:"next,omitempty"`   // what a person can do about it
	// RequestedAt is when the connection was asked for, as far as an event said so.
	RequestedAt         time.Time `json:"requestedAt,omitzero"`
	SecondsSinceRequest float64   `json:"secondsSinceRequest,omitempty"`
}

// Party is one end of the connection. Department is empty when the policy knows none for the VPC.
type Party struct {
	Department string            `json:"department,omitempty"`
	Account    peering.AccountID `json:"account"`
	Region     peering.Region    `json:"region"`
	VPC        peering.VPCID     `json:"vpc"`
}

// Entry says where in the policy a peering stands.
type Entry struct {
	Between [2]string `json:"between"`
	File    string    `json:"file"`
	Line    int       `json:"line"`
}

// Reason is a code for programs and a sentence for people.
type Reason struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
}

// Conflict is a route that would have to give way, and will not.
type Conflict struct {
	RouteTable  peering.RouteTableID `json:"routeTable"`
	Destination string               `json:"destination"`
	Target      peering.Target       `json:"target"`             // what it leads to now
	Wanted      peering.Target       `json:"wanted"`             // the connection at hand
	Overlaps    string               `json:"overlaps,omitempty"` // the destination that is wanted, where it is another
}

// Shortage is a quota of AWS that doesn't suffice, with its figures.
type Shortage struct {
	Resource string `json:"resource"` // a VPC, a route table or a security group
	Of       string `json:"of"`
	Have     int    `json:"have"`
	Need     int    `json:"need"`
	Limit    int    `json:"limit"`
}

// Obstruction is an entry of a network ACL that stops some of the traffic that the policy allows.
type Obstruction struct {
	NetworkACL peering.NetworkACLID `json:"networkAcl"`
	Rule       string               `json:"rule"` // its number, or "*" for the one that denies the rest
	Sentence   string               `json:"sentence"`
	Remedy     string               `json:"remedy"`
}

// Sealed returns o with version, id and the time since the request. The id is a digest of the connection,
// the outcome and what was decided; what was changed and when is not part of it.
func (o Outcome) Sealed(now time.Time) Outcome {
	o.Version = Version
	o.ID = o.digest()
	if !o.RequestedAt.IsZero() {
		o.SecondsSinceRequest = max(0, now.Sub(o.RequestedAt).Round(time.Millisecond).Seconds())
	}
	return o
}

func (o Outcome) digest() string {
	parts := []string{string(o.Kind), string(o.Connection), o.Cell.String(), string(o.Side), o.Reason.Code, o.Reason.Sentence}
	parts = append(parts, o.State...)
	for _, c := range o.Conflicts {
		parts = append(parts, string(c.RouteTable), c.Destination, string(c.Target))
	}
	for _, b := range o.Obstructions {
		parts = append(parts, b.Sentence)
	}
	parts = append(parts, o.Wanted...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Package outcome defines the announcements that autopeer publishes as EventBridge events. Their JSON is a versioned
// interface, and each carries an id by which subscribers drop repetitions.
package outcome

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Source is the EventBridge source of every announcement.
const Source = "autopeer"

// Version is the version of the detail's JSON. Fields are added without a new version.
const Version = 1

// Type is the EventBridge detail-type of an announcement.
type Type string

// The announcements.
const (
	Accepted     Type = "Peering Accepted"
	Connected    Type = "Peering Connected"
	Denied       Type = "Peering Denied"
	Conflicting  Type = "Peering Conflicting"
	Failed       Type = "Peering Failed"
	Disconnected Type = "Peering Disconnected"
	AskApproval  Type = "Approval Requested"
	Proposed     Type = "Changes Proposed" // changes that wait for a person
	DriftFound   Type = "Drift Found"      // by a scheduled sweep: a difference from the policy that no event reported
	Repaired     Type = "Drift Repaired"   // a difference that a sweep had found, or an edit
)

// Outcome is one announcement. A repetition carries the same id, even if it had fewer changes to make.
type Outcome struct {
	Type       Type                 `json:"-"` // travels as the event's detail-type
	Version    int                  `json:"version"`
	ID         string               `json:"id"`
	Connection peering.ConnectionID `json:"connection"`
	Cell       peering.Cell         `json:"cell"`           // that publishes it
	Side       peering.Role         `json:"side,omitempty"` // empty for both
	Requester  *Party               `json:"requester,omitempty"`
	Accepter   *Party               `json:"accepter,omitempty"`
	Peering    *Entry               `json:"peering,omitempty"` // the entry of the policy that matched
	Reason     Reason               `json:"reason"`
	// the routes and rules that exist now, a sentence each, sorted
	State     []string   `json:"state,omitempty"`
	Changes   []string   `json:"changes,omitempty"`   // the changes that led to State; empty on a repetition
	Conflicts []Conflict `json:"conflicts,omitempty"` // the routes that stand in the way
	Shortages []Shortage `json:"shortages,omitempty"` // the quotas that don't suffice
	Notes     []string   `json:"notes,omitempty"`     // parts of the policy that the VPCs lack
	// Obstructions are the entries of network ACLs that deny traffic which the policy allows.
	Obstructions []Obstruction `json:"obstructions,omitempty"`
	// Removals and Additions are the changes that wait for a person's consent, in the words of Changes.
	Removals  []string `json:"removals,omitempty"`
	Additions []string `json:"additions,omitempty"`

	Repair function.Name `json:"repair,omitempty"` // the function that repairs the drift
	Wanted []string      `json:"wanted,omitempty"` // the changes that the repair has to make
	Next   string        `json:"next,omitempty"`   // the next step for a person
	// FoundAt is the time at which a sweep found the difference that was repaired, the forbidden routes and rules that
	// were removed, or the end of a side's obstacle. If an edit was repaired, it is the time of the edit. The same
	// difference or obstacle may come back: each of these outcomes has an id of its own.
	FoundAt time.Time `json:"foundAt,omitzero"`
	// EditedBy are the principals whose edits were repaired: ARNs, or names of AWS services.
	EditedBy []string `json:"editedBy,omitempty"`
	// RequestedAt is when the connection was requested, if an event reported it.
	RequestedAt         time.Time `json:"requestedAt,omitzero"`
	SecondsSinceRequest float64   `json:"secondsSinceRequest,omitempty"`

	// Repeated means that a scheduled sweep has the outcome announced again: an earlier event has the same id,
	// unless it was lost.
	Repeated bool `json:"repeated,omitempty"`
	// Omitted has, for each list that was too long for an event, the name of its field and the number of entries
	// left out.
	Omitted map[string]int `json:"omitted,omitempty"`

	// Keys are the codes, ids and figures that the sentences of State, Wanted, Removals, Additions and Obstructions
	// spell out. They go into the id and are not published.
	Keys []string `json:"-"`
	// Lacks reports that EC2 refused a part of the side without which the rest works. A note describes the part.
	Lacks bool `json:"-"`
}

// Party is one end of the connection. Department is empty when the policy knows none for the VPC.
type Party struct {
	Department string            `json:"department,omitempty"`
	Account    peering.AccountID `json:"account"`
	Region     peering.Region    `json:"region"`
	VPC        peering.VPCID     `json:"vpc"`
}

// Entry is the place of a peering in the policy file.
type Entry struct {
	Between [2]string `json:"between"`
	File    string    `json:"file"`
	Line    int       `json:"line"`
}

// Reason is a code for programs and a sentence for people.
type Reason struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	// Keys are the codes, ids and figures that Sentence spells out. They go into the id and are not published.
	Keys []string `json:"-"`
}

// Conflict is a route in the way, which is never replaced.
type Conflict struct {
	RouteTable  peering.RouteTableID `json:"routeTable"`
	Destination string               `json:"destination"`
	Target      peering.Target       `json:"target"` // of the route
	Wanted      peering.Target       `json:"wanted"` // the connection
	// the wanted destination, where it is another than the route's
	Overlaps  string `json:"overlaps,omitempty"`
	Blackhole bool   `json:"blackhole,omitempty"`
}

// Shortage is a quota of AWS that doesn't suffice, with its figures.
type Shortage struct {
	Resource string `json:"resource"` // a VPC, a route table or a security group
	Of       string `json:"of"`       // the resources that the quota counts, in words
	Quota    string `json:"quota"`    // the same as a code: peerings, routes-ipv4, routes-ipv6, rules-ipv4 or rules-ipv6
	Have     int    `json:"have"`
	Need     int    `json:"need"`
	Limit    int    `json:"limit"`
}

// Obstruction is an entry of a network ACL that denies some of the traffic that the policy allows.
type Obstruction struct {
	NetworkACL peering.NetworkACLID `json:"networkAcl"`
	Rule       string               `json:"rule"` // its number, or "*" for the one that denies the rest
	Sentence   string               `json:"sentence"`
	Remedy     string               `json:"remedy"`
}

// Because returns o with another reason. The keys are the codes, ids and figures that the sentence spells out and that
// are neither the connection's id nor the code.
func (o Outcome) Because(code, sentence string, keys ...string) Outcome {
	o.Reason = Reason{Code: code, Sentence: sentence, Keys: keys}
	return o
}

// Sealed returns o with its version, its id and the time since the request, and with long lists cut so that its
// JSON has at most MaxBytes. The id is a digest of codes, ids and figures, never of a sentence, a change or a time:
// a repetition has the same id, also after a sentence is reworded. Entries that were left out are part of it.
func (o Outcome) Sealed(now time.Time) Outcome {
	o.Version = Version
	o.ID = o.digest()
	if !o.RequestedAt.IsZero() {
		o.SecondsSinceRequest = max(0, now.Sub(o.RequestedAt).Round(time.Millisecond).Seconds())
	}
	return o.fitting(MaxBytes)
}

// key has the ids of the conflict. The key of a live route has no field for blackholes, so that ids stay those of
// earlier versions.
func (c Conflict) key() string {
	ids := fmt.Sprintf("%s|%s|%s|%s|%s", c.RouteTable, c.Destination, c.Target, c.Wanted, c.Overlaps)
	if c.Blackhole {
		return ids + "|blackhole"
	}
	return ids
}

func (o Outcome) digest() string {
	var lists [4][]string
	lists[0] = slices.Sorted(slices.Values(o.Keys)) // their sentences may be in another order
	for _, c := range o.Conflicts {
		lists[1] = append(lists[1], c.key())
	}
	for _, s := range o.Shortages {
		lists[2] = append(lists[2], fmt.Sprintf("%s|%s|%d|%d|%d", s.Resource, s.Quota, s.Have, s.Need, s.Limit))
	}
	for _, b := range o.Obstructions {
		lists[3] = append(lists[3], fmt.Sprintf("%s|%s", b.NetworkACL, b.Rule))
	}
	data, _ := json.Marshal([]any{ // plain values can always be encoded
		o.Type, o.Connection, o.Cell.Account, o.Cell.Region, o.Side, o.Reason.Code, o.Reason.Keys, o.FoundAt, lists,
	})
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

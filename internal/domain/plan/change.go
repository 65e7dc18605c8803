package plan

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Change is one call that changes something. String describes it for logs and dry runs. Key identifies it by
// codes and ids alone, so that rewording String does not change it.
type Change interface {
	fmt.Stringer
	Key() string
}

// Tags reports whether the change tags the connection.
func Tags(c Change) bool {
	_, ok := c.(Tag)
	return ok
}

// Removes reports whether the change takes a route or rules away, or rejects a request.
func Removes(c Change) bool {
	switch c.(type) {
	case DeleteRoute, Revoke, Reject:
		return true
	}
	return false
}

// IsReplaced reports whether the change removes a route or rules with traffic that the policy allows, because
// others carry all of it. If these can't be made, the removal would cut the traffic.
func IsReplaced(c Change) bool {
	switch c := c.(type) {
	case DeleteRoute:
		return c.Replaced
	case Revoke:
		return c.Replaced
	}
	return false
}

// IsEssential reports whether no traffic passes as the policy asks without the addition: a route, or a rule for
// blocks. The DNS option and rules for groups and prefix lists depend on resources that a person may have to make
// first.
func IsEssential(c Change) bool {
	switch c := c.(type) {
	case CreateRoute, ReplaceRoute:
		return true
	case Authorize:
		return c.Permissions[0].Source.IsValid()
	}
	return false
}

// ItemOf returns the item of an edit that the change undoes, as package hint names it; "" for tags. Rules that are
// missing were removed, and those that are too many were added.
func ItemOf(c Change) string {
	switch c := c.(type) {
	case CreateRoute:
		return string(c.Table) + " " + c.Destination.String()
	case ReplaceRoute:
		return string(c.Table) + " " + c.Destination.String()
	case DeleteRoute:
		return string(c.Table) + " " + c.Destination.String()
	case Authorize:
		return string(c.Group) + " removed"
	case Revoke:
		return string(c.Group) + " added"
	case EnableDNS:
		return string(c.Connection) + " options"
	}
	return ""
}

// key joins the codes, ids and figures that identify a thing.
func key(parts ...any) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = fmt.Sprint(p)
	}
	return strings.Join(texts, "|")
}

// CreateRoute adds a route to a table that has none to the destination.
type CreateRoute struct {
	Table       peering.RouteTableID
	Destination netip.Prefix
	Via         peering.ConnectionID
}

func (c CreateRoute) String() string {
	return fmt.Sprintf("create route %s → %s in %s", c.Destination, c.Via, c.Table)
}

// Key implements Change.
func (c CreateRoute) Key() string {
	return key("create-route", c.Table, c.Destination, c.Via)
}

// ReplaceRoute takes over a blackhole that a dead peering connection left.
type ReplaceRoute struct {
	Table       peering.RouteTableID
	Destination netip.Prefix
	Was         peering.Target
	Via         peering.ConnectionID
}

func (c ReplaceRoute) String() string {
	return fmt.Sprintf("replace route %s → %s by %s in %s", c.Destination, c.Was, c.Via, c.Table)
}

// Key implements Change.
func (c ReplaceRoute) Key() string {
	return key("replace-route", c.Table, c.Destination, c.Was, c.Via)
}

// DeleteRoute removes a route whose target is the connection.
type DeleteRoute struct {
	Table       peering.RouteTableID
	Destination netip.Prefix
	Via         peering.ConnectionID
	Replaced    bool // by another route with all its traffic, without which it stays
}

func (c DeleteRoute) String() string {
	return fmt.Sprintf("delete route %s → %s in %s", c.Destination, c.Via, c.Table)
}

// Key implements Change.
func (c DeleteRoute) Key() string {
	return key("delete-route", c.Table, c.Destination, c.Via)
}

// Authorize adds ingress rules to one group, tagged with the connection and the installation.
type Authorize struct {
	Group       peering.SecurityGroupID
	Connection  peering.ConnectionID
	By          peering.Installation
	Permissions []peering.Permission // of blocks, or one of a group or a prefix list
	Peer        peering.AccountID    // that has the referenced group
	Description string
}

func (c Authorize) String() string {
	words := make([]string, len(c.Permissions))
	for i, p := range c.Permissions {
		words[i] = admits(p)
	}
	return fmt.Sprintf("authorize %s in %s", strings.Join(words, ", "), c.Group)
}

// Key implements Change.
func (c Authorize) Key() string {
	keys := make([]string, len(c.Permissions))
	for i, p := range c.Permissions {
		keys[i] = permissionKey(p)
	}
	return key("authorize", c.Group, c.Connection, strings.Join(keys, ","))
}

// Facts returns the rules that exist once the change is made.
func (c Authorize) Facts() []Fact {
	facts := make([]Fact, len(c.Permissions))
	for i, p := range c.Permissions {
		facts[i] = ruleFact(c.Group, p)
	}
	return facts
}

// Revoke removes ingress rules of one group by their ids, provided that their tags still name the connection and the
// installation.
type Revoke struct {
	Group      peering.SecurityGroupID
	Connection peering.ConnectionID
	By         peering.Installation
	Rules      []peering.RuleID
	Replaced   bool // by other rules with all their traffic, without which they stay
}

func (c Revoke) String() string {
	ids := make([]string, len(c.Rules))
	for i, id := range c.Rules {
		ids[i] = string(id)
	}
	return fmt.Sprintf("revoke %s in %s", strings.Join(ids, ", "), c.Group)
}

// Key implements Change.
func (c Revoke) Key() string {
	return key("revoke", c.Group, c.Connection, c.Rules)
}

// EnableDNS lets the peer resolve this side's public host names to private addresses.
type EnableDNS struct {
	Connection peering.ConnectionID
	Role       peering.Role
}

func (c EnableDNS) String() string {
	return fmt.Sprintf("let the peer resolve names of the %s of %s", c.Role, c.Connection)
}

// Key implements Change.
func (c EnableDNS) Key() string {
	return key("enable-dns", c.Connection, c.Role)
}

// Tag sets tags on this cell's view of the connection.
type Tag struct {
	Connection peering.ConnectionID
	Tags       map[string]string
}

func (c Tag) String() string {
	words := make([]string, 0, len(c.Tags))
	for k, v := range c.Tags {
		words = append(words, k+"="+v)
	}
	slices.Sort(words)
	return fmt.Sprintf("tag %s with %s", c.Connection, strings.Join(words, ", "))
}

// Key implements Change. It leaves out the values, since a name is a text.
func (c Tag) Key() string {
	return key("tag", c.Connection, strings.Join(slices.Sorted(maps.Keys(c.Tags)), ","))
}

// permissionKey identifies a permission by its protocol, ports and source.
func permissionKey(p peering.Permission) string {
	return fmt.Sprintf("%s/%d/%d/%s", p.Protocol, p.From, p.To, source(p))
}

// source returns the group, the prefix list or the block that a permission admits.
func source(p peering.Permission) string {
	if id := cmp.Or(string(p.Group), string(p.PrefixList)); id != "" {
		return id
	}
	return p.Source.String()
}

// admits describes the traffic that a permission admits: "tcp 443 from 10.10.1.0/24".
func admits(p peering.Permission) string {
	return protocolAndPorts(p) + " from " + source(p)
}

func protocolAndPorts(p peering.Permission) string {
	switch {
	case p.Protocol == peering.AllProtocols:
		return "all traffic"
	case p.From < 0:
		return string(p.Protocol)
	case p.Protocol == peering.ICMP || p.Protocol == peering.ICMPv6:
		return typeAndCode(p)
	case p.From == p.To:
		return fmt.Sprintf("%s %d", p.Protocol, p.From)
	}
	return fmt.Sprintf("%s %d-%d", p.Protocol, p.From, p.To)
}

func typeAndCode(p peering.Permission) string {
	if p.To < 0 {
		return fmt.Sprintf("%s type %d", p.Protocol, p.From)
	}
	return fmt.Sprintf("%s type %d code %d", p.Protocol, p.From, p.To)
}

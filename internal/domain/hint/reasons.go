package hint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Sweep has the reasons for a sweep, of one event or of many.
type Sweep struct {
	Scheduled bool
	Suspects  []string // the keys of an earlier sweep's findings, due for the second look
	Intended  []string // those of them that follow from a deployment
	Change             // all recent changes
	New       Change   // those that EC2 may not show yet: one more sweep has to follow for them
	Repeats   bool     // a sweep for the other changes is due
}

// Change has the changes that may have made sides differ from the policy.
type Change struct {
	// blocks, subnets, route tables, groups or tags on which sides depend, or something unknown
	Changed  bool     `json:"changed,omitempty"`
	Deployed bool     `json:"deployed,omitempty"` // the functions and the policy; old code may run beside new for a while
	Edits    Edits    `json:"edits,omitempty"`    // routes and rules that principals have changed
	Untagged Untagged `json:"untagged,omitempty"`
	Released Released `json:"released,omitempty"`
}

// Released maps connections to the time at which their hold ended, or until which it lasts at least. Edits up to
// then are no drift.
type Released map[peering.ConnectionID]time.Time

// IsChange reports whether a change is one of the reasons.
func (c Change) IsChange() bool { return c.Changed || c.Deployed || len(c.Edits) > 0 }

// with returns the reasons of both.
func (s Sweep) with(o Sweep) Sweep {
	return Sweep{
		Scheduled: s.Scheduled || o.Scheduled, Suspects: slices.Concat(s.Suspects, o.Suspects),
		Intended: slices.Concat(s.Intended, o.Intended),
		Change:   s.Change.with(o.Change), New: s.New.with(o.New), Repeats: s.Repeats || o.Repeats,
	}
}

func (c Change) with(o Change) Change {
	return Change{
		Changed: c.Changed || o.Changed, Deployed: c.Deployed || o.Deployed,
		Edits: c.Edits.with(o.Edits), Untagged: union(c.Untagged, o.Untagged), Released: c.Released.with(o.Released),
	}
}

func (r Released) with(o Released) Released {
	all := union(r, o)
	for id, at := range r {
		all[id] = later(at, o[id])
	}
	return all
}

// asNew returns the reasons of an event.
func (c Change) asNew() Sweep { return Sweep{Change: c, New: c} }

// Edits maps items to their edits: a route by its table and destination, the rules that were added to a group and
// those that were removed, and the options of a connection. plan.ItemOf returns the same items for the changes that
// undo the edits.
type Edits map[string]Edit

// Edit has the principals who edited an item, ARNs or names of AWS services, sorted, and the time of the last edit.
type Edit struct {
	By []string  `json:"by"`
	At time.Time `json:"at"`
}

// Of returns the edits of all the items as one. By is empty if there was none.
func (e Edits) Of(items ...string) Edit {
	var all Edit
	for _, item := range items {
		all = all.with(e[item])
	}
	return all
}

// Resources returns the ids of the edited route tables, security groups and connections.
func (e Edits) Resources() map[string]bool {
	all := map[string]bool{}
	for item := range e {
		resource, _, _ := strings.Cut(item, " ")
		all[resource] = true
	}
	return all
}

func (e Edit) with(o Edit) Edit {
	return Edit{slices.Compact(slices.Sorted(slices.Values(slices.Concat(e.By, o.By)))), later(e.At, o.At)}
}

// Without returns the edit without the principals that match.
func (e Edit) Without(match func(by string) bool) Edit {
	e.By = slices.DeleteFunc(slices.Clone(e.By), match)
	return e
}

func (e Edits) with(o Edits) Edits {
	all := union(e, o)
	for item, edit := range e {
		all[item] = edit.with(o[item])
	}
	return all
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// principal is the identity that made a call.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
type principal struct {
	Type      string `json:"type"`
	ARN       string `json:"arn"`
	InvokedBy string `json:"invokedBy"` // the service that made the call, in its own name or in that of the ARN
}

func (p principal) name() string {
	switch {
	case p.ARN != "":
		return p.ARN
	case p.InvokedBy != "":
		return p.InvokedBy
	}
	return p.Type
}

// edited is the part of a request that names the routes, rules or options that are changed. It is empty in all
// other requests.
type edited struct {
	Table      string `json:"routeTableId"`
	IPv4       string `json:"destinationCidrBlock"`
	IPv6       string `json:"destinationIpv6CidrBlock"`
	PrefixList string `json:"destinationPrefixListId"`
	Group      string `json:"groupId"`
	Connection string `json:"vpcPeeringConnectionId"` // of its options, or a route's target
	Modified   struct {
		Group string `json:"GroupId"`
	} `json:"ModifySecurityGroupRulesRequest"` // recorded as newer calls are
}

// edits returns the items that the call has changed, none if the record has another form. The sweep runs in any case.
func (c call) edits() Edits {
	var e edited
	by := c.Identity.name()
	if by == "" || json.Unmarshal(c.Request, &e) != nil {
		return nil
	}
	var all Edits
	for _, item := range e.items(c.EventName) {
		all = all.with(Edits{item: {[]string{by}, c.EventTime}})
	}
	return all
}

// items returns the items of a call, none if the request doesn't name the resource.
func (e edited) items(call string) []string {
	switch call {
	case "CreateRoute", "ReplaceRoute", "DeleteRoute":
		return itemsOf(e.Table, cmp.Or(canonical(e.IPv4), canonical(e.IPv6), e.PrefixList))
	case "AuthorizeSecurityGroupIngress":
		return itemsOf(e.Group, "added")
	case "RevokeSecurityGroupIngress":
		return itemsOf(e.Group, "removed")
	case "ModifySecurityGroupRules":
		return itemsOf(e.Modified.Group, "added", "removed")
	case "ModifyVpcPeeringConnectionOptions":
		return itemsOf(e.Connection, "options")
	}
	return nil
}

func itemsOf(resource string, parts ...string) []string {
	var items []string
	for _, part := range parts {
		if resource != "" {
			items = append(items, resource+" "+part)
		}
	}
	return items
}

// canonical returns the block as EC2 shows it; "" for none. EC2 changes 10.1.2.3/16 to 10.1.0.0/16.
func canonical(block string) string {
	prefix, err := netip.ParsePrefix(block)
	if err != nil {
		return ""
	}
	return prefix.Masked().String()
}

// editing are the calls that change routes, ingress rules and options.
var editing = []string{
	"CreateRoute", "ReplaceRoute", "DeleteRoute",
	"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "ModifySecurityGroupRules",
	"ModifyVpcPeeringConnectionOptions",
}

// union returns the entries of both maps, those of b where both have one. It may return one of the two.
func union[M ~map[K]V, K comparable, V any](a, b M) M {
	if len(a) == 0 {
		return b
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// deployment is the detail of CloudFormation's event about a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/eventbridge-ref-cloudformation.html
type deployment struct {
	Stack  string `json:"stack-id"`
	Status struct {
		Status string `json:"status"`
	} `json:"status-details"`
}

// deployed parses the event. The rule that brings it chooses the stack and the states.
func (e event) deployed() (Hint, error) {
	var d deployment
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return Hint{}, fmt.Errorf("parse the status of a stack: %w", err)
	}
	if d.Stack == "" || d.Status.Status == "" {
		return Hint{}, fmt.Errorf("the status of a stack has no stack-id or no status")
	}
	return Hint{Kind: Swept, EventID: e.ID, At: e.Time, Sweep: Change{Changed: true, Deployed: true}.asNew()}, nil
}

package hint

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Untagged maps the connections that have lost the managed tag to the installation that the tag named. It is
// evidence of who connected them.
type Untagged map[peering.ConnectionID]peering.Installation

// Of returns the evidence about one connection, nil if there is none.
func (u Untagged) Of(id peering.ConnectionID) Untagged {
	if u[id] == "" {
		return nil
	}
	return Untagged{id: u[id]}
}

// Restored returns c with the managed tag that it has lost, unless it has one again.
func (u Untagged) Restored(c peering.Connection) peering.Connection {
	if c.ManagedBy() == "" && u[c.ID] != "" {
		c.Tags = maps.Clone(c.Tags)
		if c.Tags == nil {
			c.Tags = map[string]string{}
		}
		c.Tags[peering.TagManaged] = string(u[c.ID])
	}
	return c
}

// tagging is the request of a CreateTags or DeleteTags call. DeleteTags deletes a tag of any value if the request
// has none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
type tagging struct {
	Resources struct {
		Items []struct {
			ID peering.ConnectionID `json:"resourceId"`
		} `json:"items"`
	} `json:"resourcesSet"`
	Tags struct {
		Items []tag `json:"items"`
	} `json:"tagSet"`
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// untagged returns the connections that the call has taken the managed tag from. A request without a value doesn't
// show whose tag it was. A record of another form yields none; the sweep runs in any case.
func (c call) untagged() Untagged {
	var u tagging
	if c.EventName != "DeleteTags" || json.Unmarshal(c.Request, &u) != nil {
		return nil
	}
	var by peering.Installation
	for _, tag := range u.Tags.Items {
		if tag.Key == peering.TagManaged {
			by = peering.Installation(tag.Value)
		}
	}
	if by == "" {
		return nil
	}
	all := Untagged{}
	for _, id := range u.connections() {
		all[id] = by
	}
	return all
}

// released returns the connections whose hold the call has ended. A call that deletes all tags may have ended one;
// more often there was none.
func (c call) released() Released {
	var t tagging
	if json.Unmarshal(c.Request, &t) != nil || !slices.ContainsFunc(t.Tags.Items, c.ends) {
		return nil
	}
	all := Released{}
	for _, id := range t.connections() {
		all[id] = c.EventTime
	}
	return all
}

// approved returns the connections that the call has approved, nil for none.
func (c call) approved() []peering.ConnectionID {
	var t tagging
	approves := tag{peering.TagApproved, "true"}
	if c.EventName != "CreateTags" || json.Unmarshal(c.Request, &t) != nil || !slices.Contains(t.Tags.Items, approves) {
		return nil
	}
	return t.connections()
}

// ends reports whether the call ends a hold by creating or deleting the tag.
func (c call) ends(t tag) bool {
	deletes, sets := c.EventName == "DeleteTags", c.EventName == "CreateTags"
	return t.Key == peering.TagHold && (deletes || sets && t.Value != "true")
}

// connections returns the connections among the resources.
func (t tagging) connections() []peering.ConnectionID {
	var ids []peering.ConnectionID
	for _, r := range t.Resources.Items {
		if r.ID.IsValid() {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

package hint

import (
	"encoding/json"
	"maps"

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

// Restored returns c with the tag that was taken from it, unless it has one again.
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

// tagging is the request of a CreateTags or DeleteTags call. DeleteTags deletes a tag of any value if the request has none, and all
// tags if it names none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
type tagging struct {
	Resources struct {
		Items []struct {
			ID peering.ConnectionID `json:"resourceId"`
		} `json:"items"`
	} `json:"resourcesSet"`
	Tags struct {
		Items []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"items"`
	} `json:"tagSet"`
}

// untagged returns the connections that the call has taken the managed tag from. A request without a value doesn't show whose
// tag it was. A record of another form has the sweep look all the same.
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

// released returns the connections whose hold the call may have ended.
func (c call) released() []peering.ConnectionID {
	var t tagging
	if c.EventName != "DeleteTags" && c.EventName != "CreateTags" || json.Unmarshal(c.Request, &t) != nil {
		return nil
	}
	ends := c.EventName == "DeleteTags" && len(t.Tags.Items) == 0
	for _, tag := range t.Tags.Items {
		ends = ends || tag.Key == peering.TagHold && (c.EventName == "DeleteTags" || tag.Value != "true")
	}
	if !ends {
		return nil
	}
	return t.connections()
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

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

// untagging is the request of a DeleteTags call. The API deletes a tag of any value if the request has none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
type untagging struct {
	Resources struct {
		Items []struct {
			ID peering.ConnectionID `json:"resourceId"`
		} `json:"items"`
	} `json:"resourcesSet"`
	Tags struct {
		Items []struct {
			Key   string               `json:"key"`
			Value peering.Installation `json:"value"`
		} `json:"items"`
	} `json:"tagSet"`
}

// untagged returns the connections that the call has taken the managed tag from. A request without a value doesn't show whose
// tag it was. A record of another form has the sweep look all the same.
func (c call) untagged() Untagged {
	var u untagging
	if c.EventName != "DeleteTags" || json.Unmarshal(c.Request, &u) != nil {
		return nil
	}
	var by peering.Installation
	for _, tag := range u.Tags.Items {
		if tag.Key == peering.TagManaged {
			by = tag.Value
		}
	}
	if by == "" {
		return nil
	}
	all := Untagged{}
	for _, r := range u.Resources.Items {
		if r.ID.IsValid() {
			all[r.ID] = by
		}
	}
	return all
}

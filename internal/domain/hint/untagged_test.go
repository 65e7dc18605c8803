package hint_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

func TestDeletedTagsAreEvidence(t *testing.T) {
	t.Parallel()
	const pcx = `{"items":[{"resourceId":"pcx-00000001"},{"resourceId":"sgr-00000001"}]}`
	tests := []struct {
		name, call, resources, tags string
		want                        hint.Untagged
	}{
		{"the tag with its value", "DeleteTags", pcx,
			`{"items":[{"key":"Name","value":"x"},{"key":"autopeer:managed","value":"blue"}]}`,
			hint.Untagged{"pcx-00000001": "blue"}},
		{"without a value it may be any installation's", "DeleteTags", pcx, `{"items":[{"key":"autopeer:managed"}]}`, nil},
		{"all tags", "DeleteTags", pcx, `{}`, nil},
		{"another tag", "DeleteTags", pcx, `{"items":[{"key":"Name","value":"blue"}]}`, nil},
		{"a tag that is set", "CreateTags", pcx, `{"items":[{"key":"autopeer:managed","value":"blue"}]}`, nil},
		{"a malformed record", "DeleteTags", `"pcx-00000001"`, `{"items":[{"key":"autopeer:managed","value":"blue"}]}`, nil},
		{"no connection", "DeleteTags", `{"items":[{"resourceId":"sgr-00000001"}]}`,
			`{"items":[{"key":"autopeer:managed","value":"blue"}]}`, hint.Untagged{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, taggedBy(t, tt.call, tt.resources, tt.tags).Untagged); diff != "" {
				t.Errorf("Untagged (-want +got):\n%s", diff)
			}
		})
	}
}

// taggedBy returns the sweep that a call with these resources and tags leads to.
func taggedBy(t *testing.T, call, resources, tags string) hint.Sweep {
	t.Helper()
	return hintedBy(t, call, resources, tags).Sweep
}

// hintedBy returns the hint of a call with these resources and tags.
func hintedBy(t *testing.T, call, resources, tags string) hint.Hint {
	t.Helper()
	body := fmt.Sprintf(`{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail",
	"detail":{"eventSource":"ec2.amazonaws.com","eventName":%q,
		"eventVersion":"1.11","eventTime":"2026-06-08T08:00:00Z","requestParameters":{"resourcesSet":%s,
		"tagSet":%s}}}`, call, resources, tags)
	h, err := hint.Parse([]byte(body))
	if err != nil || h.Kind != hint.Swept {
		t.Errorf("Parse() = %+v, %v, want a change", h, err)
	}
	return h
}

func TestAnApproval(t *testing.T) {
	t.Parallel()
	const resources = `{"items":[{"resourceId":"pcx-00000001"},{"resourceId":"sgr-00000001"},` +
		`{"resourceId":"pcx-00000002"}]}`
	both := []peering.ConnectionID{"pcx-00000001", "pcx-00000002"}
	tests := []struct {
		name, call, resources, tags string
		want                        []peering.ConnectionID
	}{
		{"the tag is set", "CreateTags", resources,
			`{"items":[{"key":"Name","value":"x"},{"key":"autopeer:approved","value":"true"}]}`, both},
		{"it has another value", "CreateTags", resources,
			`{"items":[{"key":"autopeer:approved","value":"false"},{"key":"Name","value":"true"}]}`, nil},
		{"it is deleted", "DeleteTags", resources, `{"items":[{"key":"autopeer:approved","value":"true"}]}`, nil},
		{"another tag is set", "CreateTags", resources, `{"items":[{"key":"Name","value":"true"}]}`, nil},
		{"no tag is set", "CreateTags", resources, `{}`, nil},
		{"a malformed record", "CreateTags", `"pcx-00000001"`, `{"items":[{"key":"autopeer:approved","value":"true"}]}`, nil},
		{"no connection", "CreateTags", `{"items":[{"resourceId":"sgr-00000001"}]}`,
			`{"items":[{"key":"autopeer:approved","value":"true"}]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := hintedBy(t, tt.call, tt.resources, tt.tags)
			if diff := cmp.Diff(tt.want, h.Approved); diff != "" {
				t.Errorf("Approved (-want +got):\n%s", diff)
			}
			if !h.Sweep.Changed || !h.Sweep.New.Changed {
				t.Errorf("Sweep = %+v, want a change", h.Sweep)
			}
		})
	}
}

func TestAnEndedHold(t *testing.T) {
	t.Parallel()
	const resources = `{"items":[{"resourceId":"pcx-00000001"},{"resourceId":"sgr-00000001"},` +
		`{"resourceId":"pcx-00000002"}]}`
	both := hint.Released{"pcx-00000001": swept, "pcx-00000002": swept}
	tests := []struct {
		name, call, resources, tags string
		want                        hint.Released
	}{
		{"the tag is deleted", "DeleteTags", resources, `{"items":[{"key":"Name"},{"key":"autopeer:hold"}]}`, both},
		{"with its value", "DeleteTags", resources, `{"items":[{"key":"autopeer:hold","value":"true"}]}`, both},
		{"all tags are deleted, and a hold is rarely among them", "DeleteTags", resources, `{}`, nil},
		{"it has another value", "CreateTags", resources,
			`{"items":[{"key":"autopeer:hold","value":"false"},{"key":"Name","value":"x"}]}`, both},
		{"a hold begins", "CreateTags", resources, `{"items":[{"key":"autopeer:hold","value":"true"}]}`, nil},
		{"another tag is deleted", "DeleteTags", resources, `{"items":[{"key":"Name"}]}`, nil},
		{"another tag is set", "CreateTags", resources, `{"items":[{"key":"Name","value":"x"}]}`, nil},
		{"no tag is set", "CreateTags", resources, `{}`, nil},
		{"a malformed record", "DeleteTags", `"pcx-00000001"`, `{"items":[{"key":"autopeer:hold"}]}`, nil},
		{"malformed tags", "DeleteTags", resources, `7`, nil},
		{"no connection", "DeleteTags", `{"items":[{"resourceId":"sgr-00000001"}]}`,
			`{"items":[{"key":"autopeer:hold"}]}`, hint.Released{}},
		{"another call", "CreateSubnet", resources, `{"items":[{"key":"autopeer:hold","value":"false"}]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, taggedBy(t, tt.call, tt.resources, tt.tags).Released); diff != "" {
				t.Errorf("Released (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRestored(t *testing.T) {
	t.Parallel()
	u := hint.Untagged{"pcx-1": "autopeer"}
	for name, tt := range map[string]struct {
		c    peering.Connection
		want peering.Installation
	}{
		"its tag was taken": {peering.Connection{ID: "pcx-1"}, "autopeer"},
		"another tag stays beside it": {peering.Connection{ID: "pcx-1", Tags: map[string]string{"Name": "x"}},
			"autopeer"},
		"it has the tag of another by now": {peering.Connection{ID: "pcx-1",
			Tags: map[string]string{peering.TagManaged: "blue"}}, "blue"},
		"another connection's tag was taken": {peering.Connection{ID: "pcx-2"}, ""},
	} {
		before := len(tt.c.Tags)
		if got := u.Restored(tt.c).ManagedBy(); got != tt.want {
			t.Errorf("%s: ManagedBy() = %q, want %q", name, got, tt.want)
		}
		if len(tt.c.Tags) != before {
			t.Errorf("%s: the argument was changed to %v", name, tt.c.Tags)
		}
	}
	if got := u.Of("pcx-2"); got != nil {
		t.Errorf("Of(another connection) = %v, want nil", got)
	}
	if got := u.Of("pcx-1"); !maps.Equal(got, u) {
		t.Errorf("Of(the connection) = %v, want %v", got, u)
	}
	if got := u.Restored(peering.Connection{ID: "pcx-2"}).Tags; got != nil {
		t.Errorf("tags of a connection without evidence = %v, want none", got)
	}
	if got := u.Restored(peering.Connection{ID: "pcx-1", Tags: map[string]string{"Name": "x"}}).Tags["Name"]; got != "x" {
		t.Errorf("the connection is named %q, want x", got)
	}
}

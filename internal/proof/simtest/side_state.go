package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// halfWrong says what is wrong with a half that the policy allows: it is exactly as the policy says, or somebody has
// been told lately why it isn't.
func (r *run) halfWrong(h half) string {
	if in, found := h.obstacle(); found {
		return r.unlessSaid(h, in+" is in the way, and nobody is told", outcome.Conflicting, r.calmed)
	}
	why := h.contentsWrong()
	switch {
	case r.isShort(h) && why == "": // but for rules that refer to groups, which are tried once a day
		return r.unlessSaid(h, "there is no room, and nobody is told", outcome.Failed, r.deployed)
	case r.isShort(h):
		return r.unlessSaid(h, "there is no room, and nobody is told", outcome.Failed, r.calmed)
	case why != "":
		return why
	}
	tags := h.tagsOn(h.connection, h.own().Cell)
	if tags[peering.TagManaged] != "true" || tags[peering.TagName] == "" {
		return "it isn't tagged"
	}
	if h.reading.entry.dns && !h.connection.dns[h.role] && r.wasConnected(h) {
		return "its DNS option isn't set"
	}
	return ""
}

// contentsWrong says what is wrong with the tables and groups of the half.
func (h half) contentsWrong() string {
	for _, t := range h.tablesOf(h.own()) {
		if why := h.tableWrong(t); why != "" {
			return why
		}
	}
	for _, g := range h.groupsOf(h.own()) {
		if why := h.groupWrong(g); why != "" {
			return why
		}
	}
	return ""
}

// wasConnected reports whether the half has been announced as connected under the policy that is deployed. A DNS
// option that is missing alone, because EC2 refused it or a new policy asks for it, is tried once a day.
func (r *run) wasConnected(h half) bool {
	return slices.ContainsFunc(r.heard, func(o heard) bool {
		return o.Kind == outcome.Connected && string(o.Connection) == h.connection.id && o.Side == h.role && o.at.After(r.deployed)
	})
}

func (r *run) unlessSaid(h half, why string, kind outcome.Kind, since time.Time) string {
	for _, o := range r.heard {
		if o.Kind == kind && string(o.Connection) == h.connection.id && o.Cell == h.own().Cell && o.at.After(since) {
			return ""
		}
	}
	return why
}

func (h half) tableWrong(t *table) string {
	want := h.wants(t)
	for _, dst := range want {
		if t.routes[dst].target != h.connection.id {
			return fmt.Sprintf("%s doesn't route %s", t.id, dst)
		}
	}
	for dst, there := range t.routes {
		if there.target == h.connection.id && !slices.Contains(want, dst) {
			return fmt.Sprintf("%s routes %s, which the policy doesn't say", t.id, dst)
		}
	}
	return ""
}

// groupWrong leaves out rules that refer to groups: one that is missing alone, since EC2 may refuse it, is tried once a
// day.
func (h half) groupWrong(g *group) string {
	want := h.admits(g)
	for _, p := range want {
		if p.group == "" && !h.isAdmitted(g, p) {
			return fmt.Sprintf("%s doesn't admit %v", g.id, p)
		}
	}
	for _, there := range h.rulesOf(g.id) {
		if h.tags[there.id][peering.TagConnection] == h.connection.id && !slices.Contains(want, there.permission) {
			return fmt.Sprintf("%s admits %v, which the policy doesn't say", g.id, there.permission)
		}
	}
	return ""
}

package ec2

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// shownItem names something that Describe calls may show late: a route by its destination, a rule by its id, a tag by
// its key.
type shownItem struct{ resource, kind, key string }

const (
	lateRoute = "route"
	lateRule  = "rule"
	lateTag   = "tag"
)

// oldItem is an earlier value of an item: a route, a rule, the value of a tag, or nil if it didn't exist.
type oldItem struct {
	value any
	until time.Time // Describe calls show it
}

// edit answers a mutating call, and keeps the former state for the Describe calls of the given duration.
func (r *request) edit(answer func(*request) ([]node, error), late time.Duration) ([]node, error) {
	if late <= 0 {
		return answer(r)
	}
	defer r.editConnections(late)()
	ids := append(r.list("ResourceId"), r.params["RouteTableId"], r.params["GroupId"])
	before := r.cell.items(ids)
	nodes, err := answer(r)
	after := r.cell.items(ids)
	for item := range union(before, after) {
		if before[item] != after[item] {
			r.cell.late[item] = append(r.cell.late[item], oldItem{before[item], r.now.Add(late)})
		}
	}
	return nodes, err
}

// connectionState has the properties of a connection that mutating calls change. The zero value is that of one that
// doesn't exist yet.
type connectionState struct {
	state, message string
	since          time.Time
	accepted       bool
	closedBy       string
}

func (c *connection) current() connectionState {
	return connectionState{c.state, c.message, c.since, c.accepted, c.closedBy}
}

func (c *connection) set(s connectionState) {
	c.state, c.message, c.since, c.accepted, c.closedBy = s.state, s.message, s.since, s.accepted, s.closedBy
}

// oldConnection is an earlier state of a connection. Both sides see it.
type oldConnection struct {
	connectionState
	until time.Time
}

// editConnections returns the function that keeps the states that connections had before.
func (r *request) editConnections(late time.Duration) (keep func()) {
	before := map[*connection]connectionState{}
	for _, c := range r.requests {
		before[c] = c.current()
	}
	return func() {
		for _, c := range r.requests {
			if before[c] != c.current() {
				c.late = append(c.late, oldConnection{before[c], r.now.Add(late)})
			}
		}
	}
}

// showOldConnections puts the states in place that Describe calls show until later changes are visible. restore takes
// them back.
func (s *Service) showOldConnections(now time.Time) (restore func()) {
	current := map[*connection]connectionState{}
	for _, c := range s.requests {
		c.late = slices.DeleteFunc(c.late, func(o oldConnection) bool { return !now.Before(o.until) })
		if len(c.late) > 0 {
			current[c] = c.current()
			c.set(c.late[0].connectionState)
		}
	}
	return func() {
		for c, state := range current {
			c.set(state)
		}
	}
}

func union(a, b map[shownItem]any) map[shownItem]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// items returns copies of the routes, rules and tags of the resources, and of the tags of their rules.
func (c *cell) items(ids []string) map[shownItem]any {
	all := map[shownItem]any{}
	for _, id := range ids {
		if t := c.tables[id]; t != nil {
			for _, r := range t.routes {
				all[shownItem{id, lateRoute, r.key()}] = *r
			}
		}
		if g := c.groups[id]; g != nil {
			for _, r := range g.rules {
				all[shownItem{id, lateRule, r.id}] = *r
				c.addTags(all, r.id)
			}
		}
		c.addTags(all, id)
	}
	return all
}

func (c *cell) addTags(all map[shownItem]any, id string) {
	for key, value := range c.tags[id] {
		all[shownItem{id, lateTag, key}] = value
	}
}

// showOld puts the values in place that Describe calls show until later changes are visible. restore takes them back.
func (c *cell) showOld(now time.Time) (restore func()) {
	if len(c.late) == 0 {
		return func() {}
	}
	p := past{cell: c, routes: map[*table][]*route{}, rules: map[*securityGroup][]*rule{}, tags: c.tags}
	c.tags = maps.Clone(c.tags)
	items := slices.SortedFunc(maps.Keys(c.late), func(a, b shownItem) int {
		return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	for _, item := range items {
		old := slices.DeleteFunc(c.late[item], func(o oldItem) bool { return !now.Before(o.until) })
		if len(old) == 0 {
			delete(c.late, item)
			continue
		}
		c.late[item] = old
		p.show(item, old[0].value)
	}
	return p.restore
}

// past keeps the state of a cell while it shows old values.
type past struct {
	*cell
	routes map[*table][]*route
	rules  map[*securityGroup][]*rule
	tags   map[string]tagSet
}

func (p past) restore() {
	for t, routes := range p.routes {
		t.routes = routes
	}
	for g, rules := range p.rules {
		g.rules = rules
	}
	p.cell.tags = p.tags
}

func (p past) show(item shownItem, value any) {
	switch item.kind {
	case lateRoute:
		if t := p.tables[item.resource]; t != nil {
			keep(p.routes, t, t.routes)
			t.routes = with(t.routes, value, func(r *route) bool { return r.key() == item.key })
		}
	case lateRule:
		if g := p.groups[item.resource]; g != nil {
			keep(p.rules, g, g.rules)
			g.rules = with(g.rules, value, func(r *rule) bool { return r.id == item.key })
		}
	case lateTag:
		p.showTag(item, value)
	}
}

func (p past) showTag(item shownItem, value any) {
	tags := maps.Clone(p.cell.tags[item.resource])
	if tags == nil {
		tags = tagSet{}
	}
	delete(tags, item.key)
	if v, existed := value.(string); existed {
		tags[item.key] = v
	}
	p.cell.tags[item.resource] = tags
}

// keep remembers the current list of an owner once.
func keep[K comparable, T any](lists map[K][]T, owner K, list []T) {
	if _, kept := lists[owner]; !kept {
		lists[owner] = list
	}
}

// with returns a copy of the list with the old value in the place of the current one. Nil means there was none.
func with[T any](list []*T, old any, is func(*T) bool) []*T {
	list = slices.Clone(list)
	i := slices.IndexFunc(list, is)
	value, existed := old.(T)
	switch {
	case existed && i >= 0:
		list[i] = &value
	case existed:
		list = append(list, &value)
	case i >= 0:
		list = slices.Delete(list, i, i+1)
	}
	return list
}

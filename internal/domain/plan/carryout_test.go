package plan_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// carryOut applies the plan to a copy of the side as EC2 would.
func carryOut(t *rapid.T, s plan.Side, p plan.Plan) plan.Side {
	for _, after := range moments(t, s, p) {
		s = after
	}
	return s
}

// moments returns the side after each step, and ends the check on a change that EC2 would refuse. As the changes of a
// step are made together, none may depend on another.
func moments(t *rapid.T, s plan.Side, p plan.Plan) []plan.Side {
	w := world{t, s}
	w.onlyOnce(p.Changes())
	var sides []plan.Side
	for _, step := range p.Steps {
		if len(step) == 0 {
			t.Fatalf("an empty step: %v", p.Steps)
		}
		w.Side = copied(w.Side)
		for _, remove := range []bool{false, true} {
			for _, c := range step {
				if plan.Removes(c) == remove {
					w.make(c)
				}
			}
		}
		sides = append(sides, w.Side)
	}
	return sides
}

func (w *world) make(c plan.Change) {
	switch c := c.(type) {
	case plan.CreateRoute:
		w.route(c.Table, c.Destination, "", peering.Target(c.Via))
	case plan.ReplaceRoute:
		w.route(c.Table, c.Destination, c.Was, peering.Target(c.Via))
	case plan.DeleteRoute:
		w.route(c.Table, c.Destination, peering.Target(c.Via), "")
	case plan.Authorize:
		w.authorize(c)
	case plan.Revoke:
		w.revoke(c)
	case plan.Tag:
		w.tag(c)
	case plan.EnableDNS:
		w.enableDNS(c)
	}
}

type world struct {
	*rapid.T
	plan.Side
}

// copied shares nothing that carryOut changes.
func copied(s plan.Side) plan.Side {
	s.Tables, s.Groups, s.Ours, s.Old = slices.Clone(s.Tables), slices.Clone(s.Groups),
		slices.Clone(s.Ours), slices.Clone(s.Old)
	for i := range s.Tables {
		s.Tables[i].Routes = slices.Clone(s.Tables[i].Routes)
	}
	for i := range s.Groups {
		s.Groups[i].Ingress = slices.Clone(s.Groups[i].Ingress)
	}
	s.Connection.Tags = maps.Clone(s.Connection.Tags)
	return s
}

// onlyOnce checks that no two changes concern the same route, rule, option or tag.
func (w world) onlyOnce(changes []plan.Change) {
	seen := map[string]bool{}
	once := func(format string, args ...any) {
		key := fmt.Sprintf(format, args...)
		if seen[key] {
			w.Fatalf("two changes concern %s: %v", key, changes)
		}
		seen[key] = true
	}
	for _, c := range changes {
		switch c := c.(type) {
		case plan.CreateRoute:
			once("%s %s", c.Table, c.Destination)
		case plan.ReplaceRoute:
			once("%s %s", c.Table, c.Destination)
		case plan.DeleteRoute:
			once("%s %s", c.Table, c.Destination)
		case plan.Authorize:
			for _, p := range c.Permissions {
				once("%s %v", c.Group, p)
			}
		case plan.Revoke:
			for _, id := range c.Rules {
				once("%s", id)
			}
		default:
			once("%T", c)
		}
	}
}

// route changes the target of one route, where "" stands for none.
func (w world) route(id peering.RouteTableID, dst netip.Prefix, was, target peering.Target) {
	i := slices.IndexFunc(w.Tables, func(t peering.RouteTable) bool { return t.ID == id })
	if i < 0 || w.Tables[i].Gateway && target != "" {
		w.Fatalf("%s is to route %s to %s", id, dst, target)
	}
	routes := w.Tables[i].Routes
	at := slices.IndexFunc(routes, func(r peering.Route) bool { return r.Destination == dst })
	switch {
	case was == "" && at < 0:
		routes = append(routes, peering.Route{Destination: dst, Target: target})
	case was == "" || at < 0 || routes[at].Target != was:
		w.Fatalf("the route to %s in %s is to change from %q to %q; there are %v", dst, id, was, target, routes)
	case target == "":
		routes = slices.Delete(routes, at, at+1)
	default:
		routes[at] = peering.Route{Destination: dst, Target: target}
	}
	w.Tables[i].Routes = routes
}

func (w *world) authorize(c plan.Authorize) {
	i := slices.IndexFunc(w.Groups, func(g peering.SecurityGroup) bool { return g.ID == c.Group })
	if i < 0 || c.Connection != via || c.Peer != w.Connection.VPC(w.Role.Other()).Owner {
		w.Fatalf("%+v", c)
	}
	for _, p := range c.Permissions {
		switch {
		case !p.Source.IsValid() && len(c.Permissions) > 1:
			w.Fatalf("%s depends on %+v, which may be gone", c, p)
		case slices.Contains(w.Groups[i].Ingress, p):
			w.Fatalf("%s, and %v is there", c, w.Groups[i].Ingress)
		}
		w.Groups[i].Ingress = append(w.Groups[i].Ingress, p)
		w.Ours = append(w.Ours, peering.IngressRule{
			ID: peering.RuleID(fmt.Sprintf("sgr-new-%d", len(w.Ours))), Group: c.Group, Permission: p,
			Tags: map[string]string{peering.TagConnection: string(via), peering.TagManaged: string(c.By)},
		})
	}
}

func (w *world) revoke(c plan.Revoke) {
	for _, id := range c.Rules {
		is := func(r peering.IngressRule) bool {
			return r.ID == id && r.Group == c.Group && r.Connection() == c.Connection && r.MadeBy() == c.By
		}
		gone := slices.DeleteFunc(slices.Concat(w.Ours, w.Old), func(r peering.IngressRule) bool { return !is(r) })
		i := slices.IndexFunc(w.Groups, func(g peering.SecurityGroup) bool { return g.ID == c.Group })
		if len(gone) != 1 || i < 0 {
			w.Fatalf("%s, and our rules are %v and %v", c, w.Ours, w.Old)
		}
		w.Ours, w.Old = slices.DeleteFunc(w.Ours, is), slices.DeleteFunc(w.Old, is)
		w.Groups[i].Ingress = slices.DeleteFunc(w.Groups[i].Ingress, func(p peering.Permission) bool {
			return p == gone[0].Permission
		})
	}
}

func (w *world) tag(c plan.Tag) {
	if w.Connection.Tags == nil {
		w.Connection.Tags = map[string]string{}
	}
	maps.Copy(w.Connection.Tags, c.Tags)
}

func (w *world) enableDNS(c plan.EnableDNS) {
	if c.Role != w.Role || !w.Terms.DNS {
		w.Fatalf("%s, on the %s's side with DNS %v", c, w.Role, w.Terms.DNS)
	}
	on := true
	if c.Role == peering.Requester {
		w.Connection.RequesterDNS = &on
	} else {
		w.Connection.AccepterDNS = &on
	}
}

// inventory returns the routes and rules of the side as text, sorted.
func inventory(s plan.Side) []string {
	var all []string
	for _, table := range s.Tables {
		for _, r := range table.Routes {
			all = append(all, fmt.Sprintf("%s %v", table.ID, r))
		}
	}
	for _, g := range s.Groups {
		for _, p := range g.Ingress {
			all = append(all, fmt.Sprintf("%s %v", g.ID, p))
		}
	}
	slices.Sort(all)
	return all
}

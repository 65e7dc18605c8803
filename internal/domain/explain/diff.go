package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Diff is the difference of two policies.
type Diff struct {
	Opens     []Item    `json:"opens"`    // with lines of the new policy
	Closes    []Item    `json:"closes"`   // with lines of the old policy
	Requests  []Change  `json:"requests"` // of pairs whose requests are accepted in both policies
	Settings  []Setting `json:"settings"`
	Unchanged Unchanged `json:"unchanged"`
}

// Change is another treatment of requests from one department to another.
type Change struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	FromVPCs []string `json:"fromVPCs,omitempty"` // empty for all of the department
	ToVPCs   []string `json:"toVPCs,omitempty"`
	Change   string   `json:"change"` // a sentence without its subject
	Opens    bool     `json:"opens"`  // more requests are accepted
	Line     int      `json:"line"`   // of the new policy
}

// Setting is a key of the file, or of a peering, that differs.
type Setting struct {
	Key string `json:"key"`
	Old string `json:"old"`
	New string `json:"new"`
}

// Unchanged counts the rest of the new policy.
type Unchanged struct {
	Peerings int `json:"peerings"` // of the same departments, that no item concerns
	Flows    int `json:"flows"`    // allow entries that open nothing
}

// IsOpening reports whether the new policy allows anything that the old one doesn't, or has something made that was
// only proposed.
func (d Diff) IsOpening() bool {
	return len(d.Opens) > 0 || slices.ContainsFunc(d.Requests, func(c Change) bool { return c.Opens }) ||
		slices.ContainsFunc(d.Settings, Setting.enforces)
}

// enforces reports whether a file or a peering leaves report mode.
func (s Setting) enforces() bool {
	return s.Old == string(policy.ReportMode) && s.New == string(policy.EnforceMode)
}

// IsEmpty reports whether the policies allow the same and treat requests in the same way.
func (d Diff) IsEmpty() bool {
	return len(d.Opens)+len(d.Closes)+len(d.Requests)+len(d.Settings) == 0
}

// Compare returns the difference of two policies, from the decisions and plans of both for all VPCs that they
// distinguish.
func Compare(before, after *policy.Policy) Diff {
	c := comparison{policies: [2]*policy.Policy{before, after}, all: survey(before, after)}
	for i, p := range c.policies {
		c.departments[i] = make([]string, len(c.all))
		c.census[i] = census{}
		for n, v := range c.all {
			x, _ := pair(p, v, v)
			name := p.DepartmentOf(x)
			c.departments[i][n] = name
			c.census[i][name] = append(c.census[i][name], v.String())
		}
		c.census[i] = c.census[i].distinct()
	}
	c.pairs()
	d := Diff{
		Opens: c.census[1].items(c.found[1]), Closes: c.census[0].items(c.found[0]),
		Requests: c.changes(), Settings: settings(before, after),
	}
	d.Unchanged = c.unchanged(d)
	return d
}

// distinct counts a VPC once that is there with several primary blocks.
func (c census) distinct() census {
	for name, vpcs := range c {
		slices.Sort(vpcs)
		c[name] = slices.Compact(vpcs)
	}
	return c
}

// comparison gathers the findings of two policies, the old one first.
type comparison struct {
	policies    [2]*policy.Policy
	all         []vpcs
	departments [2][]string // by the index of the VPCs
	census      [2]census
	found       [2][]finding // that the other policy doesn't allow
	notes       []finding    // changed requests; the place is the change
	opening     map[string]bool
}

// pairs compares the views of all pairs of VPCs that a peering of either policy may concern. Where the policies
// have the same departments and the same peering, their views are the same.
func (c *comparison) pairs() {
	c.opening = map[string]bool{}
	done := map[[2]int]bool{}
	same := form(departmentsOf(c.policies[0])) == form(departmentsOf(c.policies[1]))
	for i, p := range c.policies {
		for _, e := range p.Peerings {
			other := entryOf(c.policies[1-i], e.Between[0], e.Between[1])
			if same && other != nil && form(withoutLines(e)) == form(withoutLines(*other)) {
				continue
			}
			for _, x := range c.in(i, e.Between[0]) {
				for _, y := range c.in(i, e.Between[1]) {
					if key := [2]int{min(x, y), max(x, y)}; !done[key] && !c.isSameVPC(x, y) {
						done[key] = true
						c.compare(x, y)
					}
				}
			}
		}
	}
}

// in returns the VPCs that the policy with the index has in the department.
func (c *comparison) in(i int, department string) []int {
	var all []int
	for n, name := range c.departments[i] {
		if name == department {
			all = append(all, n)
		}
	}
	return all
}

// form returns a text that is the same for equal values.
func form(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(data)
}

func departmentsOf(p *policy.Policy) []policy.Department {
	all := slices.Clone(p.Departments)
	for i := range all {
		all[i].Line, all[i].Members = 0, slices.Clone(all[i].Members)
		for n := range all[i].Members {
			all[i].Members[n].Line = 0
		}
	}
	return all
}

func withoutLines(e policy.Peering) policy.Peering {
	e.Line, e.Allow = 0, slices.Clone(e.Allow)
	for i := range e.Allow {
		e.Allow[i].Line = 0
	}
	return e
}

// isSameVPC reports whether both are one VPC, perhaps with several primary blocks.
func (c *comparison) isSameVPC(x, y int) bool {
	a, b := c.all[x], c.all[y]
	return a.id != "" && a.id == b.id && a.Cell == b.Cell
}

func (c *comparison) compare(x, y int) {
	var entries []policy.Peering
	for i, p := range c.policies {
		if e := entryOf(p, c.departments[i][x], c.departments[i][y]); e != nil {
			entries = append(entries, *e)
		}
	}
	r := resourcesOf(entries...)
	views := [2]view{look(c.policies[0], c.all[x], c.all[y], r), look(c.policies[1], c.all[x], c.all[y], r)}
	for i := range views {
		for side, ends := range [2][2]int{{x, y}, {y, x}} {
			c.compareRequests(i, ends, views, side)
			c.compareHalves(i, ends, views, side, len(r.tables))
		}
	}
}

// finding returns a finding between two VPCs, in the policy with the index.
func (c *comparison) finding(i int, kind Kind, ends [2]int, line int) finding {
	name := c.departments[i]
	return finding{
		kind: kind, from: name[ends[0]], to: name[ends[1]],
		vpcs: [2]string{c.all[ends[0]].String(), c.all[ends[1]].String()}, span: span{line: line},
	}
}

func (c *comparison) compareRequests(i int, ends [2]int, views [2]view, side int) {
	own, other := views[i].requests[side], views[1-i].requests[side]
	switch {
	case !isOpen(own):
	case !isOpen(other):
		c.found[i] = append(c.found[i], c.finding(i, Requests, ends, own.Peering.Line))
	case i == 1:
		c.change(own.Verdict != other.Verdict, c.finding(1, Requests, ends, own.Peering.Line), own.Verdict == policy.Accept,
			"are accepted without approval", "need approval")
		multipath, was := isOpen(views[1].multi[side]), isOpen(views[0].multi[side])
		c.change(multipath != was, c.finding(1, Requests, ends, own.Peering.Line), multipath,
			"may allow multipath resilience", "may not allow multipath resilience")
	}
}

// change notes that requests are treated differently.
func (c *comparison) change(isChange bool, f finding, opens bool, opened, closed string) {
	if !isChange {
		return
	}
	f.place = closed
	if opens {
		f.place = opened
	}
	c.opening[f.place] = opens
	c.notes = append(c.notes, f)
}

// compareHalves compares the side of the first VPC: the traffic that it admits comes from the second.
func (c *comparison) compareHalves(i int, ends [2]int, views [2]view, side, tables int) {
	own, other := views[i].halves[side], views[1-i].halves[side]
	c.compareSpans(i, c.finding(i, Traffic, [2]int{ends[1], ends[0]}, 0), own.flows, other.flows)
	routes := c.finding(i, Routes, ends, 0)
	routes.places = tables
	c.compareSpans(i, routes, own.routes, other.routes)
	if own.dns && !other.dns {
		c.found[i] = append(c.found[i], c.finding(i, DNS, ends, views[i].active.Peering.Line))
	}
}

// compareSpans adds a finding for each span of the policy with the index that the other policy doesn't have.
func (c *comparison) compareSpans(i int, f finding, own, other []placed) {
	at := func(all []placed, place string, line int) (spans []span) {
		for _, o := range all {
			if o.place == place && (line == 0 || o.line == line) {
				spans = append(spans, o.span)
			}
		}
		return spans
	}
	type key struct {
		place string
		line  int
	}
	done := map[key]bool{}
	for _, o := range own {
		if done[key{o.place, o.line}] {
			continue
		}
		done[key{o.place, o.line}] = true
		mine := at(own, o.place, o.line)
		theirs := at(other, o.place, 0)
		left := minus(mine, theirs)
		for _, s := range left {
			f.place, f.span, f.part = o.place, s.besides(theirs), isPart(s, mine, left)
			c.found[i] = append(c.found[i], f)
		}
	}
}

// isPart reports whether some of the sources of the same line with the same ports are left out.
func isPart(s span, all, left []span) bool {
	return slices.ContainsFunc(all, func(o span) bool {
		return o.protocol == s.protocol && o.from <= s.from && s.to <= o.to &&
			!slices.ContainsFunc(left, func(l span) bool {
				return l.protocol == s.protocol && l.from == s.from && l.to == s.to && l.source.compare(o.source) == 0
			})
	})
}

// changes returns the changed treatment of requests.
func (c *comparison) changes() []Change {
	all := []Change{}
	for _, same := range group(c.notes, func(f finding) string { return f.place }) {
		for _, i := range c.census[1].items(same) {
			all = append(all, Change{i.From, i.To, i.FromVPCs, i.ToVPCs, same[0].place, c.opening[same[0].place], i.Line})
		}
	}
	return all
}

func settings(before, after *policy.Policy) []Setting {
	all := []Setting{}
	for _, s := range append(peeringSettings(before, after), []Setting{
		{"mode", mode(before.Mode), mode(after.Mode)},
		{"otherwise", string(before.Otherwise), string(after.Otherwise)},
		{"removed", string(before.Removed), string(after.Removed)},
		{"retired", retired(before), retired(after)},
	}...) {
		if s.Old != s.New {
			all = append(all, s)
		}
	}
	return all
}

// peeringSettings returns the settings of the new policy's peerings that decide whether changes are made: mode,
// adopt and the kept routes of both departments.
func peeringSettings(before, after *policy.Policy) []Setting {
	var all []Setting
	for _, e := range after.Peerings {
		old := entryOf(before, e.Between[0], e.Between[1])
		if old == nil {
			old = &policy.Peering{}
		}
		of := " of " + e.Between[0] + " ↔ " + e.Between[1]
		all = append(all, Setting{"mode" + of, mode(old.Mode), mode(e.Mode)},
			Setting{"adopt" + of, fmt.Sprint(old.Adopt), fmt.Sprint(e.Adopt)})
		for _, department := range e.Between {
			all = append(all, Setting{"keep of " + department + of, kept(old, department), kept(&e, department)})
		}
	}
	return all
}

// kept returns the kept routes of the department in text, in one order.
func kept(e *policy.Peering, department string) string {
	return fmt.Sprint(cidr.Sorted(e.Routes[department].Keep))
}

// mode returns the mode by its name; the zero value is the mode enforce.
func mode(m policy.Mode) string { return string(cmp.Or(m, policy.EnforceMode)) }

func retired(p *policy.Policy) string {
	var cells []peering.Cell
	for _, r := range p.Retired {
		cells = append(cells, r.Cell)
	}
	return fmt.Sprint(cells)
}

// unchanged counts the peerings that no item names, and the allow entries that no item opens.
func (c *comparison) unchanged(d Diff) Unchanged {
	touched, lines := map[[2]string]bool{}, map[int]bool{}
	touch := func(from, to string) { touched[[2]string{min(from, to), max(from, to)}] = true }
	for _, i := range slices.Concat(d.Opens, d.Closes) {
		touch(i.From, i.To)
	}
	for _, i := range d.Opens {
		lines[i.Line] = lines[i.Line] || i.Kind == Traffic
	}
	for _, r := range d.Requests {
		touch(r.From, r.To)
	}
	var u Unchanged
	for _, e := range c.policies[1].Peerings {
		a, b := e.Between[0], e.Between[1]
		if entryOf(c.policies[0], a, b) != nil && !touched[[2]string{min(a, b), max(a, b)}] {
			u.Peerings++
		}
		for _, allow := range e.Allow {
			if !lines[allow.Line] {
				u.Flows++
			}
		}
	}
	return u
}

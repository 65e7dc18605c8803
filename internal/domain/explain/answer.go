// Package explain answers questions about policies: the requests and the traffic that a policy allows between two
// VPCs, the access that a change of a policy opens and closes, and whether an expectation holds. Every answer comes
// from the policy's own decisions and from the plans of package plan, for an example of each kind of VPC, security
// group and route table that the policies distinguish. Its functions are pure.
package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Verdict is the answer to a request.
type Verdict string

// The verdicts.
const (
	Allowed  Verdict = "allowed"
	Approval Verdict = "approval" // allowed once a person has approved the request
	Denied   Verdict = "denied"
)

// Answer is the policy's answer to a request between two ends.
type Answer struct {
	Verdict Verdict `json:"verdict"` // the most hopeful one of all VPCs
	From    string  `json:"from"`    // as asked
	To      string  `json:"to"`
	File    string  `json:"file"`
	Line    int     `json:"line,omitempty"` // of the peering, 0 without one
	Code    string  `json:"code"`
	Reason  string  `json:"reason"`
	// Either reports that a request in the opposite direction gets the same verdict.
	Either    bool     `json:"either"`
	Requester string   `json:"requester,omitempty"` // the only department that may request
	Approval  bool     `json:"approval"`            // a person approves each request
	Reports   bool     `json:"reports"`             // the request is only proposed, and nothing is changed
	Multipath bool     `json:"multipath"`
	DNS       []string `json:"dns"`     // the departments whose names resolve to private addresses for the peer
	Traffic   []Item   `json:"traffic"` // in both directions, once the connection is active
	Routes    []Item   `json:"routes"`
	// Departments are those of both ends, empty for VPCs in none. Managed reports for each whether autopeer manages
	// its side.
	Departments [2]string   `json:"departments"`
	Managed     [2]bool     `json:"managed"`
	Exceptions  []Exception `json:"exceptions,omitempty"` // VPCs that get a less hopeful verdict
	Notes       []string    `json:"notes,omitempty"`      // of the plan
	Next        string      `json:"next,omitempty"`       // the next step after a denial
	Additions   []Addition  `json:"additions,omitempty"`  // to the file that allow the request
}

// Exception is a pair of VPCs with a verdict of its own.
type Exception struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
}

// seen is a pair of VPCs with the policy's view.
type seen struct {
	a, b vpcs
	view view
}

// Explain returns the policy's answer to a request from one end to the other.
func Explain(p *policy.Policy, from, to End) Answer {
	pairs := viewsOf(p, from, to)
	best := pairs[0]
	for _, s := range pairs {
		if rank(verdict(s.view.requests[0])) < rank(verdict(best.view.requests[0])) {
			best = s
		}
	}
	d := best.view.requests[0]
	a := Answer{
		Verdict: verdict(d), From: from.Text, To: to.Text, File: p.File, Code: string(d.Code), Reason: sentence(p, d),
		Either:      verdict(best.view.requests[1]) == verdict(d),
		Reports:     d.Reports && verdict(d) != Denied,
		Multipath:   isOpen(best.view.multi[0]),
		Departments: [2]string{d.Requester, d.Accepter},
		DNS:         []string{}, Traffic: []Item{}, Routes: []Item{},
	}
	if d.Peering != nil {
		a.Line, a.Requester, a.Approval = d.Peering.Line, d.Peering.Requester, d.Peering.Approval == policy.ManualApproval
		third := d.Peering.ThirdParty()
		a.Managed = [2]bool{third == "" || third != d.Requester, third == "" || third != d.Accepter}
	}
	a.describe(p, pairs)
	a.except(p, pairs, d)
	if a.Verdict == Denied {
		a.Next, a.Additions = remedy(p, from, to, best)
	}
	return a
}

// viewsOf returns the views of every VPC of from with every one of to. A VPC is no pair with itself, unless it is
// the only one.
func viewsOf(p *policy.Policy, from, to End) []seen {
	var all, same []seen
	for _, a := range from.vpcs {
		for _, b := range to.vpcs {
			s := seen{a: a, b: b}
			if e := entryOf(p, from.Department, to.Department); e != nil {
				s.view = look(p, a, b, resourcesOf(*e))
			} else {
				s.view = look(p, a, b, resourcesOf())
			}
			if a.id != "" && a.id == b.id && a.Cell == b.Cell {
				same = append(same, s)
			} else {
				all = append(all, s)
			}
		}
	}
	if len(all) == 0 {
		return same
	}
	return all
}

// sentence returns the reason of a decision. The examples of VPCs that the policy doesn't name have no ID.
func sentence(p *policy.Policy, d policy.Decision) string {
	switch {
	case d.Code == policy.NotListed && d.Requester != "" && d.Requester == d.Accepter:
		return fmt.Sprintf("%s has no peering of %s with itself", p.File, d.Requester)
	case d.Code == policy.NotListed && d.Requester != "" && d.Accepter != "":
		return fmt.Sprintf("%s has no peering between %s and %s", p.File, d.Requester, d.Accepter)
	case d.Code == policy.WrongDirection:
		return "only " + d.Peering.Requester + " may request it"
	}
	return strings.NewReplacer(string(anyRequester), "VPC", string(anyAccepter), "VPC").Replace(d.Reason)
}

func verdict(d policy.Decision) Verdict {
	switch d.Verdict {
	case policy.Accept:
		return Allowed
	case policy.Ask:
		return Approval
	}
	return Denied
}

func rank(v Verdict) int { return slices.Index([]Verdict{Allowed, Approval, Denied}, v) }

// describe sets the traffic, the routes and the notes of the connections that the policy allows.
func (a *Answer) describe(p *policy.Policy, pairs []seen) {
	var all []finding
	everything := census{}
	for _, s := range pairs {
		names := [2]string{a.nameOf(p, s, 0), a.nameOf(p, s, 1)}
		note := func(name, vpc string) {
			if !slices.Contains(everything[name], vpc) {
				everything[name] = append(everything[name], vpc)
			}
		}
		note(names[0], s.a.String())
		note(names[1], s.b.String())
		all = append(all, s.findings(names)...)
		for _, h := range s.view.halves {
			a.addNotes(h.notes)
		}
	}
	for _, i := range everything.items(all) {
		switch i.Kind {
		case Traffic:
			a.Traffic = append(a.Traffic, i)
		case Routes:
			a.Routes = append(a.Routes, i)
		case DNS:
			a.DNS = append(a.DNS, i.From)
		}
	}
	a.DNS = slices.Compact(a.DNS)
}

func (a *Answer) nameOf(p *policy.Policy, s seen, end int) string {
	x, y := pair(p, s.a, s.b)
	if end == 1 {
		x = y
	}
	return p.DepartmentOf(x)
}

func (a *Answer) addNotes(notes []string) {
	for _, n := range notes {
		if !slices.Contains(a.Notes, n) {
			a.Notes = append(a.Notes, n)
		}
	}
}

// findings returns the traffic and the routes of both sides.
func (s seen) findings(names [2]string) []finding {
	vpcs := [2]string{s.a.String(), s.b.String()}
	tables := 0
	if s.view.active.Peering != nil {
		tables = len(resourcesOf(*s.view.active.Peering).tables)
	}
	var all []finding
	for side, h := range s.view.halves {
		own := finding{from: names[side], to: names[1-side], vpcs: [2]string{vpcs[side], vpcs[1-side]}, places: tables}
		peer := finding{kind: Traffic, from: own.to, to: own.from, vpcs: [2]string{own.vpcs[1], own.vpcs[0]}}
		for _, f := range h.flows {
			peer.place, peer.span = f.place, f.span
			all = append(all, peer)
		}
		own.kind = Routes
		for _, r := range h.routes {
			own.place, own.span = r.place, r.span
			all = append(all, own)
		}
		if h.dns {
			own.kind, own.place, own.span = DNS, "", span{line: s.view.active.Peering.Line}
			all = append(all, own)
		}
	}
	return all
}

// except lists the pairs of VPCs with another verdict than the decision.
func (a *Answer) except(p *policy.Policy, pairs []seen, d policy.Decision) {
	for _, s := range pairs {
		if own := s.view.requests[0]; verdict(own) != verdict(d) {
			a.Exceptions = append(a.Exceptions, Exception{s.a.String(), s.b.String(), verdict(own), sentence(p, own)})
		}
	}
}

// Place returns the file and the line of the peering as editors link it, or the file alone.
func (a Answer) Place() string {
	if a.Line == 0 {
		return a.File
	}
	return fmt.Sprintf("%s:%d", a.File, a.Line)
}

package explain

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// Partly is the result for traffic that the policy allows in part.
const Partly Verdict = "partly"

// Question asks for the verdict on a request, or on traffic once the two ends are connected.
type Question struct {
	From, To End
	source   netip.Prefix // of the traffic; invalid for all blocks of From
	wanted   []span       // without sources; nil for a request
	groups   string       // the kind of groups; "" for any
}

// Verdicts returns the verdicts that the question can have.
func (q Question) Verdicts() []Verdict {
	if q.wanted == nil {
		return []Verdict{Allowed, Approval, Denied}
	}
	return []Verdict{Allowed, Partly, Denied}
}

// ParseQuestion parses "FROM → TO" for a request, and "FROM [from BLOCK] → TO PROTOCOL [PORTS] [in GROUP]" for
// traffic. The arrow may be "->". PORTS are a port, a range such as 5432-5440, or for ICMP a type with or without a
// code, such as 3/4. GROUP is the ID of a security group or its tags, such as Role=ledger.
//
// The error has a line "problem; fix" for each part that can't be read or is probably mistyped.
func ParseQuestion(p *policy.Policy, text string) (Question, error) {
	if strings.ContainsAny(text, "\"'`") {
		return Question{}, fmt.Errorf("the question %s has quotes; write it without them", text)
	}
	left, right, found := strings.Cut(strings.ReplaceAll(text, "->", "→"), "→")
	from, to := strings.Fields(left), strings.Fields(right)
	if !found || len(from) == 0 || len(to) == 0 {
		return Question{}, fmt.Errorf(
			"invalid expectation %q; want FROM → TO, or traffic such as marketing → finance tcp 443", text)
	}
	var q Question
	var errs [4]error
	q.From, errs[0] = Find(p, from[0])
	q.To, errs[1] = Find(p, to[0])
	errs[2] = q.parseSource(from[1:])
	errs[3] = q.parseTraffic(p, to[1:])
	if err := errors.Join(errs[:]...); err != nil {
		return Question{}, err
	}
	if err := q.checkSource(p, text); err != nil {
		return Question{}, err
	}
	return q, nil
}

func (q *Question) parseTraffic(p *policy.Policy, words []string) error {
	var inGroups error
	if n := len(words); n >= 3 && words[n-2] == "in" {
		inGroups = q.parseGroups(p, words[n-1])
		words = words[:n-2]
	}
	switch {
	case len(words) == 0:
		return nil
	case len(words) <= 2:
		permission, err := parsePermission(words[0], append(words, "")[1])
		q.wanted = spans(permission, source{}, 0)
		return errors.Join(err, inGroups)
	case slices.Contains(words, "from"):
		return fmt.Errorf("%q has its source behind the arrow; write it like marketing from 10.10.1.0/24 → finance tcp 443",
			strings.Join(words, " "))
	}
	return fmt.Errorf("%q is no traffic; write it like tcp 443, or tcp 5432-5440 in Role=ledger", strings.Join(words, " "))
}

// protocolNames are the protocols of a question.
var protocolNames = []string{"tcp", "udp", "icmp", "icmpv6", "all"}

// parsePermission returns a permission without its source.
func parsePermission(protocol, ports string) (peering.Permission, error) {
	p := peering.Permission{Protocol: peering.Protocol(protocol), From: -1, To: -1}
	switch p.Protocol {
	case "all":
		p.Protocol = peering.AllProtocols
		if ports != "" {
			return p, fmt.Errorf("all traffic has no ports; remove %q, or write tcp or udp", ports)
		}
		return p, nil
	case peering.TCP, peering.UDP:
		err := parsePortRange(&p, ports)
		return p, err
	case peering.ICMP, peering.ICMPv6:
		kind, code, hasCode := strings.Cut(ports, "/")
		err := errors.Join(number(&p.From, kind, typeNumbers, ports == ""), number(&p.To, code, typeNumbers, !hasCode))
		return p, err
	}
	return p, fmt.Errorf("protocol %q is not known; %s", protocol, suggest.Fix(protocol, protocolNames))
}

// parsePortRange sets the ports, all of them for an empty text.
func parsePortRange(p *peering.Permission, ports string) error {
	if ports == "" {
		p.From, p.To = 0, last
		return nil
	}
	first, end, isRange := strings.Cut(ports, "-")
	if !isRange {
		end = first
	}
	if err := number(&p.From, first, portNumbers, false); err != nil {
		return err
	}
	if err := number(&p.To, end, portNumbers, false); err != nil {
		return err
	}
	if p.From > p.To {
		return fmt.Errorf("%q is a range that ends before it begins; write %s-%s", ports, end, first)
	}
	return nil
}

// numbers are the valid numbers of a port, or of a type or code of ICMP.
type numbers struct {
	least, most int64
	name, form  string
}

var (
	portNumbers = numbers{1, last, "port", "443 or 5432-5440, with ports"}
	typeNumbers = numbers{0, 255, "type of ICMP", "8 or 3/4, with numbers"}
)

func number(into *int32, text string, valid numbers, isLeftOut bool) error {
	if isLeftOut {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < valid.least || n > valid.most || strconv.FormatInt(n, 10) != text {
		return fmt.Errorf("%q is not a %s; write %s from %d to %d", text, valid.name, valid.form, valid.least, valid.most)
	}
	*into = int32(n)
	return nil
}

// Ask returns the policy's verdict, with its reason. Traffic is allowed if a kind of groups admits all of it
// between all VPCs of both ends, whichever end requests the connection.
func (q Question) Ask(p *policy.Policy) (Verdict, string) {
	if q.wanted == nil {
		a := Explain(p, q.From, q.To)
		return a.Verdict, a.Reason
	}
	pairs := viewsOf(p, q.From, q.To)
	some, every := false, true
	lines := map[int]bool{}
	for _, s := range pairs {
		wanted := q.wantedOf(p, s)
		if len(wanted) == 0 && !q.source.IsValid() {
			continue // such as ICMPv6 of a VPC without IPv6 blocks
		}
		met, all := q.isAdmitted(wanted, s, lines)
		some, every = some || met, every && all
	}
	where := reason(p, pairs, lines)
	switch {
	case some && every:
		return Allowed, where
	case some:
		return Partly, where
	}
	return Denied, where
}

// reason names the lines that admit the traffic, or else the peering that doesn't or the denial.
func reason(p *policy.Policy, pairs []seen, lines map[int]bool) string {
	if len(lines) > 0 {
		var texts []string
		for _, e := range p.Peerings {
			for _, a := range e.Allow {
				if lines[a.Line] {
					texts = append(texts, fileLine(p, a.Line)+" admits "+admitted(a))
				}
			}
		}
		return strings.Join(texts, "; ")
	}
	d := pairs[0].view.active
	if d.Verdict != policy.Accept {
		return sentence(p, d)
	}
	return fmt.Sprintf("no entry under `allow:` of the peering in %s admits it", fileLine(p, d.Peering.Line))
}

// admitted describes an allow entry.
func admitted(a policy.Allow) string {
	r := resources{}
	r.addGroups(a.Groups)
	groups := make([]string, len(r.groups))
	for i, g := range r.groups {
		groups[i] = string(g.ID)
	}
	words := cmp.Or(map[peering.Protocol]string{peering.AllProtocols: "all traffic"}[a.Protocol], string(a.Protocol))
	var ranges [][2]int32
	for _, r := range plan.Ranges(a) {
		s := spans(peering.Permission{Protocol: a.Protocol, From: r.From, To: r.To}, source{}, a.Line)[0]
		ranges = append(ranges, [2]int32{s.from, s.to})
	}
	if texts := portTexts(a.Protocol, merged(ranges)); texts != nil {
		words += " " + strings.Join(texts, ", ")
	}
	if !a.Sources.IsAll() {
		words += " from " + strings.Join(sourceTexts(a.Sources), ", ") + " only"
	}
	return words + " in " + strings.Join(groups, ", ")
}

func sourceTexts(s policy.Sources) []string {
	var all []string
	for _, b := range s.Blocks {
		all = append(all, b.String())
	}
	for _, g := range s.Groups {
		all = append(all, string(g))
	}
	for _, l := range s.PrefixLists {
		all = append(all, string(l))
	}
	return all
}

// isAdmitted reports whether the groups of the second VPC admit some of the traffic of the first, and whether one
// kind of them admits all. It adds the lines that admit some.
func (q Question) isAdmitted(wanted []span, s seen, lines map[int]bool) (some, all bool) {
	at := map[string][]span{}
	for _, f := range s.view.halves[1].flows {
		if q.groups == "" || q.groups == f.place {
			at[f.place] = append(at[f.place], f.span)
		}
	}
	for _, have := range at {
		all = all || len(wanted) > 0 && len(minus(wanted, have)) == 0
		for _, h := range have {
			if slices.ContainsFunc(wanted, h.meets) {
				some, lines[h.line] = true, true
			}
		}
	}
	return some, all
}

// wantedOf returns the wanted traffic with its sources among the blocks of the first VPC.
func (q Question) wantedOf(p *policy.Policy, s seen) []span {
	x, _ := pair(p, s.a, s.b)
	var wanted []span
	for _, block := range blocks(p, x, s.a) {
		from := source{block: block, whole: true}
		if !cidr.Covers(s.a.known, block) {
			from.inside = block
		}
		if q.source.IsValid() {
			if !cidr.Contains(block, q.source) {
				continue
			}
			from.block, from.whole = q.source, false
		}
		for _, w := range q.wanted {
			if q.source.IsValid() || fits(w.protocol, block) {
				w.source = from
				wanted = append(wanted, w)
			}
		}
	}
	return wanted
}

// fits reports whether packets of the protocol come from blocks of the family.
func fits(protocol peering.Protocol, block netip.Prefix) bool {
	return protocol != peering.ICMP && block.Addr().Is6() || protocol != peering.ICMPv6 && block.Addr().Is4()
}

// meets reports whether both have some traffic in common. The addresses of groups and prefix lists are not known.
func (s span) meets(o span) bool {
	return s.protocol == o.protocol && s.from <= o.to && o.from <= s.to &&
		(s.source.ref != "" || s.source.block.Overlaps(o.source.block))
}

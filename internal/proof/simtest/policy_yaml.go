package simtest

import (
	"fmt"
	"slices"
	"strings"
)

// yaml renders the policy as a file.
func (p *plainPolicy) yaml() string {
	var b strings.Builder
	b.WriteString("version: 1\n")
	if p.reject {
		b.WriteString("otherwise: reject\n")
	}
	if p.disconnect {
		b.WriteString("removed: disconnect\n")
	}
	if len(p.limits) > 0 {
		b.WriteString("limits: " + mapping(p.limits) + "\n")
	}
	b.WriteString("departments:\n")
	for _, d := range p.departments {
		fmt.Fprintf(&b, "  %s:\n", d.name)
		for _, m := range d.members {
			fmt.Fprintf(&b, "    - { %s }\n", m)
		}
	}
	if len(p.peerings) == 0 {
		b.WriteString("peerings: []\n")
		return b.String()
	}
	b.WriteString("peerings:\n")
	for _, e := range p.peerings {
		e.write(&b)
	}
	return b.String()
}

func (m member) String() string {
	where := fmt.Sprintf("account: %q, region: %s", m.Account, m.Region)
	switch {
	case m.within.IsValid():
		return fmt.Sprintf("%s, within: %q", where, m.within)
	case len(m.cidrs) > 0:
		return fmt.Sprintf("%s, vpc: %s, cidrs: %s", where, m.vpc, listing(m.cidrs))
	}
	return where + ", vpc: " + m.vpc
}

func (e entry) write(b *strings.Builder) {
	fmt.Fprintf(b, "  - between: [%s, %s]\n", e.a, e.b)
	if e.requester != "" {
		fmt.Fprintf(b, "    requester: %s\n", e.requester)
	}
	if e.manual {
		b.WriteString("    approval: manual\n")
	}
	if e.dns {
		b.WriteString("    dns: true\n")
	}
	if len(e.routes) > 0 {
		b.WriteString("    routes:\n")
	}
	for _, name := range []string{e.a, e.b} {
		if r, chosen := e.routes[name]; chosen {
			fmt.Fprintf(b, "      %s: { %s }\n", name, r)
		}
	}
	if len(e.allow) > 0 {
		b.WriteString("    allow:\n")
	}
	for _, a := range e.allow {
		fmt.Fprintf(b, "      - { %s }\n", a)
	}
}

func (r routing) String() string {
	var parts []string
	switch {
	case r.main:
		parts = append(parts, "tables: main")
	case len(r.tables) > 0:
		parts = append(parts, "tables: { ids: "+listing(r.tables)+" }")
	case len(r.tags) > 0:
		parts = append(parts, "tables: { tags: "+mapping(r.tags)+" }")
	case len(r.subnets) > 0:
		parts = append(parts, "tables: { subnets: { ids: "+listing(r.subnets)+" } }")
	case len(r.subnetTags) > 0:
		parts = append(parts, "tables: { subnets: { tags: "+mapping(r.subnetTags)+" } }")
	default:
		parts = append(parts, "tables: all")
	}
	if len(r.to) > 0 {
		parts = append(parts, "to: "+listing(r.to))
	}
	if len(r.excepts) > 0 {
		parts = append(parts, "except: "+listing(r.excepts))
	}
	return strings.Join(parts, ", ")
}

func (a allow) String() string {
	parts := []string{"from: " + a.from, "to: " + a.to, "protocol: " + a.protocol}
	sources := slices.Clone(a.groups)
	for _, s := range a.sources {
		sources = append(sources, s.String())
	}
	if len(sources) > 0 {
		parts = append(parts, "sources: "+listing(sources))
	}
	if len(a.ids) > 0 {
		parts = append(parts, "groups: { ids: "+listing(a.ids)+" }")
	} else {
		parts = append(parts, "groups: { tags: "+mapping(a.tags)+" }")
	}
	return strings.Join(append(parts, a.portWords()...), ", ")
}

func (a allow) portWords() []string {
	var words []string
	for _, p := range a.ports {
		switch {
		case isICMP(a.protocol) && p[1] < 0, p[0] == p[1]:
			words = append(words, fmt.Sprint(p[0]))
		case isICMP(a.protocol):
			words = append(words, fmt.Sprintf("%d/%d", p[0], p[1]))
		default:
			words = append(words, fmt.Sprintf("%d-%d", p[0], p[1]))
		}
	}
	switch {
	case len(words) == 0:
		return nil
	case isICMP(a.protocol):
		return []string{"types: " + listing(words)}
	}
	return []string{"ports: " + listing(words)}
}

// listing puts IPv6 blocks in quotes, whose colons YAML would take for a mapping, and numbers not.
func listing[T any](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = fmt.Sprint(v)
		if strings.ContainsAny(words[i], ":/") {
			words[i] = fmt.Sprintf("%q", words[i])
		}
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func mapping[T any](m map[string]T) string {
	var words []string
	for k, v := range m {
		words = append(words, fmt.Sprintf("%s: %v", k, v))
	}
	slices.Sort(words)
	return "{ " + strings.Join(words, ", ") + " }"
}

package plainpolicy

import (
	"fmt"
	"slices"
	"strings"
)

// YAML renders the policy as a policy file.
func (p *Policy) YAML() string {
	var b strings.Builder
	b.WriteString("version: 1\n")
	if p.Reject {
		b.WriteString("otherwise: reject\n")
	}
	if p.Disconnect {
		b.WriteString("removed: disconnect\n")
	}
	if len(p.Limits) > 0 {
		b.WriteString("limits: " + mapping(p.Limits) + "\n")
	}
	if len(p.Retired) > 0 {
		b.WriteString("retired:\n")
	}
	for _, c := range p.Retired {
		fmt.Fprintf(&b, "  - { account: %q, region: %s }\n", c.Account, c.Region)
	}
	b.WriteString("departments:\n")
	for _, d := range p.Departments {
		fmt.Fprintf(&b, "  %s:\n", d.Name)
		for _, m := range d.Members {
			fmt.Fprintf(&b, "    - { %s }\n", m)
		}
	}
	if len(p.Peerings) == 0 {
		b.WriteString("peerings: []\n")
		return b.String()
	}
	b.WriteString("peerings:\n")
	for _, e := range p.Peerings {
		e.write(&b)
	}
	return b.String()
}

func (m Member) String() string {
	where := fmt.Sprintf("account: %q, region: %s", m.Account, m.Region)
	switch {
	case len(m.Also) > 0:
		return fmt.Sprintf("%s, within: %q, also: %s", where, m.Within, listing(m.Also))
	case m.Within.IsValid():
		return fmt.Sprintf("%s, within: %q", where, m.Within)
	case len(m.CIDRs) > 0:
		return fmt.Sprintf("%s, vpc: %s, cidrs: %s", where, m.VPC, listing(m.CIDRs))
	}
	return where + ", vpc: " + m.VPC
}

func (e Peering) write(b *strings.Builder) {
	fmt.Fprintf(b, "  - between: [%s, %s]\n", e.A, e.B)
	if e.Report {
		b.WriteString("    mode: report\n")
	}
	if e.Requester != "" {
		fmt.Fprintf(b, "    requester: %s\n", e.Requester)
	}
	if e.Manual {
		b.WriteString("    approval: manual\n")
	}
	if e.DNS {
		b.WriteString("    dns: true\n")
	}
	if e.Adopt {
		b.WriteString("    adopt: true\n")
	}
	if len(e.Routes) > 0 {
		b.WriteString("    routes:\n")
	}
	for _, name := range []string{e.A, e.B} {
		if r, chosen := e.Routes[name]; chosen {
			fmt.Fprintf(b, "      %s: { %s }\n", name, r)
		}
	}
	if len(e.Allow) > 0 {
		b.WriteString("    allow:\n")
	}
	for _, a := range e.Allow {
		fmt.Fprintf(b, "      - { %s }\n", a)
	}
}

func (r Routing) String() string {
	var parts []string
	switch {
	case r.Main:
		parts = append(parts, "tables: main")
	case len(r.Tables) > 0:
		parts = append(parts, "tables: { ids: "+listing(r.Tables)+" }")
	case len(r.Tags) > 0:
		parts = append(parts, "tables: { tags: "+mapping(r.Tags)+" }")
	case len(r.Subnets) > 0:
		parts = append(parts, "tables: { subnets: { ids: "+listing(r.Subnets)+" } }")
	case len(r.SubnetTags) > 0:
		parts = append(parts, "tables: { subnets: { tags: "+mapping(r.SubnetTags)+" } }")
	default:
		parts = append(parts, "tables: all")
	}
	if len(r.To) > 0 {
		parts = append(parts, "to: "+listing(r.To))
	}
	if len(r.Except) > 0 {
		parts = append(parts, "except: "+listing(r.Except))
	}
	return strings.Join(parts, ", ")
}

func (a Allow) String() string {
	parts := []string{"from: " + a.From, "to: " + a.To, "protocol: " + a.Protocol}
	sources := slices.Clone(a.SourceGroups)
	for _, s := range a.Sources {
		sources = append(sources, s.String())
	}
	if len(sources) > 0 {
		parts = append(parts, "sources: "+listing(sources))
	}
	if len(a.IDs) > 0 {
		parts = append(parts, "groups: { ids: "+listing(a.IDs)+" }")
	} else {
		parts = append(parts, "groups: { tags: "+mapping(a.Tags)+" }")
	}
	return strings.Join(append(parts, a.portItems()...), ", ")
}

func (a Allow) portItems() []string {
	var items []string
	for _, p := range a.Ports {
		switch {
		case IsICMP(a.Protocol) && p[1] < 0, p[0] == p[1]:
			items = append(items, fmt.Sprint(p[0]))
		case IsICMP(a.Protocol):
			items = append(items, fmt.Sprintf("%d/%d", p[0], p[1]))
		default:
			items = append(items, fmt.Sprintf("%d-%d", p[0], p[1]))
		}
	}
	switch {
	case len(items) == 0:
		return nil
	case IsICMP(a.Protocol):
		return []string{"types: " + listing(items)}
	}
	return []string{"ports: " + listing(items)}
}

// listing renders a list. CIDR blocks are quoted, because YAML takes the colons of IPv6 for a mapping.
func listing[T any](all []T) string {
	items := make([]string, len(all))
	for i, v := range all {
		items[i] = fmt.Sprint(v)
		if strings.ContainsAny(items[i], ":/") {
			items[i] = fmt.Sprintf("%q", items[i])
		}
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func mapping[T any](m map[string]T) string {
	var items []string
	for k, v := range m {
		items = append(items, fmt.Sprintf("%s: %v", k, v))
	}
	slices.Sort(items)
	return "{ " + strings.Join(items, ", ") + " }"
}

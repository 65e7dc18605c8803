package policyfile

import (
	"cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// policy turns a document without mistakes into the policy. Departments and peerings keep the order of the
// file, and everything keeps its line, so that a decision can cite the line on which it rests.
func (d *document) policy(file string) *policy.Policy {
	p := &policy.Policy{
		File:      file,
		Mode:      modeOf(d.Mode),
		Otherwise: cmp.Or(d.Otherwise.value, policy.LeaveOthers),
		Removed:   cmp.Or(d.Removed.value, policy.ReportRemoved),
		Limits:    d.Limits.policy(),
	}
	for _, r := range d.Retired.items {
		p.Retired = append(p.Retired, policy.Retired{Cell: r.cell(), Line: r.at.line})
	}
	for _, row := range d.Departments.rows {
		department := policy.Department{Name: string(row.key.value), Line: row.key.at.line}
		for _, m := range row.value.items {
			department.Members = append(department.Members, m.policy())
		}
		p.Departments = append(p.Departments, department)
	}
	for _, e := range d.Peerings.items {
		p.Peerings = append(p.Peerings, e.policy())
	}
	return p
}

// modeOf returns the zero value for enforce, which is the default.
func modeOf(s scalar[policy.Mode]) policy.Mode {
	if s.value == policy.ReportMode {
		return policy.ReportMode
	}
	return ""
}

func (l limits) policy() policy.Limits {
	return policy.Limits{Peerings: int(l.Peerings.value), Routes: int(l.Routes.value), Rules: int(l.Rules.value)}
}

func (m member) policy() policy.Member {
	return policy.Member{
		Cell:   m.cell(),
		VPC:    m.VPC.value,
		Within: m.Within.value,
		CIDRs:  values(m.CIDRs),
		Also:   values(m.Also),
		Line:   m.at.line,
	}
}

func (m member) cell() peering.Cell {
	return peering.Cell{Account: m.Account.value, Region: m.Region.value}
}

func (r retirement) cell() peering.Cell {
	return peering.Cell{Account: r.Account.value, Region: r.Region.value}
}

func (e entry) policy() policy.Peering {
	p := policy.Peering{
		Between:   [2]string{string(e.Between.names[0].value), string(e.Between.names[1].value)},
		Mode:      modeOf(e.Mode),
		Requester: string(e.Requester.value),
		Approval:  e.Approval.value,
		Manage:    e.Manage.value,
		Multipath: e.Multipath.value,
		Tags:      e.Tags.value,
		Adopt:     e.Adopt.value,
		DNS:       e.DNS.value,
		Line:      e.at.line,
	}
	for _, row := range e.Routes.rows {
		if p.Routes == nil {
			p.Routes = map[string]policy.Routes{}
		}
		p.Routes[string(row.key.value)] = row.value.policy()
	}
	for _, a := range e.Allow.items {
		p.Allow = append(p.Allow, a.policy())
	}
	return p
}

func (s sideRoutes) policy() policy.Routes {
	return policy.Routes{Tables: s.Tables.policy(), To: values(s.To), Except: values(s.Except), Keep: values(s.Keep)}
}

// policy needs no check of its own: the schema allows exactly one of the choices.
func (t tables) policy() policy.Tables {
	switch c := t.choice; {
	case c.IDs.given():
		return policy.Tables{Scope: policy.TablesByID, IDs: values(c.IDs)}
	case c.Tags.given():
		return policy.Tables{Scope: policy.TablesByTag, Tags: tags(c.Tags)}
	case c.Subnets.given():
		subnets := policy.Subnets{IDs: values(c.Subnets.IDs), Tags: tags(c.Subnets.Tags)}
		return policy.Tables{Scope: policy.SubnetTables, Subnets: &subnets}
	}
	return policy.Tables{Scope: t.scope.value}
}

func (a allow) policy() policy.Allow {
	return policy.Allow{
		From:     string(a.From.value),
		To:       string(a.To.value),
		Sources:  sources(values(a.Sources)),
		Groups:   policy.Groups{IDs: values(a.Groups.IDs), Tags: tags(a.Groups.Tags)},
		Protocol: a.Protocol.value,
		Ports:    values(a.Ports),
		Types:    values(a.Types),
		Line:     a.at.line,
	}
}

func sources(all []source) policy.Sources {
	var s policy.Sources
	for _, from := range all {
		switch {
		case from.group != "":
			s.Groups = append(s.Groups, from.group)
		case from.list != "":
			s.PrefixLists = append(s.PrefixLists, from.list)
		default:
			s.Blocks = append(s.Blocks, from.block)
		}
	}
	return s
}

// values returns the well-formed values of a list.
func values[T any](l some[scalar[T]]) []T {
	var all []T
	for _, s := range l.items {
		if s.ok {
			all = append(all, s.value)
		}
	}
	return all
}

func tags(t table[tagKey, scalar[tagValue]]) map[string]string {
	if len(t.rows) == 0 {
		return nil
	}
	all := make(map[string]string, len(t.rows))
	for _, row := range t.rows {
		all[string(row.key.value)] = string(row.value.value)
	}
	return all
}

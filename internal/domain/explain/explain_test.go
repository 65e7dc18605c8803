package explain_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// company is a policy with a VPC by ID of each kind and two ranges.
func company() *policy.Policy {
	return &policy.Policy{
		File: "p.yaml", Otherwise: policy.LeaveOthers,
		Departments: []policy.Department{
			{
				Name: "web", Line: 2, Members: []policy.Member{{Cell: cells[0], VPC: "vpc-00000011", CIDRs: blocks("10.0.0.0/16")}},
			},
			{
				Name: "db", Line: 3, Members: []policy.Member{{
					Cell: cells[1], VPC: "vpc-00000012", CIDRs: blocks("10.1.0.0/16", "10.2.0.0/16"),
				}},
			},
			{Name: "dev", Line: 4, Members: []policy.Member{
				{Cell: cells[1], Within: blocks("10.16.0.0/12")[0]},
				{Cell: cells[0], Within: blocks("10.32.0.0/12")[0], Also: blocks("2001:db8::/56")},
			}},
			{Name: "open", Line: 5, Members: []policy.Member{{Cell: cells[0], VPC: "vpc-00000013"}}},
		},
		Peerings: []policy.Peering{
			{Between: [2]string{"web", "db"}, Line: 10, DNS: true, Allow: []policy.Allow{
				{From: "web", To: "db", Groups: policy.Groups{Tags: map[string]string{"Role": "sql"}}, Protocol: peering.TCP,
					Ports: []policy.PortRange{{From: 5432, To: 5440}, {From: 443, To: 443}}, Line: 11},
				{From: "web", To: "db", Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1", "sg-2"}},
					Protocol: peering.ICMP,
					Types:    []policy.ICMPType{{Type: 8, Code: -1}, {Type: 3, Code: 4}},
					Sources:  policy.Sources{Blocks: blocks("10.0.1.0/24")}, Line: 12},
			}},
			{Between: [2]string{"dev", "db"}, Line: 20, Requester: "dev", Approval: policy.ManualApproval,
				Routes: map[string]policy.Routes{
					"dev": {Tables: policy.Tables{Scope: policy.MainTable}, To: blocks("10.2.0.0/16")},
					"db":  {Except: blocks("10.17.0.0/16")},
				}, Allow: []policy.Allow{{
					From: "dev", To: "db", Groups: policy.Groups{Tags: map[string]string{"Role": "sql"}},
					Protocol: peering.AllProtocols, Line: 21,
				}}},
			{Between: [2]string{"open", "web"}, Line: 30, Requester: "open", Manage: peering.Accepter},
		},
	}
}

func find(t *testing.T, p *policy.Policy, text string) explain.End {
	t.Helper()
	e, err := explain.Find(p, text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := company()
	a := explain.Explain(p, find(t, p, "web"), find(t, p, "db"))
	want := explain.Answer{
		Verdict: explain.Allowed, From: "web", To: "db", File: "p.yaml", Line: 10, Code: "allowed", Reason: a.Reason,
		Either: true,
		DNS:    []string{"db", "web"}, Departments: [2]string{"web", "db"}, Managed: [2]bool{true, true},
		Traffic: []explain.Item{
			{
				Kind: explain.Traffic, From: "web", To: "db", Protocol: "tcp", Ports: []string{"443", "5432-5440"},
				Groups: "groups tagged Role=sql", Line: 11,
			},
			{
				Kind: explain.Traffic, From: "web", To: "db", Protocol: "icmp", Ports: []string{"3/4", "8"}, Groups: "sg-1",
				Sources: []string{"10.0.1.0/24"}, Line: 12,
			},
			{
				Kind: explain.Traffic, From: "web", To: "db", Protocol: "icmp", Ports: []string{"3/4", "8"}, Groups: "sg-2",
				Sources: []string{"10.0.1.0/24"}, Line: 12,
			},
		},
		Routes: []explain.Item{
			{Kind: explain.Routes, From: "db", To: "web", Whole: true, Destinations: []string{"10.0.0.0/16"}, Line: 10},
			{
				Kind: explain.Routes, From: "web", To: "db", Whole: true,
				Destinations: []string{"10.1.0.0/16", "10.2.0.0/16"}, Line: 10,
			},
		},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("Explain() differs (-want +got):\n%s", diff)
	}
}

// TestExplainRanges: blocks that the policy doesn't declare are those of the ranges, and an exception is a hole in
// them.
func TestExplainRanges(t *testing.T) {
	t.Parallel()
	p := company()
	a := explain.Explain(p, find(t, p, "dev"), find(t, p, "db"))
	if a.Verdict != explain.Approval || a.Either || !a.Approval || a.Requester != "dev" || a.Line != 20 {
		t.Errorf("Explain() = %+v, want an approval of dev's requests", a)
	}
	want := []explain.Item{
		{Kind: explain.Routes, From: "db", To: "dev", Whole: true, Line: 20,
			Destinations: []string{"blocks in 10.16.0.0/12 except 10.17.0.0/16", "blocks in 10.32.0.0/12",
				"blocks in 2001:db8::/56"}},
		{
			Kind: explain.Routes, From: "dev", To: "db", Tables: []string{"main table"},
			Destinations: []string{"10.2.0.0/16"}, Line: 20,
		},
	}
	if diff := cmp.Diff(want, a.Routes); diff != "" {
		t.Errorf("routes differ (-want +got):\n%s", diff)
	}
	all := []explain.Item{{
		Kind: explain.Traffic, From: "dev", To: "db", Protocol: "all", Groups: "groups tagged Role=sql", Line: 21,
	}}
	if diff := cmp.Diff(all, a.Traffic); diff != "" {
		t.Errorf("traffic differs (-want +got):\n%s", diff)
	}
	one := explain.Explain(p, find(t, p, "222222222222/eu-west-1/10.18.0.0/16"), find(t, p, "vpc-00000012"))
	if one.Verdict != explain.Approval || one.Departments[0] != "dev" ||
		!slices.Equal(one.Routes[0].Destinations, []string{"10.18.0.0/16"}) {
		t.Errorf("Explain() = %+v, want the block of the VPC alone", one)
	}
}

// TestExplainThirdParty: autopeer plans nothing on the side of a third party, and names blocks that may be any.
func TestExplainThirdParty(t *testing.T) {
	t.Parallel()
	p := company()
	a := explain.Explain(p, find(t, p, "open"), find(t, p, "web"))
	want := []explain.Item{{
		Kind: explain.Routes, From: "web", To: "open", Whole: true,
		Destinations: []string{"any IPv4 block", "any IPv6 block"}, Line: 30,
	}}
	if diff := cmp.Diff(want, a.Routes); diff != "" || a.Managed != [2]bool{false, true} || a.Place() != "p.yaml:30" {
		t.Errorf("managed %v, place %s, routes differ (-want +got):\n%s", a.Managed, a.Place(), diff)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	p := company()
	for text, want := range map[string]string{
		"web": "web", "vpc-00000012": "db", "111111111111/us-east-1/10.0.0.0/16": "web",
		"111111111111/us-east-1/10.0.3.0/24":  "web",
		"222222222222/eu-west-1/10.16.0.0/16": "dev", "111111111111/us-east-1/10.9.0.0/16": "",
		"111111111111/eu-west-1/10.0.0.0/16": "",
	} {
		if e := find(t, p, text); e.Department != want || e.Text != text {
			t.Errorf("Find(%s) = %+v, want the department %q", text, e, want)
		}
	}
	for text, want := range map[string]string{
		"sales":                               "p.yaml has no department sales; it can be web, db, dev or open",
		"vpc-12345678":                        "p.yaml doesn't name vpc-12345678; give its account",
		"vpc-xyz":                             `invalid VPC ID "vpc-xyz"; want vpc- and 8 or 17 hex digits`,
		"vpc-00000021":                        "p.yaml doesn't name vpc-00000021; did you mean vpc-00000011 or vpc-00000012?",
		"wbe":                                 "p.yaml has no department wbe; did you mean web?",
		"111111111111/us-est-1/10.0.0.0/16":   `/10.0.0.0/16"; did you mean us-east-1 or us-west-1?`,
		"111111111111/moon-left-1/10.0.0.0/8": "is in no partition of AWS; want one such as us-east-1",
		"a/b":                                 "invalid end",
		"1/us-east-1/10.0.0.0/8":              `invalid account "1"`, "111111111111/us/10.0.0.0/8": `invalid Region "us"`,
		"111111111111/us-east-1/10.0.0.0":      "invalid block",
		"111111111111/us-east-1/2001:db8::/56": "want the primary IPv4 block",
		"111111111111/us-east-1/10.0.0.1/8":    "the block is 10.0.0.0/8",
	} {
		if _, err := explain.Find(p, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%s) = %v, want %q", text, err, want)
		}
	}
	if _, err := explain.Find(&policy.Policy{File: "p.yaml"}, "a"); err == nil ||
		!strings.HasSuffix(err.Error(), "it has none") {
		t.Errorf("Find() = %v, want no departments", err)
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	p := company()
	for text, want := range map[string]explain.Verdict{
		"web → db": explain.Allowed, "db -> web": explain.Allowed, "dev → db": explain.Approval, "db → dev": explain.Denied,
		"web → dev":        explain.Denied,
		"web → db tcp 443": explain.Allowed, "web → db tcp 443-444": explain.Partly, "web → db tcp": explain.Partly,
		"web → db tcp 22":        explain.Denied,
		"web → db tcp 5433-5439": explain.Allowed, "web → db udp 443": explain.Denied, "web → db all": explain.Partly,
		"db → web all":  explain.Denied,
		"web → db icmp": explain.Partly, "web → db icmp 8": explain.Partly,
		"web from 10.0.1.0/24 → db icmp 8":   explain.Allowed,
		"web from 10.0.1.0/25 → db icmp 3/4": explain.Allowed, "web from 10.0.1.0/24 → db icmp 3": explain.Partly,
		"web from 10.0.2.0/24 → db icmp 8":             explain.Denied,
		"111111111111/us-qqqqqqqqq-1/10.9.0.0/24 → db": explain.Denied,
		"web → db tcp 443 in Role=sql":                 explain.Allowed, "web → db tcp 443 in Role=other": explain.Denied,
		"web → db tcp 443 in sg-1": explain.Denied, "web from 10.0.1.0/24 → db icmp 8 in sg-2": explain.Allowed,
		"dev → db all": explain.Allowed, "dev → db tcp 1": explain.Allowed, "web → dev tcp 1": explain.Denied,
		"dev → db icmpv6": explain.Allowed,
		"vpc-00000011 → 222222222222/eu-west-1/10.1.0.0/16 tcp 443": explain.Allowed,
	} {
		q, err := explain.ParseQuestion(p, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, reason := q.Ask(p); got != want || reason == "" || !slices.Contains(q.Verdicts(), want) {
			t.Errorf("%s: %s, %q, want %s of %v", text, got, reason, want, q.Verdicts())
		}
	}
}

func TestReasonsOfQuestions(t *testing.T) {
	t.Parallel()
	p := company()
	for text, want := range map[string]string{
		"web → db icmp 8":  "p.yaml:12 admits icmp 3/4, 8 from 10.0.1.0/24 only in sg-1, sg-2",
		"web → db tcp 443": "p.yaml:11 admits tcp 443, 5432-5440 in groups tagged Role=sql",
		"web → db tcp 22":  "no entry under `allow:` of the peering in p.yaml:10 admits it",
		"dev → db udp":     "p.yaml:21 admits all traffic in groups tagged Role=sql",
		"web → dev tcp 1":  "p.yaml has no peering between web and dev",
	} {
		q, err := explain.ParseQuestion(p, text)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := q.Ask(p); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestTwoMistakesInAQuestion: both are reported.
func TestTwoMistakesInAQuestion(t *testing.T) {
	t.Parallel()
	_, err := explain.ParseQuestion(company(), "wbe → db tpc 443 in Role=sqll")
	want := "p.yaml has no department wbe; did you mean web?\n" +
		"protocol \"tpc\" is not known; did you mean tcp?\n" +
		"no entry under `allow:` of p.yaml has the groups Role=sqll; did you mean Role=sql?"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestMistakesInQuestions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"web":                               "invalid expectation",
		"→ db":                              "invalid expectation",
		"web → ":                            "invalid expectation",
		"web → sales":                       "no department sales",
		"web → db tcp 1-70000":              `"70000" is not a port; write 443 or 5432-5440, with ports from 1 to 65535`,
		"web → db tcp 9-8":                  "write 8-9",
		"web → db tcp x":                    `"x" is not a port`,
		"web → db tcp 0":                    `"0" is not a port`,
		"web → db gre":                      `protocol "gre" is not known`,
		"web → db all 1":                    "all traffic has no ports",
		"web → db icmp 256":                 "0 to 255",
		"web → db tcp 1 2":                  "is no traffic",
		"web of x → db tcp 1":               "is no source",
		"web from 10.0.0.1/8 → db tcp 1":    "is no source",
		"web from 10.9.0.0/24 → db tcp 443": "source 10.9.0.0/24 lies outside the blocks of web; they are 10.0.0.0/16",
		"web from 10.0.0.0/8 → db tcp 443":  "lies outside the blocks of web",
		"web from 2001:db8::/64 → db icmp":  "has the other family than icmp",
		"web from 10.0.0.0/24 → db icmpv6":  "has the other family than icmpv6",
		"web → db tcp 443 in Role=sqll": "no entry under `allow:` of p.yaml has the groups Role=sqll; " +
			"did you mean Role=sql?",
		"web → db tcp 443 in role=sql":      "did you mean Role=sql?",
		"web → db tcp in Role":              `"Role" is neither tags nor the ID of a security group`,
		"web → db tcp in =sql":              "is neither tags",
		"web → db tcp in Role=sql,":         "is neither tags",
		"web → db tcp in a=1,a=2":           "is neither tags",
		"web → db tcp in sg-12":             `invalid security group ID "sg-12"; want sg- and 8 or 17 hex digits`,
		`web → db tcp 443 in "Role=sql"`:    `has quotes; write it without them`,
		"'web' → db":                        "has quotes",
		"web → db tcp 443 from 10.0.0.0/24": "has its source behind the arrow; write it like",
		"web → db TPC 443":                  `protocol "TPC" is not known; did you mean tcp?`,
		"web → db tcp 0443":                 `"0443" is not a port`,
		"web → db tcp +443":                 `"+443" is not a port`,
		"web → db tcp 443 in Role=sql x":    "is no traffic",
		"web from 10.0.0.0/24 → db":         "names a source and no protocol",
		"web → db icmp 3/":                  `"" is not a type of ICMP`,
	} {
		if _, err := explain.ParseQuestion(company(), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestCompareSettingsAndRequests(t *testing.T) {
	t.Parallel()
	old, next := company(), company()
	next.Otherwise = policy.RejectOthers
	next.Retired = []policy.Retired{{Cell: cells[0]}}
	next.Peerings[0].Approval = policy.ManualApproval
	next.Peerings[1].Approval, next.Peerings[1].Multipath = "", true
	d := explain.Compare(old, next)
	want := explain.Diff{
		Opens: []explain.Item{}, Closes: []explain.Item{},
		Requests: []explain.Change{
			{From: "db", To: "web", Change: "need approval", Line: 10},
			{From: "web", To: "db", Change: "need approval", Line: 10},
			{From: "dev", To: "db", Change: "are accepted without approval", Opens: true, Line: 20},
			{From: "dev", To: "db", Change: "may allow multipath resilience", Opens: true, Line: 20},
		},
		Settings: []explain.Setting{{Key: "otherwise", Old: "leave", New: "reject"},
			{Key: "retired", Old: "[]", New: "[111111111111/us-east-1]"}},
		Unchanged: explain.Unchanged{Peerings: 1, Flows: 3},
	}
	if diff := cmp.Diff(want, d); diff != "" || !d.IsOpening() || d.IsEmpty() {
		t.Errorf("Compare() differs (-want +got):\n%s", diff)
	}
	if back := explain.Compare(next, old); !slices.ContainsFunc(back.Requests, func(c explain.Change) bool {
		return c.Opens && c.From == "web"
	}) ||
		slices.ContainsFunc(back.Requests, func(c explain.Change) bool { return c.Opens && c.From == "dev" }) {
		t.Errorf("Compare() = %+v, want web's requests opened", back)
	}
}

// TestCompareModes: leaving report mode opens, because changes are made that were only proposed. Other settings don't.
func TestCompareModes(t *testing.T) {
	t.Parallel()
	report, enforce := company(), company()
	report.Mode, report.Peerings[0].Mode, report.Peerings[0].Adopt, report.Removed = policy.ReportMode, policy.ReportMode,
		true, policy.ReportRemoved
	want := []explain.Setting{
		{Key: "mode of web ↔ db", Old: "report", New: "enforce"}, {Key: "adopt of web ↔ db", Old: "true", New: "false"},
		{Key: "mode", Old: "report", New: "enforce"}, {Key: "removed", Old: "report", New: string(enforce.Removed)},
	}
	d := explain.Compare(report, enforce)
	if diff := cmp.Diff(want, d.Settings); diff != "" || !d.IsOpening() || len(d.Opens)+len(d.Closes) > 0 {
		t.Errorf("Compare() differs, opening: %v (-want +got):\n%s", d.IsOpening(), diff)
	}
	if d := explain.Compare(enforce, report); len(d.Settings) != 4 || d.IsOpening() {
		t.Errorf("Compare() = %+v, want the opposite", d.Settings)
	}
	enforce.Peerings, enforce.Removed = nil, policy.ReportRemoved
	if d := explain.Compare(enforce, report); !slices.Contains(d.Settings,
		explain.Setting{Key: "mode of web ↔ db", Old: "enforce", New: "report"}) {
		t.Errorf("Compare() = %+v, want the mode of the new peering", d.Settings)
	}
	at := func(p *policy.Policy) explain.Answer { return explain.Explain(p, find(t, p, "web"), find(t, p, "db")) }
	if !at(report).Reports || at(company()).Reports {
		t.Error("Reports is true in report mode alone")
	}
}

// TestCompareNarrowing: with declared blocks, a narrower source opens nothing, and ports are cut.
func TestCompareNarrowing(t *testing.T) {
	t.Parallel()
	old, next := company(), company()
	next.Peerings[0].Allow = slices.Clone(old.Peerings[0].Allow)
	next.Peerings[0].Allow[0].Ports = []policy.PortRange{{From: 5430, To: 5435}}
	next.Peerings[0].Allow[1].Sources.Blocks = blocks("10.0.1.0/25")
	next.Peerings[0].DNS = false
	d := explain.Compare(old, next)
	opens := []explain.Item{{
		Kind: explain.Traffic, From: "web", To: "db", Protocol: "tcp", Ports: []string{"5430-5431"},
		Groups: "groups tagged Role=sql", Line: 11,
	}}
	icmp := explain.Item{
		Kind: explain.Traffic, From: "web", To: "db", Protocol: "icmp", Ports: []string{"3/4", "8"}, Groups: "sg-1",
		Sources: []string{"10.0.1.0/24 outside 10.0.1.0/25"}, Line: 12,
	}
	icmp2 := icmp
	icmp2.Groups = "sg-2"
	closes := []explain.Item{
		{Kind: explain.DNS, From: "db", To: "web", Line: 10}, {Kind: explain.DNS, From: "web", To: "db", Line: 10},
		{
			Kind: explain.Traffic, From: "web", To: "db", Protocol: "tcp", Ports: []string{"443", "5436-5440"},
			Groups: "groups tagged Role=sql", Line: 11,
		},
		icmp, icmp2,
	}
	if diff := cmp.Diff(opens, d.Opens); diff != "" {
		t.Errorf("opens differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(closes, d.Closes); diff != "" {
		t.Errorf("closes differ (-want +got):\n%s", diff)
	}
}

// TestCompareListedBlocks: a policy that begins to declare the blocks of a VPC closes a listed block only if the VPC
// may have a larger one around it, outside the permitted range.
func TestCompareListedBlocks(t *testing.T) {
	t.Parallel()
	within := func(block string) policy.Member { return policy.Member{Cell: cells[1], Within: blocks(block)[0]} }
	for name, c := range map[string]struct {
		permitted, declared, listed string
		peer                        policy.Member
		closes                      bool
	}{
		"a peer elsewhere":          {"10.0.0.0/17", "10.2.0.0/16", "10.0.1.0/24", within("10.9.0.0/16"), true},
		"a peer in the range":       {"10.0.0.0/17", "10.2.0.0/16", "10.0.1.0/24", within("10.0.0.0/17"), false},
		"a peer in the other half":  {"10.0.0.0/17", "10.2.0.0/16", "10.0.1.0/24", within("10.0.128.0/17"), false},
		"a peer there or elsewhere": {"10.0.0.0/17", "10.2.0.0/16", "10.0.1.0/24", within("10.0.0.0/15"), true},
		"the largest range":         {"10.0.0.0/16", "10.2.0.0/16", "10.0.1.0/24", within("10.9.0.0/16"), false},
		"a declared block in it":    {"10.0.0.0/17", "10.0.2.0/24", "10.0.1.0/24", within("10.9.0.0/16"), false},
		"an IPv6 range":             {"2001:db8::/48", "10.2.0.0/16", "2001:db8::/56", within("10.9.0.0/16"), true},
		"the largest range of IPv6": {"2001:db8::/44", "10.2.0.0/16", "2001:db8::/56", within("10.9.0.0/16"), false},
		"a declared block of the peer": {"10.0.0.0/17", "10.2.0.0/16", "10.0.1.0/24",
			policy.Member{Cell: cells[1], VPC: "vpc-00000012", CIDRs: blocks("10.0.2.0/24")}, false},
		"a peer there or in the declared block": {"10.0.0.0/17", "10.1.0.0/16", "10.0.1.0/24", within("10.0.0.0/15"), false},
	} {
		at := func(declared []netip.Prefix) *policy.Policy {
			return &policy.Policy{
				File: "p.yaml", Otherwise: policy.LeaveOthers,
				Departments: []policy.Department{
					{Name: "web", Line: 2, Members: []policy.Member{
						{Cell: cells[0], VPC: "vpc-00000011", CIDRs: declared},
						{Cell: cells[0], Within: blocks("10.30.0.0/16")[0], Also: blocks(c.permitted)},
					}},
					{Name: "db", Line: 3, Members: []policy.Member{c.peer}},
				},
				Peerings: []policy.Peering{{
					Between: [2]string{"web", "db"}, Line: 10,
					Routes: map[string]policy.Routes{"db": {To: blocks(c.listed)}, "web": {Tables: policy.Tables{
						Scope: policy.NoTables}}},
					Allow: []policy.Allow{{
						From: "web", To: "db", Groups: policy.Groups{Tags: map[string]string{"Role": "sql"}}, Line: 11,
						Protocol: peering.AllProtocols, Sources: policy.Sources{Blocks: blocks(c.listed)},
					}},
				}},
			}
		}
		var kinds []explain.Kind
		d := explain.Compare(at(nil), at(blocks(c.declared)))
		for _, i := range d.Closes {
			kinds = append(kinds, i.Kind)
		}
		var want []explain.Kind
		if c.closes {
			want = []explain.Kind{explain.Routes, explain.Traffic}
		}
		slices.Sort(kinds)
		if !slices.Equal(kinds, want) || len(d.Opens) > 0 {
			t.Errorf("%s: Compare() closes %+v, want %v, and opens %+v", name, d.Closes, want, d.Opens)
		}
	}
}

// TestCompareWiderListedBlocks: a wider listed block closes a listed block, unless each VPC with the one has the other
// as well because the rest is declared.
func TestCompareWiderListedBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		declared string
		closes   bool
	}{
		"the rest is declared":          {"10.1.0.0/16", false},
		"a part of the rest is missing": {"10.1.0.0/17", true},
	} {
		at := func(listed string) *policy.Policy {
			return &policy.Policy{
				File: "p.yaml", Otherwise: policy.LeaveOthers,
				Departments: []policy.Department{
					{Name: "web", Line: 2, Members: []policy.Member{
						{Cell: cells[0], VPC: "vpc-00000011", CIDRs: blocks(c.declared)},
						{Cell: cells[0], Within: blocks("10.30.0.0/16")[0], Also: blocks("10.0.0.0/15")},
					}},
					{Name: "db", Line: 3, Members: []policy.Member{
						{Cell: cells[1], VPC: "vpc-00000012", CIDRs: blocks("10.9.0.0/16")}}},
				},
				Peerings: []policy.Peering{{
					Between: [2]string{"web", "db"}, Line: 10,
					Routes: map[string]policy.Routes{"db": {To: blocks(listed)}},
					Allow: []policy.Allow{{
						From: "web", To: "db", Groups: policy.Groups{Tags: map[string]string{"Role": "sql"}}, Line: 11,
						Protocol: peering.AllProtocols, Sources: policy.Sources{Blocks: blocks(listed)},
					}},
				}},
			}
		}
		var closed []explain.Item
		for _, i := range explain.Compare(at("10.0.0.0/16"), at("10.0.0.0/15")).Closes {
			vpcs := slices.Concat(i.FromVPCs, i.ToVPCs)
			if len(vpcs) == 0 || slices.Contains(vpcs, "vpc-00000011") { // and not only of VPCs in 10.30.0.0/16
				closed = append(closed, i)
			}
		}
		if (len(closed) > 0) != c.closes {
			t.Errorf("%s: Compare() closes %+v for vpc-00000011, want that: %t", name, closed, c.closes)
		}
	}
}

// TestKeptRoutesAreNotedAndCompared. They open and close nothing: they are settings of their peering.
func TestKeptRoutesAreNotedAndCompared(t *testing.T) {
	t.Parallel()
	without, with := company(), company()
	with.Peerings[1].Routes["db"] = policy.Routes{
		Except: blocks("10.17.0.0/16"), Keep: blocks("10.18.1.0/24", "10.18.2.0/24"),
	}
	a := explain.Explain(with, find(t, with, "dev"), find(t, with, "db"))
	want := []string{"routes of db to 10.18.1.0/24, 10.18.2.0/24 may lead elsewhere: the policy keeps them"}
	if !cmp.Equal(want, a.Notes) {
		t.Errorf("Notes = %q, want %q", a.Notes, want)
	}
	if b := explain.Explain(without, find(t, without, "dev"), find(t, without, "db")); !cmp.Equal(a.Routes, b.Routes) ||
		len(b.Notes) > 0 {
		t.Errorf("without the kept routes the routes are %+v and the notes %q, want %+v and none",
			b.Routes, b.Notes, a.Routes)
	}
	with.Peerings[0].Routes = map[string]policy.Routes{"web": {Keep: blocks("10.1.1.0/24")}}
	d := explain.Compare(without, with)
	settings := []explain.Setting{
		{Key: "keep of web of web ↔ db", Old: "[]", New: "[10.1.1.0/24]"},
		{Key: "keep of db of dev ↔ db", Old: "[]", New: "[10.18.1.0/24 10.18.2.0/24]"},
	}
	if diff := cmp.Diff(settings, d.Settings); diff != "" || d.IsOpening() ||
		len(d.Opens)+len(d.Closes)+len(d.Requests) > 0 {
		t.Errorf("Compare() differs (-want +got):\n%s", diff)
	}
	reordered := company()
	reordered.Peerings[0].Routes = with.Peerings[0].Routes
	reordered.Peerings[1].Routes["db"] = policy.Routes{
		Except: blocks("10.17.0.0/16"), Keep: blocks("10.18.2.0/24", "10.18.1.0/24"),
	}
	if d := explain.Compare(with, reordered); !d.IsEmpty() {
		t.Errorf("in another order: Compare() = %+v", d)
	}
}

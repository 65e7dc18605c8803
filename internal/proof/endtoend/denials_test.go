package endtoend_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// resident is a VPC of the denials' company, as its policy has it.
type resident struct {
	department string // "" if it is in none
	cell       peering.Cell
	block      string
	within     string // the range of its department; "" if the policy names the VPC
	lab.Site
}

func cellOf(account string, region peering.Region) peering.Cell {
	return peering.Cell{Account: peering.AccountID(strings.Repeat(account, 12)), Region: region}
}

// residents are those of six departments in seven cells. Two cells are in one account, and one cell has two
// departments. The last two VPCs are in no department: one is in a cell with ranges.
func residents() []resident {
	shared := cellOf("3", "eu-west-1")
	return []resident{
		{department: "marketing", cell: cellOf("1", "us-east-1"), block: "10.10.0.0/16"},
		{department: "finance", cell: cellOf("2", "us-east-1"), block: "10.20.0.0/16"},
		{department: "developer", cell: shared, block: "10.65.0.0/16", within: "10.64.0.0/12"},
		{department: "hr", cell: shared, block: "10.97.0.0/16", within: "10.96.0.0/12"},
		{department: "hr", cell: cellOf("4", "us-east-1"), block: "10.30.0.0/16"},
		{department: "legal", cell: cellOf("4", "eu-west-1"), block: "172.16.0.0/16", within: "172.16.0.0/12"},
		{department: "sales", cell: cellOf("5", "us-east-1"), block: "10.40.0.0/16"},
		{department: "sales", cell: cellOf("6", "eu-west-1"), block: "10.50.0.0/16", within: "10.48.0.0/12"},
		{cell: cellOf("1", "us-east-1"), block: "10.210.0.0/16"},
		{cell: shared, block: "10.200.0.0/16"},
	}
}

// peers are the pairs of the policy. Only marketing may ask finance.
var peers = [][2]string{{"marketing", "finance"}, {"developer", "finance"}, {"sales", "legal"}}

func arePeers(a, b string) bool {
	return slices.Contains(peers, [2]string{a, b}) || slices.Contains(peers, [2]string{b, a})
}

// denials is the company with its requests.
type denials struct {
	*sandboxtest.T
	all  []resident
	file string
}

func newDenials(t *sandboxtest.T, otherwise string) *denials {
	d := &denials{T: t, all: residents()}
	members := map[string]string{}
	for i := range d.all {
		r := &d.all[i]
		r.Site = t.Build(r.cell, func(p *lab.Person) lab.Site {
			return lab.Site{Name: fmt.Sprint("VPC ", i), Cell: r.cell, VPC: p.VPC(fmt.Sprint("VPC ", i), r.block)}
		})
		key := "vpc: " + string(r.VPC.ID)
		if r.within != "" {
			key = "within: " + r.within
		}
		members[r.department] += fmt.Sprintf("    - { account: %q, region: %s, %s }\n", r.cell.Account, r.cell.Region, key)
	}
	delete(members, "")
	d.file = "version: 1\notherwise: " + otherwise + "\ndepartments:\n"
	for _, name := range []string{"marketing", "finance", "developer", "hr", "legal", "sales"} {
		d.file += "  " + name + ":\n" + members[name]
	}
	d.file += "peerings:\n"
	for i, pair := range peers {
		d.file += fmt.Sprintf("  - between: [%s, %s]\n", pair[0], pair[1])
		if i == 0 {
			d.file += "    requester: marketing\n"
		}
	}
	t.Policy(d.file)
	return d
}

// TestDenialsAreTrue requests a connection between all pairs of VPCs that no peering allows, in both directions. Each
// cell that owns a side announces the denial, and each sentence is compared with the policy. Where requests are
// rejected, no sweep has to find one.
func TestDenialsAreTrue(t *testing.T) {
	t.Parallel()
	for _, otherwise := range []string{"leave", "reject"} {
		t.Run(otherwise, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				d := newDenials(t, otherwise)
				requests := d.askAll()
				t.Settle()
				if otherwise == "leave" {
					time.Sleep(time.Hour)
				}
				for id, pair := range requests {
					d.check(id, pair[0], pair[1], otherwise == "reject")
				}
				time.Sleep(time.Hour)
				for id := range requests {
					if found := t.Announced(outcome.DriftFound, id); len(found) > 0 {
						t.Errorf("announced as drift: %s", found[0].Reason.Sentence)
					}
				}
				if n := missed(t); n > 0 {
					t.Errorf("%d events count as missed", n)
				}
			})
		})
	}
}

func (d *denials) askAll() map[peering.ConnectionID][2]resident {
	requests := map[peering.ConnectionID][2]resident{}
	for _, from := range d.all {
		for _, to := range d.all {
			isAllowed := arePeers(from.department, to.department) && from.department+to.department != "financemarketing"
			if from.VPC.ID != to.VPC.ID && !isAllowed {
				requests[d.Ask(from.Site, to.Site)] = [2]resident{from, to}
			}
		}
	}
	return requests
}

func (d *denials) check(id peering.ConnectionID, from, to resident, isRejected bool) {
	want := peering.PendingAcceptance
	if isRejected {
		want = peering.Rejected
	}
	d.InState(to.cell, id, want)
	byPolicy := []string{string(policy.NotListed), string(policy.WrongDirection)}
	announced := slices.DeleteFunc(d.Announced(outcome.Denied, id), func(o outcome.Outcome) bool {
		return !slices.Contains(byPolicy, o.Reason.Code)
	})
	for _, cell := range []peering.Cell{from.cell, to.cell} {
		mayBeAllowed := cell != to.cell &&
			slices.ContainsFunc(d.possible(to), func(name string) bool { return arePeers(from.department, name) })
		if !mayBeAllowed && !slices.ContainsFunc(announced, func(o outcome.Outcome) bool { return o.Cell == cell }) {
			d.Errorf("%s from %q to %q: %s has announced no denial", id, from.department, to.department, cell)
		}
	}
	for _, o := range announced {
		if why := d.untrue(o.Reason.Sentence, from, to); why != "" {
			d.Errorf("%s, from %q to %q: %s announces %q: %s", id, from.department, to.department,
				o.Cell, o.Reason.Sentence, why)
		}
		for name, r := range map[string]resident{o.Requester.Department: from, o.Accepter.Department: to} {
			if !d.maybeIn(r, name) {
				d.Errorf("%s: %s announces the department %q of a VPC in %q", id, o.Cell, name, r.department)
			}
		}
	}
}

// maybeIn reports whether a denial may name the department of the VPC: the right one, or none because several are
// possible while the primary block isn't known.
func (d *denials) maybeIn(r resident, name string) bool {
	return name == r.department || name == "" && len(d.possible(r)) > 1
}

// possible returns the departments with a range in the cell of a VPC that the policy doesn't name by id.
func (d *denials) possible(r resident) []string {
	var names []string
	for _, o := range d.all {
		if isNamed := r.department != "" && r.within == ""; !isNamed && o.cell == r.cell && o.within != "" {
			names = append(names, o.department)
		}
	}
	slices.Sort(names)
	return names
}

const party = `(\w+(?: or \w+)?) \((vpc-\w+) in (\S+?)(, if its primary block is in a range of [\w ]+)?\)`

var (
	noPeering     = regexp.MustCompile(`^policy\.yaml has no peering between ` + party + ` and ` + party + `$`)
	oneDepartment = regexp.MustCompile(`^` + party + ` and ` + party +
		` are in one department, and policy\.yaml has no peering of (\w+) with itself$`)
	onlyOneAsks = regexp.MustCompile(`^line (\d+) of policy\.yaml lets only (\w+) request connections, and ` + party +
		` requested this one from ` + party + `$`)
	noDepartment = regexp.MustCompile(`^the (requester|accepter) (vpc-\w+) in (\S+)(?: with the primary block (\S+))? ` +
		`is in no department of policy\.yaml(.*)$`)
	neither = regexp.MustCompile(`^neither the requester (vpc-\w+) in (\S+)(?: with the primary block (\S+))? nor the ` +
		`accepter (vpc-\w+) in (\S+)(?: with the primary block (\S+))? is in a department of policy\.yaml(.*)$`)
)

// untrue returns why the sentence about a denied request is wrong, "" if it is true.
func (d *denials) untrue(sentence string, from, to resident) string {
	if m := noPeering.FindStringSubmatch(sentence); m != nil {
		return d.untrueParties(m[1:5], m[5:9], from, to, false)
	}
	if m := oneDepartment.FindStringSubmatch(sentence); m != nil {
		if from.department != to.department || m[9] != from.department {
			return "they are in two, or in another one"
		}
		return d.untrueParties(m[1:5], m[5:9], from, to, false)
	}
	if m := onlyOneAsks.FindStringSubmatch(sentence); m != nil {
		var line int
		_, _ = fmt.Sscan(m[1], &line)
		if text := strings.Split(d.file, "\n")[line-1]; !strings.Contains(text, "[marketing, finance]") ||
			m[2] != "marketing" {
			return "the line is: " + text
		}
		return d.untrueParties(m[3:7], m[7:11], from, to, true)
	}
	if m := noDepartment.FindStringSubmatch(sentence); m != nil {
		r := map[string]resident{"requester": from, "accepter": to}[m[1]]
		return d.untrueOutsiders([][]string{m[2:5]}, []resident{r}, m[5])
	}
	if m := neither.FindStringSubmatch(sentence); m != nil {
		return d.untrueOutsiders([][]string{m[1:4], m[4:7]}, []resident{from, to}, m[7])
	}
	return "the sentence is unknown"
}

// untrueParties checks the names, the ids, the cells and the conditions of both sides, and that the departments are
// peers or not.
func (d *denials) untrueParties(requester, accepter []string, from, to resident, peers bool) string {
	for i, r := range []resident{from, to} {
		p := [][]string{requester, accepter}[i]
		names := strings.Split(p[0], " or ")
		switch {
		case p[1] != string(r.VPC.ID) || p[2] != r.cell.String():
			return fmt.Sprintf("%q is another VPC", p)
		case p[3] == "" && p[0] != r.department:
			return fmt.Sprintf("it is in %q", r.department)
		case p[3] != "" && !slices.Equal(names, d.possible(r)):
			return fmt.Sprintf("it may be in %q", d.possible(r))
		}
	}
	for _, a := range strings.Split(requester[0], " or ") {
		for _, b := range strings.Split(accepter[0], " or ") {
			if arePeers(a, b) != peers {
				return fmt.Sprintf("there is a peering between %s and %s: %t", a, b, !peers)
			}
		}
	}
	return ""
}

// untrueOutsiders checks that the VPCs are in no department, and that the remark lists the ranges in their cells where
// these keep them out.
func (d *denials) untrueOutsiders(named [][]string, outsiders []resident, remark string) string {
	want := ""
	for i, r := range outsiders {
		switch {
		case named[i][0] != string(r.VPC.ID) || named[i][1] != r.cell.String():
			return fmt.Sprintf("%q is another VPC", named[i])
		case r.department != "":
			return "it is in " + r.department
		case len(d.possible(r)) > 0 && named[i][2] != r.block:
			return "the primary block is " + r.block
		}
		if r.cell == cellOf("3", "eu-west-1") {
			want = "; the ranges in 333333333333/eu-west-1 are 10.64.0.0/12 (developer) and 10.96.0.0/12 (hr)"
		}
	}
	if remark != want {
		return fmt.Sprintf("want the remark %q", want)
	}
	return ""
}

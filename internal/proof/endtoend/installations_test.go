package endtoend_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// beside is a second installation in the same accounts and Regions, with the outcomes that it announces.
type beside struct {
	*sandboxtest.T
	cells    []*local.Cell
	mu       sync.Mutex
	outcomes []outcome.Outcome
}

func deployBeside(t *sandboxtest.T, policy string) *beside {
	t.Helper()
	b := &beside{T: t}
	cells, err := t.DeployBeside(t.Ctx, "blue", policy, func(o outcome.Outcome) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.outcomes = append(b.outcomes, o)
	})
	t.Must(err)
	b.cells = cells
	return b
}

// announced returns the types of the outcomes about the connection, sorted, each once.
func (b *beside) announced(id peering.ConnectionID) []outcome.Type {
	b.mu.Lock()
	defer b.mu.Unlock()
	var types []outcome.Type
	for _, o := range b.outcomes {
		if o.Connection == id {
			types = append(types, o.Type)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func (b *beside) announcements() []outcome.Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.outcomes)
}

// leavesAlone checks that the installation has made no mutating EC2 call since the mark, and that it has announced no
// drift, no repair and no end of the connection.
func (b *beside) leavesAlone(mark int, id peering.ConnectionID) {
	b.Helper()
	if calls := b.mutations(mark); len(calls) > 0 {
		b.Errorf("the other installation made %v, want no mutating call", calls)
	}
	for _, unwanted := range []outcome.Type{outcome.DriftFound, outcome.Repaired, outcome.Disconnected} {
		if got := b.announced(id); slices.Contains(got, unwanted) {
			b.Errorf("the other installation announced %v, want no %s", got, unwanted)
		}
	}
}

// mutations returns the mutating EC2 calls of the installation's functions since the mark.
func (b *beside) mutations(mark int) []string {
	var calls []string
	for _, c := range b.Cloud.Since(mark) {
		if c.Service == "ec2" && c.Mutating && strings.Contains(c.ARN, ":assumed-role/blue-") {
			calls = append(calls, c.Action)
		}
	}
	return calls
}

// wide is a policy that names every VPC of the cells by a range, has no peering for them, and takes back the
// connections that it no longer allows.
func wide(cells ...peering.Cell) string {
	file := "version: 1\nremoved: disconnect\ndepartments:\n  everything:\n"
	for _, c := range cells {
		file += fmt.Sprintf("    - { account: %q, region: %s, within: 10.0.0.0/8 }\n    - { account: %[1]q, region: %[2]s, "+
			"within: 172.16.0.0/12 }\n", c.Account, c.Region)
	}
	return file + "peerings: []\n"
}

// bothPing is a policy that lets Marketing and Finance ping each other, so that both sides have ingress rules.
func bothPing(m, f lab.Site) string {
	return between(m, f,
		strings.TrimSuffix(ping,
			"]")+fmt.Sprintf(", { from: finance, to: marketing, groups: { ids: [%s] }, protocol: icmp }]", m.Group))
}

// bothPinging is the state that bothPing leads to.
func bothPinging(m, f lab.Site, pcx peering.ConnectionID) []string {
	return append(sandboxtest.Pinging(m, f, pcx), sandbox.Admits(m.Group, "icmp", f))
}

// bothPingingCompany builds Marketing and Finance and deploys bothPing.
func bothPingingCompany(t *sandboxtest.T) (m, f lab.Site) {
	t.Helper()
	m, f = t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
	t.Policy(bothPing(m, f))
	return m, f
}

// TestAnInstallationLeavesTheOthersResourcesAlone: its sweeps, and every event of a connection's life, lead to no
// change.
func TestAnInstallationLeavesTheOthersResourcesAlone(t *testing.T) {
	sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
		m, f := bothPingingCompany(t)
		blue := deployBeside(t, wide(one, two))
		mark := t.Cloud.Mark()
		pcx := t.Ask(m, f)
		t.Settle()
		connected := bothPinging(m, f, pcx)
		t.Holds(connected...)
		time.Sleep(25 * time.Hour) // the sweeps of a day, second looks and the first of the day included
		t.Holds(connected...)

		release := t.Hold(function.Disconnect)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(30 * time.Minute) // blue's sweeps see the blackholes and the rules that are left
		t.IsTagged(one, pcx, kept)
		t.IsTagged(two, pcx, kept)
		t.Holds(connected...)
		release()
		t.Settle()
		time.Sleep(time.Hour)
		t.Holds()
		blue.leavesAlone(mark, pcx)
		t.InDeadLetters(0)
	})
}

// TestAnInstallationKeepsTheOthersRules and blackholes when EC2 no longer shows the connection that they were made for:
// the rules are evidence for both.
func TestAnInstallationKeepsTheOthersRules(t *testing.T) {
	sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, _ bool) {
		m, f := bothPingingCompany(t)
		pcx := t.Ask(m, f)
		t.Settle()
		t.NoSweeps()
		t.Hold(function.Disconnect)
		t.ByHand(two, func(p *lab.Person) { p.Delete(pcx) }) // EC2 forgets it sooner where it was deleted
		time.Sleep(24 * time.Hour)
		mark := t.Cloud.Mark()
		blue := deployBeside(t, wide(one, two))
		time.Sleep(30 * time.Hour) // and then in neither cell
		if c, err := t.Connection(t.Ctx, one, pcx); err != nil || c.State != "" {
			t.Errorf("EC2 still shows %+v, %v", c, err)
		}
		t.Holds(bothPinging(m, f, pcx)...)
		blue.leavesAlone(mark, pcx)
	})
}

// TestBlackholesWithoutEvidence: a blackhole names no installation. If neither a tag nor a rule shows whose it is, an
// installation that has the VPC in its policy removes it.
func TestBlackholesWithoutEvidence(t *testing.T) {
	sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.NoSweeps()
		t.Hold(function.Disconnect)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		deployBeside(t, wide(one, two))
		time.Sleep(time.Hour)
		want := []string{sandbox.Admits(f.Group, "icmp", m), sandbox.Routes(f.Table, m, pcx),
			sandbox.Routes(f.VPC.Main, m, pcx)}
		if kept {
			want = sandboxtest.Pinging(m, f, pcx)
		}
		t.Holds(want...)
	})
}

// TestAnInstallationKeepsTheOthersBlackholes of a deleted connection, also if a connection of its own wants the
// destination.
func TestAnInstallationKeepsTheOthersBlackholes(t *testing.T) {
	for name, after := range map[string]time.Duration{
		"while EC2 shows the connection": 0, "when EC2 no longer shows it": 50 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
				m, f := bothPingingCompany(t)
				pcx := t.Ask(m, f)
				t.Settle()
				t.NoSweeps()
				for _, f := range function.All { // the first installation is down
					t.Hold(f)
				}
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				time.Sleep(time.Minute)
				t.IsTagged(one, pcx, kept)
				time.Sleep(after)
				blue := deployBeside(t, lab.PingPolicy(m, f, lab.Site{}))
				second := t.Ask(m, f)
				time.Sleep(time.Minute)
				if c, err := t.Connection(t.Ctx, two, second); err == nil && c.State == peering.PendingAcceptance {
					t.ByHand(two, func(p *lab.Person) { p.Accept(second) })
				}
				time.Sleep(time.Minute)
				t.Holds(bothPinging(m, f, pcx)...)
				if got := blue.announced(second); !slices.Contains(got, outcome.Conflicting) ||
					slices.Contains(got, outcome.Connected) {
					t.Errorf("the second installation announced %v, want a conflict", got)
				}
			})
		})
	}
}

// TestAConnectionOfTwoPoliciesBelongsToTheFirst: the second announces a conflict, and changes nothing.
func TestAConnectionOfTwoPoliciesBelongsToTheFirst(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		connected := sandboxtest.Pinging(m, f, pcx)
		t.Holds(connected...)

		mark := t.Cloud.Mark()
		blue := deployBeside(t,
			strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "protocol: icmp", "protocol: tcp, ports: [443]", 1))
		time.Sleep(25 * time.Hour)
		t.Holds(connected...)
		if calls := blue.mutations(mark); len(calls) > 0 {
			t.Errorf("the second installation made %v, want no mutating call", calls)
		}
		if got := blue.announced(pcx); !slices.Contains(got, outcome.Conflicting) || slices.Contains(got, outcome.Connected) {
			t.Errorf("the second installation announced %v, want a conflict", got)
		}
		for _, o := range blue.outcomes {
			if o.Type == outcome.Conflicting &&
				(o.Reason.Code != "other-installation" || !strings.Contains(o.Reason.Sentence, "autopeer") || o.Next == "") {
				t.Errorf("conflict = %+v, want the installation that manages the connection and the next step", o)
			}
		}
		t.Unchanged(mark)
	})
}

// asIAMDoes refuses to tag a connection that another installation has tagged in that account, as the roles of a
// deployed cell do. The embedded cloud enforces no roles for functions of this process.
func asIAMDoes(t *sandboxtest.T) (remove func()) {
	var mu sync.Mutex
	first := map[string]string{}
	return t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
		if c.Action != "CreateTags" || !strings.Contains(c.ARN, ":assumed-role/") {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		by, _, _ := strings.Cut(strings.SplitAfter(c.ARN, ":assumed-role/")[1], "-")
		if tagged := c.Account + c.Params["ResourceId.1"]; first[tagged] == "" {
			first[tagged] = by
		} else if first[tagged] != by {
			return &cloudsim.Failure{Code: "UnauthorizedOperation", Status: http.StatusForbidden}
		}
		return nil
	})
}

// oneOwner checks that each cell has the rules of the installation whose tag the connection has there, and no others,
// and that the others have announced a conflict.
func oneOwner(t *sandboxtest.T, blue *beside, m, f lab.Site, pcx peering.ConnectionID) {
	t.Helper()
	admitted := map[peering.Installation]string{
		"autopeer": sandbox.Admits(f.Group, "icmp", m), "blue": sandbox.Admits(f.Group, "tcp 443", m),
	}
	c, err := t.Connection(t.Ctx, two, pcx)
	t.Must(err)
	t.Holds(append(sandbox.Connected(m, f, pcx), admitted[c.ManagedBy()])...)
	losers := map[outcome.Type]int{}
	for _, o := range slices.Concat(t.Announcements(), blue.announcements()) {
		if o.Connection == pcx && o.Reason.Code == "other-installation" {
			losers[o.Type]++
		}
	}
	if losers[outcome.Conflicting] == 0 {
		t.Errorf("announced %v of another installation's connection, want conflicts", losers)
	}
}

// TestOfTwoInstallationsOneConnects a request that the policies of both name, made when both are deployed. The other
// announces a conflict. Without IAM both may connect at first, until each has swept.
func TestOfTwoInstallationsOneConnects(t *testing.T) {
	for _, enforced := range []bool{true, false} {
		t.Run(fmt.Sprintf("IAM enforced %v", enforced), func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				https := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "protocol: icmp", "protocol: tcp, ports: [443]", 1)
				blue := deployBeside(t, https)
				if enforced {
					defer asIAMDoes(t)()
				}
				mark := t.Cloud.Mark()
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				if !enforced {
					time.Sleep(24 * time.Hour)
				}
				oneOwner(t, blue, m, f, pcx)
				if calls := blue.mutations(mark); enforced && slices.Contains(calls, "RevokeSecurityGroupIngress") {
					t.Errorf("the second installation made %v, want nothing to revoke", calls)
				}
				mark = t.Cloud.Mark()
				time.Sleep(25 * time.Hour)
				t.Unchanged(mark)
				if calls := blue.mutations(mark); len(calls) > 0 {
					t.Errorf("the second installation made %v, want peace", calls)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// retag gives the connection and its rules to an installation, in both cells, as docs/deploy.md describes. An earlier
// version's rules have no tag of an installation.
func retag(t *sandboxtest.T, pcx peering.ConnectionID, to string) {
	t.Helper()
	for _, c := range []peering.Cell{one, two} {
		rules, err := t.Network(c).IngressRules(t.Ctx, pcx)
		t.Must(err)
		t.ByHand(c, func(p *lab.Person) {
			p.Tag(string(pcx), map[string]string{peering.TagManaged: to})
			for _, r := range rules {
				p.Tag(string(r.ID), map[string]string{peering.TagManaged: to})
			}
		})
	}
}

// TestARetaggedConnectionIsHandedOver to the installation that the tags name: it changes the connection as its policy
// asks, and removes the routes and rules at the end. The old one takes nothing back when its policy loses the peering.
func TestARetaggedConnectionIsHandedOver(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		blue := deployBeside(t,
			strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "protocol: icmp", "protocol: tcp, ports: [443]", 1))
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)

		mark := t.Cloud.Mark()
		retag(t, pcx, "blue")
		time.Sleep(time.Hour)
		handedOver := append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "tcp 443", m))
		t.Holds(handedOver...)
		t.Redeploy(wide(one, two)) // without the peering, and with removed: disconnect
		time.Sleep(25 * time.Hour)
		t.Holds(handedOver...)
		if got := blue.announced(pcx); !slices.Contains(got, outcome.Connected) {
			t.Errorf("the new installation announced %v, want the connection", got)
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Hour)
		t.Holds()
		t.Unchanged(mark) // by the old installation
		t.InDeadLetters(0)
	})
}

// TestAnEarlierVersionsConnectionIsHandedOver: it tagged connections as "true", and rules with the connection only. A
// drift of such a connection is left alone until it is retagged.
func TestAnEarlierVersionsConnectionIsHandedOver(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		retag(t, pcx, "true")
		rules, err := t.Network(two).IngressRules(t.Ctx, pcx)
		t.Must(err)
		t.ByHand(two, func(p *lab.Person) {
			for _, r := range rules {
				p.Untag(string(r.ID), peering.TagManaged)
			}
		})
		connected := sandboxtest.Pinging(m, f, pcx)
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, f.VPC.Block.String()) })
		drifted := slices.DeleteFunc(slices.Clone(connected), func(s string) bool {
			return s == sandbox.Routes(m.Table, f, pcx)
		})
		time.Sleep(25 * time.Hour)
		t.Holds(drifted...)
		if announced := t.Announced(outcome.Conflicting, pcx); len(announced) == 0 {
			t.Error("no conflict with another installation was announced")
		}

		retag(t, pcx, "autopeer")
		time.Sleep(time.Hour)
		t.Holds(connected...)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Hour)
		t.Holds()
		t.InDeadLetters(0)
	})
}

// TestAHandOverTakesTime: the old installation leaves its rules until a second look, also where another event has the
// cell swept between the two commands of docs/deploy.md.
func TestAHandOverTakesTime(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		deployBeside(t, lab.PingPolicy(m, f, lab.Site{}))
		time.Sleep(16 * time.Minute)
		t.ByHand(two, func(p *lab.Person) {
			p.Tag(string(pcx), map[string]string{peering.TagManaged: "blue"})
			p.Group(f.VPC, "another", nil)
		})
		time.Sleep(4 * time.Minute)
		retag(t, pcx, "blue")
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if announced := t.Announced(outcome.Disconnected, pcx); len(announced) > 0 {
			t.Errorf("announced %+v, want nothing disconnected", announced)
		}
	})
}

// TestAnInstallationIsSilentAboutTheOthers: about a rule of the other one that has lost its tags, and about a
// connection that EC2 is deleting.
func TestAnInstallationIsSilentAboutTheOthers(t *testing.T) {
	sandboxtest.Run(t, func(o *ec2.Options) { o.Delays.Deleting = time.Hour }, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		blue := deployBeside(t, wide(one, two))
		rules, err := t.Network(two).IngressRules(t.Ctx, pcx)
		t.Must(err)
		t.ByHand(two, func(p *lab.Person) { p.Untag(string(rules[0].ID), peering.TagConnection) })
		time.Sleep(time.Hour)
		t.AnnouncedOnce(outcome.Failed, pcx)
		for _, f := range function.All { // the first installation is down
			t.Hold(f)
		}
		mark := t.Cloud.Mark()
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(30 * time.Minute)
		blue.leavesAlone(mark, pcx)
		if got := blue.announced(pcx); slices.Contains(got, outcome.Failed) {
			t.Errorf("the other installation announced %v, want nothing about a rule that isn't its own", got)
		}
	})
}

// TestADeletedTagIsNoEvidenceAgainstRules: a call may name a tag that the connection never had.
func TestADeletedTagIsNoEvidenceAgainstRules(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "    allow:", "    tags: none\n    allow:", 1))
		blue := deployBeside(t, wide(one, two))
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		t.ByHand(two, func(p *lab.Person) { p.UntagValue(string(pcx), peering.TagManaged, "blue") })
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if calls := blue.mutations(mark); len(calls) > 0 {
			t.Errorf("the other installation made %v, want no mutating call", calls)
		}
	})
}

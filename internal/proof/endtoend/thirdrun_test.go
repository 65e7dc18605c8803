package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// asked is a requested connection.
type asked struct {
	id                  peering.ConnectionID
	requester, accepter lab.Site
}

// TestTheThirdRunChangesNothing: in each scenario, the same events once more and a sweep change and announce nothing
// beyond the first repetition.
func TestTheThirdRunChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range thirdRuns {
		t.Run(tt.name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				connections := tt.play(t, m, f)
				t.Settle()
				again(t, connections)
				mark, known, drifts := t.Cloud.Mark(), announced(t), driftsFound(t)
				again(t, connections)
				for _, c := range t.ByAutopeer(mark) {
					if c.Service == "ec2" && c.Mutating && (tt.refused == "" || c.ErrorCode != tt.refused) {
						t.Errorf("%s is called a third time: %s", c.Action, c.ErrorCode)
					}
				}
				for id, sentence := range announced(t) {
					if known[id] == "" {
						t.Errorf("newly announced: %s", sentence)
					}
				}
				if n := driftsFound(t); n > drifts && tt.refused == "" {
					t.Errorf("a sweep has found %d things", n-drifts)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// again lets every event come once more, to every function, and sweeps.
func again(t *sandboxtest.T, connections []asked) {
	t.Helper()
	for _, c := range connections {
		hintAll(t, c.requester.Cell, c.id, c.requester, c.accepter)
	}
	t.Sweep()
}

// driftsFound counts the announcements of drift that sweeps found.
func driftsFound(t *sandboxtest.T) int {
	return len(slices.DeleteFunc(t.Announcements(), func(o outcome.Outcome) bool { return o.Type != outcome.DriftFound }))
}

// announced maps the ids of all announcements to their texts.
func announced(t *sandboxtest.T) map[string]string {
	sentences := map[string]string{}
	for _, o := range t.Announcements() {
		sentences[o.ID] = fmt.Sprintf("%s of %s by %s: %s", o.Type, o.Connection, o.Cell, o.Reason.Sentence)
	}
	return sentences
}

// after plays nothing but a request under a policy with one entry.
func after(lines ...string) func(*sandboxtest.T, lab.Site, lab.Site) []asked {
	return func(t *sandboxtest.T, m, f lab.Site) []asked {
		return ask(t, m, f, between(m, f, lines...))
	}
}

func ask(t *sandboxtest.T, m, f lab.Site, policy string) []asked {
	t.Policy(policy)
	id := t.Ask(m, f)
	t.Settle()
	return []asked{{id, m, f}}
}

// chosen selects the tables of both sites by their tag.
const chosen = "{ tags: { Tier: private } }"

var thirdRuns = []struct {
	name string
	play func(t *sandboxtest.T, m, f lab.Site) []asked
	// refused is the code of EC2's refusal of a change that the policy wants, until a person corrects the policy or the
	// network.
	refused string
}{
	{name: "all tables", play: after(ping)},
	{name: "main tables", play: after("routes: { marketing: { tables: main }, finance: { tables: main } }", ping)},
	{name: "tables by tags and subnets by tags", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		for _, s := range []lab.Site{m, f} {
			t.ByHand(s.Cell, func(p *lab.Person) {
				p.Tag(string(s.Table), map[string]string{"Tier": "private"})
				p.Tag(string(s.Subnet), map[string]string{"Tier": "private"})
			})
		}
		return ask(t, m, f,
			between(m, f, "routes: { marketing: { tables: "+chosen+" }, finance: { tables: { subnets: "+chosen+" } } }", ping))
	}},
	{
		name: "chosen destinations",
		play: after("routes: { marketing: { to: [172.31.1.0/24] }, finance: { to: [10.10.1.0/24, 10.10.128.0/17] } }", ping),
	},
	{name: "routes of another principal", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after("routes: { marketing: { tables: none } }", ping)(t, m, f)
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.0.0/16", connections[0].id) })
		return connections
	}},
	{name: "no routes", play: after(`routes: { marketing: { except: [0.0.0.0/0, "::/0"] } }`, ping)},
	{name: "secondary and IPv6 blocks", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		for s, block := range map[lab.Site]string{m: "10.11.0.0/16", f: "172.30.0.0/16"} {
			t.ByHand(s.Cell, func(p *lab.Person) {
				p.AddBlock(s.VPC, block)
				p.AddIPv6Block(s.VPC)
			})
		}
		return after("allow: [{ from: marketing, to: finance, groups: { tags: { Role: "+
			"finance-server } }, protocol: all }]")(t, m, f)
	}},
	{name: "a group as source", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		return ask(t, m, f, referring(m, f))
	}},
	{name: "a group as source that is gone since", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := ask(t, m, f, referring(m, f))
		t.ByHand(one, func(p *lab.Person) {
			p.Terminate(m.Server)
			p.DeleteGroup(m.Group)
		})
		return connections
	}, refused: "InvalidGroup.NotFound"},
	{name: "a prefix list as source", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		var list peering.PrefixListID
		t.ByHand(f.Cell, func(p *lab.Person) { list = p.PrefixList("clients", "10.10.1.0/24", "10.10.2.0/24") })
		return after(fmt.Sprintf("allow: [{ from: marketing, to: finance, sources: [%s, 10.10.3.0/24], groups: { ids: [%s] "+
			"}, protocol: tcp, ports: [443, 5432-5440] }]", list, f.Group))(t, m, f)
	}},
	{name: "a prefix list as source that there isn't",
		play: after("allow: [{ from: marketing, to: finance, sources: [pl-0123456789abcdef0], groups: { tags: { Role: " +
			"finance-server } }, protocol: all }]"),
		refused: "InvalidPrefixListID.NotFound"},
	{
		name: "types of ICMP",
		play: after(`allow: [{ from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp, ` +
			`types: [8, "3/4"] }]`),
	},
	{name: "DNS", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		for _, s := range []lab.Site{m, f} {
			t.ByHand(s.Cell, func(p *lab.Person) { p.DNSHostnames(s.VPC) })
		}
		return after("dns: true", ping)(t, m, f)
	}},
	{
		name: "DNS that the VPCs can't have", play: after("dns: true", ping),
		refused: "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
	},
	{name: "a third party that asks", play: after("requester: marketing", "manage: accepter", ping)},
	{name: "a third party that accepts", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after("requester: marketing", "manage: requester")(t, m, f)
		t.ByHand(f.Cell, func(p *lab.Person) { p.Accept(connections[0].id) })
		return connections
	}},
	{name: "missing approval", play: after("approval: manual", ping)},
	{name: "approval by a tag", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after("approval: manual", ping)(t, m, f)
		t.ByHand(f.Cell, func(p *lab.Person) {
			p.Tag(string(connections[0].id), map[string]string{peering.TagApproved: "true"})
		})
		return connections
	}},
	{name: "approval by accepting", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after("approval: manual", ping)(t, m, f)
		t.ByHand(f.Cell, func(p *lab.Person) { p.Accept(connections[0].id) })
		return connections
	}},
	{name: "a network ACL in the way", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		t.ByHand(f.Cell, func(p *lab.Person) { p.DenyPing(f.VPC, f.Subnet) })
		return after(ping)(t, m, f)
	}},
	{name: "a route in the way", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		return after(ping)(t, m, f)
	}},
	{name: "a quota that doesn't suffice", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "192.0.2.0/24") })
		return ask(t, m, f, "limits: { routes: 3 }\n"+between(m, f, ping))
	}},
	{name: "a quota that has room for a swap", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		const limits = "limits: { rules: 1 }\n"
		connections := ask(t, m, f, limits+between(m, f, ping))
		t.Redeploy(limits + between(m, f, strings.Replace(ping, "protocol: icmp", "protocol: tcp, ports: [443]", 1)))
		return connections
	}},
	{name: "a block that two peers share", play: sharing},
	{name: "a block that two peers shared", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := sharing(t, m, f)
		t.ByHand(one, func(p *lab.Person) { p.Delete(connections[0].id) })
		return connections
	}},
	{name: "an equal rule of another principal", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		t.ByHand(f.Cell, func(p *lab.Person) { p.Admit(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		return after(ping)(t, m, f)
	}},
	{name: "leftovers that are replaced", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		release := t.Hold(function.Disconnect)
		defer release()
		connections := after(ping)(t, m, f)
		t.ByHand(one, func(p *lab.Person) { p.Delete(connections[0].id) })
		connections = append(connections, asked{t.Ask(m, f), m, f})
		time.Sleep(time.Minute)
		return connections
	}},
	{name: "a request that isn't allowed and is left", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		return ask(t, f, m, between(m, f, "requester: marketing", ping))
	}},
	{name: "a request that isn't allowed and is rejected", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		return ask(t, f, m, "otherwise: reject\n"+between(m, f, "requester: marketing", ping))
	}},
	{name: "a request that isn't allowed and is accepted by hand", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		t.Policy("otherwise: reject\n" + between(m, f, "requester: marketing", ping))
		release := t.Hold(function.Accept)
		defer release()
		id := t.Ask(f, m)
		time.Sleep(time.Second)
		t.ByHand(m.Cell, func(p *lab.Person) { p.Accept(id) })
		return []asked{{id, f, m}}
	}},
	{name: "rejected by hand", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after("approval: manual", ping)(t, m, f)
		t.ByHand(f.Cell, func(p *lab.Person) { p.Reject(connections[0].id) })
		return connections
	}},
	{name: "deleted by the requester", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after(ping)(t, m, f)
		t.ByHand(one, func(p *lab.Person) { p.Delete(connections[0].id) })
		return connections
	}},
	{name: "deleted by the accepter", play: func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after(ping)(t, m, f)
		t.ByHand(f.Cell, func(p *lab.Person) { p.Delete(connections[0].id) })
		return connections
	}},
	{name: "removed from the policy and reported", play: removed("report")},
	{name: "removed from the policy and disconnected", play: removed("disconnect")},
}

// removed takes the entry out of the policy once the connection is connected.
func removed(how string) func(t *sandboxtest.T, m, f lab.Site) []asked {
	return func(t *sandboxtest.T, m, f lab.Site) []asked {
		connections := after(ping)(t, m, f)
		t.Redeploy("removed: " + how + "\n" + strings.Replace(company(m, f), "peerings:", "peerings: []", 1))
		t.Sweep()
		return connections
	}
}

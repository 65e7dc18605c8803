package endtoend_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// mail records the messages that are forwarded between the cells, and can have them delivered otherwise.
type mail struct {
	mu    sync.Mutex
	types []string
	way   func(m message.Message, usual time.Duration) []time.Duration // nil: as usual
}

func readMail(t *sandboxtest.T) *mail {
	m := &mail{}
	t.SetWay(m.deliver)
	return m
}

func (m *mail) deliver(d events.Delivery, usual time.Duration) []time.Duration {
	if d.Event.Source != message.Source || !strings.Contains(d.Target, ":event-bus/") {
		return []time.Duration{usual}
	}
	var sent message.Message
	if err := json.Unmarshal(d.Event.Detail, &sent); err != nil {
		panic(err)
	}
	sent.Type = message.Type(d.Event.DetailType)
	m.mu.Lock()
	defer m.mu.Unlock()
	word := d.Event.DetailType
	if sent.Code != "" {
		word += " " + string(sent.Code)
	}
	m.types = append(m.types, word)
	if m.way != nil {
		return m.way(sent, usual)
	}
	return []time.Duration{usual}
}

func (m *mail) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.types
	m.types = nil
	return all
}

func (m *mail) setWay(way func(message.Message, time.Duration) []time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.way = way
}

func (m *mail) want(t *sandboxtest.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, m.take()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

const (
	ready    = "Side Checked ready"
	question = "Check Side"
	accepted = "Connection Accepted"
)

// betweenAccounts plays a scenario with the accepter in another account, in the same Region and in another one.
func betweenAccounts(t *testing.T, scenario func(t *sandboxtest.T, accepter peering.Cell)) {
	t.Helper()
	for name, accepter := range map[string]peering.Cell{"near": near, "far": two} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) { scenario(t, accepter) })
		})
	}
}

// declaring declares the blocks of Finance in a policy.
func declaring(policy string, f lab.Site) string {
	return strings.Replace(policy, string(f.VPC.ID)+" }", string(f.VPC.ID)+`, cidrs: ["172.31.0.0/16"] }`, 1)
}

func TestMessagesOfAnAgreement(t *testing.T) {
	t.Parallel()
	manual := func(policy string) string {
		return strings.Replace(policy, "finance]\n", "finance]\n    approval: manual\n", 1)
	}
	approve := func(t *sandboxtest.T, f lab.Site, pcx peering.ConnectionID) {
		t.ByHand(f.Cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"}) })
	}
	for name, tt := range map[string]struct {
		policy  func(lab.Site, string) string
		want    []string
		then    func(*sandboxtest.T, lab.Site, peering.ConnectionID)
		further []string
	}{
		"the accepter's blocks are declared": {func(f lab.Site, p string) string {
			return declaring(p, f)
		}, []string{ready, accepted}, nil, nil},
		"the accepter's blocks are not declared": {func(_ lab.Site, p string) string {
			return p
		}, []string{ready, question, ready, accepted}, nil, nil},
		"a person approves later": {func(f lab.Site, p string) string {
			return manual(declaring(p, f))
		}, []string{ready}, approve,
			[]string{question, ready, accepted}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.Policy(tt.policy(f, lab.PingPolicy(m, f, lab.Site{})))
				mail := readMail(t)
				pcx := t.Ask(m, f)
				t.Settle()
				mail.want(t, tt.want...)
				if tt.then != nil {
					t.InState(one, pcx, peering.PendingAcceptance)
					tt.then(t, f, pcx)
					t.Settle()
					mail.want(t, tt.further...)
				}
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestMessagesThatGoAstray: sweeps reach the same end without a message, and none too much.
func TestMessagesThatGoAstray(t *testing.T) {
	t.Parallel()
	first := true
	for name, way := range map[string]func(message.Message, time.Duration) []time.Duration{
		"lost until the first sweep": func(m message.Message, usual time.Duration) []time.Duration {
			if time.Since(m.CheckedAt) < time.Minute && m.CheckedAt.Minute() < 10 {
				return nil
			}
			return []time.Duration{usual}
		},
		"doubled": func(_ message.Message, usual time.Duration) []time.Duration {
			return []time.Duration{usual, usual + time.Second}
		},
		"an hour late at first": func(m message.Message, usual time.Duration) []time.Duration {
			if m.CheckedAt.Minute() < 10 && m.CheckedAt.Hour() == 0 {
				return []time.Duration{time.Hour}
			}
			return []time.Duration{usual}
		},
		"swapped": func(_ message.Message, usual time.Duration) []time.Duration {
			if first = !first; first {
				return []time.Duration{usual}
			}
			return []time.Duration{20 * time.Second}
		},
	} {
		t.Run(name, func(t *testing.T) {
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				mail := readMail(t)
				mail.setWay(way)
				pcx := t.Ask(m, f)
				time.Sleep(2 * time.Hour)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				for _, unwanted := range []outcome.Type{outcome.DriftFound, outcome.Failed, outcome.Denied} {
					if announced := t.Announced(unwanted, pcx); len(announced) > 0 {
						t.Errorf("announced %+v", announced)
					}
				}
				if n := len(mail.take()); n > 8 {
					t.Errorf("%d messages, want at most 8", n)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// TestNoAnswer: the request stays pending, and the wait is announced after some minutes and then daily.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		readMail(t).setWay(func(message.Message, time.Duration) []time.Duration { return nil })
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		if announced := t.Announcements(); len(announced) > 0 {
			t.Errorf("announced %+v at once", announced)
		}
		time.Sleep(47 * time.Hour)
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		o := t.AnnouncedOnce(outcome.Denied, pcx)
		if o.Reason.Code != "no-answer" || !strings.Contains(o.Reason.Sentence, "waits for the answer of ") {
			t.Errorf("announced %+v, want the wait", o)
		}
		if n := len(t.Announced(outcome.Denied, pcx)); n < 4 || n > 6 {
			t.Errorf("announced %d times in two days by two cells", n)
		}
		if n := missed(t); n > 0 || len(t.Announced(outcome.DriftFound, pcx)) > 0 {
			t.Errorf("%d missed events, drift %v", n, t.Announced(outcome.DriftFound, pcx))
		}
	})
}

// TestAConflictOfTheRequester: finance's blocks aren't declared, and the requester's table routes them elsewhere.
func TestAConflictOfTheRequester(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		t.Settle() // a sweep after the edit checks requests, too
		mail := readMail(t)
		pcx := t.Ask(m, f)
		t.Settle()
		mail.want(t, ready, question, "Side Checked route-conflict")
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		codes := map[peering.Cell]string{}
		for _, o := range t.Announced(outcome.Conflicting, pcx) {
			codes[o.Cell] = o.Reason.Code
		}
		if diff := cmp.Diff(map[peering.Cell]string{one: "route-conflict", accepter: "other-side"}, codes); diff != "" {
			t.Errorf("announced (-want +got):\n%s", diff)
		}
		time.Sleep(24 * time.Hour)
		t.Unchanged(0)
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAStranger: its account has a range of a listed department, and its block lies outside.
func TestAStranger(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		f := t.Build(accepter, lab.Finance)
		stranger := t.Build(one, func(p *lab.Person) lab.Site {
			return lab.ByHand(p, "Stranger", "10.200.0.0/16", "10.200.1.0/24", "10.200.1.10")
		})
		t.Policy(fmt.Sprintf("version: 1\ndepartments:\n  marketing: [{ account: %q, region: %s, within: 10.10.0.0/15 }]\n "+
			" finance: %s\npeerings:\n  - between: [marketing, finance]\n    %s\n",
			one.Account, one.Region, f.Member(), ping))
		pcx := t.Ask(stranger, f)
		time.Sleep(25 * time.Hour)
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		for _, cell := range []peering.Cell{one, accepter} {
			at := slices.IndexFunc(t.Announced(outcome.Denied, pcx), func(o outcome.Outcome) bool {
				return o.Cell == cell && o.Reason.Code == "not-listed" && strings.Contains(o.Reason.Sentence, "10.200.0.0/16")
			})
			if at < 0 {
				t.Errorf("no denial in %s names the block; announced were %+v", cell, t.Announced(outcome.Denied, pcx))
			}
		}
	})
}

// TestABlockThatIsNeverRouted obstructs no connection, although the requester routes it elsewhere.
func TestABlockThatIsNeverRouted(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.ByHand(accepter, func(p *lab.Person) { p.AddBlock(f.VPC, "100.64.0.0/16") })
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "100.64.0.0/16") })
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
			"finance]\n    routes: { marketing: { except: [100.64.0.0/16] } }\n", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		t.InState(one, pcx, peering.Active)
		if announced := t.Announced(outcome.Conflicting, pcx); len(announced) > 0 {
			t.Errorf("announced %+v", announced)
		}
	})
}

// TestBothDirectionsPending: of two requests that wait, the older counts.
func TestBothDirectionsPending(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		release := t.Hold(function.Accept)
		first := t.Ask(m, f)
		time.Sleep(2 * time.Second)
		second := t.Ask(f, m)
		time.Sleep(time.Second)
		release()
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, first)...)
		t.InState(one, second, peering.PendingAcceptance)
		for _, o := range t.Announced(outcome.Denied, second) {
			if o.Reason.Code != "already-requested" && o.Reason.Code != "already-connected" && o.Reason.Code != "other-side" {
				t.Errorf("denied with %+v", o.Reason)
			}
		}
		t.AnnouncedOnce(outcome.Denied, second)
	})
}

// TestAPendingBlackhole of the requested connection, as Terraform makes it in one apply, is no conflict.
func TestAPendingBlackhole(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		release := t.Hold(function.Accept)
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.0.0/16", pcx) })
		release()
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestRequestsBeforeADeployment: one cell is deployed after the other, and the request is older than both.
func TestRequestsBeforeADeployment(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]int{"the accepter's cell later": 1, "the requester's cell later": 0} {
		t.Run(name, func(t *testing.T) {
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				pcx := t.Ask(m, f)
				time.Sleep(time.Hour)
				t.Must(t.Deploy(t.Ctx, lab.PingPolicy(m, f, lab.Site{}), nil))
				var releases []func()
				for _, fn := range function.All { // as if its functions weren't there yet
					releases = append(releases, local.Hold(t.Cells[late:late+1], fn))
				}
				time.Sleep(time.Hour)
				t.InState(one, pcx, peering.PendingAcceptance)
				for _, release := range releases {
					release()
				}
				time.Sleep(time.Hour)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			})
		})
	}
}

// TestForgedMessages have no effect.
func TestForgedMessages(t *testing.T) {
	t.Parallel()
	third := peering.Cell{Account: "333333333333", Region: "us-east-1"}
	for name, tt := range map[string]struct {
		from   peering.Cell
		change func(*message.Message)
		sent   time.Duration // before now
	}{
		"by a third cell":            {third, func(*message.Message) {}, 0},
		"by the accepter's own cell": {two, func(*message.Message) {}, 0},
		"about a check of long ago": {one, func(m *message.Message) {
			m.CheckedAt = m.CheckedAt.Add(-11 * time.Minute)
		}, 0},
		"about a check in the future": {one, func(m *message.Message) {
			m.CheckedAt = m.CheckedAt.Add(2 * time.Minute)
		}, 0},
		"taken by EventBridge long ago":           {one, func(*message.Message) {}, 11 * time.Minute},
		"of a newer cell":                         {one, func(m *message.Message) { m.Version = 2 }, 0},
		"as an answer that rests on other blocks": {one, func(m *message.Message) { m.Assumed, m.Answers = nil, "0123" }, 0},
		"about another VPC": {one, func(m *message.Message) {
			m.Requester.ID = "vpc-0a1b2c3d4e5f60718"
		}, 0},
		"with a code of a newer cell": {one, func(m *message.Message) { m.Code = "on-hold" }, 0},
		"with a block that is none": {one, func(m *message.Message) {
			m.Blocks[0] = netip.MustParsePrefix("10.10.0.1/16")
		}, 0},
		"not ready": {one, func(m *message.Message) { m.Code = message.Quota }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				mail := readMail(t)
				mail.setWay(func(message.Message, time.Duration) []time.Duration { return nil })
				pcx := t.Ask(m, f)
				t.Settle()
				mail.take()
				c, err := t.Connection(t.Ctx, two, pcx)
				t.Must(err)
				forged := message.New(message.SideChecked, c, peering.Accepter, time.Now())
				forged.Code, forged.Blocks, forged.Assumed = message.Ready, prefixes("10.10.0.0/16"), prefixes("172.31.0.0/16")
				tt.change(&forged)
				deliver(t, two, tt.from, forged, time.Now().Add(-tt.sent))
				t.InState(two, pcx, peering.PendingAcceptance)
				mail.want(t)
				// The honest message is believed all the same.
				honest := message.New(message.SideChecked, c, peering.Accepter, time.Now())
				honest.Code, honest.Blocks, honest.Assumed = message.Ready, prefixes("10.10.0.0/16"), prefixes("172.31.0.0/16")
				deliver(t, two, one, honest, time.Now())
				t.InState(two, pcx, peering.Active)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestQuestionsAboutOtherBlocks are answered without a check, so that no other account learns where the requester's
// routes lead.
func TestQuestionsAboutOtherBlocks(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "192.168.0.0/16") })
		t.Policy(declaring(lab.PingPolicy(m, f, lab.Site{}), f))
		mail := readMail(t)
		release := local.Hold(t.Cells[1:], function.Accept)
		defer release()
		pcx := t.Ask(m, f)
		t.Settle()
		mail.take()
		c, err := t.Connection(t.Ctx, one, pcx)
		t.Must(err)
		q := message.New(message.CheckSide, c, peering.Requester, time.Now())
		q.Blocks = prefixes("192.168.0.0/16")
		deliver(t, one, two, q, time.Now())
		mail.want(t, "Side Checked cidr-mismatch")
		if announced := t.Announcements(); len(announced) > 0 {
			t.Errorf("announced %+v", announced)
		}
	})
}

// deliver puts a message into the accept queue of a cell, as EventBridge does for a sender.
func deliver(t *sandboxtest.T, to, from peering.Cell, m message.Message, sentAt time.Time) {
	t.Helper()
	event, err := json.Marshal(map[string]any{
		"source": message.Source, "detail-type": m.Type, "account": from.Account, "region": from.Region,
		"time": sentAt.UTC().Format(time.RFC3339), "detail": m.Sealed(),
	})
	t.Must(err)
	t.Redeliver(to, function.Accept, string(event))
}

// TestHalfOpen: a person accepts a connection with an obstacle. Both owners learn of it, and the side that works stays.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.ByHand(accepter, func(p *lab.Person) { p.Accept(pcx) })
		time.Sleep(time.Minute)
		t.Holds(sandbox.Routes(f.Table, m, pcx), sandbox.Routes(f.VPC.Main, m, pcx), sandbox.Admits(f.Group, "icmp", m))
		codes := map[peering.Cell][]string{}
		for _, o := range t.Announced(outcome.Conflicting, pcx) {
			if text := o.Reason.Sentence + strings.Join(o.Notes, " "); strings.Contains(text, "is half-open") &&
				strings.Contains(text, "answers have no route back") {
				codes[o.Cell] = append(codes[o.Cell], o.Reason.Code)
			}
		}
		for cell := range codes {
			codes[cell] = slices.Compact(slices.Sorted(slices.Values(codes[cell])))
		}
		if diff := cmp.Diff(map[peering.Cell][]string{one: {"route-conflict"}, accepter: {"half-open"}}, codes); diff != "" {
			t.Errorf("announced (-want +got):\n%s", diff)
		}
	})
}

// TestAFailedAttemptIsTakenBack: EC2 refuses one change of a side, which is left as it was before. The other side
// stays. Once EC2 takes the change, the side is completed.
func TestAFailedAttemptIsTakenBack(t *testing.T) {
	t.Parallel()
	for call, code := range map[string]string{
		"AuthorizeSecurityGroupIngress": "RulesPerSecurityGroupLimitExceeded", "CreateRoute": "RouteLimitExceeded",
	} {
		t.Run(call, func(t *testing.T) {
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				var attempts atomic.Int32
				end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
					if c.Action != call || c.Account != string(accepter.Account) ||
						call == "CreateRoute" && c.Params["RouteTableId"] != string(f.Table) {
						return nil
					}
					attempts.Add(1)
					return &cloudsim.Failure{Code: code}
				})
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				t.Holds(routed(m, pcx, f.VPC.Block)...)
				codes := map[peering.Cell]string{}
				for _, o := range t.Announced(outcome.Failed, pcx) {
					codes[o.Cell] = o.Reason.Code
					if text := o.Reason.Sentence + strings.Join(o.Notes, " "); !strings.Contains(text, "is half-open") {
						t.Errorf("%s announces %q, which doesn't report that the connection is half-open", o.Cell, text)
					}
				}
				if diff := cmp.Diff(map[peering.Cell]string{one: "half-open", accepter: "refused"}, codes); diff != "" {
					t.Errorf("announced (-want +got):\n%s", diff)
				}
				mark, before := t.Cloud.Mark(), attempts.Load()
				time.Sleep(time.Hour)
				if n := attempts.Load() - before; n < 3 || n > 10 {
					t.Errorf("%d attempts in an hour", n)
				}
				for _, c := range t.ByAutopeer(mark) {
					if c.Service == "ec2" && c.Mutating && c.ErrorCode == "" {
						t.Errorf("%s of %v, want no change while the refusal lasts", c.Action, c.Params)
					}
				}
				t.Holds(routed(m, pcx, f.VPC.Block)...)
				end()
				time.Sleep(time.Hour)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestAFailedAttemptBesideAPersonsRoute takes back its additions, and leaves the route alone that a person or a tool
// has made for the connection in one of the tables before the acceptance.
func TestAFailedAttemptBesideAPersonsRoute(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]struct {
		action, param, code string
		wants               string
	}{
		"a route is refused": {"CreateRoute", "RouteTableId", "RouteLimitExceeded", ping},
		"a rule is refused": {"AuthorizeSecurityGroupIngress", "GroupId",
			"RulesPerSecurityGroupLimitExceeded", ping},
		"a route is refused, no rules": {"CreateRoute", "RouteTableId", "RouteLimitExceeded", "dns: false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothAsk(t, func(t *sandboxtest.T, m, f lab.Site, asks func() peering.ConnectionID) {
				var other peering.SecurityGroupID
				var third peering.RouteTableID
				t.ByHand(f.Cell, func(p *lab.Person) {
					other = p.Group(f.VPC, "other", map[string]string{"Role": "finance-server"})
					third = p.RouteTable(f.VPC, "third", p.Subnet(f.VPC, "third", "172.31.3.0/24"))
				})
				t.Policy(between(m, f, refusal.wants))
				end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
					if to := c.Params[refusal.param]; c.Action != refusal.action || to != string(f.VPC.Main) && to != string(other) {
						return nil
					}
					return &cloudsim.Failure{Code: refusal.code}
				})
				release := t.Hold(function.Accept)
				pcx := asks()
				time.Sleep(time.Second)
				t.ByHand(f.Cell, func(p *lab.Person) { p.RouteTo(f.Table, "10.10.0.0/16", pcx) })
				release()
				untouched := append(routed(m, pcx, f.VPC.Block), sandbox.Routes(f.Table, m, pcx))
				for _, wait := range []time.Duration{time.Minute, 2 * time.Hour} {
					time.Sleep(wait)
					t.InState(one, pcx, peering.Active)
					t.Holds(untouched...)
					if refusal.wants == ping { // other processes go on, which don't know of the refusal
						t.Redeploy(between(m, f, ping))
					}
				}
				end()
				time.Sleep(time.Hour)
				want := append(sandbox.Connected(m, f, pcx), sandbox.Routes(third, m, pcx))
				if refusal.wants == ping {
					want = append(want, sandbox.Admits(f.Group, "icmp", m), sandbox.Admits(other, "icmp", m))
				}
				t.Holds(want...)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestWaitingForADay: an obstacle and a missing approval are announced at once, after some minutes and at midnight, and
// not by every sweep. Each sweep takes few messages.
func TestWaitingForADay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy   func(string, lab.Site) string
		conflict bool
	}{
		"the blocks are declared":     {declaring, true},
		"the blocks are not declared": {func(policy string, _ lab.Site) string { return policy }, true},
		"no approval": {func(policy string, f lab.Site) string {
			return strings.Replace(declaring(policy, f), "finance]\n", "finance]\n    approval: manual\n", 1)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				if tt.conflict {
					t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
				}
				t.Policy(tt.policy(lab.PingPolicy(m, f, lab.Site{}), f))
				mail := readMail(t)
				pcx := t.Ask(m, f)
				time.Sleep(25 * time.Hour)
				t.InState(one, pcx, peering.PendingAcceptance)
				if n := len(mail.take()); n > 3+5*100 { // five for each of a hundred sweeps of both cells
					t.Errorf("%d messages in 25 hours, want at most five in a sweep interval", n)
				}
				per := map[string]int{}
				for _, o := range t.Announcements() {
					per[o.Cell.String()+" "+o.Reason.Code]++
				}
				for announcement, n := range per {
					if n > 6 {
						t.Errorf("%s is announced %d times in 25 hours", announcement, n)
					}
				}
				if len(per) == 0 {
					t.Error("nothing is announced")
				}
			})
		})
	}
}

// TestAnObstacleThatIsNone: the policy declares a block that the accepter's VPC doesn't have, and the requester routes
// it elsewhere.
func TestAnObstacleThatIsNone(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.30.0.0/16") })
		policy := lab.PingPolicy(m, f, lab.Site{})
		t.Policy(strings.Replace(policy, string(f.VPC.ID)+" }",
			string(f.VPC.ID)+`, cidrs: ["172.31.0.0/16", "172.30.0.0/16"] }`, 1))
		mail := readMail(t)
		pcx := t.Ask(m, f)
		t.Settle()
		mail.want(t, "Side Checked route-conflict", question, ready, accepted)
		t.InState(one, pcx, peering.Active)
	})
}

// TestTakingBackIsRepeated where it fails at first.
func TestTakingBackIsRepeated(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		left := 5
		end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			switch {
			case c.Account != string(accepter.Account):
				return nil
			case c.Action == "CreateRoute" && c.Params["RouteTableId"] == string(f.Table):
				return &cloudsim.Failure{Code: "RouteLimitExceeded"}
			case c.Action == "DeleteRoute" && left > 0:
				left--
				return &cloudsim.Failure{Code: "RequestLimitExceeded"}
			}
			return nil
		})
		defer end()
		pcx := t.Ask(m, f)
		time.Sleep(10 * time.Minute)
		if left > 0 {
			t.Errorf("%d failures are left, so that nothing was tested", left)
		}
		t.Holds(routed(m, pcx, f.VPC.Block)...)
	})
}

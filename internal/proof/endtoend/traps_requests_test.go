package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrap01AcceptOrRejectByList: requests are accepted and rejected by a list of VPCs
// (aws-controllers-k8s/ec2-controller#159, asked for and never merged).
func TestTrap01AcceptOrRejectByList(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		ask    func(t *sandboxtest.T, m, f, d lab.Site) peering.ConnectionID
		answer map[string]peering.State // by the policy's value of `otherwise`
	}{
		{"a VPC on the list", func(t *sandboxtest.T, m, f, _ lab.Site) peering.ConnectionID { return t.Ask(m, f) },
			map[string]peering.State{"leave": peering.Active, "reject": peering.Active}},
		{"a VPC that isn't on it", func(t *sandboxtest.T, _, f, d lab.Site) peering.ConnectionID { return t.Ask(d, f) },
			map[string]peering.State{"leave": peering.PendingAcceptance, "reject": peering.Rejected}},
		{"a VPC that may only be asked", func(t *sandboxtest.T, m, f, _ lab.Site) peering.ConnectionID { return t.Ask(f, m) },
			map[string]peering.State{"leave": peering.PendingAcceptance, "reject": peering.Rejected}},
	}
	for _, tt := range tests {
		for otherwise, want := range tt.answer {
			t.Run(tt.name+", "+otherwise, func(t *testing.T) {
				everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
					m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
					d := t.Build(one, lab.Developer)
					t.Policy("otherwise: " + otherwise + "\n" + between(m, f, "requester: marketing", ping))
					pcx := tt.ask(t, m, f, d)
					t.Settle()
					t.InState(one, pcx, want)
					switch want {
					case peering.Active:
						t.Holds(sandboxtest.Pinging(m, f, pcx)...)
						return
					case peering.Rejected:
						if all := t.Mutations(0); !slices.Equal(all, []string{"RejectVpcPeeringConnection"}) {
							t.Errorf("autopeer made %v, want one rejection", all)
						}
					default:
						t.Unchanged(0)
					}
					t.Holds()
					t.AnnouncedOnce(outcome.Denied, pcx)
				})
			})
		}
	}
}

// TestTrap02OnlyOneSideIsOurs: the other side is a provider's, and nothing can be done in its account
// (cloudposse/terraform-aws-vpc-peering-multi-account#112, #51).
func TestTrap02OnlyOneSideIsOurs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		manage string
		accept func(t *sandboxtest.T, pcx peering.ConnectionID)
	}{
		{"the third party asks", "accepter", func(*sandboxtest.T, peering.ConnectionID) {}},
		{"the third party accepts", "requester", func(t *sandboxtest.T, pcx peering.ConnectionID) {
			t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				theirs, ours := t.Build(two, lab.Marketing), t.Build(one, lab.Finance)
				asks, asked := theirs, ours
				if tt.manage == "requester" {
					asks, asked = ours, theirs
				}
				t.Policy(between(theirs, ours, "requester: "+strings.ToLower(asks.Name), "manage: "+tt.manage, ping))
				pcx := t.Ask(asks, asked)
				t.Settle()
				tt.accept(t, pcx)
				t.Sweep()
				t.InState(one, pcx, peering.Active)
				t.Holds(append(routed(ours, pcx, theirs.VPC.Block), sandbox.Admits(ours.Group, "icmp", theirs))...)
				t.ByHand(two, func(p *lab.Person) { p.Delete(pcx) })
				t.Sweep()
				t.Holds()
				for _, c := range t.ByAutopeer(0) {
					if c.Account != string(one.Account) || c.Region != string(one.Region) {
						t.Errorf("autopeer called %s in %s/%s", c.Action, c.Account, c.Region)
					}
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// TestTrap10AcceptanceInTheAcceptersRegion: EC2 refuses it everywhere else, also with the right account
// (crossplane-contrib/provider-aws#1071, hashicorp/terraform-provider-aws#6706).
func TestTrap10AcceptanceInTheAcceptersRegion(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		made(t, "AcceptVpcPeeringConnection", accepter)
		for _, cell := range []peering.Cell{one, accepter} {
			t.Redeliver(cell, function.Accept, sandbox.Event("CreateVpcPeeringConnection", one, pcx, m, f))
		}
		made(t, "AcceptVpcPeeringConnection", accepter)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestTrap11NotYetVisible: the other side doesn't see a new connection for a while
// (hashicorp/terraform-provider-aws#7178, cloudposse/terraform-aws-vpc-peering#3).
func TestTrap11NotYetVisible(t *testing.T) {
	t.Parallel()
	t.Run("the request", func(t *testing.T) {
		everywhere(t, func(o *ec2.Options) {
			o.Delays.Propagation = 45 * time.Second
		}, func(t *sandboxtest.T, accepter peering.Cell) {
			m, f := t.Company(one, accepter)
			asked := time.Now()
			pcx := t.Ask(m, f)
			t.Settle()
			t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			if at := made(t, "AcceptVpcPeeringConnection", accepter).At; accepter != one && at.Sub(asked) < 45*time.Second {
				t.Errorf("accepted after %s, before it could be seen", at.Sub(asked))
			}
			t.InDeadLetters(0)
		})
	})
	for action, function := range map[string]function.Name{
		"AcceptVpcPeeringConnection": function.Accept, "CreateRoute": function.Connect, "CreateTags": function.Connect,
	} {
		t.Run("the connection, to "+action, func(t *testing.T) {
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				late := cloudsim.Failure{Code: "InvalidVpcPeeringConnectionID.NotFound"}
				defer t.Cloud.Inject(sandboxtest.Times(3, late, func(c apicall.Call) bool {
					return c.Action == action && strings.Contains(c.ARN, "autopeer-"+string(function))
				}))()
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestTrap12TheDeadAreStillListed: a dead connection can't be deleted and doesn't obstruct a new request
// (hashicorp/terraform#7465, #2322, #5946, #4781, ekristen/aws-nuke#723, alantech/iasql#1538).
func TestTrap12TheDeadAreStillListed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		state peering.State
		end   func(t *sandboxtest.T, accepter peering.Cell, pcx peering.ConnectionID)
	}{
		{peering.Rejected, func(t *sandboxtest.T, accepter peering.Cell, pcx peering.ConnectionID) {
			t.ByHand(accepter, func(p *lab.Person) { p.Reject(pcx) })
		}},
		{peering.Expired, func(*sandboxtest.T, peering.Cell, peering.ConnectionID) { time.Sleep(7 * 24 * time.Hour) }},
		{peering.Deleted, func(t *sandboxtest.T, _ peering.Cell, pcx peering.ConnectionID) {
			t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		}},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				dead := t.Ask(m, f)
				time.Sleep(time.Second)
				tt.end(t, accepter, dead)
				t.Policy(lab.PingPolicy(m, f, lab.Site{}))
				hintAll(t, one, dead, m, f)
				t.Sweep()
				t.Unchanged(0)
				if announced := t.Announced(outcome.Accepted, dead); len(announced) > 0 {
					t.Errorf("announced %+v of one that is %s", announced[0].Reason, tt.state)
				}
				t.InState(one, dead, tt.state)
				refused(t, one, "InvalidStateTransition", func(p *lab.Person) { p.Delete(dead) })
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.InState(one, dead, tt.state)
				t.NoSweeps()
				time.Sleep(3 * 24 * time.Hour)
				t.InState(one, dead, "")
				hintAll(t, one, dead, m, f)
				untouched(t, dead)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.InDeadLetters(0)
			})
		})
	}
}

// untouched checks that no mutating call of autopeer's names the connection.
func untouched(t *sandboxtest.T, pcx peering.ConnectionID) {
	t.Helper()
	for _, c := range t.ByAutopeer(0) {
		for _, value := range c.Params {
			if c.Mutating && value == string(pcx) {
				t.Errorf("%s names %s", c.Action, pcx)
			}
		}
	}
}

// TestTrap12AskedFromBothSides: a request in the other direction is a connection of its own, which EC2 doesn't accept.
// It is denied with the connection that is there, once and then daily, and never attempted.
func TestTrap12AskedFromBothSides(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		first := t.Ask(m, f)
		t.Settle()
		second := t.Ask(f, m)
		t.Settle()
		mark := t.Cloud.Mark()
		time.Sleep(25 * time.Hour)
		t.Unchanged(mark)
		t.Holds(sandboxtest.Pinging(m, f, first)...)
		t.InState(one, second, peering.PendingAcceptance)
		denied := t.AnnouncedOnce(outcome.Denied, second)
		if denied.Reason.Code != "already-connected" || !strings.Contains(denied.Reason.Sentence, string(first)) ||
			denied.Next == "" {
			t.Errorf("announced %+v, want the connection that is there and the next step", denied)
		}
		// at once, after five minutes and at midnight, by both cells, and on messages
		if n := len(t.Announced(outcome.Denied, second)); n > 8 {
			t.Errorf("announced %d times in 25 hours", n)
		}
		for _, unwanted := range []outcome.Type{outcome.DriftFound, outcome.Failed} {
			if announced := t.Announced(unwanted, second); len(announced) > 0 {
				t.Errorf("announced %+v", announced)
			}
		}
		t.InDeadLetters(0)
	})
}

// TestTrap12AskedTwice: EC2 answers the same request again with the connection that is there, which stays as it is.
// When that is deleted, the next one is connected at once.
func TestTrap12AskedTwice(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		first := t.Ask(m, f)
		time.Sleep(time.Second) // the events of two requests at one instant are handled concurrently, and both accept
		if second := t.Ask(m, f); second != first {
			t.Errorf("the second request is %s, want %s", second, first)
		}
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, first)...)
		made(t, "AcceptVpcPeeringConnection", accepter)
		release := t.Hold(function.Disconnect)
		t.ByHand(one, func(p *lab.Person) { p.Delete(first) })
		third := t.Ask(m, f)
		time.Sleep(time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, third)...)
		release()
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, third)...)
		mark := t.Cloud.Mark()
		t.Sweep()
		t.Unchanged(mark)
		t.InDeadLetters(0)
	})
}

// TestTrap12RapidRequests: one after the other is deleted before autopeer has got anywhere. The last one lives.
func TestTrap12RapidRequests(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{0, 30 * time.Millisecond, 150 * time.Millisecond, 3 * time.Second} {
		t.Run("every "+pause.String(), func(t *testing.T) {
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				for range 4 {
					pcx := t.Ask(m, f)
					time.Sleep(pause)
					deleteSoon(t, m.Cell, pcx)
				}
				last := t.Ask(m, f)
				t.Settle()
				t.Holds(sandboxtest.Pinging(m, f, last)...)
				mark := t.Cloud.Mark()
				t.Sweep()
				t.Unchanged(mark)
				t.InDeadLetters(0)
			})
		})
	}
}

// deleteSoon deletes a connection as soon as EC2 lets it be deleted.
func deleteSoon(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) {
	t.Helper()
	for range 100 {
		p := t.Person(t.Ctx, cell)
		p.Delete(pcx)
		if p.Err() == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%s can't be deleted", pcx)
}

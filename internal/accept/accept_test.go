package accept_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

var (
	one = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	two = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
)

func TestAllowedRequestsAreAcceptedByTheAcceptersCell(t *testing.T) {
	for name, finance := range map[string]peering.Cell{"one cell": one, "two cells": two} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, finance)
				pcx := t.Ask(m, f)
				t.Settle()
				t.InState(one, pcx, peering.Active)
				o := t.AnnouncedOnce(outcome.Accepted, pcx)
				if o.Cell != finance || o.Requester.Department != "marketing" || o.Accepter.Department != "finance" {
					t.Errorf("announced by %s of %s and %s", o.Cell, o.Requester.Department, o.Accepter.Department)
				}
				if o.Peering.Line != 6 || !strings.HasPrefix(o.Reason.Sentence, "line 6 of policy.yaml allows marketing") {
					t.Errorf("line %d, reason %q; want the line of the peering", o.Peering.Line, o.Reason.Sentence)
				}
				if o.SecondsSinceRequest <= 0 {
					t.Error("the announcement has no duration")
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// TestDenyByDefault: a request that differs from the policy in one character is left alone and announced.
func TestDenyByDefault(t *testing.T) {
	tests := []struct {
		name   string
		policy func(m, f lab.Site) string
		code   string
	}{
		{"an empty policy", func(m, f lab.Site) string {
			return "version: 1\ndepartments:\n  marketing: " + m.Member() + "\n  finance: " + f.Member() + "\npeerings: []\n"
		}, "not-listed"},
		{"another requester's VPC", changed("marketing", func(m *lab.Site) { m.VPC.ID = flip(m.VPC.ID) }), "not-listed"},
		{"another requester's account", changed("marketing", func(m *lab.Site) {
			m.Cell.Account = flip(m.Cell.Account)
		}), "not-listed"},
		{"another requester's region", changed("marketing", func(m *lab.Site) { m.Cell.Region = "us-east-2" }), "not-listed"},
		{"another accepter's VPC", changed("finance", func(f *lab.Site) { f.VPC.ID = flip(f.VPC.ID) }), "not-listed"},
		{"the other direction", func(m, f lab.Site) string {
			return strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n    requester: finance\n", 1)
		}, "wrong-direction"},
		{"a block that the policy doesn't declare", func(m, f lab.Site) string {
			return strings.Replace(lab.PingPolicy(m, f, lab.Site{}), string(f.VPC.ID),
				string(f.VPC.ID)+`, cidrs: ["172.30.0.0/16"]`, 1)
		}, "cidr-mismatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
				t.Policy(tt.policy(m, f))
				pcx := t.Ask(m, f)
				t.Settle()
				t.InState(one, pcx, peering.PendingAcceptance)
				t.Unchanged(0)
				if o := t.AnnouncedOnce(outcome.Denied, pcx); o.Reason.Code != tt.code || o.Next == "" {
					t.Errorf("reason = %+v, next %q; want %s and the next step", o.Reason, o.Next, tt.code)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// changed returns the ping policy with a change to one site.
func changed(who string, change func(*lab.Site)) func(m, f lab.Site) string {
	return func(m, f lab.Site) string {
		if who == "marketing" {
			change(&m)
		} else {
			change(&f)
		}
		// The cell that is asked exists in any case, by a department that has nothing to do with it.
		return strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "peerings:",
			"  other: "+lab.Site{Cell: one, VPC: lab.VPC{ID: "vpc-00000000"}}.Member()+"\npeerings:", 1)
	}
}

// flip changes the last character of an id or account.
func flip[S ~string](s S) S {
	last := s[len(s)-1]
	if last == '1' {
		return s[:len(s)-1] + "2"
	}
	return s[:len(s)-1] + "1"
}

func TestOtherwiseReject(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy("version: 1\notherwise: reject\ndepartments:\n  marketing: " + m.Member() + "\n  finance: " +
			f.Member() + "\n  third: " +
			lab.Site{Cell: one, VPC: lab.VPC{ID: "vpc-00000000"}}.Member() + "\npeerings:\n  - between: [third, finance]\n")
		pcx := t.Ask(m, f)
		t.Settle()
		t.InState(two, pcx, peering.Rejected)
		t.Sweep()
		announced := t.AnnouncedOnce(outcome.Denied, pcx)
		if announced.Reason.Code != "not-listed" || !strings.HasSuffix(announced.Next, "and request the connection again") {
			t.Errorf("reason = %+v, next %q", announced.Reason, announced.Next)
		}
		for _, o := range t.Announced(outcome.Failed, pcx) {
			if o.Cell == two {
				t.Errorf("the rejection is announced as %+v; it was our own", o.Reason)
			}
		}
	})
}

func TestCallsOfAccept(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		defer sandboxtest.Slow(t.Cloud)()
		release := t.Hold(function.Connect)
		defer release()
		mark := t.Cloud.Mark()
		t.Ask(m, f)
		time.Sleep(10 * time.Second)
		want := [][]string{
			// The connection, and the other connections of its VPC: EC2 has a filter for either end, and none for both.
			{"DescribeRouteTables", "DescribeSecurityGroups", "DescribeVpcPeeringConnections", "DescribeVpcPeeringConnections",
				"DescribeVpcPeeringConnections", "DescribeVpcs"},
			{"AcceptVpcPeeringConnection"},
			{"PutEvents"},
		}
		if diff := cmp.Diff(want, t.Rounds(mark)); diff != "" {
			t.Errorf("round trips (-want +got):\n%s", diff)
		}
	})
}

// TestCallsOfTheRequestersCell: one round of reads, and the message.
func TestCallsOfTheRequestersCell(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		defer sandboxtest.Slow(t.Cloud)()
		release := local.Hold(t.Cells[1:], function.Accept)
		defer release()
		mark := t.Cloud.Mark()
		t.Ask(m, f)
		time.Sleep(10 * time.Second)
		want := [][]string{
			{"DescribeRouteTables", "DescribeSecurityGroups", "DescribeVpcPeeringConnections", "DescribeVpcPeeringConnections",
				"DescribeVpcPeeringConnections", "DescribeVpcs"},
			{"PutEvents"},
		}
		if diff := cmp.Diff(want, t.Rounds(mark)); diff != "" {
			t.Errorf("round trips (-want +got):\n%s", diff)
		}
	})
}

// TestAHintThatNamesTheSidesTheWrongWayRound doesn't keep accept from looking for obstacles.
func TestAHintThatNamesTheSidesTheWrongWayRound(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(two, lab.Marketing), t.Build(one, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.ToInternet(f.VPC, f.Table) })
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(f.VPC, f.Table, "10.10.0.0/16") })
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), string(m.VPC.ID),
			string(m.VPC.ID)+`, cidrs: ["10.10.0.0/16"]`, 1))
		release := t.Hold(function.Accept)
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.Redeliver(one, function.Accept, sandbox.Event("CreateVpcPeeringConnection", two, pcx, f, m))
		release()
		t.Settle()
		t.Unchanged(0)
		t.AnnouncedOnce(outcome.Conflicting, pcx)
	})
}

func TestASecondDeliveryChangesNothingAndRepeatsTheAnnouncement(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		for range 2 {
			t.Redeliver(one, function.Accept, sandbox.Event("CreateVpcPeeringConnection", one, pcx, m, f))
		}
		t.Unchanged(mark)
		if announced := t.Announced(outcome.Accepted, pcx); len(announced) < 3 {
			t.Errorf("announced %d times, want once a delivery", len(announced))
		}
		t.AnnouncedOnce(outcome.Accepted, pcx)
		t.AnnouncedOnce(outcome.Connected, pcx)
	})
}

func TestForgedRequestsChangeNothing(t *testing.T) {
	tests := []struct {
		name  string
		forge func(pcx peering.ConnectionID, m, f, d lab.Site) string
	}{
		{"of a connection that isn't there", func(_ peering.ConnectionID, m, f, _ lab.Site) string {
			return sandbox.Event("CreateVpcPeeringConnection", one, "pcx-0123456789abcdef0", m, f)
		}},
		{"with a VPC that the policy allows, for a connection that it doesn't",
			func(pcx peering.ConnectionID, m, f, _ lab.Site) string {
				return sandbox.Event("CreateVpcPeeringConnection", one, pcx, m, f)
			}},
		{"from another account", func(pcx peering.ConnectionID, m, f, _ lab.Site) string {
			return sandbox.Event("CreateVpcPeeringConnection", peering.Cell{Account: "999999999999", Region: "us-east-1"},
				pcx, m, f)
		}},
		{"with the wrong VPCs", func(pcx peering.ConnectionID, _, f, d lab.Site) string {
			return sandbox.Event("CreateVpcPeeringConnection", one, pcx, f, d)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				d := t.Build(one, lab.Developer) // in no department
				pcx := t.Ask(d, f)
				t.Settle()
				t.Redeliver(one, function.Accept, tt.forge(pcx, m, f, d))
				t.InState(one, pcx, peering.PendingAcceptance)
				t.Unchanged(0)
				t.Holds()
				t.InDeadLetters(0)
			})
		})
	}
}

// TestARequestIsNotAnsweredBeforeItIsPending: the event may be faster than EC2.
func TestARequestIsNotAnsweredBeforeItIsPending(t *testing.T) {
	slow := func(o *ec2.Options) { o.Delays.Initiating, o.Delays.Propagation = 20*time.Second, 10*time.Second }
	sandboxtest.Run(t, slow, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		time.Sleep(15 * time.Second)
		if announced := t.Announced(outcome.Accepted, pcx); len(announced) > 0 {
			t.Errorf("announced %+v of a request that isn't pending yet", announced)
		}
		t.Settle()
		t.InState(one, pcx, peering.Active)
		t.AnnouncedOnce(outcome.Accepted, pcx)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.InDeadLetters(0)
	})
}

// TestAWrongHintCostsOneMoreReading: the VPCs of the event only decide which are read first.
func TestAWrongHintCostsOneMoreReading(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		d := t.Build(one, lab.Developer)
		release := t.Hold(function.Accept)
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		mark := t.Cloud.Mark()
		t.Must(t.Deliver(t.Ctx, one, function.Accept, sandbox.Event("CreateVpcPeeringConnection", one, pcx, d, d)))
		release()
		t.Settle()
		t.InState(one, pcx, peering.Active)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if n := strings.Count(strings.Join(t.Mutations(mark), " "), "AcceptVpcPeeringConnection"); n != 1 {
			t.Errorf("accepted %d times, want once", n)
		}
	})
}

// TestAConflictThatIsKnownBeforehandIsNotAccepted: both VPCs are the cell's own, so their blocks are known.
func TestAConflictThatIsKnownBeforehandIsNotAccepted(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		pcx := t.Ask(m, f)
		t.Settle()
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if len(o.Conflicts) != 1 || o.Conflicts[0].RouteTable != m.Table || o.Conflicts[0].Wanted != peering.Target(pcx) ||
			!strings.HasPrefix(string(o.Conflicts[0].Target), "igw-") {
			t.Errorf("conflicts = %+v, want table and both targets", o.Conflicts)
		}
	})
}

func TestOverlappingBlocksAreNeverAccepted(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m := t.Build(one, lab.Marketing)
		twin := t.Build(one, func(p *lab.Person) lab.Site {
			return lab.ByHand(p, "twin", "10.10.0.0/16", "10.10.9.0/24", "10.10.9.9")
		})
		t.Policy("version: 1\ndepartments:\n  marketing: " + m.Member() + "\n  twin: " + twin.Member() +
			"\npeerings:\n  - between: [marketing, twin]\n")
		pcx := t.Ask(m, twin)
		t.Settle()
		t.InState(one, pcx, peering.Failed)
		t.Unchanged(0)
		if o := t.AnnouncedOnce(outcome.Failed, pcx); o.Reason.Code != "overlap" ||
			strings.Count(o.Reason.Sentence, "10.10.0.0/16") != 2 ||
			!strings.Contains(o.Next, "renumber one of the two") {
			t.Errorf("reason = %+v, next %q; want the two blocks, and the next step", o.Reason, o.Next)
		}
	})
}

// TestAFailureThatIsNoOverlap: the announcement quotes AWS's message, because AWS has one for three causes.
func TestAFailureThatIsNoOverlap(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m := t.Build(one, lab.Marketing)
		gone := lab.Site{Cell: one, VPC: lab.VPC{ID: "vpc-0123456789abcdef0"}}
		t.Policy("version: 1\ndepartments:\n  marketing: " + m.Member() + "\n  gone: " + gone.Member() +
			"\npeerings:\n  - between: [marketing, gone]\n")
		pcx := t.Ask(m, gone)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Failed, pcx)
		if o.Reason.Code != "failed" ||
			!strings.Contains(o.Reason.Sentence, "incorrect VPC-ID, Account ID, or overlapping CIDR range") {
			t.Errorf("reason = %+v", o.Reason)
		}
	})
}

// TestApproval: autopeer requests the approval and describes how to give it. A person who sets the tag has approved,
// and so has one who accepts.
func TestApproval(t *testing.T) {
	tests := []struct {
		name    string
		approve func(p *lab.Person, pcx peering.ConnectionID)
		want    bool
	}{
		{"the tag", func(p *lab.Person, pcx peering.ConnectionID) {
			p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"})
		}, true},
		{"the tag with another value", func(p *lab.Person, pcx peering.ConnectionID) {
			p.Tag(string(pcx), map[string]string{peering.TagApproved: "maybe"})
		}, false},
		{"another tag", func(p *lab.Person, pcx peering.ConnectionID) {
			p.Tag(string(pcx), map[string]string{"approved": "true"})
		}, false},
		{"accepting", func(p *lab.Person, pcx peering.ConnectionID) { p.Accept(pcx) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n    approval: manual\n", 1))
				pcx := t.Ask(m, f)
				t.Settle()
				t.InState(one, pcx, peering.PendingAcceptance)
				t.Unchanged(0)
				o := t.AnnouncedOnce(outcome.AskApproval, pcx)
				if how := string(pcx) + " --tags Key=autopeer:approved,Value=true"; o.Reason.Code != "approval-needed" ||
					!strings.HasSuffix(o.Next, how) {
					t.Errorf("reason = %+v, next = %q; want how to approve", o.Reason, o.Next)
				}
				t.ByHand(two, func(p *lab.Person) { tt.approve(p, pcx) })
				t.Settle()
				if tt.want {
					t.Holds(sandboxtest.Pinging(m, f, pcx)...)
					return
				}
				t.Sweep()
				t.InState(one, pcx, peering.PendingAcceptance)
			})
		})
	}
}

// TestTheRequestersTagApprovesNothing: each side has its own tags.
func TestTheRequestersTagApprovesNothing(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n    approval: manual\n", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"}) })
		t.Sweep()
		t.InState(two, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
	})
}

// TestFaultsOfAccept: each class of error, and the fate of the message.
func TestFaultsOfAccept(t *testing.T) {
	tests := []struct {
		name      string
		failure   cloudsim.Failure
		times     int
		state     peering.State
		announced outcome.Type
		dead      int
	}{
		{"throttled for a while", cloudsim.Failure{Code: "RequestLimitExceeded", Status: 503}, 3,
			peering.Active, outcome.Accepted, 0},
		{"not visible yet", cloudsim.Failure{Code: "InvalidVpcPeeringConnectionID.NotFound"}, 2,
			peering.Active, outcome.Accepted, 0},
		{"a server error after the effect", cloudsim.Failure{Code: "InternalError", Status: 500, After: true}, 1,
			peering.Active, outcome.Accepted, 0},
		{"the answer is lost", cloudsim.Failure{Drop: true, After: true}, 1, peering.Active, outcome.Accepted, 0},
		{"the state has changed meanwhile", cloudsim.Failure{Code: "InvalidStateTransition"}, 1,
			peering.Active, outcome.Accepted, 0},
		{"a quota", cloudsim.Failure{Code: "ActiveVpcPeeringConnectionPerVpcLimitExceeded", Message: "50 are active."}, 1000,
			peering.PendingAcceptance, outcome.Failed, 0},
		{"no permission", cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403}, 1000,
			peering.PendingAcceptance, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				t.NoSweeps()
				defer t.Cloud.Inject(sandboxtest.Times(tt.times, tt.failure, func(c apicall.Call) bool {
					return c.Action == "AcceptVpcPeeringConnection"
				}))()
				pcx := t.Ask(m, f)
				t.Settle()
				t.InState(one, pcx, tt.state)
				if tt.announced != "" {
					t.AnnouncedOnce(tt.announced, pcx)
				}
				t.InDeadLetters(tt.dead)
				if tt.state != peering.Active {
					t.Holds()
				}
			})
		})
	}
}

// TestACrashBetweenChangeAndAnnouncementLosesNothing: the bus refuses once, after the acceptance.
func TestACrashBetweenChangeAndAnnouncementLosesNothing(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		defer t.Cloud.Inject(sandboxtest.Times(1, cloudsim.Failure{Code: "AccessDeniedException"}, func(c apicall.Call) bool {
			return c.Action == "PutEvents"
		}))()
		pcx := t.Ask(m, f)
		t.Settle()
		t.AnnouncedOnce(outcome.Accepted, pcx)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestARequestThatEndedBeforehandIsAnnounced once: by disconnect if an event reports the end, and otherwise by accept.
func TestARequestThatEndedBeforehandIsAnnounced(t *testing.T) {
	tests := []struct {
		name      string
		end       func(t *sandboxtest.T, pcx peering.ConnectionID, f lab.Site)
		code      string
		announced outcome.Type
	}{
		{"deleted", func(t *sandboxtest.T, pcx peering.ConnectionID, _ lab.Site) {
			t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		}, "deleted", outcome.Disconnected},
		{"rejected", func(t *sandboxtest.T, pcx peering.ConnectionID, f lab.Site) {
			t.ByHand(f.Cell, func(p *lab.Person) { p.Reject(pcx) })
		}, "rejected", outcome.Disconnected},
		{"expired", func(*sandboxtest.T, peering.ConnectionID, lab.Site) {
			time.Sleep(7*24*time.Hour + time.Minute)
		}, "expired", outcome.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				d := t.Build(one, lab.Developer)
				pcx := t.Ask(d, f)
				t.Settle()
				tt.end(t, pcx, f)
				t.Settle()
				t.Redeliver(one, function.Accept, sandbox.Event("CreateVpcPeeringConnection", one, pcx, m, f))
				if o := t.AnnouncedOnce(tt.announced, pcx); o.Reason.Code != tt.code {
					t.Errorf("reason = %+v, want %s", o.Reason, tt.code)
				}
				for _, other := range []outcome.Type{outcome.Failed, outcome.Disconnected} {
					if other != tt.announced && len(t.Announced(other, pcx)) > 0 {
						t.Errorf("announced as %s too", other)
					}
				}
				t.Unchanged(0)
				t.Holds()
			})
		})
	}
}

// TestMultipathResilience: the acceptance would allow it for the accepter too, who pays for it. It is denied unless the
// policy allows it, whether the accepter is shown the requester's option or only the status of the connection.
func TestMultipathResilience(t *testing.T) {
	statusAlone := func(*ec2.Options) {}
	optionAlone := func(o *ec2.Options) { o.Switches.HiddenMultipath, o.Switches.RemoteOptions = true, true }
	tests := []struct {
		name      string
		ec2       func(*ec2.Options)
		head, key string
		want      peering.State
	}{
		{"denied, by the status", statusAlone, "", "", peering.PendingAcceptance},
		{"denied, by the option", optionAlone, "", "", peering.PendingAcceptance},
		{"denied by the key", statusAlone, "", "    multipath: false\n", peering.PendingAcceptance},
		{"rejected with all others", statusAlone, "otherwise: reject\n", "", peering.Rejected},
		{"no person is asked", statusAlone, "", "    approval: manual\n", peering.PendingAcceptance},
		{"accepted", statusAlone, "", "    multipath: true\n", peering.Active},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, tt.ec2, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				t.Policy(tt.head + strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n"+tt.key, 1))
				var pcx peering.ConnectionID
				t.ByHand(one, func(p *lab.Person) { pcx = p.AskMultipath(m, f) })
				t.Settle()
				t.InState(two, pcx, tt.want)
				t.InDeadLetters(0)
				if tt.want == peering.Active {
					t.AnnouncedOnce(outcome.Accepted, pcx)
					t.Holds(sandboxtest.Pinging(m, f, pcx)...)
					return
				}
				denied := t.AnnouncedOnce(outcome.Denied, pcx)
				if denied.Reason.Code != "multipath" ||
					!strings.Contains(denied.Next, "without AllowMultipathResilience, or set multipath: true") {
					t.Errorf("announced %+v; want the code multipath and the next step", denied)
				}
				if asked := t.Announced(outcome.AskApproval, pcx); len(asked) > 0 {
					t.Errorf("approval is requested: %+v", asked)
				}
			})
		})
	}
}

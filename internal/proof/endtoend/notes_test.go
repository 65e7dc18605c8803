package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// The tests in this file connect two VPCs, one without a resource that the policy uses. The rest is connected, and a
// note describes the resource.

// notesOf returns the notes of the latest announcement that the side is connected, and checks that no failure was
// announced.
func notesOf(t *sandboxtest.T, pcx peering.ConnectionID, side peering.Role) []string {
	t.Helper()
	return lastConnected(t, pcx, side).Notes
}

func lastConnected(t *sandboxtest.T, pcx peering.ConnectionID, side peering.Role) outcome.Outcome {
	t.Helper()
	if all := t.Announced(outcome.Failed, pcx); len(all) > 0 {
		t.Errorf("announced a failure: %+v", all[0].Reason)
	}
	all := slices.DeleteFunc(t.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool { return o.Side != side })
	if len(all) == 0 {
		t.Fatalf("the %s side of %s was not announced as connected", side, pcx)
	}
	return all[len(all)-1]
}

// TestDNSOptionOfAVPCWithoutAttributes is set within a minute after both VPCs have both attributes. Until then, each
// cell names the attributes of its own VPC, and the other VPC if its own one has both.
func TestDNSOptionOfAVPCWithoutAttributes(t *testing.T) {
	t.Parallel()
	nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.DNSHostnames(m.VPC); p.DNSSupport(m.VPC, false) })
		t.Policy(between(m, f, "dns: true", ping))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		lacks := func(side peering.Role, attribute string, s lab.Site) []string {
			return []string{fmt.Sprintf("the DNS option of the %s is not set: %s is off in %s of %s; autopeer sets it once "+
				"both VPCs have both attributes", side, attribute, s.VPC.ID, s.Cell)}
		}
		for side, want := range map[peering.Role][]string{
			peering.Requester: lacks(peering.Requester, "enableDnsSupport", m),
			peering.Accepter:  lacks(peering.Accepter, "enableDnsHostnames", f),
		} {
			if diff := cmp.Diff(want, notesOf(t, pcx, side)); diff != "" {
				t.Errorf("notes of the %s (-want +got):\n%s", side, diff)
			}
		}
		before := lastConnected(t, pcx, peering.Requester).ID
		time.Sleep(time.Hour)
		t.ByHand(one, func(p *lab.Person) { p.DNSSupport(m.VPC, true) })
		time.Sleep(time.Minute)
		unknown := "enableDnsHostnames"
		if accepter != one {
			unknown = "enableDnsHostnames or enableDnsSupport"
		}
		if diff := cmp.Diff(lacks(peering.Requester, unknown, f), notesOf(t, pcx, peering.Requester)); diff != "" {
			t.Errorf("notes while the other VPC lacks an attribute (-want +got):\n%s", diff)
		}
		t.ByHand(accepter, func(p *lab.Person) { p.DNSHostnames(f.VPC) })
		time.Sleep(time.Minute)
		for _, side := range []peering.Role{peering.Requester, peering.Accepter} {
			if o := lastConnected(t, pcx, side); len(o.Notes) > 0 || o.ID == before {
				t.Errorf("the %s is announced as %+v, want it without notes and under another id", side, o)
			}
		}
		c, err := t.Connection(t.Ctx, one, pcx)
		t.Must(err)
		if c.RequesterDNS == nil || !*c.RequesterDNS {
			t.Error("the requester's option is off or unknown")
		}
		if n := driftsFound(t) + len(t.Announced(outcome.Repaired, pcx)); n > 0 {
			t.Errorf("%d announcements of drift", n)
		}
		t.InDeadLetters(0)
	})
}

// TestADNSOptionThatStaysOffIsNoDrift although it is tried again every day. The attributes are read only after a
// refusal.
func TestADNSOptionThatStaysOffIsNoDrift(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(between(m, f, "dns: true", ping))
		pcx := t.Ask(m, f)
		t.Settle()
		before := len(calls(t, "ModifyVpcPeeringConnectionOptions"))
		time.Sleep(48 * time.Hour)
		tried, read := len(calls(t, "ModifyVpcPeeringConnectionOptions")), len(calls(t, "DescribeVpcAttribute"))
		if tried-before != 4 || read != 2*tried {
			t.Errorf("the options were tried %d times in two days, and %d attributes read for %d attempts; "+
				"want 4, and 2 for each attempt", tried-before, read, tried)
		}
		ids := map[string]bool{}
		for _, o := range t.Announced(outcome.Connected, pcx) {
			ids[o.ID] = true
		}
		if n := driftsFound(t) + len(t.Announced(outcome.Repaired, pcx)); n > 0 || len(ids) != 2 {
			t.Errorf("%d announcements of drift, and the sides were announced under %d ids; want none, and 2", n, len(ids))
		}
	})
}

// TestSourceGroupsOfTwoVPCs of one department: each connection admits the groups of its own VPC and names the others in
// a note.
func TestSourceGroupsOfTwoVPCs(t *testing.T) {
	t.Parallel()
	for name, accepter := range map[string]peering.Cell{"in one account": one, "in two accounts": near} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, d, f := t.Build(one, lab.Marketing), t.Build(one, lab.Developer), t.Build(accepter, lab.Finance)
				policy := between(m, f,
					fmt.Sprintf("allow: [{ from: marketing, to: finance, sources: [%s, %s], groups: { tags: { Role: finance-server "+
						"} }, protocol: tcp, ports: [443] }]", m.Group, d.Group))
				member := strings.Trim(d.Member(), "[]")
				t.Policy(strings.Replace(policy, "  marketing: [", "  marketing: ["+member+", ", 1))
				first := t.Ask(m, f)
				t.Settle()
				t.Holds(append(sandbox.Connected(m, f, first), sandbox.AdmitsGroup(f.Group, "tcp 443", m.Group))...)
				isAbout := func(notes []string, g peering.SecurityGroupID) bool {
					return len(notes) == 1 && strings.HasPrefix(notes[0], string(g)+" is not admitted: ")
				}
				o := lastConnected(t, first, peering.Accepter)
				if !isAbout(o.Notes, d.Group) || strings.Contains(fmt.Sprint(o.State), string(d.Group)) {
					t.Errorf("announced %q in the state %q, want a note on %s alone", o.Notes, o.State, d.Group)
				}
				second := t.Ask(d, f)
				t.Settle()
				rules, err := t.Network(accepter).IngressRules(t.Ctx, first, second)
				t.Must(err)
				made := map[peering.SecurityGroupID]peering.ConnectionID{}
				for _, r := range rules {
					made[r.Permission.Group] = r.Connection()
				}
				if diff := cmp.Diff(map[peering.SecurityGroupID]peering.ConnectionID{m.Group: first, d.Group: second},
					made); diff != "" {
					t.Errorf("connections of the rules, by source group (-want +got):\n%s", diff)
				}
				if o := lastConnected(t, second, peering.Accepter); !isAbout(o.Notes, m.Group) ||
					strings.Contains(fmt.Sprint(o.State), string(m.Group)) {
					t.Errorf("announced %q in the state %q, want a note on %s alone", o.Notes, o.State, m.Group)
				}
				mark := t.Cloud.Mark()
				t.Sweep()
				t.Unchanged(mark)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestASourceGroupWithoutEgress is named by the cell of its own VPC.
func TestASourceGroupWithoutEgress(t *testing.T) {
	t.Parallel()
	for name, accepter := range map[string]peering.Cell{"in one account": one, "in two accounts": near} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				all := types.IpPermission{
					IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
				}
				_, err := t.Person(t.Ctx, one).EC2.RevokeSecurityGroupEgress(t.Ctx, &awsec2.RevokeSecurityGroupEgressInput{
					GroupId: aws.String(string(m.Group)), IpPermissions: []types.IpPermission{all},
				})
				t.Must(err)
				t.Policy(referring(m, f))
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.AdmitsGroup(f.Group, "tcp 443", m.Group))...)
				want := []string{fmt.Sprintf("%s has no egress rule for tcp 443 to 172.31.0.0/16: add one", m.Group)}
				if diff := cmp.Diff(want, notesOf(t, pcx, peering.Requester)); diff != "" {
					t.Errorf("notes (-want +got):\n%s", diff)
				}
				if notes := notesOf(t, pcx, peering.Accepter); len(notes) > 0 {
					t.Errorf("the accepter has the notes %q, want none", notes)
				}
			})
		})
	}
}

// TestATableThatServesNoSubnet is named if the policy selects it.
func TestATableThatServesNoSubnet(t *testing.T) {
	t.Parallel()
	nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		var unused peering.RouteTableID
		t.ByHand(one, func(p *lab.Person) { unused = p.UnusedRouteTable(m.VPC) })
		routes := fmt.Sprintf("routes: { marketing: { tables: { ids: [%s, %s] } }, finance: { tables: main } }",
			unused, m.Table)
		t.Policy(between(m, f, routes, ping))
		pcx := t.Ask(m, f)
		t.Settle()
		for side, want := range map[peering.Role]string{
			peering.Requester: fmt.Sprintf("%s serves no subnet: no subnet is associated with it", unused),
			peering.Accepter: fmt.Sprintf("%s serves no subnet: each subnet is associated with another route table",
				f.VPC.Main),
		} {
			if diff := cmp.Diff([]string{want}, notesOf(t, pcx, side)); diff != "" {
				t.Errorf("notes of the %s (-want +got):\n%s", side, diff)
			}
		}
	})
}

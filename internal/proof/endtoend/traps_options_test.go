package endtoend_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrap09DNSOptions: they can be set once the connection is active, each side's by its own account and in its own
// region, and between regions EC2 refuses ClassicLink's, which other tools send along
// (hashicorp/terraform-provider-aws#619, #16625, #3069, #31068, #6730).
func TestTrap09DNSOptions(t *testing.T) {
	t.Parallel()
	for name, remote := range map[string]bool{"each side sees its own option": false, "each side sees both": true} {
		t.Run(name, func(t *testing.T) {
			slow := func(o *ec2.Options) {
				o.Delays.Provisioning, o.Switches.RemoteOptions = 20*time.Second, remote
			}
			everywhere(t, slow, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.ByHand(one, func(p *lab.Person) { p.DNSHostnames(m.VPC) })
				t.ByHand(accepter, func(p *lab.Person) { p.DNSHostnames(f.VPC) })
				t.Policy(between(m, f, "dns: true", ping))
				pcx := t.Ask(m, f)
				t.Settle()
				want := []string{modified(one, "Requester", ""), modified(accepter, "Accepter", "")}
				slices.Sort(want)
				if diff := cmp.Diff(want, options(t)); diff != "" {
					t.Errorf("calls that set options (-want +got):\n%s", diff)
				}
				for cell, role := range map[peering.Cell]peering.Role{one: peering.Requester, accepter: peering.Accepter} {
					c, err := t.Connection(t.Ctx, cell, pcx)
					t.Must(err)
					if on := c.DNS(role); on == nil || !*on {
						t.Errorf("DNS of the %s = %v, want on", role, on)
					}
				}
				mark := t.Cloud.Mark()
				hintAll(t, one, pcx, m, f)
				t.Sweep()
				t.Unchanged(mark)
			})
		})
	}
}

// options returns the changes of options, with their principals, and the refusals.
func options(t *sandboxtest.T) []string {
	t.Helper()
	var lines []string
	for _, c := range calls(t, "ModifyVpcPeeringConnectionOptions") {
		var sides []string
		for _, name := range slices.Sorted(maps.Keys(c.Params)) {
			if side, option, found := strings.Cut(name, "PeeringConnectionOptions."); found {
				sides = append(sides, side)
				if option != "AllowDnsResolutionFromRemoteVpc" || c.Params[name] != "true" {
					t.Errorf("%s=%s is sent", name, c.Params[name])
				}
			}
		}
		by := peering.Cell{Account: peering.AccountID(c.Account), Region: peering.Region(c.Region)}
		lines = append(lines, modified(by, strings.Join(sides, " and "), c.ErrorCode))
	}
	slices.Sort(lines)
	return lines
}

func modified(by peering.Cell, sides, refusal string) string {
	return fmt.Sprintf("%s sets those of the %s %s", by, sides, refusal)
}

// TestTrap15References: a rule that names a group of the peer's needs the owner's id with it, is described in another
// form than it was made in, and differs for ever in tools that compare the two
// (hashicorp/terraform-provider-aws#159, #25811, #17537, aws/aws-cdk#7111, ansible/ansible#19759).
func TestTrap15References(t *testing.T) {
	t.Parallel()
	for name, accepter := range map[string]peering.Cell{"in one account": one, "in two accounts": near} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.Policy(referring(m, f))
				pcx := t.Ask(m, f)
				t.Settle()
				want := append(sandbox.Connected(m, f, pcx), sandbox.AdmitsGroup(f.Group, "tcp 443", m.Group))
				t.Holds(want...)
				sent := made(t, "AuthorizeSecurityGroupIngress", accepter).Params
				const pair = "IpPermissions.1.Groups.1."
				if sent[pair+"GroupId"] != string(m.Group) || sent[pair+"UserId"] != string(one.Account) {
					t.Errorf("sent %v, want %s with its owner", sent, m.Group)
				}
				mark := t.Cloud.Mark()
				for range 2 {
					hintAll(t, one, pcx, m, f)
					t.Sweep()
				}
				t.Unchanged(mark)
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.Holds()
			})
		})
	}
}

// referring is a policy that admits HTTPS from Marketing's group.
func referring(m, f lab.Site) string {
	policy := between(m, f,
		fmt.Sprintf("allow: [{ from: marketing, to: finance, sources: [%s], groups: { tags: { Role: finance-server } }, "+
			"protocol: tcp, ports: [443] }]", m.Group))
	if m.Cell.Region == f.Cell.Region {
		return policy
	}
	// Finance has a VPC in Marketing's region too, or the policy would be a mistake.
	elsewhere := fmt.Sprintf("  finance: [{ account: %q, region: %s, vpc: vpc-00000000000000001 }, ",
		f.Cell.Account, m.Cell.Region)
	return strings.Replace(policy, "  finance: [", elsewhere, 1)
}

// TestTrap15NoReferenceToAnotherRegion: EC2 has none. The rest is connected, and a note describes the missing rule.
func TestTrap15NoReferenceToAnotherRegion(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(referring(m, f))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(sandbox.Connected(m, f, pcx)...)
		noted := false
		for _, o := range t.Announced(outcome.Connected, pcx) {
			noted = noted ||
				o.Cell == two && len(o.Notes) == 1 && strings.HasPrefix(o.Notes[0], string(m.Group)+" is not admitted")
		}
		if !noted {
			t.Errorf("no note on %s: %+v", m.Group, t.Announced(outcome.Connected, pcx))
		}
		if all := calls(t, "AuthorizeSecurityGroupIngress"); len(all) > 0 {
			t.Errorf("autopeer tried %+v", all)
		}
		t.InDeadLetters(0)
	})
}

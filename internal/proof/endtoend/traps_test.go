package endtoend_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// The tests named TestTrap01 to TestTrap15 play the traps that users of other tools for VPC peering met. Each names the
// source.

var (
	one  = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	near = peering.Cell{Account: "222222222222", Region: one.Region}
	two  = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	// accepterCells are the cells of the accepter, by their position relative to the requester's cell.
	accepterCells = map[string]peering.Cell{
		"in one cell":                     one,
		"in two accounts":                 near,
		"in two regions":                  {Account: one.Account, Region: two.Region},
		"in two accounts and two regions": two,
	}
)

// everywhere plays a scenario with the accepter in each of the cells. Change may be nil.
func everywhere(t *testing.T, change func(*ec2.Options), scenario func(t *sandboxtest.T, accepter peering.Cell)) {
	t.Helper()
	for name, accepter := range accepterCells {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, change, func(t *sandboxtest.T) { scenario(t, accepter) })
		})
	}
}

// nearAndFar plays a scenario that takes long only in the requester's cell and in the cell that differs most.
func nearAndFar(t *testing.T, scenario func(t *sandboxtest.T, accepter peering.Cell)) {
	t.Helper()
	for name, accepter := range accepterCells {
		if accepter == one || accepter == two {
			t.Run(name, func(t *testing.T) {
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) { scenario(t, accepter) })
			})
		}
	}
}

// ping lets Marketing ping Finance's servers.
const ping = "allow: [{ from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }]"

// between is a policy with one entry, for Marketing and Finance, with these lines in it.
func between(m, f lab.Site, lines ...string) string {
	return company(m, f) + entry("marketing", "finance", lines...)
}

// company is a policy without an entry yet; its departments are the sites by their names.
func company(sites ...lab.Site) string {
	policy := "version: 1\ndepartments:\n"
	for _, s := range sites {
		policy += fmt.Sprintf("  %s: %s\n", strings.ToLower(s.Name), s.Member())
	}
	return policy + "peerings:\n"
}

// entry is one more entry of a policy.
func entry(a, b string, lines ...string) string {
	text := fmt.Sprintf("  - between: [%s, %s]\n", a, b)
	for _, l := range lines {
		text += "    " + l + "\n"
	}
	return text
}

// routed returns the lines of sandbox.State for routes of each of the blocks in both of the site's tables.
func routed(from lab.Site, via peering.ConnectionID, blocks ...netip.Prefix) []string {
	var sentences []string
	for _, table := range []peering.RouteTableID{from.Table, from.VPC.Main} {
		for _, b := range blocks {
			sentences = append(sentences, routesBlock(table, b.String(), via))
		}
	}
	slices.Sort(sentences)
	return slices.Compact(sentences)
}

func routesBlock(table peering.RouteTableID, block string, via peering.ConnectionID) string {
	return fmt.Sprintf("%s routes %s to %s", table, block, via)
}

// blocksOf are those of the site's VPC, the first one first and those of IPv6 last.
func blocksOf(t *sandboxtest.T, s lab.Site) []netip.Prefix {
	t.Helper()
	found, err := t.Network(s.Cell).VPCs(t.Ctx, s.VPC.ID)
	t.Must(err)
	if len(found) != 1 {
		t.Fatalf("%s has %d VPCs %s", s.Cell, len(found), s.VPC.ID)
	}
	return found[0].Blocks
}

// calls returns autopeer's calls of that action.
func calls(t *sandboxtest.T, action string) []apicall.Call {
	return slices.DeleteFunc(t.ByAutopeer(0), func(c apicall.Call) bool { return c.Action != action })
}

// made checks that autopeer has made the action once, in that cell and with success, and returns the call.
func made(t *sandboxtest.T, action string, in peering.Cell) apicall.Call {
	t.Helper()
	all := calls(t, action)
	if len(all) != 1 || all[0].Account != string(in.Account) ||
		all[0].Region != string(in.Region) || all[0].ErrorCode != "" {
		t.Fatalf("%s was called %d times: %+v; want once, by %s, and with success", action, len(all), all, in)
	}
	return all[0]
}

// hintAll gives every function every event that there could be of the connection, as if it came once more.
func hintAll(t *sandboxtest.T, origin peering.Cell, pcx peering.ConnectionID, requester, accepter lab.Site) {
	t.Helper()
	for _, c := range t.Cells {
		for _, f := range function.All {
			t.Must(t.Deliver(t.Ctx, c.Cell, f, sandbox.Event("CreateVpcPeeringConnection", origin, pcx, requester, accepter)))
			t.Must(t.Deliver(t.Ctx, c.Cell, f,
				sandbox.Event("AcceptVpcPeeringConnection", accepter.Cell, pcx, requester, accepter)))
			t.Must(t.Deliver(t.Ctx, c.Cell, f,
				sandbox.Event("RejectVpcPeeringConnection", accepter.Cell, pcx, lab.Site{}, lab.Site{})))
			t.Must(t.Deliver(t.Ctx, c.Cell, f, sandbox.Event("DeleteVpcPeeringConnection", origin, pcx, lab.Site{}, lab.Site{})))
		}
	}
	t.Settle()
}

// refused checks that a manual change is refused with that code.
func refused(t *sandboxtest.T, cell peering.Cell, code string, do func(*lab.Person)) {
	t.Helper()
	p := t.Person(t.Ctx, cell)
	do(p)
	if p.Err() == nil || !strings.Contains(p.Err().Error(), code) {
		t.Errorf("error = %v, want %s", p.Err(), code)
	}
}

// admits returns the lines of sandbox.State for rules of the group, one for each of the blocks.
func admits(group peering.SecurityGroupID, traffic string, blocks ...netip.Prefix) []string {
	var sentences []string
	for _, b := range blocks {
		sentences = append(sentences, fmt.Sprintf("%s admits %s from %s", group, traffic, b))
	}
	return sentences
}

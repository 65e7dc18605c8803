package policy_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// The universe is small, so that drawn connections often meet drawn policies.
var (
	someCells = []peering.Cell{marketingCell, financeCell, {Account: marketingCell.Account, Region: "eu-west-1"}}
	someIDs   = []peering.VPCID{"vpc-1", "vpc-2", "vpc-3"}
	someCIDRs = blocks("10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "10.1.2.0/24", "2001:db8::/32", "2001:db8:1::/48")
	someNames = []string{"a", "b", "c"}
)

func drawMember(t *rapid.T) policy.Member {
	m := policy.Member{Cell: rapid.SampledFrom(someCells).Draw(t, "cell"), Line: rapid.IntRange(1, 99).Draw(t, "line")}
	if rapid.Bool().Draw(t, "by range") {
		m.Within = rapid.SampledFrom(someCIDRs).Draw(t, "within")
		m.Also = drawBlocks(t)
		return m
	}
	m.VPC = rapid.SampledFrom(someIDs).Draw(t, "id")
	m.CIDRs = drawBlocks(t)
	return m
}

func drawBlocks(t *rapid.T) []netip.Prefix {
	drawn := rapid.SliceOfNDistinct(rapid.SampledFrom(someCIDRs), 0, 2, rapid.ID).Draw(t, "blocks")
	if len(drawn) == 0 {
		return nil
	}
	return drawn
}

func drawPeering(t *rapid.T) policy.Peering {
	between := rapid.Permutation(someNames).Draw(t, "between")
	p := policy.Peering{
		Between:  [2]string{between[0], between[1]},
		DNS:      rapid.Bool().Draw(t, "dns"),
		Approval: rapid.SampledFrom([]policy.Approval{"", policy.ManualApproval}).Draw(t, "approval"),
		Line:     rapid.IntRange(1, 99).Draw(t, "line"),
	}
	if rapid.IntRange(0, 3).Draw(t, "mesh") == 0 {
		p.Between[1] = between[0]
		return p
	}
	p.Requester = rapid.SampledFrom([]string{"", "", between[0]}).Draw(t, "requester")
	if p.Requester != "" {
		p.Manage = rapid.SampledFrom([]peering.Role{"", peering.Requester, peering.Accepter}).Draw(t, "manage")
	}
	if rapid.Bool().Draw(t, "more") {
		p.Routes = map[string]policy.Routes{between[0]: {
			Tables: rapid.SampledFrom([]policy.Tables{{},
				{Scope: policy.TablesByTag, Tags: map[string]string{"Tier": "private"}}}).Draw(t, "tables"),
			To: drawBlocks(t), Except: drawBlocks(t),
		}}
		p.Allow = []policy.Allow{{
			From: between[0], To: between[1], Groups: policy.Groups{Tags: map[string]string{"Role": "x"}},
			Sources: policy.Sources{
				Blocks: drawBlocks(t), Groups: []peering.SecurityGroupID{"sg-1"}, PrefixLists: []peering.PrefixListID{"pl-1"},
			},
			Protocol: peering.TCP, Ports: []policy.PortRange{{From: 1, To: 2}}, Types: []policy.ICMPType{{Type: 0, Code: -1}},
			Line: 7,
		}}
	}
	return p
}

func drawPolicy(t *rapid.T) *policy.Policy {
	p := &policy.Policy{
		File:      "p.yaml",
		Otherwise: rapid.SampledFrom([]policy.Otherwise{policy.LeaveOthers, policy.RejectOthers}).Draw(t, "otherwise"),
		Removed:   rapid.SampledFrom([]policy.Removed{policy.ReportRemoved, policy.DisconnectRemoved}).Draw(t, "removed"),
		Limits:    policy.Limits{Routes: rapid.IntRange(0, 1000).Draw(t, "routes")},
	}
	for i, name := range someNames {
		members := rapid.SliceOfN(rapid.Custom(drawMember), 1, 3).Draw(t, "members")
		p.Departments = append(p.Departments, policy.Department{Name: name, Members: members, Line: i + 1})
	}
	p.Peerings = rapid.SliceOfN(rapid.Custom(drawPeering), 0, 3).Draw(t, "peerings")
	return p
}

func drawVPC(t *rapid.T) peering.VPC {
	v := vpc(rapid.SampledFrom(someCells).Draw(t, "cell"), rapid.SampledFrom(someIDs).Draw(t, "id"))
	v.Blocks = drawBlocks(t)
	return v
}

func drawRequest(t *rapid.T) peering.Connection { return request(drawVPC(t), drawVPC(t)) }

func TestDecideIsTotalAndNeverAcceptsOverlap(t *testing.T) {
	t.Parallel()
	verdicts := []policy.Verdict{policy.Accept, policy.Reject, policy.Leave, policy.Ask}
	rapid.Check(t, func(t *rapid.T) {
		c := drawRequest(t)
		d := drawPolicy(t).Decide(c)
		if !slices.Contains(verdicts, d.Verdict) || d.Code == "" || d.Reason == "" {
			t.Fatalf("Decide() = %+v, want a verdict with its reason", d)
		}
		if d.Verdict != policy.Accept {
			return
		}
		for _, r := range c.Requester.Blocks {
			if slices.ContainsFunc(c.Accepter.Blocks, r.Overlaps) {
				t.Fatalf("Decide() accepts the overlap of %v and %v", c.Requester.Blocks, c.Accepter.Blocks)
			}
		}
	})
}

func TestEmptyPolicyAcceptsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawRequest(t)
		if d := new(policy.Policy).Decide(c); d.Verdict != policy.Leave {
			t.Fatalf("Decide(%+v) = %s, want leave", c, d.Verdict)
		}
		p := drawPolicy(t)
		p.Peerings = nil
		if d := p.Decide(c); d.Verdict != policy.Leave && d.Verdict != policy.Reject {
			t.Fatalf("Decide(%+v) without peerings = %s", c, d.Verdict)
		}
	})
}

func TestOneWrongCharacterIsNeverAccepted(t *testing.T) {
	t.Parallel()
	accepted := request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16"))
	if d := company().Decide(accepted); d.Verdict != policy.Accept {
		t.Fatalf("Decide() = %s (%s), want accept", d.Verdict, d.Reason)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := accepted
		v := rapid.SampledFrom([]*peering.VPC{&c.Requester, &c.Accepter}).Draw(t, "side")
		switch rapid.IntRange(0, 2).Draw(t, "field") {
		case 0:
			v.Owner = peering.AccountID(mistype(t, string(v.Owner)))
		case 1:
			v.Region = peering.Region(mistype(t, string(v.Region)))
		default:
			v.ID = peering.VPCID(mistype(t, string(v.ID)))
		}
		if d := company().Decide(c); d.Verdict == policy.Accept {
			t.Fatalf("Decide() accepts %+v: %s", c, d.Reason)
		}
	})
}

// mistype changes one character to another that such a value may have.
func mistype(t *rapid.T, s string) string {
	i := rapid.IntRange(0, len(s)-1).Draw(t, "position")
	other := rapid.SampledFrom([]byte("0123456789abcdefghijklmnopqrstuvwxyz-")).
		Filter(func(b byte) bool { return b != s[i] }).Draw(t, "character")
	return s[:i] + string(other) + s[i+1:]
}

func TestOrderOfTheFileDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawRequest(t)
		if slices.ContainsFunc(p.Departments, namesTwice) {
			t.Skip("a checked policy names a VPC once")
		}
		shuffled := *p
		shuffled.Departments = rapid.Permutation(p.Departments).Draw(t, "departments")
		shuffled.Peerings = rapid.Permutation(p.Peerings).Draw(t, "peerings")
		for i, d := range shuffled.Departments {
			shuffled.Departments[i].Members = rapid.Permutation(d.Members).Draw(t, "members")
		}
		want, got := p.Decide(c), shuffled.Decide(c)
		if got.Verdict != want.Verdict || got.Code != want.Code {
			t.Fatalf("Decide() = %s (%s) after shuffling, %s (%s) before", got.Verdict, got.Reason, want.Verdict, want.Reason)
		}
	})
}

func namesTwice(d policy.Department) bool {
	type id struct {
		peering.Cell
		vpc peering.VPCID
	}
	seen := map[id]bool{}
	for _, m := range d.Members {
		key := id{m.Cell, m.VPC}
		if m.VPC != "" && seen[key] {
			return true
		}
		seen[key] = true
	}
	return false
}

func TestEitherSideMayAskUnlessOneIsNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawRequest(t)
		for i := range p.Peerings {
			p.Peerings[i].Requester = ""
		}
		there, back := p.Decide(c), p.Decide(request(c.Accepter, c.Requester))
		if there.Verdict != back.Verdict || there.Code != back.Code {
			t.Fatalf("Decide() = %s (%s) one way, %s (%s) the other", there.Verdict, there.Reason, back.Verdict, back.Reason)
		}
	})
}

func TestPartDecidesAsTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawRequest(t)
		for _, cell := range []peering.Cell{c.Requester.Cell(), c.Accepter.Cell()} {
			want, got := p.Decide(c), p.ForCell(cell, "").Decide(c)
			if got.Verdict != want.Verdict || !slices.Equal(got.LeftOut, want.LeftOut) {
				t.Fatalf("ForCell(%s) decides %s (%s) and leaves %v out, the whole %s (%s) and %v",
					cell, got.Verdict, got.Reason, got.LeftOut, want.Verdict, want.Reason, want.LeftOut)
			}
			if got.Reason != want.Reason || got.Key() != want.Key() {
				t.Fatalf("the reason of ForCell(%s) is %q (%s), that of the whole %q (%s)", cell, got.Reason,
					got.Key(), want.Reason, want.Key())
			}
		}
	})
}

var equalPrefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func TestEncodedPolicyComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawPolicy(t)
		if rapid.Bool().Draw(t, "part") {
			want = want.ForCell(rapid.SampledFrom(someCells).Draw(t, "cell"), "autopeer")
		}
		data, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := policy.Decode(data)
		if err != nil {
			t.Fatalf("Decode(%s): %v", data, err)
		}
		if diff := cmp.Diff(want, got, equalPrefixes, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("Decode(Encode(p)) differs (-want +got):\n%s", diff)
		}
	})
}

// TestRoutesDoNotBearOnTheDecision: AWS refuses VPCs whose blocks overlap even if no route leads to these.
// https://docs.aws.amazon.com/vpc/latest/peering/invalid-peering-configurations.html
func TestRoutesDoNotBearOnTheDecision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawPolicy(t), drawRequest(t)
		want := p.Decide(c)
		for i, entry := range p.Peerings {
			everything := policy.Routes{Except: blocks("0.0.0.0/0", "::/0")}
			p.Peerings[i].Routes = map[string]policy.Routes{entry.Between[0]: everything, entry.Between[1]: everything}
		}
		if got := p.Decide(c); got.Verdict != want.Verdict || got.Code != want.Code || got.Reason != want.Reason {
			t.Fatalf("Decide() = %s (%s) with everything excluded, %s (%s) before", got.Verdict, got.Reason,
				want.Verdict, want.Reason)
		}
	})
}

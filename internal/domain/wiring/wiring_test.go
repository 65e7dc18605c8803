package wiring_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// hub is a policy in which one department may be connected with one in each of many accounts.
func hub(accounts int) (*policy.Policy, peering.Cell) {
	at := peering.Cell{Account: "100000000000", Region: "us-east-1"}
	p := &policy.Policy{Departments: []policy.Department{{
		Name: "hub", Members: []policy.Member{{Cell: at, VPC: "vpc-0"}},
	}}}
	for i := range accounts {
		name := fmt.Sprint("spoke", i)
		c := peering.Cell{Account: peering.AccountID(fmt.Sprintf("%012d", 200000000000+i)), Region: "us-east-1"}
		p.Departments = append(p.Departments, policy.Department{
			Name: name, Members: []policy.Member{{Cell: c, VPC: "vpc-1"}},
		})
		p.Peerings = append(p.Peerings, policy.Peering{Between: [2]string{"hub", name}})
	}
	return p, at
}

func TestRulesStayWithinEventBridgesQuotas(t *testing.T) {
	t.Parallel()
	for _, accounts := range []int{0, 1, 100, 140} {
		p, at := hub(accounts)
		type key struct {
			bus  wiring.Bus
			name string
		}
		seen, perBus := map[key]bool{}, map[wiring.Bus]int{}
		for _, r := range wiring.Rules(p, at, wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
			if k := (key{r.Bus, r.Name}); seen[k] {
				t.Errorf("%d accounts: two rules %s on the %s bus", accounts, r.Name, r.Bus)
			} else {
				seen[k] = true
			}
			perBus[r.Bus]++
			pattern, err := json.Marshal(r.Pattern)
			if err != nil || len(pattern) > 2048 {
				t.Errorf("%d accounts: the pattern of %s has %d characters, %v; want at most 2048", accounts,
					r.Name, len(pattern), err)
			}
			if n := len(wiring.DefaultPrefix + "-" + r.Name); n > 64 {
				t.Errorf("%d accounts: the name of %s has %d characters, want at most 64", accounts, r.Name, n)
			}
		}
		for bus, n := range perBus {
			if n > 300 {
				t.Errorf("%d accounts: %d rules on the %s bus, want at most 300", accounts, n, bus)
			}
		}
	}
}

func TestEachCounterpartIsForwardedToOnceFromEachBus(t *testing.T) {
	t.Parallel()
	p, at := hub(3)
	forwards := map[peering.Cell]map[wiring.Bus]int{}
	for _, r := range wiring.Rules(p, at, wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
		if (r.Queue == "") == (r.Forward == peering.Cell{}) {
			t.Errorf("%s has a queue and a bus to send to, or neither", r.Name)
		}
		if r.Queue != "" {
			continue
		}
		if forwards[r.Forward] == nil {
			forwards[r.Forward] = map[wiring.Bus]int{}
		}
		forwards[r.Forward][r.Bus]++
	}
	for _, c := range p.Counterparts(at) {
		if got := forwards[c]; got[wiring.DefaultBus] != 1 || got[wiring.OwnBus] != 1 {
			t.Errorf("rules that forward to %s = %v, want one on each bus", c, got)
		}
	}
	if _, itself := forwards[at]; itself {
		t.Error("the cell forwards to itself")
	}
}

// TestCellsWithoutAPeeringExchangeDenialsAlone: of two Regions of an account, the one that shares a peering has a rule
// that receives the messages of both.
func TestCellsWithoutAPeeringExchangeDenialsAlone(t *testing.T) {
	t.Parallel()
	p, at := hub(3)
	p.Otherwise, p.Peerings = policy.RejectOthers, p.Peerings[:1]
	second := p.Departments[2].Members[0].Cell
	other := peering.Cell{Account: p.Departments[1].Members[0].Account, Region: "eu-west-1"}
	p.Departments[3].Members[0].Cell = other
	var got []string
	for _, r := range wiring.Rules(p, at, wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
		if to := r.Forward; r.Name == "accept-unpeered" || to == second || to == other {
			pattern, err := json.Marshal(r.Pattern)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s on %s to %s for %s: %s", r.Name, r.Bus, r.Queue, r.MaxAge, pattern))
		}
	}
	want := []string{
		`accept-unpeered on own to accept for 10m0s: {"account":["200000000001"],` +
			`"detail":{"to":{"account":["100000000000"],"region":["us-east-1"]}},"detail-type":["Side Checked"],` +
			`"source":["autopeer.cells"]}`,
		`forward-messages-200000000000-eu-west-1 on own to  for 10m0s: {"account":["100000000000"],` +
			`"detail":{"to":{"account":["200000000000"],"region":["eu-west-1"]}},"detail-type":["Side Checked"],` +
			`"region":["us-east-1"],"source":["autopeer.cells"]}`,
		`forward-messages-200000000001-us-east-1 on own to  for 10m0s: {"account":["100000000000"],` +
			`"detail":{"to":{"account":["200000000001"],"region":["us-east-1"]}},"detail-type":["Side Checked"],` +
			`"region":["us-east-1"],"source":["autopeer.cells"]}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules:\n got %q\nwant %q", got, want)
	}
}

func TestForwardNamesAreThoseOfTheCounterpartsRules(t *testing.T) {
	t.Parallel()
	p, at := hub(1)
	calls, messages := wiring.ForwardNames(at)
	want := map[string]wiring.Bus{calls: wiring.DefaultBus, messages: wiring.OwnBus}
	for _, r := range wiring.Rules(p, p.Counterparts(at)[0], wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
		if bus, found := want[r.Name]; found && bus == r.Bus {
			delete(want, r.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("the counterpart has no rules %v", want)
	}
}

// TestOnlyACellWithApprovalsReceivesThem directly: without a peering that needs one, the tag has no effect.
func TestOnlyACellWithApprovalsReceivesThem(t *testing.T) {
	t.Parallel()
	p, at := hub(2)
	p.Peerings[0].Approval = policy.ManualApproval
	without := p.Counterparts(at)[1]
	for cell, want := range map[peering.Cell]bool{at: true, p.Counterparts(at)[0]: true, without: false} {
		var got []wiring.Rule
		for _, r := range wiring.Rules(p, cell, wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
			if r.Name == "accept-approved" {
				got = append(got, r)
			}
		}
		if (len(got) == 1) != want || want && (got[0].Queue != function.Accept || got[0].Bus != wiring.DefaultBus) {
			t.Errorf("the rules of %s for approvals are %+v, want one to accept: %t", cell, got, want)
		}
	}
}

// TestARetiredCellReceivesDeletionsAndSweeps: its counterparts forward nothing to it, and it forwards nothing.
func TestARetiredCellReceivesDeletionsAndSweeps(t *testing.T) {
	t.Parallel()
	p, at := hub(2)
	retired := peering.Cell{Account: "300000000000", Region: "us-east-1"}
	p.Retired = []policy.Retired{{Cell: retired}}
	var got []string
	for _, r := range wiring.Rules(p, retired, wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
		got = append(got, fmt.Sprintf("%s to %s on the %s bus", r.Name, r.Queue, r.Bus))
	}
	want := []string{"disconnect to disconnect on the default bus", "sweep-schedule to sweep on the default bus",
		"sweep-deployed to sweep on the default bus", "sweep-untagged to sweep on the default bus"}
	if !slices.Equal(got, want) {
		t.Errorf("rules = %q, want %q", got, want)
	}
	for _, r := range wiring.Rules(p, at, wiring.DefaultPrefix, wiring.DefaultSweepInterval) {
		if r.Forward == retired {
			t.Errorf("%s forwards to the retired cell", r.Name)
		}
	}
}

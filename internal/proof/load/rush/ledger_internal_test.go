package rush

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

const pcx peering.ConnectionID = "pcx-1"

var (
	marketing = lab.Site{VPC: lab.VPC{Main: "rtb-1"}, Table: "rtb-2", Group: "sg-1"}
	finance   = lab.Site{VPC: lab.VPC{Main: "rtb-3"}, Table: "rtb-4", Group: "sg-2"}
)

func issued(outcomeType outcome.Type, side peering.Role, id string) outcome.Outcome {
	return outcome.Outcome{Type: outcomeType, Connection: pcx, Side: side, ID: id}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	all := []outcome.Outcome{issued(outcome.Accepted, "", "1"), issued(outcome.Connected, peering.Requester, "2"),
		issued(outcome.Connected, peering.Accepter, "3")}
	state := agreed(marketing, finance, pcx)
	tests := []struct {
		name         string
		announcement []outcome.Outcome
		state        []string
		connected    int
		wrong        []string
	}{
		{"a connection that is announced and exists is connected", all, state, 1, nil},
		{"a repetition of an announcement is nothing", append(slices.Clone(all), all...), state, 1, nil},
		{"a second id for one side is wrong", append(slices.Clone(all), issued(outcome.Connected, peering.Accepter, "4")),
			state, 0,
			[]string{"pcx-1: Peering Connected of the accepter was announced under 2 ids, want 1"}},
		{"a side that isn't announced is missing", all[:2], state, 0,
			[]string{"pcx-1: Peering Connected of the accepter was announced under 0 ids, want 1"}},
		{"no other announcement is due", append(slices.Clone(all), issued(outcome.Conflicting, peering.Requester, "4")),
			state, 0,
			[]string{"pcx-1: Peering Conflicting of the requester was announced"}},
		{"a missing rule is missing", all, state[:len(state)-1], 0,
			[]string{"pcx-1: it isn't so that " + state[len(state)-1]}},
		{"a route too many is wrong", all, append(slices.Clone(state), "rtb-9 routes 10.0.0.0/8 to pcx-1"), 1,
			[]string{"not requested: rtb-9 routes 10.0.0.0/8 to pcx-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(time.Now)
			l.ask(pcx, marketing, finance)
			for _, o := range tt.announcement {
				l.announced(o)
			}
			connected, wrong := l.judge(tt.state)
			if diff := cmp.Diff(tt.wrong, wrong); diff != "" || connected != tt.connected {
				t.Errorf("%d connected, want %d; wrong (-want +got):\n%s", connected, tt.connected, diff)
			}
		})
	}
}

func TestAnOutcomeWithoutARequestIsWrong(t *testing.T) {
	t.Parallel()
	l := newLedger(time.Now)
	l.announced(issued(outcome.Accepted, "", "1"))
	if connected, wrong := l.judge(nil); connected != 0 || !slices.Contains(wrong, "pcx-1: no request was made") {
		t.Errorf("%d connected, wrong %q", connected, wrong)
	}
}

// TestWaits: a connection is there with its second side, however often it is announced again.
func TestWaits(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	l := newLedger(func() time.Time { return now })
	l.ask(pcx, marketing, finance)
	for _, o := range []outcome.Outcome{
		issued(outcome.Accepted, "", "1"), issued(outcome.Connected, peering.Accepter, "2"),
		issued(outcome.Connected, peering.Requester, "3"),
		issued(outcome.Connected, peering.Requester, "3"),
	} {
		if len(l.waits()) > 0 && o.Side == "" {
			t.Error("it is connected before it is accepted")
		}
		now = now.Add(time.Second)
		l.announced(o)
	}
	if got := l.waits(); !slices.Equal(got, []time.Duration{3 * time.Second}) {
		t.Errorf("waits = %v, want 3s", got)
	}
	if asked, accepted, connected := l.counts(); asked != 1 || accepted != 1 || connected != 1 {
		t.Errorf("%d asked, %d accepted, %d connected", asked, accepted, connected)
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1)*time.Second)
	}
	for want, waits := range map[string][]time.Duration{
		"none": nil,
		"p50 1.0 s, p95 1.0 s, p99 1.0 s, max 1.0 s":      hundred[:1],
		"p50 50.0 s, p95 95.0 s, p99 99.0 s, max 100.0 s": hundred,
	} {
		if got := percentiles(waits); got != want {
			t.Errorf("percentiles = %q, want %q", got, want)
		}
	}
}

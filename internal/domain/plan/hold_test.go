package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// TestHold: a connection on hold gets nothing, loses forbidden routes and rules, and waits while something is missing.
func TestHold(t *testing.T) {
	t.Parallel()
	routed := "state: rtb-1 routes 172.31.0.0/16 to pcx-new"
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string
		waits  bool
	}{
		{"a complete side", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}
		}, []string{routed}, false},
		{"a missing route", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false)), table("rtb-2")}
		}, []string{routed}, true},
		{"a missing route before one that is there", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-0"), table("rtb-1", toPeer("pcx-new", false))}
		}, []string{routed}, true},
		{"a narrower rule in a full group", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Terms.Allow, s.Limits.Rules = allowing(443, 443, "172.31.1.0/24"), 1
		},
			[]string{"revoke sgr-1 in sg-1", "then authorize tcp 443 from 172.31.1.0/24 in sg-1", routed,
				"state: sg-1 admits tcp 443 from 172.31.1.0/24"}, false},
		{"a missing rule", func(s *plan.Side) {
			group(s)
			s.Terms.Allow = allowing(443, 443)
		}, nil, true},
		{"a missing tag and the DNS option", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}
			s.Connection.Tags, s.Terms.DNS, s.Connection.RequesterDNS = nil, true, nil
		}, []string{routed}, false},
		{"a rule that no entry allows", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}
			group(s, tcp(443, 443, "172.31.0.0/16"))
		}, []string{"revoke sgr-1 in sg-1", routed}, false},
		{"a narrower rule, beside one that is missing", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Terms.Allow = append(allowing(443, 443, "172.31.1.0/24"), allowing(80, 80)...)
		},
			[]string{"authorize tcp 443 from 172.31.1.0/24 in sg-1", "then revoke sgr-1 in sg-1", routed,
				"state: sg-1 admits tcp 443 from 172.31.1.0/24"}, true},
		{"the blackhole of a dead connection", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-old", true))}
			s.Dead = map[peering.ConnectionID]bool{"pcx-old": true}
		}, nil, true},
		{"a conflict is no obstacle of its own", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", inTheWay)}
		}, nil, true},
		{"a shortage is none either", func(s *plan.Side) {
			s.Tables, s.Limits.Routes = []peering.RouteTable{table("rtb-1", leading("10.50.0.0/16", "igw-1"))}, 1
		}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(onHold(marketing(tt.change)))
			if diff := cmp.Diff(tt.want, described(p)); diff != "" || p.Waits != tt.waits {
				t.Errorf("additions wait: %v, want %v; plan (-want +got):\n%s", p.Waits, tt.waits, diff)
			}
			if p := plan.Connect(marketing(tt.change)); p.Waits {
				t.Error("without a hold, additions wait")
			}
		})
	}
}

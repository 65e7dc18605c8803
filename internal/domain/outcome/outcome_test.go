package outcome_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

var connected = outcome.Of(outcome.Connected,
	peering.Cell{Account: "111111111111", Region: "us-east-1"},
	peering.Connection{
		ID:        "pcx-1",
		Requester: peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-1"},
		Accepter:  peering.VPC{Owner: "222222222222", Region: "eu-west-1", ID: "vpc-2"},
	},
	policy.Decision{
		Peering:   &policy.Peering{Between: [2]string{"marketing", "finance"}, Line: 11},
		Requester: "marketing", Accepter: "finance", Code: policy.Allowed, Reason: "line 11 of policy.yaml allows it",
	}, "policy.yaml")

func TestIDs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 8, 7, 38, 0, 0, time.UTC)
	first := connected.Sealed(now).ID
	tests := []struct {
		name   string
		change func(*outcome.Outcome)
		same   bool
	}{
		{"what was changed is not part of the id", func(o *outcome.Outcome) { o.Changes = []string{"create route"} }, true},
		{"nor when it was asked for", func(o *outcome.Outcome) { o.RequestedAt = now.Add(-time.Second) }, true},
		{"another connection, another id", func(o *outcome.Outcome) { o.Connection = "pcx-2" }, false},
		{"another outcome", func(o *outcome.Outcome) { o.Kind = outcome.Failed }, false},
		{"another cell", func(o *outcome.Outcome) { o.Cell.Region = "eu-west-1" }, false},
		{"another side", func(o *outcome.Outcome) { o.Side = peering.Accepter }, false},
		{"another reason", func(o *outcome.Outcome) { *o = o.Because("overlap", "they overlap") }, false},
		{"another state", func(o *outcome.Outcome) { o.State = []string{"rtb-1 routes 10.0.0.0/8 to pcx-1"} }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := connected
			tt.change(&o)
			if same := o.Sealed(now.Add(time.Hour)).ID == first; same != tt.same {
				t.Errorf("same id = %v, want %v", same, tt.same)
			}
		})
	}
}

func TestSealed(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 6, 8, 7, 38, 0, 0, time.UTC)
	o := connected
	o.RequestedAt = asked
	o = o.Sealed(asked.Add(4230 * time.Millisecond))
	got, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"id":"` + o.ID + `","connection":"pcx-1","cell":{"account":"111111111111","region":"us-east-1"},` +
		`"requester":{"department":"marketing","account":"111111111111","region":"us-east-1","vpc":"vpc-1"},` +
		`"accepter":{"department":"finance","account":"222222222222","region":"eu-west-1","vpc":"vpc-2"},` +
		`"peering":{"between":["marketing","finance"],"file":"policy.yaml","line":11},` +
		`"reason":{"code":"allowed","sentence":"line 11 of policy.yaml allows it"},` +
		`"requestedAt":"2026-06-08T07:38:00Z","secondsSinceRequest":4.23}`
	if string(got) != want {
		t.Errorf("JSON = %s\nwant   %s", got, want)
	}
}

func TestObstructed(t *testing.T) {
	t.Parallel()
	block := netip.MustParsePrefix("172.31.0.0/16")
	o := connected.Obstructed([]plan.Conflict{{
		Table: "rtb-1", Wanted: "pcx-1", Destination: block, Route: peering.Route{Destination: block, Target: "tgw-1"},
	}}, nil)
	want := "172.31.0.0/16 is already routed to tgw-1 in rtb-1, so it can't be routed to pcx-1"
	if o.Reason.Code != "route-conflict" || o.Reason.Sentence != want {
		t.Errorf("reason = %+v, want %q", o.Reason, want)
	}
	if c := o.Conflicts[0]; c.Target != "tgw-1" || c.Wanted != "pcx-1" {
		t.Errorf("conflict = %+v, want both targets", c)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	o := connected.Refused(errors.New("accept pcx-1: too many"))
	if o.Kind != outcome.Failed || o.Reason.Sentence != "accept pcx-1: too many" {
		t.Errorf("Refused() = %s %+v", o.Kind, o.Reason)
	}
}

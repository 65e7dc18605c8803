package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// TestPrintedAnnouncements: all fields for people are printed, and a repetition isn't printed again.
func TestPrintedAnnouncements(t *testing.T) {
	t.Parallel()
	cell := peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	marketing := &outcome.Party{Department: "marketing", Account: "111111111111", Region: "us-east-1", VPC: "vpc-1"}
	finance := &outcome.Party{Department: "finance", Account: "222222222222", Region: "eu-west-1", VPC: "vpc-2"}
	unknown := &outcome.Party{Account: "333333333333", Region: "us-east-1", VPC: "vpc-3"}
	tests := []struct {
		name string
		o    outcome.Outcome
		want string
	}{
		{"a connected side", outcome.Outcome{
			Type: outcome.Connected, ID: "1", Connection: "pcx-1", Cell: cell, Side: peering.Accepter, Requester: marketing,
			Accepter: finance,
			Reason:   outcome.Reason{Sentence: "line 11 allows it"}, State: []string{"rtb-1 routes 10.10.0.0/16 to pcx-1"},
			Changes: []string{"create route 10.10.0.0/16 → pcx-1 in rtb-1"},
			Notes:   []string{"the VPC has no security group tagged Role=ledger"}, SecondsSinceRequest: 4.21,
			Obstructions: []outcome.Obstruction{{Sentence: "acl-1 denies icmp", Remedy: "allow icmp"}},
		}, `
15:04:05  Peering Connected     marketing → finance  accepter's side in 222222222222/eu-west-1  pcx-1  4.2 s after the request
          reason     line 11 allows it
          changed    create route 10.10.0.0/16 → pcx-1 in rtb-1
          obstacle   acl-1 denies icmp; allow icmp
          note       the VPC has no security group tagged Role=ledger
`},
		{"a conflict", outcome.Outcome{
			Type: outcome.Conflicting, ID: "2", Connection: "pcx-1", Cell: cell, Requester: unknown, Accepter: finance,
			Reason: outcome.Reason{Sentence: "a route is in the way"}, State: []string{"sg-1 admits icmp from 10.10.0.0/16"},
			Conflicts: []outcome.Conflict{
				{RouteTable: "rtb-1", Destination: "10.10.0.0/16", Target: "tgw-1", Wanted: "pcx-1"},
				{RouteTable: "rtb-2", Destination: "10.10.1.0/24", Target: "tgw-1", Wanted: "pcx-1", Overlaps: "10.10.0.0/16"},
			},
			Shortages: []outcome.Shortage{{Resource: "rtb-3", Of: "IPv4 routes", Have: 49, Need: 2, Limit: 50}},
			Next:      "delete the route", SecondsSinceRequest: 9,
		}, `
15:04:05  Peering Conflicting   vpc-3 (no department) → finance  in 222222222222/eu-west-1  pcx-1
          reason     a route is in the way
          state      sg-1 admits icmp from 10.10.0.0/16
          obstacle   rtb-1 routes 10.10.0.0/16 to tgw-1, and not to pcx-1
          obstacle   rtb-2 routes 10.10.1.0/24 to tgw-1, and not to pcx-1, which overlaps 10.10.0.0/16
          obstacle   rtb-3 has 49 of 50 IPv4 routes and needs 2 more
          next       delete the route
`},
		{"a proposal about a connection that is gone", outcome.Outcome{
			Type: outcome.Proposed, ID: "3", Connection: "pcx-1", Cell: cell, Reason: outcome.Reason{Sentence: "report mode"},
			Removals: []string{"delete a route"}, Additions: []string{"create a route"}, Wanted: []string{"repair"},
			EditedBy: []string{"user/dana"},
		}, `
15:04:05  Changes Proposed      VPCs no longer shown  in 222222222222/eu-west-1  pcx-1
          reason     report mode
          remove     delete a route
          add        create a route
          wanted     repair
          edited by  user/dana
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			p := newPrinter(&out, func() time.Time { return time.Date(2026, 6, 8, 15, 4, 5, 0, time.UTC) })
			p.outcome(tt.o)
			p.outcome(tt.o)
			if diff := cmp.Diff(tt.want[1:], out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

// TestIncidents: a failed message and a change of an alarm are reported once, and an announced decision isn't.
func TestIncidents(t *testing.T) {
	t.Parallel()
	cell := peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	var out strings.Builder
	p, w := newPrinter(&out, func() time.Time { return time.Date(2026, 6, 8, 15, 4, 5, 0, time.UTC) }), newObserver(nil)
	log := []lambda.Line{
		{PID: 1, Text: `{"level":"INFO","message":"message processed","deliveries":1}`},
		{
			PID: 1,
			Text: `{"level":"WARN","message":"message failed","fault":"retryable","error":"pcx-1 is not visible yet",` +
				`"deliveries":2}`,
		},
		{
			PID:  1,
			Text: `{"level":"WARN","message":"message failed","fault":"denied","error":"pcx-1 is still failed","deliveries":1}`,
		},
		{PID: 1, Text: `panic: not JSON`},
	}
	last := lambda.Line{
		PID: 2, Text: `{"level":"WARN","message":"message failed","fault":"permanent","error":"read event","deliveries":10}`,
	}
	alarm := func(s cloudwatch.State) []cloudwatch.Status {
		return []cloudwatch.Status{{
			Alarm: cloudwatch.Alarm{Name: "autopeer-accept-errors", Description: "An invocation crashed."}, State: s,
		}}
	}
	for _, found := range [][]incident{
		w.failures(cell, "autopeer-accept", log), w.failures(cell, "autopeer-accept", log),
		w.failures(cell, "autopeer-accept", append(log, last)),
		w.changed(cell, alarm(cloudwatch.OK)), w.changed(cell, alarm(cloudwatch.Sounding)),
		w.changed(cell, alarm(cloudwatch.Sounding)),
		w.changed(cell, alarm(cloudwatch.InsufficientData)), w.changed(cell, alarm(cloudwatch.OK)),
	} {
		for _, i := range found {
			p.incident(i)
		}
	}
	const want = `15:04:05  Retry                 autopeer-accept in 222222222222/eu-west-1: pcx-1 is not visible yet (delivery 2 of at most 10)
15:04:05  Message Failed        autopeer-accept in 222222222222/eu-west-1: read event (delivery 10 of at most 10)
15:04:05  Alarm                 autopeer-accept-errors in 222222222222/eu-west-1: An invocation crashed.
15:04:05  Alarm Over            autopeer-accept-errors in 222222222222/eu-west-1: An invocation crashed.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

package endtoend_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrapAlsoNoTrail: without a trail that logs, no event is ever delivered, and nothing reports that
// (aws-samples/rag-with-amazon-bedrock-and-opensearch#12). Sweeps do the work, and count the request.
func TestTrapAlsoNoTrail(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		for _, cell := range []peering.Cell{one, accepter} {
			t.Cloud.Events.StopLogging(string(cell.Account), string(cell.Region))
		}
		pcx := t.Ask(m, f)
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		want := 1 // the request's, unless the sweeps of two cells have it checked again
		if accepter != one {
			want = 0
		}
		if n := missed(t); n != want {
			t.Errorf("%d events count as missed, want %d", n, want)
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Hour)
		t.Holds()
		t.InDeadLetters(0)
	})
}

// missed is how many events the sweeps of all cells have missed.
func missed(t *sandboxtest.T) int {
	n := 0
	for _, c := range t.Cells {
		n += c.Missed()
	}
	return n
}

// TestTrapAlsoConnectionsOfAVPC: 50 can be active, or up to 125 once AWS has raised the quota
// (jantman/awslimitchecker#575). One more isn't accepted, and the figures are announced.
func TestTrapAlsoConnectionsOfAVPC(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, func(o *ec2.Options) { o.Quotas.ActivePeeringsPerVPC = 125 }, func(t *sandboxtest.T) {
		f := t.Build(two, lab.Finance)
		policy := fmt.Sprintf("version: 1\ndepartments:\n  finance: %s\n  clients: [{ account: %q, region: %s, within: "+
			"10.0.0.0/8 }]\npeerings:\n",
			f.Member(), one.Account, one.Region) + entry("clients", "finance")
		t.Policy(policy)
		var want []string
		for i := range 50 {
			c := client(t, i)
			want = slices.Concat(want, sandbox.Connected(c, f, t.Ask(c, f)))
		}
		t.Settle()
		t.Holds(want...)
		last := client(t, 50)
		pcx := t.Ask(last, f)
		t.Settle()
		t.InState(two, pcx, peering.PendingAcceptance)
		t.Holds(want...)
		o := t.AnnouncedOnce(outcome.Failed, pcx)
		if s := o.Shortages; len(s) != 1 || s[0].Resource != string(f.VPC.ID) || s[0].Have != 50 || s[0].Limit != 50 {
			t.Errorf("announced %+v, want that %s has 50 of 50 connections", o, f.VPC.ID)
		}
		t.Redeploy("limits: { peerings: 125 }\n" + policy)
		t.Sweep()
		t.Holds(append(want, sandbox.Connected(last, f, pcx)...)...)
		t.InDeadLetters(0)
	})
}

// client is a VPC with its main route table alone.
func client(t *sandboxtest.T, i int) lab.Site {
	return t.Build(one, func(p *lab.Person) lab.Site {
		v := p.VPC("", fmt.Sprintf("10.%d.0.0/16", i))
		return lab.Site{Cell: p.Cell, VPC: v, Table: v.Main}
	})
}

package sweep_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestBlackholesWithoutEvidence: those of a VPC that the policy doesn't name stay when their connection is gone, and
// they are announced once a day under one id, with the commands that delete them, for as long as they are there.
func TestBlackholesWithoutEvidence(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		other, d := t.Build(one, lab.Marketing), t.Build(one, lab.Developer)
		var pcx peering.ConnectionID
		t.ByHand(one, func(p *lab.Person) {
			pcx = p.Ask(other, d, "")
			time.Sleep(time.Minute)
			p.Accept(pcx)
			time.Sleep(time.Minute)
			p.RouteTo(other.Table, d.VPC.Block.String(), pcx)
			p.RouteTo(other.VPC.Main, d.VPC.Block.String(), pcx)
		})
		ours := t.Ask(m, f)
		time.Sleep(25 * time.Hour)
		if announced := unowned(t, pcx); len(announced) > 0 {
			t.Errorf("announced %+v of a connection that is alive", announced)
		}
		want := append(sandboxtest.Pinging(m, f, ours), sandbox.Routes(other.Table, d, pcx),
			sandbox.Routes(other.VPC.Main, d, pcx))
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(49 * time.Hour) // at the end EC2 no longer shows the connection
		t.Holds(want...)
		announced := unowned(t, pcx)
		if len(announced) != 2 || announced[0].ID != announced[1].ID {
			t.Fatalf("announced %+v in two days, want once a day under one id", announced)
		}
		tables := []peering.RouteTableID{other.Table, other.VPC.Main}
		slices.Sort(tables)
		next := fmt.Sprintf("if the routes aren't needed, in 111111111111: aws ec2 delete-route --region us-east-1 "+
			"--route-table-id %s --destination-cidr-block 10.20.0.0/16; aws ec2 delete-route --region us-east-1 "+
			"--route-table-id %s --destination-cidr-block 10.20.0.0/16", tables[0], tables[1])
		if o := announced[0]; o.Cell != one || o.Next != next || len(o.State) != 2 || len(o.Changes) > 0 {
			t.Errorf("announced %+v, want the two routes and the next step %s", o, next)
		}
		t.ByHand(one, func(p *lab.Person) {
			for _, table := range tables {
				p.DeleteRoute(table, "10.20.0.0/16")
			}
		})
		time.Sleep(25 * time.Hour)
		if n := len(unowned(t, pcx)); n != 2 {
			t.Errorf("announced %d times after the routes were deleted, want 2", n)
		}
	})
}

func unowned(t *sandboxtest.T, pcx peering.ConnectionID) []outcome.Outcome {
	return slices.DeleteFunc(t.Announced(outcome.Failed, pcx), func(o outcome.Outcome) bool {
		return o.Reason.Code != "unowned-blackhole"
	})
}

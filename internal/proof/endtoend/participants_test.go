package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAParticipantsGroupIsNamed: the owner of a shared VPC can describe a participant's group and can't change its
// rules. The connection gets the rest, and the announcement names the group and its owner.
func TestAParticipantsGroupIsNamed(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		participant := peering.Cell{Account: "333333333333", Region: accepter.Region}
		t.Cloud.EC2.(*ec2.Service).Share(string(f.VPC.ID), string(participant.Account))
		var group peering.SecurityGroupID
		t.ByHand(participant, func(p *lab.Person) {
			group = p.Group(f.VPC, "theirs", map[string]string{"Role": "finance-server"}) // the tag isn't shown to the owner
		})
		line := fmt.Sprintf("allow: [{ from: marketing, to: finance, groups: { ids: [%s] }, protocol: tcp, ports: [443] }, "+
			"{ from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }]", group)
		t.Policy(between(m, f, line))
		pcx := t.Ask(m, f)
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		words := fmt.Sprintf("%s gets no rules: it belongs to the account 333333333333, a participant", group)
		isNamed := func(o outcome.Outcome) bool {
			return o.Side == peering.Accepter &&
				slices.ContainsFunc(o.Notes, func(n string) bool { return strings.HasPrefix(n, words) })
		}
		if announced := t.Announced(outcome.Connected, pcx); !slices.ContainsFunc(announced, isNamed) {
			t.Errorf("announced %+v, want a note about %s", announced, group)
		}
		if announced := t.Announced(outcome.Failed, pcx); len(announced) > 0 {
			t.Errorf("announced as failed: %+v", announced)
		}
	})
}

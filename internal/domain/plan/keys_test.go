package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestKeys states the keys, from which the ids of announcements are made: a changed key is a changed id.
func TestKeys(t *testing.T) {
	t.Parallel()
	block := prefixes("172.31.0.0/16")[0]
	icmp := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Source: block}
	ssh := peering.Permission{Protocol: peering.TCP, From: 22, To: 23, Group: "sg-2"}
	for want, change := range map[string]plan.Change{
		"create-route|rtb-1|172.31.0.0/16|pcx-1": plan.CreateRoute{Table: "rtb-1", Destination: block, Via: "pcx-1"},
		"replace-route|rtb-1|172.31.0.0/16|pcx-old|pcx-1": plan.ReplaceRoute{
			Table: "rtb-1", Destination: block, Was: "pcx-old", Via: "pcx-1",
		},
		"delete-route|rtb-1|172.31.0.0/16|pcx-1": plan.DeleteRoute{Table: "rtb-1", Destination: block, Via: "pcx-1"},
		"authorize|sg-1|pcx-1|icmp/-1/-1/172.31.0.0/16,tcp/22/23/sg-2": plan.Authorize{
			Group: "sg-1", Connection: "pcx-1", By: installation, Permissions: []peering.Permission{icmp, ssh},
			Peer: "111111111111", Description: "words",
		},
		"revoke|sg-1|pcx-1|[sgr-1 sgr-2]": plan.Revoke{
			Group: "sg-1", Connection: "pcx-1", By: "autopeer", Rules: []peering.RuleID{"sgr-1", "sgr-2"},
		},
		"enable-dns|pcx-1|requester": plan.EnableDNS{Connection: "pcx-1", Role: peering.Requester},
		"tag|pcx-1|Name,autopeer,b": plan.Tag{
			Connection: "pcx-1", Tags: map[string]string{"b": "c", "Name": "a", "autopeer": ""},
		},
	} {
		if got := change.Key(); got != want {
			t.Errorf("Key() of %q = %q, want %q", change, got, want)
		}
	}
}

func TestKeysOfTheState(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1")}
		s.Groups = []peering.SecurityGroup{{ID: "sg-1"}}
		s.Terms.Allow = []policy.Allow{{
			Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
		}}
	}))
	want := []plan.Fact{
		{Sentence: "rtb-1 routes 172.31.0.0/16 to pcx-new", Key: "route|rtb-1|172.31.0.0/16|pcx-new"},
		{Sentence: "sg-1 admits icmp from 172.31.0.0/16", Key: "rule|sg-1|icmp/-1/-1/172.31.0.0/16"},
	}
	if diff := cmp.Diff(want, p.State); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestQuotaCodes(t *testing.T) {
	t.Parallel()
	limited := func(limits policy.Limits) plan.Side {
		return marketing(func(s *plan.Side) {
			s.Limits, s.Tables = limits, []peering.RouteTable{table("rtb-1")}
			s.Connection.Accepter.Blocks = prefixes("172.31.0.0/16", "172.30.0.0/16", "2001:db8::/56", "2001:db8:1::/56")
		})
	}
	var got []string
	for _, s := range plan.Connect(limited(policy.Limits{Routes: 1})).Shortages {
		got = append(got, s.Quota)
	}
	if diff := cmp.Diff([]string{"routes-ipv4", "routes-ipv6"}, got); diff != "" {
		t.Errorf("quotas (-want +got):\n%s", diff)
	}
	s := limited(policy.Limits{Peerings: 1})
	other := peering.Connection{ID: "pcx-other", State: peering.Active, Requester: s.Connection.Requester}
	_, shortages := plan.Foresee(plan.Inventory{Living: []peering.Connection{other}}.Prospects(
		s.Connection.Requester.Cell(), s.Connection, policy.Decision{}, &policy.Policy{Limits: s.Limits})...)
	if len(shortages) != 1 || shortages[0].Quota != "peerings" {
		t.Errorf("shortages = %+v, want one of the quota peerings", shortages)
	}
}

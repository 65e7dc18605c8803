package plan_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

func TestUntagged(t *testing.T) {
	t.Parallel()
	https := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, Source: netip.MustParsePrefix("10.10.0.0/16")}
	group := peering.SecurityGroup{ID: "sg-1", Described: map[peering.Permission]peering.ConnectionID{https: "pcx-1"}}
	rule := func(in peering.SecurityGroupID, p peering.Permission, tags map[string]string) []peering.IngressRule {
		return []peering.IngressRule{{Group: in, Permission: p, Tags: tags}}
	}
	ours := map[string]string{peering.TagConnection: "pcx-1", peering.TagManaged: "autopeer"}
	blues := map[string]string{peering.TagConnection: "pcx-1", peering.TagManaged: "blue"}
	lost := []plan.UntaggedRule{{Group: "sg-1", Permission: https, Connection: "pcx-1"}}
	tests := []struct {
		name  string
		rules []peering.IngressRule
		want  []plan.UntaggedRule
	}{
		{"a tagged rule", rule("sg-1", https, ours), nil},
		{"another installation's rule", rule("sg-1", https, blues), nil},
		{"no rule is tagged", nil, lost},
		{"half of the tags is lost", rule("sg-1", https, map[string]string{peering.TagConnection: "pcx-1"}), lost},
		{"the tagged rule is another group's", rule("sg-2", https, ours), lost},
		{"the tagged rule admits something else",
			rule("sg-1", peering.Permission{Protocol: peering.TCP, From: 80, To: 80, Source: https.Source}, ours), lost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := plan.Untagged([]peering.SecurityGroup{group}, tt.rules)
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Errorf("Untagged() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntaggedRulesAreDescribed(t *testing.T) {
	t.Parallel()
	r := plan.UntaggedRule{
		Group: "sg-1", Connection: "pcx-1", Permission: peering.Permission{
			Protocol: peering.TCP, From: 443, To: 443, Source: netip.MustParsePrefix("10.10.0.0/16"),
		},
	}
	const sentence = "sg-1 admits tcp 443 from 10.10.0.0/16 by a rule that autopeer made for pcx-1 and that has lost " +
		"its tags, so autopeer can't revoke it"
	if got := r.String(); got != sentence {
		t.Errorf("String() = %q, want %q", got, sentence)
	}
	if got := r.Key(); got != "untagged-rule|sg-1|pcx-1|tcp/443/443/10.10.0.0/16" {
		t.Errorf("Key() = %q", got)
	}
}

func TestToRevoke(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]peering.Permission{
		`[{"FromPort":443,"IpProtocol":"tcp","IpRanges":[{"CidrIp":"10.10.0.0/16"}],"ToPort":443}]`: {
			Protocol: peering.TCP, From: 443, To: 443, Source: netip.MustParsePrefix("10.10.0.0/16"),
		},
		`[{"FromPort":-1,"IpProtocol":"icmpv6","Ipv6Ranges":[{"CidrIpv6":"2001:db8::/56"}],"ToPort":-1}]`: {
			Protocol: peering.ICMPv6, From: -1, To: -1, Source: netip.MustParsePrefix("2001:db8::/56"),
		},
		`[{"IpProtocol":"-1","UserIdGroupPairs":[{"GroupId":"sg-2"}]}]`: {
			Protocol: peering.AllProtocols, From: -1, To: -1, Group: "sg-2",
		},
		`[{"FromPort":0,"IpProtocol":"udp","PrefixListIds":[{"PrefixListId":"pl-1"}],"ToPort":65535}]`: {
			Protocol: peering.UDP, From: 0, To: 65535, PrefixList: "pl-1",
		},
	} {
		if got := (plan.UntaggedRule{Permission: p}).ToRevoke(); got != want {
			t.Errorf("ToRevoke() = %s, want %s", got, want)
		}
	}
}

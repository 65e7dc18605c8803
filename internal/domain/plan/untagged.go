package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// UntaggedRule is an ingress rule with autopeer's description and without the tags by which autopeer recognizes its
// own rules. It stays: autopeer revokes no rule without its tags, and lacks the permission to tag an existing rule.
type UntaggedRule struct {
	Group      peering.SecurityGroupID
	Permission peering.Permission
	Connection peering.ConnectionID // that the description names
}

// Untagged returns the untagged rules of the groups, sorted. The rules are those with tags, of any installation.
func Untagged(groups []peering.SecurityGroup, rules []peering.IngressRule) []UntaggedRule {
	type key struct {
		group      peering.SecurityGroupID
		permission peering.Permission
	}
	tagged := map[key]bool{}
	for _, r := range rules {
		if r.MadeBy() != "" {
			tagged[key{r.Group, r.Permission}] = true
		}
	}
	var all []UntaggedRule
	for _, g := range groups {
		for p, c := range g.Described {
			if !tagged[key{g.ID, p}] {
				all = append(all, UntaggedRule{g.ID, p, c})
			}
		}
	}
	slices.SortFunc(all, func(a, b UntaggedRule) int { return cmp.Compare(a.Key(), b.Key()) })
	return all
}

// String describes the rule: "sg-1 admits tcp 443 from 10.10.0.0/16 by a rule …".
func (r UntaggedRule) String() string {
	return fmt.Sprintf("%s admits %s by a rule that autopeer made for %s and that has lost its tags, "+
		"so autopeer can't revoke it",
		r.Group, admits(r.Permission), r.Connection)
}

// Key identifies the rule.
func (r UntaggedRule) Key() string {
	return key("untagged-rule", r.Group, r.Connection, permissionKey(r.Permission))
}

// ToRevoke returns the rule as the argument of --ip-permissions, by which the AWS CLI revokes it.
func (r UntaggedRule) ToRevoke() string {
	p := r.Permission
	argument := map[string]any{"IpProtocol": p.Protocol}
	if p.Protocol != peering.AllProtocols {
		argument["FromPort"], argument["ToPort"] = p.From, p.To
	}
	switch {
	case p.Group != "":
		argument["UserIdGroupPairs"] = []any{map[string]any{"GroupId": p.Group}}
	case p.PrefixList != "":
		argument["PrefixListIds"] = []any{map[string]any{"PrefixListId": p.PrefixList}}
	case p.Source.Addr().Is4():
		argument["IpRanges"] = []any{map[string]any{"CidrIp": p.Source}}
	default:
		argument["Ipv6Ranges"] = []any{map[string]any{"CidrIpv6": p.Source}}
	}
	text, _ := json.Marshal([]any{argument}) // plain values can always be encoded
	return string(text)
}

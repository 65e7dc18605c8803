package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// parseSource parses the words between the first end and the arrow.
func (q *Question) parseSource(words []string) error {
	if len(words) == 0 {
		return nil
	}
	var err error
	if len(words) == 2 && words[0] == "from" {
		q.source, err = netip.ParsePrefix(words[1])
	}
	if err != nil || q.source != q.source.Masked() || !q.source.IsValid() {
		return fmt.Errorf("%q is no source; write it like from 10.10.1.0/24", strings.Join(words, " "))
	}
	return nil
}

// checkSource reports a source that no packet of the traffic can have, so that every policy would deny it.
func (q *Question) checkSource(p *policy.Policy, text string) error {
	if !q.source.IsValid() {
		return nil
	}
	if q.wanted == nil {
		return fmt.Errorf("%q names a source and no protocol; add a protocol, such as tcp 443", text)
	}
	if q.wanted[0].protocol != peering.AllProtocols && !fits(q.wanted[0].protocol, q.source) {
		return fmt.Errorf("source %s has the other family than %s; icmp is for IPv4, and icmpv6 for IPv6",
			q.source, q.wanted[0].protocol)
	}
	var all []netip.Prefix
	for _, s := range viewsOf(p, q.From, q.To) {
		x, _ := pair(p, s.a, s.b)
		all = append(all, blocks(p, x, s.a)...)
	}
	if slices.ContainsFunc(all, func(b netip.Prefix) bool { return cidr.Contains(b, q.source) }) {
		return nil
	}
	return fmt.Errorf("source %s lies outside the blocks of %s; they are %s",
		q.source, q.From.Text, texts(cidr.Merge(all)))
}

// parseGroups parses the ID of a security group, or tags such as Role=ledger,Tier=private.
func (q *Question) parseGroups(p *policy.Policy, text string) error {
	known := groupsOf(p)
	place := text
	switch {
	case slices.Contains(known, text):
	case strings.HasPrefix(text, "sg-"):
		if !peering.SecurityGroupID(text).IsValid() {
			return fmt.Errorf("invalid security group ID %q; want sg- and 8 or 17 hex digits", text)
		}
	default:
		tags, err := parseTags(text)
		if err != nil {
			return err
		}
		place = asWritten(tags)
	}
	if question := suggest.Question(place, known); !slices.Contains(known, place) && question != "" {
		return fmt.Errorf("no entry under `allow:` of %s has the groups %s; %s", p.File, place, question)
	}
	q.groups = place
	if !strings.HasPrefix(place, "sg-") {
		q.groups = "groups tagged " + strings.ReplaceAll(place, ",", ", ")
	}
	return nil
}

func parseTags(text string) (map[string]string, error) {
	tags := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(pair, "=")
		if _, isTwice := tags[key]; !found || key == "" || isTwice {
			return nil, fmt.Errorf("%q is neither tags nor the ID of a security group; "+
				"write it like in Role=ledger, or in sg-0a1b2c3d4e5f60001", text)
		}
		tags[key] = value
	}
	return tags, nil
}

// groupsOf returns the groups of all entries of allow, as questions name them.
func groupsOf(p *policy.Policy) []string {
	var all []string
	add := func(text string) {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	for _, e := range p.Peerings {
		for _, a := range e.Allow {
			for _, id := range a.Groups.IDs {
				add(string(id))
			}
			if len(a.Groups.Tags) > 0 {
				add(asWritten(a.Groups.Tags))
			}
		}
	}
	return all
}

// asWritten returns tags as questions name them.
func asWritten(tags map[string]string) string { return strings.ReplaceAll(tagged(tags), ", ", ",") }

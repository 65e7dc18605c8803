package policyfile

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Values of the file that have no type in the policy.
type (
	name     string // of a department
	tagKey   string
	tagValue string
	version  int
)

// kind is how one type of scalar is written.
type kind[T any] struct {
	yaml    []string // the shapes it may have
	quoted  bool     // text must be in quotes
	example string
	pattern string      // that text matches, for the schema
	words   []string    // that text is one of, for the schema
	least   json.Number // and most: the bounds of a number, for the schema
	most    json.Number
	// parse returns the value, or what is wrong and what would be right.
	parse func(text string) (value T, problem, fix string)
}

const (
	isText   = "text"
	isNumber = "a number"
	isBool   = "true or false"
)

// kinds has the kind of every T of a scalar[T] in the document.
var kinds = map[reflect.Type]any{
	reflect.TypeFor[bool](): kind[bool]{yaml: []string{isBool}, example: "true", parse: parseBool},
	reflect.TypeFor[version](): kind[version]{
		yaml: []string{isNumber}, example: "1", least: "1", most: "1", parse: parseVersion,
	},

	reflect.TypeFor[name]():     byPattern[name](`^[A-Za-z][A-Za-z0-9_-]{0,63}$`, "marketing"),
	reflect.TypeFor[tagKey]():   byPattern[tagKey](`^.{1,128}$`, "Tier"),
	reflect.TypeFor[tagValue](): byPattern[tagValue](`^.{0,256}$`, "private"),

	reflect.TypeFor[peering.AccountID](): inQuotes(byPattern[peering.AccountID](`^[0-9]{12}$`, `"111111111111"`)),
	reflect.TypeFor[peering.Region]():    byPattern[peering.Region](`^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$`, "us-east-1"),

	reflect.TypeFor[peering.VPCID]():           byPattern[peering.VPCID](idPattern("vpc"), "vpc-0a1b2c3d4e5f60001"),
	reflect.TypeFor[peering.SubnetID]():        byPattern[peering.SubnetID](idPattern("subnet"), "subnet-0a1b2c3d4e5f60001"),
	reflect.TypeFor[peering.RouteTableID]():    byPattern[peering.RouteTableID](idPattern("rtb"), "rtb-0a1b2c3d4e5f60001"),
	reflect.TypeFor[peering.SecurityGroupID](): byPattern[peering.SecurityGroupID](idPattern("sg"), "sg-0a1b2c3d4e5f60001"),

	reflect.TypeFor[peeringLimit](): upTo[peeringLimit](mostPeerings),
	reflect.TypeFor[routeLimit]():   upTo[routeLimit](mostRoutes),
	reflect.TypeFor[ruleLimit]():    upTo[ruleLimit](mostRules),

	reflect.TypeFor[policy.Otherwise]():  byWord(policy.LeaveOthers, policy.RejectOthers),
	reflect.TypeFor[policy.Removed]():    byWord(policy.ReportRemoved, policy.DisconnectRemoved),
	reflect.TypeFor[peering.Role]():      byWord(peering.Requester, peering.Accepter),
	reflect.TypeFor[policy.Approval]():   byWord(policy.ManualApproval),
	reflect.TypeFor[policy.TableScope](): byWord(policy.AllTables, policy.MainTable, policy.NoTables),
	reflect.TypeFor[peering.Protocol]():  protocolKind(),

	reflect.TypeFor[netip.Prefix](): kind[netip.Prefix]{
		yaml: []string{isText}, example: `10.0.0.0/16 or "2001:db8::/56"`, pattern: cidrPattern, parse: parseCIDR,
	},
	reflect.TypeFor[source](): kind[source]{
		yaml: []string{isText}, example: "10.0.0.0/16", pattern: sourcePattern, parse: parseSource,
	},
	reflect.TypeFor[policy.PortRange](): kind[policy.PortRange]{
		yaml: []string{isNumber, isText}, example: "443 or 5432-5440",
		pattern: portsPattern, least: "1", most: "65535", parse: parsePorts,
	},
	reflect.TypeFor[policy.ICMPType](): kind[policy.ICMPType]{
		yaml: []string{isNumber, isText}, example: `8 or "3/4"`,
		pattern: typePattern, least: "0", most: "255", parse: parseType,
	},
}

const cidrPattern = `^[0-9A-Fa-f.:]+/[0-9]{1,3}$`

func kindOf[T any]() kind[T] { return kinds[reflect.TypeFor[T]()].(kind[T]) }

// misshapen says what is wrong with the node's YAML, whatever it says, and what would be right.
func (k kind[T]) misshapen(n ast.Node) (problem, fix string) {
	found, text := shape(n), n.GetToken().Value
	bare := found == isNumber || found == isBool || found == isText && !isQuoted(n)
	switch {
	case k.quoted && bare && !strings.ContainsAny(text, `"'`):
		// YAML 1.1 takes 012345670123 for an octal number, and several tools still do.
		return fmt.Sprintf("%s is not in quotes, and YAML may take it for a number", quoted(text)),
			fmt.Sprintf("write %q", text)
	case slices.Contains(k.yaml, found):
		return "", ""
	case bare && slices.Contains(k.yaml, isText):
		return fmt.Sprintf("%s is %s to YAML", quoted(text), found), fmt.Sprintf("for text put it in quotes: %q", text)
	}
	return "is " + found, "it is " + alternatives(k.yaml) + ", as in " + k.example
}

// idPattern matches the ids that EC2 gives, of 17 digits and, in old accounts, of 8.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
func idPattern(prefix string) string { return "^" + prefix + "-([0-9a-f]{8}|[0-9a-f]{17})$" }

func byPattern[T ~string](pattern, example string) kind[T] {
	compiled := regexp.MustCompile(pattern)
	parse := func(text string) (T, string, string) {
		if !compiled.MatchString(text) {
			return "", "has the wrong form", "write it like " + example
		}
		return T(text), "", ""
	}
	return kind[T]{yaml: []string{isText}, example: example, pattern: pattern, parse: parse}
}

func inQuotes[T any](k kind[T]) kind[T] {
	k.quoted = true
	return k
}

func byWord[T ~string](values ...T) kind[T] {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	parse := func(text string) (T, string, string) {
		if i := slices.Index(words, text); i >= 0 {
			return values[i], "", ""
		}
		return "", "is not known", suggest(text, words)
	}
	return kind[T]{yaml: []string{isText}, example: words[0], words: words, parse: parse}
}

// protocolKind writes "all" where EC2 writes "-1".
func protocolKind() kind[peering.Protocol] {
	const all = "all"
	k := byWord(peering.TCP, peering.UDP, peering.ICMP, peering.ICMPv6, peering.Protocol(all))
	word := k.parse
	k.parse = func(text string) (peering.Protocol, string, string) {
		p, problem, fix := word(text)
		if p == all {
			p = peering.AllProtocols
		}
		return p, problem, fix
	}
	return k
}

func parseBool(text string) (bool, string, string) { return strings.EqualFold(text, "true"), "", "" }

func parseVersion(text string) (version, string, string) {
	if text != "1" {
		return 0, "is not known", "this program reads version 1"
	}
	return 1, "", ""
}

func parseCIDR(text string) (netip.Prefix, string, string) {
	p, err := netip.ParsePrefix(text)
	if a, addrErr := netip.ParseAddr(text); err != nil && addrErr == nil && a.Zone() == "" {
		return p, "has no prefix length", fmt.Sprintf("a single address is %s/%d", text, a.BitLen())
	}
	switch {
	case err != nil:
		return p, "is not a CIDR block", "write it like 10.0.0.0/16 or 2001:db8::/56"
	case p.Addr().Is4In6():
		return p, "is an IPv4 block written as IPv6", "write it like 10.0.0.0/16"
	case p != p.Masked():
		return p, "has bits set after the prefix", fmt.Sprintf("the block is %s", p.Masked())
	}
	return p, "", ""
}

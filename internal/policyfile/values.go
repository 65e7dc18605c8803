package policyfile

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/token"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// parse returns the value of a text whose form the schema allows, or else the problem that a schema can't see, and
// the fix.
func parse[T any](e *element) (value T, problem, fix string) {
	text := e.text()
	switch v := any(&value).(type) {
	case *peering.AccountID:
		*v, problem, fix = parseAccount(e)
	case *peering.Protocol:
		if *v = peering.Protocol(text); text == allProtocols {
			*v = peering.AllProtocols
		}
	case *netip.Prefix:
		*v, problem, fix = parseCIDR(text)
	case *source:
		*v, problem, fix = parseSource(text)
	case *policy.PortRange:
		*v, problem, fix = parsePorts(text)
	case *policy.ICMPType:
		*v = parseType(text)
	default:
		if x := reflect.ValueOf(e.json()); x.IsValid() && x.CanConvert(reflect.TypeFor[T]()) {
			value = x.Convert(reflect.TypeFor[T]()).Interface().(T)
		}
	}
	return value, problem, fix
}

func parseAccount(e *element) (a peering.AccountID, problem, fix string) {
	quotes := []token.Type{token.SingleQuoteType, token.DoubleQuoteType}
	if e.shape() == "string" && !slices.Contains(quotes, e.node.GetToken().Type) {
		problem, fix = unquoted(e.text())
	}
	return peering.AccountID(e.text()), problem, fix
}

// unquoted is the problem of an account without quotes. YAML 1.1 takes 012345670123 for an octal number, and
// several tools still do.
func unquoted(text string) (problem, fix string) {
	fix = fmt.Sprintf("write %q", text)
	if !peering.AccountID(text).IsValid() {
		fix = `write twelve digits in quotes, as in "111111111111"`
	}
	return "is not in quotes, and YAML may take it for a number", fix
}

func parseCIDR(text string) (p netip.Prefix, problem, fix string) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		problem, fix = split(notCIDR)
	case p.Addr().Is4In6():
		problem, fix = "is an IPv4 block written as IPv6", "write it like 10.0.0.0/16"
	case p != p.Masked():
		problem, fix = "has bits set after the prefix", fmt.Sprintf("the block is %s", p.Masked())
	}
	return p, problem, fix
}

func parseSource(text string) (s source, problem, fix string) {
	switch {
	case isGroup(text):
		s.group = peering.SecurityGroupID(text)
	case isPrefixList(text):
		s.list = peering.PrefixListID(text)
	default:
		s.block, problem, fix = parseCIDR(text)
	}
	return s, problem, fix
}

func isGroup(text string) bool { return strings.HasPrefix(text, "sg-") }

func isPrefixList(text string) bool { return strings.HasPrefix(text, "pl-") }

func parsePorts(text string) (p policy.PortRange, problem, fix string) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	p = policy.PortRange{From: digits(first), To: digits(last)}
	if p.From > p.To {
		return p, "is a range that ends before it begins", fmt.Sprintf("write %s-%s", last, first)
	}
	return p, "", ""
}

// parseType takes a type alone for all its codes, which EC2 writes as -1.
func parseType(text string) policy.ICMPType {
	first, code, hasCode := strings.Cut(text, "/")
	if !hasCode {
		code = "-1"
	}
	return policy.ICMPType{Type: digits(first), Code: digits(code)}
}

// split returns the two parts of a message.
func split(message string) (problem, fix string) {
	problem, fix, _ = strings.Cut(message, "; ")
	return problem, fix
}

// digits returns the value of digits that the schema allows.
func digits(text string) int32 {
	n, _ := strconv.ParseInt(text, 10, 32)
	return int32(n)
}

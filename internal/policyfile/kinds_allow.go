package policyfile

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// source is where traffic may come from. Exactly one field is set.
type source struct {
	block netip.Prefix
	group peering.SecurityGroupID
	list  peering.PrefixListID
}

var (
	groupPattern      = regexp.MustCompile(idPattern("sg"))
	prefixListPattern = regexp.MustCompile(idPattern("pl"))
	sourcePattern     = fmt.Sprintf("(%s)|(%s)|(%s)", cidrPattern, groupPattern, prefixListPattern)
)

// parseSource tells the three apart by their first letters, so that a mistake is about what was meant.
func parseSource(text string) (source, string, string) {
	isGroup, isList := strings.HasPrefix(text, "sg-"), strings.HasPrefix(text, "pl-")
	switch {
	case isGroup && !groupPattern.MatchString(text), isList && !prefixListPattern.MatchString(text):
		return source{}, "has the wrong form", fmt.Sprintf("write it like %s-0a1b2c3d4e5f60001", text[:2])
	case isGroup:
		return source{group: peering.SecurityGroupID(text)}, "", ""
	case isList:
		return source{list: peering.PrefixListID(text)}, "", ""
	case !strings.ContainsAny(text, "./:"):
		return source{}, "is neither a block, a security group nor a prefix list",
			"write it like 10.0.0.0/16, sg-0a1b2c3d4e5f60001 or pl-0a1b2c3d4e5f60001"
	}
	block, problem, fix := parseCIDR(text)
	return source{block: block}, problem, fix
}

const maxPort = 65535

// portsPattern matches a port or a range of ports as text.
const portsPattern = `^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$`

func parsePorts(text string) (policy.PortRange, string, string) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, fromFine := parseNumber(first, 1, maxPort)
	to, toFine := parseNumber(last, 1, maxPort)
	switch {
	case !fromFine || !toFine:
		return policy.PortRange{}, "is not a port or a range of ports",
			fmt.Sprintf("write 443 or 5432-5440, with ports from 1 to %d", maxPort)
	case from > to:
		return policy.PortRange{}, "is a range that ends before it begins", fmt.Sprintf("write %d-%d", to, from)
	}
	return policy.PortRange{From: from, To: to}, "", ""
}

const maxType = 255

// typePattern matches an ICMP type, and a type with a code, as text.
const typePattern = `^(0|[1-9][0-9]{0,2})(/(0|[1-9][0-9]{0,2}))?$`

// parseType takes a type alone for all its codes, which EC2 writes as -1.
func parseType(text string) (policy.ICMPType, string, string) {
	first, second, hasCode := strings.Cut(text, "/")
	number, fine := parseNumber(first, 0, maxType)
	code, codeFine := int32(-1), true
	if hasCode {
		code, codeFine = parseNumber(second, 0, maxType)
	}
	if !fine || !codeFine {
		return policy.ICMPType{}, "is not a type of ICMP",
			fmt.Sprintf(`write 8, or "3/4" for type and code, with numbers from 0 to %d`, maxType)
	}
	return policy.ICMPType{Type: number, Code: code}, "", ""
}

// parseNumber refuses signs, spaces, and zeros in front, which ParseInt alone would let pass.
func parseNumber(text string, least, most int32) (int32, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(n, 10) != text || n < int64(least) || n > int64(most) {
		return 0, false
	}
	return int32(n), true
}

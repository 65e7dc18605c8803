package main

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/infra/cdkjson"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// settings are the operator's choices: the keys of the context that begin with lab, and the prefix.
type settings struct {
	prefix         string
	administrators []string // ARN patterns of principals that the bucket's policy lets in without the endpoint
	departments    []department
}

// department is the place and the block of one department's VPC.
type department struct {
	name            string // marketing
	block           netip.Prefix
	account, region string
	private         bool // without a way to the internet, with VPC endpoints instead
}

var standard = []department{
	{name: "marketing", block: netip.MustParsePrefix("10.10.0.0/16")},
	{name: "finance", block: netip.MustParsePrefix("172.31.0.0/16"), private: true},
	{name: "developer", block: netip.MustParsePrefix("10.20.0.0/16")},
}

var accountForm = regexp.MustCompile(`^[0-9]{12}$`)

// parseSettings reads the context. A department without an account or a Region gets those that the CDK's command line
// has found in the operator's configuration. Other programs' keys are ignored, and unknown ones that begin with lab are
// refused.
func parseSettings(context any, getenv func(string) string) (settings, error) {
	values, _ := context.(map[string]any)
	known := map[string]bool{"labAdministrators": true, "labDeployer": true}
	s := settings{prefix: text(values["prefix"])}
	if s.prefix == "" {
		s.prefix = "autopeer"
	}
	if len(s.prefix) > 14 || !prefixForm.MatchString(s.prefix) {
		return settings{}, fmt.Errorf("prefix: %q must be 1 to 14 of a-z, 0-9 and single dashes between them, a letter first",
			s.prefix)
	}
	for _, pattern := range append(texts(values["labAdministrators"]), roleOf(text(values["labDeployer"]))...) {
		if !strings.HasPrefix(pattern, "arn:") {
			return settings{},
				fmt.Errorf("labAdministrators: %q is no pattern of ARNs; write it like arn:aws:iam::111111111111:role/Admin",
					pattern)
		}
		s.administrators = append(s.administrators, pattern)
	}
	for _, d := range standard {
		key := "lab" + strings.ToUpper(d.name[:1]) + d.name[1:]
		known[key+"Cidr"], known[key+"Account"], known[key+"Region"] = true, true, true
		if err := d.set(key, values, getenv); err != nil {
			return settings{}, err
		}
		s.departments = append(s.departments, d)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(key, cdkjson.Lab) && !known[key] {
			fix := suggest.Fix(key, slices.Sorted(maps.Keys(known)))
			return settings{}, fmt.Errorf("context has the unknown key %q; %s", key, fix)
		}
	}
	return s, s.check()
}

// prefixForm is that of the cells' prefix, which also begins the bucket's name.
var prefixForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// texts reads a list, or the parts of a text between commas.
func texts(value any) []string {
	var all []string
	list, isList := value.([]any)
	if !isList {
		for _, part := range strings.Split(text(value), ",") {
			list = append(list, part)
		}
	}
	for _, part := range list {
		if trimmed := strings.TrimSpace(text(part)); trimmed != "" {
			all = append(all, trimmed)
		}
	}
	return all
}

// roleOf returns patterns of the role of a session, as sts get-caller-identity names it, with any path, or else the
// principal itself.
func roleOf(principal string) []string {
	prefix, session, found := strings.Cut(principal, ":assumed-role/")
	name, _, _ := strings.Cut(session, "/")
	switch {
	case principal == "":
		return nil
	case !found:
		return []string{principal}
	}
	prefix = strings.Replace(prefix, ":sts:", ":iam:", 1)
	return []string{prefix + ":role/" + name, prefix + ":role/*/" + name}
}

func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func (d *department) set(key string, values map[string]any, getenv func(string) string) error {
	if block := text(values[key+"Cidr"]); block != "" {
		parsed, err := netip.ParsePrefix(block)
		if err != nil {
			return fmt.Errorf("%sCidr: %q is no CIDR block; write it like %s", key, block, d.block)
		}
		d.block = parsed
	}
	if ones := d.block.Bits(); !d.block.Addr().Is4() || d.block != d.block.Masked() || ones < 16 || ones > 24 {
		return fmt.Errorf("%sCidr: %s must be an IPv4 block of /16 to /24 without host bits", key, d.block)
	}
	d.account, d.region = text(values[key+"Account"]), text(values[key+"Region"])
	if d.account == "" {
		d.account = getenv("CDK_DEFAULT_ACCOUNT")
	}
	if d.region == "" {
		d.region = getenv("CDK_DEFAULT_REGION")
	}
	if !accountForm.MatchString(d.account) {
		return fmt.Errorf("%sAccount: %q is no account of twelve digits; set the key, or credentials from which the CDK "+
			"reads the account", key, d.account)
	}
	if _, found := peering.PartitionOf(peering.Region(d.region)); !found {
		return fmt.Errorf("%sRegion: %q is no Region; set the key, or AWS_REGION", key, d.region)
	}
	return nil
}

// check refuses blocks that overlap, because EC2 connects no such VPCs.
func (s settings) check() error {
	for i, d := range s.departments {
		for _, other := range s.departments[:i] {
			if d.block.Overlaps(other.block) {
				return fmt.Errorf("the blocks of %s and %s overlap: %s and %s; EC2 doesn't connect VPCs with overlapping blocks",
					other.name, d.name, other.block, d.block)
			}
		}
	}
	return nil
}

// stackName returns the name of the department's stack.
func (s settings) stackName(d department) string { return s.prefix + "-lab-" + d.name }

// subnet returns the block of the department's only subnet: a /24 inside its block.
func (d department) subnet() netip.Prefix {
	address := d.block.Addr().As4()
	if d.block.Bits() < 24 {
		address[2]++
	}
	return netip.PrefixFrom(netip.AddrFrom4(address), 24)
}

// title returns the department's name as it begins the names of its resources.
func (d department) title() string { return strings.ToUpper(d.name[:1]) + d.name[1:] }

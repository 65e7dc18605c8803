package ec2

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are the parameters of one query, or of one member of a list in it with the member's prefix cut off.
// Names are case sensitive: https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html.
type params map[string]string

// protocolParams belong to the protocol or to a presigned GET, not to an action. Every call takes a ClientToken.
var protocolParams = []string{"Action", "Version", "DryRun", "ClientToken", "AWSAccessKeyId", "Signature",
	"SignatureMethod", "SignatureVersion", "Timestamp"}

func paramsOf(form url.Values) params {
	p := make(params, len(form))
	for name, values := range form {
		p[name] = values[0]
	}
	return p
}

// unknown returns the first parameter, in order of name, whose root no list names, or else the first member that its
// structure hasn't.
func (p params) unknown(known []string) string {
	var found, members []string
	for name := range p {
		root, _, _ := strings.Cut(name, ".")
		switch {
		case slices.Contains(known, root):
			if m := unknownMember(name); m != "" {
				members = append(members, m)
			}
		case !slices.Contains(protocolParams, root) && !strings.HasPrefix(root, "X-Amz-"):
			found = append(found, root)
		}
	}
	if len(found) == 0 {
		found = members
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

func (p params) has(name string) bool {
	if _, ok := p[name]; ok {
		return true
	}
	return slices.ContainsFunc(p.names(), func(n string) bool { return strings.HasPrefix(n, name+".") })
}

func (p params) names() []string {
	names := make([]string, 0, len(p))
	for n := range p {
		names = append(names, n)
	}
	return names
}

// must returns a value that the action requires.
func (p params) must(name string) (string, error) {
	if v := p[name]; v != "" {
		return v, nil
	}
	return "", missing(name)
}

// list returns Name.1, Name.2 and so on, in order of their numbers. Name alone, as in some of AWS's samples,
// is a list of one.
func (p params) list(name string) []string {
	var values []string
	for _, item := range p.items(name) {
		if v, ok := item[""]; ok {
			values = append(values, v)
		}
	}
	if v, ok := p[name]; ok && len(values) == 0 {
		values = []string{v}
	}
	return values
}

// items returns the members Name.1.…, Name.2.…, each with its prefix cut off.
func (p params) items(name string) []params {
	members := map[int]params{}
	for full, value := range p {
		rest, ok := strings.CutPrefix(full, name+".")
		if !ok {
			continue
		}
		number, field, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err != nil || strconv.Itoa(n) != number { // 01 would be a second 1
			continue
		}
		if members[n] == nil {
			members[n] = params{}
		}
		members[n][field] = value
	}
	return sorted(members)
}

// within returns the fields of a structure: Name.Field as Field.
func (p params) within(name string) params {
	fields := params{}
	for full, value := range p {
		if field, ok := strings.CutPrefix(full, name+"."); ok {
			fields[field] = value
		}
	}
	return fields
}

func (p params) bool(name string) (bool, error) {
	v, ok := p[name]
	if !ok {
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, invalidValue("Invalid value '%s' for %s. Must be true or false", v, name)
	}
	return b, nil
}

// int returns the number, or otherwise if the parameter is absent.
func (p params) int(name string, otherwise int) (int, error) {
	v, ok := p[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, invalidValue("Invalid value '%s' for %s. Must be an integer", v, name)
	}
	return n, nil
}

// cidr returns the block in canonical form, as EC2 keeps it: 100.68.0.18/18 becomes 100.68.0.0/18.
func (p params) cidr(name string) (netip.Prefix, error) {
	v, err := p.must(name)
	if err != nil {
		return netip.Prefix{}, err
	}
	return parseCIDR(name, v)
}

func parseCIDR(name, v string) (netip.Prefix, error) {
	block, err := netip.ParsePrefix(v)
	wants6 := strings.Contains(strings.ToLower(name), "ipv6")
	if err != nil || wants6 != block.Addr().Is6() {
		return netip.Prefix{}, invalidValue("Value (%s) for parameter %s is invalid. This is not a valid CIDR block.",
			v, lowerFirst(name))
	}
	return block.Masked(), nil
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// timestamp is how EC2 writes an instant.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

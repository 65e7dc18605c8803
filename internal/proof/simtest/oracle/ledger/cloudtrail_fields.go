package ledger

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// fields is a JSON object of a CloudTrail record. A member that is absent or of another type reads as a zero value.
type fields map[string]any

// unwrapped returns the object in which the newer EC2 calls wrap their parameters, such as CreateRouteRequest.
func (f fields) unwrapped() fields {
	if len(f) == 1 {
		for name, inner := range f {
			if m, ok := inner.(map[string]any); ok &&
				(strings.HasSuffix(name, "Request") || strings.HasSuffix(name, "Response")) {
				return m
			}
		}
	}
	return f
}

// in returns a member that is an object; nil if there is none.
func (f fields) in(name string) fields {
	m, _ := f.any(name).(map[string]any)
	return m
}

// any returns a member by either spelling: the names of the newer EC2 calls begin with capitals.
func (f fields) any(name string) any {
	if v, ok := f[name]; ok {
		return v
	}
	return f[strings.ToUpper(name[:1])+name[1:]]
}

func (f fields) text(name string) string {
	switch v := f.any(name).(type) {
	case string:
		return v
	case float64:
		return fmt.Sprint(int(v))
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

func (f fields) number(name string) int {
	n, _ := f.any(name).(float64)
	return int(n)
}

// items returns the objects of a set, which CloudTrail wraps in a member "items".
func (f fields) items(name string) []fields {
	list, _ := f.in(name).any("items").([]any)
	var all []fields
	for _, item := range list {
		m, _ := item.(map[string]any)
		all = append(all, m)
	}
	return all
}

// ordered sorts the tags of a request, because the SDK sends them in random order.
func (f fields) ordered() fields {
	list, _ := f.in("tagSet").any("items").([]any)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return f
}

// block returns the first of the members that is a CIDR block.
func (f fields) block(names ...string) netip.Prefix {
	for _, name := range names {
		if p, err := netip.ParsePrefix(f.text(name)); err == nil {
			return p.Masked()
		}
	}
	return netip.Prefix{}
}

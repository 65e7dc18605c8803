package simtest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// fields is an element of a record.
type fields map[string]any

// unwrapped takes off the one member in which EC2's newer calls are wrapped.
func (f fields) unwrapped() fields {
	if len(f) == 1 {
		for name, inner := range f {
			if m, ok := inner.(map[string]any); ok && (strings.HasSuffix(name, "Request") || strings.HasSuffix(name, "Response")) {
				return m
			}
		}
	}
	return f
}

// in returns a member that has members.
func (f fields) in(name string) fields {
	m, _ := f.any(name).(map[string]any)
	return m
}

// any reads both spellings, as EC2's newer calls begin their names with capitals.
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

// items returns the members of a set.
func (f fields) items(name string) []fields {
	list, _ := f.in(name).any("items").([]any)
	var all []fields
	for _, item := range list {
		m, _ := item.(map[string]any)
		all = append(all, m)
	}
	return all
}

// ordered puts tags in order of their keys, which the SDK sends in any.
func (f fields) ordered() fields {
	list, _ := f.in("tagSet").any("items").([]any)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return f
}

func (f fields) block(names ...string) netip.Prefix {
	for _, name := range names {
		if p, err := netip.ParsePrefix(f.text(name)); err == nil {
			return p.Masked()
		}
	}
	return netip.Prefix{}
}

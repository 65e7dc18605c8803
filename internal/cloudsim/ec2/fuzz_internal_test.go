package ec2

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// FuzzParams takes a query apart and puts it together again. The members of a list are numbered from 1 then.
func FuzzParams(f *testing.F) {
	f.Add("Action=DescribeVpcs&VpcId.1=vpc-1&VpcId.2=vpc-2&Filter.1.Name=tag%3ARole&Filter.1.Value.1=a&Filter.1.Value.3=b")
	f.Add("Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22" +
		"&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F16&IpPermissions.1.Groups.2.GroupId=sg-2" +
		"&TagSpecification.1.Tag.1.Key=Name")
	f.Add("Action=ModifyVpcPeeringConnectionOptions" +
		"&RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true&DryRun=true")
	f.Add("Filter.10.Name=x&Filter.9.Name=y&Filter.0=z&Filter.x=1&Filter=2")
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Skip("no query")
		}
		p := paramsOf(form)
		for name := range p {
			if !isPlain(name) {
				t.Skip("no client writes such names")
			}
		}
		for _, root := range roots(p) {
			checkList(t, p, root)
			checkStructure(t, p, root)
		}
		checkUnknown(t, p)
	})
}

// isPlain reports whether numbers and names have no second spelling, such as 01 for 1.
func isPlain(name string) bool {
	for _, part := range strings.Split(name, ".") {
		n, err := strconv.Atoi(part)
		if part == "" || err == nil && strconv.Itoa(n) != part {
			return false
		}
	}
	return true
}

func checkList(t *testing.T, p params, root string) {
	t.Helper()
	again := params{}
	for i, item := range p.items(root) {
		for field, value := range item {
			again[strings.TrimSuffix(fmt.Sprintf("%s.%d.%s", root, i+1, field), ".")] = value
		}
	}
	if got, want := again.items(root), p.items(root); !reflect.DeepEqual(got, want) {
		t.Errorf("items(%q) of %v = %v, want %v as of %v", root, again, got, want, p)
	}
	if got, want := again.list(root), p.list(root); len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("list(%q) of %v = %v, want %v as of %v", root, again, got, want, p)
	}
}

func checkStructure(t *testing.T, p params, root string) {
	t.Helper()
	again := params{}
	for field, value := range p.within(root) {
		again[root+"."+field] = value
	}
	for name, value := range p {
		if strings.HasPrefix(name, root+".") && again[name] != value {
			t.Errorf("within(%q) of %v lacks %s", root, p, name)
		}
	}
	for name, value := range again {
		if p[name] != value {
			t.Errorf("within(%q) of %v made up %s", root, p, name)
		}
	}
}

// checkUnknown knows all roots, and then all but one, of the parameters whose members are known.
func checkUnknown(t *testing.T, p params) {
	t.Helper()
	p = maps.Clone(p)
	maps.DeleteFunc(p, func(name, _ string) bool { return unknownMember(name) != "" })
	all := roots(p)
	if got := p.unknown(all); got != "" {
		t.Errorf("unknown() of %v = %q, though all are known", p, got)
	}
	for i, root := range all {
		others := append(append([]string{}, all[:i]...), all[i+1:]...)
		if got := p.unknown(others); got != root && got != "" {
			t.Errorf("unknown() of %v = %q, want %q or nothing", p, got, root)
		}
	}
}

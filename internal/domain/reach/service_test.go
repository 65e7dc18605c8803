package reach_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// storage is a public address of S3.
var storage = netip.MustParseAddr("52.216.0.1")

// gatewayEndpoint adds an endpoint of S3 to vpc-a, with the route to the prefix list pl-s3 in rtb-a.
func gatewayEndpoint(w *world) {
	w.Endpoints = append(w.Endpoints, peering.Endpoint{ID: "vpce-s3", VPC: "vpc-a", Service: "s3", Gateway: true})
	t := w.table("rtb-a")
	t.Routes = append(t.Routes, peering.Route{PrefixList: "pl-s3", Target: "vpce-s3"})
}

// interfaceEndpoint adds an endpoint of Systems Manager to vpc-a. Its interface is in the instance's subnet and in the
// group sg-e, which admits HTTPS from the VPC.
func interfaceEndpoint(w *world) {
	w.SecurityGroups = append(w.SecurityGroups, peering.SecurityGroup{
		ID: "sg-e", VPC: "vpc-a", Ingress: []peering.Permission{tcpFrom("10.1.0.0/16", 443, 443)},
	})
	w.Endpoints = append(w.Endpoints,
		peering.Endpoint{ID: "vpce-ssm", VPC: "vpc-a", Service: "ssm", PrivateDNS: true, Interfaces: []peering.Interface{{
			ID: "eni-e", VPC: "vpc-a", Subnet: "subnet-a", Addresses: []netip.Addr{netip.MustParseAddr("10.1.0.9")},
			Groups: []peering.SecurityGroupID{"sg-e"},
		}}})
}

func onEndpoint(change func(*peering.Endpoint)) step {
	return func(w *world) { change(&w.Endpoints[len(w.Endpoints)-1]) }
}

func public(w *world) { w.face("a").Public = true }

// egress replaces the egress rules of sg-a.
func egressOf(rules ...peering.Permission) step {
	return func(w *world) { w.SecurityGroups[0].Egress = rules }
}

// blockedRoute adds a blackhole to S3's endpoint.
func blockedRoute(w *world) {
	t := w.table("rtb-a")
	t.Routes[len(t.Routes)-1].Blackhole = true
}

// unknownGroup puts a group that the network doesn't know before the group of i-a.
func unknownGroup(w *world) {
	f := w.face("a")
	f.Groups = append([]peering.SecurityGroupID{"sg-x"}, f.Groups...)
}

func TestServices(t *testing.T) {
	t.Parallel()
	listed := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, PrefixList: "pl-s3"}
	otherList := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, PrefixList: "pl-db"}
	otherPort := peering.Permission{Protocol: peering.TCP, From: 80, To: 80, PrefixList: "pl-s3"}
	for _, tt := range []struct {
		name    string
		change  step
		service string
		code    reach.Code
		want    string // the sentence of the blocker, or of the last hop on the way there
	}{
		{"no way out", nil, "s3", reach.NoRoute,
			"no route in rtb-a leads to s3, neither to its prefix list nor to the internet"},
		{"a gateway endpoint", gatewayEndpoint, "s3", "", "rtb-a leads to s3 by vpce-s3"},
		{"a gateway endpoint of another service", gatewayEndpoint, "dynamodb", reach.NoRoute,
			"no route in rtb-a leads to dynamodb, neither to its prefix list nor to the internet"},
		{"a route to the endpoint that is a blackhole", steps(gatewayEndpoint, blockedRoute), "s3", reach.NoRoute,
			"no route in rtb-a leads to s3, neither to its prefix list nor to the internet"},
		{"a gateway endpoint before the internet", steps(gatewayEndpoint, route("rtb-a", "0.0.0.0/0 igw-1")), "s3", "",
			"rtb-a leads to s3 by vpce-s3"},
		{"egress to the prefix list", steps(gatewayEndpoint, egressOf(listed)), "s3", "", "rtb-a leads to s3 by vpce-s3"},
		{"egress to another prefix list", steps(gatewayEndpoint, egressOf(otherList)), "s3", reach.Egress, ""},
		{"egress to the prefix list at another port", steps(gatewayEndpoint, egressOf(otherPort)), "s3", reach.Egress, ""},
		{"a prefix list without an endpoint", steps(egressOf(listed), route("rtb-a", "0.0.0.0/0 igw-1"), public),
			"s3", reach.Egress, ""},
		{"egress to private addresses beside the internet",
			steps(egressOf(tcpFrom("10.0.0.0/8", 443, 443)), route("rtb-a", "0.0.0.0/0 igw-1"), public), "s3",
			reach.Egress, "sg-a admits no tcp 443 to 52.216.0.1 (egress)"},
		{"a group that is not known before one that admits", steps(gatewayEndpoint, egressOf(listed), unknownGroup), "s3", "",
			"rtb-a leads to s3 by vpce-s3"},
		{"no egress", steps(gatewayEndpoint, egressOf()), "s3", reach.Egress,
			"sg-a admits no tcp 443 to 52.216.0.1 (egress)"},
		{"a network ACL that denies the call",
			steps(gatewayEndpoint, acl("acl-a", entry(90, true, false, tcpFrom("0.0.0.0/0", 443, 443)))), "s3", reach.NetworkACL,
			"network ACL acl-a rule 90 denies tcp 443 to 52.216.0.1 (egress of subnet-a)"},
		{"a network ACL that denies the answer",
			steps(gatewayEndpoint, acl("acl-a", entry(90, false, false, tcpFrom("52.0.0.0/8", 1024, 65535)))),
			"s3", reach.NetworkACL,
			"network ACL acl-a rule 90 denies tcp answers to ephemeral ports from 1024 from 52.216.0.1 (ingress of subnet-a)"},
		{"the internet with a public address", steps(route("rtb-a", "0.0.0.0/0 igw-1"), public), "s3", "",
			"the route to 0.0.0.0/0 in rtb-a leads by igw-1 to the internet"},
		{"the internet without a public address", route("rtb-a", "0.0.0.0/0 igw-1"), "s3", reach.NoAddress,
			"rtb-a leads to s3 by igw-1, but i-a has no public address"},
		{"the internet by a NAT gateway", route("rtb-a", "0.0.0.0/0 nat-1"), "s3", "",
			"the route to 0.0.0.0/0 in rtb-a leads by nat-1 to the internet"},
		{"a blackhole", steps(route("rtb-a", "0.0.0.0/0 igw-1 blackhole"), public), "s3", reach.Blackhole,
			"the route to 0.0.0.0/0 in rtb-a is a blackhole (igw-1 is not available)"},
		{"a peer's gateway", route("rtb-a", "0.0.0.0/0 pcx-ab"), "s3", reach.NotTransitive,
			"peering is not transitive: the route to 0.0.0.0/0 in rtb-a leads by pcx-ab into a VPC " +
				"that passes nothing on to s3"},
		{"another target", route("rtb-a", "52.0.0.0/8 tgw-1"), "s3", reach.Elsewhere,
			"the route to 52.0.0.0/8 in rtb-a leads to tgw-1, which is not known here"},
		{"a subnet without a table", func(w *world) {
			w.RouteTables = nil
		}, "s3", reach.NoRoute, "no route table of subnet-a is known here"},
		{"an unknown instance", func(w *world) {
			w.Instances = nil
		}, "s3", reach.NoInstance, "instance i-a is not known here"},
		{"an instance without an interface", func(w *world) {
			w.Instances[0].Interfaces = nil
		}, "s3", reach.NoInstance, "instance i-a is not known here"},
		{"an instance with IPv6 alone", func(w *world) {
			w.Instances[0].Interfaces[0].Addresses = []netip.Addr{netip.MustParseAddr("2001:db8::5")}
		}, "s3", reach.NoAddress, "i-a has no address of the family of 52.216.0.1"},
		{"an interface without an address", func(w *world) {
			w.Instances[0].Interfaces[0].Addresses = nil
		}, "s3", reach.NoAddress, "i-a has no address of the family of 52.216.0.1"},

		{"an interface endpoint", interfaceEndpoint, "ssm", "", ""},
		{"an interface endpoint of another VPC", steps(interfaceEndpoint, onEndpoint(func(e *peering.Endpoint) {
			e.VPC = "vpc-b"
		})), "ssm", reach.NoRoute,
			"no route in rtb-a leads to ssm, neither to its prefix list nor to the internet"},
		{"an interface endpoint whose group admits nothing", steps(interfaceEndpoint, func(w *world) {
			w.SecurityGroups[1].Ingress = nil
		}), "ssm", reach.Ingress,
			"sg-e admits no tcp 443 from 10.1.0.0/16"},
		{"an interface endpoint without private DNS", steps(interfaceEndpoint, onEndpoint(func(e *peering.Endpoint) {
			e.PrivateDNS = false
		})), "ssm", reach.PrivateDNS,
			"private DNS of vpce-ssm is off, so that the name of ssm leads to the internet, to which rtb-a has no route"},
		{"an interface endpoint without private DNS beside the internet",
			steps(interfaceEndpoint, onEndpoint(func(e *peering.Endpoint) {
				e.PrivateDNS = false
			}), route("rtb-a", "0.0.0.0/0 igw-1"), public),
			"ssm", "", "the route to 0.0.0.0/0 in rtb-a leads by igw-1 to the internet"},
		{"an interface endpoint without interfaces", steps(interfaceEndpoint, onEndpoint(func(e *peering.Endpoint) {
			e.Interfaces = nil
		})), "ssm", reach.PrivateDNS,
			"private DNS of vpce-ssm is off, so that the name of ssm leads to the internet, to which rtb-a has no route"},
		{"an interface endpoint before the internet",
			steps(interfaceEndpoint, route("rtb-a", "0.0.0.0/0 igw-1"), public, func(w *world) {
				w.SecurityGroups[1].Ingress = nil
			}), "ssm", reach.Ingress,
			"sg-e admits no tcp 443 from 10.1.0.0/16"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := (&world{}).after(vpc("a", "10.1.0.0/16"), tt.change)
			instances := slices.Clone(w.Instances)
			a := w.CheckService(reach.ServiceQuery{From: "i-a", Service: tt.service, Public: storage})
			got := a.Blocker.Sentence
			if a.Reachable {
				for _, h := range a.Path {
					if !h.Return && h.Resource == "rtb-a" {
						got = h.Sentence
					}
				}
			}
			if a.Reachable != (tt.code == "") || a.Blocker.Code != tt.code || tt.want != "" && got != tt.want {
				t.Errorf("CheckService() = %+v\nwant %q %q", a, tt.code, tt.want)
			}
			hasReturn := slices.ContainsFunc(a.Path, func(h reach.Hop) bool { return h.Return && h.Resource == "acl-a" })
			if crosses := tt.service == "s3" || tt.service == "dynamodb"; a.Reachable && crosses && !hasReturn {
				t.Errorf("the path has no answer: %+v", a.Path)
			}
			if len(w.Instances) != len(instances) {
				t.Error("the network has another instance afterwards")
			}
		})
	}
}

// TestHopsOfServices: a call that is stopped shows how far it came.
func TestHopsOfServices(t *testing.T) {
	t.Parallel()
	listed := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, PrefixList: "pl-s3"}
	deny := acl("acl-a", entry(90, false, false, tcpFrom("52.0.0.0/8", 1024, 65535)))
	w := (&world{}).after(vpc("a", "10.1.0.0/16"), steps(gatewayEndpoint, egressOf(listed), deny))
	a := w.CheckService(reach.ServiceQuery{From: "i-a", Service: "s3", Public: storage})
	var got []string
	for _, h := range a.Path {
		got = append(got, h.Sentence)
	}
	want := []string{
		"sg-a admits tcp 443 to pl-s3 (egress)",
		"network ACL acl-a allows tcp 443 to 52.216.0.1 (egress of subnet-a)",
		"rtb-a leads to s3 by vpce-s3",
	}
	if a.Reachable || !slices.Equal(got, want) {
		t.Errorf("reachable %v, hops %q\nwant %q", a.Reachable, got, want)
	}
}

// TestCodesOfServices: clients see them as texts.
func TestCodesOfServices(t *testing.T) {
	t.Parallel()
	if got := []reach.Code{reach.PrivateDNS, reach.Policy}; !slices.Equal(got, []reach.Code{"private-dns", "policy"}) {
		t.Errorf("codes = %q", got)
	}
}

// TestPoliciesOfServices are asked in order, and only about a call that arrives; they know the endpoint.
func TestPoliciesOfServices(t *testing.T) {
	t.Parallel()
	var asked []string
	policy := func(name, reason string) reach.PolicyCheck {
		return func(via peering.EndpointID) (string, string) {
			asked = append(asked, name+" of "+string(via))
			return name, reason
		}
	}
	check := func(w *world, policies ...reach.PolicyCheck) reach.Answer {
		asked = nil
		return w.CheckService(reach.ServiceQuery{From: "i-a", Service: "s3", Public: storage, Policies: policies})
	}
	w := (&world{}).after(vpc("a", "10.1.0.0/16"))
	if a := check(w, policy("bucket", "")); a.Reachable || len(asked) > 0 {
		t.Errorf("without a way out: %+v, asked %v, want no question about policies", a, asked)
	}
	w.after(gatewayEndpoint)
	if a := check(w, policy("endpoint", ""), policy("bucket", "")); !a.Reachable || !slices.Equal(asked, []string{
		"endpoint of vpce-s3", "bucket of vpce-s3",
	}) {
		t.Errorf("with policies that allow: %+v, asked %v", a, asked)
	}
	a := check(w, policy("endpoint", "the policy of vpce-s3 denies s3:GetObject"), policy("bucket", "other"))
	if want := (reach.Blocker{Code: reach.Policy, Resource: "endpoint",
		Sentence: "the policy of vpce-s3 denies s3:GetObject"}); a.Reachable || a.Blocker != want || len(a.Path) == 0 {
		t.Errorf("with a policy that denies: %+v, want %+v after the path", a, want)
	}
}

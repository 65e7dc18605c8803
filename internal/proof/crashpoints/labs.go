package crashpoints

import (
	"fmt"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// Lab is a scenario of the labs, as its people act it.
type Lab struct {
	Name string
	play func(*sandboxtest.T) []request
}

var (
	oneInVirginia = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	twoInVirginia = peering.Cell{Account: "222222222222", Region: "us-east-1"}
	oneInParis    = peering.Cell{Account: "111111111111", Region: "eu-west-3"}
	twoInParis    = peering.Cell{Account: "222222222222", Region: "eu-west-3"}
)

// Labs are all scenarios.
var Labs = []Lab{
	{"marketing-finance", marketingFinance},
	{"two-by-hand", twoByHand},
	{"subnet-only", subnetOnly},
	{"default-vpc", defaultVPC},
	{"across-accounts", across(twoInVirginia)},
	{"across-regions", across(oneInParis)},
	{"across-both", across(twoInParis)},
	{"limits", limits},
	{"approval", approval},
	{"drift", drift},
	{"closing", closing},
}

func ask(t *sandboxtest.T, from, to lab.Site) request {
	r := request{from.Cell, t.Ask(from, to)}
	t.Settle()
	return r
}

func remove(t *sandboxtest.T, r request) {
	t.ByHand(r.at, func(p *lab.Person) { p.Delete(r.id) })
	t.Settle()
}

func marketingFinance(t *sandboxtest.T) []request {
	m, f, d := t.Build(oneInVirginia, lab.Marketing), t.Build(oneInVirginia, lab.Finance),
		t.Build(oneInVirginia, lab.Developer)
	t.Policy(lab.PingPolicy(m, f, d))
	first, second := ask(t, m, f), ask(t, d, f)
	remove(t, first)
	return []request{first, second}
}

func twoByHand(t *sandboxtest.T) []request {
	byHand := func(name, block string) lab.Site {
		return t.Build(oneInVirginia, func(p *lab.Person) lab.Site {
			return lab.ByHand(p, name, block+"0.0/16", block+"1.0/24", block+"1.10")
		})
	}
	one, two, twin := byHand("VPC 1", "10.1."), byHand("VPC 2", "10.2."), byHand("VPC 3", "10.1.")
	t.Policy(fmt.Sprintf(`version: 1
departments: { vpc1: %s, vpc2: %s, vpc3: %s }
peerings:
  - { between: [vpc1, vpc2], allow: [{ from: vpc1, to: vpc2, groups: { tags: { Lesson: VPC 2 } }, protocol: icmp }] }
  - { between: [vpc1, vpc3] }
`, one.Member(), two.Member(), twin.Member()))
	return []request{ask(t, one, two), ask(t, one, twin)}
}

func subnetOnly(t *sandboxtest.T) []request {
	m, f := t.Build(oneInVirginia, lab.Marketing), t.Build(oneInVirginia, lab.Finance)
	t.Policy(fmt.Sprintf(`version: 1
departments: { marketing: %s, finance: %s }
peerings:
  - between: [marketing, finance]
    routes:
      marketing: { tables: { subnets: { ids: [%s] } }, to: [172.31.1.0/24] }
      finance: { tables: { subnets: { ids: [%s] } }, to: [10.10.1.0/24] }
    allow: [{ from: marketing, sources: [10.10.1.0/24], to: finance, groups: { ids: [%s] }, protocol: tcp, ports: [22] }]
`, m.Member(), f.Member(), m.Subnet, f.Subnet, f.Group))
	r := ask(t, m, f)
	remove(t, r)
	return []request{r}
}

func defaultVPC(t *sandboxtest.T) []request {
	m := t.Build(oneInVirginia, lab.Developer)
	standard := t.Build(oneInVirginia, func(p *lab.Person) lab.Site {
		site := lab.Site{Name: "the default VPC", Cell: p.Cell, VPC: p.DefaultVPC()}
		site.Table = site.VPC.Main
		site.Group = p.Group(site.VPC, "server", map[string]string{"Role": "finance-server"})
		return site
	})
	t.Policy(lab.PingPolicy(m, standard, lab.Site{}))
	return []request{ask(t, m, standard)}
}

func across(finance peering.Cell) func(*sandboxtest.T) []request {
	return func(t *sandboxtest.T) []request {
		m, f := t.Company(oneInVirginia, finance)
		first := ask(t, m, f)
		remove(t, first)
		return []request{first, ask(t, f, m)}
	}
}

func limits(t *sandboxtest.T) []request {
	m, f, d := t.Build(oneInVirginia, lab.Marketing), t.Build(twoInParis, lab.Finance),
		t.Build(oneInVirginia, lab.Developer)
	t.ByHand(oneInVirginia, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "10.20.0.0/16") })
	t.Policy(strings.Replace(lab.PingPolicy(m, f, d), "version: 1\n", "version: 1\nlimits: { peerings: 1 }\n", 1) +
		"  - between: [developer, marketing]\n")
	return []request{ask(t, d, m), ask(t, d, f), ask(t, m, f)}
}

func approval(t *sandboxtest.T) []request {
	m, f := t.Build(oneInVirginia, lab.Marketing), t.Build(twoInVirginia, lab.Finance)
	for _, site := range []lab.Site{m, f} {
		t.ByHand(site.Cell, func(p *lab.Person) { p.DNSHostnames(site.VPC) })
	}
	t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
		"finance]\n    approval: manual\n    dns: true\n", 1))
	r := ask(t, m, f)
	t.ByHand(f.Cell, func(p *lab.Person) { p.Tag(string(r.id), map[string]string{peering.TagApproved: "true"}) })
	t.Settle()
	return []request{r}
}

// drift has a route deleted by hand, a block added, and a request whose event no function received.
func drift(t *sandboxtest.T) []request {
	m, f, d := t.Build(oneInVirginia, lab.Marketing), t.Build(twoInVirginia, lab.Finance),
		t.Build(oneInVirginia, lab.Developer)
	t.Policy(lab.PingPolicy(m, f, d))
	first := ask(t, m, f)
	t.ByHand(m.Cell, func(p *lab.Person) {
		p.DeleteRoute(m.Table, "172.31.0.0/16")
		p.AddBlock(m.VPC, "10.11.0.0/16")
	})
	t.Sweep()
	t.Cloud.Events.StopLogging(string(d.Cell.Account), string(d.Cell.Region))
	second := ask(t, d, f)
	time.Sleep(time.Hour)
	return []request{first, second}
}

// closing has a line removed and another one narrowed beside a conflict, and then the peering removed from the policy.
func closing(t *sandboxtest.T) []request {
	m, f := t.Build(oneInVirginia, lab.Marketing), t.Build(twoInVirginia, lab.Finance)
	t.Policy(lab.PingPolicy(m, f, lab.Site{}))
	r := ask(t, m, f)
	t.ByHand(f.Cell, func(p *lab.Person) { p.RouteToServer(f.Table, "10.10.1.66/32", f.Server) })
	narrowed := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "    allow:",
		"    routes: { finance: { to: [10.10.1.0/24] } }\n    allow:", 1)
	t.Redeploy(strings.Replace(narrowed, "protocol: icmp", "protocol: icmp, sources: [10.10.1.0/24]", 1))
	time.Sleep(40 * time.Minute)
	t.Redeploy(fmt.Sprintf("version: 1\nremoved: disconnect\ndepartments: { marketing: %s, finance: %s }\npeerings: []\n",
		m.Member(), f.Member()))
	time.Sleep(time.Hour)
	return []request{r}
}

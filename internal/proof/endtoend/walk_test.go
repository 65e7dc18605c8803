package endtoend_test

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// Reach reads the answers of Describe calls, the walk the state of the embedded EC2. They have no code in common.
func TestReachAgreesWithTheWalkOfPackets(t *testing.T) {
	t.Parallel()
	tally := map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ rapid.TB }{t}, func(r *rapid.T) { // hides Deadline, which a bubble doesn't have
			b := sandbox.New(nil)
			defer b.Close()
			e := &estate{T: r, Sandbox: b, ctx: t.Context()}
			e.build()
			e.compare(tally)
		})
	})
	asked := 0
	for _, n := range tally {
		asked += n
	}
	t.Logf("%d questions: %v", asked, tally)
	if arrived := tally[arrives]; arrived < asked/5 || arrived > asked*4/5 {
		t.Errorf("%d of %d packets arrive, want networks in which more packets arrive or fail", arrived, asked)
	}
}

// compare asks both about all packets between the instances.
func (e *estate) compare(tally map[string]int) {
	var sites []lab.Site
	for _, s := range e.sites {
		sites = append(sites, lab.Site{Cell: s.Cell, VPC: s.vpc})
	}
	n, err := e.Snapshot(e.ctx, sites...)
	e.must(err)
	for _, from := range n.Instances {
		for _, to := range n.Instances {
			for _, face := range from.Interfaces {
				for _, q := range questions(from, face, to) {
					tally[e.ask(n, q, face.ID, to)]++
				}
			}
		}
	}
}

// questions go from an interface to all addresses of another instance, from the first address of the family. They leave
// it out where the instance has no other interface.
func questions(from peering.Instance, face peering.Interface, to peering.Instance) []reach.Query {
	var all []reach.Query
	if from.ID == to.ID {
		return all
	}
	for _, a := range addresses(to) {
		ping := peering.ICMP
		if a.Is6() {
			ping = peering.ICMPv6
		}
		q := reach.Query{From: from.ID, To: a}
		if len(from.Interfaces) > 1 {
			i := slices.IndexFunc(face.Addresses, func(own netip.Addr) bool { return own.Is4() == a.Is4() })
			if i < 0 {
				continue
			}
			q.FromAddress = face.Addresses[i]
		}
		for _, about := range []reach.Query{
			{Protocol: ping}, {Protocol: peering.TCP, Port: 22}, {Protocol: peering.TCP, Port: 443},
			{Protocol: peering.UDP, Port: 1024},
		} {
			q.Protocol, q.Port = about.Protocol, about.Port
			all = append(all, q)
		}
	}
	return all
}

func addresses(i peering.Instance) []netip.Addr {
	var all []netip.Addr
	for _, f := range i.Interfaces {
		all = append(all, f.Addresses...)
	}
	return all
}

const arrives = "arrives"

// ask asks for an address, and for the instance that has it if that can only mean this address.
func (e *estate) ask(n reach.Network, q reach.Query, face peering.InterfaceID, to peering.Instance) string {
	packet := ec2.Packet{From: string(face), To: q.To, Protocol: string(q.Protocol), Port: q.Port}
	delivered, fate := e.Cloud.EC2.(*ec2.Service).Walk(packet)
	if delivered {
		fate = arrives
	}
	e.hold(n.Check(q), delivered, packet, fate)
	shared := slices.ContainsFunc(n.Instances, func(i peering.Instance) bool {
		return i.ID != to.ID && slices.Contains(addresses(i), q.To)
	})
	if q.To == addresses(to)[0] && !shared {
		q.ToInstance = to.ID
		e.hold(n.Check(q), delivered, packet, fate)
	}
	return fate
}

func (e *estate) hold(a reach.Answer, delivered bool, p ec2.Packet, fate string) {
	if a.Reachable != delivered {
		e.Fatalf("the walk of %+v results in %q, reach returns %v: %s", p, fate, a.Reachable, a.Blocker.Sentence)
	}
}

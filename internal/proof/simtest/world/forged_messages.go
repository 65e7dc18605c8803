package world

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// forgery is a message between cells that must not lead to an acceptance, although it has the code ready.
type forgery struct {
	from    peering.Cell // on the envelope, for which EventBridge vouches
	age     time.Duration
	assumed []netip.Prefix // blocks of the accepter
}

// A message that assumes all addresses suits all blocks, and one that assumes a block of no VPC suits none.
var (
	anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	nowhere  = []netip.Prefix{netip.MustParsePrefix("198.18.0.0/16")}
)

// forgeMessages forges messages about the pending requests between cells, after some of the other actions. Its draws
// are by name, so that they don't change the other ones of a seed.
func (w *World) forgeMessages() {
	d := w.named.Next("forge messages")
	if !d.Chance(15) {
		return
	}
	for _, c := range w.connections(ledger.Pending) {
		if w.isBetweenCells(c) && d.Chance(50) {
			w.sendForged(d, c, random.Pick(d, w.forgeries(d, c)...))
		}
	}
}

// ForgeWithoutEffect sends the accepter's cell messages of other senders and from long ago about all pending requests
// between cells. The cell must not do anything because of them.
func (w *World) ForgeWithoutEffect() {
	d := w.named.Next("forge messages without effect")
	for _, c := range w.connections(ledger.Pending) {
		if w.isBetweenCells(c) {
			all := w.forgeries(d, c)
			w.sendForged(d, c, all[0])
			w.sendForged(d, c, all[1])
		}
	}
}

func (w *World) isBetweenCells(c *ledger.Connection) bool {
	return look(w, func(l *ledger.Ledger) []bool {
		return []bool{c.Requester.Cell != c.Accepter.Cell && l.Policy.Answers(c.Accepter.Cell)}
	})[0]
}

// forgeries returns a message of another sender, one from long ago, and one that assumes a block that the accepter
// doesn't have.
func (w *World) forgeries(d random.Source, c *ledger.Connection) []forgery {
	others := slices.DeleteFunc(slices.Clone(w.cells), func(cell peering.Cell) bool { return cell == c.Requester.Cell })
	stranger := peering.Cell{Account: "999999999999", Region: c.Requester.Region}
	return []forgery{
		{random.Pick(d, append(others, stranger)...), 0, anywhere},
		{c.Requester.Cell, d.Duration(11*time.Minute, 2*time.Hour), anywhere},
		{c.Requester.Cell, 0, nowhere},
	}
}

func (w *World) sendForged(d random.Source, c *ledger.Connection, f forgery) {
	time.Sleep(d.Duration(time.Microsecond, 5*time.Millisecond)) // messages of one instant may or may not share a batch
	w.put(c.Accepter.Cell, function.Accept, c.ID, f.event(c, w.blocksOf(c.Requester)))
}

func (w *World) blocksOf(v ledger.VPCKey) []netip.Prefix {
	return look(w, func(l *ledger.Ledger) []netip.Prefix {
		if there := l.VPCs[v]; there != nil {
			return there.Blocks
		}
		return nil
	})
}

// event returns the event that EventBridge would make of the message.
func (f forgery) event(c *ledger.Connection, blocks []netip.Prefix) string {
	at := time.Now().Add(-f.age).UTC()
	m := message.New(message.SideChecked, peering.Connection{
		ID: peering.ConnectionID(c.ID), Requester: vpcOf(c.Requester), Accepter: vpcOf(c.Accepter),
	}, peering.Accepter, at)
	m.Code, m.Blocks, m.Assumed = message.Ready, blocks, f.assumed
	event, _ := json.Marshal(map[string]any{ // plain values can always be encoded
		"version": "0", "id": "00000000-0000-4000-8000-000000000000", "detail-type": m.Type, "source": message.Source,
		"account": f.from.Account, "region": f.from.Region, "time": at.Format(time.RFC3339), "resources": []string{},
		"detail": m.Sealed(),
	})
	return string(event)
}

func vpcOf(v ledger.VPCKey) peering.VPC {
	return peering.VPC{Owner: v.Account, Region: v.Region, ID: peering.VPCID(v.ID)}
}

package oracle_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
)

func TestCheckAnnouncement(t *testing.T) {
	t.Parallel()
	unanswered := announcement(string(outcome.DriftFound), blueCell, "")
	unanswered.Code = "unanswered"
	tests := []struct {
		name    string
		prepare func(scene)
		a       oracle.Announcement
		want    string
	}{
		{"a connection that was accepted", scene.connect, announcement(string(outcome.Accepted), blueCell, ""), ""},
		{"a connection that wasn't accepted", func(scene) {}, announcement(string(outcome.Accepted), blueCell, ""),
			"pcx-1 was announced as accepted, but it wasn't accepted"},
		{"the side of the cell", scene.connect, announcement(string(outcome.Connected), redCell, peering.Requester), ""},
		{"no side in particular", scene.connect, announcement(string(outcome.Connected), redCell, ""), ""},
		{"a denial of a connection that wasn't accepted", func(scene) {},
			announcement(string(outcome.Denied), blueCell, ""), ""},
		{"the side of another cell", scene.connect, announcement(string(outcome.Connected), redCell, peering.Accepter),
			"111111111111/us-east-1 announced the accepter side of pcx-1, which another cell owns"},
		{"an unknown connection", func(s scene) {
			delete(s.Connections, "pcx-1")
		}, announcement(string(outcome.Accepted), blueCell, ""), ""},
		{"a request between cells is unanswered", func(scene) {}, unanswered,
			"pcx-1 was announced as unanswered, but the answer depends on another cell"},
		{"a request between cells wasn't rejected", func(s scene) {
			s.Policy.Peerings, s.Policy.Reject = nil, true
		}, unanswered, ""},
		{"a request from a cell without autopeer is unanswered", func(s scene) {
			s.member("red").Cell = greenCell
		}, unanswered, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			tt.prepare(s)
			if got := oracle.CheckAnnouncement(s.Ledger, tt.a); got != tt.want {
				t.Errorf("CheckAnnouncement() = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestADisconnectionNamesTheHalfThatIsLeft: autopeer closes nothing in a cell where it is no longer deployed.
func TestADisconnectionNamesTheHalfThatIsLeft(t *testing.T) {
	t.Parallel()
	const want = "pcx-1 was announced as disconnected, but the announcement doesn't name the remaining routes and rules " +
		"in 222222222222/us-east-1"
	tests := []struct {
		name   string
		change func(scene, *oracle.Announcement)
		want   string
	}{
		{"it doesn't", func(scene, *oracle.Announcement) {}, want},
		{"it does", func(_ scene, a *oracle.Announcement) { a.Next = "delete pcx-1; look into 222222222222/us-east-1" }, ""},
		{"autopeer is deployed there", func(s scene, _ *oracle.Announcement) {
			s.Policy.Retired = []peering.Cell{blueCell}
		}, ""},
		{"it disconnected nothing", func(_ scene, a *oracle.Announcement) { a.Changed = false }, ""},
		{"a peering names the connection", func(s scene, _ *oracle.Announcement) {
			s.Policy.Departments, s.Policy.Peerings = newScene().Policy.Departments, newScene().Policy.Peerings
		}, ""},
		{"it is dead", func(s scene, _ *oracle.Announcement) { s.delete("pcx-1") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			s.connect()
			s.Policy.Departments, s.Policy.Peerings, s.Policy.Disconnect = s.Policy.Departments[:1], nil, true
			a := announcement("Peering Disconnected", redCell, "")
			a.At, a.Changed = now, true
			tt.change(s, &a)
			if got := oracle.CheckAnnouncement(s.Ledger, a); got != tt.want {
				t.Errorf("CheckAnnouncement() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHasRoute(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.connect()
	for line, want := range map[string]bool{
		"rtb-red routes 10.2.0.0/16 to pcx-1":         true,
		"rtb-red routes 10.2.0.0/24 to pcx-1":         false,
		"rtb-blue routes 10.2.0.0/16 to pcx-1":        false,
		"rtb-none routes 10.2.0.0/16 to pcx-1":        false,
		"sg-red admits tcp 443 from 10.9.0.0/16":      true, // isn't a route
		"sg-red admits icmp from 10.9.0.0/16":         true,
		"rtb-red routes":                              true,
		"anything that has not five words is no rule": true,
	} {
		if got := oracle.HasRoute(s.Ledger, line, "pcx-1"); got != want {
			t.Errorf("HasRoute(%q) = %v, want %v", line, got, want)
		}
	}
	if s.route("rtb-red", "10.2.0.0/16", "pcx-2"); oracle.HasRoute(s.Ledger,
		"rtb-red routes 10.2.0.0/16 to pcx-1", "pcx-1") {
		t.Error("HasRoute() = true for a route to another connection")
	}
}

// TestEveryResultCounts checks that the oracle spells the detail types as they are published: each announces a result.
func TestEveryResultCounts(t *testing.T) {
	t.Parallel()
	for _, outcomeType := range []outcome.Type{
		outcome.Accepted, outcome.Connected, outcome.Denied, outcome.Conflicting, outcome.Failed,
		outcome.Disconnected, outcome.AskApproval,
	} {
		s := newScene()
		s.connect()
		e := oracle.End{
			Ledger: s.Ledger, Now: now, Deployed: begun,
			Announcements: []oracle.Announcement{announcement(string(outcomeType), redCell, peering.Requester)},
		}
		if why := e.CheckConnection("pcx-1"); why != "" {
			t.Errorf("CheckConnection() after %q = %q", outcomeType, why)
		}
	}
}

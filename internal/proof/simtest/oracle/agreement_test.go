package oracle_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

func TestTheRequestersHalfIsFree(t *testing.T) {
	t.Parallel()
	const (
		twin  = "pcx-1 was accepted, but pcx-2 connects the same VPCs"
		quota = "pcx-1 was accepted, but a quota doesn't suffice on the requester's side"
	)
	tests := []struct {
		name    string
		prepare func(scene)
		want    string
	}{
		{"nothing is in the way", func(scene) {}, ""},
		{"it wasn't requested", func(s scene) { delete(s.Connections, "pcx-1") }, "pcx-1 wasn't requested yet"},
		{"it was accepted before", func(s scene) { s.route("rtb-red", "10.2.0.0/24", "igw-1"); s.accept("pcx-1") }, ""},
		{"the policy has no peering", func(s scene) {
			s.Policy.Peerings = nil
		}, "pcx-1 was accepted, but the requester's cell doesn't allow it"},
		{"a route leads elsewhere", func(s scene) { s.route("rtb-red", "10.2.0.0/24", "igw-1") },
			"pcx-1 was accepted, but on the requester's side it conflicts with the route 10.2.0.0/24 in rtb-red"},
		{"a wider route leads elsewhere", func(s scene) { s.route("rtb-red", "10.0.0.0/8", "igw-1") }, ""},
		{"a route leads to the request", func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-1") }, ""},
		{"a route leads to a dead connection", func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-gone") }, ""},
		{"a route on the accepter's side leads elsewhere", func(s scene) { s.route("rtb-blue", "10.1.0.0/24", "igw-1") }, ""},
		{"autopeer isn't deployed in the requester's cell", func(s scene) {
			s.member("red").Cell = greenCell
			s.route("rtb-red", "10.2.0.0/24", "igw-1")
		}, ""},
		{"another connection of the two VPCs is active", func(s scene) { s.rival(0); s.accept("pcx-2") }, twin},
		{"another request of the two VPCs waits", func(s scene) { s.rival(0) }, ""},
		{"another VPC has the id of the requester", func(s scene) {
			s.request("pcx-2", blue, ledger.VPCKey{Cell: peering.Cell{Account: "444444444444", Region: "us-east-1"}, ID: red.ID})
			s.accept("pcx-2")
		}, ""},
		{"the policy's limit of rules is reached", func(s scene) {
			s.rule("sgr-9", "sg-red", ledger.Permission{Protocol: "-1", From: -1, To: -1, Block: https.Block}, "")
			s.Policy.Limits = map[string]int{"rules": 1}
		}, quota},
		{"the policy's limit of routes is reached", func(s scene) { s.Policy.Limits = map[string]int{"routes": 1} }, quota},
		{"the policy's limit of connections is reached", func(s scene) {
			s.request("pcx-2", red, green)
			s.accept("pcx-2")
			s.Policy.Limits = map[string]int{"peerings": 1}
		}, quota},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			tt.prepare(s)
			if got := oracle.CheckAgreement(s.Ledger, accept(blueCell)); got != tt.want {
				t.Errorf("CheckAgreement() = %q, want %q", got, tt.want)
			}
		})
	}
	s := newScene()
	s.Policy.Peerings = nil
	if got := oracle.CheckAgreement(s.Ledger, reject(blueCell)); got != "" {
		t.Errorf("CheckAgreement() of a rejection = %q", got)
	}
}

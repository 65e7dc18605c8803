package connect

import (
	"context"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// isRest reports whether only refused changes are missing without which the connection works: a person has to add a
// source group or a prefix list, or change an attribute of a VPC. It is false if a step with further additions was
// left out after such a refusal.
func (s *side) isRest(made []string, refused []plan.Change, err error) bool {
	return fault.IsLacking(err) && len(made)+len(refused) == len(s.Changes())
}

// note describes the refused changes in notes of the outcome, instead of a failure. It reads attributes only of
// VPCs whose DNS option was refused.
func (c *Connector) note(ctx context.Context, s *side, refused []plan.Change) error {
	for _, change := range refused {
		switch r := change.(type) {
		case plan.Authorize:
			s.outcome = announce.WithoutSource(s.outcome, r, s.half.Connection.VPC(s.half.Role.Other()))
		case plan.EnableDNS:
			vpc, missing, err := c.withoutDNS(ctx, s.half.Connection, r.Role)
			if err != nil {
				return err
			}
			s.outcome = announce.WithoutDNS(s.outcome, vpc, missing)
		}
	}
	return nil
}

// withoutDNS returns the VPC that lacks attributes for the DNS option, and their names: the one of the side, or
// else the peer's. If another cell owns that one, the names are unknown, and that cell announces them.
func (c *Connector) withoutDNS(ctx context.Context, pcx peering.Connection, own peering.Role) (
	vpc peering.VPC, missing []string, err error,
) {
	for _, role := range []peering.Role{own, own.Other()} {
		vpc = pcx.VPC(role)
		if vpc.Cell() != c.cell {
			break
		}
		attributes, err := c.network.DNSAttributes(ctx, vpc.ID)
		if missing = attributes.Missing(); err != nil || len(missing) > 0 {
			return vpc, missing, err
		}
	}
	return vpc, nil, nil
}

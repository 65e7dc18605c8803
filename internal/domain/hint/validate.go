package hint

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// validated returns an error where an id has a form that AWS doesn't give, so that nothing forged reaches a call or a
// log. The two VPCs may be missing together.
func validated(h Hint) error {
	if !h.Connection.IsValid() {
		return fmt.Errorf("invalid peering connection ID %q: want pcx- and 8 or 17 hex digits", h.Connection)
	}
	if h.Requester.Same(peering.VPC{}) && h.Accepter.Same(peering.VPC{}) {
		return nil
	}
	for _, v := range []peering.VPC{h.Requester, h.Accepter} {
		if err := validateVPC(v); err != nil {
			return err
		}
	}
	return nil
}

func validateVPC(v peering.VPC) error {
	switch {
	case !v.ID.IsValid():
		return fmt.Errorf("invalid VPC ID %q: want vpc- and 8 or 17 hex digits", v.ID)
	case !v.Owner.IsValid():
		return fmt.Errorf("invalid account ID %q: want twelve digits", v.Owner)
	case !v.Region.IsValid():
		return fmt.Errorf("invalid Region %q: want the form of eu-west-1", v.Region)
	}
	return nil
}

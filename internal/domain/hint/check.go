package hint

import (
	"fmt"
	"regexp"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Ids have 8 or 17 hexadecimal digits; other emulators of EC2 and AWS's own examples use further lengths.
var (
	connectionID = regexp.MustCompile(`^pcx-[0-9a-f]{1,32}$`)
	vpcID        = regexp.MustCompile(`^vpc-[0-9a-f]{1,32}$`)
	accountID    = regexp.MustCompile(`^[0-9]{12}$`)
	regionName   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)
)

// checked refuses ids that AWS would not give, so that nothing odd reaches a call or a log.
func checked(h Hint) error {
	if !connectionID.MatchString(string(h.Connection)) {
		return fmt.Errorf("%q is no peering connection's id; one looks like pcx-0123456789abcdef0", h.Connection)
	}
	if h.Requester.Same(peering.VPC{}) && h.Accepter.Same(peering.VPC{}) {
		return nil
	}
	for _, v := range []peering.VPC{h.Requester, h.Accepter} {
		if err := checkVPC(v); err != nil {
			return err
		}
	}
	return nil
}

func checkVPC(v peering.VPC) error {
	switch {
	case !vpcID.MatchString(string(v.ID)):
		return fmt.Errorf("%q is no VPC's id; one looks like vpc-0123456789abcdef0", v.ID)
	case !accountID.MatchString(string(v.Owner)):
		return fmt.Errorf("%q is no account; one has twelve digits", v.Owner)
	case !regionName.MatchString(string(v.Region)):
		return fmt.Errorf("%q is no region; one looks like eu-west-1", v.Region)
	}
	return nil
}

package ec2

import (
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// Options configure an EC2. The zero value is empty and answers at once.
type Options struct {
	// Trail receives every mutating call, also those that failed. Nil is allowed.
	Trail apicall.Trail
	// Seed makes the ids: the same calls under the same seed get the same ids.
	Seed int64
	// NewID overrides Seed. It must never return an id twice.
	NewID func(prefix string) string
	// PageSize caps the pages of every Describe call that names no ids, also below the least MaxResults.
	// Zero leaves it to MaxResults.
	PageSize int
	// Throttle turns on EC2's token buckets.
	Throttle bool
	// ShowLate returns how long Describe calls don't show the effect of a mutating call on connections, routes, rules and
	// tags, as EC2 is eventually consistent. Mutating calls see the current state, and events aren't delayed. The call has
	// its caller, action and parameters. Nil shows everything at once. It is called with the service locked, and mustn't
	// call the service.
	//
	// A test shows the edits of people late, and those of the functions at once:
	//
	//	sandboxtest.Run(t, func(o *ec2.Options) {
	//		o.ShowLate = func(c apicall.Call) time.Duration {
	//			if strings.Contains(c.ARN, "autopeer-") {
	//				return 0
	//			}
	//			return 20 * time.Second
	//		}
	//	}, func(t *sandboxtest.T) { … })
	//
	// Each item has its own history: a change that is shown at once doesn't reveal an earlier one of another item.
	ShowLate func(apicall.Call) time.Duration
	Delays   Delays
	Quotas   Quotas
	Switches Switches
}

// Delays are how long things stay in the states that they pass by themselves.
type Delays struct {
	Initiating   time.Duration // initiating-request
	Propagation  time.Duration // from the request until the accepter sees it
	Provisioning time.Duration
	Deleting     time.Duration
	Associating  time.Duration // of a block with a VPC, which can't be used until then
}

// Quotas have AWS's defaults where they are zero. See
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html.
type Quotas struct {
	ActivePeeringsPerVPC  int // 50
	PendingPeeringsPerVPC int // 25, of requests that a VPC has made
	RoutesPerTable        int // 500, of IPv4 and of IPv6 each
	RulesPerGroup         int // 60, inbound and outbound and of IPv4 and IPv6 each
	BlocksPerVPC          int // 5, of IPv4 and of IPv6 each
}

func (q Quotas) withDefaults() Quotas {
	return Quotas{
		ActivePeeringsPerVPC:  orElse(q.ActivePeeringsPerVPC, 50),
		PendingPeeringsPerVPC: orElse(q.PendingPeeringsPerVPC, 25),
		RoutesPerTable:        orElse(q.RoutesPerTable, 500),
		RulesPerGroup:         orElse(q.RulesPerGroup, 60),
		BlocksPerVPC:          orElse(q.BlocksPerVPC, 5),
	}
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Switches decide questions that AWS's documentation leaves open. Their zero values are the more likely answers; a
// client must work with both.
type Switches struct {
	// AcceptTwice lets Accept succeed on a connection that is provisioning or active already.
	AcceptTwice bool
	// RouteTwice lets CreateRoute succeed for a route that is there with the same target.
	RouteTwice bool
	// ForeignConnectionCode refuses a route to a peering connection of other VPCs; InvalidParameterValue if empty.
	ForeignConnectionCode string
	// PartialAuthorize keeps the rules of a refused Authorize that come before the refused one.
	PartialAuthorize bool
	// ActiveLimitCode refuses Accept at the quota; ActiveVpcPeeringConnectionPerVpcLimitExceeded if empty.
	ActiveLimitCode string
	// RemoteOptions shows each side the other side's peering options.
	RemoteOptions bool
	// HiddenMultipath hides the multipath resilience status of a request from its accepter. AWS documents the status
	// of connections in any state, and no recording of a request is known.
	HiddenMultipath bool
	// DeletingEverywhere takes connections inside a region through deleting too, not only those across.
	DeletingEverywhere bool
	// PeeringKeepsVPC refuses DeleteVpc with DependencyViolation while a connection of the VPC is accepted and not
	// deleted. By default DeleteVpc deletes the connection on both sides, and CloudTrail records no
	// DeleteVpcPeeringConnection.
	PeeringKeepsVPC bool
	// DeletedWithoutTags ends the tags of a connection on both sides once it is deleted.
	DeletedWithoutTags bool
	// CallRegionInVPCKeys puts the Region of the call into the ARNs of ec2:RequesterVpc and ec2:AccepterVpc, in the place
	// of each VPC's own Region.
	CallRegionInVPCKeys bool
	// RejectedMessage and DeletedMessage are the status messages; "Inactive" and "Deleted by <account>" if empty.
	RejectedMessage string
	DeletedMessage  string
}

package ec2

import (
	"net/netip"
	"slices"
	"time"
)

// The states of a peering connection, as AWS spells them:
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html.
const (
	stateInitiating   = "initiating-request"
	statePending      = "pending-acceptance"
	stateFailed       = "failed"
	stateExpired      = "expired"
	stateRejected     = "rejected"
	stateProvisioning = "provisioning"
	stateActive       = "active"
	stateDeleting     = "deleting"
	stateDeleted      = "deleted"
)

const (
	lifetime      = 7 * 24 * time.Hour // of a request
	shortlyListed = 2 * time.Hour
	longListed    = 48 * time.Hour
)

// connection is one object with two sides. Each has its own view of it.
type connection struct {
	id        string
	requester side
	accepter  side
	created   time.Time
	state     string
	message   string
	since     time.Time       // when it came into the state
	accepted  bool            // also when it is deleted since
	closedBy  string          // the account that deleted it
	next      *step           // its next state by itself
	late      []oldConnection // states that Describe calls may still show
}

// side is one end of a connection.
type side struct {
	accountRegion
	vpcID     string
	vpc       *vpc // nil if there is none with that id there
	dns       bool
	multipath bool // whether the side allows multipath resilience
}

type step struct {
	at   time.Time
	take func(at time.Time)
}

func (s side) prefixes() []netip.Prefix {
	if s.vpc == nil {
		return nil
	}
	return s.vpc.prefixes()
}

// become puts the connection into a state that is final unless later sets a next one.
func (c *connection) become(state, message string, at time.Time) {
	c.state, c.message, c.since, c.next = state, message, at, nil
}

func (c *connection) later(at time.Time, take func(time.Time)) { c.next = &step{at, take} }

// settle lets all that is due by now happen, in each connection at the time at which it was due. As it runs
// before every call, no caller can see that it was late, and no timer is left behind.
func (s *Service) settle(now time.Time) {
	for _, c := range s.requests {
		for c.next != nil && !now.Before(c.next.at) {
			c.next.take(c.next.at)
		}
	}
	s.associating = slices.DeleteFunc(s.associating, func(v *vpc) bool { return v.associateDue(now) })
}

func (s *Service) initiate(c *connection) {
	s.connections[c.id] = c
	s.requests = append(s.requests, c)
	c.become(stateInitiating, "Initiating Request to "+c.accepter.account, c.created)
	c.later(c.created.Add(s.opts.Delays.Initiating), func(at time.Time) {
		if c.isUnusable() {
			c.fail(at)
			return
		}
		c.become(statePending, "Pending Acceptance by "+c.accepter.account, at)
		c.later(c.created.Add(lifetime), func(at time.Time) { c.become(stateExpired, "Expired", at) })
	})
}

func (c *connection) fail(at time.Time) {
	c.become(stateFailed, "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range", at)
}

// isUnusable reports whether a request fails. AWS finds that out after it has answered Create.
func (c *connection) isUnusable() bool {
	return c.accepter.vpc == nil || c.accepter.vpc == c.requester.vpc || c.overlaps()
}

func (c *connection) overlaps() bool { return overlap(c.requester.prefixes(), c.accepter.prefixes()) }

// sameRequest returns the open connection of an earlier request of the same VPC to the same VPC, or nil. EC2 answers a
// repeated request with it: terraform-provider-aws#27750.
func (s *Service) sameRequest(c *connection) *connection {
	for _, other := range s.requests {
		if other.isOpen() && other.requester.isOf(c.requester) && other.accepter.isOf(c.accepter) {
			return other
		}
	}
	return nil
}

// isConnected reports whether another connection connects the two VPCs already, in either direction. EC2 makes a
// request in the opposite direction and refuses its acceptance: community.aws#580, terraform-provider-aws#44315.
func (s *Service) isConnected(c *connection) bool {
	return slices.ContainsFunc(s.requests, func(other *connection) bool {
		same := other.requester.isOf(c.requester) && other.accepter.isOf(c.accepter)
		opposite := other.requester.isOf(c.accepter) && other.accepter.isOf(c.requester)
		return other != c && other.accepted && other.isOpen() && (same || opposite)
	})
}

func (c *connection) isInterRegion() bool { return c.requester.region != c.accepter.region }

// isOpen reports whether the connection is neither at its end nor on the way there.
func (c *connection) isOpen() bool {
	return slices.Contains([]string{stateInitiating, statePending, stateProvisioning, stateActive}, c.state)
}

// joins reports whether these are the two VPCs, in either order.
func (c *connection) joins(a, b string) bool {
	return c.requester.vpcID == a && c.accepter.vpcID == b || c.requester.vpcID == b && c.accepter.vpcID == a
}

// accept leads to active. AWS documents no way from provisioning to failed.
func (s *Service) accept(c *connection, now time.Time) {
	c.accepted = true
	c.accepter.multipath = c.requester.multipath // the acceptance allows it
	c.become(stateProvisioning, "Provisioning", now)
	c.later(now.Add(s.opts.Delays.Provisioning), func(at time.Time) { c.become(stateActive, "Active", at) })
}

// delete ends the connection. One across regions is deleting for a while.
func (s *Service) delete(c *connection, account string, now time.Time) {
	c.closedBy = account
	message := s.opts.Switches.DeletedMessage
	if message == "" {
		message = "Deleted by " + account
	}
	end := func(at time.Time) {
		c.become(stateDeleted, message, at)
		if s.opts.Switches.DeletedWithoutTags {
			s.endTags(c)
		}
	}
	if !c.isInterRegion() && !s.opts.Switches.DeletingEverywhere {
		end(now)
		return
	}
	c.become(stateDeleting, "Deleting", now)
	c.later(now.Add(s.opts.Delays.Deleting), end)
}

// endTags removes the tags that either side has given the connection.
func (s *Service) endTags(c *connection) {
	for _, at := range []accountRegion{c.requester.accountRegion, c.accepter.accountRegion} {
		if there := s.cells[at]; there != nil {
			delete(there.tags, c.id)
		}
	}
}

// dissolve deletes the connections of a VPC that is deleted. No DeleteVpcPeeringConnection is ever recorded
// of that: https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html.
func (r *request) dissolve(v *vpc) {
	for _, c := range sorted(r.connections) {
		if c.isOpen() && (c.requester.vpc == v || c.accepter.vpc == v) {
			r.delete(c, v.account, r.now)
		}
	}
}

// hasForeignRequest reports whether another account's request waits for the VPC, which must be rejected before the
// VPC can be deleted.
func (s *Service) hasForeignRequest(v *vpc) bool {
	for _, c := range s.connections {
		if c.state == statePending && c.accepter.vpc == v && c.requester.account != v.account {
			return true
		}
	}
	return false
}

// isPeered reports whether the VPC has a connection that was accepted and hasn't ended.
func (s *Service) isPeered(v *vpc) bool {
	return slices.ContainsFunc(s.requests, func(c *connection) bool {
		return c.accepted && c.isOpen() && (c.requester.vpc == v || c.accepter.vpc == v)
	})
}

// forbids reports whether the connection keeps the VPC from getting the block. While a request is pending, its VPC gets
// none at all; once it is active, neither VPC gets one that overlaps the other's:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
func (c *connection) forbids(v *vpc, p netip.Prefix) bool {
	switch {
	case c.state == statePending:
		return c.requester.vpc == v
	case c.state != stateActive && c.state != stateProvisioning:
		return false
	case c.requester.vpc == v:
		return overlap(c.accepter.prefixes(), []netip.Prefix{p})
	}
	return c.accepter.vpc == v && overlap(c.requester.prefixes(), []netip.Prefix{p})
}

// failOverlapping fails the requests that wait for a VPC and overlap its new block.
func (r *request) failOverlapping(v *vpc) {
	for _, c := range r.connections {
		if c.state == statePending && c.accepter.vpc == v && c.overlaps() {
			c.fail(r.now)
		}
	}
}

// isVisible reports whether the connection is listed in the account and Region. After its end it is for a time that
// depends on who ended it.
func (s *Service) isVisible(c *connection, at accountRegion, now time.Time) bool {
	isRequester, isAccepter := c.requester.accountRegion == at, c.accepter.accountRegion == at
	switch {
	case c.state == "": // Describe calls don't show it yet
		return false
	case isRequester:
	case !isAccepter || c.accepter.vpc == nil || c.state == stateFailed:
		return false
	case now.Before(c.created.Add(s.opts.Delays.Propagation)):
		return false
	}
	listed, ends := c.listed(at)
	return !ends || now.Before(c.since.Add(listed))
}

func (c *connection) listed(at accountRegion) (listed time.Duration, ends bool) {
	switch c.state {
	case stateFailed:
		return shortlyListed, true
	case stateExpired:
		return longListed, true
	case stateRejected:
		return listedFor(at == c.accepter.accountRegion || c.requester.account == c.accepter.account), true
	case stateDeleted:
		return listedFor(at.account == c.closedBy), true
	}
	return 0, false
}

// listedFor is how long a connection is listed where its end came from, and for longer on the other side.
func listedFor(short bool) time.Duration {
	if short {
		return shortlyListed
	}
	return longListed
}

// visible returns the connections that the caller sees.
func (r *request) visible() []*connection {
	return slices.DeleteFunc(sorted(r.connections), func(c *connection) bool {
		return !r.isVisible(c, r.cell.accountRegion, r.now)
	})
}

// visibleConnection returns a connection by id, or the error of one that does not exist for the caller.
func (r *request) visibleConnection(id string) (*connection, error) {
	if err := typeConnection.check(id); err != nil {
		return nil, err
	}
	c := r.connections[id]
	if c == nil || !r.isVisible(c, r.cell.accountRegion, r.now) {
		return nil, typeConnection.missing(id)
	}
	return c, nil
}

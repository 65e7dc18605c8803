package ec2

import (
	"slices"
	"strings"
	"time"
)

func createConnection(r *request) ([]node, error) {
	c, err := r.newConnection()
	if err != nil {
		return nil, err
	}
	if c.requester.multipath, err = r.multipathOption(c); err != nil {
		return nil, err
	}
	tags, err := r.specified(typeConnection)
	if err != nil {
		return nil, err
	}
	if existing := r.sameRequest(c); existing != nil {
		return r.connectionNode(existing), nil
	}
	if r.count(c.requester.vpc, stateInitiating, statePending) >= r.opts.Quotas.PendingPeeringsPerVPC {
		return nil, refuse("OutstandingVpcPeeringConnectionLimitExceeded",
			"The maximum number of outstanding VPC peering connection requests of %s has been reached.", c.requester.vpcID)
	}
	c.id = r.newID(typeConnection.prefix)
	r.initiate(c)
	r.cell.tag(c.id, tags)
	return r.connectionNode(c), nil
}

// newConnection reads a request. A wrong VPC of the caller's own is refused; the other one is looked at later.
func (r *request) newConnection() (*connection, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	peer, err := r.must("PeerVpcId")
	if err != nil {
		return nil, err
	}
	if err := typeVPC.check(peer); err != nil {
		return nil, err
	}
	at := r.cell.accountRegion
	if owner := r.params["PeerOwnerId"]; owner != "" {
		at.account = owner
	}
	if region := r.params["PeerRegion"]; region != "" {
		at.region = region
	}
	c := &connection{
		created: r.now, requester: side{accountRegion: r.cell.accountRegion, vpcID: v.id, vpc: v},
		accepter: side{accountRegion: at, vpcID: peer},
	}
	if there := r.cells[at]; there != nil {
		c.accepter.vpc = there.vpcs[peer]
	}
	return c, nil
}

// count counts a VPC's connections in these states: those that it asked for, and of active ones all.
func (s *Service) count(v *vpc, states ...string) int {
	n := 0
	for _, c := range s.connections {
		mine := c.requester.vpc == v || c.accepter.vpc == v && c.accepted
		if mine && slices.Contains(states, c.state) {
			n++
		}
	}
	return n
}

func (r *request) connection() (*connection, error) {
	id, err := r.must("VpcPeeringConnectionId")
	if err != nil {
		return nil, err
	}
	return r.visibleConnection(id)
}

func acceptConnection(r *request) ([]node, error) {
	c, err := r.connection()
	if err != nil {
		return nil, err
	}
	if err := r.mayDecide(c, "accept", "must be accepted"); err != nil {
		return nil, err
	}
	switch {
	case r.opts.Switches.AcceptTwice && (c.state == stateProvisioning || c.state == stateActive):
		return r.connectionNode(c), nil
	case c.state != statePending:
		return nil, c.cannotBecome(stateProvisioning)
	case r.isConnected(c):
		return nil, refuse("VpcPeeringConnectionAlreadyExists", "The vpc peering connection identified by %s already exists.",
			c.id)
	}
	for _, v := range []*vpc{c.accepter.vpc, c.requester.vpc} {
		if r.count(v, stateProvisioning, stateActive) >= r.opts.Quotas.ActivePeeringsPerVPC {
			return nil, r.overActive(v)
		}
	}
	r.accept(c, r.now)
	return r.connectionNode(c), nil
}

func (r *request) overActive(v *vpc) error {
	code := r.opts.Switches.ActiveLimitCode
	if code == "" {
		code = "ActiveVpcPeeringConnectionPerVpcLimitExceeded"
	}
	return refuse(code, "The maximum number of active VPC peering connections of %s has been reached.", v.id)
}

// mayDecide lets only the accepter decide, and only in the accepter's region:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html.
func (r *request) mayDecide(c *connection, verb, must string) error {
	switch {
	case r.cell.account != c.accepter.account:
		return notPermitted("User (%s) cannot %s peering %s", r.cell.account, verb, c.id)
	case r.cell.region != c.accepter.region:
		return notPermitted("Incorrect region (%s) specified for this request. VPC peering connection %s %s in region %s",
			r.cell.region, c.id, must, c.accepter.region)
	}
	return nil
}

func (c *connection) cannotBecome(state string) error {
	return refuse("InvalidStateTransition", "Invalid state transition for %s, attempted to transition from %s to %s",
		c.id, c.state, state)
}

func rejectConnection(r *request) ([]node, error) {
	c, err := r.connection()
	if err != nil {
		return nil, err
	}
	if err := r.mayDecide(c, "reject", "must be accepted or rejected"); err != nil {
		return nil, err
	}
	if c.state != statePending {
		return nil, c.cannotBecome(stateRejected)
	}
	message := r.opts.Switches.RejectedMessage
	if message == "" {
		message = "Inactive"
	}
	c.become(stateRejected, message, r.now)
	return done(), nil
}

// deleteConnection lets either side delete an active connection, and only the requester a request:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcPeeringConnection.html.
func deleteConnection(r *request) ([]node, error) {
	c, err := r.connection()
	if err != nil {
		return nil, err
	}
	switch {
	case c.state == statePending && r.cell.account != c.requester.account:
		return nil, notPermitted("User (%s) cannot delete peering %s", r.cell.account, c.id)
	case c.state != statePending && c.state != stateActive:
		return nil, c.cannotBecome(stateDeleting)
	}
	r.delete(c, r.cell.account, r.now)
	return done(), nil
}

func describeConnections(r *request) ([]node, error) {
	l := listing[*connection]{
		set:          "vpcPeeringConnectionSet",
		ids:          "VpcPeeringConnectionId",
		resourceType: typeConnection,
		most:         1000,
		id:           func(c *connection) string { return c.id },
		filters:      r.connectionFilters(),
		show:         r.showConnection,
	}
	return describe(r, l, r.visible())
}

// connectionFilters see no more of a connection than the caller does.
func (r *request) connectionFilters() filters[*connection] {
	block := func(of func(*connection) side) func(*connection) []string {
		return func(c *connection) []string {
			if s := of(c); s.vpc != nil && r.showsSide(c, s) {
				return nonEmpty(s.vpc.associated(false), block.text)
			}
			return nil
		}
	}
	requester := func(c *connection) side { return c.requester }
	accepter := func(c *connection) side { return c.accepter }
	return filters[*connection]{
		"vpc-peering-connection-id":     one(func(c *connection) string { return c.id }),
		"status-code":                   one(func(c *connection) string { return c.state }),
		"status-message":                one(func(c *connection) string { return c.message }),
		"expiration-time":               one(func(c *connection) string { return timestamp(c.expires()) }),
		"requester-vpc-info.vpc-id":     one(func(c *connection) string { return c.requester.vpcID }),
		"requester-vpc-info.owner-id":   one(func(c *connection) string { return c.requester.account }),
		"requester-vpc-info.cidr-block": block(requester),
		"accepter-vpc-info.vpc-id":      one(func(c *connection) string { return c.accepter.vpcID }),
		"accepter-vpc-info.owner-id":    one(func(c *connection) string { return c.accepter.account }),
		"accepter-vpc-info.cidr-block":  block(accepter),
	}
}

func (r *request) connectionNode(c *connection) []node {
	return []node{group("vpcPeeringConnection", r.showConnection(c)...)}
}

func (r *request) showConnection(c *connection) []node {
	nodes := []node{
		leaf("vpcPeeringConnectionId", c.id),
		group("requesterVpcInfo", r.showSide(c, c.requester)...),
		group("accepterVpcInfo", r.showSide(c, c.accepter)...),
		group("status", leaf("code", c.state), leaf("message", c.message)),
	}
	if c.hasExpiry() {
		nodes = append(nodes, leaf("expirationTime", c.expires().Truncate(time.Second)))
	}
	nodes = append(nodes, r.multipathStatus(c)...)
	return append(nodes, r.cell.taggedNode(c.id))
}

// hasExpiry reports whether EC2 shows when the request expires. Recordings of failed connections have no
// ExpirationTime.
func (c *connection) hasExpiry() bool { return !c.accepted && c.state != stateFailed }

func (c *connection) expires() time.Time { return c.created.Add(lifetime) }

// joined reports whether both VPCs are connected, or are being connected.
func (c *connection) joined() bool { return c.state == stateActive || c.state == stateProvisioning }

// showsSide reports whether the caller sees more of a side than its ids. Both sides of a connection that is active are
// shown, and no side of one that has ended or is ending. Before the acceptance only the requester's account sees its
// own side, in both Regions.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnectionVpcInfo.html.
func (r *request) showsSide(c *connection, s side) bool {
	return c.joined() || c.isOpen() && s.isOf(c.requester) && s.account == r.cell.account
}

func (s side) isOf(other side) bool {
	return s.accountRegion == other.accountRegion && s.vpcID == other.vpcID
}

func (r *request) showSide(c *connection, s side) []node {
	nodes := []node{leaf("ownerId", s.account), leaf("vpcId", s.vpcID), leaf("region", s.region)}
	if s.vpc != nil && r.showsSide(c, s) {
		nodes = append(nodes, leaf("cidrBlock", s.vpc.blocks[0].prefix.String()),
			blockSet("cidrBlockSet", s.vpc.associated(false)))
		if six := s.vpc.associated(true); len(six) > 0 {
			nodes = append(nodes, blockSet("ipv6CidrBlockSet", six))
		}
	}
	if r.showsOptions(c, s) {
		options := []node{
			leaf("allowEgressFromLocalClassicLinkToRemoteVpc", false),
			leaf("allowEgressFromLocalVpcToRemoteClassicLink", false),
			leaf("allowDnsResolutionFromRemoteVpc", s.dns),
		}
		nodes = append(nodes, group("peeringOptions", append(options, s.multipathOptions()...)...))
	}
	return nodes
}

// showsOptions shows an account the options of its own sides, in every Region.
func (r *request) showsOptions(c *connection, s side) bool {
	return r.showsSide(c, s) && (s.account == r.cell.account || r.opts.Switches.RemoteOptions)
}

func blockSet(name string, blocks []block) node {
	field := strings.TrimSuffix(name, "Set")
	return listOf(name, blocks, func(b block) []node { return []node{leaf(field, b.prefix.String())} })
}

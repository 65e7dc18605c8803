// Package ec2 implements an EC2 in memory behind EC2's own query protocol, for VPC peering and the resources that it
// needs. It refuses unknown parameters and filters by name.
package ec2

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// Service is EC2 for all accounts and regions. The caller of a request is in its context: see apicall.With.
type Service struct {
	opts  Options
	newID func(prefix string) string

	mu          sync.Mutex
	cells       map[accountRegion]*cell
	connections map[string]*connection
	requests    []*connection // all connections in the order in which they were asked for
	associating []*vpc        // those with a block that isn't theirs yet
	buckets     map[bucketKey]*bucket
	tokens      map[tokenKey]tokened
	ipv6Blocks  int // Amazon's blocks handed out so far
	// publicAddresses counts the elastic IP addresses handed out so far.
	publicAddresses int
}

// accountRegion is the owner of a resource and its Region.
type accountRegion struct{ account, region string }

// cell has the resources of one account in one Region.
type cell struct {
	accountRegion
	isOpen    bool // has had its default VPC
	vpcs      map[string]*vpc
	subnets   map[string]*subnet
	gateways  map[string]*gateway
	tables    map[string]*table
	groups    map[string]*securityGroup
	acls      map[string]*acl
	lists     map[string]*prefixList
	instances map[string]*instance
	faces     map[string]*face
	dhcp      map[string]*dhcpOptions
	volumes   map[string]*volume
	addresses map[string]*elasticIP
	nats      map[string]*natGateway
	vpns      map[string]*vpnGateway
	endpoints map[string]*endpoint
	transits  map[string]*transitGateway
	// attachments are those of VPCs to transit gateways.
	attachments map[string]*transitAttachment
	detached    []*transitAttachment // deleted attachments
	// transitTables are the route tables of transit gateways.
	transitTables map[string]*transitTable
	egressOnly    map[string]*egressOnlyGateway
	tags          map[string]tagSet // by id; peering connections have a set on each side
	late          map[shownItem][]oldItem

	keys           map[string]*keyPair
	reservations   map[string]*reservation
	customers      map[string]*customerGateway
	vpnConnections map[string]*vpnConnection
	flowLogs       map[string]*flowLog
}

// request is one call while it is answered. The service is locked meanwhile.
type request struct {
	*Service
	params
	cell *cell
	now  time.Time
}

// action is one call of the API.
type action struct {
	mutating bool
	takes    string // the roots of its parameters
	answer   func(*request) ([]node, error)
}

// New returns an EC2 with a default VPC in every account and Region, and no other resources.
func New(o Options) *Service {
	o.Quotas = o.Quotas.withDefaults()
	s := &Service{
		opts:        o,
		newID:       o.NewID,
		cells:       map[accountRegion]*cell{},
		connections: map[string]*connection{},
		buckets:     map[bucketKey]*bucket{},
		tokens:      map[tokenKey]tokened{},
	}
	if s.newID == nil {
		s.newID = seededIDs(o.Seed)
	}
	return s
}

// Actions returns the names of the calls that are answered, sorted.
func Actions() []string { return slices.Sorted(maps.Keys(actions)) }

// ServeHTTP answers one call and completes the apicall.Call in the request's context.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := apicall.From(r.Context())
	requestID := apicall.UUID()
	if err := r.ParseForm(); err != nil {
		writeError(w, requestID, refuse("MalformedQueryString", "The query string contains a syntax error: %v", err))
		return
	}
	p := paramsOf(r.Form)
	call.Action, call.Params = p["Action"], p
	call.Mutating = actions[call.Action].mutating
	nodes, err := s.answer(*call, iam.From(r.Context()), p)
	if call.Mutating && s.opts.Trail != nil {
		s.opts.Trail(recordOf(call, requestID, nodes, err))
	}
	if err != nil {
		refused := asRefusal(err)
		call.ErrorCode = refused.code
		writeError(w, requestID, refused)
		return
	}
	writeAnswer(w, call.Action, requestID, nodes)
}

func (s *Service) answer(call apicall.Call, roles *iam.Registry, p params) ([]node, error) {
	a, known := actions[p["Action"]]
	if !known {
		return nil, refuse("InvalidAction", "The action %s is not valid for this web service.", p["Action"])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if err := s.take(call.Caller, p, now); err != nil {
		return nil, err
	}
	if name := p.unknown(strings.Fields(a.takes)); name != "" {
		return nil, refuse("UnknownParameter", "The parameter %s is not recognized", name)
	}
	if err := p.checkFixed(); err != nil {
		return nil, err
	}
	dry, err := p.bool("DryRun")
	if err != nil {
		return nil, err
	}
	s.settle(now)
	r := &request{Service: s, params: p, now: now}
	r.cell = s.cell(accountRegion{call.Account, call.Region})
	if !r.cell.isOpen {
		r.cell.isOpen = true
		r.openAccount()
	}
	if err := r.allowed(call.Caller, roles); err != nil {
		return nil, err
	}
	if dry {
		return nil, wouldSucceed()
	}
	return r.perform(a, call)
}

// perform answers a call that is allowed. Describe calls may show an older state, see Options.ShowLate.
func (r *request) perform(a action, call apicall.Call) ([]node, error) {
	switch {
	case !a.mutating:
		defer r.cell.showOld(r.now)()
		defer r.showOldConnections(r.now)()
	case r.opts.ShowLate != nil:
		return r.once(func(r *request) ([]node, error) { return r.edit(a.answer, r.opts.ShowLate(call)) })
	}
	return r.once(a.answer)
}

func (s *Service) cell(at accountRegion) *cell {
	c := s.cells[at]
	if c == nil {
		c = &cell{
			accountRegion: at,
			vpcs:          map[string]*vpc{},
			subnets:       map[string]*subnet{},
			gateways:      map[string]*gateway{},
			tables:        map[string]*table{},
			groups:        map[string]*securityGroup{},
			acls:          map[string]*acl{},
			lists:         map[string]*prefixList{},
			instances:     map[string]*instance{},
			faces:         map[string]*face{},
			dhcp:          map[string]*dhcpOptions{},
			volumes:       map[string]*volume{},
			addresses:     map[string]*elasticIP{},
			nats:          map[string]*natGateway{},
			vpns:          map[string]*vpnGateway{},
			endpoints:     map[string]*endpoint{},
			transits:      map[string]*transitGateway{},
			attachments:   map[string]*transitAttachment{},
			transitTables: map[string]*transitTable{},
			egressOnly:    map[string]*egressOnlyGateway{},
			tags:          map[string]tagSet{},
			late:          map[shownItem][]oldItem{},

			keys:           map[string]*keyPair{},
			reservations:   map[string]*reservation{},
			customers:      map[string]*customerGateway{},
			vpnConnections: map[string]*vpnConnection{},
			flowLogs:       map[string]*flowLog{},
		}
		s.cells[at] = c
	}
	return c
}

// arn names a resource of the cell.
func (c *cell) arn(k resourceType, id string) string {
	return "arn:aws:ec2:" + c.region + ":" + c.account + ":" + k.resource + "/" + id
}

const (
	namespace   = "http://ec2.amazonaws.com/doc/2016-11-15/"
	declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
)

func writeAnswer(w http.ResponseWriter, action, requestID string, nodes []node) {
	var b strings.Builder
	b.WriteString(declaration + "<" + action + `Response xmlns="` + namespace + `">`)
	leaf("requestId", requestID).writeXML(&b)
	for _, n := range nodes {
		n.writeXML(&b)
	}
	b.WriteString("</" + action + "Response>")
	write(w, http.StatusOK, b.String())
}

// writeError writes EC2's envelope of errors, which has RequestID and no namespace.
func writeError(w http.ResponseWriter, requestID string, r *refusal) {
	var b strings.Builder
	b.WriteString(declaration)
	failure := group("Error", leaf("Code", r.code), leaf("Message", r.message))
	group("Response", group("Errors", failure), leaf("RequestID", requestID)).writeXML(&b)
	write(w, r.status, b.String())
}

func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("Server", "AmazonEC2")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client may have gone, which is its own affair
}

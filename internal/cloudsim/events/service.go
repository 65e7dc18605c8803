// Package events implements the embedded cloud's EventBridge: buses, rules, and delivery to queues and to other buses.
// It also takes CloudTrail's records and puts them as events on the caller's default bus.
package events

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/cloudsim/notifier"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/cloudsim/scheduler"
)

// Options configure a Service. The zero value delivers everything once and at once.
type Options struct {
	Queues   *queue.Service     // where targets and dead-letter queues are
	Notifier *notifier.Notifier // notified whenever a delivery comes or goes
	IAM      *iam.Registry      // nil knows no roles

	// Schedule returns the delays after which an event is delivered, once for each: none drops it, two deliver it
	// twice, different ones change the order. It is called by one goroutine at a time and must not call the
	// Service. Nil delivers once, after TrailLatency or DeliveryLatency.
	Schedule        func(Delivery) []time.Duration
	TrailLatency    time.Duration // from a call to CloudTrail's event
	DeliveryLatency time.Duration // from a bus to a target

	// Organizations has the organization id of each account that is in one, for aws:PrincipalOrgID.
	Organizations map[string]string

	// MaxRequestBytes limits all entries of one PutEvents. Zero means the 1 MB of the user guide; the API
	// reference still has 256 KB.
	MaxRequestBytes int

	// AccepterCopy also gives the accepter's account the record of a CreateVpcPeeringConnection. AWS
	// documents such copies for resource owners of some services, and nothing for VPC peering.
	AccepterCopy bool
	// TargetBus is how PutTargets checks a target that is an event bus. AWS documents no check, and reports of
	// refused and of accepted targets contradict each other.
	TargetBus TargetBusCheck
}

// TargetBusCheck is a check of the event buses that rules send to.
type TargetBusCheck int

// The checks, each stricter than the one before. The policy of a bus is checked without its conditions, since there is
// no event yet, and only for another account's rule.
const (
	AnyTargetBus       TargetBusCheck = iota
	ExistingTargetBus                 // the bus must exist
	PermittedTargetBus                // and its policy must name the rule's account or the target's role
)

// Stage is a step on an event's way.
type Stage string

// The stages. CloudTrail delivers at best effort; buses deliver at least once.
const (
	FromTrail   Stage = "trail"   // to the default bus
	FromService Stage = "service" // from an AWS service to the default bus
	ToTarget    Stage = "target"  // of a rule
)

// Delivery is one step of one event.
type Delivery struct {
	Stage  Stage
	Rule   string // ARN; empty for FromTrail and FromService
	Target string // ARN of the queue or bus
	Event  Event
}

// Failure is a delivery that EventBridge gave up, with the error code and message that it writes to a dead-letter
// queue.
type Failure struct {
	Delivery
	At         time.Time
	Code       string
	Message    string
	DeadLetter bool // a dead-letter queue has it
}

// Service is EventBridge for all accounts and regions.
type Service struct {
	options   Options
	protocol  awsjson.Service
	scheduler scheduler.Scheduler

	mu       sync.Mutex
	buses    map[busName]*bus
	silent   map[cell]bool // where no trail logs
	pending  int           // deliveries
	failures []Failure
}

// cell is one account in one region.
type cell struct{ account, region string }

// New returns an EventBridge with nothing but default buses. Close stops its deliveries.
func New(o Options) *Service {
	if o.Notifier == nil {
		o.Notifier = &notifier.Notifier{}
	}
	if o.Queues == nil {
		o.Queues = queue.New(queue.Options{Notifier: o.Notifier})
	}
	s := &Service{options: o, buses: map[busName]*bus{}, silent: map[cell]bool{}}
	s.protocol = awsjson.Service{Version: "1.1", Allow: s.allow, Actions: s.actions()}
	return s
}

func (s *Service) actions() map[string]awsjson.Action {
	return map[string]awsjson.Action{
		"CreateEventBus":    awsjson.Write(s.createEventBus),
		"DeleteEventBus":    awsjson.Write(s.deleteEventBus),
		"DescribeEventBus":  awsjson.Read(s.describeEventBus),
		"ListEventBuses":    awsjson.Read(s.listEventBuses),
		"PutPermission":     awsjson.Write(s.putPermission),
		"RemovePermission":  awsjson.Write(s.removePermission),
		"PutRule":           awsjson.Write(s.putRule),
		"DeleteRule":        awsjson.Write(s.deleteRule),
		"DescribeRule":      awsjson.Read(s.describeRule),
		"ListRules":         awsjson.Read(s.listRules),
		"EnableRule":        awsjson.Write(s.enableRule),
		"DisableRule":       awsjson.Write(s.disableRule),
		"PutTargets":        awsjson.Write(s.putTargets),
		"RemoveTargets":     awsjson.Write(s.removeTargets),
		"ListTargetsByRule": awsjson.Read(s.listTargetsByRule),
		"PutEvents":         awsjson.Write(s.putEvents),
		"TestEventPattern":  awsjson.Read(s.testEventPattern),
	}
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.protocol.ServeHTTP(w, r) }

// Close drops undelivered events.
func (s *Service) Close() { s.scheduler.Close() }

// Settled reports whether no delivery is under way or due.
func (s *Service) Settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending == 0
}

// Failures lists the deliveries given up so far, the oldest first.
func (s *Service) Failures() []Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// bus returns nil for one that doesn't exist. A default bus always does. Callers hold the lock.
func (s *Service) bus(name busName) *bus {
	if b := s.buses[name]; b != nil || name.name != defaultBus {
		return b
	}
	b := newBus(name)
	s.buses[name] = b
	return b
}

// busesOf lists the buses of one account and region in order of name. Callers hold the lock.
func (s *Service) busesOf(c cell) []*bus {
	s.bus(busName{c, defaultBus})
	names := slices.DeleteFunc(slices.Collect(maps.Keys(s.buses)), func(n busName) bool { return n.cell != c })
	slices.SortFunc(names, busName.compare)
	list := make([]*bus, len(names))
	for i, n := range names {
		list[i] = s.buses[n]
	}
	return list
}

package simtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// weather is how much goes wrong: of a thousand calls, or of a hundred events.
type weather struct {
	throttled, failed, unknown, dropped, hung, slow int  // calls
	stubborn                                        bool // what throttles does so for minutes
	killed                                          int  // of a thousand invocations
	lost, doubled, late                             int  // events
	stale                                           int  // of a hundred reads that may be
}

func drawWeather(d random.Source) weather {
	if d.Chance(15) {
		return weather{}
	}
	most := random.Pick(d, 5, 15, 40)
	w := weather{
		throttled: d.IntN(most), failed: d.IntN(most), unknown: d.IntN(most), dropped: d.IntN(most), hung: d.IntN(most/4 + 1), slow: d.IntN(most), killed: d.IntN(4 * most),
		stale: random.Pick(d, 0, 20, 50),
	}
	if d.Chance(8) {
		w.throttled, w.stubborn = 200, true // some calls use up all their attempts
	}
	if d.Chance(70) {
		w.lost, w.doubled, w.late = d.IntN(20), d.IntN(20), d.IntN(30)
	}
	return w
}

// befall says what becomes of a call of autopeer's. It sleeps for as long as the call takes.
func (r *run) befall(call apicall.Call) *cloudsim.Failure {
	function := ledger.FunctionOf(call.ARN)
	if function == "" {
		return nil
	}
	f, wait := r.decide(call, function)
	time.Sleep(wait)
	return f
}

// hang outlasts a function, so that to it the call never comes back: it has been killed.
const hang = wiring.FunctionTimeout + time.Second

func (r *run) decide(call apicall.Call, function string) (*cloudsim.Failure, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := callOf(call, function)
	r.watchCall(c)
	d := r.fates.Next(c.question()...)
	wait := d.Duration(2*time.Millisecond, 40*time.Millisecond)
	if old := r.old[c.readKey()]; old.until.After(time.Now()) && d.Chance(60) {
		r.tell(c, "is answered as things were")
		return &cloudsim.Failure{Answer: old.answer}, wait
	}
	f, longer := r.misfortune(c, d)
	switch {
	case f == nil:
		r.made(c)
	case function == "sweep":
		r.unswept[c.cell] = true
	}
	return f, wait + longer
}

// misfortune draws whether the call fails, and how.
func (r *run) misfortune(c call, d random.Source) (*cloudsim.Failure, time.Duration) {
	w := r.weather
	n := d.IntN(1000)
	over := func(share int) bool { n -= share; return n < 0 }
	switch {
	case r.isThrottled(c) && (w.stubborn || d.Chance(90)):
		r.broken(c, "throttled")
		return &cloudsim.Failure{Code: throttleCode(c.service), Message: "Request limit exceeded.", Status: http.StatusServiceUnavailable}, 0
	case over(w.failed):
		r.tell(c, "fails with an internal error")
		return &cloudsim.Failure{Code: "InternalError", Message: "An internal error has occurred", Status: http.StatusInternalServerError, After: d.Chance(50)}, 0
	case over(w.unknown):
		r.broken(c, unknownCode)
		return &cloudsim.Failure{Code: unknownCode, Message: "Nobody has heard of this.", After: d.Chance(50)}, 0
	case over(w.dropped):
		r.tell(c, "has no answer")
		return &cloudsim.Failure{Code: "Dropped", Drop: true, After: d.Chance(50)}, 0
	case over(w.hung):
		r.broken(c, "hangs until the function is killed")
		return &cloudsim.Failure{Code: "Hung", Drop: true, After: d.Chance(50)}, hang
	case over(w.slow):
		return nil, d.Duration(time.Second, 20*time.Second)
	}
	return nil, 0
}

// isThrottled draws for some time at once, and for all calls of an action in a cell. Callers hold the lock.
func (r *run) isThrottled(c call) bool {
	spell := time.Minute
	if r.weather.stubborn {
		spell = 10 * time.Minute
	}
	since := time.Now().Truncate(spell).Format(time.RFC3339)
	return r.fates.Always("throttle", c.cell.String(), c.action, since).IntN(1000) < r.weather.throttled
}

// death is when a process is killed.
type death struct {
	at  time.Time
	how local.Death
}

// death kills some invocations. Calls that are made at one instant share a fate, since their order is the
// scheduler's.
func (r *run) death(s local.Step) local.Death {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(s.Request.URL.Host, string(s.Cell.Region)) {
		r.report.Fail(nil, "autopeer-%s of %s makes a call to %s", s.Function, s.Cell, s.Request.URL.Host)
	}
	name := fmt.Sprint(s.Cell, s.Invocation, r.deployed.UnixNano())
	drawn, known := r.deaths[name]
	if !known {
		d := r.fates.Next("death", name)
		if d.IntN(1000) < r.weather.killed {
			r.unswept[s.Cell] = r.unswept[s.Cell] || s.Function == wiring.Sweep
			drawn = death{time.Now().Add(d.Duration(0, 200*time.Millisecond)), random.Pick(d, local.DiesBefore, local.DiesAfter)}
			r.report.Remark(fmt.Sprintf("autopeer-%s in %s is about to be killed", s.Function, s.Cell))
		}
		r.deaths[name] = drawn
	}
	if drawn.how == local.Lives || time.Now().Before(drawn.at) {
		return local.Lives
	}
	return drawn.how
}

// unknownCode is one that no table of errors has.
const unknownCode = "IncidentalFault"

func throttleCode(service string) string {
	if service == "ec2" {
		return "RequestLimitExceeded"
	}
	return "ThrottlingException"
}

// call is one call of a function of autopeer's.
type call struct {
	function string
	cell     peering.Cell
	service  string
	action   string
	params   map[string]string
	key      string // access key
}

func callOf(c apicall.Call, function string) call {
	return call{function, peering.Cell{Account: peering.AccountID(c.Account), Region: peering.Region(c.Region)}, c.Service, c.Action, c.Params, c.AccessKeyID}
}

// question is what tells the call from others, but for its repetitions. The numbers of a list's members are left out:
// tags come in any order.
func (c call) question() []string {
	var parts []string
	for name, value := range c.params {
		if name != "ClientToken" && name != "Action" && name != "Version" && !strings.HasPrefix(name, "SecurityGroupRuleId") {
			parts = append(parts, strings.TrimRight(withoutNumbers.Replace(name), ".")+"="+value)
		}
	}
	slices.Sort(parts)
	return append([]string{c.function, c.cell.String(), c.action}, parts...)
}

var withoutNumbers = strings.NewReplacer("0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "", "..", ".")

// about returns the connection that the call is about, "" if it is about none, or names several: those are others that
// stand in the way of the one at hand.
func (c call) about() string {
	for _, name := range []string{"VpcPeeringConnectionId", "Filter.1.Value.1", "ResourceId.1"} {
		if id := c.params[name]; connectionID.MatchString(id) && c.params["Filter.1.Value.2"] == "" {
			return id
		}
	}
	return ""
}

// readKey is what an old answer is kept under.
func (c call) readKey() string {
	if c.action != "DescribeVpcPeeringConnections" || c.about() == "" || c.params["Filter.2.Name"] != "" {
		return ""
	}
	return c.cell.String() + c.about()
}

// oldAnswer is what a read returned before something changed.
type oldAnswer struct {
	answer string
	until  time.Time
}

// remember keeps what both sides see of a connection, so that they may go on seeing it for a while.
func (r *run) remember(c *ledger.Connection) {
	if !r.Chance(r.weather.stale) {
		return
	}
	for _, cell := range []peering.Cell{c.Requester.Cell, c.Accepter.Cell} {
		answer, err := r.ask(cell, "DescribeVpcPeeringConnections", "Filter.1.Name", "vpc-peering-connection-id", "Filter.1.Value.1", c.ID)
		if err != nil {
			continue
		}
		r.mu.Lock()
		r.old[cell.String()+c.ID] = oldAnswer{answer, time.Now().Add(r.Duration(time.Second, 15*time.Second))}
		r.mu.Unlock()
	}
}

// way delivers events late, twice or never, and lets the ledger read each record, whoever else is told of it.
func (r *run) way(d events.Delivery, usual time.Duration) []time.Duration {
	if d.Stage == events.FromTrail {
		record, err := ledger.ParseRecord(cellOf(d.Event), d.Event.Detail, time.Now())
		if err != nil {
			r.report.Fail(nil, "%v", err)
			return nil
		}
		r.take(record)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.fates.Next(string(d.Stage), d.Target, d.Rule, d.Event.DetailType, d.Event.Account, d.Event.Region)
	once := usual + f.Duration(0, 20*time.Millisecond)
	silent := d.Stage == events.FromTrail && r.silent[cellOf(d.Event)]
	switch {
	case d.Event.Source == "aws.events":
		return []time.Duration{once} // a schedule's event is retried for a day
	case silent, f.Chance(r.weather.lost):
		r.lose(d)
		return nil
	case f.Chance(r.weather.doubled):
		return []time.Duration{once, once + f.Duration(0, time.Minute)}
	case f.Chance(r.weather.late):
		return []time.Duration{once + f.Duration(0, random.Pick(f, time.Second, 30*time.Second, 5*time.Minute))}
	}
	return []time.Duration{once}
}

func cellOf(e events.Event) peering.Cell {
	return peering.Cell{Account: peering.AccountID(e.Account), Region: peering.Region(e.Region)}
}

// lose notes of which connections somebody wasn't told.
func (r *run) lose(d events.Delivery) {
	for _, id := range connectionID.FindAllString(string(d.Event.Detail), -1) {
		r.lost[id] = true
	}
	r.report.Note(lostEvent{d})
}

type lostEvent struct{ events.Delivery }

func (l lostEvent) String() string {
	return fmt.Sprintf("event lost on its way to %s: %s of %s/%s %s", l.Target, l.Event.DetailType, l.Event.Account, l.Event.Region, summary(l.Event.Detail))
}

func summary(detail []byte) string {
	name := ""
	if _, rest, found := strings.Cut(string(detail), `"eventName":"`); found {
		name, _, _ = strings.Cut(rest, `"`)
	}
	return name + " " + strings.Join(connectionID.FindAllString(string(detail), 1), " ")
}

// mishap is what became of a call of autopeer's.
type mishap struct {
	call
	what string
}

func (m mishap) String() string {
	return fmt.Sprintf("autopeer-%s in %s: %s %s %s", m.function, m.cell, m.action, strings.Join(m.question()[3:], " "), m.what)
}

func (r *run) tell(c call, what string) { r.report.Note(mishap{c, what}) }

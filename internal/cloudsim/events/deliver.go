package events

import (
	"errors"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// arrival is an event on a bus.
type arrival struct {
	event     Event
	forwarded bool // it has made its one way from bus to bus
}

// publish matches an event with a bus's rules and schedules the deliveries. Callers hold the lock.
func (s *Service) publish(b *bus, a arrival) {
	event, err := pattern.Read(a.event.encode()) // as it is on the wire, since patterns compare that
	if err != nil {
		return // it matches nothing
	}
	for _, r := range b.rules {
		if r.matches(event) {
			s.send(r, a)
		}
	}
}

// send schedules the deliveries to a rule's targets. Callers hold the lock.
func (s *Service) send(r *rule, a arrival) {
	for _, t := range r.targets {
		step := delivery{arrival: a, rule: r.arn(), from: r.bus, target: t}
		s.schedule(step.public(), func() { s.deliver(step) })
	}
}

// delivery is one event on its way to one target.
type delivery struct {
	arrival
	rule   string
	from   busName
	target target
}

func (d delivery) public() Delivery {
	return Delivery{Stage: ToTarget, Rule: d.rule, Target: d.target.ARN, Event: d.event}
}

// schedule has a step taken once for each of its delays. Callers hold the lock, now and while a step is taken.
func (s *Service) schedule(d Delivery, step func()) {
	for _, delay := range s.delays(d) {
		s.pending++
		s.scheduler.After(delay, func() {
			s.mu.Lock()
			step()
			s.pending--
			s.mu.Unlock()
			s.options.Notifier.Notify()
		})
	}
	s.options.Notifier.Notify()
}

// delays asks the one who runs the cloud how this step goes. Callers hold the lock.
func (s *Service) delays(d Delivery) []time.Duration {
	switch {
	case s.options.Schedule != nil:
		return s.options.Schedule(d)
	case d.Stage == FromTrail:
		return []time.Duration{s.options.TrailLatency}
	case d.Stage == FromService:
		return []time.Duration{0}
	default:
		return []time.Duration{s.options.DeliveryLatency}
	}
}

func (s *Service) deliver(d delivery) {
	send := s.toQueue
	if d.target.isBus() {
		send = s.toBus
	}
	if reason := send(d); reason != nil {
		s.giveUp(d, *reason)
	}
}

// reason is why a delivery failed, as dead-letter queues spell it:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
type reason struct{ code, message string }

// toQueue needs the queue policy's permission, also within one account:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
func (s *Service) toQueue(d delivery) *reason {
	body, err := d.target.shape(d.event)
	if err != nil {
		return &reason{"INVALID_PARAMETER", err.Error()}
	}
	err = s.options.Queues.Deliver(d.target.ARN, d.source(), string(body), nil)
	switch {
	case errors.Is(err, queue.ErrNoQueue):
		return &reason{"NO_RESOURCE", "The specified queue does not exist."}
	case err != nil:
		return &reason{"NO_PERMISSIONS", "Lack of permissions to send to the target."}
	}
	return nil
}

func (d delivery) source() queue.Source {
	return queue.Source{Service: "events.amazonaws.com", ARN: d.rule, Account: d.from.account}
}

// toBus makes the one hop that EventBridge allows. An event that has come from another bus goes no further:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
func (s *Service) toBus(d delivery) *reason {
	name, _ := parseBusARN(d.target.ARN)
	if d.forwarded {
		return thirdHop(d.from.cell, name.cell)
	}
	b := s.bus(name)
	if b == nil {
		return &reason{"NO_RESOURCE", "The specified event bus does not exist."}
	}
	who := sender{account: d.from.account, arn: d.target.RoleARN, rule: d.rule}
	if err := s.forwards(who, b, d.event); err != nil {
		return &reason{"NO_PERMISSIONS", "Lack of permissions to send to the target. " + err.Error()}
	}
	event := d.event
	if name.region != d.from.region { // as recorded: another account in the Region keeps the id
		event.ID = apicall.UUID()
	}
	s.publish(b, arrival{event: event, forwarded: true})
	return nil
}

// thirdHop chooses between the two documented codes. No document has the code for a third bus of the same account and
// Region: here it gets the account's.
func thirdHop(from, to cell) *reason {
	if from.account == to.account && from.region != to.region {
		return &reason{"THIRD_REGION_HOP_DETECTED",
			"Events received from another event bus can't be sent on to a third region."}
	}
	return &reason{"THIRD_ACCOUNT_HOP_DETECTED",
		"Events received from another event bus can't be sent on to a third event bus."}
}

// giveUp is for failures that aren't retried, as all of this cloud's are: missing permissions and missing
// targets go to the dead-letter queue directly.
func (s *Service) giveUp(d delivery, why reason) {
	f := Failure{Delivery: d.public(), At: time.Now(), Code: why.code, Message: why.message}
	if dead := d.target.deadLetterARN(); dead != "" {
		err := s.options.Queues.Deliver(dead, d.source(), string(d.event.encode()), d.deadLetterAttributes(why))
		f.DeadLetter = err == nil
	}
	s.failures = append(s.failures, f)
}

// deadLetterAttributes returns all six that AWS documents, also the two about retries, although there were none.
func (d delivery) deadLetterAttributes(why reason) map[string]queue.MessageAttribute {
	attributes := map[string]queue.MessageAttribute{}
	for name, value := range map[string]string{
		"RULE_ARN": d.rule, "TARGET_ARN": d.target.ARN, "ERROR_CODE": why.code, "ERROR_MESSAGE": why.message,
		"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "0",
	} {
		attributes[name] = queue.MessageAttribute{DataType: "String", StringValue: value}
	}
	return attributes
}

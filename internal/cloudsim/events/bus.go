package events

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

const defaultBus = "default"

// Quotas of a classic bus: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const (
	maxBuses         = 100
	maxRulesPerBus   = 300
	maxTargets       = 5
	maxPatternLength = 2048
	maxPolicyLength  = 10_240
)

type busName struct {
	cell
	name string
}

func (n busName) arn() string {
	return "arn:aws:events:" + n.region + ":" + n.account + ":event-bus/" + n.name
}

func (n busName) compare(other busName) int { return strings.Compare(n.arn(), other.arn()) }

// parseBusARN takes arn:aws:events:us-east-1:111111111111:event-bus/name, the name with slashes or without.
func parseBusARN(s string) (busName, bool) {
	rest, ok := strings.CutPrefix(s, "arn:aws:events:")
	parts := strings.SplitN(rest, ":", 3)
	if !ok || len(parts) != 3 {
		return busName{}, false
	}
	name, ok := strings.CutPrefix(parts[2], "event-bus/")
	return busName{cell{account: parts[1], region: parts[0]}, name}, ok
}

// resolveBus returns the bus of a name or an ARN; empty means the default bus.
func resolveBus(nameOrARN string, caller apicall.Caller) busName {
	if n, ok := parseBusARN(nameOrARN); ok {
		return n
	}
	if nameOrARN == "" {
		nameOrARN = defaultBus
	}
	return busName{cellOf(caller), nameOrARN}
}

func cellOf(c apicall.Caller) cell { return cell{c.Account, c.Region} }

// bus has its rules in order of name.
type bus struct {
	name     busName
	created  time.Time
	document string // of the policy; empty for none
	policy   iam.Policy
	rules    []*rule
}

// newBus makes a bus that only its own account can use: it has no policy.
func newBus(name busName) *bus { return &bus{name: name, created: time.Now()} }

func (b *bus) rule(name string) *rule {
	i, found := b.findRule(name)
	if !found {
		return nil
	}
	return b.rules[i]
}

// findRule also returns the index at which a rule of that name belongs, if there is none.
func (b *bus) findRule(name string) (int, bool) {
	return slices.BinarySearchFunc(b.rules, name, func(r *rule, name string) int { return strings.Compare(r.name, name) })
}

// setPolicy takes a document that is empty, or one of at most 10,240 characters that it can evaluate.
func (b *bus) setPolicy(document string) error {
	if len(document) > maxPolicyLength {
		return refuse("PolicyLengthExceededException", "The policy is longer than 10240 characters.")
	}
	var policy iam.Policy
	if document != "" {
		var err error
		if policy, err = iam.ParseResource([]byte(document)); err != nil {
			return invalid("Parameter Policy is not valid. Reason: " + err.Error())
		}
	}
	b.document, b.policy = document, policy
	return nil
}

// sender is who puts an event on a bus: an account's caller, or a rule of that account.
type sender struct {
	account string
	arn     string
	rule    string // ARN; empty for a caller of PutEvents
}

// source has the keys that name the rule: EventBridge supplies them to the bus and when it takes on the rule's role.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
func (s sender) source() iam.Keys {
	if s.rule == "" {
		return nil
	}
	return iam.Keys{"aws:SourceArn": {s.rule}, "aws:SourceAccount": {s.account}}
}

// permits asks the policies of the sender's role and of the bus: between accounts both must allow it.
func (s *Service) permits(who sender, b *bus, e Event) error {
	keys := iam.Keys{"events:source": {e.Source}, "events:detail-type": {e.DetailType}}
	if id := s.options.Organizations[who.account]; id != "" {
		keys["aws:PrincipalOrgID"] = []string{id}
	}
	maps.Copy(keys, who.source())
	return s.options.IAM.Authorize(iam.Request{
		Principal: iam.Principal{Account: who.account, ARN: who.arn}, Action: "events:PutEvents",
		Resource: b.name.arn(), Owner: b.name.account, Keys: keys,
	}, b.policy)
}

// forwards also asks whether the rule's role lets EventBridge take it on.
func (s *Service) forwards(who sender, b *bus, e Event) error {
	if who.arn != "" {
		if err := s.options.IAM.MayAssume("events.amazonaws.com", who.arn, who.source()); err != nil {
			return err
		}
	}
	return s.permits(who, b, e)
}

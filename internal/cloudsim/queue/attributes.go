package queue

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// limit is the range of a numeric attribute, and its default:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
type limit struct{ least, most, standard int }

var limits = map[string]limit{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, 1 << 20, 1 << 20},
	"MessageRetentionPeriod":        {60, 14 * 24 * 3600, 4 * 24 * 3600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, 12 * 3600, 30},
}

// stored lists the attributes that the cloud stores and returns without effect: it encrypts nothing.
var stored = []string{"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "RedriveAllowPolicy", "SqsManagedSseEnabled"}

type redrivePolicy struct {
	target arn // the zero value means none
	after  int // receives
}

// setDefaults also sets encryption by SQS, as for new queues.
func (q *queue) setDefaults() {
	for name, l := range limits {
		q.attributes[name] = strconv.Itoa(l.standard)
	}
	q.attributes["SqsManagedSseEnabled"] = "true"
}

// configure sets all of the attributes or, if one is wrong, none.
func (s *Service) configure(q *queue, changes map[string]string) error {
	changed := *q
	changed.attributes = maps.Clone(q.attributes)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if err := s.set(&changed, name, changes[name]); err != nil {
			return err
		}
	}
	changed.modified = time.Now()
	*q = changed
	return nil
}

// set changes one attribute of a copy of a queue, so that a later mistake undoes it.
func (s *Service) set(q *queue, name, value string) error {
	l, numeric := limits[name]
	switch {
	case numeric:
		if n, err := strconv.Atoi(value); err != nil || n < l.least || n > l.most {
			return invalidAttribute(name, value)
		}
	case name == "Policy":
		if err := q.setPolicy(value); err != nil {
			return err
		}
	case name == "RedrivePolicy":
		if err := s.setRedrive(q, value); err != nil {
			return err
		}
	case !slices.Contains(stored, name):
		return refusePlain("InvalidAttributeName", "Unknown Attribute "+name+".")
	}
	if value == "" { // how Policy and RedrivePolicy are taken away
		delete(q.attributes, name)
		return nil
	}
	q.attributes[name] = value
	return nil
}

func invalidAttribute(name, value string) *awsjson.Error {
	return refusePlain("InvalidAttributeValue", fmt.Sprintf("Invalid value for the parameter %s: %q.", name, value))
}

// setPolicy refuses policies that it can't evaluate, although SQS might accept them: better loud than lenient.
func (q *queue) setPolicy(document string) error {
	if document == "" {
		q.policy = iam.Policy{}
		return nil
	}
	policy, err := iam.ParseResource([]byte(document))
	if err != nil {
		return refusePlain("InvalidAttributeValue", "Invalid value for the parameter Policy: "+err.Error())
	}
	q.policy = policy
	return nil
}

// setRedrive wants a dead-letter queue of the same account and region, as SQS does.
func (s *Service) setRedrive(q *queue, document string) error {
	if document == "" {
		q.redrive = redrivePolicy{}
		return nil
	}
	var p struct {
		DeadLetterTargetARN string `json:"deadLetterTargetArn"`
		MaxReceiveCount     any    `json:"maxReceiveCount"` // a number, or a number in quotation marks
	}
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return invalidRedrive(document, "it is not a JSON document")
	}
	target, ok := parseARN(p.DeadLetterTargetARN)
	after, err := strconv.Atoi(fmt.Sprint(p.MaxReceiveCount))
	switch {
	case err != nil || after < 1 || after > 1000:
		return invalidRedrive(document, "maxReceiveCount must be from 1 to 1000")
	case !ok || target.account != q.arn.account || target.region != q.arn.region:
		return invalidRedrive(document, "the dead-letter queue must be in the same account and region")
	case s.queues[target] == nil:
		return invalidRedrive(document, "Dead letter target does not exist")
	}
	q.redrive = redrivePolicy{target: target, after: after}
	return nil
}

// invalidRedrive gives the reason in the form of SQS's own messages.
func invalidRedrive(document, reason string) *awsjson.Error {
	return invalidParameter(fmt.Sprintf("Value %s for parameter RedrivePolicy is invalid. Reason: %s.", document, reason))
}

// attribute reads one attribute; found is false for one that this queue doesn't have.
func (q *queue) attribute(name string, now time.Time) (value string, found bool) {
	visible, inFlight, delayed := q.count(now)
	switch name {
	case "QueueArn":
		return q.arn.String(), true
	case "ApproximateNumberOfMessages":
		return strconv.Itoa(visible), true
	case "ApproximateNumberOfMessagesNotVisible":
		return strconv.Itoa(inFlight), true
	case "ApproximateNumberOfMessagesDelayed":
		return strconv.Itoa(delayed), true
	case "CreatedTimestamp":
		return strconv.FormatInt(q.created.Unix(), 10), true
	case "LastModifiedTimestamp":
		return strconv.FormatInt(q.modified.Unix(), 10), true
	default:
		value, found = q.attributes[name]
		return value, found
	}
}

var computed = []string{
	"QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
	"ApproximateNumberOfMessagesDelayed", "CreatedTimestamp", "LastModifiedTimestamp",
}

func isAttribute(name string) bool {
	_, numeric := limits[name]
	return numeric || slices.Contains(stored, name) || slices.Contains(computed, name) ||
		name == "Policy" || name == "RedrivePolicy"
}

// describe leaves out attributes that the queue doesn't have, such as a policy, and refuses unknown ones.
func (q *queue) describe(names []string, now time.Time) (map[string]string, error) {
	if slices.Contains(names, "All") {
		names = slices.AppendSeq(slices.Clone(computed), maps.Keys(q.attributes))
	}
	values := map[string]string{}
	for _, name := range names {
		if !isAttribute(name) {
			return nil, refusePlain("InvalidAttributeName", "Unknown Attribute "+name+".")
		}
		if value, found := q.attribute(name, now); found {
			values[name] = value
		}
	}
	return values, nil
}

// sameAttributes decides whether creating a queue again is a repetition or a conflict.
func sameAttributes(q *queue, wanted map[string]string) bool {
	for name, value := range wanted {
		if strings.TrimSpace(q.attributes[name]) != strings.TrimSpace(value) {
			return false
		}
	}
	return true
}

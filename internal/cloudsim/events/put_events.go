package events

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

const (
	maxEntries      = 10
	maxRequestBytes = 1 << 20
	timeBytes       = 14 // the size of an entry's Time
)

type putEventsEntry struct {
	Time         *float64
	Source       string
	Resources    []string
	DetailType   string
	Detail       string
	EventBusName string
}

type putEventsInput struct{ Entries []putEventsEntry }

type putEventsResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []putEventsResult
}

// putEvents takes each entry on its own, except that a bus of another account that doesn't permit it refuses
// the whole request.
func (s *Service) putEvents(ctx context.Context, in putEventsInput) (putEventsOutput, error) {
	caller := apicall.From(ctx).Caller
	if err := s.checkRequest(in); err != nil {
		return putEventsOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range in.Entries {
		if err := s.checkPermission(caller, entry); err != nil {
			return putEventsOutput{}, err
		}
	}
	var out putEventsOutput
	for _, entry := range in.Entries {
		result := s.putEvent(caller, entry)
		if result.ErrorCode != "" {
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, result)
	}
	return out, nil
}

// checkRequest makes the refusals that leave no entry taken.
func (s *Service) checkRequest(in putEventsInput) error {
	if n := len(in.Entries); n == 0 || n > maxEntries {
		return invalid(fmt.Sprintf("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member "+
			"must have length from 1 to 10, not %d", n))
	}
	size := 0
	for _, e := range in.Entries {
		size += e.size()
	}
	if size > cmp.Or(s.options.MaxRequestBytes, maxRequestBytes) {
		return invalid("Total size of the entries in the request is over the limit.")
	}
	return nil
}

// size is as https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html calculates it.
func (e putEventsEntry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if e.Time != nil {
		n += timeBytes
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// checkPermission returns nil for a bus that doesn't exist: its events are dropped.
func (s *Service) checkPermission(caller apicall.Caller, e putEventsEntry) error {
	b := s.bus(resolveBus(e.EventBusName, caller))
	who := sender{account: caller.Account, arn: caller.ARN}
	if b == nil {
		return nil
	}
	if err := s.permits(who, b, Event{Source: e.Source, DetailType: e.DetailType}); err != nil {
		return denied(err)
	}
	return nil
}

// putEvent gives an id to every accepted entry, also to one that matches no rule. Callers hold the lock.
func (s *Service) putEvent(caller apicall.Caller, e putEventsEntry) putEventsResult {
	if code, message := e.check(); code != "" {
		return putEventsResult{ErrorCode: code, ErrorMessage: message}
	}
	event := newEvent(cellOf(caller), e.at(), e.Source, e.DetailType, []byte(e.Detail))
	event.Resources = append(event.Resources, e.Resources...)
	if b := s.bus(resolveBus(e.EventBusName, caller)); b != nil {
		s.publish(b, arrival{event: event})
	}
	return putEventsResult{EventID: event.ID}
}

// check returns error codes as the API reference lists them:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
func (e putEventsEntry) check() (code, message string) {
	var fields map[string]any
	switch {
	case e.Source == "":
		return "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."
	case e.DetailType == "":
		return "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."
	case e.Detail == "":
		return "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."
	case strings.HasPrefix(e.Source, "aws."):
		return "NotAuthorizedForSourceException", "Not authorized for the source."
	case json.Unmarshal([]byte(e.Detail), &fields) != nil || fields == nil:
		return "MalformedDetail", "Detail is malformed."
	}
	return "", ""
}

// at takes the protocol's timestamps, which are seconds with fractions.
func (e putEventsEntry) at() time.Time {
	if e.Time == nil {
		return time.Now()
	}
	whole, fraction := math.Modf(*e.Time)
	return time.Unix(int64(whole), int64(fraction*float64(time.Second)))
}

type testPatternInput struct{ EventPattern, Event string }

type testPatternOutput struct{ Result bool }

// testEventPattern wants an event with all of the envelope's fields.
func (s *Service) testEventPattern(_ context.Context, in testPatternInput) (testPatternOutput, error) {
	p, err := parsePattern(in.EventPattern)
	if err != nil {
		return testPatternOutput{}, err
	}
	var fields map[string]any
	if json.Unmarshal([]byte(in.Event), &fields) != nil {
		return testPatternOutput{}, invalid("Parameter Event is not valid.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "detail-type"} {
		if _, found := fields[name]; !found {
			return testPatternOutput{}, invalid("Parameter Event is not valid. Reason: " + name + " is a required argument.")
		}
	}
	return testPatternOutput{p.Match([]byte(in.Event))}, nil
}

package events

import (
	"encoding/json"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// Event is the envelope that every event has:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html
// Account and Region are those of its origin, on every bus.
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// newEvent makes an event that comes from an account and region; its detail must be JSON.
func newEvent(origin cell, at time.Time, source, detailType string, detail []byte) Event {
	return Event{
		Version: "0", ID: apicall.UUID(), Source: source, DetailType: detailType, Account: origin.account,
		Region: origin.region,
		Time:   timestamp(at), Resources: []string{}, Detail: detail,
	}
}

// timestamp has no fractions of a second, in envelopes as in CloudTrail's records.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// encode can't fail: the details have been checked to be JSON.
func (e Event) encode() []byte {
	body, _ := json.Marshal(e)
	return body
}

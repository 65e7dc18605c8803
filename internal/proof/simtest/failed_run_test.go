package simtest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/message"
)

// Two cells that answer each other's answers would keep a seed busy for minutes.
func TestAFailureEndsAllDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t.Context(), 1)
		defer r.cloud.Close()
		d := events.Delivery{
			Stage: events.ToTarget, Target: "arn:aws:sqs:us-east-1:111111111111:autopeer-accept",
			Event: events.Event{Source: message.Source, Account: "222222222222", Region: "us-east-1", Detail: []byte(`{}`)},
		}
		if n := len(r.deliver(d, time.Millisecond)); n != 1 {
			t.Errorf("delivered %d times, want once", n)
		}
		r.report.Fail(nil, "too many messages")
		if n := len(r.deliver(d, time.Millisecond)); n != 0 {
			t.Errorf("delivered %d times after a failure, want never", n)
		}
	})
}

package bus_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/aws/bus"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/logkey"
)

// TestOneCallStaysBelowTheLimit: EventBridge takes ten events in one call, and refuses the call if they are too large
// together.
func TestOneCallStaysBelowTheLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ outcomes, entries, calls int }{
		"small ones":      {23, 1, 3},
		"large ones":      {5, 1000, 3},
		"the largest":     {3, 5000, 3},
		"none at all":     {0, 0, 0},
		"a single one":    {1, 1, 1},
		"ten at the most": {10, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := cloudsim.New(cloudsim.Options{Events: events.Options{MaxRequestBytes: 256 << 10}})
			t.Cleanup(cloud.Close)
			client := clientOf(t, cloud)
			published := 0
			b := bus.New(client, "autopeer", time.Now, func(outcome.Outcome) { published++ })
			outcomes := make([]outcome.Outcome, c.outcomes)
			for i := range outcomes {
				outcomes[i] = outcome.Outcome{Type: outcome.Proposed, Connection: "pcx-1"}
				for range c.entries {
					outcomes[i].Additions = append(outcomes[i].Additions, strings.Repeat("x", 100))
				}
			}
			mark := cloud.Mark()
			if err := b.Announce(t.Context(), outcomes...); err != nil {
				t.Fatal(err)
			}
			if calls := len(cloud.Since(mark)); published != c.outcomes || calls != c.calls {
				t.Errorf("%d outcomes in %d calls, want %d in %d", published, calls, c.outcomes, c.calls)
			}
		})
	}
}

// TestTheLogHasTheFieldsOfTheDashboard: the line of an announcement has the code and the next step as well. An outcome
// without a next step has no empty one.
func TestTheLogHasTheFieldsOfTheDashboard(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	client := clientOf(t, cloud)
	for next, want := range map[string]any{"delete the request": "delete the request", "": nil} {
		log.Reset()
		o := outcome.Outcome{Type: outcome.Denied, Connection: "pcx-1", Next: next,
			Reason: outcome.Reason{Code: "not-listed", Sentence: "no peering names it"}}
		if err := bus.New(client, "autopeer", time.Now, nil).Announce(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
		delete(line, logkey.EventID)
		wanted := map[string]any{"level": "INFO", "msg": "announced", logkey.Outcome: "Peering Denied",
			logkey.Connection: "pcx-1", logkey.Code: "not-listed", logkey.Reason: "no peering names it"}
		if want != nil {
			wanted[logkey.Next] = want
		}
		if diff := cmp.Diff(wanted, line); diff != "" {
			t.Errorf("with next %q (-want +got):\n%s", next, diff)
		}
	}
}

// clientOf returns a client of the cloud's EventBridge, on which it has created the bus.
func clientOf(t *testing.T, cloud *cloudsim.Cloud) *eventbridge.Client {
	t.Helper()
	client := eventbridge.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("111111111111", "any", ""),
		HTTPClient: &http.Client{Transport: cloud}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	in := &eventbridge.CreateEventBusInput{Name: aws.String("autopeer")}
	if _, err := client.CreateEventBus(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return client
}

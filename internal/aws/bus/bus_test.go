package bus_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/autopeer/autopeer/internal/aws/bus"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/outcome"
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
			client := eventbridge.NewFromConfig(aws.Config{
				Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("111111111111", "any", ""),
				HTTPClient: &http.Client{Transport: cloud}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			})
			if _, err := client.CreateEventBus(t.Context(),
				&eventbridge.CreateEventBusInput{Name: aws.String("autopeer")}); err != nil {
				t.Fatal(err)
			}
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

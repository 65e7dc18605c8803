package queue_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// call makes a signed call of Lambda's API, and returns the status and the answer without the time in it.
func call(t *testing.T, c *cloudsim.Cloud, account, method, path, body string) (status int, answer string) {
	t.Helper()
	const mappings = "https://lambda.us-east-1.amazonaws.com/2015-03-31/event-source-mappings/"
	r, err := http.NewRequestWithContext(t.Context(), method, mappings+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	key := aws.Credentials{AccessKeyID: account, SecretAccessKey: "any"}
	if err := v4.NewSigner().SignHTTP(t.Context(), key, r, "UNSIGNED-PAYLOAD", "lambda", region, time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := c.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode,
		regexp.MustCompile(`,"LastModified":[\d.e+]+`).ReplaceAllString(strings.TrimSpace(string(text)), "")
}

type handler func()

func (h handler) Invoke(context.Context, []byte) ([]byte, error) {
	h()
	return nil, nil
}

// mapJobs creates the queue jobs with a mapping m-1 to the function worker.
func mapJobs(t *testing.T, c *cloudsim.Cloud, f handler) (url string) {
	t.Helper()
	url = create(t, clientOf(c, owner), "jobs", nil)
	poller, err := c.Queues.Map(queueARN+"jobs", queue.Mapping{
		BatchSize: 5, Window: 2 * time.Second, MaxConcurrency: 7, ReportBatchItemFailures: true,
	}, f)
	if err != nil {
		t.Fatal(err)
	}
	c.Queues.Show(queue.Shown{
		UUID: "m-1", FunctionARN: "arn:aws:lambda:us-east-1:111111111111:function:worker", Poller: poller,
	})
	return url
}

func shownIn(state string) string {
	return `{"UUID":"m-1","EventSourceMappingArn":"arn:aws:lambda:us-east-1:111111111111:event-source-mapping:m-1",` +
		`"EventSourceArn":"arn:aws:sqs:us-east-1:111111111111:jobs",` +
		`"FunctionArn":"arn:aws:lambda:us-east-1:111111111111:function:worker",` +
		`"BatchSize":5,"MaximumBatchingWindowInSeconds":2,"FunctionResponseTypes":["ReportBatchItemFailures"],` +
		`"ScalingConfig":{"MaximumConcurrency":7},"State":"` + state + `","StateTransitionReason":"USER_INITIATED"}`
}

// TestCallsOfMappings: the calls are those of
// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html, API_GetEventSourceMapping.html and
// API_UpdateEventSourceMapping.html.
func TestCallsOfMappings(t *testing.T) {
	t.Parallel()
	const (
		none   = `{"EventSourceMappings":[]}`
		absent = `{"Message":"The resource you requested does not exist.","Type":"User"}`
	)
	one := `{"EventSourceMappings":[` + shownIn("Enabled") + `]}`
	steps := []struct {
		name, account, method, path, body string
		status                            int
		want                              string
	}{
		{"all", owner, http.MethodGet, "", "", 200, one},
		{"of the function", owner, http.MethodGet, "?FunctionName=worker", "", 200, one},
		{"of its ARN", owner, http.MethodGet, "?FunctionName=arn:aws:lambda:us-east-1:111111111111:function:worker",
			"", 200, one},
		{"of another function", owner, http.MethodGet, "?FunctionName=other", "", 200, none},
		{"of the queue", owner, http.MethodGet, "?EventSourceArn=" + queueARN + "jobs", "", 200, one},
		{"of another queue", owner, http.MethodGet, "?EventSourceArn=" + queueARN + "other", "", 200, none},
		{"of another account", stranger, http.MethodGet, "", "", 200, none},
		{"one", owner, http.MethodGet, "m-1", "", 200, shownIn("Enabled")},
		{"an unknown one", owner, http.MethodGet, "m-2", "", 404, absent},
		{"another account's", stranger, http.MethodPut, "m-1", `{"Enabled":false}`, 404, absent},
		{"enabled already", owner, http.MethodPut, "m-1", `{"Enabled":true}`, 202, shownIn("Enabled")},
		{"no change", owner, http.MethodPut, "m-1", `{}`, 202, shownIn("Enabled")},
		{"disable", owner, http.MethodPut, "m-1", `{"Enabled":false}`, 202, shownIn("Disabling")},
		{"disabled", owner, http.MethodGet, "m-1", "", 200, shownIn("Disabled")},
		{"disabled already", owner, http.MethodPut, "m-1", `{"Enabled":false}`, 202, shownIn("Disabled")},
		{"enable", owner, http.MethodPut, "m-1", `{"Enabled":true}`, 202, shownIn("Enabling")},
		{"another attribute", owner, http.MethodPut, "m-1", `{"BatchSize":1}`, 400,
			`{"Message":"The embedded cloud changes Enabled alone: json: unknown field \"BatchSize\"","Type":"User"}`},
		{"another call", owner, http.MethodDelete, "m-1", "", 404,
			`{"Message":"The embedded cloud has no such call of Lambda.","Type":"User"}`},
	}
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		mapJobs(t, c, func() {})
		for _, s := range steps {
			status, got := call(t, c, s.account, s.method, s.path, s.body)
			if diff := cmp.Diff(s.want, got); status != s.status || diff != "" {
				t.Errorf("%s: %d, want %d (-want +got):\n%s", s.name, status, s.status, diff)
			}
		}
		c.Queues.Hide("m-1")
		if _, got := call(t, c, owner, http.MethodGet, "", ""); got != none {
			t.Errorf("the mapping that is deleted: %s", got)
		}
	})
}

// TestMessagesWaitWhileTheirMappingIsDisabled, and reach the function once it is enabled.
func TestMessagesWaitWhileTheirMappingIsDisabled(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		var invocations atomic.Int32
		url := mapJobs(t, c, func() { invocations.Add(1) })
		_, _ = call(t, c, owner, http.MethodPut, "m-1", `{"Enabled":false}`)
		send(t, clientOf(c, owner), url, "a")
		time.Sleep(time.Minute)
		if n := invocations.Load(); n != 0 {
			t.Errorf("%d invocations by the disabled mapping", n)
		}
		_, _ = call(t, c, owner, http.MethodPut, "m-1", `{"Enabled":true}`)
		time.Sleep(3 * time.Second)
		if n := invocations.Load(); n != 1 {
			t.Errorf("%d invocations by the enabled mapping, want 1", n)
		}
	})
}

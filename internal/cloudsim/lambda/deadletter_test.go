package lambda_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// TestAMessageOutlivesItsFunction: for each failure of the function, its message is delivered again and moved to the
// dead-letter queue in the end.
func TestAMessageOutlivesItsFunction(t *testing.T) {
	t.Parallel()
	for name, environment := range map[string]map[string]string{
		"crashes at start":    {"START": "crash"},
		"hangs at start":      {"START": "hang"},
		"fails":               {"DO": "fail"},
		"exits in the middle": {"DO": "exit"},
		"never answers":       {"DO": "hang"},
		"answers garbage":     {"DO": "garbage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counts := counter{}
			f := function(t, func(c *lambda.Config) {
				c.Environment, c.Measure, c.Timeout = environment, counts.add, 500*time.Millisecond
			})
			queues := queue.New(queue.Options{})
			t.Cleanup(queues.Close)
			call(t, queues, "CreateQueue", `{"QueueName":"dead"}`)
			call(t, queues, "CreateQueue", `{"QueueName":"work","Attributes":{"VisibilityTimeout":"1",
				"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:111111111111:dead\",\"maxReceiveCount\":2}"}}`)
			call(t, queues, "SendMessage",
				`{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/111111111111/work","MessageBody":"precious"}`)
			mapping := queue.Mapping{ReportBatchItemFailures: true, Timeout: time.Second}
			if _, err := queues.Map("arn:aws:sqs:eu-west-1:111111111111:work", mapping, f); err != nil {
				t.Fatal(err)
			}
			got := call(t, queues, "ReceiveMessage",
				`{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/111111111111/dead","WaitTimeSeconds":20}`)
			if !strings.Contains(got, "precious") {
				t.Errorf("the dead-letter queue has %s", got)
			}
			if counts.of("Invocations") != 2 {
				t.Errorf("%v invocations, want 2", counts.of("Invocations"))
			}
		})
	}
}

// call calls SQS as the account and returns the answer.
func call(t *testing.T, queues *queue.Service, action, body string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	caller := apicall.Caller{Account: "111111111111", Region: "eu-west-1", ARN: "arn:aws:iam::111111111111:root"}
	w := httptest.NewRecorder()
	queues.ServeHTTP(w, r.WithContext(apicall.With(r.Context(), &apicall.Call{Caller: caller, Action: action})))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %s", action, w.Body)
	}
	return w.Body.String()
}

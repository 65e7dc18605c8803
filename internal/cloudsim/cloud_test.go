package cloudsim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

const (
	account = "111111111111"
	region  = "us-east-1"
)

func sqsClient(c http.RoundTripper) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
}

func newQueue(t *testing.T, client *sqs.Client, name string) error {
	t.Helper()
	_, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	return err
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func TestCallerIsReadFromTheSignature(t *testing.T) {
	t.Parallel()
	c := cloudsim.New(cloudsim.Options{})
	defer c.Close()
	const role = "arn:aws:sts::222222222222:assumed-role/accept/lambda"
	id, secret := c.Mint("222222222222", role)
	tests := []struct{ name, key, account, arn, code string }{
		{"twelve digits are the account's own key", account, account, "arn:aws:iam::111111111111:root", ""},
		{"a minted key is its principal's", id, "222222222222", role, ""},
		{"any other key is unknown", "AKIAIOSFODNN7EXAMPLE", "", "", "InvalidClientTokenId"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := sts.New(sts.Options{
				Region: region, Credentials: credentials.NewStaticCredentialsProvider(tt.key, secret, ""),
				HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
			})
			out, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if got := code(err); got != tt.code {
				t.Fatalf("error code %q, want %q (%v)", got, tt.code, err)
			}
			if err == nil && (*out.Account != tt.account || *out.Arn != tt.arn) {
				t.Errorf("caller = %s %s, want %s %s", *out.Account, *out.Arn, tt.account, tt.arn)
			}
		})
	}
}

func TestUnauthenticatedRequestIsRefusedInTheServicesOwnFormat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, target, authorization string
		status                      int
		want                        string
	}{
		{"SQS without a signature", "AmazonSQS.ListQueues", "", 403, `"__type":"MissingAuthenticationToken"`},
		{"EventBridge without a signature", "AWSEvents.ListRules", "", 403, `"__type":"MissingAuthenticationToken"`},
		{"EC2 without a signature", "", "", 403, "<Response><Errors><Error><Code>MissingAuthenticationToken</Code>"},
		{"a signature without a scope", "AmazonSQS.ListQueues", "AWS4-HMAC-SHA256 Credential=111111111111",
			400, "IncompleteSignature"},
		{"an unknown key at EC2", "",
			"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host", 401,
			"<Code>AuthFailure</Code>"},
		{"an unknown key at STS", "",
			"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request, SignedHeaders=host", 403,
			"<Code>InvalidClientTokenId</Code>"},
		{"a service that the cloud doesn't have", "",
			"AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/rds/aws4_request", 400, "<Code>InvalidAction</Code>"},
		{"an action that SQS doesn't have", "AmazonSQS.Dance",
			"AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/sqs/aws4_request", 400, "UnknownOperationException"},
		{"a body that isn't JSON", "AmazonSQS.ListQueues",
			"AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/sqs/aws4_request", 400, "SerializationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := cloudsim.New(cloudsim.Options{})
			defer c.Close()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://aws.test/",
				strings.NewReader("Action=DescribeVpcs"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Target", tt.target)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			answer, err := c.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != tt.status || !strings.Contains(string(body), tt.want) {
				t.Errorf("answer = %d %s, want %d with %s", answer.StatusCode, body, tt.status, tt.want)
			}
		})
	}
}

func TestInjectedFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		failure cloudsim.Failure
		code    string
		dropped bool
		effect  bool
	}{
		{"before the effect", cloudsim.Failure{Code: "RequestThrottled", Status: 503}, "RequestThrottled", false, false},
		{"after the effect", cloudsim.Failure{Code: "InternalFailure", Status: 500, After: true},
			"InternalFailure", false, true},
		{"dropped before the effect", cloudsim.Failure{Drop: true}, "", true, false},
		{"dropped after the effect", cloudsim.Failure{Drop: true, After: true}, "", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := cloudsim.New(cloudsim.Options{})
			defer c.Close()
			client := sqsClient(c)
			remove := c.Inject(func(call apicall.Call) *cloudsim.Failure {
				if call.Service == "sqs" && call.Action == "CreateQueue" && call.Account == account {
					return &tt.failure
				}
				return nil
			})
			err := newQueue(t, client, "jobs")
			if code(err) != tt.code || errors.Is(err, cloudsim.ErrDropped) != tt.dropped {
				t.Errorf("CreateQueue = %v, want code %q or dropped: %v", err, tt.code, tt.dropped)
			}
			out, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(out.QueueUrls) == 1; got != tt.effect {
				t.Errorf("queue is there: %v, want %v", got, tt.effect)
			}
			remove()
			if err := newQueue(t, client, "jobs"); err != nil {
				t.Errorf("after remove: %v", err)
			}
		})
	}
}

func TestInjectionSeesEC2sParameters(t *testing.T) {
	t.Parallel()
	c := cloudsim.New(cloudsim.Options{EC2: func(apicall.Trail) http.Handler { return http.NotFoundHandler() }})
	defer c.Close()
	c.Inject(func(call apicall.Call) *cloudsim.Failure {
		if call.Action == "CreateRoute" && call.Params["RouteTableId"] == "rtb-1" {
			return &cloudsim.Failure{Code: "RequestLimitExceeded", Message: "Request limit exceeded.", Status: 503}
		}
		return nil
	})
	form := url.Values{"Action": {"CreateRoute"}, "RouteTableId": {"rtb-1"}}
	answer, err := c.RoundTrip(ec2Request(t, form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	const want = "<Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error>" +
		"</Errors><RequestID>"
	if answer.StatusCode != 503 || !strings.Contains(string(body), want) {
		t.Errorf("answer = %d %s, want 503 with %s", answer.StatusCode, body, want)
	}
}

func ec2Request(t *testing.T, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"https://ec2.us-east-1.amazonaws.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
	return r
}

func TestEC2GetsItsCallerAndTheTrail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				call := apicall.From(r.Context())
				call.Mutating = true
				body, _ := io.ReadAll(r.Body)
				trail(apicall.Record{Caller: call.Caller, At: call.At, EventSource: "ec2.amazonaws.com", EventName: call.Action})
				_, _ = fmt.Fprintf(w, "%s %s %s %s", call.Account, call.Region, call.ARN, body)
			})
		}})
		defer c.Close()
		client := sqsClient(c)
		if err := newQueue(t, client, "jobs"); err != nil {
			t.Fatal(err)
		}
		mark := c.Mark()
		answer, err := c.RoundTrip(ec2Request(t, "Action=CreateVpc"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		if got, want := string(body), "111111111111 us-east-1 arn:aws:iam::111111111111:root Action=CreateVpc"; got != want {
			t.Errorf("EC2 saw %q, want %q", got, want)
		}
		if calls := c.Since(mark); len(calls) != 1 || calls[0].Action != "CreateVpc" ||
			calls[0].Service != "ec2" || !calls[0].Mutating {
			t.Errorf("log = %+v, want CreateVpc alone", calls)
		}
		if c.Events.Settled() {
			t.Error("settled before CloudTrail's event has been delivered")
		}
		if err := c.Settle(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLogKeepsCallsAndErrors(t *testing.T) {
	t.Parallel()
	c := cloudsim.New(cloudsim.Options{})
	defer c.Close()
	client := sqsClient(c)
	if err := newQueue(t, client, "jobs"); err != nil {
		t.Fatal(err)
	}
	_ = newQueue(t, client, "a.b")
	_, _ = client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	var got []string
	for _, call := range c.Calls() {
		got = append(got, fmt.Sprint(call.Account, call.Region, call.Service, call.Action, call.Mutating, call.ErrorCode))
	}
	want := []string{
		fmt.Sprint(account, region, "sqs", "CreateQueue", true, ""),
		fmt.Sprint(account, region, "sqs", "CreateQueue", true, "InvalidParameterValue"),
		fmt.Sprint(account, region, "sqs", "ListQueues", false, ""),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log = %q, want %q", got, want)
	}
}

func TestCanceledRequestReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{})
		defer c.Close()
		client := sqsClient(c)
		if err := newQueue(t, client, "jobs"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: aws.String("https://sqs/111111111111/jobs"), WaitTimeSeconds: 20,
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ReceiveMessage = %v, want the context's deadline", err)
		}
	})
}

// chain puts its input on the bus again, a number of times.
type chain struct {
	bridge *eventbridge.Client
	left   int
}

func (f *chain) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	if f.left--; f.left < 0 {
		return nil, nil
	}
	_, err := f.bridge.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{entry()}})
	return nil, err
}

func entry() ebtypes.PutEventsRequestEntry {
	return ebtypes.PutEventsRequestEntry{Source: aws.String("x"), DetailType: aws.String("x"), Detail: aws.String("{}")}
}

func TestSettleWaitsForAWholeChainOfEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{})
		defer c.Close()
		f := startChain(t, c, c, "")
		if err := c.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f.left != -1 {
			t.Errorf("settled with %d links of the chain to come", f.left+1)
		}
	})
}

const jobsARN = "arn:aws:sqs:us-east-1:111111111111:jobs"

// startChain makes a rule, a queue and a function that feeds the rule, and sets them going. An endpoint
// stands for a cloud behind a socket.
func startChain(t *testing.T, c *cloudsim.Cloud, transport http.RoundTripper, endpoint string) *chain {
	t.Helper()
	var base *string
	if endpoint != "" {
		base = &endpoint
	}
	key := credentials.NewStaticCredentialsProvider(account, "any", "")
	client := &http.Client{Transport: transport}
	queues := sqs.New(sqs.Options{Region: region, Credentials: key, HTTPClient: client, BaseEndpoint: base})
	bridge := eventbridge.New(eventbridge.Options{
		Region: region, Credentials: key, HTTPClient: client, BaseEndpoint: base,
	})
	_, err := queues.CreateQueue(t.Context(),
		&sqs.CreateQueueInput{QueueName: aws.String("jobs"), Attributes: map[string]string{
			"Policy": `{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` +
				`"Action":"sqs:SendMessage","Resource":"` + jobsARN + `"}]}`,
		}})
	check(t, err)
	_, err = bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("all"), EventPattern: aws.String(`{"source":["x"]}`),
	})
	check(t, err)
	_, err = bridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: aws.String("all"), Targets: []ebtypes.Target{{Id: aws.String("q"), Arn: aws.String(jobsARN)}},
	})
	check(t, err)
	f := &chain{bridge: bridge, left: 50}
	_, err = c.Queues.Map(jobsARN, queue.Mapping{}, f)
	check(t, err)
	_, err = bridge.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{entry()}})
	check(t, err)
	return f
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSettleEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{Events: events.Options{DeliveryLatency: time.Hour}})
		defer c.Close()
		startChain(t, c, c, "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Settle(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Settle() = %v, want the context's error", err)
		}
	})
}

// Not parallel: it counts goroutines.
func TestServedOverASocketAndClosedWithoutAGoroutineLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	c := cloudsim.New(cloudsim.Options{})
	server := httptest.NewServer(c)
	transport := &http.Transport{}
	f := startChain(t, c, transport, server.URL)
	check(t, c.Settle(t.Context()))
	if f.left != -1 {
		t.Errorf("settled with %d links of the chain to come", f.left+1)
	}
	started := time.Now()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, http.NoBody)
	check(t, err)
	answer, err := server.Client().Do(r)
	check(t, err)
	_ = answer.Body.Close()
	if took := time.Since(started); took < time.Millisecond {
		t.Errorf("answered over a socket after %v, want at least 1ms", took)
	}
	c.Inject(func(apicall.Call) *cloudsim.Failure { return &cloudsim.Failure{Drop: true} })
	if _, err := f.bridge.ListRules(t.Context(), &eventbridge.ListRulesInput{}, func(o *eventbridge.Options) {
		o.RetryMaxAttempts = 1
	}); err == nil || code(err) != "" {
		t.Errorf("dropped connection = %v, want a transport error", err)
	}
	transport.CloseIdleConnections()
	server.Close()
	c.Close()
	c.Close()
	waitForGoroutines(t, before)
}

// waitForGoroutines gives the HTTP server's own goroutines time to notice that their connections are closed.
func waitForGoroutines(t *testing.T, want int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > want {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), want, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
}

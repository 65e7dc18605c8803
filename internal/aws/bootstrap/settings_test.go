package bootstrap_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/parallel"
)

func environment(overrides map[string]string) func(string) string {
	env := map[string]string{
		bootstrap.Account: "111111111111", bootstrap.Region: "us-east-1", bootstrap.Bus: "autopeer",
		bootstrap.QueueURL: "https://sqs.us-east-1.amazonaws.com/111111111111/autopeer-accept",
		bootstrap.Policy:   "/opt/policy.json",
	}
	for k, v := range overrides {
		env[k] = v
	}
	return func(name string) string { return env[name] }
}

func packed(t *testing.T) func(string) ([]byte, error) {
	t.Helper()
	data, err := (&policy.Policy{File: "policy.yaml", Otherwise: policy.LeaveOthers}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return func(path string) ([]byte, error) {
		switch path {
		case "/opt/policy.json":
			return data, nil
		case "/opt/broken.json":
			return []byte("{"), nil
		}
		return nil, fs.ErrNotExist
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  map[string]string
		want []string // a piece of each fault
	}{
		{"all is well", nil, nil},
		{"an account that isn't one", map[string]string{bootstrap.Account: "1111"},
			[]string{`AUTOPEER_ACCOUNT is "1111"; it must be the cell's account, twelve digits`}},
		{"a policy that isn't there", map[string]string{bootstrap.Policy: "/opt/none.json"},
			[]string{`AUTOPEER_POLICY is "/opt/none.json"; it must be the path`}},
		{"a policy that can't be read", map[string]string{bootstrap.Policy: "/opt/broken.json"},
			[]string{`AUTOPEER_POLICY is "/opt/broken.json": `}},
		{"all faults at once", map[string]string{
			bootstrap.Account: "", bootstrap.Region: "mars", bootstrap.Bus: "a bus", bootstrap.QueueURL: "ftp://queue/1",
		},
			[]string{"AUTOPEER_ACCOUNT", "AWS_REGION", "AUTOPEER_BUS", "AUTOPEER_QUEUE_URL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			settings, err := bootstrap.Parse(environment(tt.env), packed(t))
			if len(tt.want) == 0 {
				if err != nil || settings.Cell.String() != "111111111111/us-east-1" || settings.Policy.File != "policy.yaml" {
					t.Fatalf("Parse() = %+v, %v", settings, err)
				}
				return
			}
			if err == nil {
				t.Fatal("Parse() has no error")
			}
			if got := strings.Count(err.Error(), "\n") + 1; got != len(tt.want) {
				t.Errorf("%d faults, want %d:\n%v", got, len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %v\nwant in it: %s", err, want)
				}
			}
		})
	}
}

func TestTheDocumentNamesEveryVariable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{bootstrap.Account, bootstrap.Bus, bootstrap.Policy, bootstrap.QueueURL} {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("docs/architecture.md doesn't name %s", name)
		}
	}
}

func TestAWSHonorsEndpoints(t *testing.T) {
	t.Parallel()
	cfg, _ := bootstrap.AWS(environment(map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:4567",
	}))
	if got := *ec2.NewFromConfig(cfg).Options().BaseEndpoint; got != "http://127.0.0.1:4566" {
		t.Errorf("EC2's endpoint = %s, want the general one", got)
	}
	if got := *sqs.NewFromConfig(cfg).Options().BaseEndpoint; got != "http://127.0.0.1:4567" {
		t.Errorf("SQS's endpoint = %s, want its own", got)
	}
	plain, _ := bootstrap.AWS(environment(nil))
	if got := ec2.NewFromConfig(plain).Options().BaseEndpoint; got != nil {
		t.Errorf("endpoint = %s, want AWS's", *got)
	}
}

func TestAWSKeepsAsManyConnectionsAsChangesAreUnderWay(t *testing.T) {
	t.Parallel()
	cfg, wake := bootstrap.AWS(environment(nil))
	wake()
	transport := cfg.HTTPClient.(*http.Client).Transport.(*http.Transport)
	if transport.MaxIdleConnsPerHost < parallel.Width {
		t.Errorf("MaxIdleConnsPerHost = %d, want at least %d", transport.MaxIdleConnsPerHost, parallel.Width)
	}
}

func TestRetryerOutlastsAThrottle(t *testing.T) {
	t.Parallel()
	r := bootstrap.Retryer()
	if got := r.MaxAttempts(); got != 10 {
		t.Errorf("attempts = %d, want 10", got)
	}
	for range 2000 { // the SDK's default quota would be spent long before
		throttled := errors.New("throttled")
		release, err := r.GetRetryToken(t.Context(), throttled)
		if err != nil {
			t.Fatalf("retry quota ran dry: %v", err)
		}
		_ = release(throttled) // a success would refill the quota
	}
}

func TestParseSweep(t *testing.T) {
	t.Parallel()
	url := func(f string) string { return "https://sqs.us-east-1.amazonaws.com/111111111111/autopeer-" + f }
	env := map[string]string{
		bootstrap.QueueURLOf(function.Accept): url("accept"), bootstrap.QueueURLOf(function.Connect): url("connect"),
		bootstrap.QueueURLOf(function.Disconnect): url("disconnect"), bootstrap.SweepMinutes: "20",
		bootstrap.QueueURL: url("sweep"),
	}
	got, err := bootstrap.ParseSweep(func(name string) string { return env[name] })
	want := bootstrap.Sweep{Interval: 20 * time.Minute, Queues: map[function.Name]string{
		function.Accept: url("accept"), function.Connect: url("connect"), function.Disconnect: url("disconnect"),
		function.Sweep: url("sweep"),
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("ParseSweep() = %v (-want +got):\n%s", err, diff)
	}
	for _, wrong := range []string{"", "0", "-5", "+5", "05", "15m", "99999"} {
		env := environment(map[string]string{bootstrap.SweepMinutes: wrong})
		_, err := bootstrap.ParseSweep(env)
		for _, name := range []string{bootstrap.QueueURLOf(function.Accept), bootstrap.QueueURLOf(function.Connect),
			bootstrap.QueueURLOf(function.Disconnect), bootstrap.SweepMinutes} {
			if err == nil || !strings.Contains(err.Error(), name+" is ") {
				t.Errorf("with %q minutes: %v, want a fault of %s", wrong, err, name)
			}
		}
	}
}

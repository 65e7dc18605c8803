package config_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/autopeer/autopeer/internal/config"
)

// onceThrottled answers the first request with a throttle and the others with nothing to see.
type onceThrottled struct{ asked int }

func (o *onceThrottled) Do(*http.Request) (*http.Response, error) {
	o.asked++
	status, body := http.StatusOK, `<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>`
	if o.asked == 1 {
		status, body = http.StatusServiceUnavailable, `<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestEveryAttemptOfACallIsCounted(t *testing.T) {
	t.Parallel()
	cfg, _ := config.AWS(environment(map[string]string{"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}))
	cfg.HTTPClient = &onceThrottled{}
	cfg.Retryer = func() aws.Retryer { return retry.AddWithMaxBackoffDelay(retry.NewStandard(), 1) }
	var attempts []bool
	config.CountCalls(&cfg, func(throttled bool) { attempts = append(attempts, throttled) })
	if _, err := ec2.NewFromConfig(cfg).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); err != nil {
		t.Fatal(err)
	}
	if len(attempts) != 2 || !attempts[0] || attempts[1] {
		t.Errorf("throttled = %v, want the first of two attempts", attempts)
	}
}

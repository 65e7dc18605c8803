package bootstrap_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
)

// troubled answers the first requests with these error codes and the others with nothing to see.
type troubled struct{ codes []string }

func (o *troubled) Do(*http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>`
	if len(o.codes) > 0 {
		status, body = http.StatusServiceUnavailable,
			`<Response><Errors><Error><Code>`+o.codes[0]+`</Code></Error></Errors></Response>`
		o.codes = o.codes[1:]
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestEveryAttemptOfACallIsCounted(t *testing.T) {
	t.Parallel()
	cfg, _ := bootstrap.AWS(environment(map[string]string{"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}))
	cfg.HTTPClient = &troubled{[]string{"RequestLimitExceeded", "Unavailable"}}
	cfg.Retryer = func() aws.Retryer { return retry.AddWithMaxBackoffDelay(retry.NewStandard(), 1) }
	var attempts []bool
	bootstrap.CountCalls(&cfg, func(throttled bool) { attempts = append(attempts, throttled) })
	if _, err := ec2.NewFromConfig(cfg).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); err != nil {
		t.Fatal(err)
	}
	if want := []bool{true, false, false}; !slices.Equal(attempts, want) {
		t.Errorf("throttled = %v, want %v: a throttle, another error, an answer", attempts, want)
	}
}

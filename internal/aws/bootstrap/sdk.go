package bootstrap

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/autopeer/autopeer/internal/parallel"
)

// AWS returns the SDK's configuration from the variables that Lambda sets. It doesn't use the SDK's own loader, which
// adds 2 MB of code for single sign-on, profiles and other features that no function uses.
//
// Call wake at the start of every invocation, to close idle connections. Lambda freezes the environment between
// invocations, AWS closes connections in the meantime, and a request on a closed connection would wait for a timeout.
func AWS(getenv func(string) string) (cfg aws.Config, wake func()) {
	client := &http.Client{Transport: awshttp.NewBuildableClient().WithTransportOptions(keepConnections).GetTransport()}
	cfg = aws.Config{
		Region: getenv(Region),
		Credentials: credentials.NewStaticCredentialsProvider(
			getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
		HTTPClient:    client,
		Retryer:       Retryer,
		ConfigSources: []any{endpoints(getenv)},
	}
	if url := getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = aws.String(url)
	}
	return cfg, client.CloseIdleConnections
}

// keepConnections keeps as many idle connections as changes are made concurrently.
func keepConnections(t *http.Transport) { t.MaxIdleConnsPerHost = parallel.Width }

// endpoints gives the SDK the endpoint of a service from a variable such as AWS_ENDPOINT_URL_EC2.
type endpoints func(string) string

// GetServiceBaseEndpoint is called by the SDK's clients when they are made. The error is always nil.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	url := e("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(sdkID, " ", "_")))
	return url, url != "", nil
}

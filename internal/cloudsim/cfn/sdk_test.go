package cfn_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// config is the SDK's, with the credentials of the account.
func config(cloud *cloudsim.Cloud) aws.Config {
	return aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: cloud}, RetryMaxAttempts: 1,
	}
}

func settle(t *testing.T, cloud *cloudsim.Cloud) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := cloud.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

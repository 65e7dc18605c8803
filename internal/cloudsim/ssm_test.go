package cloudsim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// TestSystemsManagerServesTheParametersOfImages makes the call by hand, as the module has no SDK of Systems Manager.
func TestSystemsManagerServesTheParametersOfImages(t *testing.T) {
	t.Parallel()
	c := cloudsim.New(cloudsim.Options{
		EC2: func(trail apicall.Trail) http.Handler { return ec2.New(ec2.Options{Trail: trail}) },
	})
	get := func(name string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ssm.us-east-1.amazonaws.com/",
			strings.NewReader(`{"Name":"/aws/service/ami-amazon-linux-latest/`+name+`"}`))
		check(t, err)
		r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+
			"Credential=111111111111/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=00")
		answer, err := c.RoundTrip(r)
		check(t, err)
		body, err := io.ReadAll(answer.Body)
		check(t, err)
		return string(body)
	}
	for _, name := range []string{"al2023-ami-kernel-default-x86_64", "amzn2-ami-hvm-x86_64-gp2"} {
		if got := get(name); !strings.Contains(got, `"Value":"ami-`) {
			t.Errorf("%s is %s", name, got)
		}
	}
	if got := get("nothing"); !strings.Contains(got, "ParameterNotFound") {
		t.Errorf("an unknown parameter is %s", got)
	}
}

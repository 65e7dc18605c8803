package ec2_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// raw makes a call that the SDK has no parameters for.
func raw(t *testing.T, s *sim.Service, account, region string, form url.Values) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(apicall.With(r.Context(), &apicall.Call{
		Caller: apicall.Caller{Account: account, Region: region},
	})))
	return w.Body.String()
}

// TestMultipathResilience: the requester sees its option, the accepter the status. The acceptance allows it for both.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreatePeeringConnectionOptionsRequest.html
func TestMultipathResilience(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	m, f := in(t, s, marketing, virginia), in(t, s, finance, ireland)
	form := url.Values{
		"Action": {"CreateVpcPeeringConnection"}, "VpcId": {m.vpc("10.10.0.0/16")}, "PeerVpcId": {f.vpc("172.31.0.0/16")},
		"PeerOwnerId": {finance}, "PeerRegion": {ireland},
		"RequesterPeeringConnectionOptions.AllowMultipathResilience": {"true"},
	}
	id := regexp.MustCompile(`pcx-[0-9a-f]+`).FindString(raw(t, s, marketing, virginia, form))
	const allowed = "<allowMultipathResilience>true</allowMultipathResilience>" +
		"<multipathResilienceMode>always-on</multipathResilienceMode>"
	shows := func(account, region, status string, options int) {
		t.Helper()
		body := raw(t, s, account, region, url.Values{"Action": {"DescribeVpcPeeringConnections"}})
		if !strings.Contains(body, "<multipathResilienceStatus>"+status+"</multipathResilienceStatus>") ||
			strings.Count(body, allowed) != options {
			t.Errorf("%s sees %s; want the status %s and the option %d times", account, body, status, options)
		}
	}
	shows(marketing, virginia, "pending", 1)
	shows(finance, ireland, "pending", 0)
	if _, err := f.AcceptVpcPeeringConnection(t.Context(),
		&ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: &id}); err != nil {
		t.Fatal(err)
	}
	shows(marketing, virginia, "enabled", 1)
	shows(finance, ireland, "enabled", 1)
}

func TestMultipathResilienceIsRefused(t *testing.T) {
	t.Parallel()
	const options = "RequesterPeeringConnectionOptions."
	tests := []struct {
		name, region string
		options      map[string]string
		want         string
	}{
		{"inside a Region", virginia, map[string]string{"AllowMultipathResilience": "true"}, "UnsupportedOperation"},
		{"no boolean", ireland, map[string]string{"AllowMultipathResilience": "yes"}, "InvalidParameterValue"},
		{"an unknown mode", ireland,
			map[string]string{"AllowMultipathResilience": "true", "MultipathResilienceMode": "sometimes"},
			"InvalidParameterValue"},
		{"a mode without the option", ireland, map[string]string{"MultipathResilienceMode": "always-on"},
			"InvalidParameterCombination"},
		{"another option", ireland, map[string]string{"AllowDnsResolutionFromRemoteVpc": "true"}, "UnknownParameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sim.New(sim.Options{})
			form := url.Values{
				"Action": {"CreateVpcPeeringConnection"}, "VpcId": {in(t, s, marketing, virginia).vpc("10.10.0.0/16")},
				"PeerVpcId": {in(t, s, finance, tt.region).vpc("172.31.0.0/16")}, "PeerOwnerId": {finance},
				"PeerRegion": {tt.region},
			}
			for name, value := range tt.options {
				form.Set(options+name, value)
			}
			if body := raw(t, s, marketing, virginia, form); !strings.Contains(body, "<Code>"+tt.want+"</Code>") {
				t.Errorf("got %s, want %s", body, tt.want)
			}
		})
	}
}

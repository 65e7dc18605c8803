package cloudsim_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

func stsClient(c http.RoundTripper, keyID string) *sts.Client {
	return sts.New(sts.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(keyID, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
}

func TestASessionOfARoleEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{})
		defer c.Close()
		out, err := stsClient(c, account).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::222222222222:role/team/admin"), RoleSessionName: aws.String("anna"),
			DurationSeconds: aws.Int32(900),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := *out.Credentials.Expiration,
			time.Now().Add(15*time.Minute).UTC().Truncate(time.Millisecond); !got.Equal(want) {
			t.Errorf("the session ends at %v, want %v", got, want)
		}
		session := stsClient(c, *out.Credentials.AccessKeyId)
		who, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if *who.Arn != "arn:aws:sts::222222222222:assumed-role/admin/anna" || *who.Account != "222222222222" {
			t.Errorf("the caller is %s of %s", *who.Arn, *who.Account)
		}
		if *who.UserId != *out.AssumedRoleUser.AssumedRoleId || !strings.HasPrefix(*who.UserId, "AROA") ||
			!strings.HasSuffix(*who.UserId, ":anna") {
			t.Errorf("user id %s, assumed role id %s", *who.UserId, *out.AssumedRoleUser.AssumedRoleId)
		}
		time.Sleep(15 * time.Minute)
		if _, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); code(err) != "ExpiredToken" {
			t.Errorf("after the end of the session: %v", err)
		}
	})
}

func TestAssumeRoleRefuses(t *testing.T) {
	t.Parallel()
	c := cloudsim.New(cloudsim.Options{})
	defer c.Close()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if err := c.IAM.PutRole(account, "function", trust); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, role, session string
		seconds             *int32
		want                string
	}{
		{"a role that trusts a service alone", "arn:aws:iam::111111111111:role/function", "anna", nil, "AccessDenied"},
		{"no role", "arn:aws:iam::111111111111:user/anna", "anna", nil, "ValidationError"},
		{"a session name with a blank", "arn:aws:iam::111111111111:role/admin", "anna b", nil, "ValidationError"},
		{"a session that is too short", "arn:aws:iam::111111111111:role/admin", "anna", aws.Int32(899), "ValidationError"},
		{"a session that is too long", "arn:aws:iam::111111111111:role/admin", "anna", aws.Int32(43201), "ValidationError"},
		{"the longest session", "arn:aws:iam::111111111111:role/admin", "anna", aws.Int32(43200), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := stsClient(c, account).AssumeRole(t.Context(), &sts.AssumeRoleInput{
				RoleArn: &tt.role, RoleSessionName: &tt.session, DurationSeconds: tt.seconds,
			})
			if got := code(err); got != tt.want {
				t.Errorf("error code %q, want %q (%v)", got, tt.want, err)
			}
		})
	}
}

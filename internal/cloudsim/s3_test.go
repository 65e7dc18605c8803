package cloudsim_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

const reports = "reports-111111111111"

func s3Client(c *cloudsim.Cloud, accessKeyID, region string) *s3sdk.Client {
	return s3sdk.New(s3sdk.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, "any", ""),
		HTTPClient: &http.Client{Transport: c},
	})
}

// withReport returns a cloud whose account has a bucket with one object.
func withReport(t *testing.T) *cloudsim.Cloud {
	t.Helper()
	c := cloudsim.New(cloudsim.Options{})
	t.Cleanup(c.Close)
	own := s3Client(c, account, "us-east-1")
	_, err := own.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{Bucket: aws.String(reports)})
	check(t, err)
	_, err = own.PutObject(t.Context(), &s3sdk.PutObjectInput{
		Bucket: aws.String(reports), Key: aws.String("2026/q3.csv"), Body: strings.NewReader("a;b\n"),
	})
	check(t, err)
	return c
}

func get(t *testing.T, client *s3sdk.Client, key string) (string, error) {
	t.Helper()
	out, err := client.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: aws.String(reports), Key: aws.String(key)})
	if err != nil {
		return "", err
	}
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(out.Body)
	check(t, err)
	return string(body), nil
}

func codeOf(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return ""
}

func TestObjects(t *testing.T) {
	t.Parallel()
	c := withReport(t)
	own := s3Client(c, account, "us-east-1")
	if got, err := get(t, own, "2026/q3.csv"); err != nil || got != "a;b\n" {
		t.Errorf("GetObject() = %q, %v, want the content that was put", got, err)
	}
	large := bytes.Repeat([]byte("0123456789"), 300_000) // which the SDK sends in chunks if it is unseekable
	_, err := own.PutObject(t.Context(), &s3sdk.PutObjectInput{
		Bucket: aws.String(reports), Key: aws.String("2026/large"), Body: bytes.NewReader(large),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	})
	check(t, err)
	if got, err := get(t, own, "2026/large"); err != nil || got != string(large) {
		t.Errorf("GetObject() of a large object = %d bytes, %v, want %d", len(got), err, len(large))
	}
	list, err := own.ListObjectsV2(t.Context(), &s3sdk.ListObjectsV2Input{
		Bucket: aws.String(reports), Prefix: aws.String("2026/"),
	})
	check(t, err)
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, *o.Key)
	}
	if !slices.Equal(keys, []string{"2026/large", "2026/q3.csv"}) {
		t.Errorf("ListObjectsV2() = %v", keys)
	}
	_, err = own.DeleteBucket(t.Context(), &s3sdk.DeleteBucketInput{Bucket: aws.String(reports)})
	if got := codeOf(err); got != "BucketNotEmpty" {
		t.Errorf("DeleteBucket() of a bucket with objects = %q, want BucketNotEmpty", got)
	}
	for _, key := range keys {
		_, err := own.DeleteObject(t.Context(), &s3sdk.DeleteObjectInput{Bucket: aws.String(reports), Key: aws.String(key)})
		check(t, err)
	}
	_, err = own.DeleteBucket(t.Context(), &s3sdk.DeleteBucketInput{Bucket: aws.String(reports)})
	check(t, err)
	if _, err := get(t, own, "2026/q3.csv"); codeOf(err) != "NoSuchBucket" {
		t.Errorf("GetObject() of a deleted bucket = %v, want NoSuchBucket", err)
	}
}

// TestBuckets: names are global, settings are stored, and each Region has its own.
func TestBuckets(t *testing.T) {
	t.Parallel()
	c := withReport(t)
	own, other := s3Client(c, account, "us-east-1"), s3Client(c, "222222222222", "eu-west-1")
	_, err := other.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{
		Bucket:                    aws.String(reports),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	if got := codeOf(err); got != "BucketAlreadyExists" {
		t.Errorf("CreateBucket() of another account's name = %q, want BucketAlreadyExists", got)
	}
	_, err = own.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{Bucket: aws.String(reports)})
	check(t, err)
	_, err = s3Client(c, account, "eu-west-1").HeadBucket(t.Context(), &s3sdk.HeadBucketInput{Bucket: aws.String(reports)})
	if err == nil {
		t.Error("HeadBucket() in another Region succeeds, want a redirection")
	}
	_, err = own.GetPublicAccessBlock(t.Context(), &s3sdk.GetPublicAccessBlockInput{Bucket: aws.String(reports)})
	if got := codeOf(err); got != "NoSuchPublicAccessBlockConfiguration" {
		t.Errorf("GetPublicAccessBlock() = %q, want NoSuchPublicAccessBlockConfiguration", got)
	}
	_, err = own.PutPublicAccessBlock(t.Context(), &s3sdk.PutPublicAccessBlockInput{
		Bucket:                         aws.String(reports),
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)},
	})
	check(t, err)
	setting, err := own.GetPublicAccessBlock(t.Context(), &s3sdk.GetPublicAccessBlockInput{Bucket: aws.String(reports)})
	check(t, err)
	if !aws.ToBool(setting.PublicAccessBlockConfiguration.BlockPublicPolicy) {
		t.Error("GetPublicAccessBlock() doesn't return the stored setting")
	}
	buckets, err := own.ListBuckets(t.Context(), &s3sdk.ListBucketsInput{})
	check(t, err)
	if len(buckets.Buckets) != 1 || *buckets.Buckets[0].Name != reports {
		t.Errorf("ListBuckets() = %+v, want the account's own", buckets.Buckets)
	}
}

// TestPolicyOfABucket: another account needs both policies, and a denial by the endpoint keeps the account out as well,
// except for the calls that it leaves out.
func TestPolicyOfABucket(t *testing.T) {
	t.Parallel()
	c := withReport(t)
	own, other := s3Client(c, account, "us-east-1"), s3Client(c, "222222222222", "us-east-1")
	if _, err := get(t, other, "2026/q3.csv"); codeOf(err) != "AccessDenied" {
		t.Errorf("GetObject() of another account = %v, want AccessDenied", err)
	}
	put := func(statement string) error {
		_, err := own.PutBucketPolicy(t.Context(), &s3sdk.PutBucketPolicyInput{
			Bucket: aws.String(reports), Policy: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`),
		})
		return err
	}
	check(t,
		put(`{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:GetObject",`+
			`"Resource":"arn:aws:s3:::`+reports+`/*"}`))
	if got, err := get(t, other, "2026/q3.csv"); err != nil || got == "" {
		t.Errorf("GetObject() of an allowed account = %q, %v", got, err)
	}
	check(t,
		put(`{"Effect":"Deny","Principal":"*","NotAction":["s3:GetBucket*","s3:PutBucket*"],`+
			`"Resource":["arn:aws:s3:::`+reports+`","arn:aws:s3:::`+reports+`/*"],
		"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}`))
	if _, err := get(t, own, "2026/q3.csv"); codeOf(err) != "AccessDenied" ||
		!strings.Contains(err.Error(), "explicit deny in a resource-based policy") {
		t.Errorf("GetObject() over the internet = %v, want the denial", err)
	}
	policy, err := own.GetBucketPolicy(t.Context(), &s3sdk.GetBucketPolicyInput{Bucket: aws.String(reports)})
	check(t, err)
	if !strings.Contains(*policy.Policy, "vpce-1") {
		t.Errorf("GetBucketPolicy() = %s", *policy.Policy)
	}
	if got := codeOf(put(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::another/*"}`)); got != "MalformedPolicy" {
		t.Errorf("PutBucketPolicy() with another bucket = %q, want MalformedPolicy", got)
	}
}

// TestOnlyServedCallsReachTheStorage, which would take others for the call without the parameter.
func TestOnlyServedCallsReachTheStorage(t *testing.T) {
	t.Parallel()
	c := withReport(t)
	own := s3Client(c, account, "us-east-1")
	for name, call := range map[string]func() error{
		"GetBucketCors": func() error {
			_, err := own.GetBucketCors(t.Context(), &s3sdk.GetBucketCorsInput{Bucket: aws.String(reports)})
			return err
		},
		"DeleteBucketCors": func() error {
			_, err := own.DeleteBucketCors(t.Context(), &s3sdk.DeleteBucketCorsInput{Bucket: aws.String(reports)})
			return err
		},
		"GetObjectAttributes": func() error {
			_, err := own.GetObjectAttributes(t.Context(), &s3sdk.GetObjectAttributesInput{
				Bucket: aws.String(reports), Key: aws.String("2026/q3.csv"),
				ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesEtag},
			})
			return err
		},
	} {
		if got := codeOf(call()); got != "NotImplemented" {
			t.Errorf("%s = %q, want NotImplemented", name, got)
		}
	}
	if _, err := get(t, own, "2026/q3.csv"); err != nil {
		t.Errorf("the bucket is lost: %v", err)
	}
}

// TestPoliciesHoldForEveryObject: for the source of a copy, for each key of a deletion, and not against the root user
// who repairs the policy.
func TestPoliciesHoldForEveryObject(t *testing.T) {
	t.Parallel()
	c := withReport(t)
	own := s3Client(c, account, "us-east-1")
	_, err := own.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{Bucket: aws.String("open-111111111111")})
	check(t, err)
	_, err = own.PutObject(t.Context(), &s3sdk.PutObjectInput{
		Bucket: aws.String(reports), Key: aws.String("free"), Body: strings.NewReader("f"),
	})
	check(t, err)
	_, err = own.PutBucketPolicy(t.Context(), &s3sdk.PutBucketPolicyInput{Bucket: aws.String(reports), Policy: aws.String(
		`{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::` + reports +
			`/2026/*","arn:aws:s3:::` + reports + `"]}}`)})
	check(t, err)
	copyFrom := func(key string) error {
		_, err := own.CopyObject(t.Context(), &s3sdk.CopyObjectInput{
			Bucket: aws.String("open-111111111111"), Key: aws.String("copy"), CopySource: aws.String(reports + "/" + key),
		})
		return err
	}
	if got := codeOf(copyFrom("2026/q3.csv")); got != "AccessDenied" {
		t.Errorf("CopyObject() of a denied object = %q, want AccessDenied", got)
	}
	check(t, copyFrom("free"))
	out, err := own.DeleteObjects(t.Context(),
		&s3sdk.DeleteObjectsInput{Bucket: aws.String(reports), Delete: &types.Delete{
			Objects: []types.ObjectIdentifier{{Key: aws.String("free")}, {Key: aws.String("2026/q3.csv")}},
		}})
	check(t, err)
	if len(out.Deleted) != 1 || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("DeleteObjects() = %+v, %+v, want one deletion and one denial", out.Deleted, out.Errors)
	}
	_, err = own.DeleteBucketPolicy(t.Context(), &s3sdk.DeleteBucketPolicyInput{Bucket: aws.String(reports)})
	check(t, err)
	if _, err := get(t, own, "2026/q3.csv"); err != nil {
		t.Errorf("GetObject() without the policy: %v", err)
	}
}

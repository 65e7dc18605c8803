package s3

import (
	"net/http"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// actions are the permissions of calls that have another name:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
var actions = map[string]string{
	"ListBuckets": "ListAllMyBuckets", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket",
	"HeadBucket": "ListBucket", "HeadObject": "GetObject",
	"CopyObject": "PutObject", "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject",
	"CompleteMultipartUpload": "PutObject",
	"AbortMultipartUpload":    "AbortMultipartUpload", "ListParts": "ListMultipartUploadParts",
	"GetBucketEncryption": "GetEncryptionConfiguration", "PutBucketEncryption": "PutEncryptionConfiguration",
	"DeleteBucketEncryption":          "PutEncryptionConfiguration",
	"GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
	"PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
	"GetPublicAccessBlock":            "GetBucketPublicAccessBlock", "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
	"DeletePublicAccessBlock":       "PutBucketPublicAccessBlock",
	"DeleteBucketOwnershipControls": "PutBucketOwnershipControls", "DeleteBucketTagging": "PutBucketTagging",
}

func (o operation) action() string {
	if action, found := actions[o.name]; found {
		return "s3:" + action
	}
	return "s3:" + o.name
}

// resource returns the ARN of the object, of the bucket, or "*".
func (o operation) resource() string {
	switch {
	case o.bucket == "":
		return "*"
	case o.key == "":
		return "arn:aws:s3:::" + o.bucket
	}
	return "arn:aws:s3:::" + o.bucket + "/" + o.key
}

// allow asks the policy of the VPC endpoint through which the call came, if there is one, and then those of the
// principal and the bucket. The endpoint's policy grants nothing; it limits the calls that pass.
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
func (s *Service) allow(o operation, b *bucket, call *apicall.Call) *Error {
	request := iam.Request{
		Principal: iam.Principal{Account: call.Account, ARN: call.ARN}, Owner: call.Account,
		Action: o.action(), Resource: o.resource(), Keys: call.Keys(),
	}
	var policy iam.Policy
	if b != nil && o.name != "CreateBucket" {
		request.Owner, policy = b.account, b.policy
	}
	if err := s.iam.AuthorizeAtEndpoint(request, call.Endpoint.Policy); err != nil {
		return denied(err)
	}
	if o.isOwnersLastResort(b, call) {
		return nil
	}
	if err := s.iam.Authorize(request, policy); err != nil {
		return denied(err)
	}
	return nil
}

// isOwnersLastResort: no bucket policy keeps the root user of the owning account from reading, changing or deleting it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
func (o operation) isOwnersLastResort(b *bucket, call *apicall.Call) bool {
	return b != nil && b.account == call.Account && strings.HasSuffix(call.ARN, ":root") &&
		strings.HasSuffix(o.name, "BucketPolicy")
}

func denied(err error) *Error {
	return &Error{Code: "AccessDenied", Message: err.Error(), Status: http.StatusForbidden}
}

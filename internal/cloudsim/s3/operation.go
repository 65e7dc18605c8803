package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// operation is a call of S3's API: its name in the API reference, the bucket and the key of the object. Both may be
// empty.
type operation struct {
	name, bucket, key string
	source            string // of CopyObject, as the header has it
}

// subresources are the query parameters that select a bucket's setting.
var subresources = []string{
	"accelerate", "acl", "cors", "encryption", "lifecycle", "location", "logging", "notification", "object-lock",
	"ownershipControls", "policy",
	"policyStatus", "publicAccessBlock", "replication", "requestPayment", "tagging", "versioning", "website",
}

// titles are the settings whose names in calls differ from their parameters.
var titles = map[string]string{
	"accelerate": "BucketAccelerateConfiguration", "acl": "BucketAcl", "cors": "BucketCors",
	"encryption": "BucketEncryption",
	"lifecycle":  "BucketLifecycleConfiguration", "location": "BucketLocation", "logging": "BucketLogging",
	"notification": "BucketNotificationConfiguration", "object-lock": "ObjectLockConfiguration",
	"ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy", "policyStatus": "BucketPolicyStatus",
	"publicAccessBlock": "PublicAccessBlock", "replication": "BucketReplication", "requestPayment": "BucketRequestPayment",
	"tagging": "BucketTagging", "versioning": "BucketVersioning", "website": "BucketWebsite",
}

var verbs = map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}

// Action returns the name of a request's call in S3's API reference; empty for one that this S3 doesn't have.
func Action(r *http.Request) string { return operationOf(r).name }

// parameters are the query parameters of the served calls beside those that select a setting.
var parameters = []string{
	"continuation-token", "delete", "delimiter", "encoding-type", "fetch-owner", "list-type", "marker", "max-keys",
	"max-parts", "part-number-marker",
	"partNumber", "prefix", "start-after", "uploadId", "uploads", "x-id",
}

// isServed reports whether this S3 has the call. The storage would take a call with an unknown parameter for another
// one.
func isServed(name string, query url.Values) bool {
	if name == "" || administration[name] == nil && !slices.Contains(delegated, name) {
		return false
	}
	for parameter := range query {
		isSetting := administration[name] != nil && slices.Contains(subresources, parameter)
		if !isSetting && !slices.Contains(parameters, parameter) && !strings.HasPrefix(parameter, "response-") {
			return false
		}
	}
	return true
}

// delegated are the calls that the storage answers.
var delegated = []string{
	"GetObject", "HeadObject", "PutObject", "DeleteObject", "ListObjects", "ListObjectsV2",
	"CreateMultipartUpload", "UploadPart",
	"CompleteMultipartUpload", "AbortMultipartUpload", "ListParts", "CopyObject",
}

// operationOf names the call of a request; the name is empty for one that this S3 doesn't have.
func operationOf(r *http.Request) operation {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(pathOf(r), "/"), "/")
	o := operation{bucket: bucket, key: key}
	query := r.URL.Query()
	switch {
	case bucket == "" && r.Method == http.MethodGet:
		o.name = "ListBuckets"
	case bucket == "":
	case key != "":
		o.name = objectCall(r.Method, query)
	default:
		o.name = bucketCall(r.Method, query)
	}
	if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
		o.name, o.source = map[string]string{"PutObject": "CopyObject"}[o.name], source
	}
	if !isServed(o.name, query) {
		o.name = ""
	}
	return o
}

// copied returns the reading of the object that CopyObject copies.
func (o operation) copied() operation {
	source, err := url.PathUnescape(strings.TrimPrefix(o.source, "/"))
	if err != nil {
		source = o.source
	}
	bucket, key, _ := strings.Cut(source, "/")
	key, _, _ = strings.Cut(key, "?versionId=")
	return operation{name: "GetObject", bucket: bucket, key: key}
}

func objectCall(method string, query url.Values) string {
	switch {
	case query.Has("uploads") && method == http.MethodPost:
		return "CreateMultipartUpload"
	case query.Has("uploadId"):
		return map[string]string{
			http.MethodPut: "UploadPart", http.MethodPost: "CompleteMultipartUpload", http.MethodDelete: "AbortMultipartUpload",
			http.MethodGet: "ListParts",
		}[method]
	case hasSubresource(query):
		return ""
	}
	return map[string]string{
		http.MethodGet: "GetObject", http.MethodHead: "HeadObject", http.MethodPut: "PutObject",
		http.MethodDelete: "DeleteObject",
	}[method]
}

func bucketCall(method string, query url.Values) string {
	for _, setting := range subresources {
		if query.Has(setting) && verbs[method] != "" {
			return verbs[method] + titles[setting]
		}
	}
	switch {
	case query.Has("delete") && method == http.MethodPost:
		return "DeleteObjects"
	case query.Get("list-type") == "2" && method == http.MethodGet:
		return "ListObjectsV2"
	case query.Has("uploads") || query.Has("versions"):
		return ""
	}
	return map[string]string{
		http.MethodGet: "ListObjects", http.MethodHead: "HeadBucket", http.MethodPut: "CreateBucket",
		http.MethodDelete: "DeleteBucket",
	}[method]
}

func hasSubresource(query url.Values) bool { return slices.ContainsFunc(subresources, query.Has) }

func (o operation) isMutating() bool {
	return o.name != "" && !strings.HasPrefix(o.name, "Get") && !strings.HasPrefix(o.name, "Head") &&
		!strings.HasPrefix(o.name, "List")
}

// pathOf returns the path with the bucket as its first part. SDKs put the bucket in front of the host unless the
// endpoint is an IP address.
func pathOf(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	host, _, _ = strings.Cut(host, ":")
	for _, service := range []string{".s3.", ".localhost"} {
		if i := strings.Index(host, service); i > 0 {
			return "/" + host[:i] + r.URL.Path
		}
	}
	return r.URL.Path
}

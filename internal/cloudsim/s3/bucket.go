package s3

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// bucket has the properties of a bucket except its objects.
type bucket struct {
	account, region string
	policy          iam.Policy
	document        string // of the policy; empty if there is none
	// documents that are stored and returned without effect, by the name of the call without its verb
	settings map[string][]byte
}

type administrator func(s *Service, w http.ResponseWriter, r *http.Request, o operation, call *apicall.Call) *Error

// administration has the calls that the storage doesn't answer by itself. init fills it, because isServed, which these
// calls depend on, reads it.
var administration = map[string]administrator{}

func init() {
	maps.Copy(administration, map[string]administrator{
		"CreateBucket": (*Service).createBucket, "DeleteBucket": (*Service).deleteBucket,
		"ListBuckets": (*Service).listBuckets, "HeadBucket": (*Service).headBucket,
		"GetBucketPolicy": (*Service).getPolicy, "PutBucketPolicy": (*Service).putPolicy,
		"DeleteBucketPolicy": (*Service).deletePolicy,
		"GetBucketLocation":  (*Service).getLocation, "DeleteObjects": (*Service).deleteObjects,
	})
	for setting, absent := range stored {
		administration["Put"+setting] = putSetting(setting)
		administration["Get"+setting] = getSetting(setting, absent)
		administration["Delete"+setting] = deleteSetting(setting)
	}
}

// stored are the settings that have no effect here, with the code of the error for a bucket without one.
var stored = map[string]string{
	"BucketEncryption":             "ServerSideEncryptionConfigurationNotFoundError",
	"BucketLifecycleConfiguration": "NoSuchLifecycleConfiguration",
	"BucketOwnershipControls":      "OwnershipControlsNotFoundError", "BucketTagging": "NoSuchTagSet",
	"PublicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
}

// createBucket succeeds in us-east-1 for a bucket that the account has; elsewhere S3 refuses that.
func (s *Service) createBucket(w http.ResponseWriter, r *http.Request, o operation, call *apicall.Call) *Error {
	region := locationOf(r.Body, call.Region)
	switch b := s.buckets[o.bucket]; {
	case b == nil:
	case b.account != call.Account:
		return &Error{
			Code: "BucketAlreadyExists", Message: "The requested bucket name is not available.",
			Status: http.StatusConflict, BucketName: o.bucket,
		}
	case region != "us-east-1" || b.region != "us-east-1":
		return &Error{Code: "BucketAlreadyOwnedByYou",
			Message: "Your previous request to create the named bucket succeeded and you already own it.",
			Status:  http.StatusConflict, BucketName: o.bucket}
	default:
		return nil
	}
	setBody(r, nil)
	watched := &statusWriter{ResponseWriter: w}
	s.objects.ServeHTTP(watched, r)
	if watched.status < http.StatusMultipleChoices {
		s.buckets[o.bucket] = &bucket{account: call.Account, region: region, settings: map[string][]byte{}}
	}
	return nil
}

// deleteBucket leaves a bucket that has objects, which the storage refuses to delete.
func (s *Service) deleteBucket(w http.ResponseWriter, r *http.Request, o operation, _ *apicall.Call) *Error {
	watched := &statusWriter{ResponseWriter: w}
	s.objects.ServeHTTP(watched, r)
	if watched.status < http.StatusMultipleChoices {
		delete(s.buckets, o.bucket)
	}
	return nil
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (s *Service) headBucket(w http.ResponseWriter, _ *http.Request, o operation, _ *apicall.Call) *Error {
	w.Header().Set("X-Amz-Bucket-Region", s.buckets[o.bucket].region)
	w.WriteHeader(http.StatusOK)
	return nil
}

// getPolicy and putPolicy: a policy is the body as it is.
func (s *Service) getPolicy(w http.ResponseWriter, _ *http.Request, o operation, _ *apicall.Call) *Error {
	b := s.buckets[o.bucket]
	if b.document == "" {
		return &Error{
			Code: "NoSuchBucketPolicy", Message: "The bucket policy does not exist",
			Status: http.StatusNotFound, BucketName: o.bucket,
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, b.document) // the caller may have gone
	return nil
}

func (s *Service) putPolicy(w http.ResponseWriter, r *http.Request, o operation, _ *apicall.Call) *Error {
	document, err := io.ReadAll(r.Body)
	if err != nil {
		return &Error{Code: "IncompleteBody", Message: err.Error()}
	}
	policy, err := iam.ParseResource(document)
	switch {
	case !json.Valid(document):
		return &Error{Code: "MalformedPolicy", Message: "Policies must be valid JSON and the first byte must be '{'"}
	case err != nil:
		return &Error{Code: "MalformedPolicy", Message: err.Error()}
	case !policy.NamesOnly(func(resource string) bool { return isOf(resource, o.bucket) }):
		return &Error{Code: "MalformedPolicy", Message: "Policy has invalid resource"}
	}
	b := s.buckets[o.bucket]
	b.policy, b.document = policy, string(document)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// isOf reports whether a policy's resource is the bucket or in it.
func isOf(resource, bucket string) bool {
	arn := "arn:aws:s3:::" + bucket
	return resource == arn || strings.HasPrefix(resource, arn+"/")
}

func (s *Service) deletePolicy(w http.ResponseWriter, _ *http.Request, o operation, _ *apicall.Call) *Error {
	b := s.buckets[o.bucket]
	b.policy, b.document = iam.Policy{}, ""
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// putSetting stores the document.
func putSetting(setting string) administrator {
	return func(s *Service, w http.ResponseWriter, r *http.Request, o operation, _ *apicall.Call) *Error {
		document, err := io.ReadAll(r.Body)
		if err != nil {
			return &Error{Code: "IncompleteBody", Message: err.Error()}
		}
		s.buckets[o.bucket].settings[setting] = document
		w.WriteHeader(http.StatusOK)
		return nil
	}
}

func getSetting(setting, absent string) administrator {
	return func(s *Service, w http.ResponseWriter, _ *http.Request, o operation, _ *apicall.Call) *Error {
		document, found := s.buckets[o.bucket].settings[setting]
		if !found {
			return &Error{
				Code: absent, Message: "The bucket has no such configuration.", Status: http.StatusNotFound, BucketName: o.bucket,
			}
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write(document) // the caller may have gone
		return nil
	}
}

func deleteSetting(setting string) administrator {
	return func(s *Service, w http.ResponseWriter, _ *http.Request, o operation, _ *apicall.Call) *Error {
		delete(s.buckets[o.bucket].settings, setting)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

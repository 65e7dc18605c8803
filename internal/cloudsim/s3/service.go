// Package s3 implements the embedded cloud's S3: buckets with policies, and objects, over S3's own REST protocol. It
// decides who may make a call; gofakes3 stores the objects and answers for them.
package s3

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// Service is an http.Handler that serves all accounts and Regions. Bucket names are global, as S3's are.
type Service struct {
	iam     *iam.Registry
	objects http.Handler

	mu      sync.Mutex
	buckets map[string]*bucket
}

// New returns a Service without buckets.
func New(roles *iam.Registry) *Service {
	storage := gofakes3.New(s3mem.New(), gofakes3.WithTimeSkewLimit(0), gofakes3.WithTimeSource(clock{}))
	return &Service{iam: roles, objects: storage.Server(), buckets: map[string]*bucket{}}
}

// ServeHTTP serves one request, whether the bucket is in the path or in the host.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := apicall.From(r.Context())
	o := operationOf(r)
	r.URL.Path, r.URL.RawPath = pathOf(r), ""
	call.Action, call.Mutating = o.name, o.isMutating()
	err := s.serve(w, r, o, call)
	if err != nil {
		call.ErrorCode = err.Code
		err.write(w, r)
	}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, o operation, call *apicall.Call) *Error {
	if o.name == "" {
		return &Error{
			Code: "NotImplemented", Message: "The embedded cloud has no such call.", Status: http.StatusNotImplemented,
		}
	}
	if err := decode(r); err != nil {
		return &Error{Code: "IncompleteBody", Message: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[o.bucket]
	if err := s.check(o, b, call); err != nil {
		return err
	}
	if o.name == "CopyObject" {
		from := o.copied()
		if err := s.check(from, s.buckets[from.bucket], call); err != nil {
			return err
		}
	}
	if answer := administration[o.name]; answer != nil {
		return answer(s, w, r, o, call)
	}
	s.objects.ServeHTTP(&partial{w}, r)
	return nil
}

// partial leaves the checksums of a whole object out of an answer that has only a part of it.
type partial struct{ http.ResponseWriter }

func (w *partial) WriteHeader(status int) {
	if status == http.StatusPartialContent {
		for name := range w.Header() {
			if strings.HasPrefix(name, "X-Amz-Checksum-") {
				w.Header().Del(name)
			}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// check makes S3's refusals that come before the action: no such bucket, another Region, no permission.
func (s *Service) check(o operation, b *bucket, call *apicall.Call) *Error {
	switch {
	case o.bucket != "" && b == nil && o.name != "CreateBucket":
		return &Error{
			Code: "NoSuchBucket", Message: "The specified bucket does not exist",
			Status: http.StatusNotFound, BucketName: o.bucket,
		}
	case b != nil && b.region != call.Region && o.name != "CreateBucket":
		return &Error{Code: "PermanentRedirect",
			Message: "The bucket you are attempting to access must be addressed using the specified endpoint. " +
				"Please send all future requests to this endpoint.", Status: http.StatusMovedPermanently,
			BucketName: o.bucket, region: b.region}
	}
	if o.name == "DeleteObjects" {
		return nil // each key is decided by itself
	}
	return s.allow(o, b, call)
}

// locationOf returns the Region of the location constraint in the body; without one it is that of the call.
func locationOf(body io.Reader, fallback string) string {
	data, _ := io.ReadAll(body) // of a body that has been read already
	_, rest, found := strings.Cut(string(data), "<LocationConstraint>")
	region, _, closed := strings.Cut(rest, "</LocationConstraint>")
	if found && closed && region != "" {
		return region
	}
	return fallback
}

package s3

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// deleteObjects decides on each key by itself, as S3 does: a key that may not be deleted is an error among the results.
func (s *Service) deleteObjects(w http.ResponseWriter, r *http.Request, o operation, call *apicall.Call) *Error {
	var in struct {
		Objects []struct{ Key string } `xml:"Object"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&in); err != nil {
		return &Error{
			Code:    "MalformedXML",
			Message: "The XML you provided was not well-formed or did not validate against our published schema",
		}
	}
	type deleted struct{ Key string }
	type failure struct{ Key, Code, Message string }
	out := struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Space   string   `xml:"xmlns,attr"`
		Deleted []deleted
		Error   []failure
	}{Space: namespace}
	for _, object := range in.Objects {
		one := operation{name: "DeleteObject", bucket: o.bucket, key: object.Key}
		if err := s.allow(one, s.buckets[o.bucket], call); err != nil {
			out.Error = append(out.Error, failure{object.Key, err.Code, err.Message})
			continue
		}
		request := httptest.NewRequestWithContext(r.Context(), http.MethodDelete, "/", nil)
		request.URL = &url.URL{Path: "/" + o.bucket + "/" + object.Key}
		s.objects.ServeHTTP(httptest.NewRecorder(), request)
		out.Deleted = append(out.Deleted, deleted{object.Key})
	}
	writeXML(w, out)
	return nil
}

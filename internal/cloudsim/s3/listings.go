package s3

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// listBuckets lists the account's own, in all Regions.
func (s *Service) listBuckets(w http.ResponseWriter, _ *http.Request, _ operation, call *apicall.Call) *Error {
	type entry struct{ Name, BucketRegion string }
	var own []entry
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		if b := s.buckets[name]; b.account == call.Account {
			own = append(own, entry{name, b.region})
		}
	}
	writeXML(w, struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Space   string   `xml:"xmlns,attr"`
		Owner   string   `xml:"Owner>ID"`
		Buckets []entry  `xml:"Buckets>Bucket"`
	}{Space: namespace, Owner: call.Account, Buckets: own})
	return nil
}

// getLocation returns an empty constraint for us-east-1, as S3 does.
func (s *Service) getLocation(w http.ResponseWriter, _ *http.Request, o operation, _ *apicall.Call) *Error {
	region := s.buckets[o.bucket].region
	if region == "us-east-1" {
		region = ""
	}
	writeXML(w, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Space   string   `xml:"xmlns,attr"`
		Region  string   `xml:",chardata"`
	}{Space: namespace, Region: region})
	return nil
}

func writeXML(w http.ResponseWriter, document any) {
	body, err := xml.Marshal(document)
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the caller may have gone, which is its own affair
}

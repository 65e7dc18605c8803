package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// Error is a refusal in S3's format: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
type Error struct {
	XMLName    xml.Name `xml:"Error"`
	Code       string
	Message    string
	BucketName string `xml:",omitempty"`
	RequestID  string `xml:"RequestId"`
	Status     int    `xml:"-"` // zero means 400
	region     string // of the bucket, for a redirection
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// write leaves out the body of an answer to HEAD, as HTTP requires. Clients then know the status alone.
func (e *Error) write(w http.ResponseWriter, r *http.Request) {
	e.RequestID = apicall.UUID()
	if e.region != "" {
		w.Header().Set("X-Amz-Bucket-Region", e.region)
	}
	w.Header().Set("Content-Type", "application/xml")
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	body, _ := xml.Marshal(e)                           // of strings
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the caller may have gone, which is its own affair
}

// Refuse writes an error that another part of the cloud made, such as an injected one.
func Refuse(w http.ResponseWriter, code, message string, status int) {
	(&Error{Code: code, Message: message, Status: status}).write(w, &http.Request{})
}

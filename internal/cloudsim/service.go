package cloudsim

import (
	"encoding/xml"
	"net/http"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
)

// service is one endpoint and the format of its errors.
type service struct {
	handler http.Handler
	refuse  func(http.ResponseWriter, Failure)
}

func (c *Cloud) endpoints() map[string]service {
	services := map[string]service{
		"events": {c.Events, refuseJSON("1.1")},
		"sqs":    {c.Queues, refuseJSON("1.0")},
		"sts":    {http.HandlerFunc(c.serveSTS), refuseSTS},
	}
	if c.EC2 != nil {
		services["ec2"] = service{c.EC2, refuseEC2}
	}
	return services
}

// service answers for one that this cloud doesn't have with an error in EC2's format.
func (c *Cloud) service(name string) service {
	if s, found := c.services[name]; found {
		return s
	}
	return service{refuse: refuseEC2, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		apicall.From(r.Context()).ErrorCode = "InvalidAction"
		refuseEC2(w, Failure{Code: "InvalidAction", Message: "The embedded cloud has no service " + name + "."})
	})}
}

func refuseJSON(version string) func(http.ResponseWriter, Failure) {
	return func(w http.ResponseWriter, f Failure) {
		awsjson.WriteError(w, version, &awsjson.Error{Code: f.Code, Message: f.Message, Status: f.status()})
	}
}

type xmlError struct {
	Type    string `xml:",omitempty"`
	Code    string
	Message string
}

// refuseEC2 spells RequestID as EC2 does in errors. In its other answers it is requestId.
func refuseEC2(w http.ResponseWriter, f Failure) {
	writeXML(w, f.status(), struct {
		XMLName   xml.Name `xml:"Response"`
		Error     xmlError `xml:"Errors>Error"`
		RequestID string
	}{Error: xmlError{Code: f.Code, Message: f.Message}, RequestID: apicall.UUID()})
}

// refuseSTS is the error of the older query protocol, which STS still speaks.
func refuseSTS(w http.ResponseWriter, f Failure) {
	writeXML(w, f.status(), struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error     xmlError
		RequestID string `xml:"RequestId"`
	}{Error: xmlError{Type: "Sender", Code: f.Code, Message: f.Message}, RequestID: apicall.UUID()})
}

func writeXML(w http.ResponseWriter, status int, document any) {
	body, err := xml.Marshal(document)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the caller may have gone, which is its own affair
}

package cloudsim

import (
	"encoding/xml"
	"net/http"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/s3"
	"github.com/autopeer/autopeer/internal/cloudsim/ssm"
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
		"lambda": {http.HandlerFunc(c.Queues.ServeMappings), refuseJSON("1.1")},
		"s3":     {c.S3, func(w http.ResponseWriter, f Failure) { s3.Refuse(w, f.Code, f.Message, f.status()) }},
		"sts":    {http.HandlerFunc(c.serveSTS), refuseSTS},
	}
	network, _ := c.EC2.(ssm.Network)
	services["ssm"] = service{ssm.New(network, c.IAM), refuseJSON("1.1")}
	if c.EC2 != nil {
		services["ec2"] = service{c.EC2, refuseEC2}
	}
	return services
}

// Register adds a service that needs the cloud itself, such as CloudFormation, under its name in signatures. The
// function refuse writes errors in the service's format.
func (c *Cloud) Register(name string, handler http.Handler, refuse func(http.ResponseWriter, Failure)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services[name] = service{handler, refuse}
}

// service answers for one that this cloud doesn't have with an error in EC2's format.
func (c *Cloud) service(name string) service {
	c.mu.Lock()
	s, found := c.services[name]
	c.mu.Unlock()
	if found {
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
	WriteXML(w, f.status(), struct {
		XMLName   xml.Name `xml:"Response"`
		Error     xmlError `xml:"Errors>Error"`
		RequestID string
	}{Error: xmlError{Code: f.Code, Message: f.Message}, RequestID: apicall.UUID()})
}

// RefuseQuery writes errors of the older query protocol, which STS and CloudFormation still use, with the service's XML
// namespace.
func RefuseQuery(namespace string) func(http.ResponseWriter, Failure) {
	return func(w http.ResponseWriter, f Failure) {
		WriteXML(w, f.status(), struct {
			XMLName   xml.Name
			Error     xmlError
			RequestID string `xml:"RequestId"`
		}{
			XMLName:   xml.Name{Space: namespace, Local: "ErrorResponse"},
			Error:     xmlError{Type: "Sender", Code: f.Code, Message: f.Message},
			RequestID: apicall.UUID(),
		})
	}
}

// refuseSTS writes an error in the format of STS.
var refuseSTS = RefuseQuery("https://sts.amazonaws.com/doc/2011-06-15/")

// WriteXML writes an answer of a protocol that uses XML.
func WriteXML(w http.ResponseWriter, status int, document any) {
	body, err := xml.Marshal(document)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the caller may have gone, which is its own affair
}

// Package apicall defines an API call as the services of the embedded cloud share it: its caller, its log entry and its
// CloudTrail record.
package apicall

import (
	"context"
	"time"
)

// Caller is who signed a request, and the region that it was signed for.
type Caller struct {
	Account string // twelve digits
	Region  string
	ARN     string // the principal, arn:aws:iam::111111111111:root for an account's own key
}

// Call is one request as the log keeps it. The embedded cloud fills the first part, and the
// service that answers fills the second.
type Call struct {
	Caller
	AccessKeyID string // of the signature, which distinguishes the sessions of one role
	Service     string // as in the signature: ec2, events, sqs
	At          time.Time
	// Plaintext is whether it was made to an http:// address in the same process. A socket counts as AWS's
	// encrypted endpoint, for which it stands.
	Plaintext bool

	Action    string            // CreateRoute, PutEvents, …
	Params    map[string]string // of an EC2 call, as on the wire
	Mutating  bool
	ErrorCode string // without the Client. prefix; empty on success

	Endpoint Endpoint
}

// Endpoint is the VPC endpoint through which a call came. The zero value is a call over the internet.
type Endpoint struct {
	ID, VPC string
	Policy  string // the document
}

// Host is an instance that runs, with the ARN of its instance profile, which is empty if it has none.
type Host struct{ Instance, Profile string }

// Keys returns the condition keys of IAM that a call through a VPC endpoint has:
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html#bucket-policies-s3
func (c *Call) Keys() map[string][]string {
	if c.Endpoint.ID == "" {
		return map[string][]string{}
	}
	return map[string][]string{"aws:SourceVpce": {c.Endpoint.ID}, "aws:SourceVpc": {c.Endpoint.VPC}}
}

type key struct{}

// With returns a context that carries the call.
func With(ctx context.Context, c *Call) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns the call that the embedded cloud put into the context of a request.
func From(ctx context.Context) *Call {
	c, _ := ctx.Value(key{}).(*Call)
	if c == nil {
		return &Call{}
	}
	return c
}

// Record has CloudTrail's fields of one mutating call: requestParameters and responseElements in CloudTrail's own
// shape, ready to be encoded as JSON.
type Record struct {
	Caller
	At                time.Time
	EventSource       string // ec2.amazonaws.com
	EventName         string
	RequestID         string
	RequestParameters map[string]any
	ResponseElements  map[string]any // nil when the call failed
	ErrorCode         string         // with the Client. or Server. prefix; empty on success
	ErrorMessage      string
}

// Trail takes the records of mutating calls. It must not call back into the service that made them.
type Trail func(Record)

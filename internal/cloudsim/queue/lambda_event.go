package queue

import (
	"bytes"
	"encoding/json"
)

// lambdaRecord is a message as Lambda shows it to a function:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type lambdaRecord struct {
	MessageID         string                     `json:"messageId"`
	ReceiptHandle     string                     `json:"receiptHandle"`
	Body              string                     `json:"body"`
	Attributes        map[string]string          `json:"attributes"`
	MessageAttributes map[string]lambdaAttribute `json:"messageAttributes"`
	MD5OfAttributes   string                     `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody         string                     `json:"md5OfBody"`
	EventSource       string                     `json:"eventSource"`
	EventSourceARN    string                     `json:"eventSourceARN"`
	AWSRegion         string                     `json:"awsRegion"`
}

type lambdaAttribute struct {
	StringValue string   `json:"stringValue,omitempty"`
	BinaryValue []byte   `json:"binaryValue,omitempty"`
	StringList  []string `json:"stringListValues"`
	BinaryList  [][]byte `json:"binaryListValues"`
	DataType    string   `json:"dataType"`
}

// record gives lists to attributes because Lambda does, though SQS has none.
func (q *queue) record(m receipted) lambdaRecord {
	attributes := map[string]lambdaAttribute{}
	for name, a := range m.attributes {
		attributes[name] = lambdaAttribute{a.StringValue, a.BinaryValue, []string{}, [][]byte{}, a.DataType}
	}
	return lambdaRecord{
		MessageID: m.id, ReceiptHandle: m.handle, Body: m.body, Attributes: m.system(),
		MessageAttributes: attributes, MD5OfAttributes: attributesChecksum(m.attributes), MD5OfBody: checksum([]byte(m.body)),
		EventSource: "aws:sqs", EventSourceARN: q.arn.String(), AWSRegion: q.arn.region,
	}
}

func everything(string) bool { return true }
func nothing(string) bool    { return false }

// failures reads a function's partial batch response. No response and no list mean success; a malformed response, and
// an identifier that isn't in the batch, fail the batch as a whole:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func failures(response []byte, b *batch) func(id string) bool {
	if len(bytes.TrimSpace(response)) == 0 {
		return nothing
	}
	var r struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(response, &r) != nil {
		return everything
	}
	failed := map[string]bool{}
	for _, f := range r.BatchItemFailures {
		if b.receives[f.ItemIdentifier] == 0 {
			return everything
		}
		failed[f.ItemIdentifier] = true
	}
	return func(id string) bool { return failed[id] }
}

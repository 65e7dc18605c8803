package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// invoke calls an AWS JSON API with the account's own credentials, which is how CloudFormation makes things.
func (d *deployment) invoke(service, target, version string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(d.ctx, http.MethodPost,
		"https://"+service+"."+d.Source.Region+".amazonaws.com/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-"+version)
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", d.signature(service))
	response, err := d.cloud.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	defer func() { _ = response.Body.Close() }() // it is in memory
	if response.StatusCode != http.StatusOK {
		refused := refusal{status: response.StatusCode}
		_ = json.NewDecoder(response.Body).Decode(&refused) // the status alone will do
		return fmt.Errorf("%s: %w", target, &refused)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// refusal is the answer of a service that doesn't make a call.
type refusal struct {
	status  int
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.Type, r.Message) }

// missingCodes end the codes of errors about a resource that doesn't exist.
var missingCodes = []string{"ResourceNotFoundException", "QueueDoesNotExist", ".NotFound", "NoSuchBucket"}

// isMissing reports whether the resource of the call doesn't exist.
func isMissing(err error) bool {
	var r *refusal
	return errors.As(err, &r) &&
		slices.ContainsFunc(missingCodes, func(code string) bool { return strings.HasSuffix(r.Type, code) })
}

func (d *deployment) events(action string, in, out any) error {
	return d.invoke("events", "AWSEvents."+action, "1.1", in, out)
}

func (d *deployment) sqs(action string, in, out any) error {
	return d.invoke("sqs", "AmazonSQS."+action, "1.0", in, out)
}

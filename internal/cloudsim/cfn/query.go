package cfn

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// element is an element of an answer of EC2 or S3.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

// first returns the text of the first element with that name, at any depth; empty if there is none.
func (e element) first(name string) string {
	for _, child := range e.Children {
		if child.XMLName.Local == name && len(child.Children) == 0 {
			return strings.TrimSpace(child.Text)
		}
		if text := child.first(name); text != "" {
			return text
		}
	}
	return ""
}

// ec2 makes a call of EC2 with the account's own credentials. Parameters without a value are left out.
func (d *deployment) ec2(action string, params map[string]string) (element, error) {
	form := url.Values{"Action": {action}, "Version": {"2016-11-15"}}
	for name, value := range params {
		if value != "" {
			form.Set(name, value)
		}
	}
	return d.send("ec2", http.MethodPost, "https://ec2."+d.Source.Region+".amazonaws.com/",
		"application/x-www-form-urlencoded", form.Encode())
}

// s3 makes a call of S3 for the bucket. The query selects a setting, such as policy; it is empty for the bucket itself.
func (d *deployment) s3(method, bucket, query, body string) error {
	address := "https://s3." + d.Source.Region + ".amazonaws.com/" + bucket
	if query != "" {
		address += "?" + query
	}
	_, err := d.send("s3", method, address, "application/xml", body)
	return err
}

// send returns the answer, or a *refusal with the error's code as its type.
func (d *deployment) send(service, method, address, contentType, body string) (element, error) {
	r, err := http.NewRequestWithContext(d.ctx, method, address, strings.NewReader(body))
	if err != nil {
		return element{}, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", d.signature(service))
	response, err := d.cloud.RoundTrip(r)
	if err != nil {
		return element{}, err
	}
	defer func() { _ = response.Body.Close() }() // it is in memory
	var answer element
	_ = xml.NewDecoder(response.Body).Decode(&answer) // some answers have no body
	if response.StatusCode >= http.StatusMultipleChoices {
		return answer, fmt.Errorf("%s: %w", service, &refusal{
			response.StatusCode, answer.first("Code"), answer.first("Message"),
		})
	}
	return answer, nil
}

// signature is that of the account's own key.
func (d *deployment) signature(service string) string {
	return "AWS4-HMAC-SHA256 Credential=" + d.Source.Account + "/20260101/" + d.Source.Region + "/" + service +
		"/aws4_request, SignedHeaders=host, Signature=0"
}

type tag struct{ Key, Value string }

// tagged adds the tags of a new resource to the parameters of the call that makes it.
func tagged(resource string, tags []tag, params map[string]string) map[string]string {
	if len(tags) > 0 {
		params["TagSpecification.1.ResourceType"] = resource
	}
	for i, t := range tags {
		at := fmt.Sprintf("TagSpecification.1.Tag.%d.", i+1)
		params[at+"Key"], params[at+"Value"] = t.Key, t.Value
	}
	return params
}

// retag gives a resource the tags after, and removes those of before that it no longer has.
func (d *deployment) retag(id string, before, after []tag) error {
	kept := map[string]bool{}
	create := map[string]string{"ResourceId.1": id}
	for i, t := range after {
		at := fmt.Sprintf("Tag.%d.", i+1)
		create[at+"Key"], create[at+"Value"] = t.Key, t.Value
		kept[t.Key] = true
	}
	remove, n := map[string]string{"ResourceId.1": id}, 0
	for _, t := range before {
		if !kept[t.Key] {
			n++
			remove[fmt.Sprintf("Tag.%d.Key", n)] = t.Key
		}
	}
	if n > 0 {
		if _, err := d.ec2("DeleteTags", remove); err != nil {
			return err
		}
	}
	if len(after) == 0 {
		return nil
	}
	_, err := d.ec2("CreateTags", create)
	return err
}

// listed numbers values as parameters of the Query protocol: Name.1, Name.2.
func listed(params map[string]string, name string, values []string) map[string]string {
	for i, value := range values {
		params[fmt.Sprintf("%s.%d", name, i+1)] = value
	}
	return params
}

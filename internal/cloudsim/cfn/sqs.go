package cfn

import (
	"encoding/json"
	"strconv"
)

type queueProperties struct {
	QueueName                     string
	DelaySeconds                  *int
	MaximumMessageSize            *int
	MessageRetentionPeriod        *int
	ReceiveMessageWaitTimeSeconds *int
	VisibilityTimeout             *int
	RedrivePolicy                 json.RawMessage
	KmsMasterKeyID                string `json:"KmsMasterKeyId"`
	SqsManagedSseEnabled          *bool
}

func (p queueProperties) attributes() map[string]string {
	all := map[string]string{}
	for name, value := range map[string]*int{
		"DelaySeconds": p.DelaySeconds, "MaximumMessageSize": p.MaximumMessageSize, "MessageRetentionPeriod": p.MessageRetentionPeriod,
		"ReceiveMessageWaitTimeSeconds": p.ReceiveMessageWaitTimeSeconds, "VisibilityTimeout": p.VisibilityTimeout,
	} {
		if value != nil {
			all[name] = strconv.Itoa(*value)
		}
	}
	if p.RedrivePolicy != nil {
		all["RedrivePolicy"] = string(p.RedrivePolicy)
	}
	if p.KmsMasterKeyID != "" {
		all["KmsMasterKeyId"] = p.KmsMasterKeyID
	}
	if p.SqsManagedSseEnabled != nil {
		all["SqsManagedSseEnabled"] = strconv.FormatBool(*p.SqsManagedSseEnabled)
	}
	return all
}

func createQueue(d *deployment, id string, p queueProperties) (made, error) {
	name := d.physical(p.QueueName, id)
	var out struct{ QueueURL string }
	if err := d.sqs("CreateQueue", map[string]any{"QueueName": name, "Attributes": p.attributes()}, &out); err != nil {
		return made{}, err
	}
	d.QueueURLs[name] = out.QueueURL
	return made{out.QueueURL, map[string]string{"Arn": d.arn("sqs", name), "QueueName": name, "QueueUrl": out.QueueURL}}, nil
}

type queuePolicyProperties struct {
	PolicyDocument json.RawMessage
	Queues         []string
}

func createQueuePolicy(d *deployment, id string, p queuePolicyProperties) (made, error) {
	for _, url := range p.Queues {
		attributes := map[string]string{"Policy": string(p.PolicyDocument)}
		if err := d.sqs("SetQueueAttributes", map[string]any{"QueueUrl": url, "Attributes": attributes}, nil); err != nil {
			return made{}, err
		}
	}
	return made{ref: d.physical("", id)}, nil
}

package cfn

import (
	"encoding/json"
	"slices"
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
		"DelaySeconds": p.DelaySeconds, "MaximumMessageSize": p.MaximumMessageSize,
		"MessageRetentionPeriod":        p.MessageRetentionPeriod,
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
	return made{out.QueueURL,
		map[string]string{"Arn": d.arn("sqs", name), "QueueName": name, "QueueUrl": out.QueueURL}}, nil
}

// standard are the attributes of a queue whose template doesn't choose them. An empty value removes the attribute.
var standard = map[string]string{
	"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
	"ReceiveMessageWaitTimeSeconds": "0",
	"VisibilityTimeout":             "30", "RedrivePolicy": "", "KmsMasterKeyId": "", "SqsManagedSseEnabled": "true",
}

// updateQueue leaves the messages in the queue.
func updateQueue(d *deployment, id string, before, after queueProperties) (made, error) {
	attributes := after.attributes()
	for name := range before.attributes() {
		if _, found := attributes[name]; !found {
			attributes[name] = standard[name]
		}
	}
	return d.resources[id], d.setQueueAttributes(d.resources[id].ref, attributes)
}

// removeQueue frees the name at once: a stack's deletion of a queue takes about as long as SQS refuses the name, and no
// time passes while this CloudFormation works.
func removeQueue(d *deployment, r made, _ queueProperties) error {
	delete(d.QueueURLs, r.attributes["QueueName"])
	defer d.cloud.Queues.FreeName(r.attributes["Arn"])
	return d.sqs("DeleteQueue", map[string]any{"QueueUrl": r.ref}, nil)
}

func (d *deployment) setQueueAttributes(url string, attributes map[string]string) error {
	return d.sqs("SetQueueAttributes", map[string]any{"QueueUrl": url, "Attributes": attributes}, nil)
}

type queuePolicyProperties struct {
	PolicyDocument json.RawMessage
	Queues         []string
}

func createQueuePolicy(d *deployment, id string, p queuePolicyProperties) (made, error) {
	return made{ref: d.physical("", id)}, d.setQueuePolicies(p.Queues, string(p.PolicyDocument))
}

func updateQueuePolicy(d *deployment, id string, before, after queuePolicyProperties) (made, error) {
	if err := d.setQueuePolicies(after.Queues, string(after.PolicyDocument)); err != nil {
		return made{}, err
	}
	former := slices.DeleteFunc(before.Queues, func(url string) bool { return slices.Contains(after.Queues, url) })
	return d.resources[id], d.setQueuePolicies(former, "")
}

func removeQueuePolicy(d *deployment, _ made, p queuePolicyProperties) error {
	return d.setQueuePolicies(p.Queues, "")
}

// setQueuePolicies removes the policies if the document is empty.
func (d *deployment) setQueuePolicies(urls []string, document string) error {
	for _, url := range urls {
		if err := d.setQueueAttributes(url, map[string]string{"Policy": document}); err != nil {
			return err
		}
	}
	return nil
}

package cfn

import "encoding/json"

// The resources below have names, which others refer to, and no effect in the embedded cloud.

type logGroupProperties struct {
	LogGroupName    string
	RetentionInDays int
}

func createLogGroup(d *deployment, id string, p logGroupProperties) (made, error) {
	name := d.physical(p.LogGroupName, id)
	return made{name, map[string]string{"Arn": d.arn("logs", "log-group:"+name+":*")}}, nil
}

type topicProperties struct {
	TopicName      string
	DisplayName    string
	KmsMasterKeyID string `json:"KmsMasterKeyId"`
}

func createTopic(d *deployment, id string, p topicProperties) (made, error) {
	name := d.physical(p.TopicName, id)
	arn := d.arn("sns", name)
	return made{arn, map[string]string{"TopicArn": arn, "TopicName": name}}, nil
}

type topicPolicyProperties struct {
	PolicyDocument json.RawMessage
	Topics         []string
}

func createTopicPolicy(d *deployment, id string, _ topicPolicyProperties) (made, error) {
	return made{ref: d.physical("", id)}, nil
}

type subscriptionProperties struct {
	Endpoint string
	Protocol string
	TopicARN string `json:"TopicArn"`
}

func createSubscription(d *deployment, id string, _ subscriptionProperties) (made, error) {
	return made{ref: d.arn("sns", d.physical("", id))}, nil
}

type keyProperties struct {
	Description       string
	EnableKeyRotation bool
	KeyPolicy         json.RawMessage
}

func createKey(d *deployment, id string, _ keyProperties) (made, error) {
	name := d.physical("", id)
	return made{name, map[string]string{"Arn": d.arn("kms", "key/"+name), "KeyId": name}}, nil
}

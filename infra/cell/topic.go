package cell

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// addTopic returns the ARN of the topic that alarms are sent to: the operator's own or a new one.
func (b builder) addTopic(scope constructs.Construct) *string {
	if b.options.AlarmTopic != "" {
		return jsii.String(b.arn("sns", b.options.AlarmTopic))
	}
	this, name := group(scope, "Alarms"), b.name("alarms")
	topic := awssns.NewCfnTopic(this, jsii.String("Topic"),
		&awssns.CfnTopicProps{TopicName: &name, KmsMasterKeyId: b.addTopicKey(this)})
	awssns.NewCfnTopicPolicy(this, jsii.String("Policy"), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()},
		PolicyDocument: document([]statement{
			onlyTLS("sns:Publish", b.arn("sns", name)),
			allow("ReceiveFromAlarms", "sns:Publish", b.arn("sns", name)).by(service("cloudwatch")).
				when("ArnLike", "aws:SourceArn", b.arn("cloudwatch", "alarm:"+b.prefix+"-*")),
		}),
	})
	if b.options.AlarmEmail != "" {
		awssns.NewCfnSubscription(this, jsii.String("Email"), &awssns.CfnSubscriptionProps{
			TopicArn: topic.Ref(), Protocol: jsii.String("email"), Endpoint: &b.options.AlarmEmail,
		})
	}
	return topic.Ref()
}

// addTopicKey adds a key of the account's own: alarms can't use the one that AWS manages for SNS. In a key's
// policy the resource "*" is the key itself.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func (b builder) addTopicKey(scope constructs.Construct) *string {
	return awskms.NewCfnKey(scope, jsii.String("Key"), &awskms.CfnKeyProps{
		Description: jsii.String("Encrypts autopeer's alarms in SNS"), EnableKeyRotation: jsii.Bool(true),
		KeyPolicy: document([]statement{
			allow("AccountGovernsKey", "kms:*", "*").by(map[string]any{"AWS": account(b.Cell, string(b.Account))}),
			allow("AlarmsEncrypt", []string{"kms:Decrypt", "kms:GenerateDataKey*"}, "*").by(service("cloudwatch")).
				when("StringEquals", "aws:SourceAccount", string(b.Account)),
		}),
	}).AttrArn()
}

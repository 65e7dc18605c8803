package cell

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

type queue = awssqs.CfnQueue

// queueProps are the rules that may send to a queue, as ARNs or patterns of them, and the dead-letter queue for
// messages that failed too often. A queue without a dead-letter queue is read by no function, and has an alarm.
type queueProps struct {
	name      string
	fromRules []string
	dead      queue
	hidden    time.Duration // that a received message stays hidden; zero for a last queue
	isLast    bool
}

// retention is the longest that SQS has: a dead letter waits for a person.
const retention = 14 * 24 * 60 * 60

// addQueue adds a queue with SQS's own encryption, which is the default and works with EventBridge. A KMS key would
// have to be customer managed, with a policy for EventBridge.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-sqs-sse-queue.html
func (b builder) addQueue(scope constructs.Construct, id string, props queueProps) queue {
	p := &awssqs.CfnQueueProps{
		QueueName: &props.name, SqsManagedSseEnabled: jsii.Bool(true), MessageRetentionPeriod: jsii.Number(retention),
	}
	if props.dead != nil {
		p.RedrivePolicy = map[string]any{"deadLetterTargetArn": props.dead.AttrArn(), "maxReceiveCount": wiring.MaxReceives}
	}
	if !props.isLast {
		p.VisibilityTimeout = jsii.Number(props.hidden.Seconds())
	}
	q := awssqs.NewCfnQueue(scope, &id, p)
	accepted(q, map[string]string{"CKV_AWS_27": "SQS encrypts with its own key; the messages are events that name ids"})
	resource := b.arn("sqs", props.name)
	statements := []statement{onlyTLS("sqs:*", resource)}
	if len(props.fromRules) > 0 {
		statements = append(statements, allow("ReceiveFromRules", "sqs:SendMessage", resource).
			by(service(eventBridge)).when("ArnLike", "aws:SourceArn", props.fromRules))
	}
	awssqs.NewCfnQueuePolicy(q, jsii.String("Policy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{q.Ref()}, PolicyDocument: document(statements),
	})
	return q
}

// rulesTo are the ARNs of the rules that feed the function.
func (b builder) rulesTo(f function.Name) []string {
	var arns []string
	for _, r := range b.rules {
		if r.Queue == f {
			arns = append(arns, b.ruleARN(r))
		}
	}
	return arns
}

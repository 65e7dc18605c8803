package cell

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// addBus adds the bus to which other cells send and on which the functions publish.
func (b builder) addBus(scope constructs.Construct) {
	props := &awsevents.CfnEventBusProps{
		Name:        &b.prefix,
		Description: jsii.String("Events that counterparts forward, and announcements of autopeer"),
	}
	bus := awsevents.NewCfnEventBus(group(scope, "Bus"), jsii.String("Bus"), props)
	for _, s := range b.busPolicy {
		awsevents.NewCfnEventBusPolicy(bus, jsii.String(s.Sid), &awsevents.CfnEventBusPolicyProps{
			EventBusName: bus.Ref(), StatementId: jsii.String(s.Sid), Statement: plain(s),
		})
	}
}

// addUndelivered adds the queue of the events that no rule could deliver, within the 24 hours for which
// EventBridge tries.
func (b builder) addUndelivered(scope constructs.Construct) queue {
	name := b.name("undelivered")
	rules := []string{b.arn("events", "rule/"+b.prefix+"-*"), b.arn("events", "rule/"+b.prefix+"/"+b.prefix+"-*")}
	return b.addQueue(group(scope, "Undelivered"), "Queue", queueProps{name: name, fromRules: rules, isLast: true})
}

// addRules adds the rules of the wiring. A rule that feeds a queue and one that forwards differ in their
// target only.
func (b builder) addRules(scope constructs.Construct, queues map[function.Name]queue, undelivered queue) {
	rules := group(scope, "Rules")
	var role *string
	if _, forwards := b.roles[forward]; forwards {
		role = b.addRole(rules, "Forward", forward, eventBridge).AttrArn()
	}
	for _, r := range b.rules {
		target := &awsevents.CfnRule_TargetProperty{Id: jsii.String("target")}
		if r.MaxAge > 0 {
			target.RetryPolicy = &awsevents.CfnRule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: jsii.Number(r.MaxAge.Seconds()),
			}
		} else {
			target.DeadLetterConfig = &awsevents.CfnRule_DeadLetterConfigProperty{Arn: undelivered.AttrArn()}
		}
		if r.Queue != "" {
			target.Arn = queues[r.Queue].AttrArn()
		} else {
			target.Arn, target.RoleArn = jsii.String(b.bus(r.Forward)), role
		}
		props := &awsevents.CfnRuleProps{Name: jsii.String(b.ruleName(r)), Targets: []any{target},
			State: jsii.String("ENABLED")}
		if r.Schedule != "" {
			props.ScheduleExpression = &r.Schedule
		} else {
			props.EventPattern = plain(r.Pattern)
		}
		if r.Bus == wiring.OwnBus {
			props.EventBusName = &b.prefix // a reference to the other stack would couple the two by an export
		}
		awsevents.NewCfnRule(rules, jsii.String(r.Name), props)
	}
}

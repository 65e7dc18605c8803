package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// attack changes a call that is allowed. Only the change may be the reason that it isn't allowed any more.
type attack struct {
	name   string
	call   call
	change func(*question)
	want   string
}

// call selects the first recorded call of the kind of role with the action, a part of the resource, and a condition key
// that contains a value. Empty parts match all.
type call struct{ kind, action, resource, key, value string }

func (c call) matches(q question) bool {
	return kind(q.role()) == c.kind && strings.EqualFold(q.Action, c.action) && strings.Contains(q.Resource, c.resource) &&
		(c.key == "" || strings.Contains(strings.Join(q.Keys[c.key], " "), c.value))
}

// Parts of attacks.
const (
	stranger   = "999999999999" // an account of no cell
	foreignVPC = "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-0f0f0f0f0f0f0f0f0"
	everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	connection = ":vpc-peering-connection/"
	rule       = ":security-group-rule/"
	bus        = ":event-bus/autopeer"
	messages   = "autopeer.cells"
)

// set gives condition keys one value each; an empty value removes the key.
func set(pairs ...string) func(*question) {
	return func(q *question) {
		for i := 0; i < len(pairs); i += 2 {
			q.Keys[pairs[i]] = []string{pairs[i+1]}
			if pairs[i+1] == "" {
				delete(q.Keys, pairs[i])
			}
		}
	}
}

// on changes a part of the resource's ARN.
func on(part, other string) func(*question) {
	return func(q *question) { q.Resource = strings.Replace(q.Resource, part, other, 1) }
}

// abroad moves the resource to an account of no cell.
func abroad(q *question) {
	q.Resource = strings.Replace(q.Resource, ":"+q.Owner+":", ":"+stranger+":", 1)
}

// by makes another role of an account the principal, which may do everything there; an empty account is the principal's
// own.
func by(account string) func(*question) {
	return func(q *question) {
		if account == "" {
			account = q.Owner
		}
		q.Principal = "arn:aws:iam::" + account + ":role/stranger"
		q.identity = []string{everything}
		set("aws:PrincipalArn", q.Principal, "aws:PrincipalAccount", account)(q)
	}
}

func service(name string) func(*question) { return func(q *question) { q.Principal = name } }

// The calls that are attacked.
var (
	accept    = call{"accept", "ec2:AcceptVpcPeeringConnection", connection, "ec2:RequesterVpc", ":111111111111:"}
	approved  = call{"accept", "ec2:AcceptVpcPeeringConnection", connection, "aws:ResourceTag/autopeer:approved", "true"}
	reject    = call{"accept", "ec2:RejectVpcPeeringConnection", connection, "", ""}
	route     = call{"connect", "ec2:CreateRoute", "", "", ""}
	admit     = call{"connect", "ec2:AuthorizeSecurityGroupIngress", ":security-group/", "", ""}
	expel     = call{"connect", "ec2:RevokeSecurityGroupIngress", "", "", ""}
	tag       = call{"connect", "ec2:CreateTags", connection, "", ""}
	tagRule   = call{"connect", "ec2:CreateTags", rule, "", ""}
	setOption = call{"connect", "ec2:ModifyVpcPeeringConnectionOptions", "", "", ""}
	unroute   = call{"disconnect", "ec2:DeleteRoute", "", "", ""}
	announce  = call{"disconnect", "events:PutEvents", "", "", ""}
	send      = call{"forward", "events:PutEvents", bus, "events:source", messages}
	sendCalls = call{"forward", "events:PutEvents", bus, "events:source", "aws.ec2"}
	feed      = call{"sweep", "sqs:SendMessage", "-connect", "", ""}
	receive   = call{"connect", "sqs:ReceiveMessage", "", "", ""}
	deliver   = call{"events.amazonaws.com", "sqs:SendMessage", "-connect", "", ""}
	forward   = call{"events.amazonaws.com", "sts:AssumeRole", "-forward-", "", ""}
	start     = call{"lambda.amazonaws.com", "sts:AssumeRole", "-accept-", "", ""}
)

const managed = "aws:RequestTag/autopeer:managed"

var attacks = []attack{
	{"a request of a VPC that no peering names", accept, set("ec2:RequesterVpc", foreignVPC), silent},
	{"a request to a VPC that no peering names", accept, set("ec2:AccepterVpc", foreignVPC), silent},
	{"a request in another account", accept, abroad, silent},
	{"a request without approval", approved, set("aws:ResourceTag/autopeer:approved", ""), silent},
	{"a refusal in another account", reject, abroad, silent},
	{"a route in a VPC of no department", route, set("ec2:Vpc", foreignVPC), silent},
	{"a rule in a VPC of no department", admit, set("ec2:Vpc", foreignVPC), silent},
	{"a revocation in a VPC of no department", expel, set("ec2:Vpc", foreignVPC), silent},
	{"a revocation without a VPC", expel, set("ec2:Vpc", ""), silent},
	{"another tag on a connection", tag, set("aws:TagKeys", "Owner"), silent},
	{"a connection for another installation", tag, set(managed, "other"), silent},
	{"another installation's connection", tag, set("aws:ResourceTag/autopeer:managed", "other"), silent},
	{"a tag on a connection of no department", tag, set("ec2:RequesterVpc", foreignVPC, "ec2:AccepterVpc", foreignVPC),
		silent},
	{"tags on a rule that is there already", tagRule, set("ec2:CreateAction", ""), silent},
	{"a new rule without our tag", tagRule, set(managed, ""), silent},
	{"another tag on a new rule", tagRule, set("aws:TagKeys", "Owner"), silent},
	{"an option of a connection of no department", setOption,
		set("ec2:RequesterVpc", foreignVPC, "ec2:AccepterVpc", foreignVPC), silent},
	{"a route of another account", unroute, abroad, silent},
	{"an announcement as EC2", announce, set("events:source", "aws.ec2"), silent},
	{"an announcement as a cell", announce, set("events:source", messages), silent},
	{"an announcement by another role of the account", announce, by(""), denied},
	{"a message of a cell without a peering", send, by(stranger), silent},
	{"a message with a source of its own", send, set("events:source", "other"), silent},
	{"a message as an announcement", send, set("events:source", "autopeer"), silent},
	{"a message with every detail type", send, set("events:detail-type", "*"), silent},
	{"a message by another rule", send, set("aws:SourceArn", "arn:aws:events:us-east-1:111111111111:rule/autopeer/other"),
		silent},
	{"a message without a rule", send, set("aws:SourceArn", ""), silent},
	{"a call by the rule of messages", sendCalls, set("events:source", messages), silent},
	{"a call with every detail type", sendCalls, set("events:detail-type", "*"), silent},
	{"a hint by another account", feed, by(stranger), silent},
	{"a hint without encryption", feed, set("aws:SecureTransport", "false"), denied},
	{"a hint for another cell", feed, abroad, silent},
	{"another function's messages", receive, on("-connect", "-accept"), silent},
	{"an event by another rule", deliver, set("aws:SourceArn", "arn:aws:events:us-east-1:111111111111:rule/other"),
		silent},
	{"an event by another service", deliver, service("sns.amazonaws.com"), silent},
	{"the role that forwards, for another rule", forward,
		set("aws:SourceArn", "arn:aws:events:us-east-1:111111111111:rule/other"), silent},
	{"the role that forwards, for another account", forward, set("aws:SourceAccount", stranger), silent},
	{"a function's role for another service", start, service("ec2.amazonaws.com"), silent},
	{"a function's role for another role of the account", start, by(""), silent},
}

// forbidden are actions that no role may take on a resource of its account.
var forbidden = []struct{ action, resource string }{
	{"ec2:AuthorizeSecurityGroupEgress", "ec2:us-east-1:%s:security-group/sg-1"},
	{"ec2:CreateVpcPeeringConnection", "ec2:us-east-1:%s:vpc/vpc-1"},
	{"ec2:DeleteRouteTable", "ec2:us-east-1:%s:route-table/rtb-1"},
	{"ec2:DeleteSecurityGroup", "ec2:us-east-1:%s:security-group/sg-1"},
	{"ec2:DeleteTags", "ec2:us-east-1:%s:vpc-peering-connection/pcx-1"},
	{"ec2:DeleteVpc", "ec2:us-east-1:%s:vpc/vpc-1"},
	{"ec2:DeleteVpcPeeringConnection", "ec2:us-east-1:%s:vpc-peering-connection/pcx-1"},
	{"ec2:TerminateInstances", "ec2:us-east-1:%s:instance/i-1"},
	{"events:DeleteEventBus", "events:us-east-1:%s:event-bus/autopeer"},
	{"events:DeleteRule", "events:us-east-1:%s:rule/autopeer-accept"},
	{"events:PutTargets", "events:us-east-1:%s:rule/autopeer-accept"},
	{"iam:CreateRole", "iam::%s:role/admin"},
	{"iam:PassRole", "iam::%s:role/admin"},
	{"iam:PutRolePolicy", "iam::%s:role/autopeer-accept-us-east-1"},
	{"lambda:UpdateFunctionCode", "lambda:us-east-1:%s:function:autopeer-accept"},
	{"logs:DeleteLogGroup", "logs:us-east-1:%s:log-group:/aws/lambda/autopeer-accept"},
	{"sqs:DeleteQueue", "sqs:us-east-1:%s:autopeer-accept"},
	{"sqs:PurgeQueue", "sqs:us-east-1:%s:autopeer-accept"},
	{"sqs:SetQueueAttributes", "sqs:us-east-1:%s:autopeer-accept"},
	{"sts:AssumeRole", "iam::%s:role/admin"},
}

// judgeAttacks checks that each attacked call is allowed, and that the attack isn't.
func judgeAttacks(ctx context.Context, j *report.Judge, folder string, calls []question) {
	var questions []question
	var made []attack
	for _, a := range attacks {
		i := slices.IndexFunc(calls, a.call.matches)
		if i < 0 {
			j.Check(false, a.name, "a call of "+a.call.action, "none")
			continue
		}
		changed := calls[i]
		changed.Keys = cloudiam.Keys{}
		maps.Copy(changed.Keys, calls[i].Keys)
		a.change(&changed)
		made, questions = append(made, a), append(questions, calls[i], changed)
	}
	answers, err := ask(ctx, folder, questions)
	if err != nil {
		j.Error("ask about the attacks", err)
		return
	}
	for i, a := range made {
		got := answers[2*i : 2*i+2] // before the change, and after it
		j.Check(got[0] == allowed && got[1] == a.want, a.name, []string{allowed, a.want}, got)
	}
}

// judgeQueues checks that each queue's policy lets the queue's account in, but not without encryption, and no other
// account.
func judgeQueues(ctx context.Context, j *report.Judge, folder string, queues []question) {
	var questions []question
	for _, q := range queues {
		plain, foreign := q, q
		plain.Keys, foreign.Keys = maps.Clone(q.Keys), maps.Clone(q.Keys)
		set("aws:SecureTransport", "false")(&plain)
		by(stranger)(&foreign)
		questions = append(questions, q, plain, foreign)
	}
	answers, err := ask(ctx, folder, questions)
	if err != nil {
		j.Error("ask about the queues", err)
		return
	}
	want := []string{allowed, denied, silent}
	j.Check(len(queues) > 0, "queues", "some", "none")
	for i, q := range queues {
		got := answers[len(want)*i:][:len(want)]
		j.Check(slices.Equal(got, want), q.Resource, want, got)
	}
}

// judgeForbidden checks that no role may take a forbidden action, and that a role that may do everything may take each.
func judgeForbidden(ctx context.Context, j *report.Judge, folder string, calls []question) {
	var questions []question
	seen := map[string]bool{}
	for _, q := range calls {
		role := q.account() + " " + q.role()
		if len(q.identity) == 0 || seen[role] {
			continue
		}
		seen[role] = true
		questions = append(questions, forbiddenOf(q)...)
	}
	admin := forbiddenOf(calls[0])
	for i := range admin {
		by("")(&admin[i])
	}
	answers, err := ask(ctx, folder, append(admin, questions...))
	if err != nil {
		j.Error("ask about forbidden actions", err)
		return
	}
	for i, answer := range answers[:len(admin)] {
		j.Check(answer == allowed, "an administrator's "+admin[i].Action, allowed, answer)
	}
	for i := 0; i < len(questions); i += len(admin) {
		got := slices.Compact(slices.Sorted(slices.Values(answers[len(admin)+i:][:len(admin)])))
		j.Check(slices.Equal(got, []string{silent}),
			"forbidden actions of "+questions[i].role()+" of "+questions[i].account(), silent, got)
	}
}

// forbiddenOf returns a question for each forbidden action of the principal.
func forbiddenOf(by question) []question {
	var all []question
	for _, f := range forbidden {
		all = append(all, question{
			Principal: by.Principal, Action: f.action, Resource: "arn:aws:" + fmt.Sprintf(f.resource, by.account()),
			Owner: by.account(), Keys: cloudiam.Keys{}, identity: by.identity,
		})
	}
	return all
}

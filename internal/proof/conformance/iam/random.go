package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	cloudiam "github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// How many random questions iam-simulate is asked; those of one seed are one check.
const (
	seeds    = 10
	fromEach = 500
)

// judgeRandom compares the embedded IAM with iam-simulate on random policies and requests.
func judgeRandom(ctx context.Context, j *report.Judge, folder string) {
	var questions []question
	for seed := range seeds {
		questions = append(questions, randomQuestions(uint64(seed), fromEach)...)
	}
	answers, err := ask(ctx, folder, questions)
	if err != nil {
		j.Error("ask about random policies", err)
		return
	}
	for seed := range seeds {
		var wrong []string
		for i := seed * fromEach; i < (seed+1)*fromEach; i++ {
			if ours := ourAnswer(questions[i]); ours != answers[i] {
				wrong = append(wrong, fmt.Sprintf("%s instead of %s to %+v", ours, answers[i], questions[i]))
			}
		}
		j.Check(len(wrong) == 0, fmt.Sprintf("seed %d", seed), "no difference",
			fmt.Sprintf("%d, %s", len(wrong), first(wrong)))
	}
}

func first(all []string) string { return strings.Join(all[:min(1, len(all))], "") }

// ourAnswer is the embedded IAM's.
func ourAnswer(q question) string {
	r := cloudiam.Request{
		Principal: cloudiam.PrincipalOf(q.Principal), Action: q.Action, Resource: q.Resource, Owner: q.Owner, Keys: q.Keys,
	}
	if r.Account == "" {
		r.Principal = cloudiam.Principal{Service: q.Principal}
	}
	var identity []cloudiam.Policy
	var resource cloudiam.Policy
	for _, document := range q.identity {
		p, err := cloudiam.ParseIdentity([]byte(document))
		if err != nil {
			return "error: " + err.Error()
		}
		identity = append(identity, p)
	}
	if q.policy != "" {
		var err error
		if resource, err = cloudiam.ParseResource([]byte(q.policy)); err != nil {
			return "error: " + err.Error()
		}
	}
	refusal, isRefusal := errors.AsType[*cloudiam.Refusal](cloudiam.Evaluate(r, identity, resource))
	switch {
	case !isRefusal:
		return allowed
	case strings.Contains(refusal.Why, "explicit"):
		return denied
	}
	return silent
}

// randomQuestions returns questions whose policies are like the product's, and whose requests are close enough to match
// often. The same seed gives the same.
func randomQuestions(seed uint64, n int) []question {
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	all := make([]question, n)
	for i := range all {
		all[i] = g.question()
	}
	return all
}

type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) chance(one int) bool { return g.IntN(one) == 0 }

// some returns one to n values, a single one often without a list, as policies may write it.
func (g generator) some(n int, of ...string) any {
	values := []string{g.one(of...)}
	for range g.IntN(n) {
		values = append(values, g.one(of...))
	}
	if len(values) == 1 && g.chance(2) {
		return values[0]
	}
	return values
}

const (
	here  = "111111111111"
	there = "222222222222"
	vpc1  = "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1"
	vpc2  = "arn:aws:ec2:eu-west-1:222222222222:vpc/vpc-2"
	rule1 = "arn:aws:events:us-east-1:111111111111:rule/autopeer-accept"
	rule2 = "arn:aws:events:us-east-1:222222222222:rule/autopeer/forward"
	role1 = "arn:aws:iam::111111111111:role/autopeer-accept"
	role2 = "arn:aws:iam::222222222222:role/autopeer-forward"
)

// subject is an action with the condition keys that the Service Authorization Reference lists for it, beside the global
// ones.
type subject struct {
	action, resource string // with %s for the account
	keys             []string
}

var subjects = []subject{
	{"ec2:CreateRoute", "arn:aws:ec2:us-east-1:%s:route-table/rtb-1",
		[]string{"ec2:Vpc", "ec2:Region", "aws:ResourceTag/Team"}},
	{"ec2:CreateTags", "arn:aws:ec2:us-east-1:%s:vpc-peering-connection/pcx-1", []string{
		"aws:TagKeys", "aws:RequestTag/Team", "aws:ResourceTag/Team", "ec2:RequesterVpc",
		"ec2:AccepterVpc", "ec2:CreateAction",
	}},
	{"ec2:AcceptVpcPeeringConnection", "arn:aws:ec2:us-east-1:%s:vpc-peering-connection/pcx-1", []string{
		"ec2:RequesterVpc", "ec2:AccepterVpc", "aws:ResourceTag/Team",
	}},
	{"ec2:DescribeVpcs", "*", []string{"ec2:Region"}},
	{"sqs:SendMessage", "arn:aws:sqs:us-east-1:%s:autopeer-accept", nil},
	{"events:PutEvents", "arn:aws:events:us-east-1:%s:event-bus/autopeer",
		[]string{"events:source", "events:detail-type"}},
}

var global = []string{"aws:SecureTransport", "aws:PrincipalArn", "aws:PrincipalAccount",
	"aws:SourceArn", "aws:RequestedRegion"}

// Values of keys, by key.
var (
	arns = map[string][]string{
		"ec2:Vpc": {vpc1, vpc2}, "ec2:RequesterVpc": {vpc1, vpc2}, "ec2:AccepterVpc": {vpc1, vpc2},
		"aws:SourceArn": {rule1, rule2}, "aws:PrincipalArn": {role1, role2},
	}
	lists = map[string][]string{
		"aws:TagKeys": {"Name", "Team", "team"}, "events:source": {"autopeer", "autopeer.cells", "aws.ec2"},
		"events:detail-type": {"Side Checked", "Check Side", "*"},
	}
	texts = map[string][]string{
		"ec2:Region": {"us-east-1", "eu-west-1"}, "aws:RequestedRegion": {"us-east-1", "eu-west-1"},
		"aws:PrincipalAccount": {here, there},
		"aws:ResourceTag/Team": {"a", "A", "ab", "a*"}, "aws:RequestTag/Team": {"a", "A", "ab", ""},
		"ec2:CreateAction": {"CreateRoute", "AuthorizeSecurityGroupIngress"},
	}
)

func (g generator) question() question {
	s := subjects[g.IntN(len(subjects))]
	q := question{Action: s.action, Owner: g.one(here, here, there), Keys: cloudiam.Keys{}}
	q.Principal = g.one(strings.Replace(strings.Replace(role1, ":iam:", ":sts:", 1), "role/",
		"assumed-role/", 1)+"/session", role1)
	q.Resource = strings.Replace(s.resource, "%s", q.Owner, 1)
	hasPolicy := strings.HasPrefix(s.action, "sqs:") || strings.HasPrefix(s.action, "events:")
	if hasPolicy && g.chance(4) {
		q.Principal = "events.amazonaws.com"
	}
	keys := append(append([]string{}, global...), s.keys...)
	for _, key := range keys {
		if !g.chance(4) {
			q.Keys[key] = g.values(key)
		}
	}
	if q.Principal != "events.amazonaws.com" {
		q.identity = append(q.identity, g.document(s, keys, false))
	}
	if hasPolicy && !g.chance(5) {
		q.policy = g.document(s, keys, true)
	}
	return q
}

// values returns the values of a request's key.
func (g generator) values(key string) []string {
	switch {
	case arns[key] != nil:
		return []string{g.one(arns[key]...)}
	case lists[key] != nil:
		values := []string{g.one(lists[key]...)}
		for range g.IntN(3) {
			values = append(values, g.one(lists[key]...))
		}
		return values
	case texts[key] != nil:
		return []string{g.one(texts[key]...)}
	}
	return []string{g.one("true", "false")}
}

func (g generator) document(s subject, keys []string, ofResource bool) string {
	var statements []any
	for range 1 + g.IntN(3) {
		statements = append(statements, g.statement(s, keys, ofResource))
	}
	// strings and lists can always be encoded
	text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return string(text)
}

func (g generator) statement(s subject, keys []string, ofResource bool) map[string]any {
	statement := map[string]any{
		"Effect": g.one("Allow", "Allow", "Allow", "Deny"),
		g.one("Action", "Action", "Action", "NotAction"):         g.some(2, g.actions(s)...),
		g.one("Resource", "Resource", "Resource", "NotResource"): g.some(2, g.resources(s)...),
	}
	if ofResource {
		statement["Principal"] = g.principal()
	}
	conditions := map[string]map[string]any{}
	for range g.IntN(3) {
		key := g.one(keys...)
		operator, values := g.condition(key)
		if conditions[operator] == nil {
			conditions[operator] = map[string]any{}
		}
		conditions[operator][g.spelled(key)] = values
	}
	if len(conditions) > 0 {
		statement["Condition"] = conditions
	}
	return statement
}

// spelled changes the case of a key sometimes, which IAM ignores.
func (g generator) spelled(key string) string {
	if g.chance(6) {
		return strings.ToUpper(key)
	}
	return key
}

func (g generator) actions(s subject) []string {
	service, name, _ := strings.Cut(s.action, ":")
	return []string{
		s.action, s.action, strings.ToUpper(service) + ":" + strings.ToLower(name), service + ":*",
		service + ":" + name[:3] + "*",
		service + ":?" + name[1:], "*", "sqs:Send*", "ec2:Create*", "events:*Events",
	}
}

func (g generator) resources(s subject) []string {
	if s.resource == "*" {
		return []string{"*", "*", "arn:aws:ec2:us-east-1:111111111111:vpc/*"}
	}
	account := g.one(here, here, there)
	arn := strings.Replace(s.resource, "%s", account, 1)
	parts := strings.SplitN(arn, ":", 6)
	before := strings.Join(parts[:5], ":")
	kind, _, _ := strings.Cut(parts[5], "/")
	return []string{
		arn, arn, arn + "*", arn[:len(arn)-1] + "?", before + ":*", before + ":" + kind + "/*",
		strings.Join(parts[:3], ":") + ":*:*:" + parts[5],
		strings.Join(parts[:3], ":") + ":us-*:" + account + ":" + parts[5],
		strings.Join(parts[:3], ":") + ":*", "*", arn + "x",
	}
}

func (g generator) principal() any {
	switch g.IntN(6) {
	case 0:
		return "*"
	case 1:
		return map[string]any{"Service": g.some(2, "events.amazonaws.com", "sqs.amazonaws.com")}
	case 2:
		return map[string]any{"Service": "events.amazonaws.com", "AWS": g.some(2, here, role2)}
	}
	return map[string]any{"AWS": g.some(2, "*", here, there, "arn:aws:iam::"+here+":root",
		"arn:aws:iam::"+there+":root", role1, role2)}
}

// condition returns an operator for the key, and the wanted values.
func (g generator) condition(key string) (operator string, values any) {
	if g.chance(10) {
		return "Null", g.some(1, "true", "false")
	}
	quantifier, suffix := g.one("", "", "", "", "ForAllValues:", "ForAnyValue:"), g.one("", "", "", "IfExists")
	operator = g.one("StringEquals", "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
		"StringNotEqualsIgnoreCase", "StringLike", "StringNotLike")
	switch {
	case arns[key] != nil:
		operator = g.one("ArnEquals", "ArnLike", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals")
		values = g.some(2, append(g.arnPatterns(), arns[key]...)...)
	case lists[key] != nil:
		quantifier = g.one("ForAllValues:", "ForAnyValue:")
		values = g.some(3, append([]string{"*", "a*", "?ame", "Side*"}, lists[key]...)...)
	case texts[key] != nil:
		values = g.some(2, append([]string{"*", "a*", "?", "us-*"}, texts[key]...)...)
	default:
		operator, values = "Bool", g.some(1, "true", "false", "True")
	}
	return quantifier + operator + suffix, values
}

// arnPatterns returns whole ARNs: the guide doesn't define the matches of a pattern without six parts.
func (g generator) arnPatterns() []string {
	return []string{
		"arn:aws:ec2:*:111111111111:vpc/*", "arn:aws:ec2:us-east-1:*:vpc/vpc-?", "arn:aws:events:*:*:rule/autopeer-*",
		"arn:aws:events:*:*:rule/*",
		"arn:aws:iam::*:role/autopeer-*", "arn:aws:*:*:*:*", "arn:aws:ec2:us*1:111111111111:vpc/vpc-1", "*:*:*:*:*:*",
	}
}

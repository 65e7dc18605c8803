package events

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
)

type putRuleInput struct {
	Name               string
	EventBusName       string
	Description        string
	EventPattern       string
	ScheduleExpression string
	State              string
	RoleARN            string `json:"RoleArn"`
}

type ruleARN struct {
	RuleARN string `json:"RuleArn"`
}

// putRule replaces a rule that is there and keeps its targets. A schedule's rhythm begins anew.
func (s *Service) putRule(ctx context.Context, in putRuleInput) (ruleARN, error) {
	wanted, err := in.rule()
	if err != nil {
		return ruleARN{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.ownBus(ctx, in.EventBusName)
	if err != nil {
		return ruleARN{}, err
	}
	if wanted.every > 0 && b.name.name != defaultBus {
		return ruleARN{}, invalid("ScheduleExpression is supported only on the default event bus.")
	}
	r := b.rule(in.Name)
	if r == nil {
		if len(b.rules) >= maxRulesPerBus {
			return ruleARN{}, tooMany()
		}
		r = &rule{}
		i, _ := b.findRule(in.Name)
		b.rules = slices.Insert(b.rules, i, r)
	}
	wanted.bus, wanted.targets = b.name, r.targets
	*r = wanted
	s.setState(r, cmp.Or(in.State, enabled))
	return ruleARN{r.arn()}, nil
}

// rule is the one that the input describes, if nothing is wrong with it.
func (in putRuleInput) rule() (rule, error) {
	r := rule{name: in.Name, description: in.Description, source: in.EventPattern, expression: in.ScheduleExpression}
	err := in.check()
	if err == nil && in.EventPattern != "" {
		r.pattern, err = parsePattern(in.EventPattern)
	}
	if err == nil && in.ScheduleExpression != "" {
		r.every, err = parseRate(in.ScheduleExpression)
	}
	return r, err
}

func (in putRuleInput) check() error {
	if err := refuseViolations(ruleNames.violations(in.Name, "name")); err != nil {
		return err
	}
	switch {
	case in.EventPattern == "" && in.ScheduleExpression == "":
		return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case utf8.RuneCountInString(in.EventPattern) > maxPatternLength:
		return refuse("LimitExceededException", "The event pattern is longer than 2048 characters.")
	case in.State != "" && !slices.Contains([]string{enabled, disabled, enabledForReads}, in.State):
		return invalid("Value '" + in.State +
			"' at 'state' failed to satisfy constraint: Member must satisfy enum value set.")
	}
	return nil
}

// parsePattern refuses with EventBridge's code for patterns, which is not the one for other parameters.
func parsePattern(text string) (pattern.Pattern, error) {
	p, err := pattern.Parse([]byte(text))
	if err != nil {
		return p, refuse("InvalidEventPatternException", "Event pattern is not valid. Reason: "+err.Error())
	}
	return p, nil
}

type ruleInput struct {
	Name         string
	Rule         string // the rule's name in calls about targets
	EventBusName string
}

// ownRule finds the rule that a call names. An ARN is no name: https://github.com/aws/aws-sdk-js-v3/issues/2240.
// Callers hold the lock.
func (s *Service) ownRule(ctx context.Context, in ruleInput) (*rule, error) {
	name, at := in.Name, "name"
	if in.Rule != "" {
		name, at = in.Rule, "rule"
	}
	if err := refuseViolations(ruleNames.violations(name, at)); err != nil {
		return nil, err
	}
	b, err := s.ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	r := b.rule(name)
	if r == nil {
		return nil, noRule(name, b)
	}
	return r, nil
}

// deleteRule succeeds for a rule that doesn't exist.
func (s *Service) deleteRule(ctx context.Context, in ruleInput) (empty, error) {
	if err := refuseViolations(ruleNames.violations(in.Name, "name")); err != nil {
		return empty{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.ownBus(ctx, in.EventBusName)
	if err != nil {
		return empty{}, err
	}
	i, found := b.findRule(in.Name)
	if !found {
		return empty{}, nil
	}
	if len(b.rules[i].targets) > 0 {
		return empty{}, invalid("Rule can't be deleted since it has targets.")
	}
	s.setState(b.rules[i], disabled)
	b.rules = slices.Delete(b.rules, i, i+1)
	return empty{}, nil
}

type ruleDescription struct {
	ARN                string `json:"Arn"`
	Name               string
	EventBusName       string
	Description        string `json:",omitempty"`
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string
}

func describeRule(r *rule) ruleDescription {
	return ruleDescription{r.arn(), r.name, r.bus.name, r.description, r.source, r.expression, r.state}
}

// oneRule also has the creator of the rule, which a list doesn't show.
type oneRule struct {
	ruleDescription
	CreatedBy string
}

func (s *Service) describeRule(ctx context.Context, in ruleInput) (oneRule, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ownRule(ctx, in)
	if err != nil {
		return oneRule{}, err
	}
	return oneRule{describeRule(r), r.bus.account}, nil
}

type listRulesInput struct {
	EventBusName string
	NamePrefix   string
	paging
}

type listRulesOutput struct {
	Rules     []ruleDescription
	NextToken string `json:",omitempty"`
}

func (s *Service) listRules(ctx context.Context, in listRulesInput) (listRulesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.ownBus(ctx, in.EventBusName)
	if err != nil {
		return listRulesOutput{}, err
	}
	var list []ruleDescription
	for _, r := range b.rules {
		if strings.HasPrefix(r.name, in.NamePrefix) {
			list = append(list, describeRule(r))
		}
	}
	list, next, err := page(list, in.paging)
	return listRulesOutput{list, next}, err
}

func (s *Service) enableRule(ctx context.Context, in ruleInput) (empty, error) {
	return empty{}, s.changeState(ctx, in, enabled)
}

func (s *Service) disableRule(ctx context.Context, in ruleInput) (empty, error) {
	return empty{}, s.changeState(ctx, in, disabled)
}

// changeState is EnableRule and DisableRule. A rule's targets stay.
func (s *Service) changeState(ctx context.Context, in ruleInput, state string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ownRule(ctx, in)
	if err == nil && r.state != state {
		s.setState(r, state)
	}
	return err
}

// mostTargetsPerCall is the longest list of targets or ids in the API's model.
const mostTargetsPerCall = 100

type putTargetsInput struct {
	ruleInput
	Targets []target
}

type failedTarget struct {
	TargetID     string `json:"TargetId"`
	ErrorCode    string
	ErrorMessage string
}

type targetsOutput struct {
	FailedEntryCount int
	FailedEntries    []failedTarget
}

// violations come before the refusal of a rule that doesn't exist.
func (in putTargetsInput) violations() []string {
	found := ruleNames.violations(in.Rule, "rule")
	ids := make([]string, len(in.Targets))
	for i, t := range in.Targets {
		ids[i] = t.ID
		found = append(found, targetIDs.violations(t.ID, fmt.Sprintf("targets.%d.member.id", i+1))...)
	}
	return append(found, listViolations(ids, "targets", mostTargetsPerCall)...)
}

// putTargets puts all of the targets or none.
func (s *Service) putTargets(ctx context.Context, in putTargetsInput) (targetsOutput, error) {
	if err := refuseViolations(in.violations()); err != nil {
		return targetsOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ownRule(ctx, in.ruleInput)
	if err != nil {
		return targetsOutput{}, err
	}
	changed := *r
	changed.targets = slices.Clone(r.targets)
	for _, t := range in.Targets {
		if err := changed.put(t); err != nil {
			return targetsOutput{}, err
		}
		if err := s.mayPass(apicall.From(ctx).Caller, t.RoleARN); err != nil {
			return targetsOutput{}, err
		}
		if err := s.checkTargetBus(r.bus, t); err != nil {
			return targetsOutput{}, err
		}
	}
	*r = changed
	return targetsOutput{FailedEntries: []failedTarget{}}, nil
}

// checkTargetBus makes the check that the option TargetBus asks for. Callers hold the lock.
func (s *Service) checkTargetBus(from busName, t target) error {
	name, isBus := parseBusARN(t.ARN)
	if !isBus || s.options.TargetBus == AnyTargetBus {
		return nil
	}
	b := s.bus(name)
	if b == nil {
		return noBus(name.name)
	}
	if s.options.TargetBus == ExistingTargetBus || name.account == from.account {
		return nil
	}
	r := iam.Request{
		Principal: iam.Principal{Account: from.account, ARN: t.RoleARN}, Action: "events:PutEvents", Resource: name.arn(),
		Owner: name.account,
	}
	if !b.policy.Admits(r) {
		return denied(&iam.Refusal{Request: r, Why: "because no resource-based policy allows the events:PutEvents action"})
	}
	return nil
}

type removeTargetsInput struct {
	ruleInput
	IDs []string `json:"Ids"`
}

func (in removeTargetsInput) violations() []string {
	found := ruleNames.violations(in.Rule, "rule")
	for i, id := range in.IDs {
		found = append(found, targetIDs.violations(id, fmt.Sprintf("ids.%d.member", i+1))...)
	}
	return append(found, listViolations(in.IDs, "ids", mostTargetsPerCall)...)
}

// removeTargets fails target by target, unlike putTargets: an id that isn't there is reported and the rest removed.
func (s *Service) removeTargets(ctx context.Context, in removeTargetsInput) (targetsOutput, error) {
	if err := refuseViolations(in.violations()); err != nil {
		return targetsOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ownRule(ctx, in.ruleInput)
	if err != nil {
		return targetsOutput{}, err
	}
	out := targetsOutput{FailedEntries: []failedTarget{}}
	for _, id := range in.IDs {
		i := r.find(id)
		if i < 0 {
			refusal := awsjson.AsError(refuse("ResourceNotFoundException", "Target "+id+" does not exist."))
			out.FailedEntries = append(out.FailedEntries, failedTarget{id, refusal.Code, refusal.Message})
			continue
		}
		r.targets = slices.Delete(slices.Clone(r.targets), i, i+1)
	}
	out.FailedEntryCount = len(out.FailedEntries)
	return out, nil
}

type listTargetsInput struct {
	ruleInput
	paging
}

type listTargetsOutput struct {
	Targets   []target
	NextToken string `json:",omitempty"`
}

func (s *Service) listTargetsByRule(ctx context.Context, in listTargetsInput) (listTargetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ownRule(ctx, in.ruleInput)
	if err != nil {
		return listTargetsOutput{}, err
	}
	list, next, err := page(r.targets, in.paging)
	return listTargetsOutput{list, next}, err
}

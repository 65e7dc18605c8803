package events

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// allow asks for the calls that administer buses and rules. PutEvents asks for each of its entries instead.
func (s *Service) allow(ctx context.Context, action string, body []byte) error {
	if action == "PutEvents" {
		return nil
	}
	caller := apicall.From(ctx).Caller
	err := s.options.IAM.Authorize(iam.Request{
		Principal: iam.Principal{Account: caller.Account, ARN: caller.ARN}, Owner: caller.Account,
		Action: "events:" + action, Resource: administered(caller, action, body),
	}, iam.Policy{})
	if err != nil {
		return denied(err)
	}
	return nil
}

// mayPass asks whether the caller may give EventBridge the role of a target; an empty ARN names none.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
func (s *Service) mayPass(caller apicall.Caller, roleARN string) error {
	if roleARN == "" {
		return nil
	}
	err := s.options.IAM.Authorize(iam.Request{
		Principal: iam.Principal{Account: caller.Account, ARN: caller.ARN}, Owner: caller.Account,
		Action: "iam:PassRole", Resource: roleARN, Keys: iam.Keys{"iam:PassedToService": {"events.amazonaws.com"}},
	}, iam.Policy{})
	if err != nil {
		return denied(err)
	}
	return nil
}

// administered is the ARN of the rule or bus that a call is about, or "*" for those about neither:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
func administered(caller apicall.Caller, action string, body []byte) string {
	var in struct{ Name, Rule, EventBusName string }
	_ = json.Unmarshal(body, &in) // the action itself reports a mistake
	name := in.Rule
	if strings.HasSuffix(action, "Rule") && name == "" {
		name = in.Name
	}
	switch {
	case name != "":
		return (&rule{bus: resolveBus(in.EventBusName, caller), name: name}).arn()
	case in.Name != "":
		return resolveBus(in.Name, caller).arn()
	case in.EventBusName != "":
		return resolveBus(in.EventBusName, caller).arn()
	}
	return "*"
}

package cell_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/local"
)

// oneAccount is a policy with two cells in one account and one in another.
const oneAccount = `
version: 1
departments:
  finance: [{ account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000003 }]
  archive: [{ account: "222222222222", region: us-east-1, vpc: vpc-00000000000000005 }]
  marketing: [{ account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }]
peerings:
  - between: [finance, archive]
  - between: [finance, marketing]
`

var archive = peering.Cell{Account: "222222222222", Region: "us-east-1"}

// deployedBuses deploys the synthesized resources that send, forward and receive events. In finance's account there is
// also a workload's role that may publish on every bus.
func deployedBuses(t *testing.T, policy string) *cloudsim.Cloud {
	t.Helper()
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	cloud.IAM.Enforce()
	stacks, err := cfn.ReadAssembly(synthesize(t, parse(t, policy), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stacks {
		s.Template = eventsOnly(t, s.Template)
		made, err := cfn.Deploy(t.Context(), cloud, s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(made.Close)
	}
	const (
		trust = `{"Statement":{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","events.amazonaws.com"]},` +
			`"Action":"sts:AssumeRole"}}`
		send = `{"Statement":{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}}`
	)
	for _, account := range []string{"111111111111", "222222222222"} {
		if err := cloud.IAM.PutRole(account, "workload", trust, send); err != nil {
			t.Fatal(err)
		}
	}
	return cloud
}

// eventsOnly leaves functions, alarms and the like out of a template.
func eventsOnly(t *testing.T, template []byte) []byte {
	t.Helper()
	var all struct{ Resources map[string]resource }
	if err := json.Unmarshal(template, &all); err != nil {
		t.Fatal(err)
	}
	for id, r := range all.Resources {
		if service := strings.Split(r.Type, "::")[1]; service != "IAM" && service != "SQS" && service != "Events" {
			delete(all.Resources, id)
		}
	}
	return []byte(text(t, all))
}

func assumed(t *testing.T, cloud *cloudsim.Cloud, at peering.Cell, role string) aws.Config {
	t.Helper()
	key, _, err := cloud.Assume("lambda.amazonaws.com", "arn:aws:iam::"+string(at.Account)+":role/"+role, "session")
	if err != nil {
		t.Fatal(err)
	}
	return local.Config(cloud, at, key)
}

// TestOnlyTheFunctionsPublishOnTheBus: within an account the permission of a role suffices, were it not for the bus's
// policy.
func TestOnlyTheFunctionsPublishOnTheBus(t *testing.T) {
	cloud := deployedBuses(t, oneAccount)
	for _, f := range function.All {
		own := assumed(t, cloud, finance, "autopeer-"+string(f)+"-eu-west-1")
		t.Run(string(f)+" announces", func(t *testing.T) { check(t, announcement(finance)(t.Context(), own), false) })
		sends := f == function.Accept || f == function.Connect
		t.Run(string(f)+" sends messages if it may", func(t *testing.T) {
			check(t, sideChecked(finance)(t.Context(), own), !sends)
		})
		t.Run(string(f)+" publishes nothing in another Region of the account", func(t *testing.T) {
			check(t, sideChecked(archive)(t.Context(), own), true)
			check(t, announcement(archive)(t.Context(), own), true)
		})
	}
	admin := local.Config(cloud, finance, string(finance.Account))
	for name, thief := range map[string]aws.Config{
		"a workload's role": assumed(t, cloud, finance, "workload"), "the account's root user": admin,
		"a role of a counterpart's account": assumed(t, cloud, marketing, "workload"),
	} {
		t.Run(name+" publishes nothing", func(t *testing.T) {
			check(t, sideChecked(finance)(t.Context(), thief), true)
			check(t, announcement(finance)(t.Context(), thief), true)
		})
	}
}

// TestOnlyTheForwardingRoleForwardsWithinAnAccount sends messages from one Region's cell to another's, with autopeer's
// role and rule, and with a workload's role by a rule of its own.
func TestOnlyTheForwardingRoleForwardsWithinAnAccount(t *testing.T) {
	const to = `{"id":"%","to":{"account":"222222222222","region":"eu-west-1"}}`
	cloud := deployedBuses(t, oneAccount)
	admin := eventbridge.NewFromConfig(local.Config(cloud, archive, string(archive.Account)))
	rule, bus := aws.String("workload"), aws.String("arn:aws:events:eu-west-1:222222222222:event-bus/autopeer")
	_, err := admin.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: rule, EventPattern: aws.String(`{"source":["autopeer.cells"]}`),
	})
	if err == nil {
		_, err = admin.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: rule, Targets: []ebtypes.Target{
			{Id: aws.String("bus"), Arn: bus, RoleArn: aws.String("arn:aws:iam::222222222222:role/workload")},
		}})
	}
	if err != nil {
		t.Fatal(err)
	}
	put := func(by *eventbridge.Client, bus, id string) {
		t.Helper()
		_, err := by.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
			EventBusName: &bus, Source: aws.String("autopeer.cells"), DetailType: aws.String("Side Checked"),
			Detail: aws.String(strings.Replace(to, "%", id, 1)),
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(eventbridge.NewFromConfig(assumed(t, cloud, archive, "autopeer-accept-us-east-1")), "autopeer", "true")
	put(admin, "default", "forged")
	if err := cloud.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := received(t, cloud)
	if len(got) != 1 || !strings.Contains(got[0], `"id":"true"`) {
		t.Errorf("accept receives %q, want the message of the other cell alone", got)
	}
	if failures := cloud.Events.Failures(); len(failures) != 1 || !strings.HasSuffix(failures[0].Rule, "/workload") {
		t.Errorf("failures = %+v, want the workload's alone", failures)
	}
}

// unpeered is a policy with a department of an account of its own that no peering names.
const unpeered = `
version: 1
otherwise: reject
departments:
  finance: [{ account: "222222222222", region: eu-west-1, vpc: vpc-00000000000000003 }]
  island: [{ account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }]
  legal: [{ account: "333333333333", region: eu-west-1, vpc: vpc-00000000000000005 }]
peerings:
  - between: [finance, legal]
`

// TestCellsWithoutAPeeringForwardDenialsAlone: neither another message nor a call arrives, also if an administrator of
// the account lets the rule for denials match everything.
func TestCellsWithoutAPeeringForwardDenialsAlone(t *testing.T) {
	cloud := deployedBuses(t, unpeered)
	admin := eventbridge.NewFromConfig(local.Config(cloud, marketing, string(marketing.Account)))
	accept := eventbridge.NewFromConfig(assumed(t, cloud, marketing, "autopeer-accept-us-east-1"))
	send := func(detailType string) {
		t.Helper()
		_, err := accept.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
			EventBusName: aws.String("autopeer"), Source: aws.String("autopeer.cells"), DetailType: &detailType,
			Detail: aws.String(`{"type":"` + detailType + `","to":{"account":"222222222222","region":"eu-west-1"}}`),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := cloud.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	send("Side Checked")
	send("Check Side")
	if got := received(t, cloud); len(got) != 1 || !strings.Contains(got[0], `"type":"Side Checked"`) {
		t.Errorf("accept receives %q, want the denial alone", got)
	}
	rule := aws.String("autopeer-forward-messages-222222222222-eu-west-1")
	in := &eventbridge.PutRuleInput{
		Name: rule, EventBusName: aws.String("autopeer"), EventPattern: aws.String(`{"source":["autopeer.cells"]}`),
	}
	if _, err := admin.PutRule(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	send("Check Side")
	if failures := cloud.Events.Failures(); len(failures) != 1 || !strings.HasSuffix(failures[0].Rule, *rule) {
		t.Errorf("failures = %+v, want that of a message that the bus refuses", failures)
	}
	if got := received(t, cloud); len(got) > 0 {
		t.Errorf("accept receives %q as well, want the denial alone", got)
	}
}

// received returns the messages in the queue of finance's accept.
func received(t *testing.T, cloud *cloudsim.Cloud) []string {
	t.Helper()
	url := "https://sqs.eu-west-1.amazonaws.com/222222222222/autopeer-accept"
	client := sqs.NewFromConfig(local.Config(cloud, finance, string(finance.Account)))
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}

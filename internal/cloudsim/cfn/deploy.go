// Package cfn implements the embedded cloud's CloudFormation: it deploys a template into one account and Region. An unknown
// type, property or reference is an error that names the resource, and is never skipped.
package cfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// Source is a stack to be deployed.
type Source struct {
	Account, Region, Name string
	Template              []byte
	Assets                map[string]string // the folder of each asset, by the object key that the template names
	Endpoint              string            // where functions reach the embedded cloud
}

// Stack is what has been deployed.
type Stack struct {
	Account, Region, Name string
	Functions             map[string]*lambda.Function // by name
	Mappings              map[string]*queue.Poller    // by the name of the function
	QueueURLs             map[string]string           // by the name of the queue

	cloud   *cloudsim.Cloud
	metrics *cloudwatch.Metrics
	alarms  []cloudwatch.Alarm
	layers  map[string][]string // by the name of the function, their ARNs
	made    *deployment         // that made the stack
}

// Process tells which function, and which process of it, has these credentials.
func (s *Stack) Process(accessKeyID string) (function string, pid int, found bool) {
	for name, f := range s.Functions {
		if pid, found := f.Process(accessKeyID); found {
			return name, pid, true
		}
	}
	return "", 0, false
}

// Close ends the stack's functions; the cloud must be closed first, for its mappings invoke them.
func (s *Stack) Close() {
	for _, f := range s.Functions {
		f.Close()
	}
}

// deployment is a stack being made.
type deployment struct {
	*Stack
	Source
	scope
	ctx      context.Context   // a deployment is one call of Deploy
	folders  map[string]string // of layers, by ARN
	policies map[string]string // document of a managed policy by ARN
	bindings map[string]binding
}

// bootstrapVersion is what `cdk bootstrap` leaves in an account, which templates of the CDK ask for.
const bootstrapVersion = "30"

// Deploy makes all resources of the template. After an error the stack that it returns has what was made.
func Deploy(ctx context.Context, cloud *cloudsim.Cloud, source Source) (*Stack, error) {
	stack := &Stack{
		Account: source.Account, Region: source.Region, Name: source.Name, cloud: cloud, metrics: cloudwatch.New(),
		Functions: map[string]*lambda.Function{}, Mappings: map[string]*queue.Poller{}, QueueURLs: map[string]string{}, layers: map[string][]string{},
	}
	d := &deployment{Stack: stack, Source: source, ctx: ctx, folders: map[string]string{}, policies: map[string]string{}, bindings: map[string]binding{}}
	stack.made = d
	if err := d.deploy(); err != nil {
		return stack, fmt.Errorf("deploy stack %s: %w", source.Name, err)
	}
	return stack, nil
}

// deploy reports no status of a stack that CloudFormation doesn't begin to create.
func (d *deployment) deploy() error {
	t, err := parseTemplate(d.Template)
	if err != nil {
		return err
	}
	if err := d.claimStack(); err != nil {
		return err
	}
	o := d.operation()
	if err := o.Report(CreateInProgress, "User Initiated"); err != nil {
		return err
	}
	if err := d.make(t); err != nil {
		return errors.Join(err, o.Report(CreateFailed, err.Error()))
	}
	return o.Report(CreateComplete, "")
}

func (d *deployment) make(t template) (err error) {
	d.scope = scope{pseudo: d.pseudoParameters(), resources: map[string]made{}}
	if d.parameters, err = parameters(t.Parameters); err != nil {
		return err
	}
	if err := d.checkRules(t.Rules); err != nil {
		return err
	}
	order, err := t.order()
	if err != nil {
		return err
	}
	for _, id := range order {
		if d.resources[id], err = d.create(id, t.Resources[id]); err != nil {
			return fmt.Errorf("%s (%s): %w", id, t.Resources[id].Type, err)
		}
	}
	for id, o := range t.Outputs {
		if _, err := d.resolve(o.Value); err != nil {
			return fmt.Errorf("output %s: %w", id, err)
		}
	}
	return d.checkAlarms()
}

func (d *deployment) pseudoParameters() map[string]string {
	return map[string]string{
		"AWS::AccountId": d.Source.Account, "AWS::Region": d.Source.Region, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName": d.Source.Name, "AWS::StackId": d.stackID(),
	}
}

// parameters gives every parameter its default. One of SSM's has the name there as its default.
func parameters(all map[string]parameter) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name]
		switch {
		case p.Type == "AWS::SSM::Parameter::Value<String>" && strings.HasPrefix(p.Default, "/cdk-bootstrap/"):
			values[name] = bootstrapVersion
		case p.Type == "String" || p.Type == "Number":
			values[name] = p.Default
		default:
			return nil, fmt.Errorf("parameter %s: unknown type %s of %q", name, p.Type, p.Default)
		}
	}
	return values, nil
}

func (d *deployment) checkRules(rules map[string]rule) error {
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		for _, a := range rules[name].Assertions {
			holds, err := d.resolve(a.Assert)
			if err != nil {
				return fmt.Errorf("rule %s: %w", name, err)
			}
			if holds != true {
				return fmt.Errorf("rule %s: %s", name, a.AssertDescription)
			}
		}
	}
	return nil
}

// create makes one resource. Everything it refers to is there.
func (d *deployment) create(id string, r resource) (made, error) {
	creator := creators[r.Type]
	if creator == nil {
		return made{}, errors.New("the embedded cloud has no such type")
	}
	properties, err := d.resolveMap(r.Properties)
	if err != nil {
		return made{}, err
	}
	data, err := json.Marshal(properties)
	if err != nil {
		return made{}, err
	}
	if err := d.claim(r.Type, properties); err != nil {
		return made{}, err
	}
	return creator(d, id, data)
}

// creator makes a resource of one type from its properties.
type creator func(d *deployment, id string, properties []byte) (made, error)

// typed is a creator whose properties are exactly the fields of P.
func typed[P any](create func(d *deployment, id string, p P) (made, error)) creator {
	return func(d *deployment, id string, properties []byte) (made, error) {
		var p P
		if err := strict(properties, &p); err != nil {
			return made{}, fmt.Errorf("properties: %w", err)
		}
		return create(d, id, p)
	}
}

var creators = map[string]creator{
	"AWS::CloudWatch::Alarm":          typed(createAlarm),
	"AWS::CloudWatch::Dashboard":      typed(createDashboard),
	"AWS::Events::EventBus":           typed(createBus),
	"AWS::Events::EventBusPolicy":     typed(createBusPolicy),
	"AWS::Events::Rule":               typed(createRule),
	"AWS::IAM::ManagedPolicy":         typed(createManagedPolicy),
	"AWS::IAM::Role":                  typed(createRole),
	"AWS::KMS::Key":                   typed(createKey),
	"AWS::Lambda::EventSourceMapping": typed(createMapping),
	"AWS::Lambda::Function":           typed(createFunction),
	"AWS::Lambda::LayerVersion":       typed(createLayer),
	"AWS::Logs::LogGroup":             typed(createLogGroup),
	"AWS::SNS::Subscription":          typed(createSubscription),
	"AWS::SNS::Topic":                 typed(createTopic),
	"AWS::SNS::TopicPolicy":           typed(createTopicPolicy),
	"AWS::SQS::Queue":                 typed(createQueue),
	"AWS::SQS::QueuePolicy":           typed(createQueuePolicy),
}

// arn is of a thing in the stack's account and region.
func (d *deployment) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + d.Source.Region + ":" + d.Source.Account + ":" + resource
}

// physical is the name that a resource asks for, or else one made of the stack's and its own.
func (d *deployment) physical(name, id string) string {
	if name != "" {
		return name
	}
	return d.Source.Name + "-" + id
}

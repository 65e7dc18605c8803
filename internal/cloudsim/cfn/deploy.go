// Package cfn implements the embedded cloud's CloudFormation: it creates, updates and deletes stacks, each in one
// account and Region, reports their status as events, and serves a part of the API. An unknown type, property or
// reference is an error that names the resource, and is never skipped.
package cfn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

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
	// Concurrency is Lambda's quota of the account in the Region; nil is one of lambda.StandardConcurrency for the stack
	// alone.
	Concurrency *lambda.Concurrency
}

// Stack is a deployed stack. Its maps must not be read during Update and Delete.
type Stack struct {
	Account, Region, Name string
	Functions             map[string]*lambda.Function // by name
	Mappings              map[string]*queue.Poller    // by the name of the function
	QueueURLs             map[string]string           // by the name of the queue
	Outputs               map[string]string           // by logical ID

	cloud   *cloudsim.Cloud
	metrics *cloudwatch.Metrics
	alarms  map[string]cloudwatch.Alarm // by name
	made    *deployment                 // that made the stack

	mu      sync.Mutex         // guards Functions against Process, and deleted
	deleted []*lambda.Function // whose last invocations may be under way
}

// Process returns the function, and its process, that has these credentials.
func (s *Stack) Process(accessKeyID string) (function string, pid int, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, f := range s.Functions {
		if pid, found := f.Process(accessKeyID); found {
			return name, pid, true
		}
	}
	return "", 0, false
}

// Close ends the stack's functions; the cloud must be closed first, for its mappings invoke them.
func (s *Stack) Close() {
	for _, f := range slices.Concat(slices.Collect(maps.Values(s.Functions)), s.deleted) {
		f.Close()
	}
}

// Physical returns the physical ID of the resource with the logical ID; empty if the stack has none.
func (s *Stack) Physical(logicalID string) string { return s.made.resources[logicalID].ref }

// Status returns the status of the stack after its last operation; empty if no creation has begun.
func (s *Stack) Status() Status { return s.made.status }

// deployment makes the resources of a stack.
type deployment struct {
	*Stack
	Source
	scope
	ctx       context.Context           // of the operation
	status    Status                    // after the last operation
	created   time.Time                 // when the creation began
	updated   time.Time                 // when the last update began; zero if there was none
	order     []string                  // of the resources, by logical ID
	physicals map[string]physical       // the resources, by logical ID
	folders   map[string]string         // of layers, by ARN
	versions  map[string]int            // the last version of each layer, by name
	roles     map[string]roleProperties // by name
	policies  map[string]string         // document of a managed policy by ARN
	bindings  map[string]binding        // by the name of the function
	pollers   map[string]mapping        // by physical ID
	// generation distinguishes the resource that is being made from those of the same logical ID that it replaces.
	generation int
}

// bootstrapVersion is the version that `cdk bootstrap` leaves in an account and that templates of the CDK require.
const bootstrapVersion = "30"

// Deploy creates the stack. If a resource can't be created, it deletes those that were; the stack's name remains taken
// until Delete.
func Deploy(ctx context.Context, cloud *cloudsim.Cloud, source Source) (*Stack, error) {
	if source.Concurrency == nil {
		source.Concurrency = lambda.NewConcurrency(lambda.StandardConcurrency)
	}
	stack := &Stack{
		Account: source.Account, Region: source.Region, Name: source.Name, cloud: cloud, metrics: cloudwatch.New(),
		Functions: map[string]*lambda.Function{}, Mappings: map[string]*queue.Poller{}, QueueURLs: map[string]string{},
		alarms: map[string]cloudwatch.Alarm{}, Outputs: map[string]string{},
	}
	stack.made = &deployment{
		Stack: stack, Source: source, scope: scope{resources: map[string]made{}}, ctx: ctx, physicals: map[string]physical{},
		folders: map[string]string{}, versions: map[string]int{}, roles: map[string]roleProperties{},
		policies: map[string]string{},
		bindings: map[string]binding{}, pollers: map[string]mapping{},
	}
	stack.made.pseudo = stack.made.pseudoParameters()
	if err := stack.made.deploy(); err != nil {
		return stack, fmt.Errorf("deploy stack %s: %w", source.Name, err)
	}
	return stack, nil
}

// deploy reports no status of a stack that CloudFormation doesn't begin to create.
func (d *deployment) deploy() error {
	c, err := d.plan(d.Source)
	if err != nil {
		return err
	}
	if err := d.claimStack(); err != nil {
		return err
	}
	o := d.operation()
	if err := d.report(o, CreateInProgress, "User Initiated"); err != nil {
		return err
	}
	failed := c.run()
	if failed == nil {
		return d.report(o, CreateComplete, "")
	}
	return errors.Join(failed, d.report(o, RollbackInProgress, reason(failed)), c.abandon(o))
}

// abandon deletes the resources of an unfinished creation.
func (c *change) abandon(o Operation) error {
	if err := c.remove(c.order, c.created); err != nil {
		return errors.Join(err, c.report(o, RollbackFailed, err.Error()))
	}
	return c.report(o, RollbackComplete, "")
}

// Delete deletes the stack with everything in it. Resources that can't be deleted are left behind. It does nothing if
// the stack's creation has never begun.
func (s *Stack) Delete(ctx context.Context) error {
	if err := s.made.delete(ctx); err != nil {
		return fmt.Errorf("delete stack %s: %w", s.Name, err)
	}
	return nil
}

func (d *deployment) delete(ctx context.Context) error {
	if d.status == "" {
		return nil
	}
	d.ctx = ctx
	o := d.operation()
	if err := d.report(o, DeleteInProgress, "User Initiated"); err != nil {
		return err
	}
	if err := d.remove(d.order, maps.Clone(d.physicals)); err != nil {
		return errors.Join(err, d.report(o, DeleteFailed, err.Error()))
	}
	d.cloud.Release(d.stackClaim())
	return d.report(o, DeleteComplete, "")
}

func (d *deployment) pseudoParameters() map[string]string {
	return map[string]string{
		"AWS::AccountId": d.Source.Account, "AWS::Region": d.Source.Region, "AWS::Partition": "aws",
		"AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName": d.Source.Name, "AWS::StackId": d.stackID(),
	}
}

// parameterValues gives every parameter its default. One of SSM's has the name there as its default.
func (d *deployment) parameterValues(all map[string]parameter) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name]
		var err error
		switch {
		case p.Type == "AWS::SSM::Parameter::Value<String>" && strings.HasPrefix(p.Default, "/cdk-bootstrap/"):
			values[name] = bootstrapVersion
		case strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<"):
			values[name], err = d.storedParameter(p.Default)
		case p.Type == "String" || p.Type == "Number":
			values[name] = p.Default
		default:
			err = fmt.Errorf("unknown type %s of %q", p.Type, p.Default)
		}
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return values, nil
}

// storedParameter reads a parameter of Systems Manager.
func (d *deployment) storedParameter(name string) (string, error) {
	var out struct{ Parameter struct{ Value string } }
	err := d.invoke("ssm", "AmazonSSM.GetParameter", "1.1", map[string]any{"Name": name}, &out)
	return out.Parameter.Value, err
}

func (s scope) checkRules(rules map[string]rule) error {
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		for _, a := range rules[name].Assertions {
			holds, err := s.resolve(a.Assert)
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

// arn is of a thing in the stack's account and region.
func (d *deployment) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + d.Source.Region + ":" + d.Source.Account + ":" + resource
}

// physical is the name that a resource asks for, or else one made of the stack's and its own.
func (d *deployment) physical(name, id string) string {
	switch {
	case name != "":
		return name
	case d.generation > 0:
		return fmt.Sprintf("%s-%s-%d", d.Source.Name, id, d.generation)
	}
	return d.Source.Name + "-" + id
}

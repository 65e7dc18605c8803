// Package cell builds the stack of one cell from CloudFormation's own resources (the CDK's L1): every deployed permission and
// property is written here, and none is added by a higher-level construct.
package cell

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Props says what goes into a stack.
type Props struct {
	Policy  *policy.Policy // the whole policy; the functions get their cell's part
	Cell    peering.Cell
	Options Options
	Build   string // the folder that has a folder with a bootstrap for each function
}

// New adds the cell's stack to the app. It fails where the policy needs more than AWS's quotas grant, and
// where a function hasn't been built.
func New(scope constructs.Construct, props Props) (awscdk.Stack, error) {
	d, err := newSpec(props.Policy, props.Cell, props.Options)
	if err != nil {
		return nil, err
	}
	if err := built(props.Build); err != nil {
		return nil, err
	}
	name := wiring.StackName(props.Options.Prefix, props.Cell)
	stack := awscdk.NewStack(scope, &name, &awscdk.StackProps{
		StackName:   &name,
		Description: jsii.String("Connects the VPCs of departments as the allow-list says"),
		Env:         &awscdk.Environment{Account: jsii.String(string(props.Cell.Account)), Region: jsii.String(string(props.Cell.Region))},
	})
	b := builder{spec: d, options: props.Options, build: props.Build}
	return stack, b.fill(stack)
}

func built(build string) error {
	for _, f := range function.All {
		bootstrap := filepath.Join(build, string(f), "bootstrap")
		if _, err := os.Stat(bootstrap); err != nil {
			return fmt.Errorf("find function %s: %w; run make build first", f, err)
		}
	}
	return nil
}

// builder has what all constructs of one stack need.
type builder struct {
	spec
	options Options
	build   string
}

func (b builder) fill(stack awscdk.Stack) error {
	layer, err := b.addPolicyLayer(stack)
	if err != nil {
		return err
	}
	bus := b.addBus(stack)
	undelivered := b.addUndelivered(stack)
	groups, queues := map[function.Name]constructs.Construct{}, map[function.Name]queue{}
	for _, f := range function.All {
		groups[f] = group(stack, title(string(f)))
		queues[f] = b.addFunctionQueue(groups[f], f)
	}
	for _, f := range function.All {
		b.addQueuedFunction(groups[f], f, layer, queues)
	}
	b.warnOfReservation(stack)
	b.addRules(stack, bus, queues, undelivered)
	b.addAlarms(stack, b.addTopic(stack))
	b.addDashboard(stack)
	if b.options.Trail {
		b.addTrail(stack)
	}
	return nil
}

// group is a construct that only gives its parts a name in common.
func group(scope constructs.Construct, name string) constructs.Construct {
	return constructs.NewConstruct(scope, &name)
}

// accepted notes beside a resource which finding of the security scanner is accepted there, and why.
func accepted(resource awscdk.CfnResource, findings map[string]string) {
	var skip []any
	for _, id := range sortedKeys(findings) {
		skip = append(skip, map[string]any{"id": id, "comment": findings[id]})
	}
	resource.AddMetadata(jsii.String("checkov"), map[string]any{"skip": skip})
}

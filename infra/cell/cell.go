// Package cell builds the stacks of cells from CloudFormation's own resources (the CDK's L1): every deployed
// permission and property is written here, and none is added by a higher-level construct.
package cell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Props are the inputs that all cells share.
type Props struct {
	Policy  *policy.Policy // the whole policy; the functions get their cell's part
	Options Options
	Build   string // the folder that has a folder with a bootstrap for each function
}

// Stacks are the two stacks of a cell. The bus is apart from the rules that send to other cells' buses. So two cells
// which forward to each other can be deployed, even if EventBridge demands that the bus of a target exists.
type Stacks struct {
	Bus  awscdk.Stack // the event bus and its policy
	Main awscdk.Stack // everything else
}

// NewAll adds the stacks of all cells of the policy, and makes each cell's main stack depend on the bus stacks of the
// cells that it forwards to. It fails as New does.
func NewAll(scope constructs.Construct, props Props) error {
	cells := props.Policy.Cells()
	all := make(map[peering.Cell]Stacks, len(cells))
	for _, c := range cells {
		var err error
		if all[c], err = New(scope, c, props); err != nil {
			return err
		}
	}
	for _, c := range cells {
		for _, to := range slices.Concat(props.Policy.Counterparts(c), props.Policy.Unpeered(c)) {
			all[c].Main.AddDependency(all[to].Bus, jsii.String("rules of the stack send to the bus"))
		}
	}
	return nil
}

// New adds the stacks of one cell and makes the main stack depend on the bus stack. It returns a QuotaError if the
// policy needs more than AWS's quotas, and an error if a function hasn't been built.
func New(scope constructs.Construct, c peering.Cell, props Props) (Stacks, error) {
	d, err := newSpec(props.Policy, c, props.Options)
	if err != nil {
		return Stacks{}, err
	}
	if err := built(props.Build); err != nil {
		return Stacks{}, err
	}
	b := builder{spec: d, options: props.Options, build: props.Build}
	all := Stacks{
		Bus: b.newStack(scope, wiring.BusStackName(d.prefix, c),
			"The event bus for events of counterparts and announcements of autopeer"),
		Main: b.newStack(scope, wiring.StackName(d.prefix, c),
			"Connects the VPCs of departments according to the allow-list"),
	}
	b.addBus(all.Bus)
	all.Main.AddDependency(all.Bus, jsii.String("rules of the stack are on the bus"))
	return all, b.fill(all.Main)
}

func (b builder) newStack(scope constructs.Construct, name, description string) awscdk.Stack {
	return awscdk.NewStack(scope, &name, &awscdk.StackProps{
		StackName:   &name,
		Description: &description,
		Env:         &awscdk.Environment{Account: jsii.String(string(b.Account)), Region: jsii.String(string(b.Region))},
	})
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

// builder has the data that all constructs of one cell need.
type builder struct {
	spec
	options Options
	build   string
}

// fill adds everything but the bus.
func (b builder) fill(stack awscdk.Stack) error {
	layer, err := b.addPolicyLayer(stack)
	if err != nil {
		return err
	}
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
	b.addRules(stack, queues, undelivered)
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

// accepted records in a resource's metadata which findings of the security scanner are accepted there, and why.
func accepted(resource awscdk.CfnResource, findings map[string]string) {
	var skip []any
	for _, id := range sortedKeys(findings) {
		skip = append(skip, map[string]any{"id": id, "comment": findings[id]})
	}
	resource.AddMetadata(jsii.String("checkov"), map[string]any{"skip": skip})
}

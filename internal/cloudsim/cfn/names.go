package cfn

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// identifier is the property that is a resource's physical id.
type identifier struct {
	property string
	within   string // the property with the scope of the id; empty for the account and Region
	isGlobal bool   // the id is unique in all Regions of the account
}

// identifiers has the types whose physical ids templates choose. CloudFormation refuses a resource whose id exists. For
// layers the embedded cloud is stricter: AWS would add a version to another stack's layer.
var identifiers = map[string]identifier{
	"AWS::CloudWatch::Alarm":     {property: "AlarmName"},
	"AWS::CloudWatch::Dashboard": {property: "DashboardName", isGlobal: true},
	"AWS::Events::EventBus":      {property: "Name"},
	// on whichever bus: https://github.com/aws/aws-cdk/issues/29627, https://github.com/aws/aws-cdk/issues/8010
	"AWS::Events::EventBusPolicy": {property: "StatementId"},
	"AWS::Events::Rule":           {property: "Name", within: "EventBusName"},
	"AWS::IAM::ManagedPolicy":     {property: "ManagedPolicyName", isGlobal: true},
	"AWS::IAM::Role":              {property: "RoleName", isGlobal: true},
	"AWS::Lambda::Function":       {property: "FunctionName"},
	"AWS::Lambda::LayerVersion":   {property: "LayerName"},
	"AWS::Logs::LogGroup":         {property: "LogGroupName"},
	"AWS::SNS::Topic":             {property: "TopicName"},
	"AWS::SQS::Queue":             {property: "QueueName"},
}

// claimOf returns the claim on the resource's physical id; the zero value for a resource that gets a name which begins
// with its stack's.
func (d *deployment) claimOf(p physical) cloudsim.PhysicalID {
	by := identifiers[p.Type]
	name, _ := p.values[by.property].(string)
	if name == "" {
		return cloudsim.PhysicalID{}
	}
	if within, _ := p.values[by.within].(string); within != "" {
		name = within + "|" + name
	}
	id := cloudsim.PhysicalID{Account: d.Source.Account, Region: d.Source.Region, Type: p.Type, ID: name}
	if by.isGlobal {
		id.Region = ""
	}
	return id
}

// claim refuses a resource whose physical id exists.
func (d *deployment) claim(p physical) error {
	if p.claim == (cloudsim.PhysicalID{}) {
		return nil
	}
	owner := d.cloud.Claim(p.claim, d.stackID())
	if owner == "" || kinds[p.Type].versioned && owner == d.stackID() {
		return nil
	}
	return fmt.Errorf("%s already exists in stack %s", p.claim.ID, owner)
}

// release gives up the claim, unless another resource of the stack, which replaces this one, has it too.
func (d *deployment) release(p physical) {
	for _, other := range d.physicals {
		if other.claim == p.claim {
			return
		}
	}
	d.cloud.Release(p.claim)
}

// claimStack refuses a stack whose name exists.
func (d *deployment) claimStack() error {
	if owner := d.cloud.Claim(d.stackClaim(), d.stackID()); owner != "" {
		return fmt.Errorf("the stack exists: %s", owner)
	}
	return nil
}

func (d *deployment) stackClaim() cloudsim.PhysicalID {
	return cloudsim.PhysicalID{
		Account: d.Source.Account, Region: d.Source.Region, Type: "AWS::CloudFormation::Stack", ID: d.Source.Name,
	}
}

func (d *deployment) operation() Operation {
	return NewOperation(d.cloud, d.Source.Account, d.Source.Region, d.Source.Name)
}

func (d *deployment) stackID() string { return d.operation().StackID() }

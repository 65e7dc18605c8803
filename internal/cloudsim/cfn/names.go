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
// layers the embedded cloud is stricter: AWS would add a version to the layer.
var identifiers = map[string]identifier{
	"AWS::CloudWatch::Alarm":      {property: "AlarmName"},
	"AWS::CloudWatch::Dashboard":  {property: "DashboardName", isGlobal: true},
	"AWS::Events::EventBus":       {property: "Name"},
	"AWS::Events::EventBusPolicy": {property: "StatementId"}, // on whichever bus: https://github.com/aws/aws-cdk/issues/29627
	"AWS::Events::Rule":           {property: "Name", within: "EventBusName"},
	"AWS::IAM::ManagedPolicy":     {property: "ManagedPolicyName", isGlobal: true},
	"AWS::IAM::Role":              {property: "RoleName", isGlobal: true},
	"AWS::Lambda::Function":       {property: "FunctionName"},
	"AWS::Lambda::LayerVersion":   {property: "LayerName"},
	"AWS::Logs::LogGroup":         {property: "LogGroupName"},
	"AWS::SNS::Topic":             {property: "TopicName"},
	"AWS::SQS::Queue":             {property: "QueueName"},
}

// claim refuses a resource whose physical id exists. A resource without one gets a name that begins with its stack's.
func (d *deployment) claim(resourceType string, properties map[string]any) error {
	by := identifiers[resourceType]
	name, _ := properties[by.property].(string)
	if name == "" {
		return nil
	}
	if within, _ := properties[by.within].(string); within != "" {
		name = within + "|" + name
	}
	id := cloudsim.PhysicalID{Account: d.Source.Account, Region: d.Source.Region, Type: resourceType, ID: name}
	if by.isGlobal {
		id.Region = ""
	}
	if owner := d.cloud.Claim(id, d.stackID()); owner != "" {
		return fmt.Errorf("%s already exists in stack %s", name, owner)
	}
	return nil
}

// claimStack refuses a stack whose name exists.
func (d *deployment) claimStack() error {
	id := cloudsim.PhysicalID{Account: d.Source.Account, Region: d.Source.Region, Type: "AWS::CloudFormation::Stack", ID: d.Source.Name}
	if owner := d.cloud.Claim(id, d.stackID()); owner != "" {
		return fmt.Errorf("the stack exists: %s", owner)
	}
	return nil
}

func (d *deployment) operation() Operation {
	return NewOperation(d.cloud, d.Source.Account, d.Source.Region, d.Source.Name)
}

func (d *deployment) stackID() string { return d.operation().StackID() }

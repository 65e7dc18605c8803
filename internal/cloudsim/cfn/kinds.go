package cfn

import (
	"errors"
	"fmt"
)

// errProperties is a mistake that is found before anything is changed.
var errProperties = errors.New("properties")

// creator makes a resource of one type from its properties.
type creator func(d *deployment, id string, properties []byte) (made, error)

// updater changes a resource in place, from the properties that it may have before to those after.
type updater func(d *deployment, id string, before, after []byte) (made, error)

// remover deletes a resource that has the properties.
type remover func(d *deployment, r made, properties []byte) error

// typed is a creator whose properties are exactly the fields of P.
func typed[P any](create func(d *deployment, id string, p P) (made, error)) creator {
	return func(d *deployment, id string, properties []byte) (made, error) {
		var p P
		if err := strict(properties, &p); err != nil {
			return made{}, fmt.Errorf("%w: %w", errProperties, err)
		}
		return create(d, id, p)
	}
}

func updates[P any](update func(d *deployment, id string, before, after P) (made, error)) updater {
	return func(d *deployment, id string, before, after []byte) (made, error) {
		var was, is P
		if err := strict(before, &was); err != nil {
			return made{}, fmt.Errorf("former %w: %w", errProperties, err)
		}
		if err := strict(after, &is); err != nil {
			return made{}, fmt.Errorf("%w: %w", errProperties, err)
		}
		return update(d, id, was, is)
	}
}

func removes[P any](remove func(d *deployment, r made, p P) error) remover {
	return func(d *deployment, r made, properties []byte) error {
		var p P
		if err := strict(properties, &p); err != nil {
			return fmt.Errorf("%w: %w", errProperties, err)
		}
		return remove(d, r, p)
	}
}

// kind is a type of resources.
type kind struct {
	create creator
	update updater // nil where creating the resource again changes it
	remove remover // nil where nothing is left to delete
	// replaced are the properties that CloudFormation changes only by another resource: those with "Update requires:
	// Replacement" in
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
	replaced []string
	// versioned is a type where the replacement may have the same name.
	versioned bool
}

var kinds = map[string]kind{
	"AWS::CloudWatch::Alarm": {
		create: typed(createAlarm), remove: removes(removeAlarm), replaced: []string{"AlarmName"},
	},
	"AWS::CloudWatch::Dashboard": {create: typed(createDashboard), replaced: []string{"DashboardName"}},
	"AWS::EC2::Instance": {
		create: typed(createInstance), update: updates(updateInstance), remove: removes(removeInstance),
		replaced: []string{
			"BlockDeviceMappings", "EbsOptimized", "IamInstanceProfile", "ImageId", "InstanceType", "MetadataOptions",
			"SecurityGroupIds", "SubnetId",
		},
	},
	"AWS::EC2::InternetGateway": {
		create: typed(createGateway), update: updates(updateGateway), remove: removes(removeGateway),
	},
	"AWS::EC2::Route": {
		create: typed(createRoute), update: updates(updateRoute), remove: removes(removeRoute),
		replaced: []string{"DestinationCidrBlock", "RouteTableId"},
	},
	"AWS::EC2::RouteTable": {
		create: typed(createTable), update: updates(updateTable), remove: removes(removeTable), replaced: []string{"VpcId"},
	},
	"AWS::EC2::SecurityGroup": {
		create: typed(createGroup), update: updates(updateGroup), remove: removes(removeGroup),
		replaced: []string{"GroupDescription", "GroupName", "VpcId"},
	},
	"AWS::EC2::Subnet": {
		create: typed(createSubnet), update: updates(updateSubnet), remove: removes(removeSubnet),
		replaced: []string{"AvailabilityZone", "CidrBlock", "VpcId"},
	},
	"AWS::EC2::SubnetRouteTableAssociation": {
		create: typed(createAssociation), remove: removes(removeAssociation), replaced: []string{"RouteTableId", "SubnetId"},
	},
	"AWS::EC2::VPC": {create: typed(createVPC), update: updates(updateVPC), remove: removes(removeVPC), replaced: []string{
		"CidrBlock", "InstanceTenancy",
	}},
	"AWS::EC2::VPCEndpoint": {
		create: typed(createEndpoint), update: updates(updateEndpoint), remove: removes(removeEndpoint),
		replaced: []string{"ServiceName", "VpcEndpointType", "VpcId"},
	},
	"AWS::EC2::VPCGatewayAttachment": {
		create: typed(createAttachment), remove: removes(removeAttachment), replaced: []string{"InternetGatewayId", "VpcId"},
	},
	"AWS::Events::EventBus": {
		create: typed(createBus), update: updates(updateBus), remove: removes(removeBus), replaced: []string{"Name"},
	},
	"AWS::Events::EventBusPolicy": {
		create: typed(createBusPolicy), remove: removes(removeBusPolicy), replaced: []string{"EventBusName", "StatementId"},
	},
	"AWS::Events::Rule": {
		create: typed(createRule), update: updates(updateRule), remove: removes(removeRule),
		replaced: []string{"EventBusName", "Name"},
	},
	"AWS::IAM::InstanceProfile": {create: typed(createProfile), remove: removes(removeProfile), replaced: []string{
		"InstanceProfileName",
	}},
	"AWS::IAM::ManagedPolicy": {
		create: typed(createManagedPolicy), remove: removes(removeManagedPolicy),
		replaced: []string{"Description", "ManagedPolicyName"},
	},
	"AWS::IAM::Role": {create: typed(createRole), remove: removes(removeRole), replaced: []string{"RoleName"}},
	"AWS::KMS::Key":  {create: typed(createKey)},
	"AWS::Lambda::EventSourceMapping": {
		create: typed(createMapping), update: updates(updateMapping), remove: removes(removeMapping),
		replaced: []string{"EventSourceArn"},
	},
	"AWS::Lambda::Function": {
		create: typed(createFunction), update: updates(updateFunction), remove: removes(removeFunction),
		replaced: []string{"FunctionName"},
	},
	"AWS::Lambda::LayerVersion": {
		create: typed(createLayer), remove: removes(removeLayer),
		replaced: []string{"Content", "Description", "LayerName"}, versioned: true,
	},
	"AWS::Logs::LogGroup": {create: typed(createLogGroup), replaced: []string{"LogGroupName"}},
	"AWS::S3::Bucket": {
		create: typed(createBucket), update: updates(updateBucket), remove: removes(removeBucket),
		replaced: []string{"BucketName"},
	},
	"AWS::S3::BucketPolicy": {
		create: typed(createBucketPolicy), remove: removes(removeBucketPolicy), replaced: []string{"Bucket"},
	},
	"AWS::SNS::Subscription": {create: typed(createSubscription), replaced: []string{"Endpoint", "Protocol", "TopicArn"}},
	"AWS::SNS::Topic":        {create: typed(createTopic), replaced: []string{"TopicName"}},
	"AWS::SNS::TopicPolicy":  {create: typed(createTopicPolicy)},
	"AWS::SQS::Queue": {
		create: typed(createQueue), update: updates(updateQueue), remove: removes(removeQueue),
		replaced: []string{"QueueName"},
	},
	"AWS::SQS::QueuePolicy": {
		create: typed(createQueuePolicy), update: updates(updateQueuePolicy), remove: removes(removeQueuePolicy),
	},
}

package cell

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// memorySize also decides the share of a core that a function gets. With 512 MB or more, EC2's answers determine the
// time of an event. With 128 MB, TLS handshakes add a noticeable delay.
const memorySize = 512

// policyFile is the name of the policy in its layer, which Lambda unpacks to /opt.
const policyFile = "policy.json"

// addPolicyLayer packs the cell's part of the policy. It is separate from the functions, so that these are the same
// files in every cell, and a change of the policy changes one small asset.
func (b builder) addPolicyLayer(scope constructs.Construct) (awslambda.CfnLayerVersion, error) {
	dir, err := os.MkdirTemp("", "autopeer-policy-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the asset has been copied by then
	// readable for everyone, because Lambda runs as another user and the policy isn't secret
	if err := os.WriteFile(filepath.Join(dir, policyFile), b.packed, 0o644); err != nil {
		return nil, err
	}
	layer := group(scope, "Policy")
	asset := awss3assets.NewAsset(layer, jsii.String("Asset"), &awss3assets.AssetProps{Path: &dir})
	return awslambda.NewCfnLayerVersion(layer, jsii.String("Layer"), &awslambda.CfnLayerVersionProps{
		LayerName:   jsii.String(b.name("policy")),
		Description: jsii.String("The cell's part of the allow-list"),
		Content:     &awslambda.CfnLayerVersion_ContentProperty{S3Bucket: asset.S3BucketName(), S3Key: asset.S3ObjectKey()},
	}), nil
}

// addFunctionQueue adds the queue that feeds a function.
func (b builder) addFunctionQueue(this constructs.Construct, f function.Name) queue {
	dead := b.addQueue(this, "DeadLetters", queueProps{name: b.function(f) + "-dead-letters", isLast: true})
	return b.addQueue(this, "Queue", queueProps{name: b.function(f), fromRules: b.rulesTo(f), dead: dead,
		hidden: wiring.VisibilityTimeout(f)})
}

// addQueuedFunction adds a function with its role and its log group, and feeds it from its queue. Sweep has to know
// the queues of all.
func (b builder) addQueuedFunction(
	this constructs.Construct, f function.Name, layer awslambda.CfnLayerVersion, queues map[function.Name]queue,
) {
	fn := b.addFunction(this, f, layer, b.environment(f, queues))
	mapping := &awslambda.CfnEventSourceMappingProps{
		FunctionName: fn.Ref(), EventSourceArn: queues[f].AttrArn(), BatchSize: jsii.Number(wiring.BatchSize(f)),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{
			MaximumConcurrency: jsii.Number(wiring.MaxConcurrency),
		},
	}
	if window := wiring.Window(f); window > 0 {
		mapping.MaximumBatchingWindowInSeconds = jsii.Number(window.Seconds())
	}
	awslambda.NewCfnEventSourceMapping(this, jsii.String("Mapping"), mapping)
}

func (b builder) addFunction(
	this constructs.Construct, f function.Name, layer awslambda.CfnLayerVersion, environment map[string]*string,
) awslambda.CfnFunction {
	logs := awslogs.NewCfnLogGroup(this, jsii.String("Logs"), &awslogs.CfnLogGroupProps{
		LogGroupName: jsii.String(b.logGroup(f)), RetentionInDays: jsii.Number(b.options.LogRetentionDays),
	})
	accepted(logs, map[string]string{
		"CKV_AWS_158": "CloudWatch Logs encrypts with its own key; the lines name ids and CIDR blocks, no secrets",
		"CKV_AWS_338": "the operator chooses the retention with logRetentionDays",
	})
	code := awss3assets.NewAsset(this, jsii.String("Code"),
		&awss3assets.AssetProps{Path: jsii.String(filepath.Join(b.build, string(f)))})
	fn := awslambda.NewCfnFunction(this, jsii.String("Function"), &awslambda.CfnFunctionProps{
		FunctionName:  jsii.String(b.function(f)),
		Runtime:       jsii.String("provided.al2023"),
		Architectures: jsii.Strings("arm64"),
		Handler:       jsii.String("bootstrap"),
		Code: &awslambda.CfnFunction_CodeProperty{
			S3Bucket: code.S3BucketName(), S3Key: code.S3ObjectKey(),
		},
		Layers:                       &[]any{layer.Ref()},
		Role:                         b.addRole(this, "Role", string(f), "lambda").AttrArn(),
		MemorySize:                   jsii.Number(memorySize),
		Timeout:                      jsii.Number(wiring.FunctionTimeout.Seconds()),
		ReservedConcurrentExecutions: b.reserved(),
		Environment:                  &awslambda.CfnFunction_EnvironmentProperty{Variables: environment},
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{
			LogFormat: jsii.String("JSON"), LogGroup: logs.Ref(),
		},
	})
	accepted(fn, map[string]string{
		"CKV_AWS_115": "the event source mapping bounds the concurrency; reservedConcurrency " +
			"reserves it if the operator wants",
		"CKV_AWS_116": "only its queue invokes the function, and the queue has a dead-letter queue",
		"CKV_AWS_117": "the function calls only APIs of AWS, and nothing in a VPC",
		"CKV_AWS_173": "the environment names an account, a bus, queues and a path, no secrets",
	})
	return fn
}

// environment returns the variables that bootstrap.Parse reads and, for sweep, bootstrap.ParseSweep.
func (b builder) environment(f function.Name, queues map[function.Name]queue) map[string]*string {
	all := map[string]*string{
		bootstrap.Account:  jsii.String(string(b.Account)),
		bootstrap.Bus:      &b.prefix,
		bootstrap.Policy:   jsii.String("/opt/" + policyFile),
		bootstrap.QueueURL: queues[f].Ref(),
	}
	if f == function.Sweep {
		for _, repairer := range bootstrap.Repairers {
			all[bootstrap.QueueURLOf(repairer)] = queues[repairer].Ref()
		}
		all[bootstrap.SweepMinutes] = jsii.String(fmt.Sprint(b.options.SweepInterval.Minutes()))
	}
	return all
}

func (b builder) reserved() *float64 {
	if b.options.ReservedConcurrency == 0 {
		return nil
	}
	return jsii.Number(b.options.ReservedConcurrency)
}

// unreserved is the number of an account's concurrent executions in a Region that functions can't reserve.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
const unreserved = 100

// warnOfReservation names the quota that a reservation needs. Synth can't read the account's quota, and a deployment
// beyond it fails.
func (b builder) warnOfReservation(stack awscdk.Stack) {
	n := b.options.ReservedConcurrency * len(function.All)
	if n == 0 {
		return
	}
	awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("autopeer:reservedConcurrency"), jsii.String(fmt.Sprintf(
		"reservedConcurrency reserves %d concurrent executions for %d functions: the quota in %s must be at least %d, "+
			"because Lambda keeps %d unreserved. A new account has 10 in all",
		n, len(function.All), b.Region, n+unreserved, unreserved)))
}

// addRole adds the role that the service takes on, with the permissions in the spec.
func (b builder) addRole(scope constructs.Construct, id, grantee, taker string) awsiam.CfnRole {
	g := b.roles[grantee]
	props := &awsiam.CfnRoleProps{
		RoleName:                 jsii.String(b.globalName(grantee)),
		AssumeRolePolicyDocument: document([]statement{b.trust(taker)}),
		Policies: []any{&awsiam.CfnRole_PolicyProperty{
			PolicyName: jsii.String(grantee), PolicyDocument: document(g.inline),
		}},
	}
	if name := b.options.PermissionsBoundary; name != "" {
		props.PermissionsBoundary = jsii.String(b.global("iam", "policy/"+name))
	}
	scope = group(scope, id+"Access")
	var attached []any
	for i, statements := range g.managed {
		attached = append(attached, awsiam.NewCfnManagedPolicy(scope, jsii.String(numbered("More", i)),
			&awsiam.CfnManagedPolicyProps{
				ManagedPolicyName: jsii.String(b.globalName(numbered(grantee, i+1))), PolicyDocument: document(statements),
			}).Ref())
	}
	if len(attached) > 0 {
		props.ManagedPolicyArns = &attached
	}
	return awsiam.NewCfnRole(scope, jsii.String("Role"), props)
}

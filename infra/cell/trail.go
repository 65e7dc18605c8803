package cell

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudtrail"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// addTrail adds a trail of the write calls in this Region. EventBridge receives CloudTrail's events only if a trail
// logs them; an existing trail of the account or the organization suffices.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
func (b builder) addTrail(scope constructs.Construct) {
	this := group(scope, "Trail")
	bucket := b.addTrailBucket(this)
	arn := bucket.AttrArn()
	name := b.name("trail")
	source := b.arn("cloudtrail", "trail/"+name)
	write := allow("TrailWrites", "s3:PutObject", *arn+"/AWSLogs/"+string(b.Account)+"/*").by(service("cloudtrail")).
		when("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control").when("StringEquals", "aws:SourceArn", source)
	look := allow("TrailLooks", "s3:GetBucketAcl", *arn).by(service("cloudtrail")).
		when("StringEquals", "aws:SourceArn", source)
	policy := awss3.NewCfnBucketPolicy(this, jsii.String("Policy"), &awss3.CfnBucketPolicyProps{
		Bucket:         bucket.Ref(),
		PolicyDocument: document([]statement{onlyTLS("s3:*", []string{*arn, *arn + "/*"}), look, write}),
	})
	trail := awscloudtrail.NewCfnTrail(this, jsii.String("Trail"), &awscloudtrail.CfnTrailProps{
		TrailName: &name, S3BucketName: bucket.Ref(), IsLogging: jsii.Bool(true), EnableLogFileValidation: jsii.Bool(true),
		EventSelectors: []any{&awscloudtrail.CfnTrail_EventSelectorProperty{
			IncludeManagementEvents: jsii.Bool(true), ReadWriteType: jsii.String("WriteOnly"),
		}},
	})
	trail.AddDependency(policy)
	accepted(trail, map[string]string{
		"CKV_AWS_35":  "the bucket encrypts with S3's key; for a customer managed key, use a trail of the organization",
		"CKV_AWS_67":  "each cell has the trail of its own Region",
		"CKV_AWS_252": "EventBridge delivers the events",
	})
}

// addTrailBucket adds the bucket of the trail, which keeps its files as long as the functions' logs.
func (b builder) addTrailBucket(scope constructs.Construct) awss3.CfnBucket {
	bucket := awss3.NewCfnBucket(scope, jsii.String("Bucket"), &awss3.CfnBucketProps{
		BucketEncryption: &awss3.CfnBucket_BucketEncryptionProperty{ServerSideEncryptionConfiguration: []any{
			&awss3.CfnBucket_ServerSideEncryptionRuleProperty{
				ServerSideEncryptionByDefault: &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{
					SseAlgorithm: jsii.String("AES256"),
				},
			},
		}},
		PublicAccessBlockConfiguration: &awss3.CfnBucket_PublicAccessBlockConfigurationProperty{
			BlockPublicAcls: jsii.Bool(true), BlockPublicPolicy: jsii.Bool(true), IgnorePublicAcls: jsii.Bool(true),
			RestrictPublicBuckets: jsii.Bool(true),
		},
		VersioningConfiguration: &awss3.CfnBucket_VersioningConfigurationProperty{Status: jsii.String("Enabled")},
		LifecycleConfiguration: &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: []any{&awss3.CfnBucket_RuleProperty{
			Status: jsii.String("Enabled"), ExpirationInDays: jsii.Number(b.options.LogRetentionDays),
			NoncurrentVersionExpiration: &awss3.CfnBucket_NoncurrentVersionExpirationProperty{
				NoncurrentDays: jsii.Number(b.options.LogRetentionDays),
			},
		}}},
	})
	bucket.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	accepted(bucket, map[string]string{"CKV_AWS_18": "the bucket is itself a log, which only CloudTrail writes"})
	return bucket
}

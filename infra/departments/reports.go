package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// storageID is the logical id of the endpoint of S3, which the bucket's policy names.
const storageID = "EndpointS3"

// reports is the bucket that Finance's server reads through the endpoint alone.
type reports struct{ bucket awss3.CfnBucket }

// addReports adds the bucket. Its policy denies everything that doesn't come through the VPC's endpoint, with two
// exceptions, so that administrators aren't locked out. They are calls that read and change the bucket's settings, on
// which the account's own policies decide, and the principals of the settings labDeployer and labAdministrators and the
// account's root user.
func (n network) addReports(s settings, d department) reports {
	r := reports{awss3.NewCfnBucket(n.stack, jsii.String("Reports"), &awss3.CfnBucketProps{
		BucketName: jsii.String(s.prefix + "-lab-reports-" + d.account + "-" + d.region),
		BucketEncryption: map[string]any{"serverSideEncryptionConfiguration": []any{
			map[string]any{"serverSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}},
		}},
		PublicAccessBlockConfiguration: map[string]any{
			"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true,
		},
		OwnershipControls: map[string]any{"rules": []any{map[string]any{"objectOwnership": "BucketOwnerEnforced"}}},
	})}
	accepted(r.bucket, [2]string{"CKV_AWS_18", "a lab without data of its own needs no access log"},
		[2]string{"CKV_AWS_21", "a lab's reports need no versions"})
	awss3.NewCfnBucketPolicy(n.stack, jsii.String("ReportsPolicy"), &awss3.CfnBucketPolicyProps{
		Bucket: r.bucket.Ref(),
		PolicyDocument: document(map[string]any{
			"Sid": "OnlyThroughTheEndpoint", "Effect": "Deny", "Principal": "*", "Resource": r.arns(),
			"NotAction": []any{
				"s3:GetBucket*", "s3:PutBucket*", "s3:DeleteBucket*", "s3:Get*Configuration", "s3:Put*Configuration",
			},
			"Condition": map[string]any{
				"StringNotEquals": map[string]any{"aws:SourceVpce": map[string]any{"Ref": storageID}},
				"ArnNotLike":      map[string]any{"aws:PrincipalArn": n.administrators(s, d)},
			},
		}),
	})
	return r
}

func (n network) administrators(s settings, d department) []any {
	all := []any{"arn:" + *awscdk.Aws_PARTITION() + ":iam::" + d.account + ":root"}
	for _, pattern := range s.administrators {
		all = append(all, pattern)
	}
	return all
}

func (r reports) arns() []any {
	arn := *r.bucket.AttrArn()
	return []any{arn, arn + "/*"}
}

// readBy returns the permissions to list and read the reports.
func (r reports) readBy() []any {
	return []any{statement("ReadTheReports", []any{"s3:GetObject", "s3:ListBucket"}, r.arns())}
}

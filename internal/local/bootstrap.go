package local

import (
	"context"

	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// toolkit is the part of the CDK's bootstrap stack that people use here: the bucket for templates.
// https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
const toolkit = `{"Resources": {"StagingBucket": {"Type": "AWS::S3::Bucket", "Properties": {
	"BucketName": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"},
	"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true,
		"RestrictPublicBuckets": true}}}}}`

// bootstrap deploys the CDK's bootstrap stack into the source's account and Region, which stays there.
func (l *Launched) bootstrap(ctx context.Context, source cfn.Source) error {
	cell := peering.Cell{Account: peering.AccountID(source.Account), Region: peering.Region(source.Region)}
	if l.toolkits[cell] != nil {
		return nil
	}
	stack, err := cfn.Deploy(ctx, l.cloud, cfn.Source{
		Account: source.Account, Region: source.Region, Name: "CDKToolkit", Template: []byte(toolkit),
	})
	if err == nil {
		l.toolkits[cell] = stack
	}
	return err
}

// Stacks returns the stacks of all cells and the bootstrap stacks.
func (l *Launched) Stacks() []*cfn.Stack {
	var all []*cfn.Stack
	for _, s := range l.stacks {
		all = append(all, s)
	}
	for _, s := range l.toolkits {
		all = append(all, s)
	}
	return all
}

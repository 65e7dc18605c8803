package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// logTo is a flow log of VPCs to a bucket.
func logTo(vpcs ...string) ec2.CreateFlowLogsInput {
	return ec2.CreateFlowLogsInput{
		ResourceIds: vpcs, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: types.TrafficTypeAll,
		LogDestinationType: types.LogDestinationTypeS3, LogDestination: aws.String("arn:aws:s3:::logs"),
		TagSpecifications: tagged(types.ResourceTypeVpcFlowLog),
	}
}

func (c client) flowLogs(filters ...types.Filter) []types.FlowLog {
	c.t.Helper()
	var all []types.FlowLog
	for pages := ec2.NewDescribeFlowLogsPaginator(c, &ec2.DescribeFlowLogsInput{Filter: filters}); pages.HasMorePages(); {
		all = append(all, must[*ec2.DescribeFlowLogsOutput](c.t)(pages.NextPage(c.t.Context())).FlowLogs...)
	}
	return all
}

func (c client) dropFlowLogs(ids ...string) error {
	_, err := c.DeleteFlowLogs(c.t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: ids})
	return err
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
func TestFlowLogsAreKept(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{PageSize: 1}), marketing, virginia)
	a, b := c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16")
	in := logTo(a, b)
	made := must[*ec2.CreateFlowLogsOutput](t)(c.CreateFlowLogs(t.Context(), &in)).FlowLogIds
	got := c.flowLogs()
	if len(made) != 2 || len(got) != 2 || *got[0].MaxAggregationInterval != 600 || got[0].DestinationOptions == nil {
		t.Fatalf("the flow logs are %+v", got)
	}
	for _, f := range []types.Filter{filter("resource-id", a), filter("flow-log-id", made[0])} {
		got := c.flowLogs(f, filter("traffic-type", "ALL"), filter("log-destination-type", "s3"),
			filter("deliver-log-status", "SUCCESS"), filter("tag:k", "v"))
		if len(got) != 1 || *got[0].FlowLogId != made[0] || *got[0].LogDestination != "arn:aws:s3:::logs" {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	if got := c.flowLogs(filter("log-group-name", "*x*")); len(got) != 0 {
		t.Errorf("a log group has %+v", got)
	}
	refused(t, c.dropFlowLogs(made[0], "fl-0123456789abcdef0"), "InvalidFlowLogId.NotFound")
	if got := c.flowLogs(); len(got) != 2 {
		t.Errorf("a refused deletion left %+v", got)
	}
	refused(t, c.dropFlowLogs(made...), "no error")
	if got := c.flowLogs(); len(got) != 0 {
		t.Errorf("left are %+v", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
func TestRefusedFlowLogs(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc, other, unknown := c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16"), "vpc-0123456789abcdef0"
	for _, tt := range []struct {
		code   string
		change func(*ec2.CreateFlowLogsInput)
	}{
		{"no error", func(*ec2.CreateFlowLogsInput) {}},
		{"FlowLogAlreadyExists", func(*ec2.CreateFlowLogsInput) {}},
		{"no error", func(in *ec2.CreateFlowLogsInput) { in.MaxAggregationInterval = aws.Int32(60) }},
		{"InvalidParameter", func(in *ec2.CreateFlowLogsInput) { in.MaxAggregationInterval = aws.Int32(90) }},
		{"InvalidParameter", func(in *ec2.CreateFlowLogsInput) { in.LogDestination = nil }},
		{"InvalidParameter", func(in *ec2.CreateFlowLogsInput) { in.LogDestinationType = "" }}, // no role
		{"InvalidParameter", func(in *ec2.CreateFlowLogsInput) { in.LogDestinationType, in.LogDestination = "", nil }},
		{"MissingParameter", func(in *ec2.CreateFlowLogsInput) { in.TrafficType = "" }},
		{"InvalidParameterValue", func(in *ec2.CreateFlowLogsInput) { in.TrafficType = "SOME" }},
		{"InvalidParameterValue", func(in *ec2.CreateFlowLogsInput) { in.LogDestinationType = "tape" }},
		{"InvalidParameterValue", func(in *ec2.CreateFlowLogsInput) { in.ResourceType = "Host" }},
		{"InvalidSubnetID.Malformed", func(in *ec2.CreateFlowLogsInput) { in.ResourceType = "Subnet" }},
		{"InvalidVpcID.NotFound", func(in *ec2.CreateFlowLogsInput) { in.ResourceIds = []string{other, unknown} }},
		{"DryRunOperation", func(in *ec2.CreateFlowLogsInput) { in.DryRun = aws.Bool(true) }},
	} {
		in := logTo(vpc)
		tt.change(&in)
		_, err := c.CreateFlowLogs(t.Context(), &in)
		refused(t, err, tt.code)
	}
	if got := c.flowLogs(); len(got) != 2 {
		t.Errorf("the flow logs are %+v", got)
	}
}

package cloudsim_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// privateHost is a cloud with a report, and an instance in a subnet without a way out whose role may read the report.
type privateHost struct {
	*testing.T
	cloud                     *cloudsim.Cloud
	ec2                       *ec2sdk.Client
	vpc, subnet, table, group string
	instance                  string
}

func newPrivateHost(t *testing.T) *privateHost {
	t.Helper()
	c := cloudsim.New(cloudsim.Options{
		EC2: func(trail apicall.Trail) http.Handler { return ec2.New(ec2.Options{Trail: trail, Seed: 1}) },
	})
	t.Cleanup(c.Close)
	own := s3Client(c, account, "us-east-1")
	_, err := own.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{Bucket: aws.String(reports)})
	check(t, err)
	_, err = own.PutObject(t.Context(), &s3sdk.PutObjectInput{
		Bucket: aws.String(reports), Key: aws.String("q3"), Body: strings.NewReader("42"),
	})
	check(t, err)
	check(t,
		c.IAM.PutRole(account, "server",
			`{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
			`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	c.IAM.PutProfile("arn:aws:iam::"+account+":instance-profile/server", "server")
	h := &privateHost{T: t, cloud: c}
	h.ec2 = ec2sdk.New(ec2sdk.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
	h.build()
	return h
}

func (h *privateHost) build() {
	h.Helper()
	v, err := h.ec2.CreateVpc(h.Context(), &ec2sdk.CreateVpcInput{CidrBlock: aws.String("172.31.0.0/16")})
	check(h.T, err)
	h.vpc = *v.Vpc.VpcId
	s, err := h.ec2.CreateSubnet(h.Context(), &ec2sdk.CreateSubnetInput{
		VpcId: &h.vpc, CidrBlock: aws.String("172.31.1.0/24"),
	})
	check(h.T, err)
	h.subnet = *s.Subnet.SubnetId
	tables, err := h.ec2.DescribeRouteTables(h.Context(), &ec2sdk.DescribeRouteTablesInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{h.vpc}}},
	})
	check(h.T, err)
	h.table = *tables.RouteTables[0].RouteTableId
	g, err := h.ec2.CreateSecurityGroup(h.Context(), &ec2sdk.CreateSecurityGroupInput{
		VpcId: &h.vpc, GroupName: aws.String("endpoints"), Description: aws.String("endpoints"),
	})
	check(h.T, err)
	h.group = *g.GroupId
	i, err := h.ec2.RunInstances(h.Context(), &ec2sdk.RunInstancesInput{
		ImageId: aws.String("ami-1"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: &h.subnet,
		IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("server")},
	})
	check(h.T, err)
	h.instance = *i.Instances[0].InstanceId
}

// fetch reads the report with the instance's credentials.
func (h *privateHost) fetch() (string, error) {
	h.Helper()
	id, secret, err := h.cloud.InstanceCredentials(account, "us-east-1", h.instance)
	check(h.T, err)
	client := s3sdk.New(s3sdk.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, "session"),
		HTTPClient: &http.Client{Transport: h.cloud}, Retryer: aws.NopRetryer{},
	})
	return get(h.T, client, "q3")
}

func (h *privateHost) endpoint(in *ec2sdk.CreateVpcEndpointInput) string {
	h.Helper()
	in.VpcId = &h.vpc
	out, err := h.ec2.CreateVpcEndpoint(h.Context(), in)
	check(h.T, err)
	return *out.VpcEndpoint.VpcEndpointId
}

func (h *privateHost) modify(in *ec2sdk.ModifyVpcEndpointInput) {
	h.Helper()
	_, err := h.ec2.ModifyVpcEndpoint(h.Context(), in)
	check(h.T, err)
}

// TestAPrivateInstanceReachesS3 only through the gateway endpoint, as far as its policy and the bucket's allow.
func TestAPrivateInstanceReachesS3(t *testing.T) {
	t.Parallel()
	h := newPrivateHost(t)
	if _, err := h.fetch(); !errors.Is(err, cloudsim.ErrDropped) {
		t.Fatalf("without an endpoint: %v, want no answer", err)
	}
	id := h.endpoint(&ec2sdk.CreateVpcEndpointInput{
		ServiceName: aws.String("com.amazonaws.us-east-1.s3"), RouteTableIds: []string{h.table},
	})
	if got, err := h.fetch(); err != nil || got != "42" {
		t.Fatalf("through the endpoint: %q, %v, want the report", got, err)
	}
	_, err := s3Client(h.cloud, account, "us-east-1").PutBucketPolicy(t.Context(),
		&s3sdk.PutBucketPolicyInput{Bucket: aws.String(reports), Policy: aws.String(
			`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + reports +
				`/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"` + id + `"}}}]}`)})
	check(t, err)
	if got, err := h.fetch(); err != nil || got != "42" {
		t.Errorf("with a bucket policy for this endpoint: %q, %v, want the report", got, err)
	}
	if _, err := get(t, s3Client(h.cloud, account, "us-east-1"), "q3"); codeOf(err) != "AccessDenied" {
		t.Errorf("the account's own key over the internet: %v, want AccessDenied", err)
	}
	h.modify(&ec2sdk.ModifyVpcEndpointInput{
		VpcEndpointId:  &id,
		PolicyDocument: aws.String(`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`),
	})
	if _, err := h.fetch(); codeOf(err) != "AccessDenied" || !strings.Contains(err.Error(), "VPC endpoint policy") {
		t.Errorf("with a denying endpoint policy: %v, want its denial", err)
	}
	h.modify(&ec2sdk.ModifyVpcEndpointInput{VpcEndpointId: &id, ResetPolicy: aws.Bool(true)})
	if _, err := h.fetch(); err != nil {
		t.Errorf("with the default policy again: %v", err)
	}
	addSubnet := &ec2sdk.ModifyVpcEndpointInput{VpcEndpointId: &id, AddSubnetIds: []string{h.subnet}}
	_, err = h.ec2.ModifyVpcEndpoint(t.Context(), addSubnet)
	if got := codeOf(err); got != "InvalidParameter" {
		t.Errorf("a subnet for a gateway endpoint = %q, want InvalidParameter", got)
	}
	h.modify(&ec2sdk.ModifyVpcEndpointInput{VpcEndpointId: &id, RemoveRouteTableIds: []string{h.table}})
	if _, err := h.fetch(); !errors.Is(err, cloudsim.ErrDropped) {
		t.Errorf("without the route: %v, want no answer", err)
	}
}

// TestSessionManagerNeedsItsEndpoints with private DNS and a group that admits HTTPS.
func TestSessionManagerNeedsItsEndpoints(t *testing.T) {
	t.Parallel()
	h := newPrivateHost(t)
	want := func(connected bool, when string) {
		t.Helper()
		stopped := map[string]string{}
		for _, service := range []string{"ssm", "ssmmessages"} {
			if _, by := h.cloud.EC2.(*ec2.Service).Exit(account, h.instance, service); by != "" {
				stopped[service] = by
			}
		}
		if got := len(stopped) == 0; got != connected {
			t.Errorf("%s: stopped = %v, want connected: %t", when, stopped, connected)
		}
	}
	want(false, "without endpoints")
	var ids []string
	for _, service := range []string{"ssm", "ssmmessages"} {
		ids = append(ids, h.endpoint(&ec2sdk.CreateVpcEndpointInput{
			ServiceName: aws.String("com.amazonaws.us-east-1." + service), VpcEndpointType: ec2types.VpcEndpointTypeInterface,
			SubnetIds: []string{h.subnet}, SecurityGroupIds: []string{h.group}, PrivateDnsEnabled: aws.Bool(false),
		}))
	}
	want(false, "without private DNS")
	on := &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}
	for _, attribute := range []*ec2sdk.ModifyVpcAttributeInput{{EnableDnsSupport: on}, {EnableDnsHostnames: on}} {
		attribute.VpcId = &h.vpc
		_, err := h.ec2.ModifyVpcAttribute(t.Context(), attribute)
		check(t, err)
	}
	for _, id := range ids {
		h.modify(&ec2sdk.ModifyVpcEndpointInput{VpcEndpointId: &id, PrivateDnsEnabled: aws.Bool(true)})
	}
	want(false, "with a group that admits nothing")
	_, err := h.ec2.AuthorizeSecurityGroupIngress(t.Context(),
		&ec2sdk.AuthorizeSecurityGroupIngressInput{GroupId: &h.group, IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
			IpRanges: []ec2types.IpRange{{CidrIp: aws.String("172.31.0.0/16")}},
		}}})
	check(t, err)
	want(true, "with a group that admits HTTPS")
}

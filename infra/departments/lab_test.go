package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

const account, region = "111111111111", "us-east-1"

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// environment has the account and the Region that the CDK's command line passes.
func environment(out string) func(string) string {
	values := map[string]string{"CDK_DEFAULT_ACCOUNT": account, "CDK_DEFAULT_REGION": region, "CDK_OUTDIR": out}
	return func(name string) string { return values[name] }
}

// synthesized returns the stacks of the lab.
func synthesized(t *testing.T) []cfn.Source {
	t.Helper()
	t.Chdir("../..")
	out := t.TempDir()
	if err := run(t.Context(), nil, environment(out), nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	stacks, err := cfn.ReadAssembly(out)
	if err != nil {
		t.Fatal(err)
	}
	return stacks
}

// TestTheLabIsDeployedAndDeleted: Finance's server has no public address and reaches S3 and Systems Manager through
// endpoints, the others over the internet. Nothing is left after the deletion.
func TestTheLabIsDeployedAndDeleted(t *testing.T) {
	c := cloudsim.New(cloudsim.Options{
		EC2: func(trail apicall.Trail) http.Handler { return ec2.New(ec2.Options{Trail: trail, Seed: 1}) },
	})
	t.Cleanup(c.Close)
	client := ec2sdk.New(ec2sdk.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
	before := owned(t, client)
	var stacks []*cfn.Stack
	for _, source := range synthesized(t) {
		stack, err := cfn.Deploy(t.Context(), c, source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stack.Close)
		stacks = append(stacks, stack)
	}
	servers, err := client.DescribeInstances(t.Context(), &ec2sdk.DescribeInstancesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range servers.Reservations {
		checkServer(t, c, r.Instances[0])
	}
	if n := len(servers.Reservations); n != 3 {
		t.Errorf("%d servers, want 3", n)
	}
	for _, stack := range stacks {
		if err := stack.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if after := owned(t, client); after != before {
		t.Errorf("after the deletion: %+v, want those of before, %+v", after, before)
	}
}

func checkServer(t *testing.T, c *cloudsim.Cloud, i types.Instance) {
	t.Helper()
	name := ""
	for _, tag := range i.Tags {
		name += aws.ToString(tag.Value)
	}
	isPrivate := strings.HasPrefix(name, "Finance")
	if got := i.PublicIpAddress == nil; got != isPrivate {
		t.Errorf("%s has the public address %q", name, aws.ToString(i.PublicIpAddress))
	}
	for _, service := range []string{"s3", "ssm", "ssmmessages", "ec2messages"} {
		via, stopped := c.EC2.(*ec2.Service).Exit(account, *i.InstanceId, service)
		if stopped != "" || (via.ID != "") != isPrivate {
			t.Errorf("%s reaches %s through %q, stopped by %q, want an endpoint: %t", name, service, via.ID, stopped, isPrivate)
		}
	}
}

// counts has the numbers of resources in a cell.
type counts struct{ vpcs, subnets, tables, groups, gateways, endpoints, interfaces int }

func owned(t *testing.T, client *ec2sdk.Client) counts {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var n counts
	vpcs, err := client.DescribeVpcs(t.Context(), &ec2sdk.DescribeVpcsInput{})
	must(err)
	subnets, err := client.DescribeSubnets(t.Context(), &ec2sdk.DescribeSubnetsInput{})
	must(err)
	tables, err := client.DescribeRouteTables(t.Context(), &ec2sdk.DescribeRouteTablesInput{})
	must(err)
	groups, err := client.DescribeSecurityGroups(t.Context(), &ec2sdk.DescribeSecurityGroupsInput{})
	must(err)
	gateways, err := client.DescribeInternetGateways(t.Context(), &ec2sdk.DescribeInternetGatewaysInput{})
	must(err)
	endpoints, err := client.DescribeVpcEndpoints(t.Context(), &ec2sdk.DescribeVpcEndpointsInput{})
	must(err)
	interfaces, err := client.DescribeNetworkInterfaces(t.Context(), &ec2sdk.DescribeNetworkInterfacesInput{})
	must(err)
	n.vpcs, n.subnets, n.tables, n.groups = len(vpcs.Vpcs), len(subnets.Subnets), len(tables.RouteTables),
		len(groups.SecurityGroups)
	n.gateways, n.endpoints, n.interfaces = len(gateways.InternetGateways), len(endpoints.VpcEndpoints),
		len(interfaces.NetworkInterfaces)
	return n
}

// TestConnectionsAreDeletedBeforeTheStacks with the AWS CLI: EC2 deletes no VPC with an active connection.
func TestConnectionsAreDeletedBeforeTheStacks(t *testing.T) {
	c := cloudsim.New(cloudsim.Options{
		EC2: func(trail apicall.Trail) http.Handler { return ec2.New(ec2.Options{Trail: trail, Seed: 1}) },
	})
	t.Cleanup(c.Close)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	client := ec2sdk.New(ec2sdk.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
	lab := outputs{}
	for i, d := range standard {
		v, err := client.CreateVpc(t.Context(), &ec2sdk.CreateVpcInput{CidrBlock: aws.String(d.block.String())})
		if err != nil {
			t.Fatal(i, err)
		}
		lab[d.name] = stackOutputs{Account: account, Region: region, VPC: *v.Vpc.VpcId}
	}
	made, err := client.CreateVpcPeeringConnection(t.Context(), &ec2sdk.CreateVpcPeeringConnectionInput{
		VpcId: aws.String(lab["marketing"].VPC), PeerVpcId: aws.String(lab["finance"].VPC),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CLI": "../../.venv/bin/aws", "AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": account,
		"AWS_SECRET_ACCESS_KEY": "any", "AWS_CONFIG_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	var out strings.Builder
	if err := lab.disconnect(t.Context(), &out, 0); err != nil {
		t.Fatal(err)
	}
	id := *made.VpcPeeringConnection.VpcPeeringConnectionId
	if got := out.String(); !strings.Contains(got, "deleted "+id+" of marketing") || strings.Count(got, "deleted") != 1 {
		t.Errorf("disconnect printed %q, want one deletion of %s", got, id)
	}
	out.Reset()
	if err := lab.disconnect(t.Context(), &out, 0); err != nil || out.Len() > 0 {
		t.Errorf("a second run: %v, printed %q, want nothing", err, out.String())
	}
	if err := run(t.Context(), []string{"disconnect", "missing.json"}, nil, &out, nil); err != nil ||
		!strings.Contains(out.String(), "no connections of the lab") {
		t.Errorf("without outputs: %v, printed %q", err, out.String())
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		context map[string]any
		want    string
	}{
		"an unknown key": {map[string]any{"labFinanceCIDR": "10.0.0.0/16"},
			`context has the unknown key "labFinanceCIDR"; did you mean labFinanceCidr?`},
		"no block": {map[string]any{"labFinanceCidr": "10.0.0.0"},
			`labFinanceCidr: "10.0.0.0" is no CIDR block; write it like 172.31.0.0/16`},
		"host bits":         {map[string]any{"labFinanceCidr": "10.0.0.1/16"}, "without host bits"},
		"a block too small": {map[string]any{"labFinanceCidr": "10.0.0.0/25"}, "/16 to /24"},
		"overlapping blocks": {map[string]any{"labFinanceCidr": "10.10.0.0/20"},
			"the blocks of marketing and finance overlap"},
		"no account":           {map[string]any{"labFinanceAccount": "1234"}, `labFinanceAccount: "1234" is no account`},
		"no Region":            {map[string]any{"labFinanceRegion": "mars"}, `labFinanceRegion: "mars" is no Region`},
		"other programs' keys": {map[string]any{"alarmEmail": "ops@example.com"}, ""},
		"a prefix of capitals": {map[string]any{"prefix": "Auto_Peer!"}, `prefix: "Auto_Peer!" must be`},
		"a long prefix":        {map[string]any{"prefix": "abcdefghijklmno"}, `prefix: "abcdefghijklmno" must be`},
		"no ARN": {map[string]any{"labAdministrators": "bogus"},
			`labAdministrators: "bogus" is no pattern of ARNs`},
	} {
		_, err := parseSettings(tt.context, environment(""))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: parseSettings() = %v, want %q", name, err, tt.want)
		}
	}
	s, err := parseSettings(map[string]any{
		"labFinanceAccount": "222222222222", "labFinanceRegion": "eu-west-3",
		"labAdministrators": []any{"arn:aws:iam::222222222222:user/a"},
		"labDeployer":       "arn:aws:sts::222222222222:assumed-role/Admin/me",
	}, environment(""))
	if err != nil {
		t.Fatal(err)
	}
	finance := s.departments[1]
	if finance.account != "222222222222" || finance.region != "eu-west-3" ||
		s.stackName(finance) != "autopeer-lab-finance" {
		t.Errorf("settings = %+v", s)
	}
	want := []string{"arn:aws:iam::222222222222:user/a", "arn:aws:iam::222222222222:role/Admin",
		"arn:aws:iam::222222222222:role/*/Admin"}
	if !slices.Equal(s.administrators, want) {
		t.Errorf("administrators = %v, want %v", s.administrators, want)
	}
}

// TestThePolicyOfTheLab is valid, and needs the outputs of all stacks.
func TestThePolicyOfTheLab(t *testing.T) {
	t.Parallel()
	stack := func(vpc string) string {
		return `{"Account": "111111111111", "Region": "us-east-1", "VpcId": "` + vpc + `", "CidrBlock": "10.` +
			vpc[len(vpc)-1:] + `.0.0/16"}`
	}
	file := filepath.Join(t.TempDir(), "lab.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"autopeer-lab-marketing": ` + stack("vpc-00000000000000001") + `, "autopeer-lab-finance": ` +
		stack("vpc-00000000000000002") + `}`)
	if err := run(t.Context(), []string{"policy", file}, nil, nil, nil); err == nil ||
		!strings.Contains(err.Error(), "have no VPC of developer") {
		t.Errorf("without developer: %v", err)
	}
	write(`{"autopeer-lab-marketing": ` + stack("vpc-00000000000000001") + `, "autopeer-lab-finance": ` +
		stack("vpc-00000000000000002") + `, "autopeer-lab-developer": ` + stack("vpc-00000000000000003") + `}`)
	var out strings.Builder
	if err := run(t.Context(), []string{"policy", file}, nil, &out, nil); err != nil {
		t.Fatal(err)
	}
	want := "finance:\n" +
		`    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000002, cidrs: [10.2.0.0/16] }`
	if !strings.Contains(out.String(), want) {
		t.Errorf("policy:\n%s", out.String())
	}
}

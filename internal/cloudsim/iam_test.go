package cloudsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

const (
	trustLambda = `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
		`"Action":"sts:AssumeRole"}}`
	ec2Here     = "arn:aws:ec2:us-east-1:111111111111:"
	roleSession = "arn:aws:sts::111111111111:assumed-role/worker/run"
)

// network is the network of the tests of permissions: two VPCs with a request from the first to the second.
type network struct {
	cloud                          *cloudsim.Cloud
	records                        []apicall.Record
	requester, accepter            string
	connection, table, group, rule string
	prefixList                     string
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{}
	n.cloud = cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
		return ec2.New(ec2.Options{Seed: 1, Trail: func(r apicall.Record) { n.records = append(n.records, r); trail(r) }})
	}})
	t.Cleanup(n.cloud.Close)
	client := n.client(account, "any")
	vpc := func(block string) string {
		out, err := client.CreateVpc(t.Context(), &ec2sdk.CreateVpcInput{CidrBlock: &block})
		check(t, err)
		return *out.Vpc.VpcId
	}
	n.requester, n.accepter = vpc("10.0.0.0/16"), vpc("10.1.0.0/16")
	made, err := client.CreateVpcPeeringConnection(t.Context(), &ec2sdk.CreateVpcPeeringConnectionInput{
		VpcId: &n.requester, PeerVpcId: &n.accepter,
	})
	check(t, err)
	n.connection = *made.VpcPeeringConnection.VpcPeeringConnectionId
	in := []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{n.requester}}}
	tables, err := client.DescribeRouteTables(t.Context(), &ec2sdk.DescribeRouteTablesInput{Filters: in})
	check(t, err)
	groups, err := client.DescribeSecurityGroups(t.Context(), &ec2sdk.DescribeSecurityGroupsInput{Filters: in})
	check(t, err)
	n.table, n.group = *tables.RouteTables[0].RouteTableId, *groups.SecurityGroups[0].GroupId
	rule, err := client.AuthorizeSecurityGroupIngress(t.Context(), n.admit("10.9.0.0/16", "Owner", "us"))
	check(t, err)
	n.rule = *rule.SecurityGroupRules[0].SecurityGroupRuleId
	list, err := client.CreateManagedPrefixList(t.Context(), &ec2sdk.CreateManagedPrefixListInput{
		PrefixListName: aws.String("offices"), AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(1),
	})
	check(t, err)
	n.prefixList = *list.PrefixList.PrefixListId
	return n
}

func (n *network) client(key, secret string) *ec2sdk.Client {
	return ec2sdk.New(ec2sdk.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient: &http.Client{Transport: n.cloud}, Retryer: aws.NopRetryer{},
	})
}

// as returns a client of a session of a role with these statements.
func (n *network) as(t *testing.T, statements ...string) *ec2sdk.Client {
	t.Helper()
	check(t, n.cloud.IAM.PutRole(account, "worker", trustLambda, `{"Statement":[`+strings.Join(statements, ",")+`]}`))
	key, secret, err := n.cloud.Assume("lambda.amazonaws.com", "arn:aws:iam::111111111111:role/worker", "run")
	check(t, err)
	return n.client(key, secret)
}

func (n *network) admit(block, key, value string) *ec2sdk.AuthorizeSecurityGroupIngressInput {
	in := &ec2sdk.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: []ec2types.IpPermission{{
		IpProtocol: aws.String("icmp"), FromPort: aws.Int32(-1), ToPort: aws.Int32(-1),
		IpRanges: []ec2types.IpRange{{CidrIp: &block}},
	}}}
	if key != "" {
		in.TagSpecifications = []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeSecurityGroupRule, Tags: []ec2types.Tag{{Key: &key, Value: &value}},
		}}
	}
	return in
}

// permit is a statement; its resource is of the account and region, "*" all of EC2.
func permit(action, resource, condition string) string {
	if resource != "*" {
		resource = ec2Here + resource
	}
	return `{"Effect":"Allow","Action":"ec2:` + action + `","Resource":"` + resource + `","Condition":{` + condition + `}}`
}

func TestEC2AsksForThePermissionsThatItDocuments(t *testing.T) {
	t.Parallel()
	accept := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.AcceptVpcPeeringConnection(ctx, &ec2sdk.AcceptVpcPeeringConnectionInput{
			VpcPeeringConnectionId: &n.connection,
		})
		return err
	}
	route := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.CreateRoute(ctx, &ec2sdk.CreateRouteInput{
			RouteTableId: &n.table, DestinationCidrBlock: aws.String("10.1.0.0/16"), VpcPeeringConnectionId: &n.connection,
		})
		return err
	}
	admit := func(tag string) func(context.Context, *ec2sdk.Client, *network) error {
		return func(ctx context.Context, c *ec2sdk.Client, n *network) error {
			_, err := c.AuthorizeSecurityGroupIngress(ctx, n.admit("10.1.0.0/16", tag, "x"))
			return err
		}
	}
	revoke := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.RevokeSecurityGroupIngress(ctx, &ec2sdk.RevokeSecurityGroupIngressInput{
			GroupId: &n.group, SecurityGroupRuleIds: []string{n.rule},
		})
		return err
	}
	tag := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.CreateTags(ctx, &ec2sdk.CreateTagsInput{
			Resources: []string{n.connection}, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("x")}},
		})
		return err
	}
	reject := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.RejectVpcPeeringConnection(ctx, &ec2sdk.RejectVpcPeeringConnectionInput{
			VpcPeeringConnectionId: &n.connection,
		})
		return err
	}
	ask := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.CreateVpcPeeringConnection(ctx, &ec2sdk.CreateVpcPeeringConnectionInput{
			VpcId: &n.requester, PeerVpcId: &n.accepter, DryRun: aws.Bool(true),
		})
		if code(err) == "DryRunOperation" {
			return nil
		}
		return err
	}
	read := func(ctx context.Context, c *ec2sdk.Client, _ *network) error {
		_, err := c.DescribeVpcs(ctx, &ec2sdk.DescribeVpcsInput{})
		return err
	}
	entries := func(ctx context.Context, c *ec2sdk.Client, n *network) error {
		_, err := c.GetManagedPrefixListEntries(ctx, &ec2sdk.GetManagedPrefixListEntriesInput{PrefixListId: &n.prefixList})
		return err
	}
	create := func(ctx context.Context, c *ec2sdk.Client, _ *network) error {
		_, err := c.CreateVpc(ctx, &ec2sdk.CreateVpcInput{CidrBlock: aws.String("10.5.0.0/16")})
		return err
	}
	const (
		pcx       = "vpc-peering-connection/*"
		toRule    = "security-group-rule/*"
		acceptOf  = "AcceptVpcPeeringConnection"
		authorize = "AuthorizeSecurityGroupIngress"
	)
	between := `"ArnEquals":{"ec2:RequesterVpc":"` + ec2Here + `vpc/REQUESTER","ec2:AccepterVpc":"` +
		ec2Here + `vpc/ACCEPTER"}`
	inVPC := `"ArnEquals":{"ec2:Vpc":"` + ec2Here + `vpc/REQUESTER"}`
	inOther := `"ArnEquals":{"ec2:Vpc":"` + ec2Here + `vpc/ACCEPTER"}`
	tests := []struct {
		name       string
		call       func(context.Context, *ec2sdk.Client, *network) error
		statements []string
		refused    string // the subject of the refusal; empty if the call is allowed
	}{
		{"accepting needs the connection and the accepter's VPC", accept,
			[]string{permit(acceptOf, pcx, between), permit(acceptOf, "vpc/ACCEPTER", "")}, ""},
		{"the connection alone isn't enough", accept, []string{permit(acceptOf, pcx, between)}, "vpc/ACCEPTER because"},
		{"the VPC alone isn't enough", accept, []string{permit(acceptOf, "vpc/*", "")}, "vpc-peering-connection/pcx-"},
		{"another requester isn't accepted", accept,
			[]string{permit(acceptOf, pcx, strings.ReplaceAll(between, "REQUESTER", "vpc-0f")), permit(acceptOf, "vpc/*", "")},
			"vpc-peering-connection/pcx-"},
		{"asking needs the requester's VPC and a connection between the two", ask,
			[]string{permit("CreateVpcPeeringConnection", "vpc/REQUESTER", ""),
				permit("CreateVpcPeeringConnection", pcx, between)}, ""},
		{"asking another", ask, []string{permit("CreateVpcPeeringConnection", "vpc/*", ""),
			permit("CreateVpcPeeringConnection", pcx, strings.ReplaceAll(between, "ACCEPTER", "vpc-0f"))},
			"vpc-peering-connection/*"},
		{"rejecting needs the connection", reject, []string{permit("RejectVpcPeeringConnection", pcx, between)}, ""},
		{"a route needs its table, by VPC", route, []string{permit("CreateRoute", "route-table/*", inVPC)}, ""},
		{"a route needs its table, by id", route,
			[]string{permit("CreateRoute", "*", `"StringEquals":{"ec2:RouteTableID":"TABLE"}`)}, ""},
		{"a route in another VPC's table", route, []string{permit("CreateRoute", "route-table/*", inOther)},
			"route-table/rtb-"},
		{"a route where routes may only be replaced", route, []string{permit("ReplaceRoute", "*", "")}, "ec2:CreateRoute"},
		{"a rule without tags needs the group alone", admit(""), []string{permit(authorize, "security-group/*", inVPC)}, ""},
		{"a rule in another VPC's group", admit(""), []string{permit(authorize, "security-group/*", inOther)},
			"security-group/sg-"},
		{"a rule with a tag needs the rule too", admit("Owner"), []string{permit(authorize, "security-group/*", "")},
			"security-group-rule/*"},
		{"and the permission to tag", admit("Owner"), []string{permit(authorize, "*", "")},
			"ec2:CreateTags on resource: " + ec2Here + toRule},
		{"which may be for this call only", admit("Owner"),
			[]string{permit(authorize, "*", ""),
				permit("CreateTags", toRule, `"StringEquals":{"ec2:CreateAction":"AuthorizeSecurityGroupIngress"}`)}, ""},
		{"and for certain tags only", admit("Owner"),
			[]string{permit(authorize, "*", ""),
				permit("CreateTags", toRule, `"ForAllValues:StringEquals":{"aws:TagKeys":["Name"]}`)}, "ec2:CreateTags"},
		{"an end to a rule needs its group alone and no tag of the rule", revoke,
			[]string{permit("RevokeSecurityGroupIngress", "security-group/*", inVPC)}, ""},
		{"an end to a rule in another VPC's group", revoke,
			[]string{permit("RevokeSecurityGroupIngress", "security-group/*", inOther)}, "security-group/sg-"},
		{"an end to a rule isn't permitted by the rule's tags", revoke,
			[]string{permit("RevokeSecurityGroupIngress", toRule, `"StringEquals":{"aws:ResourceTag/Owner":"us"}`)},
			"security-group/sg-"},
		{"tagging a connection needs the connection, by its VPCs", tag,
			[]string{permit("CreateTags", pcx, between+`,"StringEquals":{"aws:RequestTag/Name":"x"}`)}, ""},
		{"a permission to tag new resources isn't one to tag existing ones", tag,
			[]string{permit("CreateTags", pcx, `"StringLike":{"ec2:CreateAction":"*"}`)}, "ec2:CreateTags"},
		{"reads are on everything", read, []string{permit("DescribeVpcs", "*", `"StringEquals":{"ec2:Region":"us-east-1"}`)},
			""},
		{"reads can't be on one resource", read, []string{permit("DescribeVpcs", "vpc/*", "")},
			"ec2:DescribeVpcs on resource: * because"},
		{"entries of a prefix list need the list", entries,
			[]string{permit("GetManagedPrefixListEntries", "prefix-list/*", "")}, ""},
		{"entries of another prefix list", entries, []string{permit("GetManagedPrefixListEntries", "prefix-list/pl-0", "")},
			"prefix-list/pl-"},
		{"a call without a permission", create, nil, "ec2:CreateVpc"},
		{"a denied call", read,
			[]string{permit("*", "*", ""), strings.Replace(permit("Describe*", "*", ""), "Allow", "Deny", 1)},
			"with an explicit deny in an identity-based policy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			ids := strings.NewReplacer("REQUESTER", n.requester, "ACCEPTER", n.accepter, "TABLE", n.table)
			for i, s := range tt.statements {
				tt.statements[i] = ids.Replace(s)
			}
			err := tt.call(t.Context(), n.as(t, tt.statements...), n)
			if tt.refused == "" {
				check(t, err)
				return
			}
			if code(err) != "UnauthorizedOperation" || !strings.Contains(err.Error(), ids.Replace(tt.refused)) {
				t.Errorf("got %v, want a refusal about %s", err, ids.Replace(tt.refused))
			}
		})
	}
}

// TestTagsOfTheVPCDecideOnNoAcceptance: in the Service Authorization Reference of September 2026, aws:ResourceTag is a
// key of AcceptVpcPeeringConnection on the connection and not on the VPC.
func TestTagsOfTheVPCDecideOnNoAcceptance(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	_, err := n.as(t, permit("CreateTags", "*", "")).CreateTags(t.Context(), &ec2sdk.CreateTagsInput{
		Resources: []string{n.accepter}, Tags: []ec2types.Tag{{Key: aws.String("Owner"), Value: aws.String("us")}},
	})
	check(t, err)
	c := n.as(t, permit("AcceptVpcPeeringConnection", "vpc-peering-connection/*", ""),
		permit("AcceptVpcPeeringConnection", "vpc/*", `"StringEquals":{"aws:ResourceTag/Owner":"us"}`))
	_, err = c.AcceptVpcPeeringConnection(t.Context(), &ec2sdk.AcceptVpcPeeringConnectionInput{
		VpcPeeringConnectionId: &n.connection,
	})
	if code(err) != "UnauthorizedOperation" {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestARefusalByEC2(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	_, err := n.as(t).AcceptVpcPeeringConnection(t.Context(), &ec2sdk.AcceptVpcPeeringConnectionInput{
		VpcPeeringConnectionId: &n.connection, DryRun: aws.Bool(true),
	})
	want := "You are not authorized to perform this operation. User: " + roleSession +
		" is not authorized to perform: ec2:AcceptVpcPeeringConnection on resource: " +
		ec2Here + "vpc-peering-connection/" + n.connection +
		" because no identity-based policy allows the ec2:AcceptVpcPeeringConnection action"
	if code(err) != "UnauthorizedOperation" || !strings.Contains(err.Error(), want) ||
		status(err) != http.StatusForbidden {
		t.Errorf("got %d %v\nwant 403 %s", status(err), err, want)
	}
	r := n.records[len(n.records)-1]
	if r.ErrorCode != "Client.UnauthorizedOperation" || r.ErrorMessage != want ||
		r.ResponseElements != nil || r.ARN != roleSession {
		t.Errorf("CloudTrail has %+v", r)
	}
	calls := n.cloud.Calls()
	if last := calls[len(calls)-1]; last.ErrorCode != "UnauthorizedOperation" {
		t.Errorf("the log has %+v", last)
	}
}

func TestADryRunOfAPermittedCallWouldSucceed(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	_, err := n.as(t, permit("*", "*", "")).DeleteVpc(t.Context(), &ec2sdk.DeleteVpcInput{
		VpcId: &n.requester, DryRun: aws.Bool(true),
	})
	if code(err) != "DryRunOperation" {
		t.Errorf("got %v, want DryRunOperation", err)
	}
}

func status(err error) int {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

func TestQueuesAndBusesAskTheRole(t *testing.T) {
	t.Parallel()
	const queueARN = "arn:aws:sqs:us-east-1:111111111111:jobs"
	may := func(action, resource string) string {
		return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
	}
	send := func(t *testing.T, cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: aws.String("https://sqs.us-east-1.amazonaws.com/111111111111/jobs"), MessageBody: aws.String("x"),
		})
		return err
	}
	sendBatch := func(t *testing.T, cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{
			QueueUrl: aws.String("https://sqs.us-east-1.amazonaws.com/111111111111/jobs"),
			Entries:  []sqstypes.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("x")}},
		})
		return err
	}
	create := func(t *testing.T, cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("more")})
		return err
	}
	put := func(t *testing.T, cfg aws.Config) error {
		_, err := eventbridge.NewFromConfig(cfg).PutEvents(t.Context(),
			&eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
				{Source: aws.String("us"), DetailType: aws.String("x"), Detail: aws.String("{}")},
			}})
		return err
	}
	administer := func(t *testing.T, cfg aws.Config) error {
		_, err := eventbridge.NewFromConfig(cfg).PutRule(t.Context(), &eventbridge.PutRuleInput{
			Name: aws.String("r"), EventPattern: aws.String(`{"source":["us"]}`),
		})
		return err
	}
	tests := []struct {
		name      string
		call      func(*testing.T, aws.Config) error
		statement string
		want      string // of the refusal; empty if the call is allowed
	}{
		{"a message for the queue", send, may("sqs:SendMessage", queueARN), ""},
		{"a message for another queue", send, may("sqs:SendMessage", queueARN+"2"),
			"sqs:sendmessage on resource: " + queueARN + " because no identity-based policy allows the sqs:sendmessage action"},
		{"a batch needs the permission of its messages", sendBatch, may("sqs:SendMessage", queueARN), ""},
		{"a batch for another queue", sendBatch, may("sqs:SendMessage", queueARN+"2"),
			"sqs:sendmessage on resource: " + queueARN + " because no identity-based policy allows the sqs:sendmessage action"},
		{"a batch has no permission of its own", sendBatch, may("sqs:SendMessageBatch", queueARN),
			"sqs:sendmessage on resource: " + queueARN},
		{"a new queue", create, may("sqs:SendMessage", "*"),
			"sqs:createqueue on resource: arn:aws:sqs:us-east-1:111111111111:more because"},
		{"an event", put, may("events:PutEvents", "arn:aws:events:us-east-1:111111111111:event-bus/default"), ""},
		{"an event of another source", put,
			`{"Effect":"Allow","Action":"events:PutEvents","Resource":"*",` +
				`"Condition":{"ForAllValues:StringEquals":{"events:source":"them"}}}`,
			"events:PutEvents on resource: arn:aws:events:us-east-1:111111111111:event-bus/default " +
				"because no identity-based policy"},
		{"a rule", administer, may("events:PutRule", "arn:aws:events:us-east-1:111111111111:rule/r"), ""},
		{"a rule where only events may be put", administer, may("events:PutEvents", "*"),
			"events:PutRule on resource: arn:aws:events:us-east-1:111111111111:rule/r because"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			check(t, newQueue(t, sqsClient(n.cloud), "jobs"))
			options := n.as(t, tt.statement).Options()
			err := tt.call(t, aws.Config{
				Region: region, Credentials: options.Credentials, HTTPClient: options.HTTPClient, Retryer: func() aws.Retryer {
					return aws.NopRetryer{}
				},
			})
			if tt.want == "" {
				check(t, err)
				return
			}
			if !strings.HasPrefix(code(err), "AccessDenied") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a refusal about %s", err, tt.want)
			}
		})
	}
}

func TestMayPoll(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	check(t, newQueue(t, sqsClient(n.cloud), "jobs"))
	const role = "arn:aws:iam::111111111111:role/worker"
	actions := []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
	for i := range actions {
		some := append(append([]string{}, actions[:i]...), actions[i+1:]...)
		if err := mayPoll(t, n, role, some); err == nil ||
			!strings.Contains(err.Error(), strings.TrimPrefix(actions[i], "sqs:")) {
			t.Errorf("without %s: %v", actions[i], err)
		}
	}
	check(t, mayPoll(t, n, role, actions))
}

func mayPoll(t *testing.T, n *network, role string, actions []string) error {
	t.Helper()
	list, err := json.Marshal(actions)
	check(t, err)
	n.as(t, `{"Effect":"Allow","Action":`+string(list)+`,"Resource":"`+jobsARN+`"}`)
	return n.cloud.Queues.MayPoll(role, jobsARN)
}

func TestARoleIsTakenOnOnlyByTheServiceThatItTrusts(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.as(t)
	if _, _, err := n.cloud.Assume("events.amazonaws.com", "arn:aws:iam::111111111111:role/worker", "x"); err == nil {
		t.Error("EventBridge took on a role of Lambda")
	}
}

// TestTheRegionInVPCKeys accepts across Regions with each VPC's own Region in the condition keys, and with the call's.
func TestTheRegionInVPCKeys(t *testing.T) {
	t.Parallel()
	for _, callRegion := range []bool{false, true} {
		for _, key := range []string{"eu-west-1", region, "ap-south-1"} {
			c := cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
				return ec2.New(ec2.Options{Trail: trail, Switches: ec2.Switches{CallRegionInVPCKeys: callRegion}})
			}})
			n := &network{cloud: c}
			client := n.client(account, "any")
			vpc := func(at, block string) *string {
				out, err := client.CreateVpc(t.Context(), &ec2sdk.CreateVpcInput{CidrBlock: &block}, inRegion(at))
				check(t, err)
				return out.Vpc.VpcId
			}
			requester, accepter := vpc("eu-west-1", "10.0.0.0/16"), vpc(region, "10.1.0.0/16")
			made, err := client.CreateVpcPeeringConnection(t.Context(), &ec2sdk.CreateVpcPeeringConnectionInput{
				VpcId: requester, PeerVpcId: accepter, PeerRegion: aws.String(region),
			}, inRegion("eu-west-1"))
			check(t, err)
			role := n.as(t, permit("AcceptVpcPeeringConnection", "vpc/*", ""),
				permit("AcceptVpcPeeringConnection", "vpc-peering-connection/*",
					`"ArnLike":{"ec2:RequesterVpc":"arn:aws:ec2:`+key+`:111111111111:vpc/*","ec2:AccepterVpc":"`+ec2Here+`vpc/*"}`))
			_, err = role.AcceptVpcPeeringConnection(t.Context(), &ec2sdk.AcceptVpcPeeringConnectionInput{
				VpcPeeringConnectionId: made.VpcPeeringConnection.VpcPeeringConnectionId,
			})
			want := key == "eu-west-1" && !callRegion || key == region && callRegion
			if (err == nil) != want || err != nil && code(err) != "UnauthorizedOperation" {
				t.Errorf("with the call's Region %v, a condition on %s: %v; want it to hold: %v", callRegion, key, err, want)
			}
			c.Close()
		}
	}
}

func inRegion(name string) func(*ec2sdk.Options) { return func(o *ec2sdk.Options) { o.Region = name } }

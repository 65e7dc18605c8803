package ec2_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// ask sends a query as it is, and returns status and body.
func ask(t *testing.T, s *sim.Service, query string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://ec2.test/", strings.NewReader(query))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	call := &apicall.Call{Caller: apicall.Caller{Account: marketing, Region: virginia}}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(apicall.With(r.Context(), call)))
	return w.Code, w.Body.String()
}

// https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html
func TestProtocol(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		query  string
		status int
		body   string
	}{
		{"an unknown action", "Action=Dance", 400,
			"<Response><Errors><Error><Code>InvalidAction</Code><Message>The action Dance is not valid for this web " +
				"service.</Message></Error></Errors><RequestID>"},
		{"a parameter that is not known is refused by name", "Action=DescribeVpcs&Flavor=red", 400,
			"<Message>The parameter Flavor is not recognized</Message>"},
		// https://github.com/aws/aws-sdk-js/issues/57 and https://github.com/aws/aws-sdk-js/issues/403
		{"a member that is not known is refused by its name", "Action=CreateTags&ResourceId.1=vpc-1&Tag.Item.1.Key=x", 400,
			"<Code>UnknownParameter</Code><Message>The parameter Item is not recognized</Message>"},
		{"a member deeper inside", "Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp" +
			"&IpPermissions.1.IpRanges.1.CidrIpv4=10.0.0.0/8", 400,
			"<Message>The parameter CidrIpv4 is not recognized</Message>"},
		{"a parameter without members", "Action=DescribeVpcs&VpcId.member.1=vpc-1", 400,
			"<Message>The parameter member is not recognized</Message>"},
		{"names of parameters are case sensitive", "Action=DeleteVpc&vpcId=vpc-1", 400, "<Code>UnknownParameter</Code>"},
		{"a parameter that is missing", "Action=DeleteVpc", 400, "<Code>MissingParameter</Code>"},
		{"an empty set", "Action=DescribeVpcs&Version=2016-11-15", 200,
			`<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>`},
		{"a dry run", "Action=CreateVpc&CidrBlock=10.0.0.0/16&DryRun=true", 412, "<Code>DryRunOperation</Code>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, body := ask(t, sim.New(sim.Options{}), tt.query)
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	c := one(t)
	_, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), DryRun: aws.Bool(true)})
	refused(t, err, "DryRunOperation")
	out := must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}))
	if len(out.Vpcs) != 1 || !*out.Vpcs[0].IsDefault {
		t.Errorf("after a dry run the VPCs are %v", out.Vpcs)
	}
}

// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
func TestPages(t *testing.T) {
	for _, size := range []int{0, 1, 2, 3, 5} {
		c := in(t, sim.New(sim.Options{PageSize: size}), marketing, virginia)
		want := []string{*c.defaultVPC().VpcId}
		for range 5 {
			want = append(want, c.vpc("10.0.0.0/16"))
		}
		slices.Sort(want)
		var got []string
		pages := ec2.NewDescribeVpcsPaginator(c, &ec2.DescribeVpcsInput{})
		for pages.HasMorePages() {
			page := must[*ec2.DescribeVpcsOutput](t)(pages.NextPage(t.Context()))
			if size > 0 && len(page.Vpcs) > size {
				t.Errorf("a page has %d items, want at most %d", len(page.Vpcs), size)
			}
			for _, v := range page.Vpcs {
				got = append(got, *v.VpcId)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
	}
}

func TestRefusedPages(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	tests := []struct {
		name string
		in   ec2.DescribeVpcsInput
		want string
	}{
		{"too small", ec2.DescribeVpcsInput{MaxResults: aws.Int32(4)}, "InvalidParameterValue"},
		{"too large", ec2.DescribeVpcsInput{MaxResults: aws.Int32(1001)}, "InvalidParameterValue"},
		{"with ids", ec2.DescribeVpcsInput{MaxResults: aws.Int32(5), VpcIds: []string{vpc}}, "InvalidParameterCombination"},
		{"a token that is none", ec2.DescribeVpcsInput{NextToken: aws.String("x")}, "InvalidNextToken"},
		{"an unknown filter", ec2.DescribeVpcsInput{Filters: []types.Filter{filter("flavor", "red")}},
			"InvalidParameterValue"},
		{"an unknown id", ec2.DescribeVpcsInput{VpcIds: []string{vpc, "vpc-0123456789abcdef0"}}, "InvalidVpcID.NotFound"},
		{"a malformed id", ec2.DescribeVpcsInput{VpcIds: []string{"subnet-1"}}, "InvalidVpcID.Malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.DescribeVpcs(t.Context(), &tt.in)
			refused(t, err, tt.want)
		})
	}
	_, err := c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{MaxResults: aws.Int32(101)})
	refused(t, err, "InvalidParameterValue") // route tables come in pages of 100 at most
}

// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
func TestThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sim.New(sim.Options{Throttle: true})
		burst := func(c client, n int, call func(client) error) int {
			ok := 0
			for range n {
				if err := call(c); status(err) != http.StatusServiceUnavailable {
					ok++
				}
			}
			return ok
		}
		read := func(c client) error {
			_, err := c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
			return err
		}
		all := func(c client) error {
			_, err := c.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{})
			return err
		}
		write := func(c client) error { return c.accept("pcx-1") }
		c := in(t, s, marketing, virginia)
		for name, want := range map[string]struct {
			call  func(client) error
			burst int
			after int // a second
		}{"reads": {read, 100, 20}, "unfiltered reads": {all, 50, 10}, "writes": {write, 50, 5}} {
			if got := burst(c, 200, want.call); got != want.burst {
				t.Errorf("%s: a burst of %d, want %d", name, got, want.burst)
			}
			wait(time.Second)
			if got := burst(c, 200, want.call); got != want.after {
				t.Errorf("%s: %d after a second, want %d", name, got, want.after)
			}
		}
		if got := burst(in(t, s, finance, virginia), 200, read); got != 100 {
			t.Errorf("another account has a burst of %d", got)
		}
	})
}

func TestIdsAreTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	id := func(seed int64) string {
		return in(t, sim.New(sim.Options{Seed: seed}), marketing, virginia).vpc("10.0.0.0/16")
	}
	if a, b := id(7), id(7); a != b || len(a) != len("vpc-0a1b2c3d4e5f60001") {
		t.Errorf("ids of one seed are %s and %s", a, b)
	}
	if a, b := id(7), id(8); a == b {
		t.Errorf("two seeds make the same id %s", a)
	}
}

// scrubbed is a record as JSON without the values that differ from run to run.
func scrubbed(t *testing.T, r apicall.Record) string {
	t.Helper()
	raw, err := json.MarshalIndent(map[string]any{
		"eventName": r.EventName, "requestParameters": r.RequestParameters, "responseElements": r.ResponseElements,
		"errorCode": r.ErrorCode, "errorMessage": r.ErrorMessage,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), r.RequestID, "REQUEST") + "\n"
}

// The shape is that of real records:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
func TestTrail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var records []apicall.Record
		p := newPair(t, sim.Options{Trail: func(r apicall.Record) { records = append(records, r) }}, virginia)
		table := p.asking.mainTable(p.requester)
		p.accepted(t)
		refused(t, p.deciding.reject(p.id), "InvalidStateTransition")
		refused(t, p.asking.route(table, "172.31.0.0/16", p.id), "no error")
		refused(t, p.asking.remove(p.id), "no error")
		records = records[2:] // the VPCs
		var names []string
		for _, r := range records {
			names = append(names, r.EventName)
			golden(t, r.EventName, scrubbed(t, r))
		}
		want := []string{"CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "RejectVpcPeeringConnection",
			"CreateRoute", "DeleteVpcPeeringConnection"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("reads must leave no record: %s", diff)
		}
		if records[1].Account != finance || records[1].Region != virginia {
			t.Errorf("Accept is recorded with %s in %s", records[1].Account, records[1].Region)
		}
	})
}

// golden compares with testdata. Without the file it writes it, for a person to read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	want, err := os.ReadFile(path)
	if err != nil {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was missing and has been written", path)
		return
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

func TestParametersOnTheTrail(t *testing.T) {
	t.Parallel()
	var last apicall.Record
	s := sim.New(sim.Options{Trail: func(r apicall.Record) { last = r }})
	_, _ = ask(t, s, "Action=CreateTags&ResourceId.1=vpc-1&Tag.1.Key=k&Tag.1.Value=9")
	want := map[string]any{
		"resourcesSet": map[string]any{"items": []any{map[string]any{"resourceId": "vpc-1"}}},
		"tagSet":       map[string]any{"items": []any{map[string]any{"key": "k", "value": "9"}}},
	}
	if diff := cmp.Diff(want, last.RequestParameters); diff != "" {
		t.Error(diff)
	}
	if last.ErrorCode != "Client.InvalidVpcID.NotFound" || last.ResponseElements != nil {
		t.Errorf("a failed call is recorded as %s, %v", last.ErrorCode, last.ResponseElements)
	}
	_, _ = ask(t, s,
		"Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22"+
			"&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8")
	want = map[string]any{"groupId": "sg-1", "ipPermissions": map[string]any{"items": []any{map[string]any{
		"ipProtocol": "tcp", "fromPort": 22,
		"ipRanges": map[string]any{"items": []any{map[string]any{"cidrIp": "10.0.0.0/8"}}},
		"groups":   map[string]any{}, "ipv6Ranges": map[string]any{}, "prefixListIds": map[string]any{},
	}}}}
	if diff := cmp.Diff(want, last.RequestParameters); diff != "" {
		t.Error(diff)
	}
}

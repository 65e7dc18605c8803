package ledger_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

var (
	cell  = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	other = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	a     = ledger.VPCKey{Cell: cell, ID: "vpc-a"}
	b     = ledger.VPCKey{Cell: other, ID: "vpc-b"}
	begun = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
)

// book enters records in a ledger whose connections are initiating for a second and provisioning for a minute.
type book struct {
	t *testing.T
	*ledger.Journal
	at time.Time
}

// newBook returns a book with the VPCs a and b, which have main route tables rtb-a and rtb-b and groups sg-a and sg-b.
func newBook(t *testing.T) *book {
	l := &book{t, ledger.NewJournal(time.Second, time.Minute), begun}
	for name, v := range map[string]ledger.VPCKey{"a": a, "b": b} {
		block := map[string]string{"a": "10.1.0.0/16", "b": "10.2.0.0/16"}[name]
		l.enter(v.Cell, "CreateVpc", `{}`, fmt.Sprintf(`{"vpc": {"vpcId": %q, "cidrBlock": %q}}`, v.ID, block))
		l.Enter(ledger.MainTable(l.at, v, "rtb-"+name))
		l.enter(v.Cell, "CreateSecurityGroup", fmt.Sprintf(`{"vpcId": %q}`, v.ID), fmt.Sprintf(`{"groupId": "sg-%s"}`, name))
	}
	return l
}

// enter enters a successful call of a person.
func (l *book) enter(cell peering.Cell, call, request, response string) {
	l.t.Helper()
	l.record(cell, call, "arn:aws:iam::111111111111:user/alice", request, response, "")
}

func (l *book) record(cell peering.Cell, call, arn, request, response, code string) {
	l.t.Helper()
	body := fmt.Sprintf(`{"eventName": %q, "userIdentity": {"arn": %q}, "requestParameters": %s, "responseElements": %s,`+
		` "errorCode": %q}`, call, arn, request, response, code)
	r, err := ledger.ParseRecord(cell, []byte(body), l.at)
	if err != nil {
		l.t.Fatal(err)
	}
	l.Enter(r)
}

// request enters a request for a connection.
func (l *book) request(id string, from, to ledger.VPCKey) {
	l.t.Helper()
	l.enter(from.Cell, "CreateVpcPeeringConnection", `{}`,
		fmt.Sprintf(`{"vpcPeeringConnection": {"vpcPeeringConnectionId": %q,
		"requesterVpcInfo": {"ownerId": %q, "region": %q, "vpcId": %q}, "accepterVpcInfo": {"ownerId": %q, "region": %q,
		"vpcId": %q}}}`,
			id, from.Account, from.Region, from.ID, to.Account, to.Region, to.ID))
}

func (l *book) decide(call, id string) {
	l.t.Helper()
	l.enter(other, call, fmt.Sprintf(`{"vpcPeeringConnectionId": %q}`, id), `{}`)
}

// wantState checks the state of pcx-1.
func (l *book) wantState(want ledger.State) {
	l.t.Helper()
	if got := l.State(l.Connections["pcx-1"], l.at); got != want {
		l.t.Errorf("pcx-1 after %v is %q, want %q", l.at.Sub(begun), got, want)
	}
}

func (l *book) pass(d time.Duration) { l.at = l.at.Add(d) }

func TestStatesOfAConnection(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.request("pcx-1", a, b)
	l.wantState(ledger.Initiating)
	l.pass(time.Second)
	l.wantState(ledger.Pending)
	l.decide("AcceptVpcPeeringConnection", "pcx-1")
	l.wantState(ledger.Provisioning)
	l.pass(30 * time.Second)
	l.decide("AcceptVpcPeeringConnection", "pcx-1") // has no effect
	l.pass(30 * time.Second)
	l.wantState(ledger.Active)
	l.decide("DeleteVpcPeeringConnection", "pcx-1")
	l.wantState(ledger.Dead)
}

func TestImpossibleRequestsFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(*book)
		to      ledger.VPCKey
		want    ledger.State
	}{
		{"a possible one", func(*book) {}, b, ledger.Pending},
		{"the accepter doesn't exist", func(*book) {}, ledger.VPCKey{Cell: other, ID: "vpc-none"}, ledger.Dead},
		{"a VPC of another account has the accepter's id", func(*book) {},
			ledger.VPCKey{Cell: cell, ID: "vpc-b"}, ledger.Dead},
		{"to the VPC itself", func(*book) {}, a, ledger.Dead},
		{"an earlier request has failed", func(l *book) {
			l.associate(b, "10.1.128.0/17")
			l.request("pcx-0", a, b)
			l.pass(time.Second)
			l.enter(b.Cell, "DisassociateVpcCidrBlock", `{}`,
				`{"vpcId": "vpc-b", "cidrBlockAssociation": {"cidrBlock": "10.1.128.0/17"}}`)
		}, b, ledger.Pending},
		{"IPv6 blocks overlap", func(l *book) {
			for _, v := range []ledger.VPCKey{a, b} {
				l.enter(v.Cell, "AssociateVpcCidrBlock", `{}`,
					fmt.Sprintf(`{"vpcId": %q, "ipv6CidrBlockAssociation": {"ipv6CidrBlock": "2600::/56"}}`, v.ID))
			}
		}, b, ledger.Dead},
		{"the blocks overlap", func(l *book) { l.associate(b, "10.1.128.0/17") }, b, ledger.Dead},
		{"the block that overlapped was disassociated", func(l *book) {
			l.associate(b, "10.1.128.0/17")
			l.enter(b.Cell, "DisassociateVpcCidrBlock", `{}`,
				`{"vpcId": "vpc-b", "cidrBlockAssociation": {"cidrBlock": "10.1.128.0/17"}}`)
		}, b, ledger.Pending},
		{"an earlier request in the opposite direction is open", func(l *book) {
			l.request("pcx-0", b, a)
		}, b, ledger.Pending},
		{"an earlier request was rejected", func(l *book) {
			l.request("pcx-0", a, b)
			l.decide("RejectVpcPeeringConnection", "pcx-0")
		}, b, ledger.Pending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newBook(t)
			tt.prepare(l)
			l.request("pcx-1", a, tt.to)
			l.pass(time.Second)
			l.wantState(tt.want)
		})
	}
}

func (l *book) associate(v ledger.VPCKey, block string) {
	l.t.Helper()
	l.enter(v.Cell, "AssociateVpcCidrBlock", `{}`,
		fmt.Sprintf(`{"vpcId": %q, "cidrBlockAssociation": {"cidrBlock": %q}}`, v.ID, block))
}

func TestANewBlockFailsPendingRequestsToItsVPC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		to     ledger.VPCKey
		block  string
		accept bool
		want   ledger.State
	}{
		{"it overlaps", b, "10.1.128.0/17", false, ledger.Dead},
		{"it doesn't overlap", b, "10.9.0.0/16", false, ledger.Pending},
		{"it overlaps, at the requester", a, "10.2.128.0/17", false, ledger.Pending},
		{"it overlaps after acceptance", b, "10.1.128.0/17", true, ledger.Active},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newBook(t)
			l.request("pcx-1", a, b)
			l.pass(time.Second)
			if tt.accept {
				l.decide("AcceptVpcPeeringConnection", "pcx-1")
			}
			l.pass(time.Minute)
			l.associate(tt.to, tt.block)
			l.wantState(tt.want)
		})
	}
}

func TestRefusedCallsChangeNothing(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.record(cell, "CreateRoute", "",
		`{"routeTableId": "rtb-a", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}`, `{}`, "RouteAlreadyExists")
	l.enter(cell, "RunInstances", `{}`, `{}`) // has no entry
	if lines := l.RouteLines(); len(lines) > 0 {
		t.Errorf("RouteLines() = %q, want none", lines)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.enter(cell, "CreateRoute",
		`{"CreateRouteRequest": {"RouteTableId": "rtb-a", "DestinationIpv6CidrBlock": "2600::/56", "GatewayId": "igw-1"}}`,
		`{}`)
	l.record(cell, "CreateRoute", "arn:aws:sts::111111111111:assumed-role/autopeer-connect-us-east-1/connect",
		`{"routeTableId": "rtb-a", "destinationCidrBlock": "10.2.0.0/16", "vpcPeeringConnectionId": "pcx-1"}`, `{}`, "")
	want := map[netip.Prefix]ledger.Route{
		netip.MustParsePrefix("2600::/56"):   {Target: "igw-1"},
		netip.MustParsePrefix("10.2.0.0/16"): {Target: "pcx-1", Ours: true},
	}
	equal := cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })
	if diff := cmp.Diff(want, l.RouteTables["rtb-a"].Routes, equal); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	l.enter(cell, "ReplaceRoute", `{"routeTableId": "rtb-a", "destinationCidrBlock": "10.2.0.0/16", "gatewayId": "igw-1"}`,
		`{}`)
	l.enter(cell, "DeleteRoute", `{"routeTableId": "rtb-a", "destinationIpv6CidrBlock": "2600::/56"}`, `{}`)
	if diff := cmp.Diff([]string{"rtb-a routes 10.2.0.0/16 to igw-1"}, l.RouteLines()); diff != "" {
		t.Errorf("RouteLines() (-want +got):\n%s", diff)
	}
}

func TestRouteTablesOfSubnets(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.enter(cell, "CreateRouteTable", `{}`, `{"routeTable": {"routeTableId": "rtb-1", "vpcId": "vpc-a"}}`)
	l.enter(cell, "CreateRouteTable", `{}`, `{"routeTable": {"routeTableId": "rtb-2", "vpcId": "vpc-a"}}`)
	l.enter(cell, "CreateSubnet", `{}`, `{"subnet": {"subnetId": "subnet-1", "vpcId": "vpc-a"}}`)
	want := func(table string) {
		t.Helper()
		if got := l.TableOf(l.Subnets["subnet-1"], a); got != table {
			t.Errorf("TableOf() = %s, want %s", got, table)
		}
	}
	want("rtb-a")
	l.enter(cell, "AssociateRouteTable", `{"subnetId": "subnet-1", "routeTableId": "rtb-1"}`,
		`{"associationId": "rtbassoc-1"}`)
	want("rtb-1")
	l.enter(cell, "ReplaceRouteTableAssociation", `{"associationId": "rtbassoc-1", "routeTableId": "rtb-2"}`,
		`{"newAssociationId": "rtbassoc-2"}`)
	want("rtb-2")
	// is gone
	l.enter(cell, "DisassociateRouteTable", `{"associationId": "rtbassoc-1"}`, `{}`)
	// is gone
	l.enter(cell, "ReplaceRouteTableAssociation", `{"associationId": "rtbassoc-1", "routeTableId": "rtb-1"}`,
		`{"newAssociationId": "rtbassoc-3"}`)
	want("rtb-2")
	if subnets := l.SubnetsOf(a); len(subnets) != 1 || subnets[0].ID != "subnet-1" || len(l.SubnetsOf(b)) != 0 {
		t.Errorf("SubnetsOf() = %v", subnets)
	}
	want("rtb-2")
	l.enter(cell, "DisassociateRouteTable", `{"associationId": "rtbassoc-2"}`, `{}`)
	want("rtb-a")
	l.enter(cell, "DeleteRouteTable", `{"routeTableId": "rtb-2"}`, `{}`)
	l.enter(cell, "DeleteSubnet", `{"subnetId": "subnet-1"}`, `{}`)
	if tables, subnets := l.RouteTablesOf(a), l.SubnetsOf(a); len(tables) != 2 ||
		tables[0].ID != "rtb-1" || len(subnets) != 0 {
		t.Errorf("after deletions there are %d route tables, the first %v, and %d subnets",
			len(tables), tables[0], len(subnets))
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.enter(cell, "AuthorizeSecurityGroupIngress",
		`{"groupId": "sg-a", "tagSpecificationSet": {"items": [{"tags": [{"key": "autopeer:connection", "value": `+
			`"pcx-1"}]}]}}`,
		`{"securityGroupRuleSet": {"items": [
			{"securityGroupRuleId": "sgr-1", "groupId": "sg-a", "isEgress": false, "ipProtocol": "tcp", "fromPort": 443,
			"toPort": 444, "cidrIpv4": "10.2.0.0/16"},
			{"securityGroupRuleId": "sgr-2", "groupId": "sg-a", "isEgress": true, "ipProtocol": "-1", "fromPort": -1,
			"toPort": -1, "cidrIpv6": "::/0"},
			{"securityGroupRuleId": "sgr-3", "groupId": "sg-a", "isEgress": false, "ipProtocol": "-1", "fromPort": -1,
			"toPort": -1, "referencedGroupInfo": {"groupId": "sg-b"}}]}}`)
	want := func(permissions ...string) {
		t.Helper()
		var got []string
		for _, r := range l.IngressRulesOf("sg-a") {
			got = append(got, r.String()+" for "+l.Tags[r.ID][peering.TagConnection])
		}
		if diff := cmp.Diff(permissions, got); diff != "" {
			t.Errorf("rules (-want +got):\n%s", diff)
		}
	}
	want("tcp 443 to 444 from 10.2.0.0/16 for pcx-1", "-1 -1 to -1 from sg-b for pcx-1")
	l.enter(cell, "RevokeSecurityGroupIngress", `{"groupId": "sg-a"}`,
		`{"revokedSecurityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-1"}]}}`)
	want("-1 -1 to -1 from sg-b for pcx-1")
	l.enter(cell, "DeleteSecurityGroup", `{"groupId": "sg-a"}`, `{}`)
	want()
	if groups := l.SecurityGroupsOf(a); len(groups) > 0 {
		t.Errorf("SecurityGroupsOf() = %v after the deletion", groups)
	}
}

func TestTagsOfAConnectionAreThoseOfOneCell(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.request("pcx-12345678901234567", a, b)
	c := l.Connections["pcx-12345678901234567"]
	tags := `{"resourcesSet": {"items": [{"resourceId": "pcx-12345678901234567"}, {"resourceId": "rtb-b"}]}, "tagSet": ` +
		`{"items": [{"key": "Name", "value": "x"}]}}`
	l.enter(other, "CreateTags", tags, `{}`)
	if l.TagsOn(c, other)["Name"] != "x" || l.TagsOn(c, cell)["Name"] != "" || l.Tags["rtb-b"]["Name"] != "x" {
		t.Errorf("tags = %v", l.Tags)
	}
	l.enter(cell, "DeleteTags", tags, `{}`) // of the requester's side, which has none
	if l.TagsOn(c, other)["Name"] != "x" {
		t.Errorf("tags = %v after tags of the other side were deleted", l.Tags)
	}
	l.enter(other, "DeleteTags", tags, `{}`)
	if l.TagsOn(c, other)["Name"] != "" {
		t.Errorf("tags = %v after their deletion", l.Tags)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.request("pcx-1", a, b)
	c := l.Connections["pcx-1"]
	l.pass(time.Minute)
	l.request("pcx-1", a, b) // is answered with the one that exists
	if diff := cmp.Diff([]string{"pcx-1"}, l.Requests); diff != "" || l.Connections["pcx-1"] != c {
		t.Errorf("a repeated request was entered (-want +got):\n%s", diff)
	}
	l.enter(other, "ModifyVpcPeeringConnectionOptions",
		`{"vpcPeeringConnectionId": "pcx-1", "accepterPeeringConnectionOptions": {"allowDnsResolutionFromRemoteVpc": true}}`,
		`{}`)
	if !c.DNS[peering.Accepter] || c.DNS[peering.Requester] {
		t.Errorf("DNS = %v, want the accepter's", c.DNS)
	}
	l.enter(cell, "ModifyVpcPeeringConnectionOptions",
		`{"vpcPeeringConnectionId": "pcx-1", "requesterPeeringConnectionOptions": {"allowDnsResolutionFromRemoteVpc": true}}`,
		`{}`)
	l.enter(other, "ModifyVpcPeeringConnectionOptions",
		`{"vpcPeeringConnectionId": "pcx-1", "accepterPeeringConnectionOptions": {"allowDnsResolutionFromRemoteVpc": false}}`,
		`{}`)
	if c.DNS[peering.Accepter] || !c.DNS[peering.Requester] {
		t.Errorf("DNS = %v, want the requester's", c.DNS)
	}
	if got := c.Roles(other); len(got) != 1 || got[0] != peering.Accepter || c.VPC(got[0]) != b {
		t.Errorf("Roles(%s) = %v", other, got)
	}
	want := []string{"pcx-1", "vpc-a", "rtb-a", "sg-a", "vpc-b", "rtb-b", "sg-b"}
	if diff := cmp.Diff(want, l.RelatedIDs(c)); diff != "" {
		t.Errorf("RelatedIDs() (-want +got):\n%s", diff)
	}
}

func TestTheJournalRebuildsEarlierStates(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.request("pcx-1", a, b)
	l.pass(10 * time.Second)
	l.decide("AcceptVpcPeeringConnection", "pcx-1")
	l.pass(2 * time.Minute)
	l.decide("DeleteVpcPeeringConnection", "pcx-1")
	l.pass(time.Minute)
	was := func(state ledger.State, memory time.Duration) bool {
		return l.WasEver(l.at, memory, func(past *ledger.Ledger, at time.Time) bool {
			c := past.Connections["pcx-1"]
			return c != nil && past.State(c, at) == state
		})
	}
	for _, tt := range []struct {
		state  ledger.State
		memory time.Duration
		want   bool
	}{
		{ledger.Dead, time.Second, true},
		{ledger.Active, time.Second, false},
		{ledger.Active, 2 * time.Minute, true},
		{ledger.Provisioning, time.Hour, true},
		{ledger.Pending, time.Hour, true},
		{ledger.Initiating, time.Hour, true},
		{ledger.Initiating, time.Second, false},
	} {
		if got := was(tt.state, tt.memory); got != tt.want {
			t.Errorf("WasEver(%v) for state %s = %v, want %v", tt.memory, tt.state, got, tt.want)
		}
	}
}

func TestChangedSinceCountsAutopeersCalls(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	l.pass(time.Hour)
	l.enter(cell, "CreateTags", `{}`, `{}`)
	l.record(cell, "CreateTags", "arn:aws:sts::111111111111:assumed-role/autopeer-connect-us-east-1/connect", `{}`,
		`{}`, "RequestLimitExceeded")
	if l.ChangedSince(begun) {
		t.Error("ChangedSince() counts calls of people or refused calls")
	}
	l.record(cell, "CreateTags", "arn:aws:sts::111111111111:assumed-role/autopeer-connect-us-east-1/connect",
		`{}`, `{}`, "")
	if !l.ChangedSince(begun) || l.ChangedSince(l.at) {
		t.Error("ChangedSince() doesn't count a call after an instant, or counts one at it")
	}
}

func TestBesideAddsTheOtherLedgersConnections(t *testing.T) {
	t.Parallel()
	past, now := newBook(t), newBook(t)
	past.request("pcx-1", a, b)
	now.enter(cell, "CreateRoute", `{"routeTableId": "rtb-a", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}`,
		`{}`)
	p := &plainpolicy.Policy{}
	mixed := past.Beside(now.Ledger, p)
	if len(mixed.Connections) != 1 || len(mixed.RouteLines()) != 1 || mixed.Policy != p || len(past.RouteLines()) != 0 {
		t.Errorf("Beside() has %d connections and routes %v", len(mixed.Connections), mixed.RouteLines())
	}
}

func TestADeploymentReplacesThePolicy(t *testing.T) {
	t.Parallel()
	l := newBook(t)
	p := &plainpolicy.Policy{Reject: true}
	l.Enter(ledger.Deployment(l.at, p))
	if l.Policy != p {
		t.Errorf("Policy = %v, want the one that was deployed", l.Policy)
	}
}

func TestRecordsNameTheirSubjects(t *testing.T) {
	t.Parallel()
	r, err := ledger.ParseRecord(cell, []byte(`{"eventName": "CreateRoute",
	"userIdentity": {"arn": "arn:aws:sts::111111111111:assumed-role/autopeer-connect-us-east-1/connect"},
		"requestParameters": {"routeTableId": "rtb-1", "destinationCidrBlock": "10.2.0.0/16",
		"vpcPeeringConnectionId": "pcx-00000000000000001"}}`), begun)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pcx-00000000000000001", "rtb-1"}, r.Subjects()); diff != "" {
		t.Errorf("Subjects() (-want +got):\n%s", diff)
	}
	if r.Function != "connect" || r.Connection() != "pcx-00000000000000001" || r.Target() != r.Connection() ||
		r.RouteTable() != "rtb-1" {
		t.Errorf("ParseRecord() = %+v", r)
	}
}

func TestRecordsOfTags(t *testing.T) {
	t.Parallel()
	r, err := ledger.ParseRecord(cell, []byte(`{"eventName": "CreateTags", "requestParameters": {
		"resourcesSet": {"items": [{"resourceId": "pcx-1"}]}, "tagSet": {"items": [{"key": "b", "value": "1"}, {"key": "a",
		"value": "2"}]}}}`), begun)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pcx-1"}, r.Tagged()); diff != "" {
		t.Errorf("Tagged() (-want +got):\n%s", diff)
	}
	// sorted, because the SDK sends them in random order
	if diff := cmp.Diff([]string{"a", "b"}, r.TagKeys()); diff != "" {
		t.Errorf("TagKeys() (-want +got):\n%s", diff)
	}
	if r.Function != "" || r.ConnectionTag() != "" {
		t.Errorf("the record of a person has function %q and connection %q", r.Function, r.ConnectionTag())
	}
}

func TestRecordsOfRules(t *testing.T) {
	t.Parallel()
	r, err := ledger.ParseRecord(cell, []byte(`{"requestParameters": {"tagSpecificationSet": {"items": [
		{"tags": [{"key": "Name", "value": "x"}, {"key": "autopeer:connection", "value": "pcx-1"}]}]}}}`), begun)
	if err != nil || r.ConnectionTag() != "pcx-1" {
		t.Errorf("ConnectionTag() = %q, %v, want pcx-1", r.ConnectionTag(), err)
	}
}

func TestAMalformedRecordIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := ledger.ParseRecord(cell, []byte(`{"eventName": 1}`), begun); err == nil {
		t.Error("ParseRecord() returned no error")
	}
}

func TestHistoryLinesOfRecords(t *testing.T) {
	t.Parallel()
	parse := func(body string) ledger.Record {
		r, err := ledger.ParseRecord(cell, []byte(body), begun)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, tt := range []struct {
		record ledger.Record
		want   string
	}{
		{parse(`{"eventName": "CreateTags", "requestParameters": {"tagSet": {"items": [{"key": "a", "value": "1"}]}}}`),
			"a person in 111111111111/us-east-1: CreateTags tagSet:key:a value:1"},
		{parse(`{"eventName": "CreateRoute", "errorCode": "RouteAlreadyExists",
		"requestParameters": {"routeTableId": "rtb-1"},
			"userIdentity": {"arn": "arn:aws:sts::111111111111:assumed-role/autopeer-connect-us-east-1/connect"}}`),
			"autopeer-connect in 111111111111/us-east-1: CreateRoute routeTableId:rtb-1 was refused: RouteAlreadyExists"},
		{parse(`{"eventName": "CreateVpcPeeringConnection", "requestParameters": {"vpcId": "vpc-a"},
			"responseElements": {"vpcPeeringConnection": {"vpcPeeringConnectionId": "pcx-00000000000000001"}}}`),
			"a person in 111111111111/us-east-1: CreateVpcPeeringConnection vpcId:vpc-a → pcx-00000000000000001"},
		{parse(`{"eventName": "DeleteVpcPeeringConnection", "requestParameters": {"vpcPeeringConnectionId": ` +
			`"pcx-00000000000000001"}}`),
			"a person in 111111111111/us-east-1: DeleteVpcPeeringConnection vpcPeeringConnectionId:pcx-00000000000000001"},
		{ledger.Deployment(begun, &plainpolicy.Policy{}), "policy deployed\nversion: 1\ndepartments:\npeerings: []\n"},
	} {
		if diff := cmp.Diff(tt.want, tt.record.String()); diff != "" {
			t.Errorf("String() (-want +got):\n%s", diff)
		}
	}
}

package ec2_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// numbered makes the ids vpc-1, vpc-2, rtb-1 and so on.
func numbered() func(prefix string) string {
	count := map[string]int{}
	return func(prefix string) string {
		count[prefix]++
		return fmt.Sprint(prefix, count[prefix])
	}
}

// records are the calls of one run with CloudTrail's record of each, without the id of the request. The VPC vpc-1 has
// the main table rtb-1, the default group sg-1 and the default network ACL acl-1.
var records = []struct {
	name, query, request, response string
}{
	{"AssociateVpcCidrBlock is nested, as newer calls are", "VpcId=vpc-1&CidrBlock=10.11.0.0/16",
		`{"AssociateVpcCidrBlockRequest": {"VpcId": "vpc-1", "CidrBlock": "10.11.0.0/16"}}`,
		`{"AssociateVpcCidrBlockResponse": {"xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "vpcId": "vpc-1",
		"requestId": "REQUEST",
			"cidrBlockAssociation": {"associationId": "vpc-cidr-assoc-2", "cidrBlock": "10.11.0.0/16",
			"cidrBlockState": {"state": "associating"}}}}`},
	{"AssociateVpcCidrBlock of an IPv6 block", "VpcId=vpc-1&AmazonProvidedIpv6CidrBlock=true",
		`{"AssociateVpcCidrBlockRequest": {"VpcId": "vpc-1", "AmazonProvidedIpv6CidrBlock": true}}`,
		`{"AssociateVpcCidrBlockResponse": {"xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "vpcId": "vpc-1",
		"requestId": "REQUEST",
			"ipv6CidrBlockAssociation": {"associationId": "vpc-cidr-assoc-3", "ipv6CidrBlock": "2600:1f18:0:100::/56",
			"ipv6CidrBlockState": {"state": "associating"}}}}`},
	{"DisassociateVpcCidrBlock is nested too", "AssociationId=vpc-cidr-assoc-2",
		`{"DisassociateVpcCidrBlockRequest": {"AssociationId": "vpc-cidr-assoc-2"}}`,
		`{"DisassociateVpcCidrBlockResponse": {"xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "vpcId": "vpc-1",
		"requestId": "REQUEST",
			"cidrBlockAssociation": {"associationId": "vpc-cidr-assoc-2", "cidrBlock": "10.11.0.0/16",
			"cidrBlockState": {"state": "disassociating"}}}}`},
	{"CreateSubnet has its tags in a set",
		"VpcId=vpc-1&CidrBlock=10.10.1.0/24&TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=k" +
			"&TagSpecification.1.Tag.1.Value=v",
		`{"vpcId": "vpc-1", "cidrBlock": "10.10.1.0/24", "tagSpecificationSet": {"items": [{"resourceType": "subnet", ` +
			`"tags": [{"key": "k", "value": "v"}]}]}}`,
		`{"requestId": "REQUEST", "subnet": {"subnetId": "subnet-1",
		"subnetArn": "arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1", "vpcId": "vpc-1",
			"ownerId": "111111111111", "state": "available", "cidrBlock": "10.10.1.0/24", "ipv6CidrBlockAssociationSet": {},
			"availabilityZone": "us-east-1a","availabilityZoneId": "use1-az1",
			"availableIpAddressCount": 251, "defaultForAz": false, "mapPublicIpOnLaunch": false,
			"assignIpv6AddressOnCreation": false, "enableDns64": false, "ipv6Native": false, "privateDnsNameOptionsOnLaunch":
			{"hostnameType": "ip-name", "enableResourceNameDnsARecord": false, "enableResourceNameDnsAAAARecord": false},
			"tagSet": {"items": [{"key": "k", "value": "v"}]}}}`},
	{"CreateRouteTable shows the local routes", "VpcId=vpc-1",
		`{"vpcId": "vpc-1"}`,
		`{"requestId": "REQUEST", "routeTable": {"routeTableId": "rtb-2", "vpcId": "vpc-1", "ownerId": "111111111111",
		"routeSet": {"items": [
			{"destinationCidrBlock": "10.10.0.0/16", "gatewayId": "local", "state": "active", "origin": "CreateRouteTable"},
			{"destinationIpv6CidrBlock": "2600:1f18:0:100::/56", "gatewayId": "local", "state": "active",
			"origin": "CreateRouteTable"}]},
			"associationSet": {}, "propagatingVgwSet": {}, "tagSet": {}}}`},
	{"AssociateRouteTable", "RouteTableId=rtb-2&SubnetId=subnet-1",
		`{"routeTableId": "rtb-2", "subnetId": "subnet-1"}`,
		`{"requestId": "REQUEST", "associationId": "rtbassoc-2", "associationState": {"state": "associated"}}`},
	{"ReplaceRouteTableAssociation", "AssociationId=rtbassoc-2&RouteTableId=rtb-1",
		`{"associationId": "rtbassoc-2", "routeTableId": "rtb-1"}`,
		`{"requestId": "REQUEST", "newAssociationId": "rtbassoc-3", "associationState": {"state": "associated"}}`},
	{"DisassociateRouteTable has a state", "AssociationId=rtbassoc-3", `{"associationId": "rtbassoc-3"}`,
		`{"requestId": "REQUEST", "_return": true, "associationState": {"state": "disassociating"}}`},
	{"DeleteRouteTable", "RouteTableId=rtb-2", `{"routeTableId": "rtb-2"}`, returned},
	{"CreateSecurityGroup", "VpcId=vpc-1&GroupName=servers&GroupDescription=d",
		`{"vpcId": "vpc-1", "groupName": "servers", "groupDescription": "d"}`,
		`{"requestId": "REQUEST", "_return": true, "groupId": "sg-2", "tagSet": {}, "securityGroupArn": ` +
			`"arn:aws:ec2:us-east-1:111111111111:security-group/sg-2"}`},
	{"AuthorizeSecurityGroupIngress has empty lists of sources",
		"GroupId=sg-2&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8",
		`{"groupId": "sg-2", "ipPermissions": {"items": [{"ipProtocol": "-1", "groups": {},
		"ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]},
			"ipv6Ranges": {}, "prefixListIds": {}}]}}`,
		`{"requestId": "REQUEST", "_return": true, "securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-6",
		"groupId": "sg-2", "groupOwnerId": "111111111111",
			"isEgress": false, "ipProtocol": "-1", "fromPort": -1, "toPort": -1, "cidrIpv4": "10.0.0.0/8", "tagSet": {},
			"securityGroupRuleArn": "arn:aws:ec2:us-east-1:111111111111:security-group-rule/sgr-6"}]}}`},
	{"RevokeSecurityGroupIngress has no permissions beside cidrIp", "GroupId=sg-2&IpProtocol=-1&CidrIp=10.0.0.0/8",
		`{"groupId": "sg-2", "ipProtocol": "-1", "cidrIp": "10.0.0.0/8", "ipPermissions": {}}`,
		`{"requestId": "REQUEST", "_return": true, "unknownIpPermissionSet": {}, "revokedSecurityGroupRuleSet": {"items": [
			{"securityGroupRuleId": "sgr-6", "groupId": "sg-2", "isEgress": false, "ipProtocol": "-1", "fromPort": -1,
			"toPort": -1, "cidrIpv4": "10.0.0.0/8"}]}}`},
	{"CreateNetworkAclEntry has empty structures",
		"NetworkAclId=acl-1&RuleNumber=90&Protocol=-1&RuleAction=allow&Egress=false&CidrBlock=10.0.0.0/8",
		`{"networkAclId": "acl-1", "ruleNumber": 90, "aclProtocol": "-1", "ruleAction": "allow", "egress": false,
		"cidrBlock": "10.0.0.0/8",
			"icmpTypeCode": {}, "portRange": {}}`, returned},
	{"ReplaceNetworkAclEntry with ICMP",
		"NetworkAclId=acl-1&RuleNumber=90&Protocol=1&RuleAction=deny&Egress=false&CidrBlock=10.0.0.0/8&Icmp.Type=8" +
			"&Icmp.Code=-1",
		`{"networkAclId": "acl-1", "ruleNumber": 90, "aclProtocol": "1", "ruleAction": "deny", "egress": false,
		"cidrBlock": "10.0.0.0/8",
			"icmpTypeCode": {"type": 8, "code": -1}, "portRange": {}}`, returned},
	{"CreateNetworkAclEntry with ports",
		"NetworkAclId=acl-1&RuleNumber=91&Protocol=6&RuleAction=allow&Egress=true&CidrBlock=10.0.0.0/8&PortRange.From=22" +
			"&PortRange.To=23",
		`{"networkAclId": "acl-1", "ruleNumber": 91, "aclProtocol": "6", "ruleAction": "allow", "egress": true,
		"cidrBlock": "10.0.0.0/8",
			"icmpTypeCode": {}, "portRange": {"from": 22, "to": 23}}`, returned},
	{"CreateTags names resources and tags in sets",
		"ResourceId.1=sg-2&ResourceId.2=subnet-1&Tag.1.Key=k&Tag.1.Value=true&Tag.2.Key=l&Tag.2.Value=",
		`{"resourcesSet": {"items": [{"resourceId": "sg-2"}, {"resourceId": "subnet-1"}]}, "tagSet": {"items": [{"key": ` +
			`"k", "value": "true"}, {"key": "l", "value": ""}]}}`,
		returned},
	{"DeleteTags may leave out the value", "ResourceId.1=sg-2&Tag.1.Key=k",
		`{"resourcesSet": {"items": [{"resourceId": "sg-2"}]}, "tagSet": {"items": [{"key": "k"}]}}`, returned},
	{"DeleteSecurityGroup", "GroupId=sg-2", `{"groupId": "sg-2"}`, returned},
	{"DeleteSubnet", "SubnetId=subnet-1", `{"subnetId": "subnet-1"}`, returned},
}

const returned = `{"requestId": "REQUEST", "_return": true}`

// The shapes are those of 1,129 real records in three public data sets, and of
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
func TestRecords(t *testing.T) {
	t.Parallel()
	var last apicall.Record
	s := sim.New(sim.Options{NewID: numbered(), Trail: func(r apicall.Record) { last = r }})
	if status, body := ask(t, s, "Action=CreateVpc&CidrBlock=10.10.0.0/16"); status != 200 {
		t.Fatal(body)
	}
	for _, tt := range records {
		action, _, _ := strings.Cut(tt.name, " ")
		if status, body := ask(t, s, "Action="+action+"&Version=2016-11-15&"+tt.query); status != 200 {
			t.Errorf("%s: %s", tt.name, body)
		}
		if last.EventName != action || last.ErrorCode != "" {
			t.Errorf("%s: the record is of %s %s", tt.name, last.EventName, last.ErrorCode)
		}
		if diff := cmp.Diff(parsed(t, tt.request), asJSON(t, last, last.RequestParameters)); diff != "" {
			t.Errorf("%s: requestParameters: %s", tt.name, diff)
		}
		if diff := cmp.Diff(parsed(t, tt.response), asJSON(t, last, last.ResponseElements)); diff != "" {
			t.Errorf("%s: responseElements: %s", tt.name, diff)
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// asJSON returns a part of a record as its receivers read it, with a name for the id of the request.
func asJSON(t *testing.T, r apicall.Record, part map[string]any) any {
	t.Helper()
	text, err := json.Marshal(part)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, strings.ReplaceAll(string(text), r.RequestID, "REQUEST"))
}

func TestAFailedNestedCallHasNoAnswer(t *testing.T) {
	t.Parallel()
	var last apicall.Record
	s := sim.New(sim.Options{Trail: func(r apicall.Record) { last = r }})
	_, _ = ask(t, s, "Action=AssociateVpcCidrBlock&VpcId=vpc-1&CidrBlock=10.11.0.0/16")
	want := `{"AssociateVpcCidrBlockRequest": {"VpcId": "vpc-1", "CidrBlock": "10.11.0.0/16"}}`
	if diff := cmp.Diff(parsed(t, want), asJSON(t, last, last.RequestParameters)); diff != "" ||
		last.ErrorCode != "Client.InvalidVpcID.NotFound" || last.ResponseElements != nil {
		t.Errorf("it is recorded as %s, %v: %s", last.ErrorCode, last.ResponseElements, diff)
	}
}

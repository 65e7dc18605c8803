package hint_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// recorded is the event of a CloudTrail record with the fields that most of 1,129 real records of three data sets have,
// tlsDetails among them. The ids are our own.
func recorded(t *testing.T, version, name, request, response string) []byte {
	t.Helper()
	text := `{"version":"0","id":"8f1d6bd0-5c0a-4b8e-9d5e-0f4a6f2b7c20","detail-type":"AWS API Call via CloudTrail",
	"source":"aws.ec2",
		"account":"111111111111","time":"2026-06-08T08:00:00Z","region":"us-east-1","resources":[],"detail":{
		"eventVersion":"` + version + `","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:ann","arn":"` + ann + `",
			"accountId":"111111111111","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role",
			"principalId":"AROAEXAMPLE",
			"arn":"arn:aws:iam::111111111111:role/admin","accountId":"111111111111","userName":"admin"},"webIdFederationData":{},
			"attributes":{"creationDate":"2026-06-08T07:00:00Z","mfaAuthenticated":"false"}}},
		"eventTime":"2026-06-08T08:00:00Z","eventSource":"ec2.amazonaws.com",
		"eventName":"` + name + `","awsRegion":"us-east-1",
		"sourceIPAddress":"192.0.2.10","userAgent":"aws-cli/2.34.0",
		"requestParameters":` + request + `,"responseElements":` + response + `,
		"requestID":"b33724be-86ca-470a-b006-0983aee889ec","eventID":"1c2d3e4f-0001-4000-8000-000000000030","readOnly":false,
		"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111111111111","eventCategory":"Management",
		"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",
		"clientProvidedHostHeader":"ec2.us-east-1.amazonaws.com"}}}`
	if !json.Valid([]byte(text)) {
		t.Fatalf("the sample isn't JSON: %s", text)
	}
	return []byte(text)
}

const done = `{"requestId":"b33724be-86ca-470a-b006-0983aee889ec","_return":true}`

// TestRecordedChanges: the records have empty lists and structures as {}, ipPermissions beside cidrIp, the states of
// associations, and the newer fields of subnets.
func TestRecordedChanges(t *testing.T) {
	t.Parallel()
	edit := func(items ...string) hint.Change {
		edits := hint.Edits{}
		for _, item := range items {
			edits[item] = hint.Edit{By: []string{ann}, At: swept}
		}
		return hint.Change{Edits: edits}
	}
	changed := hint.Change{Changed: true}
	for _, tt := range []struct {
		name, call, request, response string
		want                          hint.Change
	}{
		{"a permission with empty lists", "AuthorizeSecurityGroupIngress",
			`{"groupId":"sg-0a1b2c3d4e5f60001","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,
			"groups":{},
				"ipRanges":{"items":[{"cidrIp":"10.0.0.0/16"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`,
			`{"requestId":"b33724be-86ca-470a-b006-0983aee889ec","_return":true,
			"securityGroupRuleSet":{"items":[{"groupOwnerId":"111111111111",
				"groupId":"sg-0a1b2c3d4e5f60001","securityGroupRuleId":"sgr-0a1b2c3d4e5f60001","isEgress":false,"ipProtocol":"tcp",
				"fromPort":22,
				"toPort":22,"cidrIpv4":"10.0.0.0/16"}]}}`, edit("sg-0a1b2c3d4e5f60001 added")},
		{"a block without permissions", "RevokeSecurityGroupIngress",
			`{"groupId":"sg-0a1b2c3d4e5f60001","ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIp":"10.0.0.0/16",` +
				`"ipPermissions":{}}`,
			`{"requestId":"b33724be-86ca-470a-b006-0983aee889ec","_return":true,"unknownIpPermissionSet":{}}`,
			edit("sg-0a1b2c3d4e5f60001 removed")},
		{"a call in a wrapper", "ModifySecurityGroupRules",
			`{"ModifySecurityGroupRulesRequest":{"GroupId":"sg-0a1b2c3d4e5f60001",
			"SecurityGroupRule":{"SecurityGroupRuleId":"sgr-0a1b2c3d4e5f60001",
				"SecurityGroupRule":{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIpv4":"10.0.0.0/16"},"tag":1}}}`,
			`{"ModifySecurityGroupRulesResponse":{"xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/","requestId":"b33724be",` +
				`"return":true}}`,
			edit("sg-0a1b2c3d4e5f60001 added", "sg-0a1b2c3d4e5f60001 removed")},
		{"a route", "CreateRoute",
			`{"routeTableId":"rtb-0a1b2c3d4e5f60001","destinationCidrBlock":"10.1.0.0/16",` +
				`"vpcPeeringConnectionId":"pcx-09cc395f56ffead9e"}`,
			done, edit("rtb-0a1b2c3d4e5f60001 10.1.0.0/16")},
		{"an association that ends", "DisassociateRouteTable", `{"associationId":"rtbassoc-0a1b2c3d4e5f60001"}`,
			`{"requestId":"b33724be-86ca-470a-b006-0983aee889ec","_return":true,"associationState":{"state":"disassociating"}}`,
			changed},
		{"a subnet with the newer fields", "CreateSubnet", `{"vpcId":"vpc-0a1b2c3d4e5f60001","cidrBlock":"10.0.1.0/24"}`,
			`{"requestId":"b33724be-86ca-470a-b006-0983aee889ec","subnet":{"subnetId":"subnet-0a1b2c3d4e5f60001",
			"state":"available",
				"vpcId":"vpc-0a1b2c3d4e5f60001","cidrBlock":"10.0.1.0/24","enableDns64":false,"ipv6Native":false,
				"assignIpv6AddressOnCreation":false,
				"ipv6CidrBlockAssociationSet":{},"tagSet":{},"privateDnsNameOptionsOnLaunch":{"hostnameType":"ip-name",
				"enableResourceNameDnsARecord":false,"enableResourceNameDnsAAAARecord":false}}}`, changed},
		{"a change of options", "ModifyVpcPeeringConnectionOptions", `{"vpcPeeringConnectionId":"pcx-09cc395f56ffead9e",
			"requesterPeeringConnectionOptions":{"allowDnsResolutionFromRemoteVpc":true}}`, done, edit("pcx-09cc395f56ffead9e options")},
		{"a request without parameters", "DeleteSecurityGroup", `null`, `null`, changed},
	} {
		for _, version := range []string{"1.05", "1.08", "1.11"} {
			got, err := hint.Parse(recorded(t, version, tt.call, tt.request, tt.response))
			if diff := cmp.Diff(isNew(tt.want), got.Sweep); diff != "" || err != nil || got.Kind != hint.Swept {
				t.Errorf("%s, version %s: %v, %v (-want +got):\n%s", tt.name, version, got.Kind, err, diff)
			}
		}
	}
}

// TestRecordedCallsBesideAutopeer: calls that change no route, rule or association lead to nothing.
func TestRecordedCallsBesideAutopeer(t *testing.T) {
	t.Parallel()
	got, err := hint.Parse(recorded(t, "1.08", "CreateNetworkAclEntry", `{"networkAclId":"acl-0a1b2c3d4e5f60001",
	"ruleNumber":90,"egress":false,
		"ruleAction":"allow","icmpTypeCode":{},"portRange":{},"aclProtocol":"-1","cidrBlock":"10.0.0.0/16"}`, done))
	if want := "CreateNetworkAclEntry of ec2.amazonaws.com is not an autopeer event"; err != nil ||
		got.Kind != hint.Ignored || got.Why != want {
		t.Errorf("Parse() = %+v, %v; want that %s", got, err, want)
	}
}

// TestRecordedRequests: the ids of a connection are those of 8 or 17 digits, and older records leave out the Region.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	const response = `{"requestId":"b33724be-86ca-470a-b006-0983aee889ec",
	"vpcPeeringConnection":{"vpcPeeringConnectionId":"PCX",
		"requesterVpcInfo":{"ownerId":"111111111111","vpcId":"vpc-0a1b2c3d4e5f60001","cidrBlock":"10.10.0.0/16"},
		"accepterVpcInfo":{"ownerId":"222222222222","vpcId":"vpc-0a1b2c3d"},"status":{"code":"initiating-request",
		"message":"Initiating Request to 222222222222"},"expirationTime":"Jun 15, 2026 7:37:56 AM","tagSet":{}}}`
	for _, id := range []peering.ConnectionID{"pcx-09cc395f56ffead9e", "pcx-0a1b2c3d"} {
		got, err := hint.Parse(recorded(t, "1.08", "CreateVpcPeeringConnection", `{"vpcId":"vpc-0a1b2c3d4e5f60001",
		"peerVpcId":"vpc-0a1b2c3d",
			"peerOwnerId":"222222222222"}`, strings.Replace(response, "PCX", string(id), 1)))
		want := hint.Hint{
			Kind: hint.Requested, EventID: "1c2d3e4f-0001-4000-8000-000000000030", Connection: id, Origin: requester.Cell(),
			At: swept, RequestedAt: swept,
			Requester: peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-0a1b2c3d4e5f60001"},
			Accepter:  peering.VPC{Owner: "222222222222", Region: "us-east-1", ID: "vpc-0a1b2c3d"},
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(peering.VPC.Same)); err != nil || diff != "" {
			t.Errorf("Parse() fails with %v (-want +got):\n%s", err, diff)
		}
	}
}

package ec2_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// script is a cloud that is called line by line. Its ids are counted by type, so that a line can name a resource of an
// earlier one.
type script struct {
	service *sim.Service
	made    map[string]int
}

func newScript() *script {
	s := &script{made: map[string]int{}}
	s.service = sim.New(sim.Options{NewID: func(prefix string) string {
		s.made[prefix]++
		return fmt.Sprintf("%s%d", prefix, s.made[prefix])
	}})
	return s
}

// call makes a call of marketing's, or of finance's.
func (s *script) call(t *testing.T, account, query string) (status int, answer string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(query))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	call := &apicall.Call{Caller: apicall.Caller{Account: account, Region: virginia}}
	s.service.ServeHTTP(w, r.WithContext(apicall.With(r.Context(), call)))
	return w.Code, requestID.ReplaceAllString(w.Body.String(), "")
}

var requestID = regexp.MustCompile(`(?i)<requestId>[^<]*</requestId>`)

// state is all that both accounts are shown.
func (s *script) state(t *testing.T) (all []string) {
	t.Helper()
	for _, account := range []string{marketing, finance} {
		for _, action := range sim.Actions() {
			if things, ok := strings.CutPrefix(action, "Describe"); ok && things != "VpcAttribute" &&
				things != "StaleSecurityGroups" {
				_, answer := s.call(t, account, "Action="+action)
				all = append(all, answer)
			}
		}
	}
	return all
}

// FuzzCalls checks EC2's rules: every answer is XML, an error has a code, and a call that is refused, tried with DryRun
// or only describes changes nothing.
func FuzzCalls(f *testing.F) {
	f.Add(`Action=CreateVpc&CidrBlock=10.10.0.0/16
Action=DescribeVpcs&VpcId.1=vpc-1&Filter.1.Name=cidr&Filter.1.Value.1=10.*
Action=CreateVpc&CidrBlock=10.10.0.18/16&DryRun=true
Action=CreateSubnet&VpcId=vpc-1&CidrBlock=10.10.1.0/24&TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=Tier
Action=DescribeSubnets&MaxResults=x`)
	f.Add(`Action=CreateVpc&CidrBlock=10.10.0.0/16
2 Action=CreateVpc&CidrBlock=172.31.0.0/16
Action=CreateVpcPeeringConnection&VpcId=vpc-1&PeerVpcId=vpc-2&PeerOwnerId=222222222222
Action=AcceptVpcPeeringConnection&VpcPeeringConnectionId=pcx-1
2 Action=AcceptVpcPeeringConnection&VpcPeeringConnectionId=pcx-1
Action=CreateRoute&RouteTableId=rtb-1&DestinationCidrBlock=172.31.0.0/16&VpcPeeringConnectionId=pcx-1
Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=pcx-1&RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=maybe
Action=DeleteVpcPeeringConnection&VpcPeeringConnectionId=pcx-1`)
	f.Add(`Action=CreateVpc&CidrBlock=10.10.0.0/16
Action=CreateSecurityGroup&GroupName=a&GroupDescription=b&VpcId=vpc-1
Action=AuthorizeSecurityGroupIngress&GroupId=sg-2&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=x
Action=AuthorizeSecurityGroupIngress&GroupId=sg-2&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1.Groups.1.GroupId=sg-9
Action=CreateNetworkAclEntry&NetworkAclId=acl-1&RuleNumber=90&Protocol=6&PortRange.From=22&PortRange.To=22&RuleAction=deny&CidrBlock=0.0.0.0/0
Action=RevokeSecurityGroupIngress&GroupId=sg-2&SecurityGroupRuleId.1=sgr-9
Action=DeleteVpc&VpcId=vpc-1
Action=DeleteTags&ResourceId.1=vpc-1&Tag.1.Key=<b>`)
	f.Fuzz(func(t *testing.T, text string) {
		s := newScript()
		lines := strings.Split(text, "\n")
		before := s.state(t)
		for _, line := range lines[:min(len(lines), 20)] {
			account, query := marketing, line
			if rest, ok := strings.CutPrefix(line, "2 "); ok {
				account, query = finance, rest
			}
			status, answer := s.call(t, account, query)
			checkAnswer(t, line, status, answer)
			after := s.state(t)
			if diff := cmp.Diff(before, after); diff != "" && (status >= 300 || !mayChange(query)) {
				t.Errorf("%q was answered with %d and changed (-before +after):\n%s\n%s", line, status, diff, answer)
			}
			before = after
		}
	})
}

func mayChange(query string) bool {
	form, _ := url.ParseQuery(query)
	dry := form.Get("DryRun")
	return !strings.HasPrefix(form.Get("Action"), "Describe") &&
		(dry == "" || strings.HasPrefix(strings.ToLower(dry), "f") || dry == "0")
}

func checkAnswer(t *testing.T, line string, status int, answer string) {
	t.Helper()
	var failure struct {
		Code string `xml:"Errors>Error>Code"`
	}
	decoder := xml.NewDecoder(strings.NewReader(answer))
	if err := decoder.Decode(&failure); err != nil {
		t.Errorf("%q: %v\n%s", line, err, answer)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("%q: more follows the answer\n%s", line, answer)
	}
	if (status >= 300) != (failure.Code != "") {
		t.Errorf("%q: status %d with error code %q", line, status, failure.Code)
	}
}

package hint_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

type object = map[string]any

// record has the fields of a CloudTrail record of a peering call, with arbitrary values.
type record struct {
	name, version, code, connection string
	requester, accepter             peering.VPC
}

// event writes the record flat, or wrapped as EC2 wraps its newer calls.
func (r record) event(t *testing.T, wrapped bool, more object) []byte {
	t.Helper()
	side := func(v peering.VPC) object { return object{"ownerId": v.Owner, "region": v.Region, "vpcId": v.ID} }
	request := object{"vpcPeeringConnectionId": r.connection}
	response := object{"vpcPeeringConnection": object{
		"vpcPeeringConnectionId": r.connection, "requesterVpcInfo": side(r.requester), "accepterVpcInfo": side(r.accepter),
	}}
	if wrapped {
		request, response = object{r.name + "Request": request}, object{r.name + "Response": response}
	}
	detail := object{
		"eventSource": "ec2.amazonaws.com", "eventName": r.name, "eventVersion": r.version, "errorCode": r.code,
		"awsRegion": "us-east-1", "requestParameters": request, "responseElements": response,
	}
	maps.Copy(detail, more)
	body, err := json.Marshal(object{"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": detail})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// kind returns the kind of hint for the call's name.
func (r record) kind() hint.Kind {
	verb, _ := strings.CutSuffix(r.name, "VpcPeeringConnection")
	return map[string]hint.Kind{"Create": hint.Requested, "Accept": hint.Accepted, "Reject": hint.Rejected,
		"Delete": hint.Deleted}[verb]
}

// isSound reports, character by character, whether all that the record names could be AWS's.
func (r record) isSound() bool {
	sound := isID(r.connection, "pcx-")
	for _, v := range []peering.VPC{r.requester, r.accepter} {
		sound = sound && isID(string(v.ID), "vpc-") && len(v.Owner) == 12 && consistsOf(string(v.Owner), "0123456789") &&
			(v.Region == "" || isRegion(string(v.Region)))
	}
	return sound
}

func isID(id, prefix string) bool {
	digits, ok := strings.CutPrefix(id, prefix)
	return ok && (len(digits) == 8 || len(digits) == 17) && consistsOf(digits, "0123456789abcdef")
}

func isRegion(region string) bool {
	parts := strings.Split(region, "-")
	if len(parts) < 3 || len(parts[0]) < 2 || len(parts[0]) > 4 {
		return false
	}
	words, number := parts[:len(parts)-1], parts[len(parts)-1]
	for _, w := range words {
		if w == "" || !consistsOf(w, "abcdefghijklmnopqrstuvwxyz") {
			return false
		}
	}
	return len(number) >= 1 && len(number) <= 2 && consistsOf(number, "0123456789")
}

func consistsOf(text, characters string) bool { return strings.Trim(text, characters) == "" }

// FuzzRecord compares the hint of a record with an oracle, for all notations of the record.
func FuzzRecord(f *testing.F) {
	const request = "CreateVpcPeeringConnection"
	f.Add(request, "1.11", "", "pcx-09cc395f56ffead9e", "111111111111", "us-east-1", "vpc-0a1b2c3d4e5f60001",
		"222222222222", "eu-west-1", "vpc-0a1b2c3d4e5f60002")
	f.Add(request, "1.08", "Client.UnauthorizedOperation", "", "", "", "", "", "", "")
	f.Add("AcceptVpcPeeringConnection", "1.11", "", "pcx-1a2b3c4d", "111111111111", "", "vpc-00000001", "111111111111",
		"us-gov-west-1", "vpc-00000002")
	f.Add("DeleteVpcPeeringConnection", "2.0", "", "pcx-*", "11111111111x", "mars", "vpc-", "", "", "")
	f.Add("CreateVpc", "1.11", "", "pcx-00000001", "1", "", "vpc-00000001", "1", "", "vpc-00000002")
	f.Fuzz(func(t *testing.T, name, version, code, connection, owner1, region1, vpc1, owner2, region2, vpc2 string) {
		r := record{name, version, code, connection,
			peering.VPC{Owner: peering.AccountID(owner1), Region: peering.Region(region1), ID: peering.VPCID(vpc1)},
			peering.VPC{Owner: peering.AccountID(owner2), Region: peering.Region(region2), ID: peering.VPCID(vpc2)}}
		h, err := hint.Parse(r.event(t, false, nil))
		r.check(t, h, err)
		for variant, body := range map[string][]byte{
			"wrapped":                 r.event(t, true, nil),
			"with fields of tomorrow": r.event(t, false, object{"tomorrow": object{"vpcPeeringConnectionId": "pcx-00000002"}}),
		} {
			other, otherErr := hint.Parse(body)
			if diff := cmp.Diff(h, other, cmp.Comparer(peering.VPC.Same)); diff != "" || (err == nil) != (otherErr == nil) {
				t.Errorf("%s it reads otherwise: %v, not %v\n%s", variant, otherErr, err, diff)
			}
		}
	})
}

func (r record) check(t *testing.T, h hint.Hint, err error) {
	t.Helper()
	isOurs := r.kind() != hint.Ignored && r.code == ""
	isGood := isOurs && strings.HasPrefix(r.version, "1.") && r.isSound()
	switch {
	case !isOurs && (err != nil || h.Kind != hint.Ignored || h.Why == ""):
		t.Errorf("Parse() = %+v, %v, want it ignored with a reason", h, err)
	case isOurs && !isGood && (err == nil || fault.Of(err) != fault.Permanent):
		t.Errorf("Parse() = %+v, %v, want a permanent fault", h, err)
	case isGood &&
		(err != nil || h.Kind != r.kind() || string(h.Connection) != r.connection || !h.Requester.Same(here(r.requester)) ||
			!h.Accepter.Same(here(r.accepter))):
		t.Errorf("Parse() = %+v, %v, want the fields of the record", h, err)
	}
}

// here is the VPC in the call's own region, if its own isn't named.
func here(v peering.VPC) peering.VPC {
	if v.Region == "" {
		v.Region = "us-east-1"
	}
	return v
}

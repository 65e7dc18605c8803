package hint_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

const pcx = peering.ConnectionID("pcx-09cc395f56ffead9e")

var (
	requester = peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-0a1b2c3d4e5f60001"}
	accepter  = peering.VPC{Owner: "222222222222", Region: "eu-west-1", ID: "vpc-0a1b2c3d4e5f60002"}
)

func TestParse(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 6, 8, 7, 37, 56, 0, time.UTC)
	neighbor := peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-0a1b2c3d4e5f60002"}
	created := hint.Hint{
		Kind: hint.Requested, EventID: "73bfa272-16c5-49c8-8d5f-ecea11f04060", Connection: pcx,
		Requester: requester, Accepter: accepter, Origin: requester.Cell(), At: asked, RequestedAt: asked,
	}
	without := created
	without.Accepter = neighbor
	tests := []struct {
		name, file string
		want       hint.Hint
	}{
		{"a request names both sides", "create.json", created},
		{"a nested record reads like a flat one", "create-nested.json", created},
		{"a missing region is the call's own", "create-without-region.json", without},
		{"a call that failed is ignored", "create-failed.json",
			hint.Hint{Why: "CreateVpcPeeringConnection failed with Client.UnauthorizedOperation"}},
		{"a dry run is ignored", "create-dry-run.json",
			hint.Hint{Why: "CreateVpcPeeringConnection failed with Client.DryRunOperation"}},
		{"an acceptance names both sides and the accepter's cell", "accept.json", hint.Hint{
			Kind: hint.Accepted, EventID: "1c2d3e4f-0001-4000-8000-000000000002", Connection: pcx,
			Requester: requester, Accepter: accepter, Origin: accepter.Cell(), At: asked.Add(14 * time.Second),
		}},
		{"a rejection names nothing but the connection", "reject.json", hint.Hint{
			Kind: hint.Rejected, EventID: "1c2d3e4f-0001-4000-8000-000000000004", Connection: pcx,
			Origin: accepter.Cell(), At: asked.Add(14 * time.Second),
		}},
		{"a deletion names nothing but the connection", "delete.json", hint.Hint{
			Kind: hint.Deleted, EventID: "1c2d3e4f-0001-4000-8000-000000000003", Connection: pcx,
			Origin: requester.Cell(), At: time.Date(2026, 6, 9, 7, 0, 0, 0, time.UTC),
		}},
		{"of a change it is read that there was one", "change-block.json", hint.Hint{
			Kind: hint.Swept, EventID: "1c2d3e4f-0001-4000-8000-000000000022", Origin: requester.Cell(),
			Sweep: isNew(hint.Change{Changed: true}),
			At:    time.Date(2026, 6, 9, 7, 0, 0, 0, time.UTC),
		}},
		{"an approval is a change, and names the connection", "approve.json", hint.Hint{
			Kind: hint.Swept, EventID: "1c2d3e4f-0001-4000-8000-000000000023", Origin: accepter.Cell(),
			Sweep: isNew(hint.Change{Changed: true}),
			At:    time.Date(2026, 6, 9, 7, 0, 0, 0, time.UTC), Approved: []peering.ConnectionID{pcx},
		}},
		{"another call is ignored", "other-call.json",
			hint.Hint{Why: "CreateVpc of ec2.amazonaws.com is not an autopeer event"}},
		{"another detail-type is ignored", "other-detail-type.json",
			hint.Hint{Why: "EC2 Instance State-change Notification from aws.ec2 is not an autopeer event"}},
		{"our own acceptance has the time of the request", "announced-accepted.json", hint.Hint{
			Kind: hint.Accepted, EventID: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Connection: pcx,
			Requester: requester, Accepter: accepter, Origin: accepter.Cell(),
			At: asked.Add(15 * time.Second), RequestedAt: asked,
		}},
		{"our own denial leads to nothing", "announced-denied.json",
			hint.Hint{Why: "Peering Denied from autopeer is not an autopeer event"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := hint.Parse(sample(t, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b peering.VPC) bool { return a.Same(b) })); diff != "" {
				t.Errorf("Parse(%s) (-want +got):\n%s", tt.file, diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	call := func(name, response string) string {
		return `{"id":"e1","source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","account":"111111111111",
		"region":"us-east-1",
			"detail":{"eventVersion":"1.11","eventSource":"ec2.amazonaws.com",
			"eventName":"` + name + `","awsRegion":"us-east-1",` + response + `}}`
	}
	tests := []struct{ name, body, want string }{
		{"not JSON", `garbage`, `read event: invalid character 'g' looking for beginning of value`},
		{"an empty message", ``, `read event: unexpected end of JSON input`},
		{"a record without a connection", call("DeleteVpcPeeringConnection", `"requestParameters":{}`),
			`read event "e1": invalid peering connection ID "": want pcx- and 8 or 17 hex digits`},
		{"an id with a wildcard",
			call("DeleteVpcPeeringConnection", `"requestParameters":{"vpcPeeringConnectionId":"pcx-*"}`),
			`read event "e1": invalid peering connection ID "pcx-*": want pcx- and 8 or 17 hex digits`},
		{"an account that isn't one",
			call("CreateVpcPeeringConnection",
				`"responseElements":{"vpcPeeringConnection":{"vpcPeeringConnectionId":"pcx-00000001",
			"requesterVpcInfo":{"ownerId":"11111111111x","vpcId":"vpc-00000001"},"accepterVpcInfo":{"ownerId":"111111111111",
			"vpcId":"vpc-00000002"}}}`),
			`read event "e1": invalid account ID "11111111111x": want twelve digits`},
		{"a region that isn't one",
			call("CreateVpcPeeringConnection",
				`"responseElements":{"vpcPeeringConnection":{"vpcPeeringConnectionId":"pcx-00000001",
			"requesterVpcInfo":{"ownerId":"111111111111","vpcId":"vpc-00000001","region":"mars"},
			"accepterVpcInfo":{"ownerId":"111111111111","vpcId":"vpc-00000002"}}}`),
			`read event "e1": invalid Region "mars": want the form of eu-west-1`},
		{"one side without a VPC",
			call("CreateVpcPeeringConnection",
				`"responseElements":{"vpcPeeringConnection":{"vpcPeeringConnectionId":"pcx-00000001",
			"requesterVpcInfo":{"ownerId":"111111111111","vpcId":"vpc-00000001"},"accepterVpcInfo":{}}}`),
			`read event "e1": invalid VPC ID "": want vpc- and 8 or 17 hex digits`},
		{"elements of another type", call("CreateVpcPeeringConnection", `"responseElements":"none"`),
			`read event "e1": CreateVpcPeeringConnection: read responseElements: json: cannot unmarshal string into Go value ` +
				`of type map[string]json.RawMessage`},
		{"a record of another major version", `{"id":"e1","source":"aws.ec2","detail-type":"AWS API Call via CloudTrail",
			"detail":{"eventVersion":"2.0","eventSource":"ec2.amazonaws.com","eventName":"DeleteVpcPeeringConnection"}}`,
			`read event "e1": eventVersion "2.0" is unknown; 1.x is understood`},
		{"an announcement of another version",
			`{"id":"e1","source":"autopeer","detail-type":"Peering Accepted","detail":{"version":2}}`,
			`read event "e1": announcement has version 2; 1 is understood`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, err := hint.Parse([]byte(tt.body))
			if err == nil {
				t.Fatalf("Parse() = %+v, want an error", h)
			}
			if err.Error() != tt.want {
				t.Errorf("Parse() error = %q\nwant %q", err, tt.want)
			}
			if got := fault.Of(err); got != fault.Permanent {
				t.Errorf("class = %v, want %v", got, fault.Permanent)
			}
		})
	}
}

// FuzzParse: for any input there is no panic, every error is Permanent, and a hint that isn't ignored has harmless
// ids.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := hint.Parse(body)
		switch {
		case err != nil && fault.Of(err) != fault.Permanent:
			t.Errorf("class of %q = %v, want %v", err, fault.Of(err), fault.Permanent)
		case err == nil && hint.Ignored < h.Kind && h.Kind <= hint.Deleted &&
			(len(h.Connection) < 5 || h.Connection[:4] != "pcx-"):
			t.Errorf("hint has connection %q", h.Connection)
		case err == nil && h.Kind == hint.Ignored && h.Why == "":
			t.Error("ignored without a reason")
		}
	})
}

func TestIsFresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		at   time.Time
		want bool
	}{
		{"a moment ago", now.Add(-time.Second), true},
		{"nine minutes ago", now.Add(-9 * time.Minute), true},
		{"eleven minutes ago", now.Add(-11 * time.Minute), false},
		{"a clock that is a little ahead", now.Add(10 * time.Second), true},
		{"a time made up", now.Add(24 * time.Hour), false},
		{"no time at all", time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (hint.Hint{At: tt.at}).IsFresh(now); got != tt.want {
				t.Errorf("IsFresh() = %v, want %v", got, tt.want)
			}
		})
	}
}

func sample(t *testing.T, file string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

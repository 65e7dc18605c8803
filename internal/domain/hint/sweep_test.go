package hint_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

var (
	cell  = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	swept = time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)
)

// TestFindingsOfASweep arrive as the hints that events would have given.
func TestFindingsOfASweep(t *testing.T) {
	t.Parallel()
	tests := []struct {
		repair function.Name
		want   hint.Kind
	}{{function.Accept, hint.Requested}, {function.Connect, hint.Accepted}, {function.Disconnect, hint.Deleted}}
	for _, tt := range tests {
		asked := swept.Add(-time.Hour)
		message, err := hint.Found(hint.Finding{Outcome: outcome.Outcome{
			Type: outcome.DriftFound, Connection: "pcx-00000001", Cell: cell, Side: peering.Accepter, Repair: tt.repair,
			RequestedAt: asked, Repeated: true,
			Requester: &outcome.Party{Account: "111111111111", Region: "us-east-1", VPC: "vpc-00000001"},
			Accepter:  &outcome.Party{Account: "222222222222", Region: "eu-west-1", VPC: "vpc-00000002"},
		}, Drift: true, Closes: true, Untagged: hint.Untagged{"pcx-00000001": "autopeer"}, EditedBy: []string{"ann"},
			EditedAt: asked, FreedAt: swept}, swept)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hint.Parse(message)
		if err != nil {
			t.Fatal(err)
		}
		want := hint.Hint{
			Kind: tt.want, EventID: got.EventID, Connection: "pcx-00000001", Origin: cell, At: swept, RequestedAt: asked,
			Drift: true, Closes: true, Repeated: true, Side: peering.Accepter,
			Untagged: hint.Untagged{"pcx-00000001": "autopeer"}, EditedBy: []string{"ann"}, EditedAt: asked, FreedAt: swept,
			Requester: peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-00000001"},
			Accepter:  peering.VPC{Owner: "222222222222", Region: "eu-west-1", ID: "vpc-00000002"},
		}
		if diff := cmp.Diff(want, got); diff != "" || got.EventID == "" {
			t.Errorf("for %s (-want +got):\n%s", tt.repair, diff)
		}
	}
}

func TestSuspectsOfASweep(t *testing.T) {
	t.Parallel()
	both := []string{"pcx-00000001 accepter", "pcx-00000002"}
	for _, intended := range []bool{false, true} {
		message, err := hint.Suspects(cell, swept, both, intended, hint.Untagged{"pcx-00000002": "blue"})
		if err != nil {
			t.Fatal(err)
		}
		want := hint.Hint{
			Kind: hint.Swept, At: swept, Sweep: hint.Sweep{
				Suspects: both, Change: hint.Change{Untagged: hint.Untagged{"pcx-00000002": "blue"}},
			},
		}
		if intended {
			want.Sweep.Intended = both
		}
		got, err := hint.Parse(message)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("intended %v: %v (-want +got):\n%s", intended, err, diff)
		}
	}
}

func TestEventsThatStartASweep(t *testing.T) {
	t.Parallel()
	const schedule = `{"id":"e","source":"aws.events","detail-type":"Scheduled Event","time":"2026-06-08T08:00:00Z",` +
		`"detail":{}}`
	if got, err := hint.Parse([]byte(schedule)); err != nil || !got.Sweep.Scheduled ||
		got.Kind != hint.Swept || got.At != swept {
		t.Errorf("a schedule is %+v, %v", got, err)
	}
	for _, name := range []string{
		"AssociateVpcCidrBlock", "DisassociateVpcCidrBlock", "CreateSubnet", "DeleteSubnet", "CreateRouteTable",
		"DeleteRouteTable", "AssociateRouteTable",
		"DisassociateRouteTable", "ReplaceRouteTableAssociation", "CreateSecurityGroup", "DeleteSecurityGroup", "CreateTags",
		"DeleteTags", "DeleteVpc", "ModifyVpcAttribute",
	} {
		event := `{"id":"e","source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","account":"111111111111",` +
			`"region":"us-east-1","detail":{"eventVersion":"1.11",` +
			`"eventSource":"ec2.amazonaws.com","eventName":"` + name +
			`","awsRegion":"us-east-1","eventTime":"2026-06-08T08:00:00Z","eventID":"i","requestParameters":"anything"}}`
		want := hint.Hint{Kind: hint.Swept, EventID: "i", Origin: cell, At: swept, Sweep: isNew(hint.Change{Changed: true})}
		got, err := hint.Parse([]byte(event))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestASweepsMessagesThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, message string }{
		{"an unknown repair",
			`{"source":"autopeer","detail-type":"Sweep Found","detail":{"version":1,"connection":"pcx-00000001",` +
				`"repair":"reboot"}}`, `unknown repair function "reboot"`},
		{"another version",
			`{"source":"autopeer","detail-type":"Sweep Found","detail":{"version":2,"connection":"pcx-00000001",` +
				`"repair":"connect"}}`, "version 2"},
		{"no connection", `{"source":"autopeer","detail-type":"Sweep Found","detail":{"version":1,"repair":"connect"}}`,
			"invalid peering connection ID"},
		{"suspects of another kind", `{"source":"autopeer","detail-type":"Sweep Suspects","detail":{"suspects":7}}`,
			"parse a sweep's suspects"},
		{"findings of another kind", `{"source":"autopeer","detail-type":"Sweep Found","detail":7}`,
			"parse a sweep's finding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := hint.Parse([]byte(tt.body))
			if err == nil || fault.Of(err) != fault.Permanent || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("Parse() = %v, want a permanent fault with %q", err, tt.message)
			}
		})
	}
}

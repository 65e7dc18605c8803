package hint_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// envelope is an event with its detail.
func envelope(source, detailType, detail string) []byte {
	return []byte(`{"id":"e1","source":"` + source + `","detail-type":"` + detailType +
		`","account":"111111111111","region":"us-east-1","time":"2026-06-08T07:37:56Z","detail":` + detail + `}`)
}

// deletion is the CloudTrail event of a deletion with these request parameters.
func deletion(requestParameters string) []byte {
	return envelope("aws.ec2", "AWS API Call via CloudTrail", `{"eventVersion":"1.11","eventSource":"ec2.amazonaws.com",
		"eventName":"DeleteVpcPeeringConnection","awsRegion":"us-east-1","requestParameters":`+requestParameters+`}`)
}

func announcement(parties string) []byte {
	return envelope("autopeer", "Peering Accepted", `{"version":1,"connection":"pcx-00000001"`+parties+`}`)
}

func TestParseReadsTheConnection(t *testing.T) {
	t.Parallel()
	deleted := hint.Hint{Kind: hint.Deleted, Connection: "pcx-00000001"}
	tests := []struct {
		name string
		body []byte
		want hint.Hint
	}{
		{"a request may be wrapped as a response may",
			deletion(`{"DeleteVpcPeeringConnectionRequest":{"vpcPeeringConnectionId":"pcx-00000001"}}`), deleted},
		{"an object with other fields is no wrapper",
			deletion(`{"vpcPeeringConnectionId":"pcx-00000001",` +
				`"DeleteVpcPeeringConnectionRequest":{"vpcPeeringConnectionId":"pcx-00000002"}}`), deleted},
		{"an announcement may name no VPC", announcement(``), hint.Hint{Kind: hint.Accepted, Connection: "pcx-00000001"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := hint.Parse(tt.body)
			if err != nil {
				t.Fatal(err)
			}
			got = hint.Hint{Kind: got.Kind, Connection: got.Connection, Requester: got.Requester, Accepter: got.Accepter}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(peering.VPC.Same)); diff != "" {
				t.Errorf("Parse() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseIgnoresEventsOfOthers(t *testing.T) {
	t.Parallel()
	const record = `{"eventVersion":"1.11","eventSource":"SOURCE","eventName":"DeleteVpcPeeringConnection",
		"requestParameters":{"vpcPeeringConnectionId":"pcx-00000001"}}`
	ec2 := strings.Replace(record, "SOURCE", "ec2.amazonaws.com", 1)
	tests := []struct {
		name string
		body []byte
		want string
	}{
		{"a record from another source", envelope("aws.iam", "AWS API Call via CloudTrail", ec2),
			"AWS API Call via CloudTrail from aws.iam is not an autopeer event"},
		{"the same call of another service",
			envelope("aws.ec2", "AWS API Call via CloudTrail", strings.Replace(record, "SOURCE", "iam.amazonaws.com", 1)),
			"DeleteVpcPeeringConnection of iam.amazonaws.com is not an autopeer event"},
		{"an announcement that isn't ours",
			envelope("others", "Peering Accepted", `{"version":1,"connection":"pcx-00000001"}`),
			"Peering Accepted from others is not an autopeer event"},
		{"a schedule that isn't EventBridge's", envelope("others", "Scheduled Event", `{}`),
			"Scheduled Event from others is not an autopeer event"},
		{"another event of EventBridge", envelope("aws.events", "Schedule Changed", `{}`),
			"Schedule Changed from aws.events is not an autopeer event"},
		{"a finding that isn't ours",
			envelope("others", "Sweep Found", `{"version":1,"connection":"pcx-00000001","repair":"connect"}`),
			"Sweep Found from others is not an autopeer event"},
		{"suspects that aren't ours", envelope("others", "Sweep Suspects", `{"suspects":["pcx-00000001"]}`),
			"Sweep Suspects from others is not an autopeer event"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := hint.Parse(tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(hint.Hint{Why: tt.want}, got); diff != "" {
				t.Errorf("Parse() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefusesOtherShapes(t *testing.T) {
	t.Parallel()
	const party = `{"account":"111111111111","region":"us-east-1","vpc":"vpc-00000001"}`
	tests := []struct {
		name string
		body []byte
		want string
	}{
		{"a record that is a text", envelope("aws.ec2", "AWS API Call via CloudTrail", `"x"`), "read CloudTrail record: "},
		{"request parameters that are a text", deletion(`"x"`), "DeleteVpcPeeringConnection: read requestParameters: "},
		{"an announcement that is a text", envelope("autopeer", "Peering Accepted", `"x"`), "read announcement: "},
		{"an announcement of the requester alone", announcement(`,"requester":` + party), `invalid VPC ID ""`},
		{"an announcement of the accepter alone", announcement(`,"accepter":` + party), `invalid VPC ID ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if h, err := hint.Parse(tt.body); err == nil || !strings.HasPrefix(err.Error(), `read event "e1": `+tt.want) {
				t.Errorf("Parse() = %+v, %v, want an error that begins with %q", h, err, tt.want)
			}
		})
	}
}

func TestASchedulesEventHasItsOwnID(t *testing.T) {
	t.Parallel()
	got, err := hint.Parse(envelope("aws.events", "Scheduled Event", `{}`))
	if err != nil || got.EventID != "e1" {
		t.Errorf("Parse() = %+v, %v, want the event's id", got, err)
	}
}

func TestFoundReturnsErrorsOfTheEncoding(t *testing.T) {
	t.Parallel()
	never := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	message, err := hint.Found(hint.Finding{Outcome: outcome.Outcome{RequestedAt: never}, Drift: true}, swept)
	if err == nil || !strings.HasPrefix(err.Error(), "encode Sweep Found: ") {
		t.Errorf("Found() = %s, %v, want an error that names the encoded value", message, err)
	}
}

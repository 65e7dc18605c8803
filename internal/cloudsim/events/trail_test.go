package events_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

// request is the record of a peering request from marketing in Virginia to finance in Ireland.
func request() apicall.Record {
	return apicall.Record{
		Caller: apicall.Caller{Account: marketing, Region: virginia, ARN: "arn:aws:iam::111111111111:user/ann"},
		At:     time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), EventSource: "ec2.amazonaws.com",
		EventName: "CreateVpcPeeringConnection",
		RequestID: "r-1", RequestParameters: map[string]any{"vpcId": "vpc-1", "peerVpcId": "vpc-2"},
		ResponseElements: map[string]any{"requestId": "r-1", "vpcPeeringConnection": map[string]any{
			"vpcPeeringConnectionId": "pcx-1",
			"accepterVpcInfo":        map[string]any{"ownerId": finance, "region": ireland, "vpcId": "vpc-2"},
		}},
	}
}

// The shape is that of real records, which usually have tlsDetails; see CloudTrail's reference of record contents.
func TestTrailMakesAnEventOfARecord(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.rule("default", "calls", "aws.ec2", to(a.queue("jobs")))
		c.Events.Trail(request())
		settle(t, c)
		var got any
		a.check(json.Unmarshal([]byte(*a.received("jobs")[0].Body), &got))
		const want = `{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"111111111111",
			"time":"2026-03-01T12:00:00Z","region":"us-east-1","resources":[],
			"detail":{"eventVersion":"1.11",
				"userIdentity":{"type":"IAMUser","principalId":"111111111111","arn":"arn:aws:iam::111111111111:user/ann",
				"accountId":"111111111111","userName":"ann"},
				"eventTime":"2026-03-01T12:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"CreateVpcPeeringConnection",
				"awsRegion":"us-east-1",
				"sourceIPAddress":"192.0.2.1","userAgent":"aws-sdk-go-v2","requestParameters":{"vpcId":"vpc-1","peerVpcId":"vpc-2"},
				"responseElements":{"requestId":"r-1","vpcPeeringConnection":{"vpcPeeringConnectionId":"pcx-1",
					"accepterVpcInfo":{"ownerId":"222222222222","region":"eu-west-1","vpcId":"vpc-2"}}},
				"requestID":"r-1","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,
				"recipientAccountId":"111111111111","eventCategory":"Management",
				"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",
				"clientProvidedHostHeader":"ec2.us-east-1.amazonaws.com"}}}`
		var wanted any
		a.check(json.Unmarshal([]byte(want), &wanted))
		withoutIDs := cmpopts.IgnoreMapEntries(func(name string, _ any) bool { return name == "id" || name == "eventID" })
		if diff := cmp.Diff(wanted, got, withoutIDs); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	})
}

func TestTrailReachesOnlyTheCallersDefaultBus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		options   events.Options
		stopped   bool
		requester int
		accepter  int
	}{
		{"the caller's account and region", events.Options{}, false, 1, 0},
		{"none, without a trail", events.Options{}, true, 0, 0},
		{"the accepter too, if CloudTrail copies the record to resource owners",
			events.Options{AccepterCopy: true}, false, 1, 1},
		{"none, if CloudTrail's best effort fails", events.Options{Schedule: func(d events.Delivery) []time.Duration {
			if d.Stage == events.FromTrail {
				return nil
			}
			return []time.Duration{0}
		}}, false, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, tt.options, func(t *testing.T, c *cloudsim.Cloud) {
				requester, accepter, elsewhere := in(t, c, marketing, virginia), in(t, c, finance, ireland),
					in(t, c, marketing, ireland)
				for _, a := range []account{requester, accepter, elsewhere} {
					a.rule("default", "calls", "aws.ec2", to(a.queue("jobs")))
				}
				if tt.stopped {
					c.Events.StopLogging(marketing, virginia)
				}
				c.Events.Trail(request())
				settle(t, c)
				if got := len(requester.received("jobs")); got != tt.requester {
					t.Errorf("requester got %d events, want %d", got, tt.requester)
				}
				if got := accepter.envelopes("jobs"); len(got) != tt.accepter || (len(got) == 1 && got[0].Account != finance) {
					t.Errorf("accepter got %+v, want %d of its own account", got, tt.accepter)
				}
				if got := len(elsewhere.received("jobs")); got != 0 {
					t.Errorf("%d events in another region", got)
				}
			})
		})
	}
}

func TestTrailStartsAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.rule("default", "calls", "aws.ec2", to(a.queue("jobs")))
		c.Events.StopLogging(marketing, virginia)
		c.Events.StartLogging(marketing, virginia)
		c.Events.Trail(request())
		settle(t, c)
		if got := len(a.received("jobs")); got != 1 {
			t.Errorf("%d events, want 1", got)
		}
	})
}

func TestTrailDetail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*apicall.Record)
		check  func(detail map[string]any) bool
	}{
		{"a failed call has its error and no response", func(r *apicall.Record) {
			r.ErrorCode, r.ErrorMessage = "Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set."
		}, func(d map[string]any) bool {
			return d["errorCode"] == "Client.DryRunOperation" && d["errorMessage"] != "" && d["responseElements"] == nil
		}},
		{"a successful call has no error", func(*apicall.Record) {}, func(d map[string]any) bool {
			_, found := d["errorCode"]
			return !found
		}},
		{"elements above 100 KB are left out", func(r *apicall.Record) {
			r.RequestParameters["large"] = strings.Repeat("x", 100*1024)
		}, func(d map[string]any) bool { return d["requestParameters"] == nil && d["responseElements"] != nil }},
		{"an account's own key is its root", func(r *apicall.Record) {
			r.ARN = "arn:aws:iam::111111111111:root"
		}, func(d map[string]any) bool {
			return d["userIdentity"].(map[string]any)["type"] == "Root"
		}},
		{"a session names its role", func(r *apicall.Record) {
			r.ARN = "arn:aws:sts::111111111111:assumed-role/accept/lambda"
		}, func(d map[string]any) bool {
			identity := d["userIdentity"].(map[string]any)
			issuer := identity["sessionContext"].(map[string]any)["sessionIssuer"].(map[string]any)
			return identity["type"] == "AssumedRole" && issuer["arn"] == "arn:aws:iam::111111111111:role/accept"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				a.rule("default", "calls", "aws.ec2", to(a.queue("jobs")))
				record := request()
				tt.change(&record)
				c.Events.Trail(record)
				settle(t, c)
				var detail map[string]any
				a.check(json.Unmarshal(a.envelopes("jobs")[0].Detail, &detail))
				if !tt.check(detail) {
					t.Errorf("detail = %v", detail)
				}
			})
		})
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{TrailLatency: time.Minute, DeliveryLatency: time.Second},
		func(t *testing.T, c *cloudsim.Cloud) {
			a := in(t, c, marketing, virginia)
			a.rule("default", "calls", "aws.ec2", to(a.queue("jobs")))
			c.Events.Trail(request())
			synctest.Wait()
			if c.Events.Settled() {
				t.Error("settled with an event under way")
			}
			started := time.Now()
			settle(t, c)
			if took := time.Since(started); took != 61*time.Second || len(a.received("jobs")) != 1 {
				t.Errorf("settled after %v, want the event after 61s", took)
			}
		})
}

package events

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// maxElementBytes is how large requestParameters and responseElements may be; larger ones are left out.
const maxElementBytes = 100 * 1024

// Trail takes CloudTrail's record of a mutating call and puts it, as an event, on the default bus of the
// caller's account and region, if a trail logs there. It returns before that happens.
func (s *Service) Trail(r apicall.Record) {
	detail := recordDetail(r)
	accepter, found := accepterOf(r)
	shared := s.options.AccepterCopy && found && accepter != cellOf(r.Caller)
	if shared {
		detail["sharedEventID"] = apicall.UUID()
	}
	s.record(cellOf(r.Caller), r, detail)
	if shared {
		s.record(accepter, r, copyFor(accepter, detail))
	}
}

// StopLogging takes away an account's trail in one region, and with it all of CloudTrail's events there.
func (s *Service) StopLogging(account, region string) { s.setLogging(cell{account, region}, false) }

// StartLogging undoes StopLogging. An account has a trail in every region to begin with.
func (s *Service) StartLogging(account, region string) { s.setLogging(cell{account, region}, true) }

func (s *Service) setLogging(c cell, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent[c] = !on
}

// record puts one record's event on the default bus of an account and region, if a trail logs there.
func (s *Service) record(where cell, r apicall.Record, detail map[string]any) {
	body, err := json.Marshal(detail)
	if err != nil { // a record that JSON can't express: best effort, as CloudTrail's delivery is
		return
	}
	source := "aws." + strings.TrimSuffix(r.EventSource, ".amazonaws.com")
	event := newEvent(where, r.At, source, "AWS API Call via CloudTrail", body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent[where] {
		return
	}
	name := busName{where, defaultBus}
	s.schedule(Delivery{Stage: FromTrail, Target: name.arn(), Event: event}, func() {
		s.publish(s.bus(name), arrival{event: event})
	})
}

// recordDetail is a record in CloudTrail's shape:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func recordDetail(r apicall.Record) map[string]any {
	detail := map[string]any{
		"eventVersion":       "1.11",
		"userIdentity":       userIdentity(r.Caller),
		"eventTime":          timestamp(r.At),
		"eventSource":        r.EventSource,
		"eventName":          r.EventName,
		"awsRegion":          r.Region,
		"sourceIPAddress":    "192.0.2.1",
		"userAgent":          "aws-sdk-go-v2",
		"requestParameters":  element(r.RequestParameters),
		"responseElements":   element(r.ResponseElements),
		"requestID":          r.RequestID,
		"eventID":            apicall.UUID(),
		"readOnly":           false,
		"eventType":          "AwsApiCall",
		"managementEvent":    true,
		"recipientAccountId": r.Account,
		"eventCategory":      "Management",
		"tlsDetails": map[string]any{
			"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
			"clientProvidedHostHeader": strings.TrimSuffix(r.EventSource, "amazonaws.com") + r.Region + ".amazonaws.com",
		},
	}
	if r.ErrorCode != "" {
		detail["errorCode"] = r.ErrorCode
		detail["errorMessage"] = r.ErrorMessage
		detail["responseElements"] = nil
	}
	return detail
}

// element replaces an element that is too large by null, as CloudTrail does.
func element(fields map[string]any) any {
	if fields == nil {
		return nil
	}
	if body, err := json.Marshal(fields); err != nil || len(body) > maxElementBytes {
		return nil
	}
	return fields
}

// userIdentity has the forms for an account's root, a user and a session of a role:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
func userIdentity(c apicall.Caller) map[string]any {
	identity := map[string]any{"arn": c.ARN, "accountId": c.Account, "principalId": c.Account}
	kind, name := principal(c.ARN)
	switch kind {
	case "assumed-role":
		role, session, _ := strings.Cut(name, "/")
		identity["type"] = "AssumedRole"
		identity["principalId"] = "AROA:" + session
		identity["sessionContext"] = map[string]any{"sessionIssuer": map[string]any{
			"type": "Role", "arn": "arn:aws:iam::" + c.Account + ":role/" + role, "accountId": c.Account, "userName": role,
		}}
	case "user":
		identity["type"] = "IAMUser"
		identity["userName"] = name
	default:
		identity["type"] = "Root"
	}
	return identity
}

// principal reads user and name out of arn:aws:iam::111111111111:user/name.
func principal(arn string) (kind, name string) {
	kind, name, _ = strings.Cut(arn[strings.LastIndex(arn, ":")+1:], "/")
	return kind, name
}

// accepterOf finds the other account of a peering request in the answer to it.
func accepterOf(r apicall.Record) (cell, bool) {
	if r.EventName != "CreateVpcPeeringConnection" || r.ErrorCode != "" {
		return cell{}, false
	}
	var response struct {
		VPCPeeringConnection struct {
			AccepterVPCInfo struct {
				OwnerID string `json:"ownerId"`
				Region  string `json:"region"`
			} `json:"accepterVpcInfo"`
		} `json:"vpcPeeringConnection"`
	}
	body, err := json.Marshal(r.ResponseElements)
	if err != nil || json.Unmarshal(body, &response) != nil {
		return cell{}, false
	}
	accepter := response.VPCPeeringConnection.AccepterVPCInfo
	return cell{accepter.OwnerID, accepter.Region}, accepter.OwnerID != ""
}

// copyFor is the record that a second account gets. It has its own eventID, and the sharedEventID of both.
func copyFor(recipient cell, detail map[string]any) map[string]any {
	detail = maps.Clone(detail)
	detail["eventID"] = apicall.UUID()
	detail["recipientAccountId"] = recipient.account
	return detail
}

package hint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

const cloudTrail = "AWS API Call via CloudTrail"

// event is EventBridge's envelope.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
type event struct {
	ID         string            `json:"id"`
	DetailType string            `json:"detail-type"`
	Source     string            `json:"source"`
	Account    peering.AccountID `json:"account"`
	Region     peering.Region    `json:"region"`
	Time       time.Time         `json:"time"`
	Detail     json.RawMessage   `json:"detail"`
}

// Parse parses one EventBridge event. Events unrelated to autopeer are Ignored. A malformed event is a Permanent fault.
// Samples are in testdata.
func Parse(body []byte) (Hint, error) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return Hint{}, fault.Errorf(fault.Permanent, "read event: %w", err)
	}
	hint, err := e.hint()
	if err != nil {
		return Hint{}, fault.Errorf(fault.Permanent, "read event %q: %w", e.ID, err)
	}
	return hint, nil
}

func (e event) hint() (Hint, error) {
	switch e.Source {
	case message.Source:
		return e.message(), nil
	case outcome.Source:
		return e.own()
	}
	switch {
	case e.Source == "aws.ec2" && e.DetailType == cloudTrail:
		return e.call()
	case e.Source == "aws.events" && e.DetailType == "Scheduled Event":
		return Hint{Kind: Swept, EventID: e.ID, At: e.Time, Sweep: Sweep{Scheduled: true}}, nil
	case e.Source == "aws.cloudformation" && e.DetailType == "CloudFormation Stack Status Change":
		return e.deployed()
	}
	return e.unrelated(), nil
}

// own parses an announcement or a message of a sweep.
func (e event) own() (Hint, error) {
	switch e.DetailType {
	case string(outcome.Accepted):
		return e.announced(Accepted)
	case sweepFound:
		return e.found()
	case sweepSuspects:
		return e.suspects()
	case sweepAgain:
		return e.again()
	}
	return e.unrelated(), nil
}

func (e event) unrelated() Hint {
	return ignored("%s from %s is not an autopeer event", e.DetailType, e.Source)
}

// call is the part of a CloudTrail record that names the connection. EC2's older calls, those of peering included,
// are recorded flat and in lower camel case. The record's blocks and state are those at the time of the call and
// are not read.
type call struct {
	EventVersion string          `json:"eventVersion"`
	EventSource  string          `json:"eventSource"`
	EventName    string          `json:"eventName"`
	EventTime    time.Time       `json:"eventTime"`
	EventID      string          `json:"eventID"`
	AWSRegion    peering.Region  `json:"awsRegion"`
	ErrorCode    string          `json:"errorCode"`
	Identity     principal       `json:"userIdentity"`
	Request      json.RawMessage `json:"requestParameters"`
	Response     json.RawMessage `json:"responseElements"`
}

var kinds = map[string]Kind{
	"CreateVpcPeeringConnection": Requested,
	"AcceptVpcPeeringConnection": Accepted,
	"RejectVpcPeeringConnection": Rejected,
	"DeleteVpcPeeringConnection": Deleted,
}

// changing are the calls after which a sweep is due.
var changing = slices.Concat(editing, []string{
	"AssociateVpcCidrBlock", "DisassociateVpcCidrBlock", "DeleteVpc", "ModifyVpcAttribute",
	"CreateSubnet", "DeleteSubnet", "CreateRouteTable", "DeleteRouteTable",
	"AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation",
	"CreateSecurityGroup", "DeleteSecurityGroup", "CreateTags", "DeleteTags",
})

func (e event) call() (Hint, error) {
	var c call
	if err := json.Unmarshal(e.Detail, &c); err != nil {
		return Hint{}, fmt.Errorf("read CloudTrail record: %w", err)
	}
	kind, known := kinds[c.EventName]
	if slices.Contains(changing, c.EventName) {
		kind, known = Swept, true
	}
	switch {
	case c.EventSource != "ec2.amazonaws.com" || !known:
		return ignored("%s of %s is not an autopeer event", c.EventName, c.EventSource), nil
	case c.ErrorCode != "":
		return ignored("%s failed with %s", c.EventName, c.ErrorCode), nil
	case !strings.HasPrefix(c.EventVersion, "1."):
		return Hint{}, fmt.Errorf("eventVersion %q is unknown; 1.x is understood", c.EventVersion)
	}
	h := Hint{Kind: kind, EventID: c.EventID,
		Origin: peering.Cell{Account: e.Account, Region: c.AWSRegion}, At: c.EventTime}
	switch kind {
	case Swept: // the sweep reads everything after any change
		edits := c.edits()
		h.Sweep = Change{Changed: len(edits) == 0, Edits: edits, Untagged: c.untagged(), Released: c.released()}.asNew()
		h.Approved = c.approved()
		return h, nil
	case Requested:
		h.RequestedAt = c.EventTime
	}
	if err := c.fill(&h); err != nil {
		return Hint{}, fmt.Errorf("%s: %w", c.EventName, err)
	}
	return h, validated(h)
}

// element is a request or a response. One of the two names the connection.
type element struct {
	ID         peering.ConnectionID `json:"vpcPeeringConnectionId"`
	Connection *struct {
		ID        peering.ConnectionID `json:"vpcPeeringConnectionId"`
		Requester vpcInfo              `json:"requesterVpcInfo"`
		Accepter  vpcInfo              `json:"accepterVpcInfo"`
	} `json:"vpcPeeringConnection"`
}

type vpcInfo struct {
	Owner  peering.AccountID `json:"ownerId"`
	Region peering.Region    `json:"region"`
	ID     peering.VPCID     `json:"vpcId"`
}

// vpc defaults the Region to that of the call: older records omit it inside one Region.
func (v vpcInfo) vpc(callRegion peering.Region) peering.VPC {
	return peering.VPC{Owner: v.Owner, Region: cmp.Or(v.Region, callRegion), ID: v.ID}
}

func (c call) fill(h *Hint) error {
	var request, response element
	if err := decode(c.Request, c.EventName+"Request", &request); err != nil {
		return fmt.Errorf("read requestParameters: %w", err)
	}
	if err := decode(c.Response, c.EventName+"Response", &response); err != nil {
		return fmt.Errorf("read responseElements: %w", err)
	}
	h.Connection = request.ID
	if made := response.Connection; made != nil {
		h.Connection = made.ID
		h.Requester, h.Accepter = made.Requester.vpc(c.AWSRegion), made.Accepter.vpc(c.AWSRegion)
	}
	return nil
}

// decode parses raw, which EC2's newer calls wrap in one more object named after the call.
func decode(raw json.RawMessage, wrapper string, into *element) error {
	if len(raw) == 0 {
		return nil
	}
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(raw, &wrapped); err != nil {
		return err
	}
	if inner, ok := wrapped[wrapper]; ok && len(wrapped) == 1 {
		raw = inner
	}
	return json.Unmarshal(raw, into)
}

func (e event) announced(kind Kind) (Hint, error) {
	var o outcome.Outcome
	if err := json.Unmarshal(e.Detail, &o); err != nil {
		return Hint{}, fmt.Errorf("read announcement: %w", err)
	}
	if o.Version != outcome.Version {
		return Hint{}, fmt.Errorf("announcement has version %d; %d is understood", o.Version, outcome.Version)
	}
	h := Hint{
		Kind: kind, EventID: o.ID, Connection: o.Connection,
		Requester: vpcOf(o.Requester), Accepter: vpcOf(o.Accepter),
		Origin: peering.Cell{Account: e.Account, Region: e.Region}, At: e.Time, RequestedAt: o.RequestedAt,
	}
	return h, validated(h)
}

func vpcOf(p *outcome.Party) peering.VPC {
	if p == nil {
		return peering.VPC{}
	}
	return peering.VPC{Owner: p.Account, Region: p.Region, ID: p.VPC}
}

func ignored(format string, args ...any) Hint {
	return Hint{Kind: Ignored, Why: fmt.Sprintf(format, args...)}
}

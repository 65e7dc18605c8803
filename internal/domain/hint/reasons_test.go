package hint_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
)

const ann = "arn:aws:iam::111111111111:user/ann"

func editOf(name, identity, request string) []byte {
	return fmt.Appendf(nil, `{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","account":"111111111111",
	"detail":{"eventVersion":"1.11",
		"eventSource":"ec2.amazonaws.com","eventName":%q,"eventTime":"2026-06-08T08:00:00Z","userIdentity":%s,
		"requestParameters":%s}}`, name, identity, request)
}

func TestEdits(t *testing.T) {
	t.Parallel()
	const user, service = `{"type":"IAMUser","arn":"` + ann + `"}`, `{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`
	by := func(who, resource string) hint.Edits { return hint.Edits{resource: {By: []string{who}, At: swept}} }
	for name, tt := range map[string]struct {
		body []byte
		want hint.Edits
	}{
		"a new route": {editOf("CreateRoute", user,
			`{"routeTableId":"rtb-1","destinationCidrBlock":"10.0.1.0/16","vpcPeeringConnectionId":"pcx-1"}`),
			by(ann, "rtb-1 10.0.0.0/16")},
		"a replaced route": {editOf("ReplaceRoute", user,
			`{"routeTableId":"rtb-1","destinationIpv6CidrBlock":"2001:DB8::/56"}`), by(ann, "rtb-1 2001:db8::/56")},
		"a deleted route": {editOf("DeleteRoute", user, `{"routeTableId":"rtb-1","destinationPrefixListId":"pl-1"}`),
			by(ann, "rtb-1 pl-1")},
		"a new rule": {editOf("AuthorizeSecurityGroupIngress", user, `{"groupId":"sg-1","ipPermissions":{}}`),
			by(ann, "sg-1 added")},
		"a revoked rule": {editOf("RevokeSecurityGroupIngress", user, `{"groupId":"sg-1"}`), by(ann, "sg-1 removed")},
		"an edited rule": {editOf("ModifySecurityGroupRules", user,
			`{"ModifySecurityGroupRulesRequest":{"GroupId":"sg-1","SecurityGroupRule":{}}}`),
			hint.Edits{"sg-1 added": {By: []string{ann}, At: swept}, "sg-1 removed": {By: []string{ann}, At: swept}}},
		"an option": {editOf("ModifyVpcPeeringConnectionOptions", user, `{"vpcPeeringConnectionId":"pcx-1"}`),
			by(ann, "pcx-1 options")},
		"by a service": {editOf("DeleteRoute", service,
			`{"routeTableId":"rtb-1","destinationCidrBlock":"10.0.0.0/16"}`), by("ec2.amazonaws.com", "rtb-1 10.0.0.0/16")},
		"by a service for a user": {editOf("DeleteRoute",
			`{"type":"IAMUser","arn":"`+ann+`","invokedBy":"ec2.amazonaws.com"}`,
			`{"routeTableId":"rtb-1","destinationCidrBlock":"10.0.0.0/16"}`), by(ann, "rtb-1 10.0.0.0/16")},
		"by an unnamed principal": {editOf("DeleteRoute", `{"type":"Root"}`,
			`{"routeTableId":"rtb-1","destinationCidrBlock":"10.0.0.0/16"}`), by("Root", "rtb-1 10.0.0.0/16")},
		"without an identity": {editOf("DeleteRoute", `{}`, `{"routeTableId":"rtb-1"}`), nil},
		"without a resource":  {editOf("DeleteRoute", user, `{}`), nil},
		"a malformed block":   {editOf("DeleteRoute", user, `{"routeTableId":"rtb-1","destinationCidrBlock":7}`), nil},
		"a malformed request": {editOf("DeleteRoute", user, `7`), nil},
		"no edit of routes":   {editOf("AssociateRouteTable", user, `{"routeTableId":"rtb-1"}`), nil},
	} {
		got, err := hint.Parse(tt.body)
		if diff := cmp.Diff(isNew(hint.Change{Changed: len(tt.want) == 0, Edits: tt.want}), got.Sweep); diff != "" ||
			err != nil || got.Kind != hint.Swept {
			t.Errorf("%s: %v, %v (-want +got):\n%s", name, got.Kind, err, diff)
		}
	}
}

func TestEditsOfOneResource(t *testing.T) {
	t.Parallel()
	later := swept.Add(time.Minute)
	a := hint.Hint{
		Kind: hint.Swept, Sweep: isNew(hint.Change{Edits: hint.Edits{
			"rtb-1": {[]string{"bob"}, later}, "rtb-2": {[]string{"bob"}, swept},
		}}),
	}
	b := hint.Hint{
		Kind: hint.Swept, Sweep: isNew(hint.Change{
			Edits: hint.Edits{"rtb-1": {[]string{ann, "bob"}, swept}}, Deployed: true,
		}),
	}
	want := isNew(hint.Change{
		Edits: hint.Edits{"rtb-1": {[]string{ann, "bob"}, later}, "rtb-2": {[]string{"bob"}, swept}}, Deployed: true,
	})
	for name, got := range map[string]hint.Hint{"in order": hint.Merge(a, b), "swapped": hint.Merge(b, a)} {
		if diff := cmp.Diff(want, got.Sweep); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(hint.Edit{By: []string{ann, "bob"}, At: later},
		want.Edits.Of("rtb-2", "rtb-3", "rtb-1")); diff != "" {
		t.Errorf("Of() (-want +got):\n%s", diff)
	}
	if got := (hint.Edits{"rtb-1 10.0.0.0/16": {}, "rtb-1 10.1.0.0/16": {},
		"sg-1 added": {}}).Resources(); len(got) != 2 || !got["rtb-1"] || !got["sg-1"] {
		t.Errorf("Resources() = %v", got)
	}
	if got := want.Edits.Of("rtb-3"); len(got.By) > 0 || !got.At.IsZero() {
		t.Errorf("Of() = %v, want no edit", got)
	}
}

// isNew returns the reasons of an event.
func isNew(c hint.Change) hint.Sweep { return hint.Sweep{Change: c, New: c} }

func TestTheLastEndOfAHoldCounts(t *testing.T) {
	t.Parallel()
	at := func(ends hint.Released) hint.Hint {
		return hint.Hint{Kind: hint.Swept, Sweep: isNew(hint.Change{Released: ends})}
	}
	early, late := at(hint.Released{pcx: swept, "pcx-1": swept}), at(hint.Released{
		pcx: swept.Add(time.Second), "pcx-2": swept,
	})
	want := hint.Released{pcx: swept.Add(time.Second), "pcx-1": swept, "pcx-2": swept}
	for name, got := range map[string]hint.Hint{"in order": hint.Merge(early, late), "swapped": hint.Merge(late, early)} {
		if diff := cmp.Diff(isNew(hint.Change{Released: want}), got.Sweep); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	edits := hint.Edits{"rtb-1": {[]string{ann}, swept}}
	released := hint.Released{pcx: swept}
	many := hint.Edits{}
	for i := range 1001 {
		many[fmt.Sprint(i)] = edits["rtb-1"]
	}
	fitting := maps.Clone(many)
	delete(fitting, "0")
	for name, tt := range map[string]struct{ change, want hint.Change }{
		"a change":     {hint.Change{Changed: true}, hint.Change{Changed: true}},
		"an edit":      {hint.Change{Edits: edits}, hint.Change{Edits: edits}},
		"a deployment": {hint.Change{Changed: true, Deployed: true}, hint.Change{Changed: true, Deployed: true}},
		"lost tags": {hint.Change{Changed: true, Untagged: hint.Untagged{pcx: "blue"}},
			hint.Change{Changed: true, Untagged: hint.Untagged{pcx: "blue"}}},
		"an ended hold":   {hint.Change{Changed: true, Released: released}, hint.Change{Changed: true, Released: released}},
		"as many as fit":  {hint.Change{Edits: fitting}, hint.Change{Edits: fitting}},
		"too many edits":  {hint.Change{Edits: many}, hint.Change{Changed: true}},
		"too many in all": {hint.Change{Edits: fitting, Released: released}, hint.Change{Changed: true}},
	} {
		body, err := hint.Again(cell, swept, tt.change)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hint.Parse(body)
		if diff := cmp.Diff(hint.Hint{Kind: hint.Swept, At: swept, Sweep: hint.Sweep{Change: tt.want, Repeats: true}},
			got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	_, err := hint.Parse([]byte(`{"source":"autopeer","detail-type":"Sweep Again","detail":7}`))
	if err == nil || fault.Of(err) != fault.Permanent || !strings.Contains(err.Error(), "parse a sweep's repetition") {
		t.Errorf("a malformed repetition: %v, want a permanent fault", err)
	}
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	const event = `{"id":"e","source":"aws.cloudformation","detail-type":"CloudFormation Stack Status Change",` +
		`"time":"2026-06-08T08:00:00Z","detail":%s}`
	got, err := hint.Parse(fmt.Appendf(nil, event,
		`{"stack-id":"arn:aws:cloudformation:us-east-1:111111111111:stack/autopeer/1",`+
			`"status-details":{"status":"UPDATE_COMPLETE","status-reason":""}}`))
	want := hint.Hint{Kind: hint.Swept, EventID: "e", At: swept, Sweep: isNew(hint.Change{Changed: true, Deployed: true})}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for detail, message := range map[string]string{
		`7`: "parse the status", `{}`: "no stack-id", `{"stack-id":"arn"}`: "no status",
		`{"status-details":{"status":"UPDATE_COMPLETE"}}`: "no stack-id",
	} {
		_, err := hint.Parse(fmt.Appendf(nil, event, detail))
		if err == nil || fault.Of(err) != fault.Permanent || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want a permanent fault with %q", detail, err, message)
		}
	}
}

func TestReasonsOfTwoSweeps(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]hint.Sweep{
		"scheduled": {Scheduled: true}, "changed": {Change: hint.Change{Changed: true}},
		"deployed": {Change: hint.Change{Deployed: true}},
		"released": {Change: hint.Change{Released: hint.Released{pcx: swept}}}, "new": {New: hint.Change{Changed: true}},
		"repeated": {Repeats: true}, "intended": {Intended: []string{"a"}},
	} {
		for order, got := range map[string]hint.Hint{
			"first": hint.Merge(hint.Hint{Kind: hint.Swept, Sweep: one}, hint.Hint{Kind: hint.Swept}),
			"last":  hint.Merge(hint.Hint{Kind: hint.Swept}, hint.Hint{Kind: hint.Swept, Sweep: one}),
		} {
			if diff := cmp.Diff(one, got.Sweep); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", name, order, diff)
			}
		}
	}
	for name, tt := range map[string]struct {
		sweep hint.Sweep
		want  bool
	}{
		"a schedule":   {hint.Sweep{Scheduled: true, Suspects: []string{"a"}}, false},
		"a change":     {hint.Sweep{Change: hint.Change{Changed: true}}, true},
		"a deployment": {hint.Sweep{Change: hint.Change{Deployed: true}}, true},
		"an edit":      {hint.Sweep{Change: hint.Change{Edits: hint.Edits{"rtb-1 pl-1": {}}}}, true},
	} {
		if got := tt.sweep.IsChange(); got != tt.want {
			t.Errorf("IsChange() of %s = %v, want %v", name, got, tt.want)
		}
	}
}

func TestEventsThatAreNoDeployments(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{
		"another event of CloudFormation": `{"source":"aws.cloudformation","detail-type":"CloudFormation Resource Status ` +
			`Change","detail":{}}`,
		"another source": `{"source":"custom","detail-type":"CloudFormation Stack Status Change","detail":{}}`,
	} {
		if got, err := hint.Parse([]byte(event)); err != nil || got.Kind != hint.Ignored {
			t.Errorf("%s: %+v, %v, want it ignored", name, got, err)
		}
	}
}

func TestEditsOfOneRepair(t *testing.T) {
	t.Parallel()
	edited := func(at time.Time, by ...string) hint.Hint {
		return hint.Hint{Kind: hint.Accepted, Drift: true, EditedBy: by, EditedAt: at}
	}
	got := hint.Merge(edited(swept, "bob", ann), edited(swept.Add(time.Minute), "bob"))
	if diff := cmp.Diff(edited(swept.Add(time.Minute), ann, "bob"), got); diff != "" {
		t.Errorf("Merge() (-want +got):\n%s", diff)
	}
	without := hint.Edit{By: []string{ann, "bob"}, At: swept}
	if diff := cmp.Diff(hint.Edit{By: []string{ann}, At: swept}, without.Without(func(by string) bool {
		return by == "bob"
	})); diff != "" || len(without.By) != 2 {
		t.Errorf("Without() (-want +got):\n%s", diff)
	}
}

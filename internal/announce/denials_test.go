package announce_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestADeniedRequestHasANextStep, which deletes the request only if it is still pending. Denials with different next
// steps have different ids.
func TestADeniedRequestHasANextStep(t *testing.T) {
	t.Parallel()
	const add = "if the connection is meant, add it to the policy (autopeer explain prints the lines)"
	ids := map[string]string{}
	for _, tt := range []struct {
		code                 policy.Code
		isRetired            bool
		whilePending, onceIs string // after the rejection
	}{
		{policy.NotListed, false,
			add + " and deploy it, and the next sweep checks the request again; otherwise delete or reject pcx-1",
			add + ", deploy it, and request the connection again"},
		{policy.NotListed, true, "delete or reject pcx-1, because the cell is about to leave the policy",
			"request no connection there, because the cell is about to leave the policy"},
		{policy.WrongDirection, false, "delete or reject pcx-1, and have finance request the connection",
			"have finance request the connection"},
	} {
		for verdict, want := range map[policy.Verdict]string{policy.Leave: tt.whilePending, policy.Reject: tt.onceIs} {
			before := connected
			before.Type, before.Connection, before.Reason.Code = outcome.Denied, "pcx-1", string(tt.code)
			d := policy.Decision{Code: tt.code, Verdict: verdict, Requester: "marketing", Accepter: "finance"}
			o := announce.RequestDenied(before, d, tt.isRetired)
			if o.Next != want {
				t.Errorf("%s, %s: next is %q, want %q", tt.code, verdict, o.Next, want)
			}
			id := fmt.Sprint(tt.code, o.Sealed(time.Time{}).ID)
			if next, again := ids[id]; again && next != o.Next {
				t.Errorf("%s, %s: the next steps %q and %q have one id", tt.code, verdict, next, o.Next)
			}
			ids[id] = o.Next
		}
	}
	for _, code := range []policy.Code{policy.CIDRMismatch, policy.Overlap, policy.SameVPC, policy.Multipath} {
		if o := announce.RequestDenied(connected, policy.Decision{Code: code}, false); o.Next == "" {
			t.Errorf("%s: the denial has no next step", code)
		}
	}
}

// TestAnEndedRequestHasANextStep: another end by a person has none.
func TestAnEndedRequestHasANextStep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code  string
		state peering.State
		want  bool
	}{
		{"overlap", peering.Failed, true}, {"same-vpc", peering.Failed, true}, {"failed", peering.Failed, true},
		{"expired", peering.Expired, true}, {"rejected", peering.Rejected, false},
	} {
		o := connected
		o.Reason.Code = tt.code
		if o = announce.RequestEnded(o, tt.state); (o.Next != "") != tt.want {
			t.Errorf("%s: next is %q, want one: %v", tt.code, o.Next, tt.want)
		}
	}
}

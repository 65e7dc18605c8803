package hint_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

var (
	sender    = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	addressee = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	checkedAt = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
)

// sent is a message of the sender about a request to the addressee.
func sent(t message.Type) message.Message {
	m := message.New(t, peering.Connection{
		ID: "pcx-00000001", State: peering.PendingAcceptance,
		Requester: peering.VPC{Owner: sender.Account, Region: sender.Region, ID: "vpc-00000001"},
		Accepter:  peering.VPC{Owner: addressee.Account, Region: addressee.Region, ID: "vpc-00000002"},
	}, peering.Accepter, checkedAt)
	m.RequestedAt = checkedAt.Add(-time.Minute)
	if t == message.SideChecked {
		m.Code, m.Blocks = message.Ready, []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")}
	}
	return m.Sealed()
}

func eventOf(t *testing.T, m message.Message, change func(detail map[string]any)) []byte {
	t.Helper()
	detail := map[string]any{}
	data, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(data, &detail)
	}
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(detail)
	}
	body, err := json.Marshal(object{
		"source": message.Source, "detail-type": m.Type, "account": sender.Account, "region": sender.Region,
		"time": checkedAt.Add(time.Second), "detail": detail,
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for messageType, kind := range map[message.Type]hint.Kind{
		message.SideChecked: hint.Checked, message.CheckSide: hint.Asked, message.Accepted: hint.Accepted,
	} {
		m := sent(messageType)
		got, err := hint.Parse(eventOf(t, m, nil))
		want := hint.Hint{
			Kind: kind, EventID: m.ID, Connection: m.Connection, Requester: m.Requester.VPC(), Accepter: m.Accepter.VPC(),
			Origin: sender, At: checkedAt.Add(time.Second), RequestedAt: m.RequestedAt, Message: &m,
		}
		if messageType == message.Accepted {
			want.Message = nil
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); err != nil ||
			diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", messageType, err, diff)
		}
	}
}

// TestMessagesThatAreNotUnderstood are ignored, and don't become dead letters: any principal may have sent them.
func TestMessagesThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(detail map[string]any)
		why    string
	}{
		"a newer version": {func(d map[string]any) { d["version"] = 2 }, "version 2; 1 is understood"},
		"an unknown code": {func(d map[string]any) { d["code"] = "on-hold" }, `unknown code "on-hold"`},
		"a block with host bits": {func(d map[string]any) {
			d["blocks"] = []string{"10.10.0.1/16"}
		}, "10.10.0.1/16 is not a CIDR block"},
		"an empty block":        {func(d map[string]any) { d["assumed"] = []string{""} }, "is not a CIDR block"},
		"a text as block":       {func(d map[string]any) { d["blocks"] = []string{"all"} }, "all"},
		"no VPCs":               {func(d map[string]any) { delete(d, "requester"); delete(d, "accepter") }, "no VPCs"},
		"no accepter":           {func(d map[string]any) { delete(d, "accepter") }, "no VPCs"},
		"an invalid connection": {func(d map[string]any) { d["connection"] = "pcx-1;" }, "invalid peering connection ID"},
		"an invalid account": {func(d map[string]any) {
			d["requester"].(map[string]any)["account"] = "1"
		}, "invalid account ID"},
	} {
		got, err := hint.Parse(eventOf(t, sent(message.SideChecked), tt.change))
		if err != nil || got.Kind != hint.Ignored || !strings.Contains(got.Why, tt.why) ||
			!strings.HasPrefix(got.Why, "Side Checked of another cell: ") {
			t.Errorf("%s: %v, %v, want it ignored with %q", name, got, err, tt.why)
		}
	}
	unknown := sent(message.SideChecked)
	unknown.Type = "Side Painted"
	if got, err := hint.Parse(eventOf(t, unknown, nil)); err != nil ||
		got.Why != "Side Painted of another cell: unknown type" {
		t.Errorf("%v, %v, want it ignored", got, err)
	}
}

func TestMergingMessages(t *testing.T) {
	t.Parallel()
	parse := func(change func(*message.Message)) hint.Hint {
		m := sent(message.SideChecked)
		change(&m)
		h, err := hint.Parse(eventOf(t, m.Sealed(), nil))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	early := parse(func(m *message.Message) { m.Code = message.Quota })
	late := parse(func(m *message.Message) { m.CheckedAt = m.CheckedAt.Add(time.Second) })
	again := parse(func(m *message.Message) { m.CheckedAt, m.Repeated = m.CheckedAt.Add(2*time.Second), true })
	for name, tt := range map[string]struct {
		a, b hint.Hint
		want bool
	}{
		"one that isn't repeated is enough":  {again, early, false},
		"one that isn't repeated, in return": {early, again, false},
		"two repeated ones are repeated":     {again, again, true},
	} {
		if got := hint.Merge(tt.a, tt.b).IsRepeated(); got != tt.want {
			t.Errorf("%s: repeated %t, want %t", name, got, tt.want)
		}
	}
	if (hint.Hint{Kind: hint.Accepted}).IsRepeated() {
		t.Error("an event without a message is a repetition")
	}
	quiet := parse(func(m *message.Message) { m.CheckedAt, m.Quiet = m.CheckedAt.Add(2*time.Second), true })
	for name, tt := range map[string]struct {
		a, b      hint.Hint
		wantCode  message.Code
		wantQuiet bool
	}{
		"the later one counts":            {early, late, message.Ready, false},
		"in either order":                 {late, early, message.Ready, false},
		"of one time, the first":          {early, parse(func(*message.Message) {}), message.Quota, false},
		"one that isn't quiet is enough":  {quiet, early, message.Ready, false},
		"one that isn't quiet, in return": {early, quiet, message.Ready, false},
		"two quiet ones are quiet":        {quiet, quiet, message.Ready, true},
	} {
		got := hint.Merge(tt.a, tt.b)
		if got.Message.Code != tt.wantCode || got.Message.Quiet != tt.wantQuiet {
			t.Errorf("%s: %s, quiet %v; want %s, %v", name, got.Message.Code, got.Message.Quiet, tt.wantCode, tt.wantQuiet)
		}
	}
	if !quiet.Message.Quiet {
		t.Error("Merge changed a message")
	}
	forged := late
	forged.Origin = addressee
	if early.Key() != late.Key() || forged.Key() == late.Key() {
		t.Error("messages have one key if one cell has sent them, and otherwise not")
	}
	deleted, elsewhere := hint.Hint{Kind: hint.Deleted, Origin: sender}, hint.Hint{Kind: hint.Deleted, Origin: addressee}
	if deleted.Key() != elsewhere.Key() {
		t.Error("two records have two keys")
	}
}

func TestQuietFindings(t *testing.T) {
	t.Parallel()
	loud, quiet := hint.Hint{}, hint.Hint{Quiet: true}
	if hint.Merge(loud, quiet).Quiet || hint.Merge(quiet, loud).Quiet || !hint.Merge(quiet, quiet).Quiet {
		t.Error("two hints are quiet if both are")
	}
}

package outcome_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

var now = time.Date(2026, 6, 8, 7, 38, 0, 0, time.UTC)

// full returns an outcome with every field set.
func full() outcome.Outcome {
	return outcome.Outcome{
		Type: outcome.Connected, Connection: "pcx-00000001", Cell: peering.Cell{Account: "111111111111", Region: "us-east-1"},
		Side:      peering.Requester,
		Requester: &outcome.Party{Department: "marketing", Account: "111111111111", Region: "us-east-1", VPC: "vpc-00000001"},
		Accepter:  &outcome.Party{Department: "finance", Account: "222222222222", Region: "eu-west-1", VPC: "vpc-00000002"},
		Peering:   &outcome.Entry{Between: [2]string{"marketing", "finance"}, File: "policy.yaml", Line: 11},
		Reason: outcome.Reason{
			Code: "allowed", Sentence: "line 11 of policy.yaml allows it", Keys: []string{"allowed|11"},
		},
		State:   []string{"rtb-1 routes 10.0.0.0/8 to pcx-00000001"},
		Changes: []string{"create route"},
		Conflicts: []outcome.Conflict{{
			RouteTable: "rtb-1", Destination: "10.0.0.0/8", Target: "tgw-1", Wanted: "pcx-00000001", Overlaps: "10.0.0.0/16",
		}},
		Shortages: []outcome.Shortage{{
			Resource: "rtb-1", Of: "IPv4 routes", Quota: "routes-ipv4", Have: 499, Need: 2, Limit: 500,
		}},
		Notes: []string{"the VPC has no rtb-9"},
		Obstructions: []outcome.Obstruction{{
			NetworkACL: "acl-1", Rule: "90", Sentence: "network ACL acl-1 rule 90 denies it", Remedy: "allow it before rule 90",
		}},
		Removals: []string{"delete route"}, Additions: []string{"create route"}, Omitted: map[string]int{"state": 7},
		Repair: function.Connect, Wanted: []string{"create route"}, Next: "raise the quota",
		FoundAt:     now.Add(-time.Hour / 2),
		RequestedAt: now.Add(-4230 * time.Millisecond), Keys: []string{"route|rtb-1|10.0.0.0/8|pcx-00000001"},
	}
}

// identifying are the fields that go into the id. Every other field is a sentence, a change or a time, or follows from
// one of these.
var identifying = []string{
	"Type", "Connection", "Cell.Account", "Cell.Region", "Side", "Reason.Code", "Reason.Keys[0]", "Keys[0]", "FoundAt",
	"Conflicts[0].RouteTable", "Conflicts[0].Blackhole", "Conflicts[0].Destination", "Conflicts[0].Target",
	"Conflicts[0].Wanted", "Conflicts[0].Overlaps",
	"Shortages[0].Resource", "Shortages[0].Quota", "Shortages[0].Have", "Shortages[0].Need", "Shortages[0].Limit",
	"Obstructions[0].NetworkACL", "Obstructions[0].Rule",
}

// TestTheIDIsMadeOfCodesIDsAndFigures changes one field after another, of all that an outcome has.
func TestTheIDIsMadeOfCodesIDsAndFigures(t *testing.T) {
	t.Parallel()
	before := full().Sealed(now).ID
	var changed []string
	o := full()
	eachField(reflect.ValueOf(&o).Elem(), "", func(path string, change, restore func()) {
		change()
		if o.Sealed(now).ID != before {
			changed = append(changed, path)
		}
		restore()
	})
	slices.Sort(changed)
	want := slices.Sorted(slices.Values(identifying))
	if !slices.Equal(changed, want) {
		t.Errorf("the id depends on\n%q\nwant\n%q", changed, want)
	}
	if o.Sealed(now).ID != before {
		t.Error("the fields were not restored")
	}
}

// eachField calls visit for every string, number and truth value below v, with functions that change it and change it
// back.
func eachField(v reflect.Value, path string, visit func(path string, change, restore func())) {
	switch v.Kind() {
	case reflect.Pointer:
		eachField(v.Elem(), path, visit)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			eachField(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.String:
		old := v.String()
		visit(path, func() { v.SetString("other " + old) }, func() { v.SetString(old) })
	case reflect.Bool:
		old := v.Bool()
		visit(path, func() { v.SetBool(!old) }, func() { v.SetBool(old) })
	case reflect.Int:
		old := v.Int()
		visit(path, func() { v.SetInt(old + 1) }, func() { v.SetInt(old) })
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			old := v.Interface()
			visit(path, func() { v.Set(reflect.ValueOf(now.Add(-time.Hour))) }, func() { v.Set(reflect.ValueOf(old)) })
			return
		}
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if path != "" {
				name = path + "." + name
			}
			eachField(v.Field(i), name, visit)
		}
	}
}

func TestTheOrderOfKeysIsNoPartOfTheID(t *testing.T) {
	t.Parallel()
	a, b := full(), full()
	a.Keys, b.Keys = []string{"route|rtb-1", "route|rtb-2"}, []string{"route|rtb-2", "route|rtb-1"}
	if first, second := a.Sealed(now), b.Sealed(now); first.ID != second.ID || a.Keys[0] != "route|rtb-1" {
		t.Errorf("ids %s and %s, want one; keys %q, want them as they were", first.ID, second.ID, a.Keys)
	}
}

func TestARepetitionHasTheSameID(t *testing.T) {
	t.Parallel()
	again := full()
	again.Changes, again.RequestedAt = nil, time.Time{}
	if first, second := full().Sealed(now), again.Sealed(now.Add(time.Hour)); first.ID != second.ID {
		t.Errorf("ids %s and %s, want one", first.ID, second.ID)
	}
}

func TestBecauseDropsTheKeysOfTheFormerReason(t *testing.T) {
	t.Parallel()
	o := full().Because("overlap", "they overlap", "10.0.0.0/8")
	if want := []string{"10.0.0.0/8"}; !slices.Equal(o.Reason.Keys, want) || o.Reason.Code != "overlap" ||
		o.Reason.Sentence != "they overlap" {
		t.Errorf("Because() = %+v, want code, sentence and %v", o.Reason, want)
	}
}

func TestSealed(t *testing.T) {
	t.Parallel()
	o := full()
	o.State, o.Changes, o.Conflicts, o.Shortages, o.Notes, o.Obstructions, o.Wanted, o.Repair, o.Next = nil, nil, nil,
		nil, nil, nil, nil, "", ""
	o.Removals, o.Additions, o.Omitted, o.FoundAt = nil, nil, nil, time.Time{}
	o = o.Sealed(now)
	got, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"id":"` + o.ID +
		`","connection":"pcx-00000001","cell":{"account":"111111111111","region":"us-east-1"},"side":"requester",` +
		`"requester":{"department":"marketing","account":"111111111111","region":"us-east-1","vpc":"vpc-00000001"},` +
		`"accepter":{"department":"finance","account":"222222222222","region":"eu-west-1","vpc":"vpc-00000002"},` +
		`"peering":{"between":["marketing","finance"],"file":"policy.yaml","line":11},` +
		`"reason":{"code":"allowed","sentence":"line 11 of policy.yaml allows it"},` +
		`"requestedAt":"2026-06-08T07:37:55.77Z","secondsSinceRequest":4.23}`
	if string(got) != want {
		t.Errorf("JSON = %s\nwant   %s", got, want)
	}
}

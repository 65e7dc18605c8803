package archtest

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// notSwitches are the fields of events.Options that decide nothing about AWS: edges, delays and the organization's
// accounts.
var notSwitches = []string{"Queues", "Notifier", "IAM", "Schedule", "TrailLatency", "DeliveryLatency", "Organizations"}

// switches returns the names by which the embedded cloud plays an assumption about AWS both ways.
func switches(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, options := range []any{ec2.Switches{}, events.Options{}, queue.Switches{}} {
		for field := range reflect.TypeOf(options).Fields() {
			names = append(names, field.Name)
		}
	}
	for _, name := range notSwitches {
		if !slices.Contains(names, name) {
			t.Errorf("notSwitches has %s, which is no option", name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(notSwitches, name) })
}

// TestEverySwitchOfTheEmbeddedCloudIsAnAssumption: docs/aws-assumptions.md has a row for each switch, and no other
// switches.
func TestEverySwitchOfTheEmbeddedCloudIsAnAssumption(t *testing.T) {
	page, err := os.ReadFile("../../docs/aws-assumptions.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range regexp.MustCompile(
		`(?m)^\| [^|]+ \| [^|]+ \| ([^|]*)\| ([^|]+) \|$`).FindAllStringSubmatch(string(page), -1) {
		for _, quoted := range quotedIn.FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, quoted[1])
		}
	}
	all := switches(t)
	for _, name := range all {
		if !slices.Contains(listed, name) {
			t.Errorf("docs/aws-assumptions.md has no row for the switch %s", name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(all, name) {
			t.Errorf("docs/aws-assumptions.md has the switch %s, which the embedded cloud doesn't have", name)
		}
	}
}

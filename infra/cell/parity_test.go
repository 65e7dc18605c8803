package cell_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/aws/bootstrap"
	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

func TestConfigReadsTheEnvironmentOfTheFunctions(t *testing.T) {
	packed, err := parse(t, company).ForCell(finance, wiring.DefaultPrefix).Encode()
	if err != nil {
		t.Fatal(err)
	}
	readFile := func(path string) ([]byte, error) {
		if path != "/opt/policy.json" {
			return nil, os.ErrNotExist
		}
		return packed, nil
	}
	functions := resources(t, stack(t, company, finance), "AWS::Lambda::Function")
	if len(functions) != len(function.All) {
		t.Fatalf("%d functions, want %d", len(functions), len(function.All))
	}
	for _, f := range functions {
		env := map[string]string{bootstrap.Region: string(finance.Region)} // which Lambda sets
		read := map[string]bool{}
		for name, value := range f.Properties["Environment"].(object)["Variables"].(object) {
			env[name] = "https://sqs.eu-west-1.amazonaws.com/222222222222/autopeer-accept" // the value of a Ref to a queue
			if text, ok := value.(string); ok {
				env[name] = text
			}
		}
		getenv := func(name string) string { read[name] = true; return env[name] }
		settings, err := bootstrap.Parse(getenv, readFile)
		if err != nil || settings.Cell != finance {
			t.Errorf("config.Parse() = %v, %v for the environment of %v", settings.Cell, err, f.Properties["FunctionName"])
		}
		if f.Properties["FunctionName"] == "autopeer-sweep" {
			if settings, err := bootstrap.ParseSweep(getenv); err != nil || settings.Interval != wiring.DefaultSweepInterval {
				t.Errorf("config.ParseSweep() = %v, %v", settings, err)
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(env))); diff != "" {
			t.Errorf("the variables that config reads differ from those that the template sets (-read +set):\n%s", diff)
		}
	}
}

func TestTheLayerHasThePolicyAtThePathInTheEnvironment(t *testing.T) {
	dir := synthesize(t, parse(t, company), nil)
	parts, err := filepath.Glob(filepath.Join(dir, "asset.*", "policy.json"))
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d layers with a policy.json, %v; want one a cell", len(parts), err)
	}
	want, err := parse(t, company).ForCell(developer, wiring.DefaultPrefix).Encode()
	if err != nil {
		t.Fatal(err)
	}
	found := slices.ContainsFunc(parts, func(name string) bool {
		data, err := os.ReadFile(name)
		return err == nil && string(data) == string(want)
	})
	if !found {
		t.Error("no layer has the part of the policy that concerns the developers' cell")
	}
}

// TestRulesMatchTheSamples: marketing has asked finance, in samples that every sample's file name explains.
func TestRulesMatchTheSamples(t *testing.T) {
	const (
		toFinance   = "forward-calls-222222222222-eu-west-1"
		toMarketing = "forward-calls-111111111111-us-east-1"
		// Messages reach their addressee alone.
		messageToFinance   = "forward-messages-222222222222-eu-west-1"
		messageToMarketing = "forward-messages-111111111111-us-east-1"
	)
	tests := []struct {
		name    string
		cell    peering.Cell
		onOwn   bool // else on the default bus
		matched map[string][]string
	}{
		{"the requester's cell receives its own calls and forwards them to the accepter's, except requests", marketing,
			false, map[string][]string{
				"create.json": {"accept"}, "delete.json": {"disconnect", toFinance},
				"create-nested.json": {"accept"}, "create-without-region.json": {"accept"}, // within one cell
				"change-block.json": {"sweep", toFinance}, "change-subnet.json": {"sweep"}, "change-tags.json": {"sweep-tags"},
			}},
		{"the accepter's cell receives its own calls and forwards them to the requester's and others'", finance,
			false, map[string][]string{
				"accept.json":  {"connect", toMarketing, "forward-calls-333333333333-eu-west-1"},
				"reject.json":  {"disconnect", toMarketing, "forward-calls-333333333333-eu-west-1"},
				"approve.json": {"accept-approved", "sweep-tags"},
			}},
		{"the accepter's bus has forwarded calls, its own announcement, its own messages and those to it", finance,
			true, map[string][]string{
				"delete.json": {"disconnect-forwarded"}, "change-block.json": {"sweep-forwarded"},
				"announced-accepted.json": {"connect-announced"}, "side-checked.json": {"accept-told"},
				"check-side.json": {messageToMarketing}, "connection-accepted.json": {messageToMarketing},
			}},
		{"the requester's bus has the same, and no announcement of the accepter's", marketing, true, map[string][]string{
			"accept.json": {"connect-forwarded"}, "reject.json": {"disconnect-forwarded"},
			"side-checked.json": {messageToFinance},
			"check-side.json":   {"accept-told"}, "connection-accepted.json": {"connect-told"},
		}},
		{"a counterpart of finance alone receives no calls of marketing, and no messages between the two", developer,
			true, map[string][]string{
				"accept.json": {"connect-forwarded"}, "reject.json": {"disconnect-forwarded"},
			}},
	}
	samples := readSamples(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := patterns(t, tt.cell, tt.onOwn)
			for file, event := range samples {
				var got []string
				for name, p := range rules {
					if p.Match(event) {
						got = append(got, name)
					}
				}
				slices.Sort(got)
				if diff := cmp.Diff(slices.Sorted(slices.Values(tt.matched[file])), got); diff != "" {
					t.Errorf("rules that match %s (-want +got):\n%s", file, diff)
				}
			}
		})
	}
}

// TestMessagesOfAnAccountThatIsNoCounterpartMatchNoRule: the bus's policy refuses them already.
func TestMessagesOfAnAccountThatIsNoCounterpartMatchNoRule(t *testing.T) {
	for file, event := range readSamples(t) {
		forged := bytes.Replace(event, []byte(`"account": "111111111111",
  "time"`), []byte(`"account": "999999999999",
  "time"`), 1)
		if file == "side-checked.json" && bytes.Equal(forged, event) {
			t.Fatal("the sample's sender isn't replaced")
		}
		for name, p := range patterns(t, finance, true) {
			if !bytes.Equal(forged, event) && p.Match(forged) {
				t.Errorf("%s matches %s of another account", name, file)
			}
		}
	}
}

// TestOnlyMessagesAreDropped: sweeps repeat a message, so it waits in no dead-letter queue, and only as long as its
// receiver would believe it. Every other event that can't be delivered waits in the queue of undelivered ones.
func TestOnlyMessagesAreDropped(t *testing.T) {
	count := map[bool]int{}
	for _, r := range resources(t, stack(t, company, finance), "AWS::Events::Rule") {
		name, target := r.Properties["Name"].(string), r.Properties["Targets"].([]any)[0].(object)
		pattern, _ := r.Properties["EventPattern"].(object) // a schedule has none
		source, _ := pattern["source"].([]any)
		isMessage := slices.Contains(source, any("autopeer.cells"))
		count[isMessage]++
		_, hasQueue := target["DeadLetterConfig"]
		if hasQueue == isMessage {
			t.Errorf("%s has a dead-letter queue: %v, want %v", name, hasQueue, !isMessage)
		}
		var want any
		if isMessage {
			want = object{"MaximumEventAgeInSeconds": 600.0}
		}
		if diff := cmp.Diff(want, target["RetryPolicy"]); diff != "" {
			t.Errorf("retry policy of %s (-want +got):\n%s", name, diff)
		}
	}
	if count[true] != 4 || count[false] == 0 { // two queues and two counterparts
		t.Errorf("%d rules for messages and %d others, want 4 and some", count[true], count[false])
	}
}

func readSamples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../internal/domain/hint/testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	samples := map[string][]byte{}
	for _, file := range files {
		if samples[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return samples
}

// patterns returns the patterns of the template's rules on a bus, by name without the prefix. A rule with a
// schedule has none.
func patterns(t *testing.T, of peering.Cell, onOwn bool) map[string]pattern.Pattern {
	t.Helper()
	found := map[string]pattern.Pattern{}
	for _, r := range resources(t, stack(t, company, of), "AWS::Events::Rule") {
		_, own := r.Properties["EventBusName"]
		if _, scheduled := r.Properties["ScheduleExpression"]; scheduled || own != onOwn {
			continue
		}
		data, err := json.Marshal(r.Properties["EventPattern"])
		if err != nil {
			t.Fatal(err)
		}
		p, err := pattern.Parse(data)
		if err != nil {
			t.Fatalf("pattern %s: %v", data, err)
		}
		found[strings.TrimPrefix(r.Properties["Name"].(string), "autopeer-")] = p
	}
	return found
}

func TestEveryAlarmHasItsHeadingInTheRunbook(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^## (\S+)$`).FindAllStringSubmatch(string(runbook), -1) {
		headings[m[1]] = false
	}
	link := regexp.MustCompile(`docs/runbook\.md#(\S+)$`)
	for _, a := range resources(t, stack(t, company, finance), "AWS::CloudWatch::Alarm") {
		m := link.FindStringSubmatch(a.Properties["AlarmDescription"].(string))
		if m == nil {
			t.Errorf("the description of %v doesn't name the runbook", a.Properties["AlarmName"])
			continue
		}
		if _, found := headings[m[1]]; !found {
			t.Errorf("%v has no heading %q in docs/runbook.md", a.Properties["AlarmName"], m[1])
		}
		headings[m[1]] = true
	}
	for heading, used := range headings {
		if !used {
			t.Errorf("docs/runbook.md has %q, which no alarm points to", heading)
		}
	}
}

func TestTheHintsInTheRunbookAreUnderstood(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	piece := func(pattern string) []byte {
		m := regexp.MustCompile(pattern).FindSubmatch(runbook)
		if m == nil {
			t.Fatalf("docs/runbook.md has no %s", pattern)
		}
		return m[1]
	}
	if h, err := hint.Parse(piece(`--message-body '(.*?)'`)); err != nil || !h.Sweep.Scheduled {
		t.Errorf("the h for sweep reads as %v, %v", h, err)
	}
	byHand := piece("(?s)```json\n(.*?)```")
	for name, want := range map[string]hint.Kind{
		"CreateVpcPeeringConnection": hint.Requested, "AcceptVpcPeeringConnection": hint.Accepted,
		"DeleteVpcPeeringConnection": hint.Deleted,
	} {
		h, err := hint.Parse(bytes.ReplaceAll(byHand, []byte("AcceptVpcPeeringConnection"), []byte(name)))
		if err != nil || h.Kind != want || h.Connection == "" {
			t.Errorf("the h %s reads as %v, %v; want %v", name, h, err, want)
		}
	}
}

func TestEveryAlarmNotifiesTheTopicAndIsOnTheDashboard(t *testing.T) {
	template := stack(t, company, finance)
	var body string
	for _, d := range resources(t, template, "AWS::CloudWatch::Dashboard") {
		body = d.Properties["DashboardBody"].(string)
	}
	if !json.Valid([]byte(body)) {
		t.Fatalf("the dashboard is not JSON: %s", body)
	}
	for _, a := range resources(t, template, "AWS::CloudWatch::Alarm") {
		if actions, _ := a.Properties["AlarmActions"].([]any); len(actions) != 1 {
			t.Errorf("%v notifies no topic", a.Properties["AlarmName"])
		}
		if arn := `"arn:aws:cloudwatch:eu-west-1:222222222222:alarm:` + a.Properties["AlarmName"].(string) +
			`"`; !strings.Contains(body, arn) {
			t.Errorf("the dashboard doesn't show %s", arn)
		}
	}
}

// TestTheDashboardCountsTheLostMessages: the search finds a rule by a word of its name.
func TestTheDashboardCountsTheLostMessages(t *testing.T) {
	template := stack(t, company, finance)
	var searches []string
	for _, d := range resources(t, template, "AWS::CloudWatch::Dashboard") {
		searches = regexp.MustCompile(`SEARCH\('[^']+'`).FindAllString(d.Properties["DashboardBody"].(string), -1)
	}
	if len(searches) != 1 || !strings.Contains(searches[0], `EventBusName=\"autopeer\"`) {
		t.Fatalf("searches = %q, want one on the cell's bus", searches)
	}
	words := strings.Split(regexp.MustCompile(`\((\w+ OR \w+)\)`).FindStringSubmatch(searches[0])[1], " OR ")
	for name, r := range resources(t, template, "AWS::Events::Rule") {
		found := slices.ContainsFunc(words, func(word string) bool {
			return slices.Contains(strings.Split(r.Properties["Name"].(string), "-"), word)
		})
		if isMessage := strings.Contains(text(t, r.Properties["EventPattern"]), `"autopeer.cells"`); found != isMessage {
			t.Errorf("the search finds %s: %v, want %v", name, found, isMessage)
		}
	}
}

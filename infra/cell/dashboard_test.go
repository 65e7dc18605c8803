package cell_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// shown is a widget of the synthesized dashboard.
type shown struct {
	Type       string
	X, Y       int
	Width      int
	Height     int
	Properties struct{ Title, Query string }
}

// widgetsOf returns the widgets by their titles.
func widgetsOf(t *testing.T) map[string]shown {
	t.Helper()
	all := map[string]shown{}
	for _, d := range resources(t, stack(t, company, finance), "AWS::CloudWatch::Dashboard") {
		var body struct{ Widgets []shown }
		if err := json.Unmarshal([]byte(d.Properties["DashboardBody"].(string)), &body); err != nil {
			t.Fatal(err)
		}
		for _, w := range body.Widgets {
			all[w.Properties.Title] = w
		}
	}
	return all
}

// TestTheDashboardShowsTheNextStep: a table has the code, the connection, the reason and the next step of its
// announcements. Each outcome that needs a person is in one table.
func TestTheDashboardShowsTheNextStep(t *testing.T) {
	tables := map[string][]string{}
	for title, w := range widgetsOf(t) {
		if w.Type != "log" {
			continue
		}
		const columns = " fields @timestamp, outcome, code, peeringConnectionId, reason, next | "
		if !strings.Contains(w.Properties.Query, columns) {
			t.Errorf("%s: %s lacks %q", title, w.Properties.Query, columns)
		}
		for _, m := range regexp.MustCompile(`"([A-Z][^"]*)"`).FindAllStringSubmatch(w.Properties.Query, -1) {
			tables[m[1]] = append(tables[m[1]], title)
		}
	}
	for _, outcomeType := range []outcome.Type{outcome.Denied, outcome.Conflicting, outcome.Failed, outcome.AskApproval,
		outcome.Proposed, outcome.DriftFound, outcome.Repaired, outcome.Connected, outcome.Disconnected} {
		if in := tables[string(outcomeType)]; len(in) != 1 {
			t.Errorf("%s is in the tables %q, want one", outcomeType, in)
		}
	}
}

func TestTheWidgetsLeaveEachOtherRoom(t *testing.T) {
	all := widgetsOf(t)
	for title, w := range all {
		if w.X+w.Width > 24 {
			t.Errorf("%s ends in column %d of 24", title, w.X+w.Width)
		}
		for other, o := range all {
			if title < other && w.X < o.X+o.Width && o.X < w.X+w.Width && w.Y < o.Y+o.Height && o.Y < w.Y+w.Height {
				t.Errorf("%s and %s overlap", title, other)
			}
		}
	}
}

// widgetNames matches "*A* and *B* on the dashboard".
var widgetNames = regexp.MustCompile(`((?:(?:, | and )?\*[A-Z][^*.]+\*)+) on (?:the|both) dashboard`)

// TestTheDocumentsNameTheWidgets: a page quotes the beginning of a title in italics.
func TestTheDocumentsNameTheWidgets(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	titles := slices.Collect(maps.Keys(widgetsOf(t)))
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.Join(strings.Fields(string(text)), " ")
		for _, m := range widgetNames.FindAllStringSubmatch(joined, -1) {
			for _, quoted := range regexp.MustCompile(`\*([^*]+)\*`).FindAllStringSubmatch(m[1], -1) {
				found++
				if !slices.ContainsFunc(titles, func(title string) bool { return strings.HasPrefix(title, quoted[1]) }) {
					t.Errorf("%s: the dashboard has no widget %q: %q", page, quoted[1], titles)
				}
			}
		}
	}
	if found < 8 {
		t.Errorf("the pages name %d widgets, want at least 8", found)
	}
}

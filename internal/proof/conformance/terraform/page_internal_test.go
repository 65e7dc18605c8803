package terraform

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const smallPage = "# Page\n\n<!-- a.tf -->\n```hcl\nresource \"a\" \"b\" {}\n```\n\n" + tableHead +
	"|---|---|---|\n| `a` | none | works |\n\nEnd.\n"

func TestParsePage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, new string
		err            string
	}{
		{name: "a page"},
		{name: "a block without a name", old: "<!-- a.tf -->\n", err: "1 blocks in HCL, and 0 of them"},
		{name: "a name twice", old: "# Page", new: "<!-- a.tf -->\n```hcl\n```\n", err: "two blocks have the name a.tf"},
		{name: "no table", old: "| configuration |", new: "| module |", err: "no table"},
		{name: "a row with two cells", old: "| none | works |", new: "| works |", err: "2 cells"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := parsePage(strings.Replace(smallPage, tt.old, tt.new, 1))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("parsePage() = %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"a.tf": "resource \"a\" \"b\" {}\n"}, p.blocks); diff != "" {
				t.Errorf("blocks (-want +got):\n%s", diff)
			}
			if want := (row{"`a`", "none", "works"}); len(p.rows) != 1 || p.rows[0] != want {
				t.Errorf("rows = %v, want %v", p.rows, want)
			}
		})
	}
}

// TestTrialsShowThePage compares the page's table and blocks with the trials, also where there is no Terraform.
func TestTrialsShowThePage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/terraform.md")
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePage(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences(p) {
		t.Error(d)
	}
	p.blocks["unused.tf"] = ""
	if d := differences(p); len(d) != 1 {
		t.Errorf("with an unused block: %v, want one difference", d)
	}
	p.rows[0].works = "is untried"
	if d := differences(p); len(d) != 3 {
		t.Errorf("with a changed row: %v, want three differences", d)
	}
}

func TestUnexpected(t *testing.T) {
	t.Parallel()
	w := &watched{refused: []refusal{
		{"DescribeVpcs", "InvalidVpcID.NotFound", "is gone"},
		{"CreateRoute", "RouteAlreadyExists", "exists"},
		{"CreateFlowLogs", "InvalidAction", "isn't valid"},
		{"CreateFlowLogs", "InvalidAction", "isn't valid"},
	}}
	want := []string{"CreateFlowLogs: InvalidAction: isn't valid"}
	if diff := cmp.Diff(want, w.unexpected([]string{"RouteAlreadyExists"})); diff != "" {
		t.Errorf("unexpected() (-want +got):\n%s", diff)
	}
	if got := w.unexpected(nil); len(got) != 2 {
		t.Errorf("unexpected() = %v without expected codes, want two", got)
	}
}

func TestLastLineOmitsTheFrame(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"│ Error: no provider\n│ reason\n╵\n": "reason",
		"one line": "one line",
		"":         "0 bytes of output",
	} {
		if got := lastLine([]byte(out)); got != want {
			t.Errorf("lastLine(%q) = %q, want %q", out, got, want)
		}
	}
}

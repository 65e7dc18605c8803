package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/demo"
)

// labExamples returns the names of the policy files that docs/labs.md links to, each once, and the page.
func labExamples(t *testing.T) (names []string, page string) {
	t.Helper()
	data, err := os.ReadFile("../../docs/labs.md")
	if err != nil {
		t.Fatal(err)
	}
	linked := regexp.MustCompile(`\]\(examples/([a-z-]+)\.yaml\)`)
	for _, found := range linked.FindAllStringSubmatch(string(data), -1) {
		if !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	return names, string(data)
}

// TestTheLabsHavePolicyFiles: each file of a lab is valid without a warning, and each scenario that the page names
// exists.
func TestTheLabsHavePolicyFiles(t *testing.T) {
	t.Parallel()
	names, page := labExamples(t)
	if len(names) < 6 {
		t.Fatalf("docs/labs.md links to %v, want at least six policy files", names)
	}
	for _, name := range names {
		if stdout, stderr, code := run(t, "check", "--strict", "../../docs/examples/"+name+".yaml"); code != 0 {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
	scenarios := regexp.MustCompile(`SCENARIO=([a-z-]+)`).FindAllStringSubmatch(page, -1)
	for _, found := range scenarios {
		if _, err := demo.Select(found[1]); err != nil {
			t.Errorf("docs/labs.md: %v", err)
		}
	}
	for _, s := range demo.Scenarios {
		if !strings.Contains(page, "`"+s.Name+"`") && !strings.Contains(page, "SCENARIO="+s.Name+"`") {
			t.Errorf("docs/labs.md lacks the scenario %s", s.Name)
		}
	}
}

// followLab plays a lab on the network that `make local` builds for its policy: the first command that it prints leads
// to an active connection with both sides connected. Then the commands of the lab's section have the shown results.
func followLab(t *testing.T, page, name string) {
	t.Helper()
	t.Parallel()
	policy, err := os.ReadFile("../../docs/examples/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, aws := follow(t, string(policy))
	created := aws.run(f.try[0])
	pcx := created["VpcPeeringConnection"].(map[string]any)["VpcPeeringConnectionId"].(string)
	f.prints("Peering Connected ")
	f.prints("Peering Connected ")
	aws.until("describe-vpc-peering-connections --vpc-peering-connection-ids "+pcx, `"Code": "active"`)
	tutorial{followed: f, aws: aws, dir: t.TempDir()}.play(blocksOf(sectionOf(t, page, name)))
}

// sectionOf returns the section of docs/labs.md whose row in the first table has the policy file.
func sectionOf(t *testing.T, page, name string) string {
	t.Helper()
	row := regexp.MustCompile(`\| \[([^\]]+)\]\(#[a-z-]+\) \|.*\(examples/` + name + `\.yaml\)`).FindStringSubmatch(page)
	if row == nil {
		t.Fatalf("docs/labs.md has no row for %s", name)
	}
	_, section, found := strings.Cut(page, "\n## "+row[1]+"\n")
	if !found {
		t.Fatalf("docs/labs.md has no section %q", row[1])
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

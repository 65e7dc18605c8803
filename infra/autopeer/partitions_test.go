package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

var (
	update   = flag.Bool("update", false, "rewrite the table of partitions")
	botocore = flag.String("botocore", "../../.venv/lib/python3*/site-packages/awscli/botocore",
		"the `folder` of botocore whose partitions are compared or written")
)

const table = "../../internal/domain/peering/partitions_table.go"

// amazonPartition is an entry of botocore's data/partitions.json.
type amazonPartition struct {
	ID          string              `json:"id"`
	RegionRegex string              `json:"regionRegex"`
	Regions     map[string]struct{} `json:"regions"`
}

// prefixes are the prefixes of Regions in the regular expression, which is `^(us|eu)\-\w+\-\d+$` or similar.
func (p amazonPartition) prefixes() []string {
	prefix := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(p.RegionRegex, "^"), `\w+\-\d+$`), `\-`, "-")
	group := regexp.MustCompile(`\(([^)]*)\)`).FindStringSubmatchIndex(prefix)
	if group == nil {
		return []string{prefix}
	}
	var all []string
	for _, word := range strings.Split(prefix[group[2]:group[3]], "|") {
		all = append(all, prefix[:group[0]]+word+prefix[group[1]:])
	}
	return all
}

// regions are the sorted Regions without pseudo Regions such as aws-global.
func (p amazonPartition) regions() []string {
	var all []string
	for r := range p.Regions {
		if !strings.HasSuffix(r, "-global") {
			all = append(all, r)
		}
	}
	slices.Sort(all)
	return all
}

// TestPartitions compares the table of partitions with the AWS CLI's own. The table may have Regions that are newer
// than the installed CLI. With -update it writes the table; -botocore selects a newer source. An older source is
// refused.
func TestPartitions(t *testing.T) {
	version, partitions := readBotocore(t)
	if *update {
		if err := checkSource(storedVersion(t), version, partitions); err != nil {
			t.Fatal(err)
		}
		writeTable(t, version, partitions)
		return
	}
	for _, p := range partitions {
		for _, r := range p.regions() {
			if got, found := peering.PartitionOf(peering.Region(r)); got.Name != p.ID || !found ||
				!slices.Contains(got.Regions, peering.Region(r)) {
				t.Errorf("%s is in the partition %q with %v, want %q", r, got.Name, got.Regions, p.ID)
			}
		}
		for _, prefix := range p.prefixes() { // of a Region that is not in the table yet
			if got, _ := peering.PartitionOf(peering.Region(prefix + "moon-1")); got.Name != p.ID {
				t.Errorf("%smoon-1 is in the partition %q, want %q", prefix, got.Name, p.ID)
			}
		}
	}
}

// TestTheTableNamesItsSource: the generator writes the line, and compares the next source with it.
func TestTheTableNamesItsSource(t *testing.T) {
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if line := origin(storedVersion(t)); !strings.Contains(string(data), "\n"+line+"\n") {
		t.Errorf("%s doesn't have the line %q", table, line)
	}
}

func TestAnOlderSourceIsRefused(t *testing.T) {
	all := amazonPartition{ID: "aws", Regions: map[string]struct{}{}}
	for _, r := range peering.Regions() {
		all.Regions[string(r)] = struct{}{}
	}
	withoutOne := amazonPartition{ID: "aws", Regions: maps.Clone(all.Regions)}
	delete(withoutOne.Regions, "eu-west-1")
	tests := []struct {
		name, version string
		source        amazonPartition
		want          string
	}{
		{"the same", "1.44.8", all, ""},
		{"a newer one", "1.44.10", all, ""},
		{"an older one", "1.44.7", all,
			"botocore 1.44.7 is older than 1.44.8, the source of the table; give a newer one with -botocore"},
		{"a much older one", "1.9.100", all, "botocore 1.9.100 is older than 1.44.8"},
		{"a newer one without a Region", "1.45.0", withoutOne,
			"botocore 1.45.0 lacks eu-west-1, which the table has; if AWS has closed the Region, " +
				"remove it from the table first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkSource("1.44.8", tt.version, []amazonPartition{tt.source})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("checkSource() = %v, want %q", err, tt.want)
			}
		})
	}
}

// checkSource returns an error if the source is older than that of the table, or lacks one of the table's Regions.
func checkSource(stored, version string, partitions []amazonPartition) error {
	if slices.Compare(numbers(version), numbers(stored)) < 0 {
		return fmt.Errorf("botocore %s is older than %s, the source of the table; give a newer one with -botocore",
			version, stored)
	}
	var found []peering.Region
	for _, p := range partitions {
		for _, r := range p.regions() {
			found = append(found, peering.Region(r))
		}
	}
	var errs []error
	for _, r := range peering.Regions() {
		if !slices.Contains(found, r) {
			errs = append(errs,
				fmt.Errorf("botocore %s lacks %s, which the table has; if AWS has closed the Region, "+
					"remove it from the table first", version, r))
		}
	}
	return errors.Join(errs...)
}

// numbers returns the parts of a version.
func numbers(version string) []int {
	var all []int
	for _, part := range strings.Split(version, ".") {
		n, _ := strconv.Atoi(part) // readBotocore and storedVersion find digits only
		all = append(all, n)
	}
	return all
}

// origin is the comment that names the source of the table. botocore has no date of its own.
func origin(version string) string {
	return fmt.Sprintf("// partitions are those of botocore %s, data/partitions.json, without pseudo "+
		"Regions such as aws-global.", version)
}

// storedVersion returns the version of botocore that the table was written from.
func storedVersion(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`botocore ([0-9]+(?:\.[0-9]+)*)`).FindSubmatch(data)
	if found == nil {
		t.Fatalf("%s doesn't name its source", table)
	}
	return string(found[1])
}

func readBotocore(t *testing.T) (version string, partitions []amazonPartition) {
	t.Helper()
	found, err := filepath.Glob(*botocore)
	if err != nil || len(found) == 0 {
		t.Fatalf("no botocore in %s (make .venv/ready installs it): %v", *botocore, err)
	}
	source, err := os.ReadFile(filepath.Join(found[0], "__init__.py"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`__version__ = ['"]([0-9]+(?:\.[0-9]+)*)['"]`).FindSubmatch(source)
	if named == nil {
		t.Fatalf("%s names no version", found[0])
	}
	version = string(named[1])
	data, err := os.ReadFile(filepath.Join(found[0], "data", "partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Partitions []amazonPartition `json:"partitions"`
	}
	if err := json.Unmarshal(data, &document); err != nil || len(document.Partitions) < 8 {
		t.Fatalf("%d partitions of botocore %s, %v", len(document.Partitions), version, err)
	}
	return version, document.Partitions
}

func writeTable(t *testing.T, version string, partitions []amazonPartition) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b,
		"// Code generated by go test ./infra/autopeer -run Partitions -update; DO NOT EDIT.\n\npackage peering\n\n")
	fmt.Fprintln(&b, origin(version))
	b.WriteString("var partitions = []Partition{\n")
	for _, p := range partitions {
		fmt.Fprintf(&b, "{%q, []Region{\n", p.ID)
		for _, r := range p.regions() {
			fmt.Fprintf(&b, "%q,\n", r)
		}
		fmt.Fprintf(&b, "}, []string{%s}},\n", `"`+strings.Join(p.prefixes(), `", "`)+`"`)
	}
	b.WriteString("}\n")
	source, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(table, source, 0o600); err != nil {
		t.Fatal(err)
	}
}

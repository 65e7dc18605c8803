// Package terraform runs Terraform with AWS's provider on the embedded cloud, beside autopeer: the configurations of
// docs/terraform.md, and configurations of our own that make the calls of public modules.
package terraform

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// Folders and files, seen from the root of the repository.
const (
	document = "docs/terraform.md"
	modules  = "internal/proof/conformance/terraform/testdata"
)

// atOnce is how many trials run concurrently. The provider waits for most of the time.
const atOnce = 3

// Judge runs all trials, or those whose name contains the text only, and checks that they show the rows of the page's
// table. It prints a line for each trial.
func Judge(ctx context.Context, out io.Writer, j *report.Judge, t *Terraform, only string) {
	text, err := os.ReadFile(document)
	if err != nil {
		j.Error("read the page", err)
		return
	}
	p, err := parsePage(string(text))
	if err != nil {
		j.Error("parse the page", err)
		return
	}
	j.Check(len(differences(p)) == 0, "the page", "the rows and blocks of the trials", differences(p))
	var counting sync.Mutex
	var all errgroup.Group
	all.SetLimit(atOnce)
	for _, tr := range trials() {
		if !tr.named(only) {
			continue
		}
		all.Go(func() error {
			began := time.Now()
			checks := t.try(ctx, p, tr)
			counting.Lock()
			defer counting.Unlock()
			slowest := slices.MaxFunc(checks, func(a, b check) int { return cmp.Compare(a.took, b.took) })
			fmt.Fprintf(out, "   %5.1f s  terraform: %s (%s %.1f s)\n",
				time.Since(began).Seconds(), tr.name, slowest.name, slowest.took.Seconds())
			for _, c := range checks {
				j.Check(c.err == nil, tr.name+": "+c.name, "no error", c.err)
			}
			return nil
		})
	}
	_ = all.Wait() // the trials report their errors as checks
}

// differences compares the rows of the page's table with those that the trials show, and finds the blocks that no trial
// uses.
func differences(p page) []string {
	rows, used := map[row]bool{}, map[string]bool{}
	for _, tr := range trials() {
		for _, r := range tr.rows() {
			rows[r] = true
		}
		for _, name := range tr.blocks() {
			used[name] = true
		}
	}
	var found []string
	for _, r := range p.rows {
		if !rows[r] {
			found = append(found, fmt.Sprintf("no trial shows the row %q", r))
		}
		delete(rows, r)
	}
	for r := range rows {
		found = append(found, fmt.Sprintf("the page has no row %q", r))
	}
	for name := range p.blocks {
		if !used[name] {
			found = append(found, fmt.Sprintf("no trial uses the block %s", name))
		}
	}
	return found
}

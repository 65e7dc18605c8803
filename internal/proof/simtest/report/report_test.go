package report_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

type line string

func (l line) String() string { return string(l) }

func TestTheFirstFailureHasTheHistoryOfItsSubjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := report.New(17)
		if r.Failure() != nil {
			t.Errorf("Failure() = %v before there is one", r.Failure())
		}
		r.Note(line("pcx-2 requested"))
		r.Note(line("pcx-1 requested"))
		r.NoteForAll(line("policy deployed"))
		time.Sleep(time.Second)
		r.Remark("no faults")
		r.Fail([]string{"pcx-1", "vpc-1"}, "%s is wrong", "pcx-1")
		r.Fail(nil, "pcx-2 is wrong")
		r.Note(line("pcx-1 deleted"))
		want := `seed 17: pcx-1 is wrong
          0s  pcx-1 requested
          0s  policy deployed
          1s  WRONG: pcx-1 is wrong
          1s  no faults
replay: make sim SEED=17
`
		if diff := cmp.Diff(want, r.Failure().String()); diff != "" {
			t.Errorf("Failure() (-want +got):\n%s", diff)
		}
	})
}

func TestHistoryIsInOrderOfTimeAndText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := report.New(1)
		r.Note(line("b"))
		r.Note(line("a"))
		time.Sleep(1500 * time.Microsecond)
		r.Note(line("A"))
		var got []string
		for l := range strings.Lines(r.History()) {
			got = append(got, strings.Join(strings.Fields(l), " "))
		}
		if diff := cmp.Diff([]string{"0s a", "0s b", "2ms A"}, got); diff != "" {
			t.Errorf("History() (-want +got):\n%s", diff)
		}
	})
}

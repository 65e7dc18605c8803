package rush

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// throttledCode is EC2's word for a call too many.
const throttledCode = "RequestLimitExceeded"

// report writes the table, the mistakes and the verdict.
func (r *rush) report() bool {
	fmt.Fprintln(r.out)
	table := tabwriter.NewWriter(r.out, 0, 0, 3, ' ', 0)
	for _, row := range [][2]string{
		{"requests", fmt.Sprintf("%d within %.1f s, of %d cells", r.Requests, r.asking.Seconds(), len(r.Cells))},
		{"from request to connected", percentiles(r.ledger.waits())},
		{"calls to EC2", r.calls()},
		{"throttled by EC2", counted(r.failed(func(code string) bool { return code == throttledCode }))},
		{"other errors", counted(r.failed(func(code string) bool { return code != "" && code != throttledCode }))},
		{"a process of a function", r.memory()},
		{"the embedded cloud",
			fmt.Sprintf("%d goroutines before, %d after; %.0f MB before, %.0f MB after, with %d calls in its log",
				r.before.goroutines, r.after.goroutines, r.before.heap, r.after.heap, r.Cloud.Mark())},
		{"CPU", fmt.Sprintf("%.0f s in functions, %.0f s in the embedded cloud, within %.0f s on %d cores",
			(r.after.functionCPU - r.before.functionCPU).Seconds(), (r.after.cloudCPU - r.before.cloudCPU).Seconds(),
			r.after.at.Sub(r.before.at).Seconds(), runtime.NumCPU())},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	_ = table.Flush()
	for _, w := range shortened(r.wrong) {
		fmt.Fprintln(r.out, "wrong:", w)
	}
	fmt.Fprintf(r.out, "load: %d requests, %d connected, %d lost\n", r.Requests, r.count, r.Requests-r.count)
	return len(r.wrong) == 0 && r.count == r.Requests
}

// shown limits the printed mistakes: a common fault would be printed a thousand times.
const shown = 20

func shortened(all []string) []string {
	if len(all) <= shown {
		return all
	}
	return append(slices.Clone(all[:shown]), fmt.Sprintf("and %d more", len(all)-shown))
}

// percentiles formats the percentiles of the durations.
func percentiles(sorted []time.Duration) string {
	if len(sorted) == 0 {
		return "none"
	}
	var parts []string
	for _, percent := range []int{50, 95, 99, 100} {
		rank := (len(sorted)*percent + 99) / 100
		parts = append(parts, fmt.Sprintf("p%d %.1f s", percent, sorted[rank-1].Seconds()))
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), "p100", "max")
}

func (r *rush) calls() string {
	reads, changes := 0, 0
	for _, c := range r.toEC2() {
		if c.Mutating {
			changes++
		} else {
			reads++
		}
	}
	each := func(n int) float64 { return float64(n) / float64(r.Requests) }
	return fmt.Sprintf("%.1f a connection: %.1f reads, %.1f changes", each(reads+changes), each(reads), each(changes))
}

// toEC2 returns the calls of functions, those too that were throttled.
func (r *rush) toEC2() []apicall.Call {
	return slices.DeleteFunc(r.ByAutopeer(r.mark), func(c apicall.Call) bool { return c.Service != "ec2" })
}

// failed counts the functions' calls with such errors, by action and error.
func (r *rush) failed(is func(code string) bool) map[string]int {
	counts := map[string]int{}
	for _, c := range r.ByAutopeer(r.mark) {
		if is(c.ErrorCode) {
			counts[strings.TrimSuffix(c.Action+" "+c.ErrorCode, " "+throttledCode)]++
		}
	}
	return counts
}

func counted(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d × %s", counts[name], name))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// growth is from half time to the end.
func (r *rush) growth() (half, end mean) {
	return r.processes.growth(r.began.Add(r.after.at.Sub(r.began) / 2))
}

func (r *rush) memory() string {
	half, end := r.growth()
	if half.processes == 0 {
		return "not measured"
	}
	return fmt.Sprintf("%.1f MB at half time, %.1f MB at the end; %.1f and %.1f threads; %d processes of %d",
		half.megabytes(), end.megabytes(), half.threadsEach(), end.threadsEach(), half.processes, len(r.processes.pids))
}

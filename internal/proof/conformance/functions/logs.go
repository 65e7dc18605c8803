package functions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// output keeps everything that an emulator and its binary write.
type output struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept.Write(p)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept.String()
}

// emulators matches the lines that the emulator writes itself.
var emulators = regexp.MustCompile(`^((START|END|REPORT) RequestId: |\d\d [A-Z][a-z]{2} \d{4} [\d:,]+ \[[A-Z]+\] ` +
	`\(rapid\) )`)

// lines returns the lines that the binary has written.
func (o *output) lines() []string {
	var all []string
	for line := range strings.Lines(o.text()) {
		if line = strings.TrimSpace(line); line != "" && !emulators.MatchString(line) {
			all = append(all, line)
		}
	}
	return all
}

// fault returns the reason why CloudWatch Logs could not query a line, and nothing if it could. Lambda takes level and
// timestamp from a line of a custom runtime, and CloudWatch takes metrics from one with _aws.
func fault(line string) string {
	keys, err := keysOf(line)
	if err != nil {
		return err.Error()
	}
	if slices.Contains(keys, "_aws") {
		return ""
	}
	for _, key := range []string{"timestamp", "level", "message"} {
		if !slices.Contains(keys, key) {
			return "no " + key
		}
	}
	return ""
}

// keysOf returns the keys of a JSON object. A key that occurs twice is an error: a query sees only one of them.
func keysOf(line string) ([]string, error) {
	d := json.NewDecoder(strings.NewReader(line))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, fmt.Errorf("not a JSON object")
	}
	var keys []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		if slices.Contains(keys, key.(string)) { // a key of an object is a string
			return nil, fmt.Errorf("%s twice", key)
		}
		keys = append(keys, key.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

var (
	queried  = regexp.MustCompile(`(?m)^fields (.*)$`)
	filtered = regexp.MustCompile("`filter ([a-zA-Z]+)")
)

// queriedFields returns the fields that the queries of the runbook use, without CloudWatch's own.
func queriedFields(runbook string) ([]string, error) {
	data, err := os.ReadFile(runbook)
	if err != nil {
		return nil, err
	}
	var fields []string
	for _, m := range queried.FindAllStringSubmatch(string(data), -1) {
		fields = append(fields, strings.Split(m[1], ", ")...)
	}
	for _, m := range filtered.FindAllStringSubmatch(string(data), -1) {
		fields = append(fields, m[1])
	}
	slices.Sort(fields)
	fields = slices.DeleteFunc(slices.Compact(fields), func(f string) bool { return strings.HasPrefix(f, "@") })
	if len(fields) == 0 {
		return nil, fmt.Errorf("%s has no query", runbook)
	}
	return fields, nil
}
